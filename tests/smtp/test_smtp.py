"""Mail by a real SMTP server: what arrives there, and what is left to do when it is not taken."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.courier import courier
from django_useraccounts.mail import announce, deliver_due
from django_useraccounts.models import OutgoingMail, UndeliverableAddress, User, UserEmail
from django_useraccounts.testing import PASSWORD, make_user
from tests.servers import free_port

from .server import PASSWORD as SMTP_PASSWORD
from .server import TIMEOUT, USER, link_of, smtp_settings, text_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # aiosmtpd takes only STARTTLS for TLS; here the line is encrypted from the start.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
]

MOODS = ("refuse", "defer", "hang", "drop")


def register(client, email="frida@example.com"):
    return client.post(
        reverse("useraccounts:register"),
        {"username": "frida", "email": email, "password": PASSWORD},
    )


def wait_for_the_mails():
    assert courier.finish(seconds=TIMEOUT * 5)


def make_due():
    """Let the wait before the next attempt be over."""
    OutgoingMail.objects.exclude(due_at=None).update(due_at=timezone.now())


def test_a_mail_arrives_over_tls_for_one_reader_as_text_and_html(client, mail_server, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "SITE_NAME": "Gilde der Künstler & Co"}

    register(client)
    wait_for_the_mails()

    (envelope,), (message,) = mail_server.envelopes, mail_server.mails
    assert mail_server.is_encrypted
    assert mail_server.logins == [(USER, SMTP_PASSWORD)]
    assert envelope.mail_from == "hello@example.com"
    assert envelope.rcpt_tos == ["frida@example.com"]
    assert message["To"] == "frida@example.com"
    assert message["From"] == "My site <hello@example.com>"
    # before 6.0, Django begins a long subject on a new line
    assert message["Subject"].strip() == "Confirm your e-mail address at Gilde der Künstler & Co"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"]
    assert message["Date"]
    assert [name for name in ("Bcc", "Cc", "Reply-To") if name in message] == []
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert message.get_content_type() == "multipart/alternative"
    assert kinds == ["text/plain", "text/html"]
    assert "Gilde der Künstler & Co" in text_of(message)
    assert "Gilde der Künstler &amp; Co" in text_of(message, "html")
    assert f'href="http://testserver{link_of(message)}"' in text_of(message, "html")


def test_the_bytes_on_the_line_are_plain_ascii_in_lines_that_every_server_takes(
    client, mail_server, settings
):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "SITE_NAME": "Ψ" * 80}

    register(client)
    wait_for_the_mails()

    content = mail_server.envelopes[0].content
    header = content.partition(b"\r\n\r\n")[0]
    assert header.isascii()
    # RFC 5322, 2.1.1: at most 998, and without need not more than 78 characters in a line.
    assert max(map(len, header.split(b"\r\n"))) <= 78
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert mail_server.mails[0]["Subject"].endswith("Ψ" * 80)


def test_a_line_break_in_the_name_of_the_site_starts_no_header(client, mail_server, settings):
    name = "Guild\r\nBcc: thief@example.com"
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "SITE_NAME": name}

    register(client)
    wait_for_the_mails()

    assert mail_server.envelopes[0].rcpt_tos == ["frida@example.com"]
    assert "Bcc" not in mail_server.mails[0]


def test_a_domain_in_another_script_is_reached_by_its_ascii_name(client, mail_server):
    register(client, "x@faß.de")
    wait_for_the_mails()

    # not fass.de, which is another owner's
    assert mail_server.envelopes[0].rcpt_tos == ["x@xn--fa-hia.de"]


@pytest.mark.parametrize("mood", MOODS)
def test_who_registers_sees_the_same_page_whatever_the_server_does_and_the_mail_comes_later(
    client, mail_server, mood
):
    # given a server that takes no mail
    mail_server.mood = mood

    # when somebody registers
    answer = register(client)
    was_waiting = not courier.finish(seconds=0)
    page = client.get(answer["Location"])
    wait_for_the_mails()

    # then the page did not wait for the server, and looks as ever
    assert was_waiting or mood != "hang"
    assert (answer.status_code, answer["Location"]) == (302, reverse("useraccounts:mail_sent"))
    assert "We have sent a mail to frida@example.com." in page.content.decode()
    # and the account is there, and its mail waits with the reason
    assert User.objects.get().username == "frida"
    row = OutgoingMail.objects.get()
    reasons = {"refuse": "550", "defer": "451", "hang": "timed out", "drop": "closed"}
    assert (row.sent_at, row.attempts) == (None, 1)
    assert row.due_at > timezone.now()
    assert reasons[mood] in row.error

    # and once the server takes mail again, the link comes that was meant, and works
    mail_server.mood = "accept"
    make_due()
    assert deliver_due(limit=10) == 1
    link = link_of(mail_server.mails[0])
    assert mail_server.turned_away == [link]
    assert client.get(link, follow=True).status_code == 200
    row.refresh_from_db()
    assert (row.due_at, row.error) == (None, "")
    assert deliver_due(limit=10) == 0


@pytest.mark.parametrize("mood", ["accept", *MOODS])
def test_who_forgot_the_password_sees_the_same_page_for_any_address_and_any_server(
    client, mail_server, mood
):
    make_user("frida")
    mail_server.mood = mood
    pages = []

    for address in ("frida@example.com", "nobody@example.com"):
        answer = client.post(reverse("useraccounts:forgot_password"), {"email": address})
        page = client.get(answer["Location"]).content.decode()
        pages.append((answer.status_code, answer["Location"], page.replace(address, "…")))

    assert pages[0] == pages[1]
    assert pages[0][:2] == (302, reverse("useraccounts:mail_sent"))
    assert "We have sent a mail to …." in pages[0][2]
    wait_for_the_mails()
    sent = OutgoingMail.objects.exclude(sent_at=None).count()
    assert sent == (2 if mood == "accept" else 0)


@pytest.mark.parametrize(
    "answer, state, is_given_up",
    [
        ("550 5.1.1 No such user here", "bounced", True),
        ("550 Mailbox unavailable", None, False),
        ("451 4.7.1 Greylisted, come back later", None, False),
        ("450 4.2.1 The mailbox is busy", None, False),
        ("550 5.7.1 Relaying denied", None, False),
    ],
)
def test_what_a_server_says_about_a_mailbox(mail_server, answer, state, is_given_up):
    frida = make_user("frida")
    mail_server.about_mailbox = answer

    mail = announce("password_changed", to="frida@example.com", user=frida)
    wait_for_the_mails()

    mail.refresh_from_db()
    assert answer[:3] in mail.error
    assert (mail.due_at is None, mail.attempts) == (is_given_up, 1)
    states = UndeliverableAddress.objects.values_list("email_key", "state")
    assert list(states) == ([("frida@example.com", state)] if state else [])
    assert not mail_server.envelopes


def test_a_mailbox_that_is_gone_gets_no_more_mail_and_another_address_does(mail_server):
    frida = make_user("frida")
    UserEmail.objects.add_proved(frida, "frida@spare.example")
    mail_server.about_mailbox = "550 5.1.1 No such user here"
    announce("password_changed", to="frida@example.com", user=frida)
    wait_for_the_mails()
    mail_server.about_mailbox = ""
    UndeliverableAddress.objects.exclude(email_key="frida@example.com").delete()

    announce("password_changed", to="frida@example.com", user=frida)
    wait_for_the_mails()

    assert [envelope.rcpt_tos for envelope in mail_server.envelopes] == [["frida@spare.example"]]


def test_a_server_that_is_down_gets_the_mail_when_it_is_up(client, mail_server, settings):
    settings_when_up = smtp_settings_of(settings)
    for name, value in smtp_settings(free_port()).items():
        setattr(settings, name, value)

    register(client)
    wait_for_the_mails()
    error = OutgoingMail.objects.get().error
    for name, value in settings_when_up.items():
        setattr(settings, name, value)
    make_due()

    assert "ConnectionRefusedError" in error
    assert deliver_due(limit=10) == 1


def smtp_settings_of(settings):
    return {name: getattr(settings, name) for name in smtp_settings(0)}


# Django drops the line that refused the password without closing it: it is closed as garbage.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestWarning")
def test_a_wrong_password_for_the_server_is_written_beside_the_mail(
    client, mail_server, port, settings, caplog
):
    caplog.set_level("CRITICAL", "django_useraccounts.mail")  # a kept record keeps the line open
    for name, value in smtp_settings(port, password="an old one").items():
        setattr(settings, name, value)

    register(client)
    wait_for_the_mails()

    gc.collect()
    row = OutgoingMail.objects.get()
    assert "SMTPAuthenticationError(535" in row.error
    assert "an old one" not in row.error
    assert row.due_at
    assert not mail_server.envelopes


@pytest.mark.asvs("12.3.2")
def test_a_server_whose_certificate_nobody_trusts_gets_no_password_and_no_mail(
    client, mail_server, monkeypatch
):
    monkeypatch.delenv("SSL_CERT_FILE")

    register(client)
    wait_for_the_mails()

    assert "CERTIFICATE_VERIFY_FAILED" in OutgoingMail.objects.get().error
    assert (mail_server.logins, mail_server.envelopes) == ([], [])


#: Registers in a process of its own that has little time left.
REGISTER = """
import django, os, signal, time
django.setup()
from django.core.management import call_command
from django_useraccounts import signals
from django_useraccounts.registration.flows import register
call_command("migrate", verbosity=0)
def die(**news):
    os.kill(os.getpid(), signal.SIGKILL)
