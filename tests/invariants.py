"""
What must hold in the tables of the accounts after every act of everybody: each part says in words
what is broken, and yields nothing when all is well.

Source: the list "Invariants for the state machine" of the attacks that every release must survive.
Some of it holds only until a program prunes (mails, links, claims): ``BEFORE_PRUNING``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from itertools import pairwise
from typing import Any

from django.conf import settings as site
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from django_useraccounts.canonical import email_key, username_key
from django_useraccounts.conf import conf
from django_useraccounts.identity import has_emails
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
from django_useraccounts.sessions.keeping import SESSION_KEY
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.social.identities import identity_key
from django_useraccounts.social.models import Connection

#: The acts that end the sessions of whose account it is, each by raising the epoch by one.
ENDS_SESSIONS = (
    "password_changed",
    "password_set",
    "password_set_by_code",
    "password_reset",
    "sessions_ended",
    "switched_off",
    "account_closed",
    "email_change_undone",
    "login_disowned",
    "other_sessions_ended",
    "handed_over",
)
#: The mail of a new password, and the events that it tells of.
NEWS = "password_changed"
NEW_PASSWORD = ("password_changed", "password_set", "password_reset")
#: Which act a link leaves behind when it is used, where only a link can bring it about. (The link
#: of an export goes when another one is asked for.)
USED_BY = {
    "reset_password": "password_reset",
    "undo_email_change": "email_change_undone",
    "disown_login": "login_disowned",
}


def broken(tables: "Tables | None" = None, *, is_pruned: bool = False) -> list[str]:
    """
    Return all that is broken now, in words; the empty list when all is well.

    ``is_pruned`` leaves out what compares rows that a program has deleted with those that it keeps.
    """
    tables = tables or Tables()
    parts = [part for part in PARTS if not (is_pruned and part in BEFORE_PRUNING)]
    return [words for part in parts for words in part(tables)]


class Tables:
    """All rows as they are now, each table read once and only if something asks for it."""

    @cached_property
    def users(self) -> dict[Any, AbstractUser]:
        return {user.pk: user for user in get_user_model().objects.order_by("pk")}

    @cached_property
    def emails(self) -> list[UserEmail]:
        return list(UserEmail.objects.order_by("pk"))

    @cached_property
    def proved(self) -> dict[Any, list[UserEmail]]:
        """The proved addresses of each who has one."""
        found = defaultdict(list)
        for row in self.emails:
            if row.verified_key is not None:
                found[row.user_id].append(row)
        return found

    @cached_property
    def events(self) -> dict[Any, list[AccountEvent]]:
        """What was done to each, in its order."""
        found = defaultdict(list)
        for event in AccountEvent.objects.order_by("pk"):
            found[event.user_id].append(event)
        return found

    @cached_property
    def kinds(self) -> dict[Any, Counter[str]]:
        """How often each kind of act was done to each."""
        counts = {user: Counter(e.kind for e in events) for user, events in self.events.items()}
        return defaultdict(Counter, counts)

    @cached_property
    def mails(self) -> list[OutgoingMail]:
        return list(OutgoingMail.objects.all())

    @cached_property
    def links(self) -> list[OneTimeSecret]:
        return list(OneTimeSecret.objects.exclude(user=None))

    @cached_property
    def sessions(self) -> list[Session]:
        return list(Session.objects.filter(expire_date__gt=timezone.now()))

    @cached_property
    def living_sessions(self) -> list[tuple[Session, AbstractUser]]:
        """Each session that would be somebody's at the next request, as the server sees it."""
        engine, found = import_module(site.SESSION_ENGINE), []
        for session in self.sessions:
            request = HttpRequest()
            request.session = engine.SessionStore()
            request.session.update(session.get_decoded())
            user, row = get_user(request), request.session.get(SESSION_KEY)
            is_over = row is not None and row not in self.living_rows
            if isinstance(user, AbstractUser) and not is_over:
                found.append((session, user))
        return found

    @cached_property
    def living_rows(self) -> dict[str, LoginSession]:
        """What the room of sessions has written of those that were not ended one by one."""
        return {row.pk.hex: row for row in LoginSession.objects.filter(ended_at=None)}

    @cached_property
    def connections(self) -> list[Connection]:
        return list(Connection.objects.all())


