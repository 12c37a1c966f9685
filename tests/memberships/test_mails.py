"""What the mails say."""

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from django_useraccounts.memberships.flows import (
    apply_event,
    record_payment,
    remind_members,
    tell_ended,
)
from django_useraccounts.message import compose
from django_useraccounts.models import OutgoingMail
from django_useraccounts.preview import preview_mail
from django_useraccounts.testing import html_of
from tests.memberships.bills import read, seconds
from tests.memberships.conftest import at, days, make_plan

pytestmark = pytest.mark.django_db

KINDS = ("membership_started", "payment_failed", "membership_ending", "membership_ended")


def on(moment):
    return date_format(moment, "DATE_FORMAT")


def texts_of(kind):
    """Return subject, text and HTML of the last mail of a kind, in one line each."""
    message = compose(OutgoingMail.objects.filter(kind=kind).latest("pk"))
    found = (message.subject, message.body, html_of(message))
    return [" ".join(text.split()) for text in found]


def test_the_first_one_says_until_when_it_is_paid(maria, plan, set_conf):
    set_conf(SITE_NAME="The Guild")
    until = timezone.now() + days(30)
    record_payment(maria, plan, until)

    subject, *bodies = texts_of("membership_started")

    assert subject == "Your membership at The Guild has begun"
    for body in bodies:
        assert "your membership “Patron” at The Guild has begun." in body
        assert f"It is paid until {on(until)}." in body
        assert "http://testserver/accounts/membership/" in body


def test_of_a_subscription_it_says_that_it_goes_on(subscription):
    apply_event(read(subscription.told("updated", "active")))
    apply_event(read(subscription.paid()))

    for body in texts_of("membership_started")[1:]:
        assert "and renews automatically until you cancel" in body


def test_one_that_failed_says_when_it_ends(subscription):
    for tree in (subscription.paid(0), subscription.failed(1)):
        apply_event(read(tree))

    subject, *bodies = texts_of("payment_failed")

    assert subject == "A payment to testserver has failed"
    for body in bodies:
        assert f"ends on {on(subscription.period(0)[1] + days(3))}" in body


def test_one_of_an_end_says_when(maria, plan):
    until = timezone.now() + days(5)
    record_payment(maria, plan, until)
    remind_members()

    subject, *bodies = texts_of("membership_ending")

    assert subject == "Your membership at testserver ends soon"
    for body in bodies:
        assert f"Your membership “Patron” at testserver ends on {on(until)}." in body


def test_one_of_an_end_names_the_day_that_it_was_cancelled_for(subscription):
    day = subscription.begins + days(5)
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at=seconds(day))))
    remind_members()

    for body in texts_of("membership_ending")[1:]:
        assert f"Your membership “Patron” at testserver ends on {on(day)}." in body


def test_the_last_one_leads_to_what_is_for_sale(maria, plan):
    record_payment(maria, plan, timezone.now() + days(5))
    with at(timezone.now() + days(9)):
        tell_ended()

    subject, *bodies = texts_of("membership_ended")

    assert subject == "Your membership at testserver has ended"
    for body in bodies:
        assert "Your membership “Patron” at testserver has ended." in body
        assert "http://testserver/accounts/pricing/" in body


def test_of_two_memberships_a_mail_tells_of_its_own(maria, plan):
    record_payment(maria, plan, timezone.now() + days(5))
    record_payment(maria, make_plan("friend", role="friend"), timezone.now() + days(90))
    remind_members()

    assert "“Patron”" in texts_of("membership_ending")[1]
    assert "“Friend”" in texts_of("membership_started")[1]


def test_what_people_call_a_plan_is_text(maria):
    record_payment(maria, make_plan(label="<b>R&D</b>", name="rd"), timezone.now() + days(5))

    _subject, text, html = texts_of("membership_started")

    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in html
    assert "“<b>R&D</b>”" in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_reads_well_without_a_membership(kind):
    message = preview_mail(kind)

    for text in (message.subject, message.body, html_of(message)):
        assert "None" not in text
        assert "“”" not in text
    assert "\n\n\n" not in message.body
