"""Who may do what: superusers, staff with and without permissions, and everybody to oneself."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.models import (
    AccountEvent,
    OutgoingMail,
    Role,
    RoleGrant,
    UndeliverableAddress,
    User,
    UserEmail,
)
from django_useraccounts.policy import Policy
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import (
    Form,
    act,
    act_after_asking,
    errors_of,
    make_staff,
    messages_of,
    page,
    save,
)

pytestmark = pytest.mark.django_db

MODELS = ("user", "role", "rolegrant", "accountevent", "outgoingmail", "undeliverableaddress")
HELPER = ("view_user", "change_user", "add_useremail", "change_useremail", "delete_useremail")


def row_of(model):
    user = make_user("somebody", roles=["artist"])
    if model == "outgoingmail":
        return OutgoingMail.objects.create(kind="welcome", to="somebody@example.com", user=user)
    if model == "undeliverableaddress":
        return UndeliverableAddress.objects.create(email_key="x@example.com", state="bounced")
    if model == "accountevent":
        return AccountEvent.objects.record("registered", user=user)
    return {"user": user, "role": Role.objects.get(), "rolegrant": RoleGrant.objects.get()}[model]


def statuses(client, model):
    row = row_of(model)
    return {
        "list": client.get(page("changelist", model=model)).status_code,
        "see": client.get(page("change", row.pk, model=model)).status_code,
        "add": client.get(page("add", model=model)).status_code,
        "change": client.post(page("change", row.pk, model=model), {}).status_code,
        "delete": client.get(page("delete", row.pk, model=model)).status_code,
    }


READS = {"list": 200, "see": 200, "add": 403, "change": 403, "delete": 403}
ALL_OF_USERS = {"list": 200, "see": 200, "add": 200, "change": 200, "delete": 403}
NOTHING = dict.fromkeys(READS, 403)


# The matrix


@pytest.mark.one_database
@pytest.mark.parametrize(
    "model, expected",
    [
        ("user", ALL_OF_USERS),
        ("role", {**ALL_OF_USERS, "delete": 200}),
        ("rolegrant", READS),
        ("accountevent", READS),
        ("outgoingmail", READS),
        ("undeliverableaddress", READS),
    ],
)
def test_what_a_superuser_may(office, model, expected):
    assert statuses(office, model) == expected


@pytest.mark.one_database
@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("model", MODELS)
def test_staff_without_permissions_may_nothing(client, model):
    log_in(client, make_staff())

    assert statuses(client, model) == NOTHING


@pytest.mark.one_database
@pytest.mark.parametrize("model", MODELS)
def test_staff_who_may_see_may_only_see(client, model):
    log_in(client, make_staff(f"view_{model}"))

    assert statuses(client, model) == READS


@pytest.mark.one_database
@pytest.mark.parametrize("model", ["rolegrant", "outgoingmail", "undeliverableaddress"])
def test_no_permission_lets_anybody_change_a_record(client, model):
    verbs = ("view", "add", "change", "delete")
    log_in(client, make_staff(*(f"{verb}_{model}" for verb in verbs)))

    assert statuses(client, model) == READS


@pytest.mark.one_database
@pytest.mark.parametrize("model", MODELS)
def test_who_is_not_staff_is_led_to_the_login(client, model):
    log_in(client, make_user("frida"))

    assert set(statuses(client, model).values()) == {302}


@pytest.mark.one_database
def test_what_nobody_shall_see_has_no_page(office):
    index = office.get(reverse("admin:index")).content.decode().lower()

    for name in ("onetimesecret", "attemptcounter", "oldusername", "useremail"):
        assert name not in index
        assert office.get(f"/admin/useraccounts/{name}/").status_code == 404


@pytest.mark.asvs("8.2.3")
def test_K5_staff_cannot_give_rights(client):
    clerk = make_staff(*HELPER)
    log_in(client, clerk)
    editors = Group.objects.create(name="editors")
    permission = Permission.objects.first()
    rights = {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [editors.pk],
        "user_permissions": [permission.pk],
    }

    for victim in (make_user("friend"), clerk):
        before = set(victim.user_permissions.all())
        assert save(client, victim, **rights, first_name="Changed").status_code == 302

        user = User.objects.get(pk=victim.pk)
        assert user.first_name == "Changed"
        assert not user.is_superuser and user.is_staff is (user == clerk)
        assert not user.groups.exists()
        assert set(user.user_permissions.all()) == before
    assert not AccountEvent.objects.filter(kind="rights_changed").exists()


@pytest.mark.parametrize(
    "fields", [{"is_superuser": True}, {"is_superuser": True, "is_active": False}]
)
def test_K5_staff_cannot_touch_the_account_of_a_superuser(client, fields):
    boss = make_user("boss", is_staff=True, **fields)
    log_in(client, make_staff(*HELPER))

    assert client.get(page("change", boss.pk)).status_code == 200
    assert client.post(page("change", boss.pk), {"username": "gone"}).status_code == 403
    for action in ("send_password_links", "switch_off", "switch_on", "end_sessions"):
        response = act(client, action, boss)
        assert messages_of(response) == ["boss: You may not change this account."]

    boss.refresh_from_db()
    assert (boss.username, boss.session_epoch) == ("boss", 0)
    assert boss.is_active is fields.get("is_active", True)
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("by_group", [True, False])
def test_K5_staff_cannot_touch_an_account_that_may_more(client, is_active, by_group):
    editor = make_user("editor", is_active=is_active)
    permission = Permission.objects.get(codename="delete_role")
    if by_group:
        group = Group.objects.create(name="editors")
        group.permissions.add(permission)
        editor.groups.add(group)
    else:
        editor.user_permissions.add(permission)

    log_in(client, make_staff(*HELPER))
    assert client.post(page("change", editor.pk), {}).status_code == 403

    log_in(client, make_staff(*HELPER, "delete_role", username="senior"))
    assert save(client, editor, first_name="Changed").status_code == 302


@pytest.mark.parametrize("names", [("change_user",), ("change_user", "view_useremail")])
def test_E12_staff_without_permission_for_addresses_cannot_prove_one(client, names):
    user = make_user("frida", confirmed=False)
    log_in(client, make_staff(*names))
    address = UserEmail.objects.get(user=user)
    AccountEvent.objects.all().delete()

    response = save(
        client,
        user,
        emails__TOTAL_FORMS="2",
        emails__INITIAL_FORMS="1",
        emails__0__id=str(address.pk),
        emails__0__user=str(user.pk),
        emails__0__confirmed="on",
        emails__0__is_primary="on",
        emails__0__DELETE="on",
        emails__1__email="mallory@example.com",
        emails__1__confirmed="on",
    )

    assert response.status_code == 302
    address.refresh_from_db()
    assert not address.is_confirmed
    assert UserEmail.objects.filter(user=user).count() == 1
    assert not AccountEvent.objects.exists()


def test_E12_staff_with_permission_for_addresses_prove_one_in_their_name(client):
    user, clerk = make_user("frida", confirmed=False), make_staff(*HELPER)
    log_in(client, clerk)
    AccountEvent.objects.all().delete()

    save(client, user, emails__0__confirmed="on")

    assert UserEmail.objects.get(user=user).is_confirmed
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("email_confirmed", user, clerk)


# Roles


def grant(client, user, role):
    return save(
        client,
        user,
        role_grants__TOTAL_FORMS="1",
        role_grants__0__role=str(role.pk),
        role_grants__0__user=str(user.pk),
    )


def test_K5_staff_need_a_permission_to_grant(client):
    role, user = Role.objects.create(name="artist"), make_user("frida")

    log_in(client, make_staff("change_user", "view_rolegrant", "view_role"))
    grant(client, user, role)
    assert not RoleGrant.objects.exists()

    clerk = make_staff("change_user", "add_rolegrant", username="junior")
    log_in(client, clerk)
    assert "You may not grant this role" in grant(client, user, role).content.decode()
    assert not RoleGrant.objects.exists()

    senior = make_staff("change_user", "add_rolegrant", username="senior")
    grant_role(senior, role)
    log_in(client, senior)
    grant(client, user, role)
    assert RoleGrant.objects.get(user=user).granted_by.username == "senior"


def test_K4_staff_grant_themselves_nothing(client):
    role = Role.objects.create(name="artist")
    clerk = make_staff("change_user", "view_rolegrant", "add_rolegrant", "delete_rolegrant")
    log_in(client, clerk)

    response = grant(client, clerk, role)

    assert errors_of(response) == ["artist: You may not grant this role, or revoke it."]
    assert not RoleGrant.objects.exists()


def test_staff_give_up_what_is_their_own(client):
    clerk = make_staff("view_rolegrant", "delete_rolegrant")
    own = grant_role(clerk, Role.objects.create(name="artist"))
    log_in(client, clerk)

    response = act_after_asking(client, "revoke", own, model="rolegrant")

    assert messages_of(response) == ["1 grant was revoked."]
    assert not RoleGrant.objects.in_force().exists()


def test_a_superuser_has_no_role_before_it_is_granted(office, boss):
    role = Role.objects.create(name="artist")
    assert not boss.has_roles("artist")

    grant(office, boss, role)

    assert User.objects.get(pk=boss.pk).has_roles("artist")


def test_staff_revoke_only_with_the_permission_and_only_what_is_theirs_to_give(client):
    user = make_user("frida", roles=["artist", "treasurer"])
    artist, treasurer = RoleGrant.objects.order_by("role__name")

    log_in(client, make_staff("view_rolegrant"))
    act(client, "revoke", artist, model="rolegrant")
    assert RoleGrant.objects.in_force().count() == 2

    names = ("view_rolegrant", "add_rolegrant", "delete_rolegrant")
    senior = make_staff(*names, username="senior")
    grant_role(senior, "artist")
    log_in(client, senior)
    response = act_after_asking(client, "revoke", artist, treasurer, model="rolegrant")

    assert messages_of(response) == [
        "frida: treasurer: You may not grant this role, or revoke it.",
        "1 grant was revoked.",
    ]
    assert set(RoleGrant.objects.in_force().filter(user=user)) == {treasurer}


@pytest.mark.parametrize("days", [0, 1])
def test_staff_cannot_touch_an_account_with_a_role_that_is_not_theirs_to_give(client, days):
    role = Role.objects.create(name="treasurer")
    victim = make_user("frida")
    grant_role(victim, role, since=timezone.now() + timedelta(days=days))

    log_in(client, make_staff(*HELPER))
    assert client.post(page("change", victim.pk), {}).status_code == 403
    log_in(client, make_staff(*HELPER, "add_rolegrant", username="granter"))
    assert client.post(page("change", victim.pk), {}).status_code == 403

    senior = make_staff(*HELPER, username="senior")
    grant_role(senior, role)
    log_in(client, senior)
    assert save(client, victim, first_name="Changed").status_code == 302


@pytest.mark.parametrize("days", [0, 1])
def test_a_role_carries_its_permissions_to_whose_account_cannot_be_touched(client, set_conf, days):
    set_conf(POLICY="tests.admin.test_rights.Generous")
    role = Role.objects.create(name="treasurer")
    role.permissions.set(Permission.objects.filter(codename="delete_role"))
    victim = make_user("frida")
    grant_role(victim, role, since=timezone.now() + timedelta(days=days))

    log_in(client, make_staff(*HELPER))
    assert client.post(page("change", victim.pk), {}).status_code == 403

    log_in(client, make_staff(*HELPER, "delete_role", username="senior"))
    assert save(client, victim, first_name="Changed").status_code == 302


class Generous(Policy):
    def may_grant(self, user, role_names):
        return True


def test_staff_who_may_not_grant_see_no_row_to_add(client):
    user = make_user("frida", roles=["artist"])
    log_in(client, make_staff("change_user", "view_rolegrant"))

    data = Form(client.get(page("change", user.pk)).content.decode()).data

    assert "role_grants-TOTAL_FORMS" in data
    assert not any(name.endswith(("-role", "-DELETE")) for name in data)
