"""What can be done to an account: each function prepares one act, and returns its one request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db.models import F
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.administration.flows import (
    add_user,
    change_rights,
    end_sessions,
    let_mail_through,
    send_mail_again,
    send_password_link,
    switch_off,
    switch_on,
)
from django_useraccounts.emails.drift import mend_drift
from django_useraccounts.emails.flows import prune_unconfirmed
from django_useraccounts.leaving.flows import (
    erase_account,
    erase_due,
    make_due_exports,
    reopen_account,
)
from django_useraccounts.mail import deliver_due
from django_useraccounts.memberships.flows import (
    end_membership,
    record_payment,
    refund_payment,
    remind_members,
    stop_renewals,
    tell_begun,
    tell_ended,
)
from django_useraccounts.memberships.models import Membership
from django_useraccounts.models import (
    AccountExport,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    UserEmail,
)
from django_useraccounts.profile.flows import change_username as rename
from django_useraccounts.roles.flows import (
    extend_grant,
    grant_role,
    remind_of_ends,
    rename_role,
    revoke_grant,
    revoke_role,
)
from django_useraccounts.social.flows import claim_again
from django_useraccounts.testing import PASSWORD
from django_useraccounts.undeliverable import report_undeliverable
from tests.admin.pages import Form, page
from tests.attacks.browsers import EVIL, NEW_PASSWORD, url
from tests.races.world import Act, World, identity

User = get_user_model()

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


@wanting(unproved=True)
def log_in_before_it_is_confirmed(world: World) -> Act:
    return world.post(world.stranger(), "login", identifier=world.name("maria"), password=PASSWORD)


@wanting(closed=True)
def reopen_by_login(world: World) -> Act:
    return world.post(world.stranger(), "login", identifier=world.first, password=PASSWORD)


@act
def log_in_to_the_administration(world: World) -> Act:
    User.objects.filter(pk=world.maria.pk).update(is_staff=True)
    data = {"username": world.name("maria"), "password": PASSWORD}
    return partial(world.stranger().post, reverse("admin:login"), data)


@act
def register_a_name_that_the_owner_takes(world: World) -> Act:
    data = {"username": world.name("mary"), "email": world.address_of("mary")}
    return world.post(world.stranger(), "register", **data, password=EVIL, terms="2")


@act
def register_an_address_that_the_owner_claims(world: World) -> Act:
    data = {"username": world.name("mallory"), "email": world.claim}
    return world.post(world.stranger(), "register", **data, password=EVIL, terms="2")


@act
def register_by_an_invitation_of_the_owner(world: World) -> Act:
    surfer = world.stranger()
    surfer.post(surfer.hold(world.sent_invitation.link), {})
    data = {"username": world.name("frida"), "email": world.address_of("frida")}
    return world.post(surfer, "register", **data, password=EVIL, terms="2")


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
def disown_login(world: World) -> Act:
    return world.use(world.stranger(), world.disown_link)


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
def end_session(world: World) -> Act:
    return world.post(world.owner(), "end_session", world.elsewhere.pk)


@act
def end_other_sessions(world: World) -> Act:
    return world.post(world.owner(), "end_other_sessions")


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


@wanting(unproved=True, conf={"CONFIRM_EMAIL_BEFORE_LOGIN": False})
def be_handed_over(world: World) -> Act:
    """Come by a provider to the account that somebody else has registered with the address."""
    owner = world.stranger()
    return world.come_back(owner, "social_login", world.name("owner"), email=world.first)


@act
def complete_registration(world: World) -> Act:
    surfer = world.arrive(world.name("other"), email=world.claim)
    data = {"username": world.name("mary"), "email": world.claim, "terms": "2"}
    return world.post(surfer, "complete_registration", **data)


@wanting(unproved=True)
def put_the_address_right(world: World) -> Act:
    """Come once more by the provider that one has registered by, with another address."""
    # As the account of whoever has come by a provider: it never had a password.
    never = {"password": make_password(None), "session_epoch": F("session_epoch")}
    world.at_turn(User.objects.filter(pk=world.maria.pk), **never)
    asked = {"email": world.address_of("right"), "browser_token": "b"}
    return world.calling(claim_again, identity(world.name("first")), **asked)


@act
def connect_account(world: World) -> Act:
    surfer = world.arrive(world.name("other"), email=world.second)
    key = identity(world.name("other")).key
    data = {"identity": key, "identifier": world.second, "password": PASSWORD}
    return world.post(surfer, "connect_account", **data)


@act
def mail_connect_link(world: World) -> Act:
    return world.post(world.arrive(world.name("other"), email=world.second), "mail_connect_link")


@act
def confirm_identity_by_provider(world: World) -> Act:
    return world.come_back(world.owner(), "social_login", world.name("first"), purpose="prove")


@act
def come_back_with_what_was_not_begun(world: World) -> Act:
    return partial(world.owner().get, url("social_callback", "guild") + "?state=of-a-thief&code=x")


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
    return world.post(world.owner(), "start_checkout", world.plan.name)


@act
def hear_of_a_payment(world: World) -> Act:
    return world.deliver(world.subscription.paid(1))


@act
def hear_of_a_failed_payment(world: World) -> Act:
    return world.deliver(world.paid_subscription.failed(1))


@act
def hear_of_another_plan(world: World) -> Act:
    subscription = world.paid_subscription
    price = world.name("price_friend")
    return world.deliver(subscription.paid_change(price, at=subscription.begins))


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
    until = world.subscription.period(3)[1]
    told = {"reference": world.name("transfer"), "by": world.boss}
    return world.calling(record_payment, world.maria, world.plan, until, **told)


@act
def change_a_plan(world: World) -> Act:
    """Give another role for it, which can only be done as long as nobody has bought it."""
    surfer = world.office()
    path = page("change", world.plan.pk, model="memberships_plan")
    data = Form(surfer.get(path).text).data
    role = Role.objects.get(name=world.name("friend"))
    return partial(surfer.post, path, {**data, "role": str(role.pk), "grace_days": "9"})


@act
def give_a_transfer_back(world: World) -> Act:
    return world.calling(refund_payment, world.transfer, by=world.boss)


@act
def end_a_membership(world: World) -> Act:
    return world.calling(end_membership, world.transfer.membership, by=world.boss)


@act
def grant_a_role(world: World) -> Act:
    return world.calling(grant_role, world.maria, world.name("artist"), by=world.boss)


@act
def revoke_a_role(world: World) -> Act:
    return world.calling(revoke_role, world.maria, world.granted_role, by=world.boss)


@act
def extend_a_grant(world: World) -> Act:
    grant = world.ending_grant
    assert grant.ends_at
    until = grant.ends_at + timedelta(days=30)
    return world.calling(extend_grant, grant, until=until, by=world.boss)


@act
def revoke_a_grant(world: World) -> Act:
    return world.calling(revoke_grant, world.ending_grant, by=world.boss)


@act
def rename_a_role(world: World) -> Act:
    return world.calling(rename_role, world.role, world.name("painter"), by=world.boss)


@act
def delete_a_role(world: World) -> Act:
    path = page("delete", world.role.pk, model="role")
    return partial(world.office().post, path, {"post": "yes"})


@act
def add_a_user_by_the_name_that_the_owner_takes(world: World) -> Act:
    told = {"email": world.address_of("mary"), "by": world.boss}
    return world.calling(add_user, world.name("mary"), **told)


@act
def add_a_user_with_the_address_that_the_owner_claims(world: World) -> Act:
    told = {"email": world.claim, "confirmed": True, "by": world.boss}
    return world.calling(add_user, world.name("mallory"), **told)


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


@wanting(closed=True)
def be_reopened(world: World) -> Act:
    # Loaded when it is asked for: who was read before the account was closed opens nothing.
    return world.calling(lambda: reopen_account(world.copy_of_maria(), by=world.boss))


@act
def be_erased(world: World) -> Act:
    return world.calling(erase_account, world.copy_of_maria())


@act
def have_a_mail_sent_again(world: World) -> Act:
    return world.calling(send_mail_again, world.mail_given_up, by=world.boss)


@act
def have_mail_let_through(world: World) -> Act:
    return world.calling(let_mail_through, world.bounced, by=world.boss)


# By a program, which looks for all that is due


@act
def set_a_password_by_code(world: World) -> Act:
    def change() -> None:
        maria = world.copy_of_maria()
        maria.set_password(NEW_PASSWORD)
        maria.save(update_fields=["password"])

    return world.calling(change)


@act
def have_mail_delivered(world: World) -> Act:
    waiting, now = OutgoingMail.objects.exclude(due_at=None), timezone.now()
    world.at_turn(waiting, due_at=now + timedelta(days=1))
    world.at_turn(waiting.filter(pk=world.mail_of_a_link.pk), due_at=now)
    return world.calling(deliver_due, limit=10)


@act
def hear_of_a_bounce(world: World) -> Act:
    return world.calling(report_undeliverable, world.first, state="bounced")


@act
def have_claims_pruned(world: World) -> Act:
    month, claims = timedelta(days=30), UserEmail.objects.claims()
    world.at_turn(claims, created_at=timezone.now())
    world.at_turn(claims.filter(user=world.maria), created_at=timezone.now() - 2 * month)
    return world.calling(prune_unconfirmed, older_than=month)


@act
def have_the_old_pruned(world: World) -> Act:
    links = OneTimeSecret.objects.filter(pk=world.old_link.pk)
    world.at_turn(links, expires_at=timezone.now() - timedelta(days=999))
    asked = {"events_older_than": 99, "stdout": StringIO()}
    return world.calling(call_command, "useraccounts_prune", **asked)


@wanting(closed=True)
def have_closed_accounts_erased(world: World) -> Act:
    day, closed = timedelta(days=1), User.objects.exclude(erase_at=None)
    world.at_turn(closed, erase_at=timezone.now() + day)
    world.at_turn(closed.filter(pk=world.maria.pk), erase_at=timezone.now() - day)
    return world.calling(erase_due, batch=100)


@act
def have_exports_made(world: World) -> Act:
    assert world.export_link
    exports, now = AccountExport.objects.all(), timezone.now()
    world.at_turn(exports, made_at=now)
    world.at_turn(exports.filter(user=world.maria), made_at=None, content=None, due_at=now)
    return world.calling(make_due_exports, limit=10)


@act
def have_drift_mended(world: World) -> Act:
    world.at_turn(User.objects.filter(pk=world.maria.pk), email=world.second)
    return world.calling(lambda: [*mend_drift()])


@act
def be_reminded_of_a_role(world: World) -> Act:
    grants = RoleGrant.objects.all()
    world.at_turn(grants, reminds=False)
    world.at_turn(grants.filter(pk=world.ending_grant.pk), reminds=True)
    return world.calling(remind_of_ends)


@act
def be_told_of_the_beginning(world: World) -> Act:
    memberships = Membership.objects.all()
    world.at_turn(memberships, started_at=timezone.now())
    world.at_turn(memberships.filter(pk=world.transfer.membership.pk), started_at=None)
    return world.calling(tell_begun)


@act
def be_reminded_of_a_membership(world: World) -> Act:
    memberships = Membership.objects.all()
    world.at_turn(memberships, reminded_at=timezone.now())
    world.at_turn(memberships.filter(pk=world.transfer.membership.pk), reminded_at=None)
    return world.calling(remind_members)


@act
def be_told_of_the_end(world: World) -> Act:
    end_membership(world.transfer.membership)
    memberships = Membership.objects.all()
    world.at_turn(memberships, end_told_at=timezone.now())
    world.at_turn(memberships.filter(user=world.maria), end_told_at=None)
    return world.calling(tell_ended)


@wanting(closed=True)
def have_renewals_stopped(world: World) -> Act:
    running, memberships = Membership.State.RUNNING, Membership.objects.all()
    # Of the accounts that were erased, and of those that are closed.
    world.at_turn(memberships.filter(user=None), subscription_id=None)
    world.at_turn(memberships.exclude(user__erase_at=None), ends_at=timezone.now())
    world.at_turn(memberships.filter(pk=world.subscribed.pk), state=running, ends_at=None)
    return world.calling(stop_renewals)
