"""
What must hold in the tables of the accounts after every act of everybody: each part says in words
what is broken, and yields nothing when all is well.

Source: the list "Invariants for the state machine" of the attacks that every release must survive.
Rows that a program prunes (events, mails, links) are not to be pruned by whoever asks.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from typing import Any

from django.conf import settings as site
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from django_useraccounts.canonical import email_key, username_key
from django_useraccounts.conf import conf
from django_useraccounts.invitations.models import Invitation, InvitationUse
from django_useraccounts.memberships.models import Membership, Payment
from django_useraccounts.models import (
    AbstractUser,
    AccountEvent,
    AccountExport,
    OneTimeSecret,
    OutgoingMail,
    RoleGrant,
    UserEmail,
)
from django_useraccounts.secrets import PURPOSES, link_of
from django_useraccounts.social.identities import identity_key
from django_useraccounts.social.models import Connection

#: The acts that end the sessions of whose account it is, each by raising the epoch by one.
ENDS_SESSIONS = (
    "password_changed",
    "password_set",
    "password_reset",
    "sessions_ended",
    "switched_off",
    "account_closed",
    "email_change_undone",
    "handed_over",
)
#: News of a new password, of which the owner is mailed to.
NEW_PASSWORD = ("password_changed", "password_set", "password_reset")
#: Which act a link leaves behind when it is used, where only a link can bring it about. (The link
#: of an export goes when another one is asked for.)
USED_BY = {
    "reset_password": ("password_reset",),
    "undo_email_change": ("email_change_undone",),
}


def broken() -> list[str]:
    """Return all that is broken now, in words; the empty list when all is well."""
    return [words for part in PARTS for words in part()]


def addresses() -> Iterator[str]:
    """A proved address has one owner, one of them is primary, and ``user.email`` shows that one."""
    owners: dict[str, Any] = {}
    for row in UserEmail.objects.order_by("pk"):
        if row.email_key != email_key(row.email):
            yield f"the key of {row.email} is {row.email_key}"
        if row.verified_key is None:
            continue
        # By the key computed now, not the stored one: the constraint must not vouch for itself.
        other = owners.setdefault(email_key(row.email), row.user_id)
        if other != row.user_id or row.verified_key != row.email_key:
            yield f"{row.email} belongs to #{other} and to #{row.user_id}"
        if row.confirmed_at is None:
            yield f"{row.email} is proved, and nothing says when"
    most = conf.EMAILS_PER_USER + (conf.EMAILS_PER_USER == 1)  # one waits to take the place
    for key, count in Counter(UserEmail.objects.values_list("user_id", flat=True)).items():
        if count > most:
            yield f"#{key} has {count} addresses"


def primary_addresses() -> Iterator[str]:
    """Who has proved addresses has one primary among them, and ``user.email`` shows that one."""
    primary: dict[Any, str] = {}
    rows = list(UserEmail.objects.order_by("pk"))
    for row in rows:
        if row.is_primary and row.verified_key is None:
            yield f"{row.email} of #{row.user_id} is primary and not proved"
        if row.is_primary and primary.setdefault(row.user_id, row.email) != row.email:
            yield f"#{row.user_id} has two primary addresses"
    for key in {row.user_id for row in rows if row.verified_key} - primary.keys():
        yield f"#{key} has proved addresses, and none is primary"
    for key, email in get_user_model().objects.values_list("pk", "email"):
        if (email or "") != primary.get(key, ""):
            yield f"#{key} shows “{email}”, and the primary address is “{primary.get(key, '')}”"


def usernames() -> Iterator[str]:
    """No two users are called the same, by the key computed now."""
    names = get_user_model().objects.exclude(username=None).values_list("username", "username_key")
    seen: dict[str, str] = {}
    for name, key in names:
        if key != username_key(name):
            yield f"the key of {name} is {key}"
        if seen.setdefault(username_key(name), name) != name:
            yield f"{name} and {seen[username_key(name)]} are one name"


def ways_in() -> Iterator[str]:
    """Who has been in keeps a way in: a password, a provider, or an address for a new password."""
    users = get_user_model().objects.filter(is_active=True).not_gone()
    has_proved = set(UserEmail.objects.confirmed().values_list("user_id", flat=True))
    connected = set(Connection.objects.values_list("user_id", flat=True))
    had_proved = set(
        AccountEvent.objects.filter(kind="email_confirmed").values_list("user_id", flat=True)
    )
    for user in users:
        if user.pk in has_proved:
            continue
        if user.pk in had_proved:
            yield f"{user} has lost the last proved address"
        # Who has no password yet sets one by mail once the address is confirmed.
        is_let_in = not conf.CONFIRM_EMAIL_BEFORE_LOGIN and user.has_usable_password()
        waits = is_let_in or user.emails.exists()
        was_disowned = AccountEvent.objects.filter(user=user, kind="email_disowned").exists()
        if not waits and user.pk not in connected and not was_disowned and conf.EMAIL != "off":
            yield f"{user} has no way in"


def sessions() -> Iterator[str]:
    """Sessions that work are of accounts that are on, open, and proved where that is asked for."""
    for session, user in living_sessions():
        if not user.is_active or user.is_closed:
            yield f"a session of {user}, whose account is off or closed, works"
        if conf.CONFIRM_EMAIL_BEFORE_LOGIN and not user.has_confirmed_email:
            yield f"a session of {user}, who has proved no address, works"
        if user.password in str(session.get_decoded()):
            yield f"a session of {user} holds the hash of the password"


def living_sessions() -> Iterator[tuple[Session, AbstractUser]]:
    """Yield each session that would be somebody's at the next request, as the server sees it."""
    engine = import_module(site.SESSION_ENGINE)
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        request = HttpRequest()
        request.session = engine.SessionStore(session.session_key)
        user = get_user(request)
        if isinstance(user, AbstractUser):
            yield session, user


