"""docs/flask_user.rst names all that Flask-User has, and of ours only what there is."""

import pytest
from docutils import nodes

from tests.flask_user import names
from tests.known import literals, misnamed
from tests.readme import document

# Nothing here asks the database.
pytestmark = pytest.mark.one_database

PAGE = document("docs/flask_user.rst")
#: Words of Python, of a class of a project, and values, beside names.
WORDS = {
    "path()",
    "success_url",
    "get_success_url",
    "PROFILE_FIELDS",
    "is_authenticated",
    "is_primary",
    "session_epoch",
    "max_age",
    "identifier",
    "Name <address>",
    '"required"',
    '"off"',
    '"password"',
    '"email"',
    "send_…_email",
}


def sections() -> dict[str, nodes.section]:
    found = PAGE.findall(nodes.section)
    return {next(iter(section.findall(nodes.title))).astext(): section for section in found}


def rows_of(*titles: str) -> list[list[nodes.entry]]:
    return [
        list(row.findall(nodes.entry))
        for title in titles
        for body in sections()[title].findall(nodes.tbody)
        for row in body.findall(nodes.row)
    ]


def named(column: int, *titles: str) -> list[str]:
    """Return what the cells of a column name."""
    return [name for row in rows_of(*titles) for name in literals(row[column])]


SETTINGS = ("Settings", "URLs", "Templates", "Mails")


@pytest.mark.parametrize(
    "found, expected",
    [
        (named(0, *SETTINGS), names.SETTINGS),
        (named(1, "URLs"), names.ENDPOINTS),
        (named(1, "Templates"), names.TEMPLATES),
        (named(1, "Mails"), names.MAILS),
        (named(0, "Forms") + named(1, "Forms"), names.FORMS),
        (named(0, "Guards"), names.GUARDS),
        (named(0, "Signals"), names.SIGNALS),
        (named(0, "UserManager", "UserMixin", "DBManager"), names.METHODS),
        (named(0, "The other managers"), names.MANAGERS),
    ],
    ids=["settings", "urls", "templates", "mails", "forms", "guards", "signals", "methods", "rest"],
)
def test_everything_of_flask_user_is_there_once(found: list[str], expected: list[str]) -> None:
    assert sorted(found) == sorted(expected)


TABLES = (*SETTINGS, "Forms", "Guards", "Signals", "Methods")


def test_what_it_is_here_exists() -> None:
    assert misnamed(named(-1, *TABLES), WORDS) == set()


def test_no_row_is_left_open() -> None:
    assert all(row[-1].astext().strip() for row in rows_of(*TABLES))
