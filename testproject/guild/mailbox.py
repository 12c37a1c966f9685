"""The mail that the demo has sent: what Django's file backend wrote, read back; and samples."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from django_useraccounts.preview import mail_kinds, preview_mail

#: The line that Django's backend writes after each mail.
END_OF_MAIL = b"\n" + b"-" * 79 + b"\n"


@dataclass(frozen=True)
class Mail:
    """One mail as its reader gets it."""

    key: str
    message: EmailMessage
    sent_at: datetime

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def sender(self) -> str:
        return str(self.message["From"] or "")

    @property
    def to(self) -> str:
        return str(self.message["To"] or "")

    @property
    def has_just_come(self) -> bool:
        return timezone.now() - self.sent_at < timedelta(minutes=1)

    @property
    def text(self) -> str:
        """What a reader sees who reads no HTML."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """What all the others see; empty for a mail of text alone."""
        return self._body("html")

    @property
    def framed_html(self) -> str:
        """The HTML for a frame, where a followed link opens in the window around it."""
        return re.sub(r"(<head\b[^>]*>)", r'\1<base target="_top">', self.html, count=1)

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return part.get_content() if part else ""


def all_mail() -> list[Mail]:
    """Return every mail, newest first."""
    mails = [mail for path in Path(settings.MAILBOX).glob("*.log") for mail in _read(path)]
    return sorted(mails, key=lambda mail: (mail.sent_at, mail.key), reverse=True)


def samples(request: HttpRequest) -> list[Mail]:
    """Return a mail of every kind, as Frida would get it; its key is the kind."""
    return [_sample(kind, request) for kind in mail_kinds()]


def _sample(kind: str, request: HttpRequest) -> Mail:
    raw = preview_mail(kind, request=request).message().as_bytes()
    return Mail(kind, message_from_bytes(raw, policy=policy.default), timezone.now())


def _read(path: Path) -> Iterator[Mail]:
    # A second mail of one second may share the file of the first. What follows the last line
    # is being written at this moment.
    *complete, _unfinished = path.read_bytes().split(END_OF_MAIL)
    sent_at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    for number, raw in enumerate(complete):
        message = message_from_bytes(raw, policy=policy.default)
        yield Mail(f"{path.stem}-{number:03}", message, sent_at)