def addresses(tables: Tables) -> Iterator[str]:
    """A proved address has one owner, by the key computed now; nobody has too many addresses."""
    owners: dict[str, Any] = {}
    for row in tables.emails:
        # The constraint must not vouch for itself.
        if row.email_key != email_key(row.email):
            yield f"the key of {row.email} is {row.email_key}"
    for key, rows in tables.proved.items():
        for row in rows:
            if owners.setdefault(email_key(row.email), key) != key:
                yield f"{row.email} belongs to #{owners[email_key(row.email)]} and to #{key}"
            if row.verified_key != row.email_key or row.confirmed_at is None:
                yield f"{row.email} is proved as {row.verified_key}, since {row.confirmed_at}"
    most = conf.EMAILS_PER_USER + (conf.EMAILS_PER_USER == 1)  # one waits to take the place
    for key, count in Counter(row.user_id for row in tables.emails).items():
        # The limit is one for people, and not for who adds an address of somebody else.
        kinds = {"email_added", "email_confirmed"}
        added = [event for event in tables.events[key] if event.kind in kinds]
        if count > most + sum(event.actor_id != key for event in added):
            yield f"#{key} has {count} addresses"


def primary_addresses(tables: Tables) -> Iterator[str]:
    """Who has proved addresses has one primary among them, and ``user.email`` shows that one."""
    primary: dict[Any, str] = {}
    for row in tables.emails:
        if row.is_primary and row.verified_key is None:
            yield f"{row.email} of #{row.user_id} is primary and not proved"
        if row.is_primary and primary.setdefault(row.user_id, row.email) != row.email:
            yield f"#{row.user_id} has two primary addresses"
    for key in tables.proved.keys() - primary.keys():
        yield f"#{key} has proved addresses, and none is primary"
    for key, user in tables.users.items():
        if (user.email or "") != primary.get(key, ""):
            yield f"#{key} shows “{user.email}”, the primary address is “{primary.get(key, '')}”"


def usernames(tables: Tables) -> Iterator[str]:
    """No two users are called the same, by the key computed now."""
    seen: dict[str, str] = {}
    for user in tables.users.values():
        if user.username is None:
            continue
        if user.username_key != username_key(user.username):
            yield f"the key of {user.username} is {user.username_key}"
        if seen.setdefault(username_key(user.username), user.username) != user.username:
            yield f"{user.username} and {seen[username_key(user.username)]} are one name"


def ways_in(tables: Tables) -> Iterator[str]:
    """Who has been in keeps a way in: a password, a provider, or an address for a new password."""
    connected = {row.user_id for row in tables.connections}
    claimed = {row.user_id for row in tables.emails}
    for key, user in tables.users.items():
        if key in tables.proved or not user.is_active or user.is_gone or conf.EMAIL == "off":
            continue
        if tables.kinds[key]["email_confirmed"]:
            yield f"{user} has lost the last proved address"
        # Who has no password yet sets one by mail once the address is confirmed.
        is_let_in = not conf.CONFIRM_EMAIL_BEFORE_LOGIN and user.has_usable_password()
        waits = is_let_in or key in claimed
        if not waits and key not in connected and not tables.kinds[key]["email_disowned"]:
            yield f"{user} has no way in"


def sessions(tables: Tables) -> Iterator[str]:
    """Sessions that work are of accounts that are on, open, and proved where that is asked for."""
    for session, user in tables.living_sessions:
        if not user.is_active or user.is_closed:
            yield f"a session of {user}, whose account is off or closed, works"
        must_confirm = conf.CONFIRM_EMAIL_BEFORE_LOGIN and has_emails()
        if must_confirm and not user.has_confirmed_email:
            yield f"a session of {user}, who has proved no address, works"
        if user.password in str(session.get_decoded()):
            yield f"a session of {user} holds the hash of the password"


