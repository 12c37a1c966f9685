"""
Accounts with something of everything, each for one race: Maria, by a number, and what is hers.

All of them are put back at once, and judged at once, so that a race costs little beside its acts.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache, cached_property, partial
from graphlib import TopologicalSorter
from itertools import count
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core.exceptions import ObjectDoesNotExist
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from django_useraccounts.administration.flows import switch_off
from django_useraccounts.canonical import username_key
from django_useraccounts.conf import conf
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import AccountError
from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.leaving.flows import close_account, make_due_exports, request_export
from django_useraccounts.mail import announce
from django_useraccounts.memberships.flows import apply_event, record_payment
from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.models import (
    AbstractUser,
    AccountEvent,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.policy import Policy
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    Purpose,
    issue,
)
from django_useraccounts.sessions.keeping import SESSION_KEY
from django_useraccounts.sessions.models import DISOWN_LOGIN, LoginSession
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK, Connection
from django_useraccounts.testing import PASSWORD, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from django_useraccounts.transactions import repeat_undone
from django_useraccounts.undeliverable import report_undeliverable
from tests.attacks.browsers import url
from tests.attacks.races import Lines, Surfer
from tests.memberships.bills import Subscription, read, signature
from tests.memberships.office import Office
from tests.races import suspense
from tests.social.visits import ISSUER

User = get_user_model()

#: A secret of Django's that is its own token, so that no form has to be seen before it is sent.
CSRF = "a" * 32
#: Stripe signs each delivery anew.
SECONDS = count()

#: How many Marias there are: enough for twenty races of a pair and what they are compared with.
MARIAS = 24
#: For so many seconds the logins of rows that were made once are taken for recent: a third of what
#: the default of RECENT_LOGIN_MAX_AGE allows.
FRESH = 300
#: What the browser calls itself that is logged in and does nothing.
ELSEWHERE = "Elsewhere"
#: By which names and addresses tell whose they are: the number of a Maria.
NUMBER = re.compile(r"(?<=[a-z])-(\d\d)(?!\d)")

#: What a program hears that may not, the second when the account is erased.
REFUSALS = (AccountError, ObjectDoesNotExist)

Act = Callable[[], object]


class Everybody(Policy):
    """Everybody may invite and grant."""

    def may_invite(self, user: AbstractUser, *, request: object) -> bool:
        return True

    def may_grant(self, user: AbstractUser, role_names: object) -> bool:
        return True


class Names:
    """What those are called who belong to the Maria of a number."""

    def __init__(self, number: int) -> None:
        self.tag = f"-{number:02}"
        self.first, self.second = self.address_of("maria"), self.address_of("second")
        self.claim = self.address_of("third")

    def name(self, text: str) -> str:
        return text + self.tag

    def address_of(self, text: str) -> str:
        return f"{text}{self.tag}@example.com"


class World(Names):
    """
    A Maria, who has two proved addresses, a claim, a provider and a customer number, and for whom
    there are roles and plans of her own.

    What several acts need, such as a link, is made once: both then hold the same one.
    """

    def __init__(
        self, stage: "Stage", number: int, users: Mapping[str, Any], sessions: "Sessions"
    ) -> None:
        super().__init__(number)
        self.stage, self._keys = stage, sessions.of_maria
        self._sessions, self._offices = iter(sessions.of_maria), iter(sessions.of_the_boss)
        self.maria = users[self.name("maria")]
        self.boss = users[self.name("boss")]
        #: When it became her turn.
        self.begun_at = timezone.now()
        self._changes: list[tuple[models.QuerySet[Any], Mapping[str, object]]] = []

    def begin(self, wanted: Mapping[str, bool]) -> None:
        """Close the account, or whatever else an act wants it to be: after all is prepared."""
        if wanted.get("unproved"):
            self._lose_all_proofs()
        if wanted.get("off"):
            switch_off(self.maria)
        if wanted.get("closed"):
            close_account(self.maria)

    def _lose_all_proofs(self) -> None:
        """Let the account be one that somebody has registered, and never confirmed."""
        proof = {"verified_key": None, "is_primary": None, "confirmed_at": None}
        UserEmail.objects.filter(user=self.maria).update(**proof)
        User.objects.filter(pk=self.maria.pk).update(email="")
        events = AccountEvent.objects.filter(user=self.maria, kind="email_added")
        events._raw_delete(events.db)
        AccountEvent.objects.record("registered", user=self.maria, actor=self.maria)
        if conf.CONFIRM_EMAIL_BEFORE_LOGIN:
            # Nobody has come in.
            User.objects.filter(pk=self.maria.pk).update(last_login=None)
            Session.objects.filter(pk__in=self._keys).delete()
            LoginSession.objects.filter(user=self.maria).delete()

    def at_turn(self, rows: models.QuerySet[Any], **values: object) -> None:
        """
        Have rows changed when it is her turn.

        So a command, which looks for all that is due, finds what is hers, and of nobody else.
        """
        self._changes.append((rows, values))

    def begin_turn(self) -> None:
        for rows, values in self._changes:
            rows.update(**values)
        self.begun_at = timezone.now()

    def copy_of_maria(self) -> AbstractUser:
        """Maria as the administrator has loaded her."""
        user: AbstractUser = User.objects.get(pk=self.maria.pk)
        return user

    def address(self, email: str) -> UserEmail:
        return UserEmail.objects.get(user=self.maria, email=email)

    # Who acts

    def stranger(self) -> Surfer:
        """A browser that nobody is logged in at."""
        stage = self.stage
        surfer = Surfer(stage.origin, headers=suspense.headers, line=stage.lines.own)
        surfer.cookies[settings.CSRF_COOKIE_NAME, "/"] = surfer.token = CSRF
        return surfer

    def owner(self) -> Surfer:
        """A browser with a session of Maria's own, whose password was given just now."""
        surfer = self.stranger()
        surfer.cookies[settings.SESSION_COOKIE_NAME, "/"] = next(self._sessions)
        return surfer

    def office(self) -> Surfer:
        """A browser with a session of the boss's own."""
        surfer = self.stranger()
        surfer.cookies[settings.SESSION_COOKIE_NAME, "/"] = next(self._offices)
        return surfer

    def calling(self, flow: Callable[..., object], *args: object, **kwargs: object) -> Act:
        """
        Call a flow as a program does, by the connection of its thread; its refusal is an answer.

        What the database undoes for another transaction it begins again, as pages do.
        """

        def call() -> object:
            try:
                return repeat_undone(partial(flow, *args, **kwargs), restore=lambda: None)
            except REFUSALS as refusal:
                return refusal

        return call

    # What they hold

    @cached_property
    def reset_link(self) -> OneTimeSecret:
        return issue(RESET_PASSWORD, address=self.address(self.first))

    @cached_property
    def confirm_link(self) -> OneTimeSecret:
        return issue(CONFIRM_EMAIL, address=self.address(self.claim))

    @cached_property
    def undo_link(self) -> OneTimeSecret:
        return self._taking_back(UNDO_EMAIL_CHANGE)

    @cached_property
    def disown_link(self) -> OneTimeSecret:
        return self._taking_back(DISOWN_LOGIN)

    @cached_property
    def connect_link(self) -> OneTimeSecret:
        pending = json.dumps(identity(self.name("other")).as_kept())
        return issue(CONNECT_BY_LINK, address=self.address(self.first), pending=pending)

    @cached_property
    def export_link(self) -> OneTimeSecret:
        secret = request_export(self.maria).secret
        make_due_exports(limit=1)
        return self._fresh(secret)

    @cached_property
    def invitation(self) -> Invitation:
        """An invitation that was mailed to Maria."""
        return invite(self.second, by=self.boss, roles=[self.name("artist")])

    @cached_property
    def sent_invitation(self) -> Invitation:
        """An invitation of Maria's own."""
        permission = Permission.objects.get(codename="add_invitation")
        self.maria.user_permissions.add(permission)
        return invite(self.address_of("frida"), by=self.maria)

    @property
    def role(self) -> Role:
        """The role that Maria is given, or has."""
        return Role.objects.get(name=self.name("artist"))

    @property
    def plan(self) -> Plan:
        """The plan that Maria pays for."""
        return Plan.objects.get(name=self.name("patron"))

    @cached_property
    def granted_role(self) -> str:
        """A role that Maria has for good."""
        return str(grant_role(self.maria, self.role).role.name)

    @cached_property
    def ending_grant(self) -> RoleGrant:
        """A role that Maria has for some days more."""
        return grant_role(self.maria, self.role, until=timezone.now() + timedelta(days=3))

    @cached_property
    def elsewhere(self) -> LoginSession:
        """A session of Maria's in a browser that nobody acts by."""
        return LoginSession.objects.get(user=self.maria, user_agent=ELSEWHERE)

    @cached_property
    def mail_given_up(self) -> OutgoingMail:
        mail = announce("welcome", to=self.first, user=self.maria)
        OutgoingMail.objects.filter(pk=mail.pk).update(due_at=None, attempts=7)
        return mail

    @cached_property
    def mail_of_a_link(self) -> OutgoingMail:
        return announce("reset_password", to=self.first, user=self.maria, secret=self.reset_link)

    @cached_property
    def old_link(self) -> OneTimeSecret:
        """
        A link that has a mail; besides, something of each table that was there for too long.

        That is a name, events, what is known of an address, a mail, and when a browser was seen.
        """
        long_ago = timezone.now() - timedelta(days=999)
        key = username_key(self.name("mary"))
        OldUsername.objects.create(user=self.maria, username_key=key, released_at=long_ago)
        event = AccountEvent.objects.record("profile_edited", user=self.maria)
        AccountEvent.objects.filter(pk=event.pk).update(at=long_ago)
        report_undeliverable(self.second, state="failing")
        reports = UndeliverableAddress.objects.addressed(self.second)
        reports.update(reported_at=long_ago)
        sent = announce("welcome", to=self.first, user=self.maria)
        OutgoingMail.objects.filter(pk=sent.pk).update(due_at=None, sent_at=long_ago)
        LoginSession.objects.filter(pk=self.elsewhere.pk).update(seen_at=long_ago)
        link = issue(RESET_PASSWORD, address=self.address(self.second))
        announce("reset_password", to=self.second, user=self.maria, secret=link)
        return link

    @cached_property
    def bounced(self) -> UndeliverableAddress:
        """What is known of Maria's primary address, which takes no mail."""
        report_undeliverable(self.first, state="bounced")
        return UndeliverableAddress.objects.addressed(self.first).get()

    @cached_property
    def connection(self) -> Connection:
        return Connection.objects.get(user=self.maria)

    @cached_property
    def subscription(self) -> Subscription:
        ids = {"customer": self.name("cus"), "id": self.name("sub")}
        price, plan = self.name("price_patron"), self.name("patron")
        return Subscription(str(self.maria.pk), **ids, price=price, plan=plan)

    @cached_property
    def transfer(self) -> Payment:
        """A payment for a period that ends in some days."""
        until = timezone.now() + timedelta(days=3)
        return record_payment(self.maria, self.plan, until, reference=self.name("paid"))

    @cached_property
    def paid_subscription(self) -> Subscription:
        """One whose first invoice is paid, which Stripe shows to who asks about its refund."""
        subscription = self.subscription
        apply_event(read(subscription.paid(0)))
        intent = subscription.refunded(0)["data"]["object"]["payment_intent"]
        self.stage.office.invoices[intent] = subscription.invoice(0, status="paid")
        return subscription

    @cached_property
    def subscribed(self) -> Membership:
        """What Maria is by the subscription that is paid."""
        return Membership.objects.get(subscription_id=self.paid_subscription.id)

    def _taking_back(self, purpose: Purpose) -> OneTimeSecret:
        """A link that makes the addresses what they were when Maria had but the first one."""
        pending = f"{self.first} 2026-01-01T00:00:00+0000"
        return self._fresh(issue(purpose, address=self.address(self.first), pending=pending))

    def _fresh(self, secret: OneTimeSecret) -> OneTimeSecret:
        secret.refresh_from_db()
        return secret

    # Their one request

    def post(self, surfer: Surfer, page: str, *args: object, **data: str) -> Act:
        return partial(surfer.post, url(page, *args), data)

    def use(self, surfer: Surfer, secret: OneTimeSecret, **data: str) -> Act:
        """Send the form of the page of a mailed link."""
        return partial(surfer.post, surfer.hold(secret), data)

    def come_back(
        self, surfer: Surfer, page: str, subject: str, *, email: str = "", purpose: str = ""
    ) -> Act:
        """Go to the provider and agree there, who has proved ``email``; the request is the way back."""
        begun = surfer.post(url(page, "guild"), {"purpose": purpose})
        assert begun.status == 302, begun.text
        told = {"sub": subject, "email": email, "email_verified": bool(email)}
        callback = self.stage.provider.agree(begun.location, told)
        return partial(surfer.get, str(callback))

    def arrive(self, subject: str, *, email: str) -> Surfer:
        """A browser that has come back as somebody whom no account belongs to yet."""
        surfer = self.stranger()
        self.come_back(surfer, "social_login", subject, email=email)()
        return surfer

    def deliver(self, tree: dict[str, Any]) -> Act:
        """Post an event as Stripe does."""
        body = json.dumps(tree)
        surfer = self.stranger()
        at = time.time() - next(SECONDS) % 200
        headers = {"Stripe-Signature": signature(body, at=at), "Content-Type": "application/json"}
        return partial(surfer.send, "POST", url("stripe_webhook"), body, headers)


