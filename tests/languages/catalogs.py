"""
The catalogs: one for the package and all of its rooms, where Django finds it by the core app.

They are written in one way, sorted and without lines of the source, so that a change of one
sentence is a change of one entry. Nothing is guessed: no entry is ever fuzzy or obsolete.
"""

import gettext
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import django
import polib
from django.utils.translation import to_locale

from tests.readme import ROOT

PACKAGE = ROOT / "django_useraccounts"
FOLDER = PACKAGE / "locale"

#: What makes a message that message: its context, its sentence, and that of several.
Key = tuple[str, str, str]


def path_of(language: str, folder: Path = FOLDER) -> Path:
    """Return where the catalog of a language lies; the compiled one lies beside it, as ``.mo``."""
    return folder / to_locale(language) / "LC_MESSAGES" / "django.po"


def key_of(entry: polib.POEntry) -> Key:
    """Return what a message is found by."""
    return (entry.msgid, entry.msgid_plural or "", entry.msgctxt or "")


@cache
def extracted() -> polib.POFile:
    """Return all messages of the source, each with the files that say it."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "locale").mkdir()
        # A copy, since Django writes what it reads of a template beside it: two would mix it up.
        left = shutil.ignore_patterns("__pycache__", "locale")
        shutil.copytree(PACKAGE, scratch / PACKAGE.name, ignore=left)
        options = ["--all", "--keep-pot", "--no-wrap", "--add-location", "file"]
        done = subprocess.run(
            [sys.executable, "-m", "django", "makemessages", *options],
            cwd=scratch,
            # It needs no settings, and would not find those of the tests from there.
            env={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode or "warning" in done.stdout.lower():
            raise RuntimeError(f"makemessages, which needs gettext: {done.stdout}")
        return polib.pofile(str(scratch / "locale" / "django.pot"))


def load(language: str, folder: Path = FOLDER) -> polib.POFile:
    """Read a catalog; an empty one where there is none yet."""
    path = path_of(language, folder)
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


def merged(language: str, old: polib.POFile) -> polib.POFile:
    """Return the catalog of the source as it is, with those translations of ``old`` that still fit."""
    forms = number_of_forms(language)
    known = {key_of(entry): entry for entry in old if not entry.obsolete and not entry.fuzzy}
    catalog = polib.POFile(wrapwidth=0)
    catalog.metadata = {
        "Language": to_locale(language),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plural_forms(language),
    }
    for source in sorted(extracted(), key=key_of):
        entry = polib.POEntry(
            msgid=source.msgid,
            msgctxt=source.msgctxt,
            msgid_plural=source.msgid_plural,
            comment=source.comment,
            flags=source.flags,
        )
        before = known.get(key_of(source))
        if source.msgid_plural:
            kept = before.msgstr_plural if before else {}
            entry.msgstr_plural = {form: kept.get(form, "") for form in range(forms)}
        else:
            entry.msgstr = before.msgstr if before else ""
        catalog.append(entry)
    return catalog


def save(language: str, catalog: polib.POFile, folder: Path = FOLDER) -> None:
    """Write a catalog, and compile it if it is whole; a part of one is never compiled."""
    path = path_of(language, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog.save(str(path), newline="\n")
    compiled = path.with_suffix(".mo")
    if any(missing(catalog)):
        compiled.unlink(missing_ok=True)
    else:
        compiled.write_bytes(catalog.to_binary())


def texts_of(entry: polib.POEntry) -> list[str]:
    """Return the translation, or that for each plural form."""
    if entry.msgid_plural:
        return [text for _form, text in sorted(entry.msgstr_plural.items())]
    return [entry.msgstr]


def missing(catalog: polib.POFile) -> Iterator[polib.POEntry]:
    """Yield what is not translated, or not into all plural forms."""
    return (entry for entry in catalog if not all(texts_of(entry)))


# Plural forms


@cache
def plural_forms(language: str) -> str:
    """Return the plural forms that Django itself has for a language."""
    path = path_of(language, Path(django.__file__).parent / "conf" / "locale")
    return polib.pofile(str(path)).metadata["Plural-Forms"]


def number_of_forms(language: str) -> int:
    """Return how many plural forms a language has."""
    return int(plural_forms(language).partition("nplurals=")[2].partition(";")[0])


#: Whole numbers that tell the forms of all languages apart.
NUMBERS = (*range(201), 1_000_000, 2_000_000)


@cache
def numbers_of_forms(language: str) -> list[list[int]]:
    """Return for each plural form for which numbers it stands; none for one that is for fractions."""
    form_of: Callable[[int], int] = gettext.c2py(
        plural_forms(language).partition("plural=")[2].rstrip(";")
    )
    forms: list[list[int]] = [[] for _ in range(number_of_forms(language))]
    for number in NUMBERS:
        forms[form_of(number)].append(number)
    return forms
