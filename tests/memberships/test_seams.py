"""Where memberships meet roles, the administration and Stripe: what opened, or stayed, too much."""

from dataclasses import replace
from datetime import datetime, timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.errors import InvalidPeriod, MayNotGrant
from django_useraccounts.leaving.flows import close_account, erase_account
from django_useraccounts.memberships.flows import (
    apply_event,
    end_membership,
    record_payment,
    start_checkout,
    stop_renewals,
    tell_ended,
)
from django_useraccounts.memberships.flows.periods import unpaid_payments
from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.memberships.stripe import client as stripe_client
from django_useraccounts.memberships.stripe.reading import moment_of
from django_useraccounts.models import Role
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import log_in, make_user
from tests.memberships.bills import Subscription, credit_of, line_of, read
from tests.memberships.conftest import at, days, kinds_of_mail, make_plan, only, opens, states

pytestmark = pytest.mark.django_db

NOW = timezone.now()
#: What Stripe says of a subscription: "active" also where nothing is collected.
RUNS, LATE = {"status": "active"}, {"status": "past_due"}
PAUSES = {**RUNS, "pause_collection": {"behavior": "void"}}


def in_days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def hear(*trees):
    return [apply_event(read(tree)) for tree in trees]


def allow(user, *codenames):
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))


# A plan is a way to a role


@pytest.fixture
def shopkeeper():
    """Who keeps the plans, and may grant the role of members, which is the own."""
    keeper = make_user("keeper", is_staff=True, roles=["member"])
    allow(keeper, "add_plan", "change_plan", "view_plan", "add_rolegrant", "view_role")
    return keeper


def typed(plan_role, **changes):
    usual = {"name": "cheap", "label": "Cheap", "price": "€ 1", "price_id": "price_cheap"}
    numbers = {"position": "0", "grace_days": "3", "is_offered": "on"}
    return {**usual, **numbers, "role": plan_role.pk, **changes}


def plan_page(name, *args):
    return reverse(f"admin:useraccounts_memberships_plan_{name}", args=args)


def test_nobody_sells_a_role_that_they_may_not_grant(client, shopkeeper):
    log_in(client, shopkeeper)
    above, own = Role.objects.create(name="chief"), Role.objects.get(name="member")

    refused = client.post(plan_page("add"), typed(above))

    assert refused.status_code == 200
    assert "Select a valid choice" in refused.content.decode()
    assert not Plan.objects.exists()
    client.post(plan_page("add"), typed(own))
    assert Plan.objects.get().role == own


def test_nobody_leads_a_plan_to_a_role_that_they_may_not_grant(client, shopkeeper):
    cheap, above = make_plan("cheap"), Role.objects.create(name="chief")
    log_in(client, shopkeeper)

    client.post(plan_page("change", cheap.pk), typed(above))

    cheap.refresh_from_db()
    assert cheap.role.name == "member"


def test_nobody_makes_a_plan_cheaper_whose_role_they_may_not_grant(client, shopkeeper):
    dear = make_plan("dear", role="chief")
    log_in(client, shopkeeper)
    changes = {"name": "dear", "price_id": "price_cheap", "grace_days": "365"}

    answer = client.post(plan_page("change", dear.pk), typed(dear.role, **changes))

    assert answer.status_code == 403
    dear.refresh_from_db()
    assert (dear.price_id, dear.grace_days) == ("price_dear", 3)
    assert client.get(plan_page("change", dear.pk)).status_code == 200


def test_who_may_not_grant_the_role_records_no_payment_for_a_time_that_is_over(maria, plan):
    clerk = make_user("clerk", is_staff=True)

    with pytest.raises(MayNotGrant):
        record_payment(maria, plan, in_days(-10), since=in_days(-30), by=clerk)

    assert not Payment.objects.exists()


# What was revoked


def test_a_role_that_was_revoked_before_its_period_stays_so(maria, plan):
    record_payment(maria, plan, in_days(30))
    record_payment(maria, plan, in_days(60))
    revoke_role(maria, "member")

    record_payment(maria, plan, in_days(90))

    assert not opens(maria, moment=in_days(45))
    assert opens(maria, moment=in_days(75))


