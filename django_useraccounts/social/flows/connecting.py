"""Let an identity at a provider into an account, and out of it again."""

import json

from django.contrib.auth import get_user_model, update_session_auth_hash
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from ... import signals
from ...devices import trust_device
from ...emails.flows.rows import locked, note_way_in
from ...errors import LinkUsed
from ...identity import has_emails
from ...limits import spend
from ...mail import announce
from ...message import in_language_of
from ...models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ...secrets import issue, redeem
from .. import signals as news
from ..errors import IdentityTaken, LastWayIn, NotBegunHere
from ..identities import Identity
from ..models import CONNECT_BY_LINK, Connection
from ..providers import all_providers
from .waiting import was_never_in


def connect(
    user: AbstractUser,
    identity: Identity,
    *,
    proved_by: str = "",
    request: HttpRequest | None = None,
) -> Connection:
    """
    Let whoever has this identity log in as ``user``, who has been proved, and is told by mail.

    ``proved_by`` is the key of the address that has, if nothing else has. To connect it twice
    changes nothing. An account that was never confirmed, and that nobody has ever been in, gives it
    up: whoever opened that one has this identity, too. Raises IdentityTaken for one that lets
    somebody else in, and NotBegunHere if every session of the user was ended since ``user`` was
    read.
    """
    with transaction.atomic():
        _make_way(user, identity, request=request)
        return add_connection(user, identity, proved_by=proved_by, request=request)


def add_connection(
    user: AbstractUser,
    identity: Identity,
    *,
    proved_by: str = "",
    request: HttpRequest | None = None,
) -> Connection:
    """Do as ``connect``, for an account that is new: no other one gives an identity up for it."""
    try:
        with transaction.atomic():
            _refuse_ended(user)
            connection = Connection.objects.create(
                user=user,
                provider=identity.provider,
                issuer=identity.issuer,
                subject=identity.subject,
                key=identity.key,
                label=identity.label[:255],
                tokens=identity.tokens,
            )
            if proved_by:
                note_way_in(user, by=proved_by)
            _tell("provider_connected", user, connection, by=user, request=request)
    except IntegrityError:
        # Of two at once the unique key lets one through.
        owned = Connection.objects.filter(user=user, key=identity.key).first()
        if owned is None and not _release(identity, request=request):
            raise IdentityTaken from None
        return owned or add_connection(user, identity, proved_by=proved_by, request=request)
    return connection