def identity(subject: str) -> Identity:
    return Identity("guild", ISSUER, subject)


class Sessions(NamedTuple):
    """The keys of as many sessions as a race has acts."""

    of_maria: list[str]
    of_the_boss: list[str]


class Snapshot:
    """All rows as they are before anything is done, to be put back before so many races."""

    def __init__(self, *, password: bool) -> None:
        self.made_at = time.monotonic()
        clear()
        everybody = [Names(number) for number in range(1, MARIAS + 1)]
        #: By the number of each Maria.
        self.sessions = [self._settle(names, password=password) for names in everybody]
        self.rows = [(model, list(model._base_manager.all())) for model in reversed(tables())]

    def _settle(self, names: Names, *, password: bool) -> Sessions:
        Role.objects.create(name=names.name("artist"))
        for text, role in (("patron", "member"), ("friend", "friend")):
            name, granted = names.name(text), Role.objects.create(name=names.name(role))
            price = {"price": "€ 5", "price_id": f"price_{name}"}
            Plan.objects.create(name=name, label=name, role=granted, **price)
        maria = make_user(names.name("maria"), names.first, PASSWORD if password else None)
        add_email(maria, names.second, confirmed=True)
        UserEmail.objects.add_claim(maria, names.claim)
        boss = make_user(names.name("boss"), is_staff=True, is_superuser=True)
        connect(maria, identity(names.name("first")))
        StripeCustomer.objects.create(user=maria, customer_id=names.name("cus"))
        LoginSession.objects.create(user=maria, epoch=maria.session_epoch, user_agent=ELSEWHERE)
        return Sessions(*([self._session(user) for _ in range(2)] for user in (maria, boss)))

    def _session(self, user: AbstractUser) -> str:
        """Return the key of a session of a user, with a row that is written once for all races."""
        session = log_in(Client(), user).session
        row = LoginSession.objects.create(user=user, epoch=user.session_epoch)
        session[SESSION_KEY] = row.pk.hex
        session.save()
        return str(session.session_key)

    def restore(self) -> None:
        models = [model for model, _rows in self.rows]
        with transaction.atomic(), connection.cursor() as cursor:
            clear()
            for model, rows in self.rows:
                if rows:
                    model._base_manager.bulk_create(rows)
            # Other tests may have left PostgreSQL to count on from where these rows are.
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)