def test_no_change_of_plans_there_and_back_revives_what_was_revoked(subscription, maria):
    make_plan("friend", role="friend")
    hear(subscription.paid(), subscription.told("created", "active"))
    revoke_role(maria, "member", reason="Broke the piano.")

    other = Subscription(str(maria.pk), price="price_friend", begins=subscription.begins)
    hear(other.told("updated", "active", at=in_days(1)), other.paid(1))
    for role in ("member", "friend"):
        assert not opens(maria, role)
    hear(subscription.told("updated", "active", at=in_days(2)), subscription.paid(2))

    for role in ("member", "friend"):
        assert not opens(maria, role)
    assert opens(maria, "friend", in_days(45))
    assert opens(maria, moment=in_days(75))


# What is paid


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([RUNS], id="its payment is under way"),
        pytest.param([LATE], id="its payment is late"),
        pytest.param([LATE, RUNS], id="its payment was given up"),
        pytest.param([PAUSES], id="nothing is collected"),
        pytest.param([{"status": "paused"}], id="after a trial"),
        pytest.param([PAUSES, RUNS], id="nothing was collected for a while"),
    ],
)
@pytest.mark.parametrize("is_heard_first", [False, True])
def test_a_dearer_plan_opens_nothing_until_it_is_paid(subscription, maria, changes, is_heard_first):
    make_plan("dear", role="chief")
    dear = Subscription(str(maria.pk), price="price_dear", begins=subscription.begins)
    change = [dear.told("updated", at=in_days(1 + n), **told) for n, told in enumerate(changes)]
    trees = [subscription.told("created", "active"), subscription.paid()]

    hear(*([*change, *trees] if is_heard_first else [*trees, *change]))

    assert opens(maria)
    assert not opens(maria, "chief")
    paid = subscription.paid_change("price_dear", at=subscription.begins)
    hear(paid, dear.told("updated", "active", at=in_days(9)))
    assert opens(maria, "chief")


def test_what_else_is_on_the_bill_makes_no_period_longer(subscription, maria):
    start, end = subscription.period(0)
    year = line_of("price_of_a_year_of_support", start, start + days(365))

    hear(subscription.paid(lines={"data": [year, line_of("price_patron", start, end)]}))

    assert Payment.objects.get().ends_at == end
    assert not opens(maria, moment=end + days(9))


def test_of_two_plans_on_a_bill_the_one_counts_that_reaches_farther(subscription, maria):
    make_plan("dear", role="chief", position=0)
    start, end = subscription.period(0)
    lines = [line_of("price_dear", start, start + days(2)), line_of("price_patron", start, end)]
    Plan.objects.filter(name="patron").update(position=9)

    hear(subscription.paid(lines={"data": lines}))

    assert opens(maria)
    assert not opens(maria, "chief")


@pytest.mark.parametrize("is_refunded", [False, True])
def test_a_period_counts_that_stands_behind_the_lines_that_are_sent(
    subscription, office, maria, is_refunded
):
    (begin, middle), (_, end) = subscription.period(0), subscription.period(1)
    changes = [line_of("price_patron", begin + days(day), middle) for day in range(10)]
    sent = {"data": changes, "has_more": True}
    office.lines["in_sub_1_1"] = [*changes, line_of("price_patron", middle, end)]
    office.invoices["pi_sub_1_1"] = subscription.invoice(1, lines=sent)

    hear(subscription.paid(1, lines=sent), *([subscription.refunded(1)] if is_refunded else []))

    assert Payment.objects.get().ends_at == end
    assert opens(maria, moment=end) is not is_refunded


def test_none_of_a_thing_is_no_period(subscription, maria):
    nothing = line_of("price_patron", *subscription.period(0), quantity=0)
    assert read(subscription.paid(lines={"data": [{**nothing, "quantity": 1}]}))

    with pytest.raises(AssertionError):
        read(subscription.paid(lines={"data": [nothing]}))


@pytest.fixture
def reduced(subscription):
    """Maria has paid for a year of what is dear, and has changed to what is cheap by the month."""
    make_plan("dear", role="chief")
    year, now, soon = NOW + days(364), subscription.begins, subscription.begins - days(1)
    dear = Subscription(subscription.user_key, price="price_dear", begins=soon)
    rest = line_of("price_dear", now, year, amount=-4990)
    lines = {"data": [rest, line_of("price_patron", *subscription.period(0))]}
    hear(
        dear.told("created", "active"),
        dear.paid(id="in_year", lines={"data": [line_of("price_dear", soon, year)]}),
        subscription.told("updated", "active", at=now),
        subscription.paid(0, lines=lines),
    )
    return subscription


