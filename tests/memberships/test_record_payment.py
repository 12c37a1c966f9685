"""What is paid without Stripe: a period is a grant, once, and one after the other."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.errors import InvalidPeriod, MayNotGrant, UserVanished
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.memberships.errors import EndsAtStripe, ReferenceTaken, RefundAtStripe
from django_useraccounts.memberships.flows import (
    apply_event,
    end_membership,
    record_payment,
    refund_payment,
    tell_begun,
    tell_ended,
)
from django_useraccounts.memberships.models import Membership, Payment
from django_useraccounts.memberships.signals import membership_ended, paid, refunded
from django_useraccounts.models import AccountEvent, RoleGrant
from django_useraccounts.roles.flows import revoke_role
from django_useraccounts.testing import make_user
from tests.memberships.bills import read
from tests.memberships.conftest import at, days, kinds_of_mail, make_plan, only, opens, states

pytestmark = pytest.mark.django_db


NOW = timezone.now()


def in_days(number):
    return NOW + timedelta(days=number)


def test_a_payment_gives_the_role_until_its_end_and_the_days_of_grace(maria, plan):
    until = in_days(30)

    payment = record_payment(maria, plan, until, reference="transfer 7", reason="By bank.")

    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.source) == (maria, plan.role, "payment")
    assert (grant.ends_at, grant.counts_until) == (until, until + days(3))
    assert (payment.grant, payment.state, payment.reference) == (grant, "paid", "transfer 7")
    assert maria.has_roles("member")
    assert opens(maria, moment=until + days(2.9))
    assert not opens(maria, moment=until + days(3))
    assert kinds_of_mail() == ["membership_started"]
    events = AccountEvent.objects.filter(user=maria).order_by("pk")
    assert [event.kind for event in events] == ["role_granted", "payment_recorded"]


def test_the_next_payment_follows_on_the_last_one(maria, plan):
    first = record_payment(maria, plan, in_days(30))

    second = record_payment(maria, plan, in_days(60))

    assert second.starts_at == first.ends_at
    assert Membership.objects.count() == 1
    assert only().paid_until == second.ends_at
    assert kinds_of_mail() == ["membership_started"]


def test_the_same_payment_recorded_twice_counts_once(maria, plan):
    until = in_days(30)
    first = record_payment(maria, plan, until, reference="transfer 7")

    again = record_payment(maria, plan, until + days(1), reference="transfer 7")

    assert again == first
    assert RoleGrant.objects.count() == Payment.objects.count() == 1
    assert AccountEvent.objects.filter(kind="payment_recorded").count() == 1


@pytest.mark.parametrize("change", ["user", "plan"])
def test_a_reference_is_of_one_payment(maria, plan, change):
    wanted = {"user": maria, "plan": plan, "until": in_days(30)}
    record_payment(**wanted, reference="transfer 7")
    other = {"user": make_user("ada"), "plan": make_plan("friend")}

    with pytest.raises(ReferenceTaken):
        record_payment(**{**wanted, change: other[change]}, reference="transfer 7")

    assert RoleGrant.objects.count() == 1


def test_what_was_given_back_is_not_recorded_by_its_reference_again(maria, plan):
    refund_payment(record_payment(maria, plan, in_days(30), reference="transfer 7"))

    with pytest.raises(ReferenceTaken):
        record_payment(maria, plan, in_days(30), reference="transfer 7")

    assert states() == ["refunded"]


@pytest.mark.parametrize("fate", ["paid", "failed"])
def test_an_invoice_of_stripe_is_not_recorded_as_a_transfer(subscription, maria, plan, fate):
    apply_event(read(getattr(subscription, fate)()))

    with pytest.raises(ReferenceTaken):
        record_payment(maria, plan, in_days(30), reference="in_sub_1_0")

    assert states() == [fate]


@pytest.mark.parametrize(
    "since, until", [(None, 0), (None, -1), (10, 10), (10, 5), (None, 40_000), (-90_000, 30)]
)
def test_a_period_has_to_end_after_it_starts_and_within_a_lifetime(maria, plan, since, until):
    since = None if since is None else in_days(since)

    with pytest.raises(InvalidPeriod):
        record_payment(maria, plan, in_days(until), since=since)

    assert not Payment.objects.exists()
    assert not Membership.objects.exists()
    assert not RoleGrant.objects.exists()


def test_a_payment_before_the_end_of_the_last_period_is_no_period(maria, plan):
    record_payment(maria, plan, in_days(30))

    with pytest.raises(InvalidPeriod):
        record_payment(maria, plan, in_days(20))


def test_a_payment_for_a_user_that_has_vanished_is_refused(maria, plan):
    gone = make_user("ada")
    type(gone).objects.filter(pk=gone.pk).delete()

    with pytest.raises(UserVanished):
        record_payment(gone, plan, in_days(30))

    assert not Membership.objects.exists()


def test_who_records_a_payment_has_to_be_allowed_to_give_the_role(maria, plan):
    clerk = make_user("clerk", is_staff=True)

    with pytest.raises(MayNotGrant):
        record_payment(maria, plan, in_days(30), by=clerk)

    assert not Payment.objects.exists()
    clerk = make_user("head", is_staff=True, roles=["member"])
    clerk.user_permissions.add(Permission.objects.get(codename="add_rolegrant"))
    assert record_payment(maria, plan, in_days(30), by=clerk).recorded_by == clerk


def test_a_payment_that_is_given_back_ends_its_own_period_alone(maria, plan):
    first = record_payment(maria, plan, in_days(30), reason="March")
    second = record_payment(maria, plan, in_days(60), reason="April")

    assert refund_payment(second, reason="Paid twice.") is True

    assert states() == ["paid", "refunded"]
    assert opens(maria, moment=in_days(29))
    assert not opens(maria, moment=in_days(40))
    assert only().paid_until == first.ends_at
    assert refund_payment(second) is False
    assert AccountEvent.objects.filter(kind="payment_refunded").count() == 1
    refund_payment(first)
    assert not opens(maria)


def test_a_membership_is_ended_with_all_of_its_periods(maria, plan):
    record_payment(maria, plan, in_days(30))
    record_payment(maria, plan, in_days(60))
    membership = only()

    assert end_membership(membership, reason="Broke the piano.") is True

    assert not opens(maria)
    assert not opens(maria, moment=in_days(40))
    assert only().shown_state == "ended"
    assert end_membership(membership) is False
    event = AccountEvent.objects.get(kind="membership_ended")
    assert event.details == {"plan": "patron", "reason": "Broke the piano."}


def test_who_pays_after_the_end_begins_anew(maria, plan):
    record_payment(maria, plan, in_days(30))
    end_membership(only())

    record_payment(maria, plan, in_days(10))

    assert Membership.objects.count() == 2
    assert opens(maria, moment=in_days(9))
    assert not opens(maria, moment=in_days(20))
    assert kinds_of_mail() == ["membership_started"] * 2


def test_a_role_that_was_revoked_stays_so_for_the_period(maria, plan):
    record_payment(maria, plan, in_days(30))
    revoke_role(maria, "member")

    record_payment(maria, plan, in_days(60))

    assert not opens(maria)
    assert opens(maria, moment=in_days(40))


def test_what_is_paid_ahead_begins_when_its_time_has_come(maria, plan):
    record_payment(maria, plan, in_days(60), since=in_days(30))

    assert not Membership.objects.lasting().exists()
    assert tell_begun() == 0
    assert kinds_of_mail() == []
    with at(in_days(31)):
        assert Membership.objects.lasting().exists()
        assert tell_begun() == 1
        assert tell_begun() == 0
    assert kinds_of_mail() == ["membership_started"]
    assert opens(maria, moment=in_days(31))


def test_what_is_ended_before_it_begins_is_not_welcomed(maria, plan):
    record_payment(maria, plan, in_days(60), since=in_days(30))
    end_membership(only())

    with at(in_days(31)):
        assert tell_begun() == 0
        assert tell_ended() == 0


def test_who_has_closed_the_account_is_welcomed_when_coming_back(maria, plan):
    record_payment(maria, plan, in_days(60), since=in_days(30))
    close_account(maria)
    before = kinds_of_mail()

    with at(in_days(31)):
        assert tell_begun() == 0
        type(maria).objects.filter(pk=maria.pk).update(erase_at=None)
        assert tell_begun() == 1
    assert kinds_of_mail() == [*before, "membership_started"]


def test_of_two_periods_the_second_alone_is_to_come(maria, plan):
    first = record_payment(maria, plan, in_days(30))
    record_payment(maria, plan, in_days(60))

    refund_payment(first)

    assert not Membership.objects.lasting().exists()
    assert only().paid_from == in_days(30)


def test_in_the_gap_that_a_refund_has_left_a_membership_is_to_come(maria, plan):
    record_payment(maria, plan, in_days(30))
    second = record_payment(maria, plan, in_days(60))
    record_payment(maria, plan, in_days(90))

    with at(in_days(40)):
        refund_payment(second)

        assert only().is_to_come
        assert only().paid_from == in_days(60)
        assert not Membership.objects.lasting().exists()
        assert not opens(maria)


def test_the_command_sees_when_a_gap_begins_and_ends(maria, plan):
    record_payment(maria, plan, in_days(30))
    record_payment(maria, plan, in_days(90), since=in_days(60))
    assert not only().is_to_come

    for day, is_to_come in ((10, False), (32, False), (40, True), (61, False)):
        with at(in_days(day)):
            assert tell_begun() == 0
            assert only().is_to_come is is_to_come, day
            assert opens(maria) is not is_to_come, day

    assert kinds_of_mail() == ["membership_started"]


def test_who_has_paid_for_a_time_before_and_for_one_to_come_is_not_welcomed_yet(maria, plan):
    record_payment(maria, plan, in_days(-10), since=in_days(-40))

    record_payment(maria, plan, in_days(60), since=in_days(30))

    assert only().started_at is None
    assert kinds_of_mail() == []
    with at(in_days(31)):
        assert tell_begun() == 1
    assert kinds_of_mail() == ["membership_started"]


def test_what_was_paid_at_stripe_is_given_back_and_ended_there(office, subscription):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))

    with pytest.raises(RefundAtStripe):
        refund_payment(Payment.objects.get())
    with pytest.raises(EndsAtStripe):
        end_membership(only())

    assert states() == ["paid"]


def test_a_payment_for_a_time_that_is_over_gives_nothing(maria, plan):
    record_payment(maria, plan, in_days(-10), since=in_days(-40))

    assert not RoleGrant.objects.exists()
    assert states() == ["paid"]
    assert kinds_of_mail() == []


def test_a_payment_for_a_time_to_come_gives_the_role_then(maria, plan):
    record_payment(maria, plan, in_days(60), since=in_days(30))

    assert not opens(maria)
    assert opens(maria, moment=in_days(31))


def test_within_the_grace_the_next_payment_follows_on_without_a_gap(maria, plan):
    first = record_payment(maria, plan, in_days(30))

    with at(first.ends_at + days(1)):
        second = record_payment(maria, plan, in_days(90))

    assert second.starts_at == first.ends_at + days(1)
    assert all(opens(maria, moment=first.ends_at + days(n / 4)) for n in range(40))


def test_years_of_payments_cost_no_more_than_one(maria, plan):
    def cost(year):
        with at(in_days(365 * year)), CaptureQueriesContext(connection) as queries:
            record_payment(maria, plan, in_days(365 * year + 300))
        return len(queries)

    cost(0)
    second, *later = [cost(year) for year in range(1, 9)]

    assert later == [second] * 7


def test_news_leave_after_the_commit(maria, plan, django_capture_on_commit_callbacks):
    heard = []
    for signal in (paid, refunded, membership_ended):
        signal.connect(lambda signal, user, **news: heard.append((signal, user)), weak=False)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            payment = record_payment(maria, plan, in_days(30))
            refund_payment(payment)
            end_membership(only())
    finally:
        for signal in (paid, refunded, membership_ended):
            signal.receivers.clear()
            signal.sender_receivers_cache.clear()

    assert heard == [(paid, maria), (refunded, maria), (membership_ended, maria)]


def test_the_database_keeps_one_open_membership_of_a_plan(maria, plan):
    Membership.objects.create(user=maria, plan=plan, is_open=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=maria, plan=plan, is_open=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(
            user=make_user("ada"), plan=plan, is_open=True, subscription_id="sub_1"
        )
    Membership.objects.create(user=maria, plan=plan, subscription_id="sub_1")
    Membership.objects.create(user=maria, plan=plan, subscription_id="sub_2")


def test_the_database_keeps_periods_the_right_way_round(maria, plan):
    membership = Membership.objects.create(user=maria, plan=plan)

    with pytest.raises(IntegrityError), transaction.atomic():
        membership.payments.create(state="paid", starts_at=in_days(2), ends_at=in_days(1))
