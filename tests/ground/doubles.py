"""The world around the accounts, as tests want it: a hasher that counts, mail servers that refuse."""

from typing import Any, ClassVar

from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from testproject.test_settings import QuickArgon2


class CountingArgon2(QuickArgon2):
    """Argon2 that counts how often it has worked."""

    hashes: ClassVar[int] = 0

    def encode(self, password: str, salt: str) -> str:
        CountingArgon2.hashes += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        CountingArgon2.hashes += 1
        return super().verify(password, encoded)


class Refusing(BaseEmailBackend):
    """A server that takes no mail."""

    def send_messages(self, email_messages: Any) -> int:
        raise ConnectionRefusedError(f"550 5.7.1 I know nobody like that. {'Go away! ' * 100}")


class QuotesLinks(BaseEmailBackend):
    """A provider whose errors quote what they did not like."""

    def send_messages(self, email_messages: Any) -> int:
        links = [word for word in email_messages[0].body.split() if "://" in word]
        raise ValueError(f"554 These links are not to my taste: {links}")


#: What a project could name in MAIL_DELIVERY by mistake.
NUMBER = 7
#: The keys of the mails that ``carried`` was called with.
asked_for: list[int] = []


def carried(mail_id: int) -> None:
    """Take a mail as a queue of the project does."""
    asked_for.append(mail_id)


class Flaky(BaseEmailBackend):
    """A server whose next answer is set by the test: an exception, or None for taken."""

    answer: ClassVar[Exception | None] = None

    def send_messages(self, email_messages: Any) -> int:
        if Flaky.answer:
            raise Flaky.answer
        mail.outbox.extend(email_messages)
        return len(email_messages)