def test_what_stripe_has_credited_is_paid_no_more(reduced, maria):
    end = reduced.period(0)[1]

    assert only().paid_until == end
    assert opens(maria)
    assert not opens(maria, moment=end + days(3))
    assert states() == ["paid", "paid"]


def test_no_card_that_fails_brings_a_dearer_plan_back(reduced, maria):
    end = reduced.period(0)[1]

    hear(reduced.failed(1), reduced.told("updated", "past_due", at=end, number=1))

    assert opens(maria, moment=end)
    for moment in (None, end, in_days(300)):
        assert not opens(maria, "chief", moment)


@pytest.mark.parametrize("hours", [1, 24, 71, 73])
@pytest.mark.parametrize("is_dearer", [False, True])
def test_who_changes_with_the_period_has_what_is_paid_from_then_on(
    subscription, maria, is_dearer, hours
):
    make_plan("dear", role="chief")
    roles = {"price_patron": "member", "price_dear": "chief"}
    before, after = sorted(roles, reverse=not is_dearer)[::-1]
    begins = subscription.begins - days(31)
    old = Subscription(subscription.user_key, price=before, begins=begins)
    new = Subscription(subscription.user_key, price=after, begins=begins)
    with at(begins + days(1)):
        hear(old.told("created", "active"), old.paid(0))

    end = old.period(0)[1]
    with at(end + timedelta(hours=hours)):
        hear(new.told("updated", "active", at=end, number=1), new.paid(1))
        assert opens(maria, roles[after])
        # By its own days of grace.
        assert opens(maria, roles[before]) is (hours < 72)


def test_what_is_changed_twice_before_the_bill_is_paid_for_the_last_time_alone(subscription, maria):
    """The portal bills with the next period, and at once where the periods get others."""
    make_plan("dear", role="chief")
    make_plan("month")
    subscription.begins -= days(10)
    begins, once = subscription.begins, subscription.begins + days(9)
    again, year = once + timedelta(minutes=1), subscription.begins + days(365)
    whole = line_of("price_patron", begins, year, amount=5000)
    lines = [
        line_of("price_patron", once, year, amount=-4900),
        line_of("price_dear", once, year, amount=49000),
        line_of("price_dear", again, year, amount=-49000),
        line_of("price_month", again, again + days(30)),
    ]

    hear(subscription.paid(lines={"data": [whole]}), subscription.paid(7, lines={"data": lines}))

    assert opens(maria)
    for moment in (None, in_days(300)):
        assert not opens(maria, "chief", moment)
    assert not opens(maria, moment=in_days(40))


@pytest.mark.parametrize("is_heard_first", [False, True])
def test_a_bill_for_something_else_brings_no_dearer_plan(subscription, maria, is_heard_first):
    make_plan("dear", role="chief")
    begins, end = subscription.period(0)
    dear = Subscription(str(maria.pk), price="price_dear", begins=begins)
    hear(subscription.told("created", "active"), subscription.paid(0))

    hat = line_of("price_of_a_hat", begins + days(2), end)
    bill = subscription.paid(7, lines={"data": [hat]})
    change = dear.failed(8), dear.told("updated", "past_due", at=in_days(1))
    hear(*([bill, *change] if is_heard_first else [*change, bill]))

    assert opens(maria, moment=in_days(3))
    assert not opens(maria, "chief", in_days(3))


@pytest.fixture
def owing(subscription):
    """Maria has not paid for the second period of what is dear, and has changed there and back."""
    make_plan("dear", role="chief")
    subscription.begins -= days(40)
    dear = Subscription(subscription.user_key, price="price_dear", begins=subscription.begins)
    once, again, end = NOW - days(9), NOW - days(8), dear.period(1)[1]
    down = [credit_of("in_sub_1_1", "price_dear", once, end), line_of("price_patron", once, end)]
    up = [credit_of("in_down", "price_patron", again, end), line_of("price_dear", again, end)]
    return dear, [
        dear.paid(0),
        dear.failed(1),
        subscription.paid(1, id="in_down", lines={"data": down}),
        dear.paid(1, id="in_up", lines={"data": up}),
    ]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_what_nobody_has_paid_pays_for_nothing_else(owing, maria, order):
    dear, trees = owing

    hear(*trees[order])

    for role in ("member", "chief"):
        assert not opens(maria, role)
    # Once she does pay, it all counts.
    hear(dear.paid(1))
    assert opens(maria, "chief")


