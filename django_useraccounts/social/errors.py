"""What can go wrong on the way to a provider and back, as facts with their sentences."""

from django.utils.translation import gettext_lazy as _

from ..errors import AccountError


class SocialLoginError(AccountError):
    """
    Base of what ends a login by a provider.

    ``reason`` is for the log and the audit trail: a word that code has chosen, never what came from
    outside.
    """

    status = 400
    reason = "failed"

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason or self.reason


class NotBegunHere(SocialLoginError):
    """The state of the answer is unknown to this browser, was used before, or is too old."""

    sentence = _("This login was not begun in this browser, or too long ago. Please begin again.")
    reason = "state"


class ConsentDenied(SocialLoginError):
    sentence = _("You have not agreed to log in this way. Nothing was changed.")
    status = 403
    reason = "denied"


class BadAnswer(SocialLoginError):
    """The answer of the provider is not what the protocol demands: it may not be its own."""

    sentence = _(
        "The answer that came back cannot be trusted, so nobody was logged in. Please begin again."
    )
    reason = "bad_answer"


class ProviderUnreachable(SocialLoginError):
    sentence = _("We cannot reach the site that you log in with. Please try again in a moment.")
    status = 503
    reason = "unreachable"


class IdentityTaken(SocialLoginError):
    sentence = _(
        "This login is connected to another account here. Log in to that account to disconnect it."
    )
    status = 409
    reason = "taken"


class AlreadyLoggedIn(SocialLoginError):
    sentence = _("You are logged in to another account by now. Log out first.")
    status = 409
    reason = "logged_in"


class NotYourIdentity(SocialLoginError):
    """Who was to be proved once more is somebody else at the provider."""

    sentence = _("That login is not connected to your account here. Please use one that is.")
    status = 403
    reason = "other_identity"


class AnotherIdentity(SocialLoginError):
    """The page was shown for another identity than the one that waits now."""

    sentence = _(
        "You have come back with another login in the meantime. Please look at this page once more."
    )
    status = 409
    reason = "another_identity"


class AccountSwitchedOff(SocialLoginError):
    """The account is switched off, gone, or refused by the policy of the site."""

    sentence = _(
        "This login belongs to an account that cannot be used. "
        "Please ask the people who run this site."
    )
    status = 403
    reason = "switched_off"


class LastWayIn(AccountError):
    sentence = _(
        "This is the only way to log in to your account. "
        "Set a password, or connect another login first."
    )
