"""Addresses that mail does not reach: who reports, what ends, what heals."""

import re
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail as outside
from django.utils import timezone

from django_useraccounts import signals
from django_useraccounts.emails.flows import add_email, remove_email, send_confirmation
from django_useraccounts.errors import LinkInvalid
from django_useraccounts.mail import DELAYS, announce, deliver, deliver_due
from django_useraccounts.models import (
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.secrets import (
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    Link,
    issue,
    link_of,
    peek,
)
from django_useraccounts.testing import make_user
from django_useraccounts.undeliverable import (
    APART,
    heal,
    is_undeliverable,
    report_delivered,
    report_undeliverable,
)
from tests.ground.doubles import Flaky

pytestmark = pytest.mark.django_db

FRIDA, SPARE = "frida@example.com", "frida@spare.example"


@pytest.fixture
def frida():
    return make_user("frida")


@pytest.fixture
def spare(frida):
    return UserEmail.objects.add_proved(frida, SPARE)


@pytest.fixture
def server(monkeypatch, send_mail_by, set_conf):
    """A mail server that answers what the test sets."""
    set_conf(MAIL_DELIVERY="command")
    send_mail_by("tests.ground.doubles.Flaky")

    def answer(error):
        monkeypatch.setattr(Flaky, "answer", error)

    answer(None)
    return answer


@pytest.fixture
def heard():
    news = []

    def hear(**kwargs):
        news.append((kwargs["email"].email, kwargs["state"]))

    signals.email_undeliverable.connect(hear)
    yield news
    signals.email_undeliverable.disconnect(hear)


def refusal(code, answer, email=FRIDA):
    return SMTPRecipientsRefused({email: (code, answer)})


def let_time_pass():
    """Let the next failure be another one."""
    UndeliverableAddress.objects.update(reported_at=timezone.now() - APART)


def readers():
    return [message.to[0] for message in outside.outbox]


# Reports


@pytest.mark.parametrize("state", ["bounced", "complained"])
def test_a_bounce_or_a_complaint_ends_mail_at_once(
    frida, heard, state, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        report_undeliverable("Frida@Example.com", state=state, reason="550 5.1.1 " + "x " * 150)

    row = UndeliverableAddress.objects.get()
    assert is_undeliverable(FRIDA)
    assert (row.email_key, row.state) == (FRIDA, state)
    assert row.reason.startswith("550 5.1.1 x")
    assert 245 < len(row.reason) <= 250
    assert heard == [(FRIDA, state)]
    event = AccountEvent.objects.get(kind="email_undeliverable")
    assert (event.user, event.details) == (frida, {"address": FRIDA, "state": state})


def test_failures_count_when_they_lie_apart_and_the_fifth_ends_mail(
    frida, heard, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(4):
            for _again in range(3):  # a webhook that comes thrice is one failure
                report_undeliverable(FRIDA, state="failing")
            let_time_pass()
        assert not is_undeliverable(FRIDA)
        assert not AccountEvent.objects.exists()

        report_undeliverable(FRIDA, state="failing")

    assert UndeliverableAddress.objects.get().failures == 5
    assert is_undeliverable(FRIDA)
    assert heard == [(FRIDA, "failing")]
    assert AccountEvent.objects.get().user == frida


def test_a_mail_that_arrives_ends_failures_but_no_bounce():
    for email, state in (("a@example.com", "failing"), ("b@example.com", "bounced")):
        report_undeliverable(email, state=state)
        report_delivered(email)

    assert UndeliverableAddress.objects.get().email_key == "b@example.com"


def test_a_failure_after_a_bounce_leaves_it_a_bounce_and_tells_nobody_twice(frida):
    for state in ("bounced", "failing", "complained", "bounced"):
        report_undeliverable(FRIDA, state=state)

    assert UndeliverableAddress.objects.get().state == "bounced"
    assert AccountEvent.objects.count() == 1


def test_a_stranger_s_address_may_bounce_and_a_claim_is_nobody_s(frida, heard):
    add_email(frida, "waiting@example.com")
    AccountEvent.objects.all().delete()

    report_undeliverable("nobody@example.com", state="bounced")
    report_undeliverable("waiting@example.com", state="bounced")

    assert UndeliverableAddress.objects.count() == 2
    assert not AccountEvent.objects.exists()
    assert heard == []


@pytest.mark.parametrize(
    "email, state",
    [("", "bounced"), ("no address", "bounced"), ("x\0@example.com", "bounced"), (FRIDA, "odd")],
)
def test_what_cannot_be_meant_is_ignored(email, state):
    report_undeliverable(email, state=state)

    assert not UndeliverableAddress.objects.exists()


def test_a_bounce_switches_nothing_off(client, frida):
    report_undeliverable(FRIDA, state="bounced")

    frida.refresh_from_db()
    assert frida.is_active
    assert frida.has_confirmed_email


# Where mail goes instead


def test_news_fall_back_to_another_proved_address(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")
    mail = announce("password_changed", to=FRIDA, user=frida)

    assert deliver(mail.pk)

    assert readers() == [SPARE]
    mail.refresh_from_db()
    assert (mail.to, mail.error) == (SPARE, f"Sent there instead of {FRIDA}, which takes no mail.")


def test_the_longest_address_is_noted_as_far_as_there_is_room(frida, server):
    long = f"{'m' * 64}@{'.'.join(['d' * 60] * 3)}.com"
    UserEmail.objects.add_proved(frida, long)
    report_undeliverable(long, state="bounced")
    mail = announce("password_changed", to=long, user=frida)

    assert deliver(mail.pk)

    mail.refresh_from_db()
    assert (mail.to, mail.due_at) == (FRIDA, None)
    assert mail.error.startswith(f"Sent there instead of {long[:200]}")
    assert len(mail.error) == 250


def test_a_link_to_a_new_password_falls_back_too(spare, server):
    report_undeliverable(FRIDA, state="complained")

    forgot_password(FRIDA)
    deliver_due(limit=9)

    assert readers() == [SPARE]


def test_who_asks_twice_for_a_new_password_gets_the_link_that_counts(spare, server):
    report_undeliverable(FRIDA, state="bounced")

    for _ in range(2):
        forgot_password(FRIDA)
        deliver_due(limit=9)

    assert readers() == [SPARE, SPARE]
    newest = OneTimeSecret.objects.order_by("created_at").last()
    assert str(link_of(newest)) in outside.outbox[-1].body


def test_a_link_that_goes_elsewhere_ends_with_the_address_that_it_goes_to(frida, spare, server):
    # else a thief whose address the owner takes off again sets the password by it
    report_undeliverable(FRIDA, state="bounced")
    forgot_password(FRIDA)
    deliver_due(limit=9)
    link = Link.parse(re.search(r"reset-password/([\w-]{64})", outside.outbox[-1].body)[1])
    assert peek(RESET_PASSWORD, link).address == spare

    remove_email(spare)

    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, link)


def test_a_link_that_goes_elsewhere_is_tried_there_again(frida, spare, server):
    # not at the first address, although that has taken mail since: the link has followed the mail
    report_undeliverable(FRIDA, state="bounced")
    forgot_password(FRIDA)
    server(SMTPServerDisconnected("try later"))
    assert not deliver_due(limit=9)

    heal(FRIDA)
    server(None)
    OutgoingMail.objects.update(due_at=timezone.now())
    deliver_due(limit=9)

    assert readers() == [SPARE]
    assert str(link_of(OneTimeSecret.objects.get(address=spare))) in outside.outbox[-1].body


def test_without_another_address_a_link_that_was_asked_for_goes_where_it_was_asked_for(
    frida, server
):
    # else the account would be lost to somebody whose mailbox was full for a day
    report_undeliverable(FRIDA, state="bounced")

    forgot_password(FRIDA)
    deliver_due(limit=9)

    assert readers() == [FRIDA]


def test_without_another_address_news_are_given_up(frida, server):
    report_undeliverable(FRIDA, state="bounced")
    mail = announce("password_changed", to=FRIDA, user=frida)

    assert not deliver(mail.pk)

    mail.refresh_from_db()
    assert readers() == []
    assert (mail.due_at, mail.error) == (None, "No mail goes to this address any more.")


def test_the_primary_one_comes_first_and_a_bad_one_or_a_claim_never(frida, spare, server):
    UserEmail.objects.add_proved(frida, "dead@example.com")
    add_email(frida, "claim@example.com")
    OutgoingMail.objects.all().delete()
    for dead in ("dead@example.com", SPARE):
        report_undeliverable(dead, state="bounced")

    mail = announce("password_changed", to=SPARE, user=frida)
    assert deliver(mail.pk)

    assert readers() == [FRIDA]


def test_mail_to_a_claim_goes_nowhere_else(frida, server):
    # what is mailed to an address that nobody has proved is not meant for the others
    report_undeliverable("claim@example.com", state="bounced")
    mail = announce("already_registered", to="claim@example.com", user=frida)

    assert not deliver(mail.pk)
    assert readers() == []


def test_who_is_told_the_same_anyway_gets_no_second_mail(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")
    for to in (FRIDA, SPARE):
        announce("email_change_undone", to=to, user=frida)

    deliver_due(limit=9)

    assert readers() == [SPARE]


def test_who_is_told_by_a_link_of_the_own_address_gets_no_second_one(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")
    for address in frida.emails.all():
        link = issue(RESET_PASSWORD, address=address)
        announce("email_change_undone", to=address.email, user=frida, secret=link)

    deliver_due(limit=9)

    assert readers().count(SPARE) == 1


def test_who_is_told_of_one_role_is_told_of_the_other_one_as_well(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")
    for name in ("artist", "programmer"):
        role = Role.objects.create(name=name)
        grant = grant_role(frida, role, until=timezone.now() + timedelta(days=1))
        RoleGrant.objects.filter(pk=grant.pk).update(reminded_at=timezone.now())
        announce("role_ending", to=FRIDA, user=frida, grant=grant)

    deliver_due(limit=9)

    assert readers() == [SPARE, SPARE]


def test_news_of_the_same_kind_are_told_again_after_a_moment(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")
    for _ in range(2):
        announce("password_changed", to=FRIDA, user=frida)
        deliver_due(limit=9)
        OutgoingMail.objects.update(created_at=timezone.now() - timedelta(seconds=10))

    assert readers() == [SPARE, SPARE]


def test_a_link_that_undoes_goes_to_no_other_address(frida, spare, server):
    # the other one may be the thief's
    report_undeliverable(FRIDA, state="bounced")
    secret = issue(UNDO_EMAIL_CHANGE, address=frida.emails.get(is_primary=True), pending="x")
    mail = announce("email_added", to=FRIDA, user=frida, secret=secret, about=SPARE)

    assert not deliver(mail.pk)
    assert readers() == []


def test_a_link_that_proves_an_address_goes_to_that_one_alone(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")

    send_confirmation(frida.emails.get(is_primary=True))
    deliver_due(limit=9)

    assert readers() == [FRIDA]


# What servers say


def test_a_hard_bounce_is_not_tried_again_and_the_mail_goes_elsewhere_at_once(
    frida, spare, send_mail_by, set_conf, monkeypatch, caplog
):
    set_conf(MAIL_DELIVERY="command")
    send_mail_by("tests.ground.test_undeliverable.KnowsOnlySpare")
    mail = announce("password_changed", to=FRIDA, user=frida)

    assert deliver(mail.pk)

    assert readers() == [SPARE]
    assert UndeliverableAddress.objects.get().state == "bounced"
    assert "5.1.1" in UndeliverableAddress.objects.get().reason


@pytest.mark.usefixtures("caplog")
def test_a_hard_bounce_at_the_last_attempt_leaves_the_other_address_its_own_ones(
    frida, spare, send_mail_by, set_conf
):
    set_conf(MAIL_DELIVERY="command")
    send_mail_by("tests.ground.test_undeliverable.KnowsOnlySpare")
    mail = announce("password_changed", to=FRIDA, user=frida)
    OutgoingMail.objects.update(attempts=len(DELAYS) - 1)

    assert deliver(mail.pk)

    assert readers() == [SPARE]


class KnowsOnlySpare(Flaky):
    def send_messages(self, email_messages):
        if email_messages[0].to != [SPARE]:
            raise refusal(550, b"5.1.1 User unknown", email_messages[0].to[0])
        return super().send_messages(email_messages)


@pytest.mark.usefixtures("caplog")
def test_a_hard_bounce_of_the_only_address_ends_the_mail(frida, server):
    server(refusal(550, b"5.1.1 User unknown"))
    mail = announce("password_changed", to=FRIDA, user=frida)

    assert not deliver(mail.pk)

    mail.refresh_from_db()
    assert (mail.due_at, mail.sent_at, mail.attempts) == (None, None, 1)
    assert "User unknown" in mail.error
    assert is_undeliverable(FRIDA)


@pytest.mark.usefixtures("caplog")
def test_all_addresses_that_bounce_end_the_mail_too(frida, spare, server):
    server(refusal(550, b"5.1.1 User unknown"))
    mail = announce("password_changed", to=FRIDA, user=frida)

    assert not deliver(mail.pk)

    assert UndeliverableAddress.objects.count() == 2
    mail.refresh_from_db()
    assert mail.due_at is None


@pytest.mark.usefixtures("caplog")
def test_a_confirmation_that_bounces_ends_without_a_loop(frida, spare, server):
    report_undeliverable(FRIDA, state="bounced")
    send_confirmation(frida.emails.get(is_primary=True))
    server(refusal(550, b"5.1.1 User unknown"))

    assert deliver_due(limit=9) == 0

    assert OutgoingMail.objects.get().due_at is None


@pytest.mark.usefixtures("caplog")
@pytest.mark.parametrize(
    "error, failures",
    [(refusal(450, b"4.2.2 Over quota"), 1), (SMTPServerDisconnected("gone"), None)],
)
def test_a_mail_that_is_given_up_counts_against_an_address_that_refused_it(
    frida, server, error, failures
):
    server(error)
    mail = announce("password_changed", to=FRIDA, user=frida)

    for _ in DELAYS:
        assert not UndeliverableAddress.objects.exists()
        OutgoingMail.objects.update(due_at=timezone.now())
        deliver(mail.pk)

    assert OutgoingMail.objects.given_up().get() == mail
    assert [row.failures for row in UndeliverableAddress.objects.all()] == [failures] * bool(
        failures
    )

    server(None)
    assert deliver(announce("password_changed", to=FRIDA, user=frida).pk)
    assert not UndeliverableAddress.objects.exists()


def test_to_heal_says_whether_something_was_in_the_way():
    assert heal(FRIDA) is False
    report_undeliverable(FRIDA, state="bounced")
    assert heal("FRIDA@example.com") is True
    assert not is_undeliverable(FRIDA)


def test_an_hour_is_what_lies_between_two_failures():
    assert timedelta(hours=1) == APART
