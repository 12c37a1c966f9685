"""A work list holds what is missing, and takes back only what is right."""

import json

import pytest

from tests.languages import catalogs, worklists
from tests.languages.__main__ import main
from tests.languages.catalogs import load, path_of
from tests.languages.worklists import read, take, work_list
from tests.readme import page_blocks

pytestmark = pytest.mark.one_database

SOURCE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#. Translators: above a form
#: django_useraccounts/login/forms.py
msgid "Log in"
msgstr ""

#: django_useraccounts/mail.py
#, python-format
msgid "Hello %(name)s, <a href=\\"%(url)s\\">read</a>."
msgstr ""

#: django_useraccounts/admin/users.py
#, python-format
msgid "Done for %(number)d account."
msgid_plural "Done for %(number)d accounts."
msgstr[0] ""
msgstr[1] ""

#: django_useraccounts/mail.py
msgctxt "verb"
msgid "Open"
msgstr ""

#: django_useraccounts/mail.py
msgid ""
"One line\\n"
msgstr ""
"""
RIGHT = {
    "1": "Anmelden",
    "2": 'Guten Tag %(name)s, <a href="%(url)s">lesen</a>.',
    "3": ["Für ein Konto erledigt.", "Für %(number)d Konten erledigt."],
    "4": "Öffnen",
    "5": "Eine Zeile\n",
}


@pytest.fixture
def source(monkeypatch):
    """Return a function that says what the source says."""

    def says(text):
        found = catalogs.polib.pofile(text)
        for module in (catalogs, worklists):
            monkeypatch.setattr(module, "extracted", lambda: found)

    says(SOURCE)
    return says


@pytest.fixture
def asked(source, tmp_path):
    return work_list("de", folder=tmp_path)


def test_a_list_names_all_that_a_translator_has_to_know(asked):
    assert asked["language"] == "de"
    assert [numbers[:2] for numbers in asked["forms"]] == [[1], [0, 2]]
    messages = asked["messages"]
    assert list(messages) == ["1", "2", "3", "4", "5"]
    assert messages["1"] == {
        "msgid": "Log in",
        "comment": "Translators: above a form",
        "where": "login/forms.py",
    }
    assert messages["3"]["plural"] == "Done for %(number)d accounts."
    assert messages["4"]["context"] == "verb"


def test_right_answers_make_a_whole_catalog_that_is_compiled(asked, tmp_path):
    result = take(asked, RIGHT, folder=tmp_path)

    assert (result.taken, result.missing, result.refused) == (5, 0, {})
    catalog = load("de", tmp_path)
    assert path_of("de", tmp_path).with_suffix(".mo").read_bytes() == catalog.to_binary()
    assert catalog.find("Open", msgctxt="verb").msgstr == "Öffnen"
    assert work_list("de", folder=tmp_path)["messages"] == {}


def test_the_answers_that_the_page_shows_are_right(source, tmp_path):
    source(
        """
msgid "Log in"
msgstr ""

