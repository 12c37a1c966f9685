"""
Work lists: what is to translate, numbered, and the translations on their way back.

A list names each message by a number and holds all that a translator has to know; the answers are
``{"1": "text", "2": ["one", "several"]}``. They find their messages by the list, so it does not
matter what has changed in the source, or was translated by others, meanwhile.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polib

from tests.languages.catalogs import (
    FOLDER,
    extracted,
    key_of,
    load,
    merged,
    missing,
    numbers_of_forms,
    save,
)
from tests.languages.faults import faults

#: How alike two sentences are, of 1, for one to be the changed other.
ALIKE = 0.75
Worklist = dict[str, Any]


def work_list(language: str, *, everything: bool = False, folder: Path = FOLDER) -> Worklist:
    """Return what a language lacks, or all of it, with what changed sentences were before."""
    old = load(language, folder)
    catalog = merged(language, old)
    places = {key_of(entry): entry.occurrences for entry in extracted()}
    gone = [entry for entry in old if key_of(entry) not in places and entry.translated()]
    messages: dict[str, dict[str, Any]] = {}
    # As the source has them, so that the sentences of one page stand together.
    order = {key: place for place, key in enumerate(places)}
    asked = sorted(
        catalog if everything else missing(catalog), key=lambda entry: order[key_of(entry)]
    )
    for number, entry in enumerate(asked, start=1):
        about = {
            "msgid": entry.msgid,
            "plural": entry.msgid_plural,
            "context": entry.msgctxt,
            "comment": entry.comment,
            "where": " ".join(place.partition("/")[2] for place, _ in places[key_of(entry)]),
            "was": _before(entry, gone),
            "translated": _answer_of(entry) if everything else None,
        }
        messages[str(number)] = {name: value for name, value in about.items() if value}
    return {
        "language": language,
        "forms": [numbers[:12] for numbers in numbers_of_forms(language)],
        "messages": messages,
    }


def _answer_of(entry: polib.POEntry) -> str | list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else entry.msgstr


def _before(entry: polib.POEntry, gone: Iterable[polib.POEntry]) -> dict[str, Any] | None:
    """Return the sentence that this one was before it was changed, and its translation."""
    sentences = {
        one.msgid: one for one in gone if bool(one.msgid_plural) == bool(entry.msgid_plural)
    }
    for found in difflib.get_close_matches(entry.msgid, sentences, n=1, cutoff=ALIKE):
        return {"msgid": found, "translated": _answer_of(sentences[found])}
    return None


@dataclass
class Taken:
    """What became of answers."""

    language: str
    taken: int = 0
    missing: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)


def take(asked: Worklist, answers: Mapping[str, Any], *, folder: Path = FOLDER) -> Taken:
    """Write the answers that are right into the catalog, compile it if it is whole; refuse the rest."""
    result = Taken(asked["language"])
    catalog = merged(result.language, load(result.language, folder))
    entries = {key_of(entry): entry for entry in catalog}
    for number, answer in answers.items():
        complaints = ["no such number in the work list"]
        if message := asked["messages"].get(number):
            key = (message["msgid"], message.get("plural", ""), message.get("context", ""))
            complaints = _fill(entries.get(key), answer, result.language)
        if complaints:
            result.refused[number] = complaints
        else:
            result.taken += 1
    result.missing = sum(1 for _ in missing(catalog))
    save(result.language, catalog, folder)
    return result


def _fill(entry: polib.POEntry | None, answer: object, language: str) -> list[str]:
    """Translate one message; leave it as it was if something is wrong with the answer."""
    if entry is None:
        return ["the source has not this sentence any more"]
    texts = answer if isinstance(answer, list) else [answer]
    if not all(isinstance(text, str) for text in texts):
        return ["is neither a text nor a list of texts"]
    if isinstance(answer, list) != bool(entry.msgid_plural):
        return ["is a list of forms, or is none, where the other is asked for"]
    before = entry.msgstr, entry.msgstr_plural
    if entry.msgid_plural:
        entry.msgstr_plural = dict(enumerate(texts))
    else:
        (entry.msgstr,) = texts
    complaints = faults(entry, language)
    if complaints:
        entry.msgstr, entry.msgstr_plural = before
    return complaints


def read(path: Path) -> dict[str, Any]:
    """Read a work list or answers; a number that is there twice is a mistake, not a choice."""
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"twice in one file: {', '.join(twice)}")
    return found
