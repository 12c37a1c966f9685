"""What can be done to an account: each function prepares one act, and returns its one request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import override_settings

from django_useraccounts.administration.flows import (
    change_rights,
    end_sessions,
    send_password_link,
    switch_off,
    switch_on,
)
from django_useraccounts.leaving.flows import erase_account
from django_useraccounts.memberships.flows import record_payment
from django_useraccounts.memberships.models import Plan
from django_useraccounts.profile.flows import change_username as rename
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import PASSWORD
from tests.attacks.browsers import EVIL, NEW_PASSWORD
from tests.races.world import Act, World

Prepare = Callable[[World], Act]


@dataclass(frozen=True)
class Kind:
    """One act, and the world that it wants."""

    name: str
    prepare: Prepare
    world: dict[str, Any] = field(default_factory=dict)
    conf: dict[str, Any] = field(default_factory=dict)


#: Every act by its name, in the order of this file.
ACTS: dict[str, Kind] = {}


def act(prepare: Prepare) -> Prepare:
    ACTS[prepare.__name__] = Kind(prepare.__name__, prepare)
    return prepare


def wanting(*, conf: dict[str, Any] | None = None, **world: Any) -> Callable[[Prepare], Prepare]:
    def note(prepare: Prepare) -> Prepare:
        ACTS[prepare.__name__] = Kind(prepare.__name__, prepare, world, conf or {})
        return prepare

    return note


# At the door


@act
def log_in(world: World) -> Act:
    return world.post(world.stranger(), "login", identifier=world.name("maria"), password=PASSWORD)


@wanting(closed=True)
def reopen_by_login(world: World) -> Act:
    return world.post(world.stranger(), "login", identifier=world.first, password=PASSWORD)


@act
def register_a_name_that_the_owner_takes(world: World) -> Act:
    data = {"username": world.name("mary"), "email": world.address_of("mary")}
    return world.post(world.stranger(), "register", **data, password=EVIL, terms="2")


@act
def register_an_address_that_the_owner_claims(world: World) -> Act:
    data = {"username": world.name("mallory"), "email": world.claim}
    return world.post(world.stranger(), "register", **data, password=EVIL, terms="2")


@act
def forgot_password(world: World) -> Act:
    return world.post(world.stranger(), "forgot_password", email=world.first)


@act
def resend_confirmation(world: World) -> Act:
    return world.post(world.stranger(), "resend_confirmation", email=world.claim)


# By a mailed link


@act
def reset_password(world: World) -> Act:
    return world.use(world.stranger(), world.reset_link, new_password=NEW_PASSWORD)


@act
def confirm_email(world: World) -> Act:
    return world.use(world.stranger(), world.confirm_link, answer="confirm")


@act
def disown_email(world: World) -> Act:
    return world.use(world.stranger(), world.confirm_link, answer="not_me")


@act
def undo_email_change(world: World) -> Act:
    return world.use(world.stranger(), world.undo_link)


@act
def connect_by_link(world: World) -> Act:
    return world.use(world.stranger(), world.connect_link)


@act
def fetch_export(world: World) -> Act:
    return world.use(world.owner(), world.export_link)


@act
def accept_invitation(world: World) -> Act:
    return world.use(world.owner(), world.invitation.link)


# In the account


@act
def log_out(world: World) -> Act:
    return world.post(world.owner(), "logout")


@act
def confirm_identity(world: World) -> Act:
    return world.post(world.owner(), "confirm_identity", old_password=PASSWORD)


@act
def change_password(world: World) -> Act:
    data = {"old_password": PASSWORD, "new_password": EVIL}
    return world.post(world.owner(), "change_password", **data)


@wanting(password=False)
def set_password(world: World) -> Act:
    return world.post(world.owner(), "set_password", new_password=NEW_PASSWORD)


@act
def change_username(world: World) -> Act:
    return world.post(world.owner(), "change_username", username=world.name("mary"))


@act
def edit_profile(world: World) -> Act:
    return world.post(world.owner(), "edit_profile", first_name="Maria", last_name="Sibylla")


@act
def add_email(world: World) -> Act:
    return world.post(world.owner(), "add_email", email=world.address_of("fourth"))


@act
def send_confirmation(world: World) -> Act:
    return world.post(world.owner(), "send_confirmation", world.address(world.claim).pk)


@act
def make_primary_email(world: World) -> Act:
    return world.post(world.owner(), "make_primary_email", world.address(world.second).pk)


@act
def remove_the_primary_email(world: World) -> Act:
    return world.post(world.owner(), "remove_email", world.address(world.first).pk)


@act
def remove_the_other_email(world: World) -> Act:
    return world.post(world.owner(), "remove_email", world.address(world.second).pk)


@act
def remove_the_claim(world: World) -> Act:
    return world.post(world.owner(), "remove_email", world.address(world.claim).pk)


@act
def export_account(world: World) -> Act:
    return world.post(world.owner(), "export_account")


@wanting(conf={"TERMS_VERSION": "2"})
def accept_terms(world: World) -> Act:
    return world.post(world.owner(), "accept_terms", terms="2")


@act
def close_account(world: World) -> Act:
    return world.post(world.owner(), "close_account")


@act
def invite(world: World) -> Act:
    data = {"email": world.address_of("ada"), "uses": "1", "note": "", "days": "14"}
    return world.post(world.owner(), "invite", **data)


@act
def withdraw_invitation(world: World) -> Act:
    return world.post(world.owner(), "withdraw_invitation", world.sent_invitation.pk)


@act
def resend_invitation(world: World) -> Act:
    return world.post(world.owner(), "resend_invitation", world.sent_invitation.pk)


# By a provider


@act
def social_login(world: World) -> Act:
    return world.come_back(world.stranger(), "social_login", world.name("first"))


@act
def connect_provider(world: World) -> Act:
    # Begun before there were new terms, where those are accepted at the same moment.
    with override_settings(USERACCOUNTS={**settings.USERACCOUNTS, "TERMS_VERSION": ""}):
        return world.come_back(world.owner(), "connect_provider", world.name("other"))


@act
def disconnect_provider(world: World) -> Act:
    return world.post(world.owner(), "disconnect_provider", world.connection.pk)


# By Stripe


@act
def start_checkout(world: World) -> Act:
    return world.post(world.owner(), "start_checkout", "patron")


@act
def hear_of_a_payment(world: World) -> Act:
    return world.deliver(world.subscription.paid(1))


@act
def hear_of_a_refund(world: World) -> Act:
    return world.deliver(world.paid_subscription.refunded(0))


@act
def hear_of_the_end(world: World) -> Act:
    subscription = world.paid_subscription
    return world.deliver(subscription.deleted(subscription.begins))


# By the administration


@act
def record_a_transfer(world: World) -> Act:
    plan = Plan.objects.get(name="patron")
    until = world.subscription.period(3)[1]
    told = {"reference": world.name("transfer"), "by": world.boss}
    return world.calling(record_payment, world.maria, plan, until, **told)


@act
def grant_a_role(world: World) -> Act:
    return world.calling(grant_role, world.maria, "artist", by=world.boss)


@act
def revoke_a_role(world: World) -> Act:
    return world.calling(revoke_role, world.maria, world.granted_role, by=world.boss)


@act
def be_renamed(world: World) -> Act:
    return world.calling(rename, world.copy_of_maria(), world.name("madonna"), by=world.boss)


@act
def be_made_superuser(world: World) -> Act:
    rights = {"is_superuser": True}
    return world.calling(change_rights, world.copy_of_maria(), rights, by=world.boss)


@act
def be_sent_a_link(world: World) -> Act:
    return world.calling(send_password_link, world.copy_of_maria(), by=world.boss)


@act
def have_sessions_ended(world: World) -> Act:
    return world.calling(end_sessions, world.copy_of_maria(), by=world.boss)


@act
def be_switched_off(world: World) -> Act:
    return world.calling(switch_off, world.copy_of_maria(), by=world.boss)


@wanting(off=True)
def be_switched_on(world: World) -> Act:
    return world.calling(switch_on, world.copy_of_maria(), by=world.boss)


@act
def be_erased(world: World) -> Act:
    return world.calling(erase_account, world.copy_of_maria())
