"""
What a refusal says about the address: nothing, not now, or never.

Sources: RFC 5321, 4.2.3 (reply codes), RFC 3463 (enhanced codes), django-anymail (its events).
"""

import re
from collections.abc import Iterator, Mapping
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

from anymail.signals import EventType, RejectReason

from .models import UndeliverableAddress

State = UndeliverableAddress.State

#: Enhanced codes, without their class: there is no such mailbox, or it is closed.
_NO_MAILBOX = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.0", "2.1"}
#: The mailbox is full: so it is there.
_FULL = "2.2"
#: Basic codes of an answer to RCPT that may mean the mailbox, where no enhanced code says what.
_REFUSED_MAILBOX = {550, 551, 553}
#: In the words of providers, a bounce that may pass.
_SOFT = {
    "softbounce": "Postmark",
    "soft_bounce": "Brevo, Mandrill",
    "activity.soft_bounced": "MailerSend",
    "transient": "Amazon SES, Resend",
    "temporary": "Mailgun, Resend",
}
#: The same in the numbers of SparkPost.
_SOFT_CLASSES = {"20", "21", "22", "23", "24", "40", "70"}


def state_of_error(error: Exception) -> str:
    """Return what an error of sending to one address says about it: a state, or "" for nothing."""
    # Not at the head: it takes a library of HTTP along, which sites with SMTP never need.
    from anymail.exceptions import AnymailRecipientsRefused  # noqa: PLC0415

    if isinstance(error, AnymailRecipientsRefused):
        # Some refuse like this what is wrong with the sender: a webhook tells of a real bounce.
        return State.FAILING
    if isinstance(error, SMTPRecipientsRefused):
        return _state_of_answer(*next(iter(error.recipients.values()), (0, b"")), is_to_rcpt=True)
    if isinstance(error, SMTPDataError):
        return _state_of_answer(error.smtp_code, error.smtp_error, is_to_rcpt=False)
    # An answer to the greeting, the password or the sender, whatever its code, is about the site.
    return ""


def _state_of_answer(code: int, answer: bytes | str, *, is_to_rcpt: bool) -> str:
    text = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    # Some servers write it at the end: "no mailbox here by that name (#5.1.1)".
    enhanced = re.search(r"(?:^|\()#?[245]\.(\d{1,3}\.\d{1,3})\b", text)
    is_for_now = 400 <= code < 500
    if not enhanced:
        # With these words a relay refuses everybody's mail, too, such as one that is set up wrong.
        may_mean_mailbox = is_to_rcpt and (is_for_now or code in _REFUSED_MAILBOX)
        return State.FAILING if may_mean_mailbox else ""
    if enhanced[1] in _NO_MAILBOX:
        return State.FAILING if is_for_now else State.BOUNCED
    return State.FAILING if enhanced[1] == _FULL else ""


def state_of_event(event: Any) -> str:
    """Return what an event of django-anymail says about its recipient: a state, or ""."""
    if event.event_type == EventType.COMPLAINED:
        return State.COMPLAINED
    if event.event_type not in {EventType.BOUNCED, EventType.REJECTED}:
        # Deferred is not refused: the provider goes on trying, and tells how it ends.
        return ""
    if event.reject_reason == RejectReason.SPAM and event.event_type == EventType.REJECTED:
        return State.COMPLAINED
    if event.reject_reason in {RejectReason.INVALID, RejectReason.BOUNCED}:
        return State.FAILING if _is_soft(event) else State.BOUNCED
    return State.FAILING if event.event_type == EventType.BOUNCED else ""


def is_delivered(event: Any) -> bool:
    """Say whether an event of django-anymail means that the mail has arrived."""
    return event.event_type in {EventType.DELIVERED, EventType.OPENED, EventType.CLICKED}


def as_kept(answer: str) -> str:
    """
    Return the words of a server as rows keep them: less the links, since servers quote mails.

    And less what does not print, which databases do not all take.
    """
    shown = "".join(sign for sign in answer if sign.isprintable() or sign.isspace())
    return re.sub(r"[\w-]{30,}", "…", " ".join(shown.split()))[:250].rstrip()


def _is_soft(event: Any) -> bool:
    """Tell a bounce that may pass from one that does not; django-anymail names both alike."""
    answer = str(event.mta_response or "")
    code = re.search(r"\b([45])(\d\d|\.\d{1,3}\.\d{1,3})\b", answer)
    if (code and code[1] == "4") or re.search(r"\b5\.2\.2\b", answer):
        return True
    return any(
        value.lower() in _SOFT
        or (name, value) == ("hard_bounce", "False")  # Mailjet
        or (name == "bounce_class" and value in _SOFT_CLASSES)
        for name, value in _facts(event.esp_event)
    )


def _facts(raw: Any) -> Iterator[tuple[str, str]]:
    """Yield the names and values of what a provider has sent, those of its parts included."""
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            yield str(name), str(value)
            yield from _facts(value)
