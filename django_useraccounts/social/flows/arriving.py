"""Go to a provider, come back, and find out who that is here."""

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from ...backends import start_session
from ...browser import browser_key
from ...canonical import clean_username, email_key
from ...emails.flows import claim_to_hand_over, hand_over, has_to_confirm, note_browser
from ...errors import EmailNotConfirmed, EmailTaken, InvalidUsername, TooManyAttempts
from ...identity import has_emails
from ...limits import spend
from ...models import AbstractUser, AccountEvent
from ...proof import renew_proof
from ...registration.flows import Registration, register
from ...room import Admission
from ...site import site_origin
from ..attempts import Aim, Attempt, forget_attempt, keep_attempt, take_attempt
from ..conf import conf
from ..errors import AccountSwitchedOff, NotYourIdentity, SocialLoginError
from ..identities import Identity
from ..models import Connection
from ..providers import provider_named
from .connecting import add_connection, connect, owner_of_address

logger = logging.getLogger("django_useraccounts.social")

_RECEIVED = "_useraccounts_social_received"


def begin_login(provider: str, *, aim: Aim, next_url: str = "", request: HttpRequest) -> str:
    """
    Return where at the provider the browser goes to, and note in the session that it has.

    Raises TooManyAttempts, and ProviderUnreachable when the provider does not say where that is.
    """
    spend("social", identifier="", request=request)
    begun = provider_named(provider).begin(
        redirect_uri=callback_url(provider, request=request), prompt_login=aim == "prove"
    )
    user_key = str(request.user.pk) if request.user.is_authenticated else ""
    attempt = Attempt(provider, aim, begun.pending, next_url, user_key)
    keep_attempt(attempt, request=request)
    return begun.url


def callback_url(provider: str, *, request: HttpRequest) -> str:
    """Return where people come back to: by the origin of the site, not by a header."""
    path = reverse("useraccounts:social_callback", args=[provider])
    return site_origin(request) + path


def receive_answer(
    provider: str, answer: Mapping[str, str], *, request: HttpRequest
) -> tuple[Attempt, Identity]:
    """
    Return what this browser had begun, and who has come back by it; log nobody in.

    Raises SocialLoginError for whatever is wrong with the answer.
    """
    state = answer.get("state", "")
    # A request is made again when the database undoes it for the sake of another one; state and
    # code are used up by then.
    received: tuple[Attempt, Identity] | None = getattr(request, _RECEIVED, None)
    if received:
        forget_attempt(state, request=request)
        return received
    attempt = take_attempt(state, provider=provider, request=request)
    forget_attempt(state, request=request)
    identity = provider_named(provider).finish(
        answer, attempt.pending, redirect_uri=callback_url(provider, request=request)
    )
    setattr(request, _RECEIVED, (attempt, identity))
    return attempt, identity


def record_refusal(provider: str, error: SocialLoginError, *, request: HttpRequest) -> None:
    """Write down that nobody was let in, and why; no more often than a client may fail."""
    logger.warning("A login by %s was refused: %s.", provider, error.reason)
    try:
        spend("social_refused", identifier="", request=request)
    except TooManyAttempts:
        return
    user = request.user if isinstance(request.user, AbstractUser) else None
    details = {"source": provider, "reason": error.reason}
    AccountEvent.objects.record(
        "social_login_refused", user=user, actor=user, details=details, request=request
    )


@dataclass(frozen=True)
class Entrance:
    """Whom an identity has let in."""

    user: AbstractUser
    #: Was this the account of somebody, perhaps a stranger, who had never confirmed the address?
    is_handed_over: bool = False


def log_in_by(
    identity: Identity, *, browser_token: str = "", request: HttpRequest
) -> Entrance | None:
    """
    Log in the user whom an identity belongs to; return None if it belongs to nobody yet.

    To somebody whose address the provider has proved belongs also an account that was registered
    with it and never confirmed, which is handed over, and, where CONNECT_BY_EMAIL says so, one that
    has confirmed it. Raises AccountSwitchedOff, and EmailNotConfirmed as ``login.flows.log_in``.
    """
    owner = Connection.objects.owner_of(identity)
    if owner:
        _let_in(owner, identity, browser_token=browser_token, request=request)
        return Entrance(owner)
    try:
        with transaction.atomic():
            entrance = _entrance_by_address(identity, request=request)
            if entrance:
                key = email_key(identity.email)
                connect(entrance.user, identity, proved_by=key, request=request)
                _let_in(entrance.user, identity, browser_token=browser_token, request=request)
    except EmailTaken:
        # Somebody has proved the address at this very moment: that account has to be proved.
        return None
    return entrance


