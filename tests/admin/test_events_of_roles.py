"""Roles and groups in the administration: what is done to one is written down, or not done."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.urls import reverse

from django_useraccounts.models import AccountEvent, Role
from django_useraccounts.sentences import sentence_of
from tests.admin.desk import boss, desk
from tests.faults.test_events import refuse_events

pytestmark = pytest.mark.django_db

__all__ = ["boss", "desk"]  # fixtures

#: The permission to delete roles, as events name it.
DELETE_ROLE = "useraccounts.delete_role"


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def delete_role():
    return Permission.objects.get(codename="delete_role")


def typed(**changes):
    inline = {"grants-TOTAL_FORMS": "0", "grants-INITIAL_FORMS": "0"}
    return {"name": "artist", "label": "", "description": "", **inline, **changes}


def make(desk, model, **changes):
    return desk.post(page(model, "add"), typed(permissions=[delete_role().pk], **changes))


def change(desk, model, **changes):
    return desk.post(page(model, "change", model.objects.get().pk), typed(**changes))


def delete(desk, model):
    return desk.post(page(model, "delete", model.objects.get().pk), {"post": "yes"})


def delete_by_action(desk, model):
    keys = [*model.objects.values_list("pk", flat=True)]
    data = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    return desk.post(page(model, "changelist"), data)


def give(desk, model):
    return change(desk, model, permissions=[delete_role().pk])


def rename(desk, model):
    return change(desk, model, name="painter")


def told():
    """Return what the events tell, which are no account's."""
    events = AccountEvent.objects.order_by("pk")
    assert {event.user for event in events} <= {None}
    return [(event.kind, str(event.actor), event.details) for event in events]


def stored(model):
    rows = model.objects.order_by("pk")
    return [(row.name, [*row.permissions.values_list("codename", flat=True)]) for row in rows]


def test_a_role_that_is_made_and_what_it_carries_are_told_of(desk):
    assert make(desk, Role).status_code == 302

    given = {"role": "artist", "given": [DELETE_ROLE], "taken": []}
    assert told() == [
        ("role_made", "boss", {"role": "artist"}),
        ("role_changed", "boss", given),
    ]
    event = AccountEvent.objects.get(kind="role_made")
    assert event.via == "admin:useraccounts_role_add"
    assert sentence_of(event) == "The role “artist” was made."


@pytest.mark.parametrize("way", [delete, delete_by_action])
def test_a_role_that_is_deleted_is_told_of(desk, way):
    Role.objects.create(name="artist")

    way(desk, Role)

    assert not Role.objects.exists()
    assert told() == [("role_deleted", "boss", {"role": "artist"})]
    assert sentence_of(AccountEvent.objects.get()) == "The role “artist” was deleted."


@pytest.mark.parametrize(
    "model, act",
    [
        *((Role, act) for act in (make, rename, give, delete, delete_by_action)),
        *((Group, act) for act in (make, give, delete, delete_by_action)),
    ],
)
def test_T8_what_is_done_to_a_role_or_group_and_cannot_be_written_down_is_not_done(
    desk, model, act
):
    if act is not make:
        row = model.objects.create(name="artist")
        if act is not give:
            row.permissions.add(delete_role())
    before = stored(model)

    with connection.execute_wrapper(refuse_events):
        assert act(desk, model).status_code == 500

    assert stored(model) == before
    assert not told()
