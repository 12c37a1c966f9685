"""What can go wrong for the person in front of the page, each as a fact with its sentence."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class AccountError(ValidationError):
    """
    Base of every expected error of a flow.

    It is a ValidationError, so that any form, ours or another's, the admin's login included, shows
    it as a sentence instead of failing. ``field`` names the form field that it belongs to.
    """

    #: The sentence for the reader.
    sentence: Any = ""
    #: The form field that the sentence stands beside; None for the form as a whole.
    field: str | None = None
    #: The status of the page, or of the JSON answer, that shows it.
    status = 200

    def __init__(self, sentence: Any = None, *, params: dict[str, object] | None = None) -> None:
        super().__init__(sentence or self.sentence, code=type(self).__name__, params=params)


class UsernameTaken(AccountError):
    sentence = _("This username is taken. Please choose another one.")
    field = "username"


class InvalidUsername(AccountError):
    sentence = _("This username cannot be used. Please choose another one.")
    field = "username"


class InvalidEmail(AccountError):
    sentence = _("Enter an e-mail address like name@example.com.")
    field = "email"


class EmailTaken(AccountError):
    sentence = _("This e-mail address belongs to another account.")
    field = "email"


class WrongCredentials(AccountError):
    sentence = _(
        "The username or e-mail address and the password do not match. "
        "If you have just registered, confirm your e-mail address first."
    )


class WrongPassword(AccountError):
    sentence = _("This is not your current password.")
    field = "old_password"


class ValueTaken(AccountError):
    """A unique column of the project's own says no."""

    sentence = _("Something that you entered belongs to another account.")


class PasswordAlreadySet(AccountError):
    sentence = _("Your account has a password already. Change it with the current one.")


class EmailNotConfirmed(AccountError):
    sentence = _("Confirm your e-mail address first, then log in.")


class LogInFirst(AccountError):
    sentence = _(
        "Log in first, in this browser and the way you registered. Then open the link in the mail "
        "once more."
    )
    status = 403


class SessionEnded(AccountError):
    """Every session of the account was ended while a request of one of them was under way."""

    sentence = _("You have been logged out. Please log in again.")
    status = 403


class RegistrationClosed(AccountError):
    sentence = _("Registration is closed.")
    status = 403


class TooManyAttempts(AccountError):
    """An attempt was refused before anything was tried; ``retry_after`` is in seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        minutes = -(-self.retry_after // 60)
        params: dict[str, object] = {
            "seconds": self.retry_after,
            "minutes": minutes,
            "hours": -(-minutes // 60),
        }
        if self.retry_after < 60:
            sentence = ngettext_lazy(
                "Too many attempts. Please try again in a second.",
                "Too many attempts. Please try again in %(seconds)d seconds.",
                "seconds",
            )
        elif minutes <= 90:
            sentence = ngettext_lazy(
                "Too many attempts. Please try again in a minute.",
                "Too many attempts. Please try again in %(minutes)d minutes.",
                "minutes",
            )
        else:
            sentence = ngettext_lazy(
                "Too many attempts. Please try again in an hour.",
                "Too many attempts. Please try again in %(hours)d hours.",
                "hours",
            )
        super().__init__(sentence, params=params)


class LinkError(AccountError):
    """Base of what can be wrong with a mailed link; ``reason`` is for templates and JSON."""

    reason = "invalid"
    status = 404


class LinkInvalid(LinkError):
    sentence = _("This link is not valid.")


class LinkExpired(LinkError):
    sentence = _("This link has expired.")
    reason = "expired"
    status = 410


class LinkUsed(LinkError):
    sentence = _("This link has already been used, or a newer one has replaced it.")
    reason = "used"
    status = 410


class UnknownRole(AccountError):
    sentence = _("There is no role “%(name)s”.")
    field = "role"

    def __init__(self, name: str) -> None:
        super().__init__(params={"name": name})


class InvalidRole(AccountError):
    """No role can be like that; the sentence says why."""

    field = "name"


class InvalidPeriod(AccountError):
    sentence = _("A role has to end after it starts.")
    field = "until"


class MayNotGrant(AccountError):
    sentence = _("You may not grant this role, or revoke it.")
    field = "role"
    status = 403


class GrantOver(AccountError):
    sentence = _("This role has ended already. Grant it anew.")


class UserVanished(AccountError):
    sentence = _("This account does not exist any more.")
    field = "user"


class EmailAlreadyYours(AccountError):
    sentence = _("This e-mail address is part of the account already.")
    field = "email"


class LastEmail(AccountError):
    sentence = _(
        "This is the only confirmed e-mail address of the account. Confirm another one first."
    )


class MailNotGivenUp(AccountError):
    sentence = _("This mail was sent, or is on its way.")


class LastSuperuser(AccountError):
    sentence = _("This is the last active superuser: nobody could manage the site any more.")


class TermsChanged(AccountError):
    sentence = _("The terms of service have changed. Please read them once more.")
    field = "terms"


class AccountGone(AccountError):
    sentence = _("This account was closed too long ago to be opened again.")


class TooManyEmails(AccountError):
    """The account has as many addresses as EMAILS_PER_USER allows."""

    field = "email"

    def __init__(self, limit: int) -> None:
        sentence = ngettext_lazy(
            "An account can have %(limit)d e-mail address. Remove it first.",
            "An account can have %(limit)d e-mail addresses. Remove one of them first.",
            "limit",
        )
        super().__init__(sentence, params={"limit": limit})