@pytest.mark.parametrize("is_heard_late", [False, True])
def test_a_credit_of_what_nobody_has_paid_is_told_to_the_log(owing, maria, caplog, is_heard_late):
    paid, failed, down, _up = owing[1]

    hear(paid, *([down, failed] if is_heard_late else [failed, down]))

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.records[0].message == (
        f"Invoice in_down of user {maria.pk} gives back what nobody has paid: it counts once "
        "in_sub_1_1 is paid, whatever was paid besides. If Stripe has made a credit balance of it, "
        "that is worth nothing."
    )


def test_a_cent_of_what_nobody_has_paid_holds_a_whole_year_back(subscription, maria, caplog):
    make_plan("dear", role="chief")
    make_plan("year", role="elder")
    (begins, end), until = subscription.period(0), subscription.begins + days(366)
    once, again = begins + days(1), begins + days(1.1)
    dear, year = (replace(subscription, price=f"price_{name}") for name in ("dear", "year"))
    up = [credit_of("in_sub_1_0", "price_patron", once, end), line_of("price_dear", once, end)]
    over = credit_of("in_up", "price_dear", again, end, amount=-1)
    lines = [over, line_of("price_year", again, until, amount=50000)]

    hear(
        subscription.paid(0),
        dear.failed(0, id="in_up", lines={"data": up}),
        # Its change was made void meanwhile, of which nobody is told.
        year.paid(0, id="in_year", lines={"data": lines}, amount_paid=49999),
    )

    assert not opens(maria, "elder", again)
    assert "Invoice in_year of" in caplog.text and "once in_up is paid" in caplog.text
    # The way out.
    grant_role(maria, "elder", until=until)
    assert opens(maria, "elder", until - days(1))


def test_what_rests_on_a_step_that_is_never_done_does_not_count(subscription, maria):
    make_plan("dear", role="chief")
    (begins, end), dear = subscription.period(0), replace(subscription, price="price_dear")
    once, again, last = (begins + timedelta(minutes=number) for number in (1, 2, 3))
    up = [credit_of("in_sub_1_0", "price_patron", once, end), line_of("price_dear", once, end)]
    down = [credit_of("in_up", "price_dear", again, end), line_of("price_patron", again, end)]
    up_again = [credit_of("in_down", "price_patron", last, end), line_of("price_dear", last, end)]

    hear(
        subscription.paid(0),
        dear.awaited(0, id="in_up", lines={"data": up}),
        subscription.paid(0, id="in_down", lines={"data": down}),
        dear.paid(0, id="in_up_again", lines={"data": up_again}),
    )

    assert opens(maria, moment=begins + days(1))
    assert not opens(maria, "chief", begins + days(1))
    # The step is done after all.
    hear(dear.paid(0, id="in_up", lines={"data": up}))
    assert opens(maria, "chief", begins + days(1))


def test_who_gives_up_a_change_that_was_not_paid_keeps_what_is_paid(subscription, maria):
    make_plan("dear", role="chief")
    once, (begins, end) = subscription.begins + days(1), subscription.period(0)
    dear = Subscription(str(maria.pk), price="price_dear", begins=begins)
    up = [credit_of("in_sub_1_0", "price_patron", once, end), line_of("price_dear", once, end)]
    down = [
        credit_of("in_sub_1_7", "price_dear", once + days(1), end),
        line_of("price_patron", once + days(1), end),
    ]

    hear(
        subscription.paid(0),
        dear.failed(7, lines={"data": up}),
        subscription.paid(8, lines={"data": down}),
    )

    assert opens(maria, moment=end - days(1))
    assert not opens(maria, "chief", end - days(1))


