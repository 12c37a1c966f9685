"""A real SMTP server with moods, and the settings of docs/mail.rst that reach it."""

import asyncio
import re
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from django.core import mail

USER, PASSWORD = "mysite", "the password of the mail server"
#: Seconds that Django waits for the server.
TIMEOUT = 2


class MailServer:
    """What came in, and how the server answers: accept, refuse, defer, hang, or drop the line."""

    def __init__(self) -> None:
        self.mood = "accept"
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[str, str]] = []
        #: The links in mails that were shown to the server and not accepted.
        self.turned_away: list[str] = []
        #: Set when a mail is on the line, whatever becomes of it.
        self.reached = threading.Event()
        self.is_encrypted = False
        #: What it answers about a mailbox: "" if it takes mail for everybody.
        self.about_mailbox = ""

    @property
    def mails(self) -> list[EmailMessage]:
        """The accepted mails, as their readers get them."""
        return [read(envelope) for envelope in self.envelopes]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.about_mailbox:
            self.reached.set()
            return self.about_mailbox
        envelope.rcpt_tos.append(address)
        return "250 Known"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.is_encrypted = server.transport.get_extra_info("sslcontext") is not None
        if self.mood == "accept":
            self.envelopes.append(envelope)
        else:
            self.turned_away.append(link_of(read(envelope)))
        self.reached.set()
        if self.mood == "hang":
            await asyncio.sleep(3600)
        if self.mood == "drop":
            server.transport.abort()
        answers = {"accept": "250 Taken", "defer": "451 Come back later"}
        return answers.get(self.mood, "550 Not for you")

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=self.logins[-1] == (USER, PASSWORD), handled=False)


class PatientController(Controller):
    """Stops also while a line hangs: cancels what is on it, and waits until it is gone."""

    def stop(self, no_assert: bool = False) -> None:
        async def hang_up() -> None:
            lines = asyncio.all_tasks() - {asyncio.current_task()}
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(hang_up(), self.loop).result(10)
        super().stop(no_assert)


def read(envelope: Envelope) -> EmailMessage:
    """Return the message of an envelope."""
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """Return the text of a mail, or its HTML."""
    body = message.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def link_of(message: EmailMessage) -> str:
    """Return the path of the one-time link in a mail, or ""."""
    found = re.search(r"https?://[^/\s]+(/\S*/[\w-]{64}/)", text_of(message))
    return found[1] if found else ""


def smtp_settings(port: int, *, password: str = PASSWORD) -> dict[str, object]:
    """Return the settings that docs/mail.rst shows for an SMTP server, as this Django wants them."""
    sender = {"DEFAULT_FROM_EMAIL": "My site <hello@example.com>"}
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if hasattr(mail, "mailers"):
        options = {
            "host": "127.0.0.1",
            "port": port,
            "use_ssl": True,
            "username": USER,
            "password": password,
            "timeout": TIMEOUT,
        }
        return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}, **sender}
    return {
        "EMAIL_BACKEND": backend,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": port,
        "EMAIL_USE_SSL": True,
        "EMAIL_HOST_USER": USER,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_TIMEOUT": TIMEOUT,
        **sender,
    }
