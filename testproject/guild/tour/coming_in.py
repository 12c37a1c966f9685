"""How people come in: by registering, an invitation, a provider, and by logging in."""

from ..places import STRANGER, Place
from ..sources import Excerpt
from .chapters import Chapter, Feature

SETTINGS = "testproject/settings.py"
POLICY = "testproject/guild/policy.py"
VIEWS = "testproject/guild/views.py"

#: What a site has to write for all of it.
START = (
    Excerpt(SETTINGS, "INSTALLED_APPS", first='"django_useraccounts",'),
    Excerpt(SETTINGS, "AUTH_USER_MODEL"),
    Excerpt("testproject/urls.py", first='path("accounts/"'),
)

REGISTERING = Chapter(
    "registering",
    "Registering",
    "Somebody comes, and proves an address before anything is believed of it.",
    rooms=("registration", "emails"),
    features=(
        Feature(
            "Register",
            "A form asks for what the guild needs and no more. Two lines of settings and one "
            "line of URLs make this page, and all the others.",
            see=Place("useraccounts:register", STRANGER),
            code=START,
            pages=("register",),
        ),
        Feature(
            "Confirm the address",
            "A link comes by mail. Until it is followed, the address logs nobody in, receives no "
            "new password and belongs to nobody. Who has lost the mail asks for another one.",
            see=Place("useraccounts:resend_confirmation", STRANGER),
            code=(Excerpt(SETTINGS, "IDENTITIES", first='"confirm-later"'),),
            pages=("mail_sent", "confirm_email", "resend_confirmation"),
            needs="emails",
        ),
        Feature(
            "Names, addresses, or both",
            "A site says whether people have a username, an address or both, what they log in by, "
            "and what is typed twice. Each way is one setting, and the pages follow.",
            see=Place("home"),
            code=(Excerpt(SETTINGS, "IDENTITIES"),),
        ),
        Feature(
            "A role to begin with",
            "Whoever joins is a newcomer: policy is a class with ten questions, each with an "
            "answer that may be left as it is.",
            see=Place("members", "nova"),
            code=(Excerpt(POLICY, "GuildPolicy.default_roles"),),
        ),
        Feature(
            "Passwords that are known are refused",
            "Register with “correct horse battery staple”. Only the first five letters of a hash "
            "leave the site; the demo asks a short list of its own, in the protocol of the real "
            "service.",
            see=Place("useraccounts:register", STRANGER),
            code=(
                Excerpt(SETTINGS, first="BREACHED = {", last="append(BREACHED)"),
                Excerpt("testproject/guild/leaks.py", "passwords"),
            ),
        ),
    ),
)

LOGGING_IN = Chapter(
    "logging-in",
    "Logging in",
    "One page, one form, one sentence for all that can be wrong with what was typed.",
    rooms=("login",),
    features=(
        Feature(
            "Log in",
            "By username or by any confirmed address; for this visit, or to stay on this device.",
            see=Place("useraccounts:login", STRANGER),
            code=(
                Excerpt(SETTINGS, "LOGIN_URL"),
                Excerpt(SETTINGS, "IDENTITIES", first='"login-by-email"'),
            ),
            pages=("login",),
        ),
        Feature(
            "Back to where you were going",
            "Ask for the cellar, and you are asked who you are first. Afterwards you stand "
            "before the cellar, not somewhere else.",
            see=Place("cellar", STRANGER, lands="useraccounts:login"),
            code=(Excerpt(VIEWS, "cellar"),),
        ),
        Feature(
            "Log out, by a button",
            "Only a form ends a session. A link or a picture that leads to the same address asks "
            "first.",
            see=Place("useraccounts:logout", "nova"),
            code=(
                Excerpt(
                    "testproject/guild/templates/guild/base.html",
                    first='<form method="post" action="{% url \'useraccounts:logout\' %}">',
                    last="</form>",
                ),
            ),
            pages=("logout",),
        ),
        Feature(
            "Once more, before what matters",
            "The strongbox opens to who has logged in within the last minutes; all others are "
            "asked for their password once more. Who borrows a browser does not get far.",
            see=Place("strongbox", "frida"),
            code=(Excerpt(VIEWS, "strongbox"),),
            pages=("confirm_identity",),
        ),
        Feature(
            "Before the address is confirmed",
            "Where people may log in first and confirm later, guarded pages wait for the "
            "confirmation. The porch does not: one line says so.",
            see=Place("porch", "nova"),
            code=(
                Excerpt(VIEWS, "porch"),
                Excerpt(SETTINGS, "IDENTITIES", first='"confirm-later"'),
            ),
            needs="emails",
        ),
    ),
)