@pytest.mark.parametrize("is_heard_late", [False, True])
def test_a_period_that_counts_again_does_so_to_the_end_of_its_grace(
    subscription, maria, is_heard_late
):
    """A debit for a change that was given up fails weeks later."""
    make_plan("dear", role="chief")
    subscription.begins = NOW - days(31)
    (begins, end), once = subscription.period(0), subscription.begins + days(3)
    up = [credit_of("in_sub_1_0", "price_patron", once, end), line_of("price_dear", once, end)]
    down = [credit_of("in_up", "price_dear", once, end), line_of("price_patron", once, end)]
    trees = [
        subscription.told("created", "active"),
        subscription.paid(0),
        subscription.paid(0, id="in_down", lines={"data": down}),
    ]
    failed = subscription.failed(0, id="in_up", lines={"data": up})

    with at(begins + days(5)):
        hear(*([] if is_heard_late else [failed]), *trees)
    if is_heard_late:
        hear(failed)

    assert opens(maria)


@pytest.mark.parametrize("is_heard_first", [False, True])
def test_the_days_of_grace_are_those_of_what_is_paid(subscription, maria, is_heard_first):
    make_plan("dear", role="chief", grace_days=60)
    end = subscription.period(0)[1]
    dear = Subscription(str(maria.pk), price="price_dear", begins=subscription.begins)
    wish, paid = dear.told("updated", "past_due", at=in_days(1)), subscription.paid(0)

    hear(*([wish, paid] if is_heard_first else [paid, wish]))

    assert only().counts_until == end + days(3)
    assert not opens(maria, moment=end + days(10))
    hear(subscription.paid_change("price_dear", at=subscription.begins))
    assert only().counts_until == end + days(60)
    assert opens(maria, "chief", end + days(59))


def test_a_price_that_is_no_plan_is_no_way_to_a_dearer_one(subscription, maria):
    make_plan("dear", role="chief")
    once, end = subscription.begins, subscription.period(0)[1]
    other = [credit_of("in_sub_1_0", "price_patron", once, end), line_of("price_other", once, end)]
    dear = Subscription(str(maria.pk), price="price_dear", begins=once)

    hear(
        subscription.paid(0),
        subscription.paid(7, lines={"data": other}),
        dear.told("updated", "past_due", at=in_days(1)),
        dear.failed(8),
    )

    assert opens(maria)
    assert not opens(maria, "chief")


@pytest.mark.parametrize("is_named_late", [False, True])
@pytest.mark.parametrize("is_heard_first", [False, True])
def test_a_price_that_is_no_plan_pays_for_what_the_checkout_has_sold(
    subscription, maria, is_heard_first, is_named_late
):
    make_plan("dear", role="chief", grace_days=60)
    subscription.price = "price_of_before"
    wish = replace(subscription, price="price_dear").told("updated", "past_due", at=in_days(1))
    # An older version of the API.
    details = {"subscription": subscription.id, "metadata": {}}
    told = {"parent": {"subscription_details": details}} if is_named_late else {}
    start = [subscription.told("created", "active"), subscription.paid(0, **told)]

    hear(*([wish, *start] if is_heard_first else [*start, wish]))

    assert opens(maria)
    assert not opens(maria, "chief")
    assert only().counts_until == subscription.period(0)[1] + days(3)


def test_without_a_checkout_a_price_that_is_no_plan_pays_for_nothing(subscription, maria):
    make_plan("dear", role="chief")
    by_hand = Subscription("", price="price_of_before", begins=subscription.begins)
    wish = replace(by_hand, price="price_dear").told("created", "active")

    hear(wish, by_hand.paid(0))

    assert not opens(maria, "chief")
    assert states() == ["paid"]


def test_two_plans_of_one_subscription_bring_a_role_each(subscription, maria):
    make_plan("choir", role="singer")
    begins, end = subscription.period(0)

    hear(
        subscription.paid(0),
        subscription.paid(7, lines={"data": [line_of("price_choir", begins, end)]}),
    )

    assert opens(maria)
    assert opens(maria, "singer")


def test_an_end_that_was_not_heard_of_stays_whatever_is_told_of_the_time_before(
    subscription, office, maria
):
    hear(subscription.told("created", "active"), subscription.paid(0))
    office.state = "canceled"
    end_membership(only())

    hear(subscription.told("updated", "active", at=in_days(1)))

    assert only().state == "ended"
    assert not opens(maria)
    ended_at = in_days(2).replace(microsecond=0)
    hear(subscription.deleted(ended_at))
    assert only().ended_at == ended_at


