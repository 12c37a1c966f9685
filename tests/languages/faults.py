"""What is wrong with a translation: found before it is written, and asked of each catalog again."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import polib

from tests.languages.catalogs import numbers_of_forms, texts_of

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}", re.ASCII)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
#: Signs of a text that was escaped once too often, or that a program has left behind.
LEFTOVERS = ("\\n", "\\u", '\\"', "�", "TODO", "&amp;amp;")


def faults(entry: polib.POEntry, language: str) -> list[str]:
    """Return what is wrong with the translation of one message, as sentences; [] for nothing."""
    texts, forms = texts_of(entry), numbers_of_forms(language)
    if not entry.msgid_plural:
        return list(_faults(entry.msgid, texts[0], entry, for_one=False))
    if len(texts) != len(forms):
        return [f"has {len(texts)} forms instead of {len(forms)}"]
    return [
        f"form {form}: {fault}"
        for form, text in enumerate(texts)
        for fault in _faults(entry.msgid_plural, text, entry, for_one=len(forms[form]) == 1)
    ]


def _faults(source: str, text: str, entry: polib.POEntry, *, for_one: bool) -> Iterator[str]:
    """``for_one``: the text is for one number alone, which it may write as a word or leave out."""
    if not text.strip():
        yield "is empty"
        return
    wanted, given = set(PLACEHOLDER.findall(source)), set(PLACEHOLDER.findall(text))
    if given - wanted:
        yield f"has placeholders of its own: {_listed(given - wanted)}"
    lacks = wanted - given
    if for_one:
        # What the sentence for one leaves out in English, too; else the count alone.
        said = set(PLACEHOLDER.findall(entry.msgid))
        lacks = {name for name in lacks if name in said and not name.endswith("d")}
    if lacks:
        yield f"lacks placeholders: {_listed(lacks)}"
    if Counter(TAG.findall(source)) != Counter(TAG.findall(text)):
        yield f"has other tags than {_listed(TAG.findall(source)) or 'none'}"
    if _edges(source) != _edges(text):
        yield "begins or ends with other spaces or lines"
    if "python-format" in entry.flags and "%" in PLACEHOLDER.sub("", text):
        yield "has a bare %, which has to be %%"
    if found := [sign for sign in LEFTOVERS if sign in text and sign not in source]:
        yield f"has {_listed(found)}"


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(sorted(parts))
