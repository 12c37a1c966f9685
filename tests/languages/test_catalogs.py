"""The catalogs are whole, right and of this source, and what is compiled is what was translated."""

import gettext
import shutil
import subprocess

import django
import pytest
from django.utils import translation
from docutils import nodes

from testproject.guild.languages import spoken
from tests.conftest import missing
from tests.languages import LANGUAGES, PAGES, TARGETS
from tests.languages.catalogs import (
    FOLDER,
    PACKAGE,
    extracted,
    key_of,
    load,
    merged,
    number_of_forms,
    path_of,
    plural_forms,
    texts_of,
)
from tests.languages.faults import faults
from tests.readme import document

pytestmark = pytest.mark.one_database

#: What the page of a language translates, at least.
WORDS = {
    *("account", "address", "confirm", "grant (role)", "invitation", "link", "log in, login"),
    *("log out", "mail", "membership", "password", "primary address", "provider", "register"),
    *("revoke (role)", "role", "session", "terms of service", "username"),
}
TRANSLATED = [language for language in LANGUAGES if language != "en"]
needs_gettext = pytest.mark.usefixtures("tools")
each = pytest.mark.parametrize("language", TRANSLATED)


@pytest.fixture
def tools():
    """Ask for the programs of gettext, and skip the test where there are none."""
    if not shutil.which("xgettext"):
        missing("gettext", "xgettext and msgfmt are not installed")


def test_every_language_is_one_that_is_aimed_at():
    assert LANGUAGES[0] == "en"
    assert set(LANGUAGES) <= set(TARGETS)


@each
def test_the_page_of_a_language_says_how_it_translates(language):
    assert WORDS <= set(words_of(language))
    assert "Address:" in (PAGES / f"{language}.rst").read_text()


def words_of(language):
    """Return the English words of the table on the page of a language; each has a translation."""
    [table] = document(f"docs/languages/{language}.rst").findall(nodes.tbody)
    rows = [
        [cell.astext() for cell in row.findall(nodes.entry)] for row in table.findall(nodes.row)
    ]
    assert all(all(row) for row in rows)
    return [row[0] for row in rows]


def test_no_catalog_is_shipped_but_those_of_the_languages():
    files = {path for path in FOLDER.rglob("*") if path.is_file()}

    wanted = [path_of(language) for language in TRANSLATED]
    assert files == {*wanted, *(path.with_suffix(".mo") for path in wanted)}


def test_no_room_has_a_catalog_of_its_own():
    assert {path.parent for path in PACKAGE.rglob("locale")} <= {PACKAGE}


def test_the_demo_speaks_them_all():
    assert [code for code, _name in spoken()] == ["en", *sorted(TRANSLATED)]


@needs_gettext
@each
def test_a_catalog_is_that_of_the_source(language):
    held = {key_of(entry) for entry in load(language)}

    assert held == {key_of(entry) for entry in extracted()}, "make messages says more"


@needs_gettext
@each
def test_a_catalog_is_written_as_the_tool_writes_it(language):
    assert path_of(language).read_text() == str(merged(language, load(language)))


@each
def test_all_is_translated_and_nothing_guessed_or_left_behind(language):
    catalog = load(language)

    assert [entry.msgid for entry in catalog if not all(texts_of(entry))] == []
    assert [entry.msgid for entry in catalog if entry.fuzzy or entry.obsolete] == []


@each
def test_placeholders_tags_and_edges_are_those_of_the_source(language):
    wrong = {entry.msgid: faults(entry, language) for entry in load(language)}

    assert {message: found for message, found in wrong.items() if found} == {}


@each
def test_plural_forms_are_as_many_as_a_language_has(language):
    catalog = load(language)

    forms = int(catalog.metadata["Plural-Forms"].partition("nplurals=")[2].partition(";")[0])
    for entry in catalog:
        if entry.msgid_plural:
            assert sorted(entry.msgstr_plural) == list(range(forms)), entry.msgid


# Another Django may count in another way; it then keeps the forms of our catalog for our messages.
@pytest.mark.skipif(django.VERSION >= (6,), reason="the forms are those of the oldest Django")
@each
def test_plural_forms_are_those_of_django(language):
    assert load(language).metadata["Plural-Forms"] == plural_forms(language)


@pytest.mark.parametrize("language", TARGETS[1:])
def test_django_speaks_every_language_that_is_aimed_at(language):
    assert translation.check_for_language(language)
    assert number_of_forms(language) in range(1, 7)


@each
def test_what_is_compiled_is_the_catalog(language):
    assert path_of(language).with_suffix(".mo").read_bytes() == load(language).to_binary()


@each
def test_gettext_reads_what_is_compiled(language):
    with path_of(language).with_suffix(".mo").open("rb") as compiled:
        held = gettext.GNUTranslations(compiled)

    for entry in load(language):
        if entry.msgid_plural:
            continue
        if entry.msgctxt:
            assert held.pgettext(entry.msgctxt, entry.msgid) == entry.msgstr
        else:
            assert held.gettext(entry.msgid) == entry.msgstr


@needs_gettext
@each
def test_msgfmt_has_nothing_to_say(language):
    done = subprocess.run(
        ["msgfmt", "--check-format", "--check-domain", "-o", "/dev/null", path_of(language)],
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")


@each
def test_django_finds_it_by_the_app(language):
    # A whole sentence, which Django itself does not have.
    entry = max(load(language), key=lambda one: len(one.msgid))

    with translation.override(language):
        assert translation.gettext(entry.msgid) == entry.msgstr
