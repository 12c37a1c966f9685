"""What hashes, and what keys anything to a secret, does so by functions that are approved."""

import ast
from collections.abc import Iterator

import pytest

from tests.readme import ROOT

pytestmark = pytest.mark.one_database

PACKAGE = ROOT / "django_useraccounts"
APPROVED = {"sha256", "sha384", "sha512"}
#: As they are called where they are imported by their names.
PLAIN = APPROVED | {"sha1", "md5"}
#: What a service of others asks for, and the fake of it; nothing here rests on it.
ASKED_FOR = {("breached.py", "sha1"), ("testing/breached.py", "sha1")}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of the package and the file that it is in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(PACKAGE).as_posix(), node


def hashes() -> Iterator[tuple[str, str]]:
    """Yield the name of each hash that is made, and the file that it is in."""
    for file, call in calls():
        name = ast.unparse(call.func)
        word = name.rpartition(".")[2]
        if name == f"hashlib.{word}" or name in PLAIN:
            yield file, word
        elif word == "salted_hmac" or name in {"hmac.new", "hmac.digest"}:
            yield file, _named(call)


def _named(call: ast.Call) -> str:
    """Return the hash that a call names; Django's default is SHA-1."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    words = [ast.unparse(argument).strip("'").rpartition(".")[2] for argument in given]
    return next((word for word in words if word in PLAIN), "none")


@pytest.mark.asvs("11.4.1")
def test_every_hash_is_approved() -> None:
    found = set(hashes())

    assert len(found) > 8
    assert {(file, name) for file, name in found if name not in APPROVED} == ASKED_FOR
