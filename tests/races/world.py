"""One account with something of everything, that all acts of a race are about."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from graphlib import TopologicalSorter
from itertools import count
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections, models, transaction
from django.test import Client

from django_useraccounts.administration.flows import switch_off
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import AccountError
from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.leaving.flows import close_account, make_due_exports, request_export
from django_useraccounts.memberships.flows import apply_event
from django_useraccounts.memberships.models import Plan, StripeCustomer
from django_useraccounts.models import AbstractUser, OneTimeSecret, Role, UserEmail
from django_useraccounts.policy import Policy
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, UNDO_EMAIL_CHANGE, issue
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK, Connection
from django_useraccounts.testing import PASSWORD, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from django_useraccounts.transactions import repeat_undone
from tests.attacks.browsers import url
from tests.attacks.races import Surfer
from tests.memberships.bills import Subscription, read, signature
from tests.races import suspense
from tests.social.visits import ISSUER

User = get_user_model()

#: A secret of Django's that is its own token, so that no form has to be seen before it is sent.
CSRF = "a" * 32
FIRST, SECOND, CLAIM = "maria@example.com", "second@example.com", "third@example.com"
#: Stripe signs each delivery anew.
SECONDS = count()

#: What stays from race to race.
HOUSE = {"Role", "Role_permissions", "Plan"}

Act = Callable[[], object]


class Everybody(Policy):
    """Everybody may invite and grant."""

    def may_invite(self, user: AbstractUser, *, request: object) -> bool:
        return True

    def may_grant(self, user: AbstractUser, role_names: object) -> bool:
        return True


class World:
    """
    Maria, who has two proved addresses, a claim, a role, a provider and a customer number.

    What several acts need, such as a link, is made once: both then hold the same one.
    """

    def __init__(
        self, origin: str, provider: FakeProvider, snapshot: "Snapshot", wanted: Mapping[str, bool]
    ) -> None:
        self.origin, self.provider, self._wanted = origin, provider, wanted
        self._sessions = iter(snapshot.sessions)
        snapshot.restore()
        self.maria = User.objects.get(username="maria")
        self.boss = User.objects.get(username="boss")

    def begin(self) -> None:
        """Close the account, or switch it off, where an act wants that: after all is prepared."""
        if self._wanted.get("off"):
            switch_off(self.maria)
        if self._wanted.get("closed"):
            close_account(self.maria)

    def copy_of_maria(self) -> AbstractUser:
        """Maria as the administrator has loaded her."""
        user: AbstractUser = User.objects.get(pk=self.maria.pk)
        return user

    def address(self, email: str) -> UserEmail:
        return UserEmail.objects.get(user=self.maria, email=email)

    # Who acts

    def stranger(self) -> Surfer:
        """A browser that nobody is logged in at."""
        surfer = Surfer(self.origin, headers=suspense.headers)
        surfer.cookies[settings.CSRF_COOKIE_NAME, "/"] = surfer.token = CSRF
        return surfer

    def owner(self) -> Surfer:
        """A browser with a session of Maria's own, whose password was given just now."""
        surfer = self.stranger()
        surfer.cookies[settings.SESSION_COOKIE_NAME, "/"] = next(self._sessions)
        return surfer

    def calling(self, flow: Callable[..., object], *args: object, **kwargs: object) -> Act:
        """
        Call a flow as a program does, with a connection of its own; its refusal is an answer.

        What the database undoes for another transaction it begins again, as pages do.
        """

        def call() -> object:
            try:
                return repeat_undone(partial(flow, *args, **kwargs), restore=lambda: None)
            except (AccountError, ObjectDoesNotExist) as refusal:
                return refusal  # the second is how a program learns that the account is erased

        return call

    # What they hold

    @cached_property
    def reset_link(self) -> OneTimeSecret:
        return issue(RESET_PASSWORD, address=self.address(FIRST))

    @cached_property
    def confirm_link(self) -> OneTimeSecret:
        return issue(CONFIRM_EMAIL, address=self.address(CLAIM))

    @cached_property
    def undo_link(self) -> OneTimeSecret:
        pending = f"{FIRST} 2026-01-01T00:00:00+0000"
        return self._fresh(issue(UNDO_EMAIL_CHANGE, address=self.address(FIRST), pending=pending))

    @cached_property
    def connect_link(self) -> OneTimeSecret:
        pending = json.dumps(identity("maria-2").as_kept())
        return issue(CONNECT_BY_LINK, address=self.address(FIRST), pending=pending)

    @cached_property
    def export_link(self) -> OneTimeSecret:
        secret = request_export(self.maria).secret
        make_due_exports(limit=1)
        return self._fresh(secret)

    @cached_property
    def invitation(self) -> Invitation:
        """An invitation that was mailed to Maria."""
        return invite(SECOND, by=self.boss, roles=["artist"])

    @cached_property
    def sent_invitation(self) -> Invitation:
        """An invitation of Maria's own."""
        permission = Permission.objects.get(codename="add_invitation")
        self.maria.user_permissions.add(permission)
        return invite("frida@example.com", by=self.maria)

    @cached_property
    def granted_role(self) -> str:
        """A role that Maria has for good."""
        return str(grant_role(self.maria, "artist").role.name)

    @cached_property
    def connection(self) -> Connection:
        return Connection.objects.get(user=self.maria)

    @cached_property
    def subscription(self) -> Subscription:
        return Subscription(str(self.maria.pk))

    @cached_property
    def paid_subscription(self) -> Subscription:
        apply_event(read(self.subscription.paid(0)))
        return self.subscription

    def _fresh(self, secret: OneTimeSecret) -> OneTimeSecret:
        secret.refresh_from_db()
        return secret

    # Their one request

    def post(self, surfer: Surfer, page: str, *args: object, **data: str) -> Act:
        return partial(surfer.post, url(page, *args), data)

    def use(self, surfer: Surfer, secret: OneTimeSecret, **data: str) -> Act:
        """Send the form of the page of a mailed link."""
        return partial(surfer.post, surfer.hold(secret), data)

    def come_back(self, surfer: Surfer, page: str, subject: str) -> Act:
        """Go to the provider and agree there; the request is the way back."""
        begun = surfer.post(url(page, "guild"), {})
        assert begun.status == 302, begun.text
        callback = self.provider.agree(begun.location, {"sub": subject})
        return partial(surfer.get, str(callback))

    def deliver(self, tree: dict[str, Any]) -> Act:
        """Post an event as Stripe does."""
        body = json.dumps(tree)
        surfer = self.stranger()
        at = time.time() - next(SECONDS) % 200
        headers = {"Stripe-Signature": signature(body, at=at), "Content-Type": "application/json"}
        return partial(surfer.send, "POST", url("stripe_webhook"), body, headers)


