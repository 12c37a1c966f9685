"""Roles, grants, events and the outbox in the administration."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core import mail as outside
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.admin import UserAdmin
from django_useraccounts.mail import announce
from django_useraccounts.models import (
    AccountEvent,
    OutgoingMail,
    Role,
    UndeliverableAddress,
    User,
)
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.sentences import sentence_of
from django_useraccounts.testing import log_in, make_user
from django_useraccounts.undeliverable import report_undeliverable
from tests.admin.pages import act, listed, messages_of, page

pytestmark = pytest.mark.django_db

LISTS = ("role", "rolegrant", "accountevent", "outgoingmail", "undeliverableaddress")


def role():
    return Role.objects.get_or_create(name="artist")[0]


@pytest.mark.parametrize("model", LISTS)
def test_a_list_costs_the_same_for_few_and_for_many(office, model):
    boss = make_user("granter", is_superuser=True)

    def more(*numbers):
        for number in numbers:
            user = make_user(f"user{number}")
            grant_role(user, Role.objects.create(name=f"role{number}"), by=boss)
            announce("welcome", to=user.email, user=user)
            report_undeliverable(user.email, state="bounced")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert office.get(page("changelist", model=model)).status_code == 200
        return len(queries)

    more(1)
    few = cost()
    more(*range(2, 12))

    assert cost() == few


# Events


def test_an_event_tells_who_did_what_to_whom_from_where(office, boss):
    user = make_user("frida")
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9")
    details = {"reason": "painted the wall"}
    event = AccountEvent.objects.record(
        "switched_off", user=user, actor=boss, details=details, request=request
    )

    html = office.get(page("change", event.pk, model="accountevent")).content.decode()

    for text in ("switched_off", "frida", "boss", "203.0.113.9", "painted the wall"):
        assert text in html
    assert listed(office, "accountevent", q="frida") == [event]


def test_the_events_of_an_account_that_is_gone_stay_to_be_read(office):
    user = make_user("frida")
    event = AccountEvent.objects.record("registered", user=user, actor=user)
    key = user.pk
    user.delete()

    html = office.get(page("changelist", model="accountevent")).content.decode()

    assert f"#{key}" in html
    assert office.get(page("change", event.pk, model="accountevent")).status_code == 200


@pytest.mark.parametrize("model", ["accountevent", "outgoingmail", "rolegrant"])
def test_no_action_deletes_a_record(office, model):
    user = make_user("frida")
    rows = {
        "accountevent": AccountEvent.objects.record("registered", user=user),
        "outgoingmail": announce("welcome", to=user.email, user=user),
        "rolegrant": grant_role(user, role()),
    }

    data = {"action": "delete_selected", "_selected_action": [rows[model].pk], "post": "yes"}
    office.post(page("changelist", model=model), data)

    assert type(rows[model]).objects.filter(pk=rows[model].pk).exists()


def test_even_where_users_may_be_deleted_their_mails_are_not_deleted_with_them(boss):
    class Careless(UserAdmin):
        def has_delete_permission(self, request, obj=None):
            return True

    user = make_user("frida")
    announce("welcome", to=user.email, user=user)
    AccountEvent.objects.record("registered", user=user)
    request = RequestFactory().get("/")
    request.user = boss

    careless = Careless(User, admin.site)
    *_rest, needed, _protected = careless.get_deleted_objects([user], request)

    assert "outgoing mail" in {str(name) for name in needed}


# The outbox


def test_the_outbox_tells_what_is_waiting_what_was_sent_and_what_was_given_up(office):
    waiting, sent, given_up = (announce("welcome", to=f"{n}@example.com") for n in "abc")
    OutgoingMail.objects.filter(pk=sent.pk).update(sent_at=timezone.now(), due_at=None)
    OutgoingMail.objects.filter(pk=given_up.pk).update(due_at=None, error="no such host")

    assert listed(office, "outgoingmail", state="due") == [waiting]
    assert listed(office, "outgoingmail", state="sent") == [sent]
    assert listed(office, "outgoingmail", state="given_up") == [given_up]
    html = office.get(page("changelist", model="outgoingmail")).content.decode()
    assert "no such host" in html


def test_what_was_given_up_is_sent_again_and_tells_of_what_was_not(
    office, boss, set_conf, django_capture_on_commit_callbacks
):
    set_conf(MAIL_DELIVERY="command")
    frida = make_user("frida")
    given_up = announce("welcome", to=frida.email, user=frida)
    OutgoingMail.objects.update(due_at=None, attempts=7, error="451 Come back later")
    nobodys = announce("no_account", to="nobody@example.com")
    OutgoingMail.objects.update(due_at=None)
    waiting = announce("welcome", to=frida.email, user=frida)

    set_conf(MAIL_DELIVERY="immediate")
    with django_capture_on_commit_callbacks(execute=True):
        response = act(office, "send_again", given_up, nobodys, waiting, model="outgoingmail")

    assert messages_of(response) == [
        "welcome → frida@example.com: This mail was sent, or is on its way.",
        "2 mails are on their way again.",
    ]
    assert sorted(message.to[0] for message in outside.outbox) == [
        "frida@example.com",
        "nobody@example.com",
    ]
    events = AccountEvent.objects.filter(kind="mail_sent_again")
    assert {event.actor for event in events} == {boss}
    event = events.get(user=frida)
    assert event.details == {"kind": "welcome", "to": "frida@example.com"}
    # Nobody's, whom no erasure would find.
    event = events.get(user=None)
    assert event.details == {"kind": "no_account"}
    assert sentence_of(event) == "A mail to … was sent once more."


# Addresses that take no mail


def test_undeliverable_addresses_are_listed_with_what_was_said_and_found_by_the_address(office):
    report_undeliverable("frida@example.com", state="bounced", reason="550 5.1.1 User unknown")
    report_undeliverable("tina@example.com", state="failing")
    bounced, failing = UndeliverableAddress.objects.order_by("pk")

    html = office.get(page("changelist", model="undeliverableaddress")).content.decode()

    assert "550 5.1.1 User unknown" in html
    assert listed(office, "undeliverableaddress", q="Frida@Example.com") == [bounced]
    assert listed(office, "undeliverableaddress", q="frid") == []
    assert listed(office, "undeliverableaddress", mail="none") == [bounced]
    assert listed(office, "undeliverableaddress", mail="some") == [failing]
    assert len(listed(office, "undeliverableaddress")) == 2


def test_mail_is_let_through_again(office, boss):
    frida = make_user("frida")
    for email in (frida.email, "nobody@example.com"):
        report_undeliverable(email, state="bounced")
    rows = list(UndeliverableAddress.objects.all())
    AccountEvent.objects.all().delete()

    response = act(office, "let_mail_through", *rows, model="undeliverableaddress")

    assert messages_of(response) == ["Mail goes to 2 addresses again."]
    assert not UndeliverableAddress.objects.exists()
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("mail_let_through", frida, boss)


@pytest.mark.parametrize(
    "model, action",
    [("outgoingmail", "send_again"), ("undeliverableaddress", "let_mail_through")],
)
@pytest.mark.parametrize("right, is_offered", [("view", False), ("change", True)])
def test_who_may_only_look_is_offered_no_action(client, model, action, right, is_offered):
    staff = make_user("staff", is_staff=True)
    rights = Permission.objects.filter(codename__in={f"view_{model}", f"{right}_{model}"})
    staff.user_permissions.set(rights)
    announce("welcome", to="frida@example.com")
    report_undeliverable("frida@example.com", state="bounced")
    log_in(client, staff)

    html = client.get(page("changelist", model=model)).content.decode()

    assert (f'value="{action}"' in html) is is_offered
