"""Show mails as their reader gets them, with sample data."""

from difflib import get_close_matches
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from ...preview import mail_kinds, preview_mail


class Command(BaseCommand):
    """For who writes or translates templates of mails: nothing is sent and nothing is stored."""

    help = (
        "Lists the kinds of mail; shows headers and text of those that are named, with sample "
        "data. --output writes text, HTML and the whole message of each into a folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", nargs="*", help="Like confirm_email; without any, a list.")
        parser.add_argument("--language", default="", help="In this language, like de.")
        parser.add_argument(
            "--output", type=Path, help="A folder for <kind>.txt, .html and .eml, of all kinds."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known, folder = mail_kinds(), options["output"]
        kinds = [_known(kind, known) for kind in options["kind"]]
        if not kinds and not folder:
            self.stdout.write("\n".join(known))
            return
        language = _language(options["language"])
        for kind in kinds or known:
            message = _preview(kind, language)
            self.stdout.write(_write(folder, kind, message) if folder else _shown(message))


def _known(kind: str, known: list[str]) -> str:
    if kind in known:
        return kind
    close = get_close_matches(kind.lower(), known, n=1)
    hint = f" Did you mean “{close[0]}”?" if close else ""
    raise CommandError(f"There is no mail “{kind}”.{hint}")


def _language(code: str) -> str:
    try:
        return translation.get_supported_language_variant(code) if code else ""
    except LookupError:
        raise CommandError(f"LANGUAGES of the site have no “{code}”.") from None


def _preview(kind: str, language: str) -> EmailMultiAlternatives:
    try:
        return preview_mail(kind, language=language)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from None


def _shown(message: EmailMultiAlternatives) -> str:
    # Read back, so that the headers stand there as people read them, not as they are encoded.
    headers = message_from_bytes(message.message().as_bytes(), policy=policy.default).items()
    # The parser leaves the space of a fold before the first word.
    lines = [f"{name}: {value.strip()}" for name, value in headers]
    return "\n".join([*lines, "", str(message.body)])


def _write(folder: Path, kind: str, message: EmailMultiAlternatives) -> str:
    """Write the files of one mail, and return where they are."""
    [(html, _type)] = message.alternatives
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{kind}.txt").write_text(str(message.body), encoding="utf-8")
        (folder / f"{kind}.html").write_text(str(html), encoding="utf-8")
        (folder / f"{kind}.eml").write_bytes(message.message().as_bytes())
    except OSError as error:
        raise CommandError(f"The mails cannot be written: {error}") from None
    return f"{folder / kind}.txt, .html, .eml"