def closing(act: Act) -> Act:
    """Return the act for a thread of its own, which leaves no connection behind."""

    def run() -> object:
        try:
            return act()
        finally:
            connections.close_all()

    return run


def identity(subject: str) -> Identity:
    return Identity("guild", ISSUER, subject)


class Snapshot:
    """All rows of a world as they are before anything is done, to be put back for each race."""

    def __init__(self, *, password: bool = True) -> None:
        member, _is_new = Role.objects.get_or_create(name="member")
        Role.objects.get_or_create(name="artist")
        Plan.objects.get_or_create(
            name="patron", label="Patron", role=member, price_id="price_patron"
        )
        clear()
        maria = make_user("maria", FIRST, PASSWORD if password else None)
        add_email(maria, SECOND, confirmed=True)
        UserEmail.objects.add_claim(maria, CLAIM)
        make_user("boss", is_superuser=True)
        connect(maria, identity("maria-1"))
        StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
        #: The keys of as many sessions as a race has acts.
        self.sessions = [log_in(Client(), maria).session.session_key for _ in range(2)]
        self.rows = [(model, list(model._base_manager.all())) for model in reversed(tables())]

    def restore(self) -> None:
        with transaction.atomic():
            clear()
            for model, rows in self.rows:
                if rows:
                    model._base_manager.bulk_create(rows)


def clear() -> None:
    """Delete all accounts, and what hangs on them."""
    for model in tables():
        rows = model._base_manager.all()
        rows._raw_delete(rows.db)


@cache
def tables() -> list[type[models.Model]]:
    """Return our tables and those of sessions, each before those that it points at."""
    found = {
        model
        for app in apps.get_app_configs()
        if app.label.startswith("useraccounts")
        for model in app.get_models(include_auto_created=True)
        if model.__name__ not in HOUSE
    }
    found.add(Session)
    graph = {
        model: {f.related_model for f in model._meta.local_fields if f.remote_field}
        & found - {model}
        for model in found
    }
    return [*TopologicalSorter(graph).static_order()][::-1]
