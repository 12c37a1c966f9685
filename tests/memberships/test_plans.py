"""Plans in the administration: each is a way to its role, so what is done to one is written down."""

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.memberships.flows import record_payment
from django_useraccounts.memberships.models import Plan
from django_useraccounts.models import AccountEvent, Role
from django_useraccounts.sentences import sentence_of
from tests.admin.desk import boss, desk
from tests.faults.test_events import refuse_events
from tests.memberships.conftest import days, make_plan

pytestmark = pytest.mark.django_db

__all__ = ["boss", "desk"]  # fixtures

#: What ``make_plan`` makes, as events tell of it.
PATRON = {
    "plan": "patron",
    "role": "member",
    "price_id": "price_patron",
    "grace_days": 3,
    "is_offered": True,
}


def page(name, *args):
    return reverse(f"admin:useraccounts_memberships_plan_{name}", args=args)


def typed(plan_role, **changes):
    words = {"label": "Patron", "price": "€ 5 a month", "position": "0", "description": ""}
    terms = {"name": "patron", "role": plan_role.pk, "price_id": "price_patron"}
    terms |= {"grace_days": "3", "is_offered": "on"}
    data = {**words, **terms, **changes}
    return {name: value for name, value in data.items() if value is not None}


def make(desk):
    role, _is_new = Role.objects.get_or_create(name="member")
    return desk.post(page("add"), typed(role))


def change(desk, **changes):
    plan = Plan.objects.get()
    return desk.post(page("change", plan.pk), typed(plan.role, **changes))


def delete(desk):
    return desk.post(page("delete", Plan.objects.get().pk), {"post": "yes"})


def delete_by_action(desk):
    keys = [*Plan.objects.values_list("pk", flat=True)]
    data = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    return desk.post(page("changelist"), data)


def told():
    """Return what the events tell of plans, which are no account's."""
    events = AccountEvent.objects.order_by("pk")
    assert {event.user for event in events} <= {None}
    return [(event.kind, event.details) for event in events]


def test_a_plan_that_is_made_is_told_of_with_the_way_to_its_role(desk, boss):
    assert make(desk).status_code == 302

    assert told() == [("plan_made", PATRON)]
    event = AccountEvent.objects.get()
    assert event.actor == boss
    assert (event.client_address, event.via) == (
        "127.0.0.1",
        "admin:useraccounts_memberships_plan_add",
    )
    assert sentence_of(event) == "The plan “patron” was made."


@pytest.mark.parametrize(
    "changes, written",
    [
        ({"name": "friend"}, {"name": {"from": "patron", "to": "friend"}}),
        ({"price_id": "price_1"}, {"price_id": {"from": "price_patron", "to": "price_1"}}),
        ({"price_id": ""}, {"price_id": {"from": "price_patron", "to": None}}),
        ({"grace_days": "365"}, {"grace_days": {"from": 3, "to": 365}}),
        ({"is_offered": None}, {"is_offered": {"from": True, "to": False}}),
        (
            {"grace_days": "0", "is_offered": None},
            {"grace_days": {"from": 3, "to": 0}, "is_offered": {"from": True, "to": False}},
        ),
    ],
)
def test_what_of_a_plan_is_changed_is_told_from_what_to_what(desk, boss, plan, changes, written):
    assert change(desk, **changes).status_code == 302

    assert told() == [("plan_changed", {"plan": changes.get("name", "patron"), **written})]
    event = AccountEvent.objects.get()
    assert event.actor == boss
    assert event.via == "admin:useraccounts_memberships_plan_change"
    assert sentence_of(event) == f"The plan “{changes.get('name', 'patron')}” was changed."


def test_a_plan_that_leads_to_another_role_is_told_of(desk, plan):
    chief = Role.objects.create(name="chief")

    assert change(desk, role=chief.pk).status_code == 302

    role = {"from": "member", "to": "chief"}
    assert told() == [("plan_changed", {"plan": "patron", "role": role})]


def test_other_words_on_the_page_of_prices_are_no_other_way_to_a_role(desk, plan):
    words = {"label": "Friend", "price": "€ 6", "position": "7", "description": "A chair."}

    assert change(desk, **words).status_code == 302

    assert Plan.objects.get().label == "Friend"
    assert not told()


def test_of_a_plan_that_is_bought_what_can_still_be_changed_is_told_of(desk, maria, plan):
    record_payment(maria, plan, timezone.now() + days(30))
    AccountEvent.objects.all().delete()

    assert change(desk, name="x", price_id="price_x", grace_days="9").status_code == 302

    days_of_grace = {"from": 3, "to": 9}
    assert told() == [("plan_changed", {"plan": "patron", "grace_days": days_of_grace})]


def test_a_change_is_told_from_what_somebody_else_has_stored_meanwhile(desk, plan):
    saved = []

    def save_behind_the_form(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not saved and sql.startswith("SELECT") and Plan._meta.db_table in sql:
            saved.append(True)
            Plan.objects.update(grace_days=20)
        return result

    path, data = page("change", plan.pk), typed(plan.role, grace_days="9")
    with connection.execute_wrapper(save_behind_the_form):
        assert desk.post(path, data).status_code == 302

    days_of_grace = {"from": 20, "to": 9}
    assert told() == [("plan_changed", {"plan": "patron", "grace_days": days_of_grace})]


@pytest.mark.parametrize("way", [delete, delete_by_action])
def test_a_plan_that_is_deleted_is_told_of(desk, boss, plan, way):
    way(desk)

    assert not Plan.objects.exists()
    assert told() == [("plan_deleted", PATRON)]
    event = AccountEvent.objects.get()
    assert event.actor == boss
    assert sentence_of(event) == "The plan “patron” was deleted."


def test_each_of_several_plans_that_are_deleted_is_told_of(desk, plan):
    make_plan("friend", price_id=None, is_offered=False)

    delete_by_action(desk)

    friend = {"plan": "friend", "price_id": None, "is_offered": False}
    assert told() == [("plan_deleted", PATRON), ("plan_deleted", {**PATRON, **friend})]


@pytest.mark.parametrize(
    "act",
    [
        make,
        lambda desk: change(desk, grace_days="365"),
        delete,
        delete_by_action,
    ],
    ids=["made", "changed", "deleted", "deleted_by_action"],
)
def test_T8_what_is_done_to_a_plan_and_cannot_be_written_down_is_not_done(desk, act):
    if act is not make:
        make_plan()
    before = [*Plan.objects.values()]

    with connection.execute_wrapper(refuse_events):
        assert act(desk).status_code == 500

    assert [*Plan.objects.values()] == before
    assert not told()


def test_T8_of_several_plans_all_are_deleted_and_told_of_or_none(desk):
    for name in ("patron", "friend"):
        make_plan(name)
    written = []

    def refuse_the_second_event(execute, sql, *args):
        if sql.startswith("INSERT INTO") and AccountEvent._meta.db_table in sql[:60]:
            written.append(sql)
        return (refuse_events if len(written) == 2 else call)(execute, sql, *args)

    with connection.execute_wrapper(refuse_the_second_event):
        assert delete_by_action(desk).status_code == 500

    assert Plan.objects.count() == 2
    assert not told()


def call(execute, *args):
    return execute(*args)
