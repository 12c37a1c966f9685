"""Log in, log out, and prove once more who is at the browser."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ..browser import browser_key
from ..credentials import check_own_password
from ..devices import trust_device
from ..emails.flows import has_to_confirm, note_browser
from ..errors import EmailNotConfirmed, WrongCredentials
from ..identity import login_names
from ..models import AbstractUser, AccountEvent
from ..proof import renew_proof, stamp_proof

#: What does not match, by what people log in by.
_WRONG = {
    ("username",): _("The username and the password do not match."),
    ("email",): _(
        "The e-mail address and the password do not match. "
        "If you have just registered, confirm your e-mail address first."
    ),
    ("username", "email"): WrongCredentials.sentence,
}


@sensitive_variables()
def log_in(
    identifier: str,
    *,
    password: str,
    remember: bool = False,
    browser_token: str = "",
    then: Callable[[AbstractUser], object] | None = None,
    request: HttpRequest,
) -> AbstractUser:
    """
    Log the browser in as the user of a username or proved address.

    With ``remember`` for SESSION_COOKIE_AGE, else until the browser is closed. ``then`` is called
    with the user before that, in the same transaction.

    Raises TooManyAttempts, WrongCredentials (the same for every reason a stranger could learn
    from), and EmailNotConfirmed to somebody who has given the right password; ``browser_token``
    then tells whose confirmation mail this browser may ask for.
    """
    user: Any = auth.authenticate(request, username=identifier, password=password)
    if user is None:
        raise WrongCredentials(_WRONG[login_names()])
    if has_to_confirm(user):
        with transaction.atomic():
            note_browser(user, browser_key(browser_token))
            details = {"reason": "unconfirmed"}
            AccountEvent.objects.record("login_failed", user=user, details=details, request=request)
        raise EmailNotConfirmed
    with transaction.atomic():
        if then:
            # First: what it raises must not meet a session that is begun already.
            then(user)
        auth.login(request, user)
        # Not None, which leaves it to SESSION_EXPIRE_AT_BROWSER_CLOSE.
        request.session.set_expiry(settings.SESSION_COOKIE_AGE if remember else 0)
    logged_in: AbstractUser = user
    return logged_in


def record_login(*, request: HttpRequest, user: AbstractUser, **kwargs: Any) -> None:
    """Write down a login, whichever page did it; a receiver of Django's ``user_logged_in``."""
    stamp_proof(request)
    trust_device(request, user)
    _note_language(user)
    details = {"source": user.login_source} if user.login_source else {}
    AccountEvent.objects.record(
        "logged_in", user=user, actor=user, details=details, request=request
    )


def _note_language(user: AbstractUser) -> None:
    """Keep the language that the person reads the site in now, for mail."""
    language = get_language() or ""
    if language not in {"", user.language}:
        user.language = language
        user.save(update_fields=["language"])


def log_out(*, request: HttpRequest) -> None:
    """End the session of this browser, with everything in it."""
    with transaction.atomic():
        auth.logout(request)


def record_logout(*, request: HttpRequest, user: AbstractUser | None, **kwargs: Any) -> None:
    """Write down a logout, also in the administration; for Django's ``user_logged_out``."""
    if user is not None:
        AccountEvent.objects.record("logged_out", user=user, actor=user, request=request)


@sensitive_variables()
def confirm_identity(user: AbstractUser, *, password: str, request: HttpRequest) -> None:
    """
    Note that the person at this browser has just given the password; raises WrongPassword.

    The session goes on under a new key: a copy of the old one is of no use any more.
    """
    check_own_password(user, password, request=request)
    with transaction.atomic():
        AccountEvent.objects.record("identity_confirmed", user=user, actor=user, request=request)
        renew_proof(request)
