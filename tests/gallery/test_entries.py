"""The gallery has every page and mail in every state: what is not there was looked at by nobody."""

from pathlib import Path

import pytest

import django_useraccounts
from django_useraccounts.preview import mail_kinds, preview_mail
from django_useraccounts.room import rooms
from django_useraccounts.urls import urlpatterns
from tests.gallery.__main__ import DOCS, ROOT, page_of, path_of
from tests.gallery.entries import ENTRIES
from tests.gallery.mails import mail_shots
from tests.gallery.sentences import page_templates, sentences_of

pytestmark = [pytest.mark.one_database, pytest.mark.django_db]

#: URLs that answer no person.
NO_PAGES = {"stripe_webhook"}


def names_of(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names_of(pattern.url_patterns)
        else:
            yield pattern.name


def test_every_page_has_an_entry(gallery):
    seen = {shot.url_name for shot in gallery.shots}

    assert set(names_of(urlpatterns)) - seen == NO_PAGES


def test_every_template_of_a_page_has_an_entry(gallery):
    seen = set().union(*(shot.templates for shot in gallery.shots))

    assert set(page_templates()) - seen == set()


def test_every_sentence_that_a_page_can_say_is_said_in_an_entry(gallery):
    unsaid = sentences_of(page_templates()) - gallery.heard

    assert unsaid == set(), "Add an entry for the state in which a page says this."


def test_an_entry_shows_a_page_and_no_two_have_one_name(gallery):
    names = [shot.name for shot in gallery.shots]

    assert names == list(ENTRIES)
    assert [shot.name for shot in gallery.shots if "</h1>" not in shot.html] == []
    assert {shot.status for shot in gallery.shots} == {200, 400, 403, 404, 410, 429, 503}


def test_every_kind_of_mail_is_there():
    package = Path(django_useraccounts.__file__).parent
    subjects = package.rglob("templates/useraccounts/mails/*/subject.txt")
    kinds = {path.parent.name for path in subjects}

    assert kinds <= set(mail_kinds())
    assert {shot.name for shot in mail_shots()} >= {f"mail.{k.replace('_', '-')}" for k in kinds}


def test_a_sample_of_a_mail_says_what_it_is_about():
    package = Path(django_useraccounts.__file__).parent
    bodies = package.rglob("templates/useraccounts/mails/*/body.txt")
    kinds = {path.parent.name for path in bodies if "{{ what }}" in path.read_text()}
    samples = {kind: sample for room in rooms() for kind, sample in room.samples.items()}

    assert len(kinds) == 4
    for kind in kinds:
        assert samples[kind][1] in preview_mail(kind).body, kind


def test_the_pictures_of_the_documentation_are_there_and_small():
    pictures = {path.name: path for path in (ROOT / "docs" / "pictures").glob("*.webp")}

    assert {f"{name}-{colors}.webp" for name in DOCS for colors in ("light", "dark")} <= set(
        pictures
    )
    assert [name for name, path in pictures.items() if path.stat().st_size >= 40_000] == []


def test_the_page_of_pictures_has_each_below_its_own_entry(tmp_path):
    for name in ("login-en-phone-light", "login-zh-hans-desk-dark", "login-by-email-en-desk-dark"):
        (tmp_path / f"{name}.png").touch()
    for name in ("mail.welcome", "mail.reset-password"):
        path_of(tmp_path, name, "en-desk-dark").touch()

    page = page_of(tmp_path, ["login", "login-by-email", "mail.welcome", "mail.reset-password"])

    _, login, by_email, welcome, _reset = page.split("<h2>")
    assert "login-en-phone-light" in login and "login-zh-hans-desk-dark" in login
    assert page.count("<img src=") == 5
    assert by_email.startswith("login-by-email</h2>") and "login-by-email-en-desk-dark" in by_email
    assert '"mail.welcome-en-desk-dark.png"' in welcome