#, python-format
msgid "%(number)d account"
msgid_plural "%(number)d accounts"
msgstr[0] ""
msgstr[1] ""
"""
    )
    (shown,) = [text for text in page_blocks("docs/languages.rst", "") if text.startswith("{")]

    result = take(work_list("de", folder=tmp_path), json.loads(shown), folder=tmp_path)

    assert (result.taken, result.missing, result.refused) == (2, 0, {})


@pytest.mark.parametrize(
    "number, answer, complaint",
    [
        ("1", "", "is empty"),
        ("1", " ", "is empty"),
        ("1", " Anmelden", "other spaces"),
        ("1", ["Anmelden"], "list of forms"),
        ("1", None, "neither a text"),
        ("1", "<b>Anmelden</b>", "other tags"),
        ("1", "Anmelden %(name)s", "placeholders of its own: %(name)s"),
        ("1", "Anmelden\\n", "has \\n"),
        ("2", 'Guten Tag, <a href="%(url)s">lesen</a>.', "lacks placeholders: %(name)s"),
        ("2", "Guten Tag %(name)s, %(url)s lesen.", "other tags"),
        ("2", 'Zu 5 % %(name)s <a href="%(url)s">lesen</a>.', "bare %"),
        ("2", 'Guten Tag %(Name)s, <a href="%(url)s">lesen</a>.', "of its own: %(Name)s"),
        ("3", ["Für %(number)d Konten erledigt."], "1 forms instead of 2"),
        ("3", ["Für ein Konto erledigt.", "Für Konten erledigt."], "form 1: lacks"),
        ("3", "Für %(number)d Konten erledigt.", "list of forms"),
        ("5", "Eine Zeile", "other spaces or lines"),
        ("77", "Anmelden", "no such number"),
    ],
)
def test_a_wrong_answer_is_refused_and_changes_nothing(asked, tmp_path, number, answer, complaint):
    take(asked, RIGHT, folder=tmp_path)
    before = path_of("de", tmp_path).read_bytes()

    result = take(asked, {number: answer}, folder=tmp_path)

    assert result.taken == 0
    assert complaint in result.refused[number][0]
    assert path_of("de", tmp_path).read_bytes() == before


def test_a_number_that_stands_for_several_numbers_is_not_left_out(source, tmp_path):
    # In Russian the first form is for 1, and for 21 and 31, too.
    asked = work_list("ru", folder=tmp_path)

    forms = ["Готово: один.", *["Готово: %(number)d."] * 3]
    assert "form 0: lacks" in take(asked, {"3": forms}, folder=tmp_path).refused["3"][0]


def test_a_part_of_a_catalog_is_not_compiled(asked, tmp_path):
    take(asked, RIGHT, folder=tmp_path)
    path_of("de", tmp_path).unlink()

    result = take(asked, {"1": "Anmelden"}, folder=tmp_path)

    assert result.missing == 4
    assert not path_of("de", tmp_path).with_suffix(".mo").exists()
    assert list(work_list("de", folder=tmp_path)["messages"]) == ["1", "2", "3", "4"]


def test_an_old_list_finds_its_messages_after_the_source_has_changed(source, asked, tmp_path):
    # given a source in another order, that says one thing in another way
    first, *others = SOURCE.replace("Log in", "Sign in").split("\n\n")
    source("\n\n".join([first, *reversed(others)]))

    # when the answers to the old list come
    result = take(asked, RIGHT, folder=tmp_path)

    # then each is where it belongs, but that of the sentence that is gone
    assert result.refused == {"1": ["the source has not this sentence any more"]}
    assert load("de", tmp_path).find("Open", msgctxt="verb").msgstr == "Öffnen"
    assert result.missing == 1


def test_a_changed_sentence_comes_with_what_it_was(source, asked, tmp_path):
    take(asked, RIGHT, folder=tmp_path)
    source(SOURCE.replace("One line", "One short line"))

    [message] = work_list("de", folder=tmp_path)["messages"].values()

    assert message["was"] == {"msgid": "One line\n", "translated": "Eine Zeile\n"}


def test_all_can_be_asked_for_to_be_read_again(asked, tmp_path):
    take(asked, RIGHT, folder=tmp_path)

    listed = work_list("de", everything=True, folder=tmp_path)["messages"]

    assert {number: message["translated"] for number, message in listed.items()} == RIGHT


def test_an_answer_that_is_there_twice_is_a_mistake(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text('{"1": "Anmelden", "1": "Einloggen"}')

    with pytest.raises(ValueError, match="twice in one file: 1"):
        read(path)


def test_the_command_hands_out_and_takes_back(source, tmp_path, monkeypatch, capsys):
    for function in (worklists.work_list, worklists.take, worklists.load, worklists.save):
        monkeypatch.setattr(
            f"tests.languages.__main__.{function.__name__}",
            lambda *a, function=function, **k: function(*a, folder=tmp_path, **k),
        )
    listed, answers = tmp_path / "list.json", tmp_path / "answers.json"
    answers.write_text(json.dumps(RIGHT | {"77": "Anmelden"}))

    assert main(["todo", "de", "--output", str(listed)]) == 0
    assert main(["take", str(listed), str(answers)]) == 1

    assert "5 taken, 1 refused\n  77: no such number" in capsys.readouterr().out
    assert load("de", tmp_path).percent_translated() == 100
