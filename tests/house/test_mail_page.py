"""docs/mail.rst: its settings reach the server and the provider that they name."""

from typing import Any

import pytest
from django.core import mail
from django.test import override_settings

from django_useraccounts.models import UndeliverableAddress
from tests.readme import block

PAGE = "docs/mail.rst"


def test_its_smtp_settings_reach_that_server() -> None:
    backend = _backend(block("python", "smtp.example.com", PAGE))

    assert type(backend).__module__ == "django.core.mail.backends.smtp"
    assert (backend.host, backend.port, backend.use_ssl) == ("smtp.example.com", 465, True)
    assert (backend.username, backend.password, backend.timeout) == ("mysite", "...", 10)


def test_its_settings_of_a_provider_reach_it() -> None:
    backend = _backend(block("python", "anymail.backends.postmark", PAGE))

    assert type(backend).__module__ == "anymail.backends.postmark"
    assert backend.server_token == "..."


@pytest.mark.django_db
def test_its_report_ends_mail_to_an_address() -> None:
    exec(block("python", "report_undeliverable(", PAGE), {})

    assert UndeliverableAddress.objects.get().email_key == "frida@example.com"


def _backend(code: str) -> Any:
    settings: dict[str, object] = {}
    exec(code, settings)
    given = {name: value for name, value in settings.items() if name.isupper()}
    if hasattr(mail, "mailers"):
        with override_settings(**given):
            return mail.mailers.default
    # The tests' own backend would win where a block leaves Django's default.
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(**{"EMAIL_BACKEND": smtp, **given}):
        return mail.get_connection()