BY_A_PROVIDER = Chapter(
    "social",
    "Logging in by a provider",
    "Google, Facebook, GitHub, Apple, or any OpenID provider, like the one that the guild runs "
    "itself.",
    rooms=("social",),
    features=(
        Feature(
            "Join and log in by a provider",
            "The guild’s own provider asks for no password. Come as somebody new, as somebody "
            "whose address nobody has verified, or as somebody who has an account here, and see "
            "the difference.",
            see=Place("useraccounts:social_login", STRANGER, ("guild",)),
            code=(
                Excerpt(SETTINGS, first="PROVIDERS = {", last='"DOMAINS": ("guild.example",),'),
                Excerpt(SETTINGS, first='USERACCOUNTS["SOCIAL"] ='),
            ),
            pages=("social_login", "social_callback", "complete_registration"),
            needs="provider",
        ),
        Feature(
            "An address opens no account by itself",
            "Come as Frida Kahlo, who has the address of frida’s account. You are asked to prove "
            "that the account is yours, by its password or by a mail, before the two are "
            "connected.",
            see=Place("useraccounts:social_login", STRANGER, ("guild",)),
            code=(
                Excerpt(
                    "testproject/guild/provider/people.py", "PEOPLE", first='"kahlo"', last=")"
                ),
            ),
            pages=("connect_account", "mail_connect_link", "connect_by_link"),
            needs="provider",
        ),
        Feature(
            "Ways to log in",
            "Connect a provider to the account, and cut it off again. The last way in stays.",
            see=Place("useraccounts:connections", "frida"),
            code=(
                Excerpt(SETTINGS, first='INSTALLED_APPS.insert(2, "django_useraccounts.social")'),
            ),
            pages=("connections", "connect_provider", "disconnect_provider"),
            needs="provider",
        ),
    ),
)

INVITATIONS = Chapter(
    "invitations",
    "Invitations",
    "A link for one person, or one that is passed on to ten; with roles, a note and an end.",
    rooms=("invitations",),
    features=(
        Feature(
            "Whom a host has invited",
            "Gertrude has an invitation in each state: waiting, accepted, withdrawn, expired, "
            "and a link for ten. Each can be sent again or taken back.",
            see=Place("useraccounts:invitations", "gertrude"),
            code=(
                Excerpt(SETTINGS, first='"django_useraccounts.invitations"'),
                Excerpt("testproject/guild/people.py", "INVITED"),
            ),
            pages=("invitations", "resend_invitation", "withdraw_invitation"),
        ),
        Feature(
            "Invite somebody",
            "Policy says who may, and which roles a guest can be given. The guest registers, or "
            "logs in, and comes by the link; a mailed one has proved the address already.",
            see=Place("useraccounts:invite", "gertrude"),
            code=(
                Excerpt(POLICY, "GuildPolicy.may_invite"),
                Excerpt(POLICY, "GIVEN_BY"),
            ),
            pages=("invite", "accept_invitation"),
        ),
        Feature(
            "Who may not invite",
            "Moneypenny is no host. She is told so on a page that says no more than that.",
            see=Place("useraccounts:invite", "moneypenny", status=403),
            code=(Excerpt(POLICY, "GuildPolicy.may_invite"),),
        ),
    ),
)

CHAPTERS = (REGISTERING, LOGGING_IN, BY_A_PROVIDER, INVITATIONS)
