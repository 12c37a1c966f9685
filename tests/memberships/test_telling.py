"""The mails of ends: once each, to those whom they are about, by a command that may run twice."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_useraccounts.leaving.flows import close_account
from django_useraccounts.memberships.flows import (
    apply_event,
    end_membership,
    record_payment,
    remind_members,
    tell_ended,
)
from django_useraccounts.memberships.models import Membership, ProviderEvent
from django_useraccounts.models import OutgoingMail
from django_useraccounts.testing import make_user
from tests.memberships.bills import KEY, SECRET, read, seconds
from tests.memberships.conftest import at, days, kinds_of_mail, make_plan, only, opens

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def until(maria, plan):
    """Maria has paid for a month, by bank."""
    end = NOW + days(30)
    record_payment(maria, plan, end)
    OutgoingMail.objects.all().delete()
    return end


def test_who_does_not_go_on_is_reminded_once(until, maria):
    assert remind_members() == 0

    with at(until - days(6)):
        assert remind_members() == 1
        assert remind_members() == 0

    [mail] = OutgoingMail.objects.all()
    assert (mail.kind, mail.user, mail.to) == ("membership_ending", maria, maria.email)


def test_a_new_end_is_reminded_of_anew(until, maria, plan):
    with at(until - days(6)):
        remind_members()
        record_payment(maria, plan, until + days(30))
        assert remind_members() == 0

    with at(until + days(24)):
        assert remind_members() == 1


def test_who_has_paid_for_the_role_otherwise_is_not_reminded(until, maria):
    record_payment(maria, make_plan("by-the-year"), NOW + days(365))

    with at(until - days(6)):
        assert remind_members() == 0


def test_who_goes_on_by_stripe_is_not_reminded(subscription):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))

    with at(subscription.period(0)[1] - days(1)):
        assert remind_members() == 0


def test_who_has_cancelled_at_stripe_is_reminded(subscription):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at_period_end=True)))

    with at(subscription.period(0)[1] - days(1)):
        assert remind_members() == 1


def test_who_has_cancelled_for_a_day_before_what_is_paid_ends_is_reminded_of_that_day(
    subscription,
):
    day = subscription.begins + days(9)
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at=seconds(day))))

    with at(day - days(8)):
        assert remind_members() == 0
    with at(day - days(1)):
        assert remind_members() == 1


def test_who_has_cancelled_for_a_day_that_is_still_to_be_paid_for_is_reminded_when_it_is(
    subscription,
):
    day = subscription.begins + days(33)
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at=seconds(day))))

    # That nothing is charged any more would not be true: Stripe charges for three days.
    with at(subscription.period(0)[1] - days(1)):
        assert remind_members() == 0
    with at(subscription.period(1)[0]):
        apply_event(read(subscription.paid(1)))
        assert remind_members() == 1


def test_who_goes_on_by_a_subscription_that_ends_later_is_not_reminded(until, subscription):
    day = subscription.begins + days(180)
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at=seconds(day))))

    with at(until - days(6)):
        assert remind_members() == 0


def test_the_end_is_told_once_when_the_grace_is_over(until, maria):
    with at(until + days(2.9)):
        assert tell_ended() == 0
        assert opens(maria, moment=until + days(2.9))

    with at(until + days(3)):
        assert tell_ended() == 1
        assert tell_ended() == 0

    assert kinds_of_mail() == ["membership_ended"]
    assert only().state == "ended"


def test_who_pays_after_the_end_was_told_begins_anew(until, maria, plan):
    with at(until + days(10)):
        tell_ended()
        record_payment(maria, plan, until + days(40))

    assert kinds_of_mail() == ["membership_ended", "membership_started"]
    assert Membership.objects.count() == 2


def test_who_was_ended_is_told(until):
    end_membership(only())

    assert tell_ended() == 1


def test_who_has_the_role_by_another_membership_is_not_told(until, maria):
    record_payment(maria, make_plan("by-the-year"), NOW + days(365))

    with at(until + days(10)):
        assert tell_ended() == 0
        assert tell_ended() == 0

    assert kinds_of_mail() == ["membership_started"]


def test_a_subscription_that_renews_late_has_not_ended(subscription):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))

    with at(subscription.period(0)[1] + days(10)):
        assert tell_ended() == 0


def test_a_subscription_that_is_not_paid_has_ended_after_the_grace_and_can_come_back(
    subscription, maria
):
    end = subscription.period(0)[1]
    for tree in (
        subscription.paid(0),
        subscription.failed(1),
        subscription.told("updated", "past_due", at=end, number=1),
    ):
        apply_event(read(tree))

    with at(end + days(4)):
        assert tell_ended() == 1
        apply_event(read(subscription.paid(1)))
        assert tell_ended() == 0
        assert opens(maria)
    with at(end + days(40)):
        assert tell_ended() == 1


def test_a_membership_that_never_began_ends_in_silence(subscription):
    apply_event(read(subscription.told("updated", "incomplete_expired")))

    assert tell_ended() == 0


def test_who_has_no_address_is_marked_and_not_mailed(until, maria):
    type(maria).objects.filter(pk=maria.pk).update(email="")

    with at(until - days(1)):
        remind_members()

    assert kinds_of_mail() == []


def test_on_a_site_without_addresses_nobody_is_mailed(until, maria, plan, set_conf):
    set_conf(EMAIL="off")

    with at(until - days(1)):
        remind_members()
    record_payment(maria, make_plan("friend", role="friend"), NOW + days(30))

    assert kinds_of_mail() == []


def test_many_are_told_in_batches(plan):
    for number in range(7):
        record_payment(make_user(f"user{number}"), plan, NOW + days(3))
    OutgoingMail.objects.all().delete()

    assert remind_members(batch=2) == 7

    assert OutgoingMail.objects.values("user").distinct().count() == 7


# The command


def test_the_command_tells_what_it_has_done(until, capsys):
    ProviderEvent.objects.create(
        event_id="evt_old",
        kind="invoice.paid",
        customer_id="cus_1",
        created_at=NOW,
        received_at=NOW - timedelta(days=91),
    )
    ProviderEvent.objects.create(
        event_id="evt_new", kind="invoice.paid", customer_id="cus_1", created_at=NOW
    )

    with at(until - days(20)):
        call_command("useraccounts_memberships", days=21)

    said = (
        "0 told of the beginning, 1 reminded, 0 told of the end, 0 renewals stopped, "
        "1 events forgotten\n"
    )
    assert capsys.readouterr().out == said
    assert ProviderEvent.objects.get().event_id == "evt_new"


@pytest.mark.parametrize("number", [0, -1, 366])
def test_the_command_takes_sensible_days_only(number):
    with pytest.raises(CommandError, match="--days is a number from 1 to 365"):
        call_command("useraccounts_memberships", days=number)


def test_the_command_fails_aloud_where_stripe_goes_on_to_charge(subscription, maria, office):
    apply_event(read(subscription.told("updated", "active")))
    close_account(maria)
    office.status = 500

    with pytest.raises(CommandError, match="1 renewals could not be stopped"):
        call_command("useraccounts_memberships")


def test_the_command_has_stripe_charge_nobody_who_left_where_no_mail_can_be_written(
    subscription, office, maria, plan, set_conf
):
    apply_event(read(subscription.told("updated", "active")))
    close_account(maria)
    record_payment(make_user("ada"), plan, NOW + days(3))
    set_conf(ORIGIN=None, MEMBERSHIPS={"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET})

    with pytest.raises(CommandError, match="needs USERACCOUNTS"):
        call_command("useraccounts_memberships")

    assert office.paths() == ["POST /v1/subscriptions/sub_1"]