def secrets() -> Iterator[str]:
    """A link is used once, for its purpose, and rests in no table."""
    acts = Counter(AccountEvent.objects.values_list("user_id", "kind"))
    used: Counter[tuple[Any, str]] = Counter()
    for secret in OneTimeSecret.objects.exclude(user=None).select_related("user"):
        if secret.purpose not in PURPOSES:
            yield f"a link is for {secret.purpose}"
        if secret.epoch > secret.user.session_epoch:
            yield f"a link of {secret.user} is of a time to come"
        if secret.redeemed_at:
            used[secret.user_id, secret.purpose] += 1
    here = set(get_user_model().objects.values_list("pk", flat=True))
    gone = set(
        AccountEvent.objects.filter(kind__in=["email_removed", "email_change_undone"]).values_list(
            "user_id", flat=True
        )
    )
    for purpose, kinds in USED_BY.items():
        for user in here:
            count = sum(acts[user, kind] for kind in kinds)
            # With an address go its links; without such an act all of them are here.
            if count > used[user, purpose] and user not in gone:
                yield f"#{user} has {kinds[0]} {count} times by {used[user, purpose]} links"


def secrets_at_rest() -> Iterator[str]:
    """No proof of a link is in a mail that waits, an event or a session."""
    texts = [
        *(f"{mail.what} {mail.about} {mail.error}" for mail in OutgoingMail.objects.all()),
        *(str(event.details) for event in AccountEvent.objects.all()),
        *(str(session.get_decoded()) for session in Session.objects.all()),
    ]
    text = "\n".join(texts)
    for secret in OneTimeSecret.objects.filter(redeemed_at=None).exclude(user=None):
        if link_of(secret).proof in text:
            yield f"a link for {secret.purpose} of #{secret.user_id} lies open"


def events() -> Iterator[str]:
    """The last event of each kind of switch tells what the row says."""
    states = {
        "is_active": {"switched_on": True, "switched_off": False},
        "is_closed": {"account_reopened": False, "account_closed": True},
    }
    for user in get_user_model().objects.all():
        kinds = list(
            AccountEvent.objects.filter(user=user).order_by("pk").values_list("kind", flat=True)
        )
        if "account_erased" in kinds:
            continue
        for name, says in states.items():
            switched = [says[kind] for kind in kinds if kind in says]
            if switched and getattr(user, name) is not switched[-1]:
                yield f"{user}: {name} is {getattr(user, name)}, the events say {switched[-1]}"
            if any(before is after for before, after in pairwise(switched)):
                yield f"{user}: {name} was switched twice to the same"
        yield from _epoch(user, Counter(kinds))
        yield from _name(user)


def _epoch(user: AbstractUser, kinds: Counter[str]) -> Iterator[str]:
    ended = sum(kinds[kind] for kind in ENDS_SESSIONS)
    # What a person disconnects ends sessions; what a lock-out of rooms disconnects, once for all,
    # is part of another act, and has no actor.
    ended += AccountEvent.objects.filter(
        user=user, kind="provider_disconnected", actor__isnull=False
    ).count()
    if user.session_epoch != ended:
        yield f"{user}: the epoch is {user.session_epoch}, the events say {ended}"


