"""The app: its own door, like any room's."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils.translation import gettext_lazy as _

from .identity import has_emails, has_one_email, has_usernames
from .room import MenuEntry, Room
from .sentences import SENTENCES


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
        # They need the models, which are there only now.
        from anymail.signals import tracking  # noqa: PLC0415

        from . import checks  # noqa: F401, PLC0415
        from .leaving.flows import reopen_at_login  # noqa: PLC0415
        from .leaving.parts import register_parts  # noqa: PLC0415
        from .login.flows import record_login, record_logout  # noqa: PLC0415
        from .undeliverable import note_tracking_event  # noqa: PLC0415

        tracking.connect(note_tracking_event, dispatch_uid="useraccounts.note_tracking_event")
        user_logged_in.connect(record_login, dispatch_uid="useraccounts.record_login")
        user_logged_in.connect(reopen_at_login, dispatch_uid="useraccounts.reopen_at_login")
        user_logged_out.connect(record_logout, dispatch_uid="useraccounts.record_logout")
        register_parts()