def links(tables: Tables) -> Iterator[str]:
    """A link is used once, for its purpose."""
    used = Counter((row.user_id, row.purpose) for row in tables.links if row.redeemed_at)
    for row in tables.links:
        if row.purpose not in PURPOSES:
            yield f"a link is for {row.purpose}"
        if row.epoch > tables.users[row.user_id].session_epoch:
            yield f"a link of #{row.user_id} is of a time to come"
    for purpose, kind in USED_BY.items():
        for key in tables.users:
            count, kinds = tables.kinds[key][kind], tables.kinds[key]
            # With an address go its links; without such an act all of them are here.
            taken_back = kinds["email_change_undone"] or kinds["login_disowned"]
            gone = kinds["email_removed"] or taken_back or kinds["handed_over"]
            if count > used[key, purpose] and not gone:
                yield f"#{key} has {kind} {count} times by {used[key, purpose]} links"


def secrets_at_rest(tables: Tables) -> Iterator[str]:
    """No proof of a link is in a mail that waits, an event or a session."""
    texts = [f"{mail.what} {mail.about} {mail.error}" for mail in tables.mails]
    texts += [str(event.details) for events in tables.events.values() for event in events]
    texts += [str(session.get_decoded()) for session in tables.sessions]
    text = "\n".join(texts)
    for row in tables.links:
        if row.redeemed_at is None and link_of(row).proof in text:
            yield f"a link for {row.purpose} of #{row.user_id} lies open"


def switches(tables: Tables) -> Iterator[str]:
    """The last event of each kind of switch tells what the row says, and none was for nothing."""
    states = {
        "is_active": {"switched_on": True, "switched_off": False},
        "is_closed": {"account_reopened": False, "account_closed": True},
    }
    for key, user in tables.users.items():
        if tables.kinds[key]["account_erased"]:
            continue
        for name, says in states.items():
            switched = [says[event.kind] for event in tables.events[key] if event.kind in says]
            if switched and getattr(user, name) is not switched[-1]:
                yield f"{user}: {name} is {getattr(user, name)}, the events say {switched[-1]}"
            if any(before is after for before, after in pairwise(switched)):
                yield f"{user}: {name} was switched twice to the same"


def epochs(tables: Tables) -> Iterator[str]:
    """Sessions were ended as often as the events say."""
    for key, user in tables.users.items():
        ended = sum(tables.kinds[key][kind] for kind in ENDS_SESSIONS)
        # What a person disconnects ends sessions; what a lock-out of rooms disconnects is part of
        # another act, and has no actor.
        ended += sum(
            event.kind == "provider_disconnected" and event.actor_id is not None
            for event in tables.events[key]
        )
        if user.session_epoch != ended and not tables.kinds[key]["account_erased"]:
            yield f"{user}: the epoch is {user.session_epoch}, the events say {ended}"


def names(tables: Tables) -> Iterator[str]:
    """Who was renamed is called so."""
    for key, user in tables.users.items():
        renamed = [e.details["to"] for e in tables.events[key] if e.kind == "username_changed"]
        if renamed and renamed[-1] != user.username and not tables.kinds[key]["account_erased"]:
            yield f"{user} was renamed to {renamed[-1]} at last"


def notices(tables: Tables) -> Iterator[str]:
    """Who has an address was told by mail of each new password, and of leaving."""
    mails = Counter((mail.user_id, mail.kind) for mail in tables.mails)
    for key, user in tables.users.items():
        if not (user.email and has_emails()):
            continue
        events = tables.events[key]
        acts = [event.kind for event in events]
        most = sum(acts.count(kind) for kind in NEW_PASSWORD)
        # Before the first address is proved there is nobody to tell.
        first = next((n for n, event in enumerate(events) if _proves(event)), 0)
        acts = acts[first:]
        least = sum(acts.count(kind) for kind in NEW_PASSWORD)
        told = mails[key, NEWS]
        # One that was reset is told to each address, so no address is told more often than it was.
        copies = [mail.to for mail in tables.mails if (mail.user_id, mail.kind) == (key, NEWS)]
        if not least <= told or max(Counter(copies).values(), default=0) > most:
            yield f"{user} was told {told} times of {least} new passwords"
        for kind in ("account_closed", "account_reopened"):
            if mails[key, kind] < acts.count(kind):
                yield f"{user} was not told each time of {kind}"