def register_identity(
    identity: Identity,
    *,
    username: str | None = None,
    email: str | None = None,
    fields: Mapping[str, object] | None = None,
    terms_version: str = "",
    then: Callable[[AbstractUser], object] | None = None,
    browser_token: str = "",
    next_url: str = "",
    admission: Admission | None = None,
    request: HttpRequest,
) -> Registration:
    """
    Open an account without password for whoever has this identity, which is connected to it.

    The address is confirmed if the provider has proved just that one, else by a mailed link, as for
    everybody. Raises what ``registration.flows.register`` raises, and IdentityTaken.
    """

    def connect_and_go_on(user: AbstractUser) -> None:
        add_connection(user, identity, request=request)
        if then:
            then(user)

    return register(
        username,
        email=email,
        password=None,
        proved_email=identity.email if identity.is_email_proved else "",
        source=identity.provider,
        fields=fields or names_in(identity, columns_of=get_user_model()),
        terms_version=terms_version,
        then=connect_and_go_on,
        browser_token=browser_token,
        next_url=next_url,
        admission=admission,
        request=request,
    )


def names_in(identity: Identity, *, columns_of: type[Model]) -> dict[str, str]:
    """Return the names of who has come, as far as a user model has columns that take them."""
    said = {"first_name": identity.first_name, "last_name": identity.last_name}
    names = {}
    for field in columns_of._meta.concrete_fields:
        # Nobody was asked for them: none of them is to keep anybody out.
        with suppress(KeyError, ValidationError):
            names[field.name] = field.clean(said[field.name][: field.max_length], None)
    return names


def confirm_identity_by(user: AbstractUser, identity: Identity, *, request: HttpRequest) -> None:
    """
    Note that the person at this browser has just proved to be ``user``; or raise NotYourIdentity.

    The session goes on under a new key, as after ``login.flows.confirm_identity``.
    """
    if not Connection.objects.filter(user=user, key=identity.key).exists():
        raise NotYourIdentity
    details = {"source": identity.provider}
    with transaction.atomic():
        AccountEvent.objects.record(
            "identity_confirmed", user=user, actor=user, details=details, request=request
        )
        renew_proof(request)


def suggested_username(identity: Identity) -> str:
    """Return a free username like the one that the person has elsewhere, or ""."""
    for text in (identity.username, identity.email.partition("@")[0]):
        wanted = re.sub(r"[^A-Za-z0-9._-]+", "", text)[:30].strip("._-")
        try:
            name = clean_username(wanted)
        except InvalidUsername:
            continue
        users = get_user_model()._default_manager
        if not users.filter(username_key=name.key).exists():
            return name.text
    return ""


def _entrance_by_address(identity: Identity, *, request: HttpRequest) -> Entrance | None:
    """Return the account that belongs to who has the address of an identity, if there is one."""
    if not identity.is_email_proved or not has_emails():
        return None
    if conf.CONNECT_BY_EMAIL and (address := owner_of_address(identity)):
        return Entrance(address.user) if _may_go_by_address(address.user, identity) else None
    claim = claim_to_hand_over(identity.email)
    user = hand_over(claim, request=request) if claim else None
    return Entrance(user, is_handed_over=True) if user else None


def _may_go_by_address(user: AbstractUser, identity: Identity) -> bool:
    """Say whether an address alone may connect an account, where a site lets it."""
    if user.is_staff or user.is_superuser:
        # What others may do here is not for a provider to say.
        return False
    if Connection.objects.filter(user=user, issuer=identity.issuer).exists():
        # Known there as somebody else already: the address, or its whole domain, has a new owner.
        return False
    # What somebody has disconnected must not come back by itself.
    cut = AccountEvent.objects.filter(user=user, kind="provider_disconnected")
    by_somebody = cut.exclude(actor=None).values_list("details", flat=True)
    return all(details.get("issuer") != identity.issuer for details in by_somebody)


def _let_in(
    user: AbstractUser, identity: Identity, *, browser_token: str, request: HttpRequest
) -> None:
    if user.is_active and has_to_confirm(user):
        with transaction.atomic():
            note_browser(user, browser_key(browser_token))
            details = {"source": identity.provider, "reason": "unconfirmed"}
            AccountEvent.objects.record("login_failed", user=user, details=details, request=request)
        raise EmailNotConfirmed
    with transaction.atomic():
        if not start_session(request, user, source=identity.provider):
            raise AccountSwitchedOff
        if identity.tokens:
            Connection.objects.filter(key=identity.key).update(tokens=identity.tokens)
