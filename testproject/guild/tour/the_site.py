"""What a site does with its people: roles, memberships, and all that it can replace."""

from ..places import STRANGER, Place
from ..sources import Excerpt
from .accounts import PEOPLE
from .chapters import Chapter, Feature
from .coming_in import POLICY, SETTINGS, VIEWS

BASE = "testproject/guild/templates/guild/base.html"

ROLES = Chapter(
    "roles",
    "Roles and guards",
    "Who may enter where, in one line above the page. Names in a row are all asked for; of names "
    "in a list, one is enough.",
    rooms=("roles",),
    features=(
        Feature(
            "A guard on a view",
            "Starving, and an artist or a programmer. Frida is both; try it as pablo, who dines "
            "well.",
            see=Place("garret", "frida"),
            code=(Excerpt(VIEWS, "garret"),),
        ),
        Feature(
            "A guard on a class",
            "The same lock on a class-based view.",
            see=Place("back_stairs", "user007"),
            code=(Excerpt(VIEWS, "BackStairs"),),
        ),
        Feature(
            "A guard on all that a path includes",
            "One lock for a whole corridor, in the URLs.",
            see=Place("backstage", "groucho"),
            code=(Excerpt("testproject/guild/urls.py", first='path("backstage/"'),),
        ),
        Feature(
            "A door that stays shut",
            "The caretaker may do everything in the administration and is let in nowhere else: a "
            "superuser passes with the role, or not at all.",
            see=Place("cellar", "caretaker", status=403),
            code=(Excerpt(VIEWS, "cellar"),),
        ),
        Feature(
            "Links that only lead to what is open",
            "The way backstage stands at the top of the page for those who may go there. The "
            "template asks the guard itself, so the two cannot differ.",
            see=Place("home", "ada"),
            code=(
                Excerpt(BASE, first='{% if user|may_visit:"backstage" %}', last="Backstage</a>"),
            ),
        ),
        Feature(
            "Roles in templates",
            "A page that greets an agent otherwise than a painter.",
            see=Place("home", "user007"),
            code=(
                Excerpt(
                    "testproject/guild/templates/guild/home.html",
                    first='has_roles:"agent"',
                    last="</p>",
                ),
            ),
        ),
        Feature(
            "Roles that a site declares",
            "Roles with a label, a description and permissions of Django. A command makes them, "
            "and a check tells of a guard that asks for one that nobody has declared.",
            see=Place("doors"),
            code=(Excerpt("testproject/guild/roles.py", "ROLES", first='"desk": {', last="],"),),
        ),
        Feature(
            "Give and take a role",
            "Two flows, which pages, the administration, commands and payments all call. In the "
            "wardrobe every role can be tried on.",
            see=Place("wardrobe", "vincent"),
            code=(Excerpt(VIEWS, "Wardrobe"),),
        ),
        Feature(
            "Roles that end by themselves",
            "Wassily’s studio is his for five more days. He is reminded by mail; on the minute "
            "the door closes, and nobody has to do anything.",
            see=Place("studio", "wassily"),
            code=(
                Excerpt(
                    PEOPLE, "admit", first="for role in person.ending_roles:", last="grant_role("
                ),
            ),
        ),
        Feature(
            "Who may give which role",
            "Edith gives memberships at the desk, and cannot make a friend an agent. The rule is "
            "asked in the flow, so no way around it is left.",
            see=Place("admin:useraccounts_user_changelist", "edith"),
            code=(Excerpt(POLICY, "GuildPolicy.may_grant"),),
        ),
    ),
)

MEMBERSHIPS = Chapter(
    "memberships",
    "Paid memberships",
    "A plan gives a role for as long as it is paid: by Stripe, or by bank. The till of the guild "
    "plays Stripe, and takes no money.",
    rooms=("memberships",),
    features=(
        Feature(
            "Plans and prices",
            "Choose one as nova, pay at the till, and the supper club opens. Play a card that "
            "fails, too.",
            see=Place("useraccounts:pricing", "nova"),
            code=(
                Excerpt(PEOPLE, "PLANS"),
                Excerpt(SETTINGS, first='USERACCOUNTS["MEMBERSHIPS"] =', last="}"),
            ),
            pages=("pricing", "start_checkout", "checkout_done", "stripe_webhook"),
        ),
        Feature(
            "Your membership",
            "Peggy pays by bank: what she has paid, until when, and what comes next. Who pays by "
            "card changes it, or ends it, at the till.",
            see=Place("useraccounts:membership", "peggy"),
            code=(Excerpt(PEOPLE, "pay_fee"),),
            pages=("membership", "customer_portal"),
        ),
        Feature(
            "Days of grace",
            "Nobody is shown the door on the very day on which the fee is due.",
            see=Place("supper_club", "peggy"),
            code=(Excerpt(POLICY, "GuildPolicy.grace"), Excerpt(VIEWS, "supper_club")),
        ),
    ),
)

