"""The app: its own door, like any room's."""

from anymail.signals import tracking
from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from .identity import has_emails, has_one_email, has_usernames
from .personal_data import register_personal_data
from .room import MenuEntry, Room, connect_later, later
from .sentences import SENTENCES

#: What an account holds: its name in an export, and in ``leaving.parts`` who hands it out, and who
#: forgets it.
_PERSONAL_DATA = (
    ("account", "account_of", ""),
    ("addresses", "addresses_of", ""),
    ("usernames", "usernames_of", "forget_usernames"),
    ("roles", "roles_of", "end_roles"),
    ("mails", "mails_of", "forget_mails"),
    ("events", "events_of", "scrub_events"),
    ("admin_log", "", "scrub_admin_log"),
)


class UserAccountsConfig(Room, AppConfig):
    name = "django_useraccounts"
    label = "useraccounts"
    verbose_name = _("User accounts")
    default_auto_field = "django.db.models.BigAutoField"
    routes = (
        "django_useraccounts.registration.urls",
        "django_useraccounts.login.urls",
        "django_useraccounts.emails.urls",
        "django_useraccounts.passwords.urls",
        "django_useraccounts.profile.urls",
        "django_useraccounts.leaving.urls",
        "django_useraccounts.terms.urls",
    )
    menu = (
        MenuEntry("profile", _("Your account")),
        MenuEntry("edit_profile", _("Edit your profile"), lambda user: bool(user.PROFILE_FIELDS)),
        MenuEntry(
            "emails",
            _("Your e-mail addresses"),
            lambda _user: has_emails() and not has_one_email(),
        ),
        MenuEntry(
            "emails", _("Your e-mail address"), lambda _user: has_emails() and has_one_email()
        ),
        MenuEntry("change_username", _("Change your username"), lambda _user: has_usernames()),
        MenuEntry(
            "change_password", _("Change your password"), lambda user: user.has_usable_password()
        ),
        MenuEntry("set_password", _("Set a password"), lambda user: not user.has_usable_password()),
        MenuEntry("history", _("Security history")),
        MenuEntry("export_account", _("Download your data")),
        MenuEntry("close_account", _("Close your account")),
    )

    sentences = SENTENCES

    def ready(self) -> None:
        # A project that has not chosen its backends gets ours: without it nobody could log in by
        # e-mail, and no login would be limited. One that has chosen is told by a check.
        if not settings.is_overridden("AUTHENTICATION_BACKENDS"):
            settings.AUTHENTICATION_BACKENDS = ["django_useraccounts.backends.AccountsBackend"]
        if not settings.is_overridden("CSRF_FAILURE_VIEW"):
            settings.CSRF_FAILURE_VIEW = "django_useraccounts.views.csrf_failure"
        connect_later(tracking, "undeliverable.note_tracking_event")
        connect_later(user_logged_in, "login.flows.record_login")
        connect_later(user_logged_in, "leaving.flows.reopen_at_login")
        connect_later(user_logged_out, "login.flows.record_logout")
        register(later("checks.check_useraccounts"), Tags.compatibility)
        register(later("checks.check_deployment"), Tags.security, deploy=True)
        register(later("checks.check_database"), Tags.database)
        # The last ones to go are the addresses, which others find their rows by, and the account
        # itself, see ``leaving.flows.erasing``.
        for name, export, erase in _PERSONAL_DATA:
            register_personal_data(
                name,
                export=later(f"leaving.parts.{export}") if export else None,
                erase=later(f"leaving.parts.{erase}") if erase else None,
            )