def disconnect(
    connection: Connection,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """
    Let an identity in no more, end every other session of its user, and tell the user by mail.

    ``by`` is who does it, if not the user. Raises LastWayIn for what is the only way that its user
    has of logging in, unless somebody else does it: a mailed link then sets a password.
    """
    user: AbstractUser = connection.user
    is_own = by is None or by == user
    with transaction.atomic():
        # Of two at once the row of the user lets one go first.
        fresh = locked(user, request=request)
        mine = Connection.objects.filter(pk=connection.pk, user=fresh)
        if not mine.exists():
            return  # the second of two clicks
        others = Connection.objects.of(fresh).usable().exclude(pk=connection.pk)
        if is_own and not has_password_way_in(fresh) and not others.exists():
            raise LastWayIn
        _cut(connection, user, by=by or user, request=request)
        user.refresh_from_db(fields=["session_epoch"])
        if request is not None and request.user == user:
            update_session_auth_hash(request, user)
            # It trusts no browser any more but this one.
            trust_device(request, user)


def drop_connections(user: AbstractUser, *, request: HttpRequest | None = None) -> None:
    """Let no identity in any more: a stranger may have connected any; see ``Room.lock_out``."""
    rows = Connection.objects.filter(user=user)
    for connection in rows:
        details = _details(connection)
        AccountEvent.objects.record(
            "provider_disconnected", user=user, details=details, request=request
        )
        signals.send_on_commit(
            news.provider_disconnected, user=user, connection=connection, request=request
        )
    rows.delete()


def has_password_way_in(user: AbstractUser) -> bool:
    """Say whether the user can log in by password: has one, and a name to give with it."""
    return user.has_usable_password() and bool(user.login_name)


def owner_of_address(identity: Identity) -> UserEmail | None:
    """Return the confirmed address here that the provider has proved to be the person's."""
    if not identity.is_email_proved or not has_emails():
        return None
    rows = UserEmail.objects.confirmed().not_gone().addressed(identity.email)
    return rows.select_related("user").first()


def mail_connect_link(
    identity: Identity, *, next_url: str = "", request: HttpRequest | None = None
) -> None:
    """
    Mail the owner of the identity's address a link that connects exactly this identity.

    Without an account of that address nothing is mailed. Raises TooManyAttempts.
    """
    address = owner_of_address(identity)
    spend("mail", identifier=address.email_key if address else identity.key, request=request)
    if address is None or not address.user.is_active:
        return
    with transaction.atomic():
        pending = json.dumps(identity.as_kept())
        secret = issue(CONNECT_BY_LINK, address=address, pending=pending, next_url=next_url)
        announce(
            "connect_by_link",
            to=address.email,
            user=address.user,
            secret=secret,
            what=_shown(identity, to=address.user),
            request=request,
        )


def connect_by_link(secret: OneTimeSecret, *, request: HttpRequest | None = None) -> Connection:
    """
    Connect the identity of a mailed link to the account that the link has proved.

    Raises LinkUsed, and IdentityTaken when it lets somebody else in by now.
    """
    user: AbstractUser = secret.user  # type: ignore[assignment]
    identity = identity_in(secret)
    with transaction.atomic():
        redeem(secret)
        return connect(user, identity, proved_by=secret.email_key, request=request)


def identity_in(secret: OneTimeSecret) -> Identity:
    """Return the identity that a mailed link connects; raise LinkUsed for one of another shape."""
    try:
        return Identity.read(json.loads(secret.pending))
    except ValueError:
        raise LinkUsed from None


def _shown(what: Identity | Connection, *, to: AbstractUser) -> str:
    with in_language_of(to):
        return f"{label_of(what.provider)} ({what.label})"


def label_of(provider: str) -> str:
    """Return what people know a provider by; its name, if the site has it no more."""
    known = all_providers().get(provider)
    return known.label if known else provider


def _make_way(user: AbstractUser, identity: Identity, *, request: HttpRequest | None) -> None:
    """Take an identity off an account that nobody else could ever take it off."""
    taken = Connection.objects.filter(key=identity.key).exclude(user=user).first()
    if taken is None:
        return
    # Both before anything is written, in one order, so that no two wait for one another.
    users = get_user_model()._default_manager.select_for_update().order_by("pk")
    locked_users = {row.pk: row for row in users.filter(pk__in=[user.pk, taken.user_id])}
    owner = locked_users.get(taken.user_id)
    if owner is None or not was_never_in(owner):
        return
    if Connection.objects.filter(pk=taken.pk, user=owner).exists():
        _cut(taken, owner, by=user, request=request)


def _cut(
    connection: Connection, user: AbstractUser, *, by: AbstractUser, request: HttpRequest | None
) -> None:
    Connection.objects.filter(pk=connection.pk).delete()
    # Whoever came in by it goes, too.
    users = get_user_model()._default_manager.filter(pk=user.pk)
    users.update(session_epoch=F("session_epoch") + 1)
    _tell("provider_disconnected", user, connection, by=by, request=request)


def _release(identity: Identity, *, request: HttpRequest | None) -> bool:
    """Take off an account that can be opened no more what it lets in by; say whether it was so."""
    gone = get_user_model()._default_manager.filter(erase_at__lte=timezone.now())
    owner = gone.filter(social_connections__key=identity.key).first()
    if owner is None:
        return False
    with transaction.atomic():
        # Locked: an event that is written beside the erasing would outlive it.
        if gone.select_for_update().filter(pk=owner.pk).exists():
            drop_connections(owner, request=request)
    return True


def _refuse_ended(user: AbstractUser) -> None:
    # While the provider answered, the owner may have locked a thief out: what he has begun would
    # let him in again. Who does that at this very moment waits for us, or we for him.
    users = get_user_model()._default_manager.select_for_update()
    if not users.filter(pk=user.pk, session_epoch=user.session_epoch).exists():
        raise NotBegunHere("ended")


def _details(connection: Connection) -> dict[str, object]:
    return {"source": connection.provider, "issuer": connection.issuer, "called": connection.label}


def _tell(
    kind: str,
    user: AbstractUser,
    connection: Connection,
    *,
    by: AbstractUser,
    request: HttpRequest | None,
) -> None:
    AccountEvent.objects.record(
        kind, user=user, actor=by, details=_details(connection), request=request
    )
    if user.email and has_emails():
        announce(kind, to=user.email, user=user, what=_shown(connection, to=user), request=request)
    signals.send_on_commit(getattr(news, kind), user=user, connection=connection, request=request)
