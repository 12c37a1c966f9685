"""Memberships in the administration."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.memberships.flows import apply_event, record_payment
from django_useraccounts.memberships.models import Membership, Payment, Plan
from django_useraccounts.models import Role
from django_useraccounts.testing import log_in, make_user
from tests.memberships.bills import read
from tests.memberships.conftest import days, make_plan, only, opens, states

pytestmark = pytest.mark.django_db

END = timezone.now() + timedelta(days=30)


def page(model, name, *args):
    return reverse(f"admin:useraccounts_memberships_{model}_{name}", args=args)


@pytest.fixture
def office_of(client):
    def enter(**fields):
        return log_in(client, make_user("boss", is_staff=True, **fields))

    return enter


@pytest.fixture
def boss(office_of):
    return office_of(is_superuser=True)


def typed(user, plan, /, **changes):
    return {
        "user": user.pk,
        "plan": plan.pk,
        "since_0": "",
        "since_1": "",
        "until_0": f"{END:%Y-%m-%d}",
        "until_1": f"{END:%H:%M:%S}",
        "reference": "transfer 7",
        "reason": "By bank.",
        **changes,
    }


def act(client, model, action, *rows):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(page(model, "changelist"), data, follow=True)
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize(
    "model", ["plan", "membership", "payment", "providerevent", "stripecustomer"]
)
def test_every_list_and_page_is_shown(boss, subscription, model):
    apply_event(read(subscription.paid()))
    row = apps.get_model("useraccounts_memberships", model).objects.get()

    for url in (page(model, "changelist"), page(model, "change", row.pk)):
        assert boss.get(url).status_code == 200
    assert boss.get(page(model, "changelist"), {"q": "maria"}).status_code == 200


def test_a_plan_is_made_and_sold_without_stripe(boss):
    role = Role.objects.create(name="member")
    data = {"name": "patron", "label": "Patron", "role": role.pk, "price": "€ 5"}

    boss.post(page("plan", "add"), {**data, "position": "0", "grace_days": "3", "price_id": ""})

    assert Plan.objects.get().price_id is None


def test_a_plan_that_is_bought_keeps_its_name_role_and_price(boss, maria, plan):
    record_payment(maria, plan, END)
    data = {"name": "x", "label": "Friend of the house", "role": "", "price_id": "price_x"}

    boss.post(
        page("plan", "change", plan.pk),
        {**data, "price": "€ 6", "grace_days": "5", "position": "1"},
    )

    plan.refresh_from_db()
    assert (plan.label, plan.name, plan.price_id) == (
        "Friend of the house",
        "patron",
        "price_patron",
    )
    assert plan.role.name == "member"


@pytest.mark.parametrize("sold", [{"user_key": ""}, {"price": "price_of_before"}])
def test_a_plan_that_is_paid_for_keeps_its_role_whatever_its_buyer_wishes_for(
    boss, subscription, plan, sold
):
    dear = make_plan("dear", role="chief")
    paid = replace(subscription, **sold)
    wish = replace(paid, price="price_dear")
    for tree in (paid.paid(), wish.told("updated", "past_due")):
        apply_event(read(tree))
    assert only().plan == dear
    data = {"label": "Patron", "price": "€ 5", "grace_days": "3", "position": "0"}

    boss.post(
        page("plan", "change", plan.pk),
        {**data, "name": "x", "role": dear.role.pk, "price_id": "price_x"},
    )

    plan.refresh_from_db()
    assert (plan.name, plan.role.name, plan.price_id) == ("patron", "member", "price_patron")


def test_a_payment_is_recorded_by_the_flow(boss, maria, plan):
    assert 'name="until_0"' in boss.get(page("payment", "add")).content.decode()

    response = boss.post(page("payment", "add"), typed(maria, plan))

    assert response.status_code == 302
    payment = Payment.objects.get()
    assert (payment.reference, payment.reason) == ("transfer 7", "By bank.")
    assert payment.recorded_by.username == "boss"
    assert payment.ends_at == END.replace(microsecond=0)
    assert opens(maria)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"until_0": "2001-01-01"}, "A role has to end after it starts."),
        ({"until_0": "soon"}, "Enter a valid date."),
        ({"user": "999999"}, "Select a valid choice."),
        ({"user": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_stands_in_the_form(boss, maria, plan, wrong, sentence):
    response = boss.post(page("payment", "add"), typed(maria, plan, **wrong))

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Payment.objects.exists()


def test_an_invoice_that_failed_is_not_taken_for_a_transfer_that_was_recorded(
    boss, subscription, maria, plan
):
    apply_event(read(subscription.failed()))

    response = boss.post(page("payment", "add"), typed(maria, plan, reference="in_sub_1_0"))

    assert "Another payment with this reference is recorded already." in response.content.decode()
    assert not opens(maria)


def test_a_reference_of_another_payment_stands_in_the_form(boss, maria, plan):
    record_payment(maria, plan, END, reference="transfer 7")

    response = boss.post(page("payment", "add"), typed(make_user("ada"), plan))

    assert "Another payment with this reference is recorded already." in response.content.decode()
    assert Payment.objects.count() == 1


def test_who_may_not_give_the_role_records_nothing(office_of, maria, plan):
    clerk = office_of()
    clerk_user = type(maria).objects.get(username="boss")
    clerk_user.user_permissions.set(Permission.objects.filter(codename="add_payment"))

    response = clerk.post(page("payment", "add"), typed(maria, plan))

    assert "You may not grant this role" in response.content.decode()
    assert not Payment.objects.exists()


def test_a_payment_is_given_back(boss, maria, plan):
    record_payment(maria, plan, END)

    assert act(boss, "payment", "refund", *Payment.objects.all()) == ["1 entry has ended."]

    assert states() == ["refunded"]
    assert not opens(maria)


def test_a_membership_is_ended(boss, maria, plan):
    record_payment(maria, plan, END)

    assert act(boss, "membership", "end", only()) == ["1 entry has ended."]

    assert only().shown_state == "ended"
    assert not opens(maria)


def test_what_stripe_charges_for_is_ended_there(boss, office, subscription, maria):
    apply_event(read(subscription.paid()))

    [told] = act(boss, "membership", "end", only())
    [also] = act(boss, "payment", "refund", *Payment.objects.all())

    assert "Stripe still charges for this subscription." in told
    assert "This was paid through Stripe." in also
    assert opens(maria)


@pytest.mark.parametrize("is_known", [False, True])
def test_what_is_over_at_stripe_or_unknown_there_is_ended_here(
    boss, office, subscription, maria, is_known
):
    apply_event(read(subscription.paid()))
    if is_known:
        office.state = "canceled"
    else:
        # By the key of the other mode, or of another account.
        office.missing = {"sub_1"}

    assert act(boss, "membership", "end", only()) == ["1 entry has ended."]

    assert only().state == "ended"
    assert not opens(maria)


def test_what_stripe_does_not_say_now_is_not_ended(boss, office, subscription, maria):
    apply_event(read(subscription.paid()))
    office.status = 500

    [told] = act(boss, "membership", "end", only())

    assert "The payment service does not answer." in told
    assert opens(maria)


@pytest.mark.parametrize("model", ["membership", "payment", "providerevent", "stripecustomer"])
def test_nothing_of_it_is_edited_or_deleted(boss, subscription, model):
    apply_event(read(subscription.paid()))
    row = apps.get_model("useraccounts_memberships", model).objects.get()

    assert boss.post(page(model, "change", row.pk), {}).status_code == 403
    assert boss.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_an_event_is_found_by_its_id(boss, subscription):
    for number in range(2):
        apply_event(read(subscription.paid(number) | {"id": f"evt_{number}"}))

    found = boss.get(page("providerevent", "changelist"), {"q": "evt_1"})

    assert [event.event_id for event in found.context["cl"].queryset] == ["evt_1"]


def test_the_actions_are_for_who_may_change(office_of, maria, plan):
    clerk = office_of()
    user = type(maria).objects.get(username="boss")
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    record_payment(maria, plan, END)

    for model, action in (("membership", "end"), ("payment", "refund")):
        shown = clerk.get(page(model, "changelist")).content.decode()
        assert f'value="{action}"' not in shown
        act(clerk, model, action, *Membership.objects.all())

    assert opens(maria)
    assert only().paid_until > timezone.now() + days(29)


def test_a_list_of_payments_costs_the_same_for_many(boss, maria, plan):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            boss.get(page("payment", "changelist"))
        return len(queries)

    record_payment(maria, plan, END)
    one = cost()
    for number in range(5):
        record_payment(make_user(f"user{number}"), make_plan(f"plan{number}"), END)

    assert cost() == one
