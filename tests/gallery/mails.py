"""Every kind of mail, as the gallery shows it."""

from django.test import override_settings

from django_useraccounts.preview import mail_kinds, preview_mail
from django_useraccounts.testing import html_of
from tests.gallery.stage import SITE, Shot


def mail_shots(language: str = "en") -> list[Shot]:
    """Return the HTML of a sample of each kind, in a language."""
    with override_settings(USERACCOUNTS=SITE):
        return [_shot(kind, language) for kind in mail_kinds()]


def _shot(kind: str, language: str) -> Shot:
    return Shot(
        name=f"mail.{kind.replace('_', '-')}",
        path=f"/mails/{kind}/",
        status=200,
        headers={"content-type": "text/html; charset=utf-8"},
        html=html_of(preview_mail(kind, language=language)),
        templates=frozenset(),
        url_name="",
    )
