"""Groups of Django in the administration: seen by staff, changed by superusers, and told of."""

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from django_useraccounts.admin import GroupAdmin
from django_useraccounts.admin.groups import take_over
from django_useraccounts.models import AccountEvent, User
from django_useraccounts.sentences import sentence_of
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import Form, act, make_staff, messages_of, with_changes
from tests.admin.pages import page as page_of

pytestmark = pytest.mark.django_db

ALL = ("view_group", "add_group", "change_group", "delete_group")
#: The permission to delete roles, as events name it.
DELETE_ROLE = "useraccounts.delete_role"


@pytest.fixture
def group():
    group = Group.objects.create(name="clerks")
    group.permissions.set([permission("view_role")])
    return group


def permission(codename):
    return Permission.objects.get(codename=codename)


def page(name, *args):
    return reverse(f"admin:auth_group_{name}", args=args)


def save(client, path, **changes):
    data = Form(client.get(path).content.decode()).data
    return client.post(path, with_changes(data, changes))


def told():
    """Return what the events tell of groups, each by whom."""
    events = AccountEvent.objects.filter(kind="rights_changed").order_by("pk")
    assert {event.user for event in events} <= {None}
    return [(str(event.actor), event.details) for event in events]


# Who may


@pytest.mark.asvs("8.2.3")
def test_K5_staff_who_may_change_groups_give_themselves_nothing(client, group):
    clerk = make_staff("view_user", "change_user", *ALL)
    clerk.groups.add(group)
    editor = make_user("editor")
    editor.user_permissions.add(permission("delete_role"))
    log_in(client, clerk)

    wanted = {"name": "clerks", "permissions": [permission("delete_role").pk]}
    assert client.post(page("change", group.pk), wanted).status_code == 403

    assert not User.objects.get(pk=clerk.pk).has_perm(DELETE_ROLE)
    assert messages_of(act(client, "switch_off", editor)) == [
        "editor: You may not change this account."
    ]


def test_staff_see_groups_and_change_none(client, group):
    log_in(client, make_staff(*ALL))
    yes = {"post": "yes"}

    assert client.get(page("changelist")).status_code == 200
    assert "view_role" not in str(Form(client.get(page("change", group.pk)).content.decode()).data)
    assert client.post(page("add"), {"name": "others"}).status_code == 403
    assert client.post(page("change", group.pk), {"name": "others"}).status_code == 403
    assert client.post(page("delete", group.pk), yes).status_code == 403
    client.post(
        page("changelist"), {"action": "delete_selected", "_selected_action": [group.pk], **yes}
    )

    assert Group.objects.get().name == "clerks"
    assert group.permissions.get() == permission("view_role")
    assert not told()


def test_staff_without_permission_see_no_group(client, group):
    log_in(client, make_staff())

    for path in (page("changelist"), page("change", group.pk), page("add")):
        assert client.get(path).status_code == 403


# What a superuser does is told


def test_what_a_group_may_do_is_changed_and_told_of(office, group):
    permissions = [str(permission("delete_role").pk)]

    assert save(office, page("change", group.pk), permissions=permissions).status_code == 302

    assert group.permissions.get() == permission("delete_role")
    assert told() == [
        ("boss", {"group": "clerks", "given": [DELETE_ROLE], "taken": ["useraccounts.view_role"]})
    ]
    event = AccountEvent.objects.get(kind="rights_changed")
    assert sentence_of(event) == "Rights in the administration were changed."
    assert office.get(page_of("change", event.pk, model="accountevent")).status_code == 200


def test_another_name_is_no_other_right(office, group):
    assert save(office, page("change", group.pk), name="scribes").status_code == 302

    assert Group.objects.get().name == "scribes"
    assert not told()


def test_a_group_that_is_made_with_permissions_is_told_of(office):
    data = {"name": "editors", "permissions": [permission("delete_role").pk]}

    assert office.post(page("add"), data).status_code == 302

    assert told() == [("boss", {"group": "editors", "given": [DELETE_ROLE], "taken": []})]


@pytest.mark.parametrize("by_action", [True, False])
def test_a_group_that_is_deleted_takes_what_it_gave_and_that_is_told_of(office, group, by_action):
    Group.objects.create(name="without")
    yes = {"post": "yes"}

    if by_action:
        keys = list(Group.objects.values_list("pk", flat=True))
        chosen = {"action": "delete_selected", "_selected_action": keys}
        office.post(page("changelist"), {**chosen, **yes})
    else:
        office.post(page("delete", group.pk), yes)

    assert not Group.objects.filter(name="clerks").exists()
    assert told() == [
        ("boss", {"group": "clerks", "given": [], "taken": ["useraccounts.view_role"]})
    ]


# In place of Django's


def test_the_groups_are_administered_by_ours():
    assert type(admin.site.get_model_admin(Group)) is GroupAdmin


def test_only_django_s_own_gives_way():
    stock, own, none = (AdminSite(name) for name in ("stock", "own", "none"))
    stock.register(Group, StockGroupAdmin)
    own.register(Group, type("OwnGroupAdmin", (ModelAdmin,), {}))

    for site in (stock, own, none):
        take_over(site)

    assert type(stock.get_model_admin(Group)) is GroupAdmin
    assert type(own.get_model_admin(Group)).__name__ == "OwnGroupAdmin"
    assert not none.is_registered(Group)
