"""What people do with their own account."""

from ..places import STRANGER, Place
from ..sources import Excerpt
from .chapters import Chapter, Feature
from .coming_in import SETTINGS

PEOPLE = "testproject/guild/people.py"

ADDRESSES = Chapter(
    "addresses",
    "E-mail addresses",
    "Several for one account, and only what is proved counts.",
    rooms=("emails",),
    features=(
        Feature(
            "Several addresses",
            "Georgia has three: the primary one, another that is confirmed, and one that waits "
            "for its confirmation. Add one, confirm it, make it the primary one, remove it.",
            see=Place("useraccounts:emails", "georgia"),
            code=(
                Excerpt(PEOPLE, "PEOPLE", first='"georgia"', last="),"),
                Excerpt(SETTINGS, "IDENTITIES", first='"one-address"'),
            ),
            pages=(
                "emails",
                "add_email",
                "send_confirmation",
                "make_primary_email",
                "remove_email",
            ),
            needs="several emails",
        ),
        Feature(
            "“This was not me”",
            "Each change of an address is told to all the others, with a link that puts them "
            "back for seven days: it locks a thief out who knows the password. The mails are on "
            "this page.",
            see=Place("mails"),
            code=(Excerpt("testproject/guild/mailbox.py", "samples"),),
            pages=("undo_email_change",),
            needs="emails",
        ),
        Feature(
            "Mail that comes back",
            "Vivian has moved, and her mailbox is gone. Providers of mail report it, her account "
            "says so, and no mail is thrown after the others.",
            see=Place("useraccounts:emails", "vivian"),
            code=(Excerpt(PEOPLE, first="if person.trouble:", last="report_undeliverable("),),
            needs="emails",
        ),
    ),
)

PASSWORDS = Chapter(
    "passwords",
    "Passwords",
    "Changed, forgotten, and set for the first time; each ends what it has to end.",
    rooms=("passwords",),
    features=(
        Feature(
            "Change a password",
            "With the old one. All other devices are logged out, this one stays.",
            see=Place("useraccounts:change_password", "frida"),
            code=(
                Excerpt(SETTINGS, "AUTH_PASSWORD_VALIDATORS"),
                Excerpt("testproject/urls.py", first='"admin/password_change/"', last="),"),
            ),
            pages=("change_password",),
        ),
        Feature(
            "Forget a password",
            "The page says the same whatever the address; the mail tells its owner. The link "
            "works once, for a while, and leaves the address bar at once.",
            see=Place("useraccounts:forgot_password", STRANGER),
            code=(Excerpt(SETTINGS, "PASSWORD_HASHERS"),),
            pages=("forgot_password", "reset_password"),
            needs="emails",
        ),
        Feature(
            "A first password",
            "Who has joined by a provider has none, and can set one here. Frida has one, so she "
            "is led to the page that changes it.",
            see=Place("useraccounts:set_password", "frida", lands="useraccounts:change_password"),
            code=(
                Excerpt(SETTINGS, first='INSTALLED_APPS.insert(2, "django_useraccounts.social")'),
            ),
            pages=("set_password",),
        ),
    ),
)

PROFILE = Chapter(
    "profile",
    "Profile",
    "A page about the account, with a menu that rooms add their own pages to.",
    rooms=("profile",),
    features=(
        Feature(
            "The account at a glance",
            "Names, addresses, roles with their ends, and the menu of all account pages that are "
            "of use to this person.",
            see=Place("useraccounts:profile", "wassily"),
            code=(
                Excerpt(
                    PEOPLE, "admit", first="for role in person.ending_roles:", last="grant_role("
                ),
            ),
            pages=("profile",),
        ),
        Feature(
            "Edit the profile",
            "Fields that the user model names, and no others: nobody posts a column that is not "
            "asked for.",
            see=Place("useraccounts:edit_profile", "pablo"),
            code=(
                Excerpt("django_useraccounts/models/users.py", first="PROFILE_FIELDS: ClassVar"),
            ),
            pages=("edit_profile",),
        ),
        Feature(
            "Change the username",
            "The old name stays reserved for a while, so that nobody poses as who somebody was.",
            see=Place("useraccounts:change_username", "vincent"),
            code=(
                Excerpt("django_useraccounts/conf.py", first="OLD_USERNAME_RESERVED: timedelta"),
            ),
            pages=("change_username",),
            needs="usernames",
        ),
    ),
)

