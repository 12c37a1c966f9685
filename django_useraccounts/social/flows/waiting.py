"""Who has registered by a provider, and waits for the mail that confirms the address."""

from django.db import transaction
from django.http import HttpRequest

from ...browser import browser_key
from ...canonical import clean_email, email_key
from ...emails.flows import has_to_confirm, mail_link, prove_first_email
from ...emails.flows.rows import locked, take_off
from ...limits import spend
from ...models import AbstractUser, UserEmail
from ...registration.flows import Registration
from ..errors import NotBegunHere
from ..identities import Identity
from ..models import Connection


def is_waiting(identity: Identity) -> bool:
    """Say whether the account that an identity belongs to waits to be confirmed, and no more."""
    owner = Connection.objects.owner_of(identity)
    return owner is not None and was_never_in(owner)


def was_never_in(user: AbstractUser) -> bool:
    """Say whether the account of who came by an identity waits for its first login, and no more."""
    has_more = user.is_staff or user.is_superuser or user.has_usable_password()
    return user.is_active and not has_more and has_to_confirm(user)


def claim_of(identity: Identity) -> UserEmail | None:
    """Return the address that the account of an identity waits for, if any."""
    return UserEmail.objects.claims().filter(user__social_connections__key=identity.key).last()


def claim_again(
    identity: Identity,
    *,
    email: str,
    browser_token: str = "",
    next_url: str = "",
    request: HttpRequest | None = None,
) -> Registration:
    """
    Mail the link once more to who waits for it; to another address, if the first was mistyped.

    That one is taken off then. The address needs no mail if the provider has proved just that one.
    Whatever the address is, strangers learn as little as by ``registration.flows.register``. Raises
    TooManyAttempts, InvalidEmail, EmailTaken for a proved one, and NotBegunHere if nobody waits.
    """
    to = clean_email(email)
    spend("mail", identifier=to.key, request=request)
    owner = Connection.objects.owner_of(identity)
    if owner is None:
        raise NotBegunHere("ended")
    with transaction.atomic():
        user = locked(owner)
        if not was_never_in(user):
            raise NotBegunHere("ended")
        claims = UserEmail.objects.claims().filter(user=user)
        take_off(claims.exclude(email_key=to.key), user, request=request)
        address = claims.filter(email_key=to.key).first()
        address = address or UserEmail.objects.add_claim(user, to.text)
        address.user = user  # type: ignore[assignment]
        if identity.is_email_proved and email_key(identity.email) == to.key:
            prove_first_email(address, request=request)
        else:
            mail_link(
                address,
                owner=UserEmail.objects.confirmed().not_gone().addressed(to.text).first(),
                next_url=next_url,
                browser_key=browser_key(browser_token),
                request=request,
            )
    return Registration(user, address)
