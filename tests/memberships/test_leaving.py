"""What the room hands out of who leaves, what it forgets, and what has to stay."""

import pytest
from django.utils import timezone

from django_useraccounts.leaving.flows import close_account, erase_account
from django_useraccounts.memberships.flows import apply_event, record_payment, refund_payment
from django_useraccounts.memberships.models import Membership, Payment, StripeCustomer
from django_useraccounts.memberships.parts import memberships_of
from django_useraccounts.policy import Policy
from django_useraccounts.testing import make_user
from tests.memberships.bills import Subscription, read
from tests.memberships.conftest import days, opens

pytestmark = pytest.mark.django_db


class Keeping(Policy):
    def leaving(self, user):
        return "anonymise"


def test_who_leaves_takes_along_memberships_and_payments(maria, plan):
    until = timezone.now() + days(30)
    record_payment(maria, plan, until, reference="transfer 7", reason="By bank.")

    [held] = memberships_of(maria)

    assert (held["plan"], held["label"], held["state"]) == ("patron", "Patron", "running")
    [payment] = held["payments"]
    assert (payment["reference"], payment["until"]) == ("transfer 7", until)
    assert memberships_of(make_user("ada")) == []


@pytest.mark.parametrize("policy", [None, f"{__name__}.Keeping"])
def test_what_was_paid_stays_as_nobodys(maria, plan, set_conf, policy):
    if policy:
        set_conf(POLICY=policy)
    record_payment(maria, plan, timezone.now() + days(30), reference="7", reason="For Maria.")

    erase_account(maria)

    membership, payment = Membership.objects.get(), Payment.objects.get()
    assert (membership.user, membership.is_open, membership.state) == (None, None, "ended")
    assert (payment.state, payment.reference, payment.reason) == ("paid", "7", "")
    assert not opens(maria)
    assert refund_payment(payment) is True


@pytest.mark.parametrize("policy", [None, f"{__name__}.Keeping"])
def test_what_stripe_goes_on_to_tell_of_who_was_erased_changes_nothing(
    maria, subscription, set_conf, policy
):
    if policy:
        set_conf(POLICY=policy)
    apply_event(read(subscription.paid(0)))

    erase_account(maria)

    assert StripeCustomer.objects.get().user is None
    assert apply_event(read(subscription.paid(1))) is False
    assert apply_event(read(Subscription("").paid(1))) is False
    assert not opens(maria, moment=timezone.now() + days(40))


def test_who_has_recorded_a_payment_is_forgotten_and_the_payment_stays(maria, plan):
    make_user("boss", is_superuser=True)
    clerk = make_user("clerk", is_superuser=True)
    record_payment(maria, plan, timezone.now() + days(30), by=clerk)

    erase_account(clerk)

    assert Payment.objects.get().recorded_by is None
    assert opens(maria)


def test_a_closed_account_that_comes_back_has_its_membership_still(maria, subscription):
    apply_event(read(subscription.paid(0)))

    close_account(maria)
    apply_event(read(subscription.paid(1)))

    assert opens(maria, moment=subscription.period(1)[0] + days(1))
