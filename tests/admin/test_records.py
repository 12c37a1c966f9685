"""Roles, grants, events and the outbox in the administration."""

from datetime import timedelta

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
    RoleGrant,
    UndeliverableAddress,
    User,
)
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import log_in, make_user
from django_useraccounts.undeliverable import report_undeliverable
from tests.admin.pages import Form, act, messages_of, page, with_changes

pytestmark = pytest.mark.django_db

LISTS = ("role", "rolegrant", "accountevent", "outgoingmail", "undeliverableaddress")
DAY = timedelta(days=1)


def listed(client, model, **asked):
    response = client.get(page("changelist", model=model), asked)
    assert response.status_code == 200
    return list(response.context["cl"].queryset)


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


# Roles


def test_the_list_of_roles_tells_how_many_hold_each_now(office):
    now = timezone.now()
    frida = make_user("frida", roles=["artist", "starving"])
    grant_role(frida, "artist")
    grant_role(make_user("diego", roles=["artist"]), "starving", since=now + DAY)
    grant_role(frida, Role.objects.create(name="former"), since=now - 2 * DAY, until=now - DAY)

    rows = {role.name: role.holders for role in listed(office, "role")}

    assert rows == {"artist": 2, "starving": 1, "former": 0}


def test_a_role_is_made_and_described_but_never_renamed(office):
    path = page("add", model="role")
    data = Form(office.get(path).content.decode()).data
    office.post(path, with_changes(data, {"name": "artist", "label": "Artist"}))
    role = Role.objects.get()

    path = page("change", role.pk, model="role")
    data = Form(office.get(path).content.decode()).data
    office.post(path, with_changes(data, {"name": "agent", "label": "Painter"}))

    role.refresh_from_db()
    assert "name" not in data
    assert (role.name, role.label) == ("artist", "Painter")


def test_a_role_that_no_guard_could_ask_for_is_refused_in_the_form(office):
    path = page("add", model="role")

    response = office.post(path, {"name": "An Artist", "label": "", "description": ""})

    assert "lower-case letters" in response.content.decode()
    assert not Role.objects.exists()


@pytest.mark.parametrize("until", [None, -DAY])
def test_a_role_that_somebody_has_or_had_cannot_be_deleted(office, until):
    now = timezone.now()
    role = Role.objects.create(name="artist")
    grant_role(make_user(), role, since=now - 2 * DAY, until=until and now + until)
    yes = {"post": "yes"}

    office.post(page("delete", role.pk, model="role"), yes)
    office.post(
        page("changelist", model="role"),
        {"action": "delete_selected", "_selected_action": [role.pk], **yes},
    )

    assert Role.objects.exists()
    assert RoleGrant.objects.exists()


def test_a_role_that_nobody_ever_had_may_go(office):
    role = Role.objects.create(name="artist")

    office.post(page("delete", role.pk, model="role"), {"post": "yes"})

    assert not Role.objects.exists()


# Grants


def test_grants_are_revoked_from_their_list_with_one_event_each(office, boss):
    grants = [grant_role(make_user(name), r) for name, r in (("frida", role()), ("ada", role()))]
    over = grant_role(make_user("former"), role(), since=timezone.now() - DAY, until=timezone.now())
    AccountEvent.objects.all().delete()

    response = act(office, "revoke", *grants, over, model="rolegrant")

    assert messages_of(response) == ["2 grants were revoked."]
    assert not RoleGrant.objects.in_force().exists()
    assert RoleGrant.objects.count() == 3
    written = [(event.kind, event.actor) for event in AccountEvent.objects.all()]
    assert written == [("role_revoked", boss)] * 2


def role():
    return Role.objects.get_or_create(name="artist")[0]


def test_grants_are_found_by_their_user_and_by_what_is_in_force(office):
    now = timezone.now()
    running = grant_role(make_user("frida"), role())
    over = grant_role(make_user("ada"), role(), since=now - 2 * DAY, until=now - DAY)

    assert listed(office, "rolegrant", q="frid") == [running]
    assert listed(office, "rolegrant", in_force="yes") == [running]
    assert listed(office, "rolegrant", in_force="no") == [over]


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
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("mail_sent_again", frida, boss)
    assert event.details == {"kind": "welcome", "to": "frida@example.com"}


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
