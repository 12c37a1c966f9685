"""Roles besides permissions in Django's administration."""

import pytest
from django.contrib.admin import AdminSite, ModelAdmin, options
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.urls import reverse

from django_useraccounts.integrations.admin import (
    GuardedActionsMixin,
    RolesRequiredAdminSiteMixin,
    RolesRequiredModelAdminMixin,
    action_roles_required,
)
from django_useraccounts.requirements import guarded_names
from django_useraccounts.roles.flows import revoke_role
from django_useraccounts.testing import log_in, make_user
from tests.integrations import urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integrations.urls")]

ROLES = ["starving", "artist"]


def staff(username="maria", *, roles=(), **fields):
    return make_user(username, roles=roles, is_staff=True, **{"is_superuser": True, **fields})


@pytest.fixture
def group():
    return Group.objects.create(name="painters")


def at(site, page, group=None):
    return reverse(f"{site}:auth_group_{page}", args=[group.pk] if group else [])


# A site


def test_a_site_is_open_to_staff_with_the_roles(client):
    log_in(client, staff(roles=ROLES))

    assert client.get("/office/").status_code == 200
    assert client.get("/office/auth/group/").status_code == 200


@pytest.mark.parametrize(
    "fields, roles",
    [
        ({}, ["artist"]),
        ({}, []),
        ({"confirmed": False}, ROLES),
        ({"is_staff": False, "is_superuser": False}, ROLES),
    ],
)
def test_a_site_sends_everybody_else_to_its_login(client, fields, roles):
    make_user("maria", roles=roles, **{"is_staff": True, "is_superuser": True, **fields})
    log_in(client, type(make_user("other")).objects.get(username="maria"))

    for path in ("/office/", "/office/auth/group/", "/office/jsi18n/"):
        assert client.get(path).url == f"/office/login/?next={path}"
    assert client.get("/office/login/").status_code == 200


def test_a_role_that_was_revoked_closes_the_site_at_the_next_request(client):
    user = staff(roles=ROLES)
    log_in(client, user)
    assert client.get("/office/").status_code == 200

    revoke_role(user, "artist")

    assert client.get("/office/").status_code == 302


# A model


def test_a_model_is_there_for_who_has_the_roles(client, group):
    log_in(client, staff(roles=ROLES))

    assert b"Groups" in client.get("/models/").content
    for page in ("changelist", "add"):
        assert client.get(at("models", page)).status_code == 200
    for page in ("change", "delete", "history"):
        assert client.get(at("models", page, group)).status_code == 200


def test_a_model_is_not_there_for_anybody_else(client, group):
    log_in(client, staff(roles=["artist"]))

    index = client.get("/models/").content
    assert b"Permissions" in index
    assert b"Groups" not in index
    for page in ("changelist", "add"):
        assert client.get(at("models", page)).status_code == 403
        assert client.post(at("models", page), {"name": "sculptors"}).status_code == 403
    for page in ("change", "delete", "history"):
        assert client.get(at("models", page, group)).status_code == 403
        assert client.post(at("models", page, group), {"post": "yes"}).status_code == 403
    assert Group.objects.get() == group


@pytest.mark.parametrize("roles, is_there", [(ROLES, True), (["artist"], False)])
def test_a_module_is_there_as_its_model_is(rf, roles, is_there):
    request = rf.get("/")
    request.user = staff(roles=roles)

    assert urls.models.get_model_admin(Group).has_module_permission(request) is is_there


def test_roles_give_no_permission_that_django_does_not_give(client, group):
    user = staff(roles=ROLES, is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename="view_group"))
    log_in(client, user)

    assert client.get(at("models", "changelist")).status_code == 200
    assert client.get(at("models", "add")).status_code == 403
    assert client.get(at("models", "delete", group)).status_code == 403


@pytest.mark.parametrize("roles, shown", [(ROLES, False), ([*ROLES, "treasurer"], True)])
def test_an_inline_may_ask_for_more(client, group, roles, shown):
    log_in(client, staff(roles=roles))

    page = client.get(at("models", "change", group)).content.decode()

    assert ("Group_permissions-TOTAL_FORMS" in page) is shown


# An action

ACTIONS = ["clear", "clear_too", "clear_by_method"]


def run(client, action, group):
    data = {"action": action, "_selected_action": [group.pk], "index": 0}
    return client.post(at("actions", "changelist"), data)


def actions_in(client):
    context = client.get(at("actions", "changelist")).context
    return [name for name, _text in context["action_form"].fields["action"].choices if name]


