"""What administrators do to accounts."""

from django.contrib.auth.models import Group, Permission

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
from django_useraccounts.mail import announce
from django_useraccounts.models import OutgoingMail, UndeliverableAddress
from django_useraccounts.testing import make_user
from django_useraccounts.undeliverable import report_undeliverable
from tests.faults.cases.emails import boss
from tests.faults.cases.login import request_of
from tests.faults.harness import GIVEN_UP_BEFORE, Act, case


@case(add_user)
def with_an_address_to_be_confirmed() -> Act:
    by = boss()
    return lambda: add_user("frida", email="frida@example.com", by=by)


@case(add_user)
def with_an_address_that_is_vouched_for() -> Act:
    by = boss()
    return lambda: add_user("frida", email="frida@example.com", confirmed=True, by=by)


@case(add_user)
def with_a_name_alone() -> Act:
    by = boss()
    return lambda: add_user("frida", fields={"first_name": "Frida"}, by=by)


@case(send_password_link)
def to_the_primary_address() -> Act:
    by, maria = boss(), make_user("maria")
    return lambda: send_password_link(maria, by=by)


@case(send_mail_again)
def a_mail_that_was_given_up() -> Act:
    by, maria = boss(), make_user("maria")
    mail = announce("welcome", to=maria.email, user=maria)
    OutgoingMail.objects.update(due_at=None, attempts=7, error=GIVEN_UP_BEFORE)
    return lambda: send_mail_again(mail, by=by)


@case(send_mail_again)
def a_mail_of_no_account() -> Act:
    by, mail = boss(), announce("no_account", to="nobody@example.com")
    OutgoingMail.objects.update(due_at=None, attempts=7, error=GIVEN_UP_BEFORE)
    return lambda: send_mail_again(mail, by=by)


@case(let_mail_through)
def to_an_address_that_had_bounced() -> Act:
    by, maria = boss(), make_user("maria")
    report_undeliverable(maria.email, state="bounced")
    address = UndeliverableAddress.objects.get()
    return lambda: let_mail_through(address, by=by)


@case(report_undeliverable)
def the_address_of_somebody() -> Act:
    make_user("maria")
    return lambda: report_undeliverable("maria@example.com", state="bounced")


@case(switch_off)
def somebody_with_a_session() -> Act:
    by, maria = boss(), make_user("maria")
    request_of(maria)
    return lambda: switch_off(maria, by=by, reason="spam")


@case(switch_on)
def somebody_who_was_off() -> Act:
    by, maria = boss(), make_user("maria", is_active=False)
    return lambda: switch_on(maria, by=by)


@case(end_sessions)
def in_all_browsers() -> Act:
    by, maria = boss(), make_user("maria")
    request_of(maria)
    return lambda: end_sessions(maria, by=by)


@case(change_rights)
def of_each_kind() -> Act:
    by, maria = boss(), make_user("maria")
    given, taken = (Group.objects.create(name=name) for name in ("given", "taken"))
    permission = Permission.objects.earliest("pk")
    maria.groups.add(taken)
    changes = {"is_staff": True, "groups": [given], "user_permissions": [permission]}
    return lambda: change_rights(maria, changes, by=by)