#: Those of this process, with a password and without.
_snapshots: dict[bool, Snapshot] = {}


def snapshot(*, password: bool) -> Snapshot:
    """Return rows to begin with, in which nobody's login is too old to count as a recent one."""
    made = _snapshots.get(password)
    if not made or time.monotonic() - made.made_at > FRESH:
        made = _snapshots[password] = Snapshot(password=password)
    return made


class Stage:
    """A live server with lines to it that stay, a provider, a Stripe, and all the Marias."""

    def __init__(self, origin: str, provider: FakeProvider, office: Office) -> None:
        self.origin, self.provider, self.office = origin, provider, office
        self.lines = Lines(origin)

    def worlds(self, before: Snapshot) -> Iterator[World]:
        """Put back everybody, and yield one after the other."""
        before.restore()
        users = {user.username: user for user in User.objects.all()}
        for number, sessions in enumerate(before.sessions, 1):
            yield World(self, number, users, sessions)


def clear() -> None:
    """Delete all accounts, what hangs on them, and all roles and plans."""
    for model in tables():
        rows = model._base_manager.all()
        rows._raw_delete(rows.db)


@cache
def tables() -> list[type[models.Model]]:
    """Return our tables, those of sessions and of what administrators did, each before those that it points at."""
    found = {
        model
        for app in apps.get_app_configs()
        if app.label.startswith("useraccounts")
        for model in app.get_models(include_auto_created=True)
    }
    found |= {Session, LogEntry}
    graph = {
        model: {f.related_model for f in model._meta.local_fields if f.remote_field}
        & found - {model}
        for model in found
    }
    return [*TopologicalSorter(graph).static_order()][::-1]
