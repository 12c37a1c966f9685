"""What hashes, encrypts and keys anything to a secret does so by functions that are approved."""

import ast
import sys
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
#: Whose code joins beside Python's and Django's; cryptography, which Authlib and joserfc stand on,
#: encrypts and signs.
LIBRARIES = {
    "anymail",
    "asgiref",
    "authlib",
    "cryptography",
    "idna",
    "joserfc",
    "ninja",
    "requests",
    "rest_framework",
    "stripe",
    "ua_parser",
    "urllib3",
}


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


@pytest.mark.asvs("11.2.3", "11.4.1", "11.4.3")
def test_every_hash_is_approved() -> None:
    found = set(hashes())

    assert len(found) > 8
    assert {(file, name) for file, name in found if name not in APPROVED} == ASKED_FOR


def imports() -> Iterator[tuple[str, str]]:
    """Yield the name of each package of others that is imported, and the file that does it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                yield path.relative_to(PACKAGE).as_posix(), name.split(".")[0]


@pytest.mark.asvs("11.2.1")
def test_what_is_secret_is_made_by_libraries_that_everybody_looks_at() -> None:
    found = set(imports())
    others = {name for _file, name in found} - sys.stdlib_module_names

    assert others - {"django", PACKAGE.name} == LIBRARIES
    # How long those wait who have undone each other; else chance is of ``secrets``.
    assert {file for file, name in found if name == "random"} == {"transactions.py"}


@pytest.mark.asvs("11.2.1")
def test_no_cipher_is_written_here() -> None:
    """None does without exclusive or and moving bits, which nothing here does."""
    operators = {
        type(node.op)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.BinOp | ast.AugAssign)
    }

    assert ast.Add in operators
    assert not operators & {ast.BitXor, ast.LShift, ast.RShift}
