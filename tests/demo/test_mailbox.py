"""The mailbox of the demo: every mail that was sent, as its reader sees it."""

import os
import re

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from testproject.guild.mailbox import all_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def registered(client, site, django_capture_on_commit_callbacks):
    """Register somebody, who gets the mail that confirms the address."""
    form = {"username": "rosa", "email": "rosa@example.com", "password": "a walk by the sea"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("useraccounts:register"), form)


def test_an_empty_mailbox_says_so(client, site):
    assertContains(client.get(reverse("mailbox")), "No mail yet")


def test_the_mailbox_shows_a_mail_with_links_to_follow(client, registered):
    page = client.get(reverse("mailbox"))

    assertContains(page, "rosa@example.com")
    link = re.search(
        r'<a href="http://testserver(/accounts/confirm-email/[^"]+)"', page.content.decode()
    )
    assertContains(client.get(link[1], follow=True), "rosa@example.com")


def test_the_html_of_a_mail_stands_in_a_frame_that_runs_nothing(client, registered):
    [mail] = all_mail()
    source = reverse("mail_html", args=[mail.key])

    frame = client.get(source)

    assertContains(client.get(reverse("mailbox")), f'<iframe src="{source}"')
    assertContains(frame, '<base target="_top">')
    assertContains(frame, "/accounts/confirm-email/")
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in frame["Content-Security-Policy"]
    assert "sandbox allow-top-navigation-by-user-activation" in frame["Content-Security-Policy"]


def test_what_a_mail_holds_is_shown_and_never_run(client, site):
    mail = EmailMultiAlternatives("<b>Hi</b>", "<script>alert(1)</script>", to=["a@example.com"])
    mail.send()

    page = client.get(reverse("mailbox"))

    assertContains(page, "&lt;b&gt;Hi&lt;/b&gt;")
    assertContains(page, "&lt;script&gt;")
    assertNotContains(page, "<iframe")


def test_the_newest_mail_comes_first(site):
    for number, subject in enumerate(["first", "second", "third"]):
        send_mail(subject, "…", None, ["a@example.com"])
        [new] = set(site.MAILBOX.glob("*-*.log"))
        path = new.rename(site.MAILBOX / f"{number}.log")
        os.utime(path, (number, number))

    assert [mail.subject for mail in all_mail()] == ["third", "second", "first"]


def test_mails_that_share_a_file_are_each_shown_and_one_being_written_waits(site):
    send_mail("whole", "…", None, ["a@example.com"])
    [path] = site.MAILBOX.glob("*.log")
    whole = path.read_bytes()
    path.write_bytes(whole + whole.replace(b"whole", b"also whole") + whole[:50])

    assert {mail.subject for mail in all_mail()} == {"whole", "also whole"}


def test_a_mail_that_does_not_exist_is_not_found(client, site):
    assert client.get(reverse("mail_html", args=["..-000"])).status_code == 404


def test_without_debug_nobody_finds_the_mailbox(client, registered, settings):
    [mail] = all_mail()

    settings.DEBUG = False

    assert client.get(reverse("mailbox")).status_code == 404
    assert client.get(reverse("mail_html", args=[mail.key])).status_code == 404
    assertNotContains(client.get(reverse("home")), reverse("mailbox"))
