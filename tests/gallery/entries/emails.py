"""Addresses: to confirm one, to have several, to take a change back."""

from django.core import mail

from django_useraccounts.models import AbstractUser, UserEmail
from django_useraccounts.testing import PASSWORD
from django_useraccounts.undeliverable import report_undeliverable
from tests.gallery.entries.registration import fill_in
from tests.gallery.stage import LONG_EMAIL, Stage, entry

SECOND, CLAIM = "frida@desert.example", "kahlo@guild.example"
NO_MAILBOX = "550 5.1.1 The mailbox is gone"


def with_addresses(stage: Stage) -> AbstractUser:
    """Log in somebody who has a confirmed second address, and one that waits."""
    frida = stage.log_in()
    UserEmail.objects.add_proved(frida, SECOND)
    UserEmail.objects.add_claim(frida, CLAIM)
    return frida


def key_of(email: str) -> int:
    return UserEmail.objects.get(email=email).pk


@entry()
def mail_sent(stage: Stage) -> None:
    stage.get("mail_sent", next="/members/")


@entry()
def resend_confirmation(stage: Stage) -> None:
    stage.get("resend_confirmation", next="/members/")


@entry()
def resend_confirmation_refused(stage: Stage) -> None:
    stage.post("resend_confirmation", email="frida")


@entry(LIMITS={"mail": {"client": "1/1h"}})
def resend_confirmation_limited(stage: Stage) -> None:
    for _ in range(2):
        stage.post("resend_confirmation", email="frida@example.com")


@entry()
def resend_confirmation_before_login(stage: Stage) -> None:
    stage.user(confirmed=False)
    stage.post("login", identifier="frida", password=PASSWORD)


@entry()
def confirm_email(stage: Stage) -> None:
    fill_in(stage)
    stage.open_mail()


@entry()
def confirm_email_not_me(stage: Stage) -> None:
    confirm_email(stage)
    stage.post(stage.here, answer="not_me")


@entry()
def confirm_email_done(stage: Stage) -> None:
    confirm_email(stage)
    stage.post(stage.here, answer="confirm")


@entry()
def confirm_email_then_login(stage: Stage) -> None:
    fill_in(stage)
    stage.elsewhere()
    stage.open_mail()
    stage.post(stage.here, answer="confirm")


@entry()
def confirm_another_email(stage: Stage) -> None:
    stage.log_in()
    stage.post("add_email", email=LONG_EMAIL)
    stage.open_mail()


@entry(USERNAME="off")
def confirm_email_elsewhere(stage: Stage) -> None:
    fill_in(stage)
    stage.elsewhere()
    stage.open_mail()


@entry(USERNAME="off")
def confirm_email_elsewhere_refused(stage: Stage) -> None:
    confirm_email_elsewhere(stage)
    path = stage.here
    stage.post(path, answer="confirm", old_password="not this one")


@entry(USERNAME="off", LIMITS={"password": {"client": "1/5m"}})
def confirm_email_elsewhere_limited(stage: Stage) -> None:
    confirm_email_elsewhere_refused(stage)
    path = stage.here
    stage.post(path, answer="confirm", old_password="nor this one")


@entry()
def emails(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("emails")


@entry(LOGIN_BY="username")
def emails_beside_a_username(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("emails")


@entry()
def emails_only_one(stage: Stage) -> None:
    stage.log_in()
    stage.get("emails")


@entry(CONFIRM_EMAIL_BEFORE_LOGIN=False)
def emails_unconfirmed(stage: Stage) -> None:
    stage.log_in(stage.user(confirmed=False))
    stage.get("emails", next="/members/")


@entry(CONFIRM_EMAIL_BEFORE_LOGIN=False)
def emails_none(stage: Stage) -> None:
    UserEmail.objects.filter(user=stage.log_in(stage.user(confirmed=False))).delete()
    stage.get("emails")


@entry(EMAILS_PER_USER=3)
def emails_no_room(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("emails", next="/members/")


@entry()
def emails_in_trouble(stage: Stage) -> None:
    frida = with_addresses(stage)
    UserEmail.objects.add_proved(frida, LONG_EMAIL)
    report_undeliverable(SECOND, state="complained")
    report_undeliverable(LONG_EMAIL, state="failing", reason="452 4.2.2 The mailbox is full")
    report_undeliverable("frida@example.com", state="bounced", reason=NO_MAILBOX)
    stage.get("emails")


@entry()
def emails_in_trouble_after_login(stage: Stage) -> None:
    stage.user()
    report_undeliverable("frida@example.com", state="bounced", reason=NO_MAILBOX)
    stage.post("login", identifier="frida", password=PASSWORD)


@entry(EMAILS_PER_USER=1)
def email_single(stage: Stage) -> None:
    stage.log_in()
    stage.get("emails")


@entry(EMAILS_PER_USER=1, CONFIRM_EMAIL_BEFORE_LOGIN=False)
def email_single_none(stage: Stage) -> None:
    emails_none(stage)


@entry()
def add_email(stage: Stage) -> None:
    stage.log_in()
    stage.get("add_email")


@entry()
def add_email_refused(stage: Stage) -> None:
    stage.log_in()
    stage.post("add_email", email="frida@example")


@entry()
def add_email_done(stage: Stage) -> None:
    stage.log_in()
    stage.post("add_email", email=LONG_EMAIL)


@entry(EMAILS_PER_USER=1)
def change_email(stage: Stage) -> None:
    stage.log_in()
    stage.get("add_email")


@entry()
def send_confirmation(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("send_confirmation", key_of(CLAIM))


@entry(LIMITS={"mail": {"client": "1/1h"}})
def send_confirmation_limited(stage: Stage) -> None:
    with_addresses(stage)
    for _ in range(2):
        stage.post("send_confirmation", key_of(CLAIM))


@entry()
def make_primary_email(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("make_primary_email", key_of(SECOND), next="/members/")


@entry()
def make_primary_email_done(stage: Stage) -> None:
    with_addresses(stage)
    stage.post("make_primary_email", key_of(SECOND))


@entry()
def remove_email(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("remove_email", key_of(SECOND))


@entry()
def remove_email_that_waits(stage: Stage) -> None:
    with_addresses(stage)
    stage.get("remove_email", key_of(CLAIM))


@entry()
def undo_email_change(stage: Stage) -> None:
    with_addresses(stage)
    stage.post("make_primary_email", key_of(SECOND))
    told = next(n for n, sent in enumerate(mail.outbox) if "frida@example.com" in sent.to)
    stage.elsewhere()
    stage.open_mail(told)


@entry()
def undo_email_change_of_one(stage: Stage) -> None:
    stage.log_in()
    stage.post("add_email", email=SECOND)
    stage.open_mail()
    stage.post(stage.here, answer="confirm")
    told = next(n for n, sent in enumerate(mail.outbox) if "frida@example.com" in sent.to)
    stage.open_mail(told)
