"""What providers post to the views of django-anymail, in the shapes that they document."""

import hashlib
import hmac
import json
from base64 import b64encode

import pytest

from django_useraccounts.models import UndeliverableAddress
from django_useraccounts.testing import make_user
from django_useraccounts.undeliverable import APART

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.webhooks.urls")]

SECRET, SIGNING_KEY = "webhook:of the site", "key-of-mailgun"


@pytest.fixture(autouse=True)
def anymail(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}


@pytest.fixture
def report(client):
    """Post an event as its provider does; return the status of the answer."""

    def post(provider, event, *, secret=SECRET):
        basic = b64encode(secret.encode()).decode()
        response = client.post(
            f"/anymail/{provider}/tracking/",
            json.dumps(event),
            content_type="application/json",
            headers={"Authorization": f"Basic {basic}"},
        )
        return response.status_code

    return post


def postmark(record_type="Bounce", **more):
    return {
        "RecordType": record_type,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": "frida@example.com",
        "Tag": "reset_password",
        "Metadata": {"useraccounts_mail": "7"},
        "MessageStream": "outbound",
        **more,
    }


def postmark_bounce(kind, **more):
    return postmark(
        ID=4323372036854775807,
        Type=kind,
        Email="frida@example.com",
        From="hello@example.com",
        BouncedAt="2026-11-05T16:33:54.9070259Z",
        Details="smtp;550 5.1.1 The email account does not exist",
        Description="The server was unable to deliver your message",
        Inactive=True,
        **more,
    )


def mailgun(event, **more):
    timestamp, token = "1795000000", "a" * 50
    signed = hmac.new(SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    return {
        "signature": {"timestamp": timestamp, "token": token, "signature": signed.hexdigest()},
        "event-data": {
            "event": event,
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1795000000.5,
            "recipient": "frida@example.com",
            "recipient-domain": "example.com",
            "log-level": "error",
            "tags": ["reset_password"],
            "user-variables": {"useraccounts_mail": "7"},
            "message": {"headers": {"message-id": "20261105.1@mg.example.com"}},
            **more,
        },
    }


def mailgun_failure(severity, code, message, reason):
    status = {"code": code, "message": message, "attempt-no": 1, "retry-seconds": 600}
    return mailgun("failed", severity=severity, reason=reason, **{"delivery-status": status})


def brevo(event, **more):
    return {
        "event": event,
        "email": "frida@example.com",
        "id": 26224,
        "date": "2026-11-05 17:33:54",
        "ts": 1795000000,
        "ts_epoch": 1795000000000,
        "message-id": "<202611051633.1@smtp-relay.mailin.fr>",
        "subject": "Choose a new password",
        "tags": ["reset_password"],
        "X-Mailin-custom": '{"useraccounts_mail": "7"}',
        **more,
    }


def mailjet(event, **more):
    return [
        {
            "event": event,
            "time": 1795000000,
            "MessageID": 13792286917004336,
            "email": "frida@example.com",
            "customcampaign": "reset_password",
            "Payload": '{"useraccounts_mail": "7"}',
            **more,
        }
    ]


MAILJET_UNKNOWN = {"error_related_to": "recipient", "error": "user unknown"}
MAILJET_FULL = {"error_related_to": "mailbox", "error": "quota exceeded"}


@pytest.mark.parametrize(
    "provider, event, state",
    [
        ("postmark", postmark_bounce("HardBounce"), "bounced"),
        ("postmark", postmark_bounce("BadEmailAddress"), "bounced"),
        ("postmark", postmark_bounce("SoftBounce"), "failing"),
        ("postmark", postmark_bounce("Transient"), None),
        ("postmark", postmark_bounce("Blocked"), None),
        ("postmark", postmark_bounce("SpamNotification"), "complained"),
        (
            "postmark",
            postmark("SpamComplaint", Type="SpamComplaint", Email="frida@example.com"),
            "complained",
        ),
        ("postmark", postmark("Delivery", DeliveredAt="2026-11-05T16:33:54Z"), None),
        ("mailgun", mailgun_failure("permanent", 550, "5.1.1 No such user", "bounce"), "bounced"),
        ("mailgun", mailgun_failure("permanent", 605, "", "suppress-bounce"), "bounced"),
        ("mailgun", mailgun_failure("permanent", 552, "Too big", "generic"), "failing"),
        ("mailgun", mailgun_failure("temporary", 452, "Over quota", "generic"), None),
        ("mailgun", mailgun("complained"), "complained"),
        ("mailgun", mailgun("delivered"), None),
        ("brevo", brevo("hard_bounce", reason="550 5.1.1 User unknown"), "bounced"),
        ("brevo", brevo("invalid_email"), "bounced"),
        ("brevo", brevo("soft_bounce", reason="452 4.2.2 Over quota"), "failing"),
        ("brevo", brevo("deferred"), None),
        ("brevo", brevo("spam"), "complained"),
        ("brevo", brevo("unsubscribe"), None),
        (
            "mailjet",
            mailjet("bounce", hard_bounce=True, blocked=True, **MAILJET_UNKNOWN),
            "bounced",
        ),
        ("mailjet", mailjet("bounce", hard_bounce=False, blocked=False, **MAILJET_FULL), "failing"),
        ("mailjet", mailjet("spam", source="JMRPP"), "complained"),
    ],
)
def test_a_provider_reports(report, provider, event, state):
    assert report(provider, event) == 200

    states = UndeliverableAddress.objects.values_list("email_key", "state")
    assert list(states) == ([("frida@example.com", state)] if state else [])


def test_what_the_server_said_is_kept_for_the_administrator(report):
    report("postmark", postmark_bounce("HardBounce"))

    [row] = UndeliverableAddress.objects.all()
    assert row.reason == "smtp;550 5.1.1 The email account does not exist"


def test_a_delivery_ends_the_failures_before_it(report):
    report("brevo", brevo("soft_bounce"))
    assert UndeliverableAddress.objects.exists()

    report("brevo", brevo("delivered"))

    assert not UndeliverableAddress.objects.exists()


def test_a_report_that_comes_twice_counts_once_and_five_end_mail(report):
    make_user("frida")
    for _ in range(5):
        for _again in range(2):
            report("brevo", brevo("soft_bounce"))
        [row] = UndeliverableAddress.objects.all()
        UndeliverableAddress.objects.update(reported_at=row.reported_at - APART)

    assert row.failures == 5
    assert row.takes_no_mail


@pytest.mark.parametrize(
    "provider, event",
    [
        ("postmark", postmark_bounce("HardBounce")),
        ("brevo", brevo("hard_bounce")),
        ("mailjet", mailjet("bounce", hard_bounce=True)),
    ],
)
def test_who_does_not_know_the_secret_reports_nothing(report, provider, event):
    assert report(provider, event, secret="webhook:guessed") == 400

    assert not UndeliverableAddress.objects.exists()


def test_a_report_that_nobody_signed_is_refused(report):
    event = mailgun("complained")
    event["signature"]["signature"] = "0" * 64

    assert report("mailgun", event) == 400
    assert not UndeliverableAddress.objects.exists()


@pytest.mark.parametrize(
    "email",
    [None, "", "no address", "x" * 300 + "@example.com", True, 7, ["frida@example.com"], {"a": 1}],
)
def test_a_report_about_no_address_is_ignored(report, email):
    assert report("brevo", brevo("hard_bounce", email=email)) == 200

    assert not UndeliverableAddress.objects.exists()