SESSIONS = Chapter(
    "sessions",
    "Sessions and history",
    "Where the account is logged in, and what has happened to it.",
    rooms=("sessions",),
    features=(
        Feature(
            "Where you are logged in",
            "Groucho is logged in all over town. Each session has its browser, its place and its "
            "time, and can be ended; so can all others at once.",
            see=Place("useraccounts:sessions", "groucho"),
            code=(
                Excerpt(SETTINGS, first='"django_useraccounts.sessions",'),
                Excerpt(SETTINGS, first='"django_useraccounts.sessions.middleware'),
            ),
            pages=("sessions", "end_session", "end_other_sessions"),
        ),
        Feature(
            "A login from a new browser",
            "is told by mail, with a link for “this was not me” that takes back all that was "
            "done there.",
            see=Place("mails"),
            code=(Excerpt(SETTINGS, first='"django_useraccounts.sessions",'),),
            pages=("disown_login",),
            needs="emails",
        ),
        Feature(
            "The security history",
            "Georgia reads what has happened to her account: logins, wrong passwords, what an "
            "administrator has done. It is written in the transaction of each act.",
            see=Place("useraccounts:history", "georgia"),
            code=(
                Excerpt(
                    PEOPLE, "remember", first="AccountEvent.objects.bulk_create(", last="for days"
                ),
            ),
            pages=("history",),
        ),
    ),
)

LEAVING = Chapter(
    "leaving",
    "Leaving",
    "Take the data along, close the account, change your mind.",
    rooms=("leaving",),
    features=(
        Feature(
            "Download the data",
            "Everything that the account holds, of every room, as a ZIP of JSON. Agnes has asked "
            "for hers: see the mailbox. A link lets in once, and only who has logged in.",
            see=Place("useraccounts:export_account", "agnes"),
            code=(Excerpt(PEOPLE, "ask_for_data"),),
            pages=("export_account", "fetch_export"),
        ),
        Feature(
            "Close the account",
            "It is shut at once, and erased after some days by a command. What has to be kept is "
            "kept without a name.",
            see=Place("useraccounts:close_account", "nova"),
            code=(Excerpt("django_useraccounts/conf.py", first="CLOSED_ACCOUNT_KEPT: timedelta"),),
            pages=("close_account",),
        ),
        Feature(
            "Come back in time",
            "Marcel has closed his account. Logging in opens it again, as it was, and says so.",
            see=Place("useraccounts:profile", "marcel"),
            code=(Excerpt(PEOPLE, "admit", first="if person.is_closed:", last='"account_closed"'),),
        ),
    ),
)

TERMS = Chapter(
    "terms",
    "Terms",
    "Rules of the house, in versions, accepted by a tick and asked again when they change.",
    rooms=("terms",),
    features=(
        Feature(
            "Read the rules",
            "The text is a template of the site.",
            see=Place("useraccounts:terms"),
            code=(
                Excerpt("testproject/guild/templates/useraccounts/terms/text.html"),
                Excerpt(SETTINGS, "TERMS"),
            ),
            pages=("terms",),
            needs="terms",
        ),
        Feature(
            "Accept new rules",
            "Olympe has accepted version 1. When another one is in force she is asked before she "
            "goes on.",
            see=Place("useraccounts:accept_terms", "olympe"),
            code=(Excerpt(PEOPLE, "PEOPLE", first='"olympe"'),),
            pages=("accept_terms",),
            needs="terms",
        ),
    ),
)

CHAPTERS = (ADDRESSES, PASSWORDS, PROFILE, SESSIONS, LEAVING, TERMS)
