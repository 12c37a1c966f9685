"""Whatever is changed in the administration asks who it is once more, as the own pages do."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user
from django.contrib.auth.models import Group
from django.urls import reverse

from django_useraccounts.admin import UserAdmin
from django_useraccounts.administration.flows import end_sessions
from django_useraccounts.models import AccountEvent, OutgoingMail, Role, User, UserEmail
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.admin.pages import Form, act, errors_of, make_staff, page, save, with_changes

pytestmark = pytest.mark.django_db

CONFIRM = "/accounts/confirm-identity/"
HELPER = ("view_user", "change_user", "add_useremail", "change_useremail", "delete_useremail")
#: What a new address beside a user sends.
ADDRESS = {
    "emails__TOTAL_FORMS": "2",
    "emails__1__email": "thief@evil.example",
    "emails__1__confirmed": "on",
}


def let_time_pass(client):
    """Have the browser go on, long after its login."""
    session = client.session
    session["useraccounts_proved_at"] = 1
    session.save()


def asked(path):
    return f"{CONFIRM}?next={path}"


def ours():
    """Return each model that a class of ours administers."""
    found = admin.site._registry.items()
    return [m for m, a in found if type(a).__module__.startswith("django_useraccounts")]


@pytest.mark.one_database
def test_the_administration_has_pages_of_each_room():
    assert {model._meta.app_label for model in ours()} == {
        "auth",
        "useraccounts",
        *(f"useraccounts_{room}" for room in ("invitations", "memberships", "sessions", "social")),
    }


@pytest.mark.asvs("7.5.1")
@pytest.mark.one_database
@pytest.mark.parametrize("model", ours(), ids=lambda model: model.__name__)
def test_whatever_is_sent_asks_who_it_is_when_the_login_is_long_ago(office, model):
    let_time_pass(office)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    paths = [reverse(f"{name}_{view}") for view in ("changelist", "add")]
    paths += [reverse(f"{name}_{view}", args=[1]) for view in ("change", "delete")]

    for path in paths:
        assert office.post(path, {"post": "yes"})["Location"] == asked(path)


@pytest.mark.asvs("7.5.1")
def test_D16_a_stolen_session_of_staff_proves_no_address_of_its_own(client):
    clerk = make_staff(*HELPER, "view_useremail")
    log_in(client, clerk)
    path = page("change", clerk.pk)
    data = Form(client.get(path).content.decode()).data
    let_time_pass(client)

    response = client.post(path, with_changes(data, ADDRESS))

    assert response["Location"] == asked(path)
    assert UserEmail.objects.get(user=clerk).email == "clerk@example.com"


def test_D16_nor_does_it_change_anybody_else(office):
    frida, path = make_user("frida"), page("changelist")
    let_time_pass(office)

    for action in ("switch_off", "end_sessions", "send_password_links", "close", "grant_role"):
        response = office.post(path, {"action": action, "_selected_action": [frida.pk]})
        assert response["Location"] == asked(path)

    after = User.objects.get(pk=frida.pk)
    assert (after.is_active, after.session_epoch, after.erase_at) == (True, 0, None)
    assert not OutgoingMail.objects.exists()


def test_who_proves_it_is_back_on_the_page_and_goes_on(office):
    frida = make_user("frida")
    let_time_pass(office)
    path = f"{page('change', frida.pk)}?_changelist_filters=q%3Dfrida"

    # Before anything is typed.
    response = office.get(path)
    there = response["Location"]
    assert there.startswith(CONFIRM)
    data = Form(office.get(there).content.decode().replace("<form", '<form id="a_form"')).data
    response = office.post(CONFIRM, {**data, "old_password": PASSWORD})

    assert response["Location"] == path
    assert save(office, frida, first_name="Frida").status_code == 302
    assert User.objects.get(pk=frida.pk).first_name == "Frida"


def test_pages_to_fill_in_ask_before_anything_is_typed(office):
    role, group = Role.objects.create(name="artist"), Group.objects.create(name="clerks")
    let_time_pass(office)
    paths = [page("add"), page("add", model="role"), page("change", role.pk, model="role")]
    paths += [page("delete", role.pk, model="role"), reverse("admin:auth_group_add")]
    paths += [reverse("admin:auth_group_change", args=[group.pk])]

    for path in paths:
        assert office.get(path)["Location"] == asked(path)


def test_who_only_looks_is_not_asked(client, boss):
    role = Role.objects.create(name="artist")
    event = AccountEvent.objects.record("registered", user=boss)
    log_in(client, make_staff(*HELPER, "view_role", "view_accountevent"))
    let_time_pass(client)

    paths = [page("changelist"), page("history", boss.pk)]
    # Whose account the helper may not change.
    paths += [page("change", boss.pk), page("change", role.pk, model="role")]
    paths += [page("change", event.pk, model="accountevent")]

    assert {client.get(path).status_code for path in paths} == {200}


def test_staff_without_a_password_log_in_again_as_they_did_before(office, boss):
    boss.set_unusable_password()
    boss.save()
    log_in(office, boss)
    frida = make_user("frida")
    let_time_pass(office)
    path = page("change", frida.pk)

    html = office.get(path, follow=True).content.decode()
    assert "Log in again the way you did before" in html
    log_in(office, boss)

    assert office.get(path).status_code == 200


def test_staff_who_have_no_address_and_old_terms_are_asked_for_the_password_alone(client, set_conf):
    set_conf(TERMS_VERSION="2")
    boss = User.objects.create_superuser("boss", "", PASSWORD)
    frida = make_user("frida")
    log_in(client, boss)

    assert save(client, frida, first_name="Frida").status_code == 302
    let_time_pass(client)
    assert client.get(page("add"))["Location"] == asked(page("add"))
    assert client.post(CONFIRM, {"old_password": PASSWORD}).status_code == 302
    assert client.get(page("add")).status_code == 200


# A session that is ended while it acts on its own account


@pytest.fixture
def ended_in_flight(monkeypatch):
    """Have all sessions of a user ended once a request has been let in; tell of whom not yet."""
    armed = []

    def ending(view):
        def view_after(self, request, *args, **kwargs):
            if request.method == "POST" and armed:
                assert request.user.is_authenticated
                end_sessions(User.objects.get(pk=armed.pop().pk))
            return view(self, request, *args, **kwargs)

        return view_after

    for name in ("response_action", "changeform_view"):
        monkeypatch.setattr(UserAdmin, name, ending(getattr(UserAdmin, name)))
    return armed


ENDED = "You have been logged out. Please log in again."


def as_stored(user):
    """Return what a save could have changed: names, state, rights and addresses."""
    columns = User.objects.filter(pk=user.pk).values_list("username", "first_name", "is_active")
    permissions = set(user.user_permissions.values_list("codename", flat=True))
    return [*columns, permissions, *UserEmail.objects.order_by("pk").values()]


@pytest.mark.parametrize(
    "changes, of",
    [
        (ADDRESS, "thief@evil.example"),
        ({"emails__0__is_primary": None, "emails__1__is_primary": "on"}, "second@example.com"),
        ({"emails__1__DELETE": "on"}, "second@example.com"),
        ({"emails__1__confirmed": "on"}, "second@example.com"),
        ({"first_name": "Mallory"}, ""),
        ({"username": "mallory"}, ""),
        ({"is_active": None}, ""),
        ({"user_permissions": []}, ""),
    ],
    ids=["add", "make_primary", "remove", "confirm", "edit", "rename", "switch_off", "rights"],
)
def test_J_a_session_that_has_ended_changes_nothing_of_its_account(
    client, ended_in_flight, changes, of
):
    clerk = make_staff(*HELPER, "view_useremail")
    if "user_permissions" in changes:
        User.objects.update(is_superuser=True)
    is_claim = "emails__1__confirmed" in changes
    if of == "second@example.com":
        add = UserEmail.objects.add_claim if is_claim else UserEmail.objects.add_proved
        add(clerk, of)
    log_in(client, clerk)
    before = as_stored(clerk)
    ended_in_flight.append(clerk)

    response = save(client, clerk, **changes)

    assert not ended_in_flight
    assert errors_of(response) == [ENDED]
    assert as_stored(clerk) == before
    assert not get_user(client).is_authenticated


def test_J_nor_does_an_action(client, ended_in_flight):
    clerk = make_staff(*HELPER)
    log_in(client, clerk)
    ended_in_flight.append(clerk)

    act(client, "close", clerk)

    assert not ended_in_flight
    assert User.objects.get(pk=clerk.pk).erase_at is None


def test_staff_still_change_and_close_their_own_account(client):
    clerk = make_staff(*HELPER, "view_useremail")
    log_in(client, clerk)

    assert save(client, clerk, first_name="Clara", **ADDRESS).status_code == 302
    act(client, "close", clerk)

    after = User.objects.get(pk=clerk.pk)
    assert (after.first_name, after.emails.count()) == ("Clara", 2)
    assert after.erase_at is not None
    assert not get_user(client).is_authenticated
