"""The page of the demo with every kind of mail: of sample data, shown and never sent."""

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from django_useraccounts.preview import mail_kinds

pytestmark = pytest.mark.django_db


def test_the_page_shows_every_kind_beside_its_text(client, site):
    page = client.get(reverse("mails"))

    for kind in mail_kinds():
        assertContains(page, f"<code>{kind}</code>")
        assertContains(page, f'<iframe src="{reverse("sample_html", args=[kind])}"')
    assertContains(page, "http://testserver/accounts/confirm-email/")
    assertContains(page, "frida@studio.example")


def test_the_html_of_a_sample_stands_in_a_frame_that_runs_nothing(client, site):
    frame = client.get(reverse("sample_html", args=["welcome"]))

    assertContains(frame, "</html>")
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in frame["Content-Security-Policy"]


def test_a_kind_that_does_not_exist_is_not_found(client, site):
    assert client.get(reverse("sample_html", args=["party"])).status_code == 404


def test_looking_sends_and_stores_nothing(client, site):
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("mails"))

    # A room may look for rows that hang on the link, and finds none.
    assert [query["sql"][:6] for query in queries if query["sql"][:6] != "SELECT"] == []
    assert mail.outbox == []
    assert not list(site.MAILBOX.glob("*"))


def test_the_mailbox_leads_there(client, site):
    assertContains(client.get(reverse("mailbox")), f'href="{reverse("mails")}"')


def test_without_debug_nobody_finds_the_page(client, site):
    site.DEBUG = False

    assert client.get(reverse("mails")).status_code == 404
    assert client.get(reverse("sample_html", args=["welcome"])).status_code == 404
    assertNotContains(client.get(reverse("home")), reverse("mails"))
