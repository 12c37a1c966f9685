"""The SMTP server of a test: a free port of the loopback, implicit TLS, a password."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from django_useraccounts.courier import courier
from tests.servers import free_port

from .server import TIMEOUT, MailServer, PatientController, smtp_settings


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def mail_server(
    certificate: Path, port: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MailServer]:
    """Run the server, with a site that sends by it: port, SSL, user and password as in docs/mail.rst."""
    server = MailServer()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    controller = PatientController(
        server,
        hostname="127.0.0.1",
        port=port,
        ssl_context=tls,
        authenticator=server.authenticate,
        auth_required=True,
        auth_require_tls=False,  # it means STARTTLS; here the line is encrypted from the start
    )
    # For this machine, the throw-away certificate is one to trust.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "thread"}
    for name, value in smtp_settings(port).items():
        setattr(settings, name, value)
    controller.start()
    yield server
    courier.finish(seconds=TIMEOUT * 5)
    controller.stop()