def _name(user: AbstractUser) -> Iterator[str]:
    renamed = (
        AccountEvent.objects.filter(user=user, kind="username_changed").order_by("-pk").first()
    )
    if renamed and renamed.details["to"] != user.username:
        yield f"{user} was renamed to {renamed.details['to']} at last"


def notices() -> Iterator[str]:
    """Who has an address was told by mail of each new password, and of leaving."""
    events = Counter(AccountEvent.objects.values_list("user_id", "kind"))
    mails = Counter(OutgoingMail.objects.values_list("user_id", "kind"))
    for user in get_user_model().objects.exclude(email__in=["", None]):
        acts = sum(events[user.pk, kind] for kind in NEW_PASSWORD)
        told = mails[user.pk, "password_changed"]
        if acts != told:
            yield f"{user} was told {told} times of {acts} new passwords"
        for kind in ("account_closed", "account_reopened"):
            if mails[user.pk, kind] < events[user.pk, kind]:
                yield f"{user} was not told each time of {kind}"


def roles() -> Iterator[str]:
    """Each grant has an event, and those who are off or closed have no role."""
    granted: Counter[tuple[Any, str]] = Counter(
        (event.user_id, event.details["role"])
        for event in AccountEvent.objects.filter(kind="role_granted")
    )
    # A grant that had not begun goes when it is revoked: there may be less than there were.
    for pair, count in Counter(RoleGrant.objects.values_list("user_id", "role__name")).items():
        if count > granted[pair]:
            yield f"#{pair[0]} has {count} grants of {pair[1]}, and {granted[pair]} events"
    for user in get_user_model().objects.all():
        if (not user.is_active or user.is_closed) and user.role_names:
            yield f"{user} is off or closed, and has roles"
    rights = AccountEvent.objects.filter(kind="rights_changed")
    superusers = get_user_model().objects.filter(is_active=True, is_superuser=True, erase_at=None)
    if any("is_superuser" in event.details for event in rights) and not superusers.exists():
        yield "nobody may administer the site any more"


def exports() -> Iterator[str]:
    """What was packed for its owner can still be fetched, and goes with its link."""
    for export in AccountExport.objects.select_related("secret", "user"):
        if export.secret.redeemed_at is not None:
            yield f"the export of {export.user} outlives its link"
        if export.user.is_closed:
            yield f"the export of {export.user}, who has closed the account, waits"


def invitations() -> Iterator[str]:
    """An invitation is used by as many as it is for, or withdrawn, and its link ends with it."""
    uses = Counter(InvitationUse.objects.values_list("invitation_id", flat=True))
    for row in Invitation.objects.select_related("link"):
        if row.uses > row.uses_allowed or uses[row.pk] > row.uses:
            yield f"invitation {row.pk} counts {row.uses} uses, of {uses[row.pk]} people"
        if row.withdrawn_at and row.uses >= row.uses_allowed:
            yield f"invitation {row.pk} was both used up and withdrawn"
        is_over = row.withdrawn_at or row.uses >= row.uses_allowed
        if is_over and row.link.redeemed_at is None:
            yield f"the link of invitation {row.pk}, which is over, works"


def connections() -> Iterator[str]:
    """An identity at a provider lets into one account."""
    seen: dict[str, Any] = {}
    for row in Connection.objects.all():
        key = identity_key(row.issuer, row.subject)
        if row.key != key or seen.setdefault(key, row.user_id) != row.user_id:
            yield f"{row.issuer} {row.subject} lets into #{row.user_id} and #{seen.get(key)}"


def memberships() -> Iterator[str]:
    """What was given back, or has ended, opens nothing."""
    in_force = set(RoleGrant.objects.in_force().values_list("pk", flat=True))
    for payment in Payment.objects.select_related("membership"):
        is_over = payment.state != Payment.State.PAID
        if (is_over or payment.membership.state == Membership.State.ENDED) and (
            payment.grant_id in in_force
        ):
            yield f"payment {payment.pk} ({payment.state}) still gives its role"


PARTS: tuple[Callable[[], Iterator[str]], ...] = (
    addresses,
    primary_addresses,
    usernames,
    ways_in,
    sessions,
    secrets,
    secrets_at_rest,
    events,
    notices,
    roles,
    exports,
    invitations,
    connections,
    memberships,
)