if os.environ["DIES"] == "at the commit":
    signals.registered.connect(die)
register("frida", email="frida@example.com", password="correct horse battery staple")
time.sleep(60)
"""

#: Takes up the work in the next process, once the wait is over.
DELIVER = """
import django
django.setup()
from django.test import Client
from django.utils import timezone
from django_useraccounts.mail import deliver_due
from django_useraccounts.models import OutgoingMail, User
assert User.objects.get().username == "frida"
assert OutgoingMail.objects.filter(due_at__isnull=False, sent_at=None).update(
    due_at=timezone.now()
) == 1
assert deliver_due(limit=10) == 1
"""


@pytest.mark.parametrize("moment", ["at the commit", "while it sends"])
def test_a_process_that_is_killed_before_its_mail_is_sent_loses_nothing(
    mail_server, port, tmp_path, moment
):
    # given a site in a process of its own, and a server that leaves it time
    site = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.smtp.child_settings",
        "USERACCOUNTS_TEST_DATABASE": f"sqlite://{tmp_path / 'db.sqlite3'}",
        "MAIL_PORT": str(port),
        "DIES": moment,
    }
    root = Path(__file__).parents[2]
    mail_server.mood = "hang"

    # when it is killed, without a chance to clean up
    process = subprocess.Popen([sys.executable, "-c", REGISTER], env=site, cwd=root)
    if moment == "while it sends":
        assert mail_server.reached.wait(60)
        process.kill()
    assert process.wait(60) == -signal.SIGKILL

    # then the next process has the account, and sends the mail
    mail_server.mood = "accept"
    subprocess.run([sys.executable, "-c", DELIVER], env=site, cwd=root, check=True, timeout=60)
    (message,) = mail_server.mails
    assert message["To"] == "frida@example.com"
    assert link_of(message)
    # with the very link that the first one had begun to send
    assert set(mail_server.turned_away) <= {link_of(message)}
