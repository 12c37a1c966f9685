"""ATTACKS.md, O4 and O5: nobody changes what has happened, and what is typed runs nowhere."""

import csv
import io

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_useraccounts.admin import UserAdmin
from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.leaving.flows import erase_account
from django_useraccounts.models import AccountEvent, Role, User
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db

LIST = "admin:useraccounts_accountevent_changelist"


@pytest.fixture
def office():
    """The browser of somebody who may do everything in the administration."""
    return log_in(Client(), make_user("boss", is_staff=True, is_superuser=True))


@pytest.fixture
def event():
    return AccountEvent.objects.record("password_changed", user=make_user("frida"))


def page(name, *args):
    return reverse(f"admin:useraccounts_accountevent_{name}", args=args)


# O4


def test_O4_no_right_to_change_an_event_exists_to_be_given():
    rights = Permission.objects.filter(content_type__model="accountevent")

    assert set(rights.values_list("codename", flat=True)) == {"view_accountevent"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_O4_a_superuser_neither_adds_nor_changes_nor_deletes_an_event(office, event, method):
    stored = AccountEvent.objects.values().get(pk=event.pk)
    send = getattr(office, method)

    assert send(page("add"), {"kind": "logged_in"}).status_code == 403
    assert send(page("delete", event.pk), {"post": "yes"}).status_code == 403
    changed = office.post(page("change", event.pk), {"kind": "logged_in", "_save": "1"})

    assert changed.status_code == 403
    assert AccountEvent.objects.values().get(pk=event.pk) == stored
    assert not AccountEvent.objects.filter(kind="logged_in", details={"forged": True}).exists()


def test_O4_the_list_of_events_offers_no_action_and_takes_none(office, event):
    html = office.get(reverse(LIST)).content.decode()
    assert "delete_selected" not in html and 'name="_selected_action"' not in html

    data = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}
    for extra in ({}, {"select_across": "1"}):
        office.post(reverse(LIST), {**data, **extra})

    assert AccountEvent.objects.filter(pk=event.pk).exists()


def by_code(user, role):
    user.delete()


def by_erasing(user, role):
    erase_account(user)


def by_deleting_the_role(user, role):
    user.role_grants.all().delete()
    role.delete()


def by_deleting_the_invitation(user, role):
    Invitation.objects.all().delete()


def by_a_careless_administration(user, role):
    class Careless(UserAdmin):
        def has_delete_permission(self, request, obj=None):
            return True

    admin.site.unregister(User)
    admin.site.register(User, Careless)
    try:
        office = log_in(Client(), User.objects.get(username="boss"))
        path = reverse("admin:useraccounts_user_delete", args=[user.pk])
        # What is needed for it is refused, or it is done: the events stay, and are not named.
        assert "account event" not in office.get(path).content.decode().lower().split("<h1>")[1]
        office.post(path, {"post": "yes"})
    finally:
        admin.site.unregister(User)
        admin.site.register(User, UserAdmin)


@pytest.mark.parametrize(
    "delete",
    [
        by_code,
        by_erasing,
        by_deleting_the_role,
        by_deleting_the_invitation,
        by_a_careless_administration,
    ],
)
def test_O4_no_event_goes_with_what_it_is_about(delete):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    frida, role = make_user("frida"), Role.objects.create(name="artist")
    grant_role(frida, role, by=boss)
    revoke_role(frida, role, by=boss)
    invite("guest@example.com", by=boss)
    before = list(AccountEvent.objects.order_by("pk").values_list("pk", "kind", "user", "actor"))
    assert [kind for _pk, kind, _user, _actor in before] == [
        "role_granted",
        "role_revoked",
        "invited",
    ]

    delete(frida, role)

    rows = AccountEvent.objects.filter(pk__in=[row[0] for row in before]).order_by("pk")
    assert list(rows.values_list("pk", "kind", "user", "actor")) == before


# O5

SCRIPT = "<script>alert(1)</script>"


def test_O5_what_was_typed_runs_neither_in_the_list_nor_on_the_page_of_an_event(office):
    user = make_user("frida")
    details = {"from": SCRIPT, "to": SCRIPT, SCRIPT: [SCRIPT]}
    event = AccountEvent.objects.record("username_changed", user=user, details=details)
    AccountEvent.objects.filter(pk=event.pk).update(kind="username_changed", via=SCRIPT)

    for path in (reverse(LIST), page("change", event.pk)):
        html = office.get(path).content.decode()
        assert SCRIPT not in html
        assert "&lt;script&gt;alert(1)" in html


def test_O5_a_kind_of_a_project_runs_nowhere_either(office, client):
    user = make_user("frida")
    AccountEvent.objects.record(SCRIPT, user=user)
    log_in(client, user)

    for html in (office.get(reverse(LIST)), client.get(reverse("useraccounts:history"))):
        assert SCRIPT not in html.content.decode()


@pytest.mark.asvs("1.2.10")
def test_O6_a_file_for_a_spreadsheet_begins_no_formula(office):
    boss = User.objects.get(username="boss")
    role = Role.objects.create(name="artist")
    grant_role(make_user("frida"), role, by=boss, reason='=HYPERLINK("http://evil.example")')
    data = {"action": "export", "_selected_action": ["1"], "select_across": "1"}

    answer = office.post(reverse("admin:useraccounts_rolegrant_changelist"), data)

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    _head, row = csv.reader(io.StringIO(text))
    assert row[-1].startswith("'=")