def test_who_changes_hundreds_of_times_in_vain_keeps_nobody_waiting(subscription, maria):
    begins, end = subscription.period(0)
    hear(subscription.failed(0))
    rows = [
        Payment(
            membership=only(),
            reference=f"in_sub_1_{number}",
            state=Payment.State.PAID,
            starts_at=begins,
            ends_at=end,
            credits_of=f"in_sub_1_{number - 1}",
        )
        for number in range(1, 500)
    ]
    Payment.objects.bulk_create(rows)
    payments = list(only().payments.all())
    seen = []

    with mock.patch.object(Payment, "__eq__", lambda self, other: seen.append(1) or self is other):
        assert len(unpaid_payments(payments)) == 500

    assert len(seen) == 0


def test_an_invoice_that_is_not_paid_credits_nothing(subscription, maria):
    make_plan("dear", role="chief")
    middle, end = subscription.begins + days(9), subscription.period(0)[1]
    rest = line_of("price_patron", middle, end, amount=-300)
    lines = {"data": [rest, line_of("price_dear", middle, end)]}
    dear = Subscription(str(maria.pk), price="price_dear", begins=subscription.begins)

    hear(
        subscription.paid(),
        dear.told("updated", "past_due", at=middle),
        dear.failed(7, lines=lines),
    )

    assert opens(maria, moment=end - days(1))
    assert not opens(maria, "chief", end - days(1))


def test_what_was_given_back_of_a_plan_that_is_none_here_ends_nothing(subscription, maria):
    start, end = subscription.period(0)
    hat = line_of("price_of_a_hat", start + days(1), end, amount=-100)
    lines = {"data": [hat, line_of("price_of_a_hat", start + days(1), start + days(2))]}

    hear(subscription.paid(0), subscription.paid(7, lines=lines))

    assert only().paid_until == end


@pytest.mark.parametrize("day", [0, 1])
def test_a_dearer_plan_whose_payment_is_given_back_opens_nothing(subscription, office, maria, day):
    make_plan("dear", role="chief")
    middle, end = subscription.begins + days(day), subscription.period(0)[1]
    rest = line_of("price_patron", middle, end, amount=-480)
    lines = {"data": [rest, line_of("price_dear", middle, end)]}
    dear = Subscription(str(maria.pk), price="price_dear", begins=subscription.begins)
    office.invoices["pi_sub_1_7"] = dear.invoice(7, lines=lines)
    hear(subscription.paid(), dear.told("updated", "active", at=middle), dear.paid(7, lines=lines))
    assert opens(maria, "chief", in_days(2))

    hear(dear.refunded(7))

    # The old plan was credited by that invoice: a part of what it cost is in what came back.
    assert not opens(maria, "chief", in_days(2))
    assert only().paid_until is None


@pytest.mark.parametrize("parent", ["subscription_item_details", "invoice_item_details", None])
def test_a_plan_that_cost_nothing_is_credited_by_nothing(subscription, office, maria, parent):
    make_plan("dear", role="chief")
    middle, end = subscription.begins + days(1), subscription.period(0)[1]
    told = {"proration_details": {"credited_items": {"invoice": "in_sub_1_0"}}}
    # By a coupon of 100 %; before the version "basil", it stood in the line itself.
    more = {"parent": {parent: told}} if parent else told
    rest = line_of("price_patron", middle, end, amount=0, **more)
    lines = {"data": [rest, line_of("price_dear", middle, end)]}
    dear = Subscription(str(maria.pk), price="price_dear", begins=subscription.begins)
    office.invoices["pi_sub_1_7"] = dear.invoice(7, lines=lines)
    hear(subscription.paid(), dear.told("updated", "active", at=middle), dear.paid(7, lines=lines))
    assert opens(maria, "chief", in_days(2))

    hear(dear.refunded(7))

    assert not opens(maria, "chief", in_days(2))


@pytest.mark.parametrize("details", [None, {"credited_items": None}])
def test_what_is_changed_to_for_nothing_is_no_credit(subscription, maria, details):
    middle, end = subscription.begins + days(1), subscription.period(0)[1]
    parent = {"subscription_item_details": {"proration": True, "proration_details": details}}
    free = line_of("price_patron", middle, end, amount=0, parent=parent)

    hear(subscription.paid(0, lines={"data": [free]}))

    assert only().paid_until == end


