"""What no module does, so that nothing that comes from outside can have it done."""

import ast
from collections.abc import Iterator

import pytest

from tests.readme import ROOT

pytestmark = pytest.mark.one_database

PACKAGE = ROOT / "django_useraccounts"
COMMANDS = {"subprocess", "pty", "os.popen", "os.system", "os.startfile", "asyncio.subprocess"}
#: Calls of these begin so: os.execv, os.spawnl, asyncio.create_subprocess_shell and the like.
FAMILIES = ("os.exec", "os.spawn", "os.posix_spawn", "asyncio.create_subprocess")
RUN = {"eval", "exec", "compile", "__import__", "code", "runpy"}
#: What makes objects of bytes; XML may name files that its reader opens.
MADE_OF_BYTES = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "yaml", "xml", "lxml"}
PATTERNS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def used() -> set[str]:
    """Return what the package imports and calls, by dotted names and all that they begin with."""
    names: set[str] = set()
    for _file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Call):
                names.add(ast.unparse(node.func))
    return names | {name.split(".")[0] for name in names}


@pytest.mark.asvs("1.2.5")
def test_no_command_of_the_system_is_run() -> None:
    names = used()

    assert "os.urandom" in names
    assert not names & COMMANDS
    assert not [name for name in names if name.startswith(FAMILIES)]


@pytest.mark.asvs("1.3.2")
def test_no_text_is_run_as_code() -> None:
    assert not used() & RUN


@pytest.mark.asvs("1.5.2")
def test_what_comes_in_makes_no_objects_but_those_of_json() -> None:
    names = used()

    assert "json.loads" in names
    assert not names & MADE_OF_BYTES


def patterns() -> Iterator[tuple[str, ast.Module, ast.expr]]:
    """Yield each regular expression, the module that it is in, and its file."""
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                module, _, name = ast.unparse(node.func).rpartition(".")
                if module == "re" and name in PATTERNS:
                    yield file, tree, node.args[0]
                yield from (
                    (file, tree, keyword.value)
                    for keyword in node.keywords
                    if (keyword.arg or "").endswith("regex")
                )


def literals(tree: ast.Module) -> set[str]:
    """Return the names that stand for a literal wherever the module assigns them."""
    fixed, made = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = {part.id for target in node.targets for part in _names(target)}
            (fixed if _is_literal(node.value) else made).update(names)
    return fixed - made


def _names(node: ast.expr) -> Iterator[ast.Name]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Name))


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def is_harmless(part: ast.expr, known: set[str]) -> bool:
    if isinstance(part, ast.Call):
        return ast.unparse(part.func) == "re.escape"
    return {name.id for name in _names(part)} <= known


@pytest.mark.asvs("1.2.9")
def test_what_comes_in_is_no_part_of_a_regular_expression() -> None:
    found, wrong = 0, []
    for file, tree, pattern in patterns():
        found += 1
        known = literals(tree)
        parts = pattern.values if isinstance(pattern, ast.JoinedStr) else [pattern]
        values = [part.value if isinstance(part, ast.FormattedValue) else part for part in parts]
        if not all(is_harmless(value, known) for value in values):
            wrong.append(f"{file}: {ast.unparse(pattern)}")

    assert found > 15
    assert wrong == []
