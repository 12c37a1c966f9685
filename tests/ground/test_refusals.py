"""What a refusal says about the address: nothing, not now, or never."""

from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from types import SimpleNamespace

import pytest
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused

from django_useraccounts.refusals import state_of_error, state_of_event


def refused(code, answer):
    return SMTPRecipientsRefused({"frida@example.com": (code, answer)})


@pytest.mark.parametrize(
    "error, state",
    [
        # The server of the mailbox knows none of that name.
        (refused(550, b"5.1.1 <frida@example.com>: User unknown"), "bounced"),
        (refused(550, b"5.2.1 This mailbox is disabled"), "bounced"),
        (refused(550, b"5.1.10 RESOLVER.ADR.RecipientNotFound"), "bounced"),
        (refused(554, b"5.1.1 No mailbox"), "bounced"),
        (SMTPDataError(550, b"5.1.1 No mailbox here by that name"), "bounced"),
        (refused(550, b"sorry, no mailbox here by that name (#5.1.1 - chkusr)"), "bounced"),
        (refused(550, b"#5.1.0 Address rejected."), "bounced"),
        # It may be otherwise tomorrow.
        (refused(552, b"5.2.2 Mailbox full"), "failing"),
        (refused(450, b"4.2.1 The mailbox is busy"), "failing"),
        (refused(451, b"Greylisted, come back later"), "failing"),
        (SMTPDataError(452, b"4.2.2 Over quota"), "failing"),
        # It may be about us, or about the mailbox.
        (refused(550, b"No such user here"), "failing"),
        (refused(550, b"relay not permitted"), "failing"),
        (refused(550, b"Sender verify failed"), "failing"),
        (refused(551, b"User not local"), "failing"),
        (refused(553, b"Mailbox name not allowed"), "failing"),
        (AnymailRecipientsRefused(), "failing"),
        # That is about us, not about the mailbox.
        (refused(553, b"that domain isn't in my list of allowed rcpthosts (#5.7.1)"), ""),
        (refused(450, b"4.1.8 Sender address rejected: Domain not found"), ""),
        (refused(550, b"5.7.1 Relaying denied"), ""),
        (refused(553, b"5.7.1 Sender address rejected: not owned by user"), ""),
        (refused(550, b"5.1.8 Sender address rejected: Domain not found"), ""),
        (refused(554, b"Relay access denied"), ""),
        (refused(451, b"4.3.0 Temporary lookup failure"), ""),
        (refused(451, b"4.7.1 Too many messages from you"), ""),
        (SMTPDataError(550, b"We do not like what it says"), ""),
        (SMTPDataError(554, b"5.7.1 Spam message rejected"), ""),
        (SMTPDataError(421, b"I am shutting down"), ""),
        (SMTPSenderRefused(550, b"5.1.8 Who are you?", "hello@example.com"), ""),
        (SMTPSenderRefused(550, b"5.1.0 Sender rejected", "hello@example.com"), ""),
        (SMTPSenderRefused(451, b"Local problem", "hello@example.com"), ""),
        (SMTPConnectError(421, b"Too many connections"), ""),
        (SMTPHeloError(421, b"4.2.1 Try again later"), ""),
        (SMTPAuthenticationError(454, b"Temporary authentication failure"), ""),
        (SMTPAuthenticationError(535, b"5.7.8 Wrong password"), ""),
        (SMTPServerDisconnected("Connection unexpectedly closed"), ""),
        (SMTPRecipientsRefused({}), ""),
        (AnymailAPIError("Postmark API response 401"), ""),
        (ConnectionRefusedError(), ""),
        (TimeoutError(), ""),
    ],
)
def test_an_error_of_a_mail_server(error, state):
    assert state_of_error(error) == state


@pytest.mark.parametrize(
    "event_type, reject_reason, more, state",
    [
        ("bounced", "bounced", {}, "bounced"),
        ("bounced", "invalid", {}, "bounced"),
        ("rejected", "bounced", {}, "bounced"),
        ("rejected", "invalid", {}, "bounced"),
        ("bounced", "timed_out", {}, "failing"),
        ("bounced", "other", {}, "failing"),
        ("bounced", None, {}, "failing"),
        ("bounced", "bounced", {"esp_event": {"Type": "SoftBounce"}}, "failing"),
        ("bounced", "bounced", {"esp_event": {"event": "soft_bounce"}}, "failing"),
        ("bounced", "bounced", {"esp_event": {"bounce": {"bounceType": "Transient"}}}, "failing"),
        ("bounced", "bounced", {"esp_event": {"bounce": {"bounceType": "Permanent"}}}, "bounced"),
        ("bounced", "bounced", {"esp_event": {"type": "activity.soft_bounced"}}, "failing"),
        ("bounced", "bounced", {"esp_event": {"hard_bounce": False}}, "failing"),
        ("bounced", "bounced", {"esp_event": {"hard_bounce": True}}, "bounced"),
        ("bounced", "bounced", {"esp_event": {"msys": {"bounce_class": "22"}}}, "failing"),
        ("bounced", "bounced", {"esp_event": {"msys": {"bounce_class": "10"}}}, "bounced"),
        ("bounced", "bounced", {"mta_response": "452 4.2.2 Over quota"}, "failing"),
        ("bounced", "bounced", {"mta_response": "552 5.2.2 Mailbox full"}, "failing"),
        ("bounced", "bounced", {"mta_response": "550 5.1.1 Unknown, see 452"}, "bounced"),
        ("complained", "spam", {}, "complained"),
        ("rejected", "spam", {}, "complained"),
        ("rejected", "blocked", {}, ""),
        ("rejected", "unsubscribed", {}, ""),
        ("deferred", None, {}, ""),
        ("failed", None, {}, ""),
        ("delivered", None, {}, ""),
        ("unsubscribed", "unsubscribed", {}, ""),
    ],
)
def test_an_event_of_a_provider(event_type, reject_reason, more, state):
    event = SimpleNamespace(
        **{
            "event_type": event_type,
            "reject_reason": reject_reason,
            "esp_event": {},
            "mta_response": None,
            **more,
        }
    )

    assert state_of_event(event) == state