def _proves(event: AccountEvent) -> bool:
    """Say whether it tells of an address that is proved: by its reader, or by an administrator."""
    is_vouched = event.kind == "email_added" and event.actor_id != event.user_id
    return is_vouched or event.kind == "email_confirmed"


def roles(tables: Tables) -> Iterator[str]:
    """Each grant has an event, who is off or closed has no role, and somebody administers."""
    granted = Counter(
        (key, name)
        for key, events in tables.events.items()
        for event in events
        if event.kind == "role_granted"
        for name in _names_since(event.details["role"], tables)
    )
    # A grant that had not begun goes when it is revoked: there may be less than there were.
    for pair, count in Counter(RoleGrant.objects.values_list("user_id", "role__name")).items():
        if count > granted[pair]:
            yield f"#{pair[0]} has {count} grants of {pair[1]}, and {granted[pair]} events"
    for user in tables.users.values():
        if (not user.is_active or user.is_closed) and user.role_names:
            yield f"{user} is off or closed, and has roles"
    rights = [e for events in tables.events.values() for e in events if e.kind == "rights_changed"]
    superusers = [u for u in tables.users.values() if u.is_superuser and u.is_staff]
    superusers = [u for u in superusers if u.is_active and not u.is_closed]
    if any("is_superuser" in event.details for event in rights) and not superusers:
        yield "nobody may administer the site any more"


def _names_since(name: str, tables: Tables) -> set[str]:
    """Return what a role may be called by now, also where it was renamed at the same moment."""
    names = {name}
    for event in tables.events.get(None, ()):
        if event.kind == "role_renamed" and event.details["from"] in names:
            names.add(event.details["to"])
    return names


def exports(tables: Tables) -> Iterator[str]:
    """Nothing is packed for who has closed the account."""
    for key in AccountExport.objects.values_list("user_id", flat=True):
        if tables.users[key].is_closed:
            yield f"the export of {tables.users[key]}, who has closed the account, waits"


def invitations(tables: Tables) -> Iterator[str]:
    """An invitation is used by as many as it is for, or withdrawn, and its link ends with it."""
    uses = Counter(InvitationUse.objects.values_list("invitation_id", flat=True))
    for row in Invitation.objects.select_related("link"):
        if row.uses > row.uses_allowed or uses[row.pk] > row.uses:
            yield f"invitation {row.pk} of {row.email} counts {row.uses} uses, of {uses[row.pk]} people"
        if row.withdrawn_at and row.uses >= row.uses_allowed:
            yield f"invitation {row.pk} of {row.email} was both used up and withdrawn"
        is_over = row.withdrawn_at or row.uses >= row.uses_allowed
        if is_over and row.link.redeemed_at is None:
            yield f"the link of invitation {row.pk} of {row.email}, which is over, works"


def connections(tables: Tables) -> Iterator[str]:
    """An identity at a provider lets into one account."""
    seen: dict[str, Any] = {}
    for row in tables.connections:
        key = identity_key(row.issuer, row.subject)
        if row.key != key or seen.setdefault(key, row.user_id) != row.user_id:
            yield f"{row.issuer} {row.subject} lets into #{row.user_id} and #{seen.get(key)}"


def memberships(tables: Tables) -> Iterator[str]:
    """What was given back, or has ended, opens nothing."""
    payments = Payment.objects.exclude(grant=None)
    is_over = ~Q(state=Payment.State.PAID) | Q(membership__state=Membership.State.ENDED)
    counts = Q(grant__counts_until=None) | Q(grant__counts_until__gt=timezone.now())
    columns = ("pk", "membership__user_id", "state")
    for key, user, state in payments.filter(is_over, counts).values_list(*columns):
        yield f"payment {key} of #{user} ({state}) still gives its role"


PARTS: tuple[Callable[[Tables], Iterator[str]], ...] = (
    addresses,
    primary_addresses,
    usernames,
    ways_in,
    sessions,
    links,
    secrets_at_rest,
    switches,
    epochs,
    names,
    notices,
    roles,
    exports,
    invitations,
    connections,
    memberships,
)
#: Those that count on mails, links or claims that are still there.
BEFORE_PRUNING = (ways_in, links, notices)