RUNNING = Chapter(
    "running-it",
    "Running it",
    "Limits, languages, mail and the administration come with it.",
    rooms=(),
    features=(
        Feature(
            "Limits on guessing",
            "So many wrong passwords for an account, a client, and both together; mails to one "
            "mailbox; and so on. A browser that the owner has used before is not kept out. Try "
            "it on the page “Break it”.",
            see=Place("attack", args=("guessing",)),
            code=(
                Excerpt("django_useraccounts/limits.py", "DEFAULTS", first='"login": {', last="},"),
            ),
        ),
        Feature(
            "In your language",
            "Pages and mails speak the language of their reader, from right to left where it is "
            "read that way. Choose one at the foot of each page.",
            see=Place("useraccounts:register", STRANGER),
            code=(
                Excerpt("testproject/guild/languages.py", "spoken"),
                Excerpt("testproject/guild/urls.py", first='path("language/"'),
            ),
        ),
        Feature(
            "Mail that is never lost",
            "A mail is a row in the transaction of what it tells, and is sent after it. No table "
            "holds its link. All mail of the demo lies in the mailbox.",
            see=Place("mailbox"),
            code=(Excerpt(SETTINGS, first="MAILBOX = VAR", last="EMAIL_FILE_PATH"),),
        ),
        Feature(
            "Every kind of mail",
            "As text and as HTML, in each language, to be looked at before anybody gets one.",
            see=Place("mails"),
            code=(Excerpt("testproject/guild/mailbox.py", "_sample"),),
        ),
        Feature(
            "The administration",
            "Users with their addresses and roles, whom to let in, whom to switch off, and their "
            "invitations and payments; every act by the same flows as the pages.",
            see=Place("admin:useraccounts_user_changelist", "caretaker"),
            code=(Excerpt("testproject/urls.py", first='path("admin/", admin'),),
        ),
        Feature(
            "An audit that nobody edits",
            "Every event with who, when, whence and what. Not even a superuser can change or "
            "delete one.",
            see=Place("admin:useraccounts_accountevent_changelist", "caretaker"),
            code=(Excerpt(PEOPLE, "PAST", first="for n in range(30)", last='"caretaker"'),),
        ),
        Feature(
            "The strictest policy for content",
            "Nothing inline and nothing from elsewhere: no script or style has to be let in, and "
            "every page works without scripts.",
            see=Place("useraccounts:login", STRANGER),
            code=(Excerpt(SETTINGS, "SECURE_CSP"),),
        ),
    ),
)

REPLACING = Chapter(
    "replacing",
    "Replacing things",
    "What does not fit is replaced by a file of the same name, or a line before the others.",
    rooms=(),
    features=(
        Feature(
            "Who is logged in, on pages of the site",
            "At the foot of each page stands a name that opens: the pages of the account that the "
            "installed rooms have, and a button to log out. One tag shows it.",
            see=Place("members", "nova"),
            code=(Excerpt(BASE, first="{% user_menu %}"),),
        ),
        Feature(
            "The pages, in your own look",
            "One template puts all account pages inside the guild’s. Any other one can be "
            "replaced alike.",
            see=Place("useraccounts:login", STRANGER),
            code=(
                Excerpt("testproject/guild/templates/useraccounts/base.html"),
                Excerpt(SETTINGS, first='"testproject.guild",', last='"django_useraccounts",'),
            ),
        ),
        Feature(
            "The colours",
            "Some properties of CSS, and the account pages are in the colours of the house, by "
            "day and by night.",
            see=Place("useraccounts:register", STRANGER),
            code=(Excerpt("testproject/guild/static/guild/guild.css", first=".ua {", last="}"),),
        ),
        Feature(
            "The rules",
            "A policy answers what a site may decide otherwise; what it leaves out stays as it is.",
            see=Place("members", "gertrude"),
            code=(Excerpt(SETTINGS, "USERACCOUNTS"), Excerpt(POLICY, "GuildPolicy")),
        ),
        Feature(
            "A page of Django’s own",
            "The administration has a page to change a password that limits no guesses and mails "
            "nobody. A path before it leads to the one that does.",
            see=Place("useraccounts:change_password", "edith"),
            code=(Excerpt("testproject/urls.py", first='"admin/password_change/"', last="),"),),
        ),
    ),
)

CHAPTERS = (ROLES, MEMBERSHIPS, RUNNING, REPLACING)
