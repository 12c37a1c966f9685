"""
Translate the package: see what is missing, hand it out as a work list, take translations back.

``python -m tests.languages``                      what each language lacks
``… todo de [--everything] [--output FILE]``       a work list, as JSON
``… take LIST ANSWERS…``                           answers to a work list, into the catalog
``… merge [LANGUAGE…]``                            the catalogs, as the source is now
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.languages import LANGUAGES, TARGETS
from tests.languages.catalogs import extracted, key_of, load, merged, missing, path_of, save
from tests.languages.faults import faults
from tests.languages.worklists import read, take, work_list


def main(arguments: Sequence[str]) -> int:
    """Do what is asked for; return 1 if something is missing or was refused."""
    asked = _parser().parse_args(arguments)
    done: int = asked.act(asked)
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.languages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(act=_status)
    acts = parser.add_subparsers(metavar="todo | take | merge")
    todo = acts.add_parser("todo", help="write a work list")
    todo.add_argument("language", choices=TARGETS[1:])
    todo.add_argument("--everything", action="store_true", help="also what is translated")
    todo.add_argument("--output", type=Path, help="into this file; else it is printed")
    todo.set_defaults(act=_todo)
    taking = acts.add_parser("take", help="take translations")
    taking.add_argument("list", type=Path)
    taking.add_argument("answers", type=Path, nargs="+")
    taking.set_defaults(act=_take)
    merging = acts.add_parser("merge", help="bring catalogs up to date")
    merging.add_argument("languages", nargs="*", metavar="language")
    merging.set_defaults(act=_merge)
    return parser


def _begun() -> list[str]:
    return [language for language in TARGETS if path_of(language).exists()]


def _status(_asked: argparse.Namespace) -> int:
    """Print one line for each language; a change of the source makes messages missing and gone."""
    source = {key_of(entry) for entry in extracted()}
    print(f"{len(source)} messages")
    is_whole = True
    for language in TARGETS[1:]:
        if language not in _begun():
            print(f"{language:8} not begun")
            continue
        old = load(language)
        catalog = merged(language, old)
        lacking = {key_of(entry) for entry in missing(catalog)}
        counts = {
            "missing": len(lacking),
            "gone": sum(1 for entry in old if key_of(entry) not in source),
            "fuzzy": len(old.fuzzy_entries()),
            "wrong": sum(
                1 for one in catalog if key_of(one) not in lacking and faults(one, language)
            ),
        }
        is_whole = is_whole and not any(counts.values())
        shipped = "" if language in LANGUAGES else ", not in LANGUAGES"
        print(f"{language:8} {', '.join(f'{n} {what}' for what, n in counts.items())}{shipped}")
    return 0 if is_whole else 1


def _todo(asked: argparse.Namespace) -> int:
    listed = work_list(asked.language, everything=asked.everything)
    text = json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    if asked.output:
        asked.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def _take(asked: argparse.Namespace) -> int:
    listed, is_whole = read(asked.list), True
    for path in asked.answers:
        result = take(listed, read(path))
        print(f"{path}: {result.taken} taken, {len(result.refused)} refused")
        for number, complaints in result.refused.items():
            print(f"  {number}: {'; '.join(complaints)}")
        print(f"{result.language}: {result.missing} missing")
        is_whole = not result.refused and is_whole
    return 0 if is_whole else 1


def _merge(asked: argparse.Namespace) -> int:
    for language in asked.languages or _begun():
        save(language, merged(language, load(language)))
    return _status(asked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
