"""The templates of pages and mails, and what of them can be replaced."""

import re
from pathlib import Path

from django.conf import settings
from django.test import override_settings
from django.utils import translation

from django_useraccounts.preview import mail_kinds, preview_mail
from tests.readme import ROOT
from tests.reference.writing import code, table

PACKAGE = ROOT / "django_useraccounts"


def found() -> dict[str, Path]:
    """Return the templates of the package by the names that a project replaces them by."""
    folders = sorted(PACKAGE.glob("**/templates"))
    return {
        path.relative_to(folder).as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*.*"))
    }


def own_kinds() -> list[str]:
    """Return the kinds of mail of the package."""
    return [kind for kind in mail_kinds() if f"useraccounts/mails/{kind}/subject.txt" in found()]


def mails() -> str:
    """Return the kinds of mail, their subjects, and the rooms that have them."""
    named = {**settings.USERACCOUNTS, "SITE_NAME": "My site"}
    with translation.override("en"), override_settings(USERACCOUNTS=named):
        rows = [(code(kind), preview_mail(kind).subject, _room(kind)) for kind in own_kinds()]
    return table(("Kind", "Subject of the sample", "Room"), (30, 52, 18), rows)


def _room(kind: str) -> str:
    path = found()[f"useraccounts/mails/{kind}/subject.txt"].relative_to(PACKAGE)
    return "" if path.parts[0] == "templates" else path.parts[0]


def templates() -> str:
    """Return the templates of pages, what each extends, and the blocks that it fills or opens."""
    rows = []
    for name, path in sorted(found().items()):
        if not name.startswith("useraccounts/mails/"):
            text = path.read_text(encoding="utf-8")
            rows.append((code(name), code(*_extended(text)), code(*_blocks(text))))
    return table(("Template", "Extends", "Blocks"), (40, 30, 30), rows)


def blocks() -> str:
    """Return the templates that mails share, and their blocks."""
    shared = re.compile(r"useraccounts/mails/[\w.]+")
    rows = [
        (code(name), code(*_blocks(path.read_text(encoding="utf-8"))))
        for name, path in sorted(found().items())
        if shared.fullmatch(name)
    ]
    return table(("Template", "Blocks"), (55, 45), rows)


def _extended(text: str) -> list[str]:
    return re.findall(r"{% extends [\"']([^\"']+)[\"'] %}", text)


def _blocks(text: str) -> list[str]:
    return re.findall(r"{% block (\w+) %}", text)