def test_an_action_is_listed_and_run_for_who_has_the_roles(client, group):
    log_in(client, staff(roles=ROLES))
    assert actions_in(client) == ["delete_selected", *ACTIONS, "rename"]

    for action in ACTIONS:
        Group.objects.update(name="painters")
        run(client, action, group)
        assert Group.objects.get().name == "cleared"


@pytest.mark.parametrize("fields, roles", [({}, ["artist"]), ({"confirmed": False}, ROLES)])
def test_an_action_is_neither_listed_nor_run_for_anybody_else(client, group, fields, roles):
    log_in(client, staff(roles=roles, **fields))
    assert actions_in(client) == ["delete_selected", "rename"]

    for action in ACTIONS:
        run(client, action, group)
        assert Group.objects.get().name == "painters"
    run(client, "rename", group)
    assert Group.objects.get().name == "renamed"


def test_an_action_refuses_by_itself_where_nothing_hides_it(rf, group):
    request = rf.post("/")
    request.user = staff(roles=["artist"])

    for action in (urls.clear, urls.clear_too, urls.ActionsAdmin.clear_by_method):
        with pytest.raises(PermissionDenied):
            action(None, request, Group.objects.all())
    assert Group.objects.get().name == "painters"


def test_an_action_on_the_page_of_one_row_is_hidden_as_well(rf, monkeypatch):
    if not hasattr(options, "ActionLocation"):
        pytest.skip("Before Django 6.1 the page of one row has no actions.")
    here = options.ActionLocation.CHANGE_FORM
    monkeypatch.setattr(urls.clear, "locations", [here], raising=False)
    model_admin, request = urls.actions.get_model_admin(Group), rf.get("/")

    request.user = staff("frida", roles=ROLES)
    assert list(model_admin.get_actions(request, action_location=here)) == ["clear"]
    request.user = staff("other")
    assert list(model_admin.get_actions(request, action_location=here)) == []


def test_an_action_keeps_its_name_and_its_description():
    assert urls.clear_too.__name__ == "clear_too"
    assert urls.clear_too.short_description == "Clear, too"
    assert urls.ActionsAdmin.clear_by_method.short_description == "Clear by method"


# Wrong calls


@pytest.mark.parametrize(
    "mixin, base",
    [(RolesRequiredAdminSiteMixin, AdminSite), (RolesRequiredModelAdminMixin, ModelAdmin)],
)
@pytest.mark.parametrize(
    "needs, error",
    [((), ValueError), ("artist", TypeError), ([[]], ValueError), ((7,), TypeError),
     (("A Role",), ValueError), ({"artist"}, TypeError)],
)  # fmt: skip
def test_needs_that_cannot_be_meant_raise_where_they_are_written(mixin, base, needs, error):
    with pytest.raises(error):
        type("Wrong", (mixin, base), {"roles_required": needs})
    if isinstance(needs, tuple):
        with pytest.raises(error):
            action_roles_required(*needs)


@pytest.mark.parametrize(
    "mixin, base, args",
    [
        (RolesRequiredAdminSiteMixin, AdminSite, ()),
        (RolesRequiredModelAdminMixin, ModelAdmin, (Group, AdminSite())),
    ],
)
def test_without_its_roles_it_cannot_be_made(mixin, base, args):
    admin = type("Bare", (mixin, base), {})

    with pytest.raises(ImproperlyConfigured) as caught:
        admin(*args)

    assert str(caught.value) == "Bare has to set roles_required."


@pytest.mark.parametrize(
    "mixin, base, named",
    [
        (RolesRequiredAdminSiteMixin, AdminSite, "AdminSite"),
        (RolesRequiredModelAdminMixin, ModelAdmin, "ModelAdmin"),
        (GuardedActionsMixin, ModelAdmin, "ModelAdmin"),
    ],
)
def test_behind_djangos_class_it_would_be_asked_too_late(mixin, base, named):
    with pytest.raises(TypeError) as caught:
        type("Late", (base, mixin), {"roles_required": ("artist",)})

    assert str(caught.value) == f"Late: name the mixin before the {named}."


def test_their_roles_are_known_to_the_check():
    here = "tests.integrations.urls"
    assert {f"{here}.GuildOffice", f"{here}.GroupAdmin"} <= guarded_names["starving"]
    assert f"{here}.PermissionInline" in guarded_names["treasurer"]
    lines = {place for place in guarded_names["artist"] if place.startswith(f"{here}:")}
    assert len(lines) >= 3
