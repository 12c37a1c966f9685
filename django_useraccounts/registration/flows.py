"""Register: one account for one person, telling strangers nothing about others."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from .. import signals
from ..browser import browser_key
from ..canonical import clean_email, clean_username
from ..errors import RegistrationClosed, UsernameTaken
from ..limits import spend
from ..mail import announce
from ..models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ..policy import policy
from ..secrets import CONFIRM_EMAIL, issue


@dataclass(frozen=True)
class Registration:
    """What register made: the user and the address that is waiting to be confirmed."""

    user: AbstractUser
    address: UserEmail


@sensitive_variables()
def register(
    username: str,
    *,
    email: str,
    password: str,
    browser_token: str = "",
    next_url: str = "",
    request: HttpRequest | None = None,
) -> Registration:
    """
    Open an account, and mail the link that confirms its address.

    An address that belongs to somebody is registered all the same, as a claim that cannot be
    confirmed, and its owner is told: so nobody learns by registering whose address is in use. A
    second click with the same ``browser_token``, a secret of the browser, changes nothing. Raises
    RegistrationClosed, TooManyAttempts, UsernameTaken, InvalidUsername and InvalidEmail.
    """
    if not policy().may_register(request=request):
        raise RegistrationClosed
    name, to = clean_username(username), clean_email(email)
    spend("register", identifier=to.key, request=request)
    # Before the transaction, so that no lock is held while the hash takes its time.
    password_hash = make_password(password)
    key = browser_key(browser_token)
    owned = UserEmail.objects.confirmed().addressed(to.text).select_related("user").first()
    try:
        with transaction.atomic():
            user = get_user_model()(username=name.text, password=password_hash)
            user.save()
            address = UserEmail.objects.add_claim(user, to.text)
            secret = issue(CONFIRM_EMAIL, address=address, next_url=next_url, browser_key=key)
            if owned:
                announce("already_registered", to=owned.email, user=owned.user, request=request)
            else:
                announce("confirm_email", to=to.text, user=user, secret=secret, request=request)
            AccountEvent.objects.record("registered", user=user, request=request)
            signals.send_on_commit(
                signals.registered, sender=type(user), user=user, request=request
            )
    except IntegrityError:
        return _same_registration(name.key, to.key, key)
    return Registration(user, address)


def _same_registration(username_key: str, email_key: str, browser: str) -> Registration:
    """Return what this browser has just registered under the same names; else the name is taken."""
    secret = (
        OneTimeSecret.objects.select_related("user", "address__user")
        .filter(user__username_key=username_key, address__email_key=email_key)
        .filter(purpose=CONFIRM_EMAIL.name, browser_key=browser)
        .first()
    )
    if not browser or secret is None or secret.address is None:
        raise UsernameTaken
    return Registration(secret.address.user, secret.address)