def test_a_credit_behind_the_lines_that_are_sent_counts(subscription, office, maria):
    start, end = subscription.period(0)
    own = line_of("price_patron", start + days(1), start + days(9))
    rest = line_of("price_patron", start + days(1), end, amount=-500)
    office.lines["in_sub_1_7"] = [own, rest]

    hear(subscription.paid(0), subscription.paid(7, lines={"data": [own], "has_more": True}))

    assert only().paid_until == start + days(9)


# Periods at the end of all calendars


@pytest.mark.parametrize(
    "since, until",
    [
        ("9999-01-01T00:00Z", "9999-02-01T00:00Z"),
        ("9999-12-30T00:00Z", "9999-12-31T23:59Z"),
        ("2200-01-01T00:00Z", "2200-02-01T00:00Z"),
        ("0001-01-01T00:00Z", "2030-01-01T00:00Z"),
        ("0001-01-01T00:00+09:00", "0001-01-02T00:00+09:00"),
        ("0001-01-01T00:00-05:00", "0001-01-02T00:00-05:00"),
    ],
)
def test_a_period_of_another_age_is_refused(maria, plan, since, until):
    since, until = datetime.fromisoformat(since), datetime.fromisoformat(until)

    with pytest.raises(InvalidPeriod):
        record_payment(maria, plan, until, since=since)

    assert not Membership.objects.exists()


def test_a_site_without_time_zones_reads_moments_as_it_keeps_them(without_time_zones):
    without_time_zones("America/New_York")

    assert moment_of(1_800_000_000) == datetime.fromisoformat("2027-01-15T03:00")


def test_a_site_without_time_zones_hears_a_whole_life(subscription, maria, without_time_zones):
    without_time_zones("America/New_York")
    subscription.begins = timezone.now().replace(microsecond=0) - days(1)

    hear(subscription.told("created", "active"), subscription.paid())

    assert opens(maria)
    hear(subscription.deleted(timezone.now()))
    assert not opens(maria)


# Who is not here any more


def test_what_a_checkout_sells_to_who_was_erased_meanwhile_is_cancelled(
    subscription, office, maria
):
    erase_account(maria)
    hear(subscription.paid(), subscription.told("created", "active"))

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["DELETE /v1/subscriptions/sub_1"]
    assert only().user is None


def test_what_was_erased_before_its_subscription_was_heard_of_is_cancelled(
    subscription, office, maria
):
    hear(subscription.paid())
    erase_account(maria)
    hear(subscription.told("created", "active"))

    assert stop_renewals() == (1, 0)


def test_what_stripe_has_ended_itself_is_not_cancelled_for_ever(subscription, office, maria):
    hear(subscription.paid(), subscription.told("created", "active"))
    erase_account(maria)
    hear(subscription.deleted(in_days(0)))

    assert stop_renewals() == (0, 0)
    assert states() == ["paid"]


def test_no_checkout_is_of_a_customer_whom_nobody_knows(office, plan, maria, monkeypatch):
    # Another click, at the same moment, has made another customer.
    def elsewhere(**wanted):
        StripeCustomer.objects.create(user=maria, customer_id="cus_first")
        return "cus_second"

    monkeypatch.setattr(stripe_client, "new_customer", elsewhere)

    start_checkout(maria, plan)

    sold_to = office.asked[-1][1]["customer"]
    assert StripeCustomer.objects.filter(user=maria, customer_id=sold_to).exists()


@pytest.mark.parametrize("leave", ["close", "off"])
def test_who_is_not_here_is_told_of_the_end_when_they_come_back(maria, plan, leave):
    record_payment(maria, plan, in_days(30))
    if leave == "close":
        close_account(maria)
    else:
        type(maria).objects.filter(pk=maria.pk).update(is_active=False)
    before = kinds_of_mail()
    Membership.objects.update(counts_until=in_days(-1), paid_until=in_days(-4))

    assert tell_ended() == 0

    assert kinds_of_mail() == before
    type(maria).objects.filter(pk=maria.pk).update(is_active=True, erase_at=None)
    assert tell_ended() == 1
    assert kinds_of_mail() == [*before, "membership_ended"]


def test_who_has_closed_the_account_gets_no_mail_about_a_payment(subscription, maria):
    close_account(maria)
    before = kinds_of_mail()

    hear(subscription.paid(0), subscription.failed(1))

    assert kinds_of_mail() == before
