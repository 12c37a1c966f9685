"""
Fields and buttons have one template each, so that a site gives all pages another look by two.

And a page that shows whatever fields a form has can send whatever they take.
"""

import re
from pathlib import Path

import pytest

import django_useraccounts

pytestmark = pytest.mark.one_database

PACKAGE = Path(django_useraccounts.__file__).parent
#: The elements themselves; mails have their own, and the pages of the admin those of Django.
ELEMENTS = {"button.html", "field.html"}
PAGES = sorted(
    path
    for path in PACKAGE.rglob("templates/useraccounts/**/*.html")
    if path.name not in ELEMENTS and not {"admin", "mails"} & set(path.parts)
)
#: What an element looks like where its template is not asked; what is hidden has no look.
BY_HAND = re.compile(
    r'<button|<select|<textarea|<input(?![^>]*(?:type="hidden"| hidden))|class="[^"]*\bua-(?:button|link)\b'
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_page_writes_no_field_and_no_button_by_hand(path: Path) -> None:
    assert BY_HAND.findall(path.read_text(encoding="utf-8")) == []


def test_by_hand_is_seen() -> None:
    by_hand = [
        '<button type="submit">',
        '<input name="a">',
        '<a class="ua-button" href="">',
        "<select>",
    ]

    assert len(PAGES) > 50
    assert all(BY_HAND.search(html) for html in by_hand)
    assert not BY_HAND.search('<input type="hidden" name="next">')
    assert not BY_HAND.search('<input type="text" value="frida" readonly hidden>')


@pytest.mark.parametrize("path", PAGES, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_form_that_shows_all_of_its_fields_can_send_files(path: Path) -> None:
    forms = re.findall(r"<form\b.*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)

    for form in forms:
        if "{{ form }}" in form:
            assert '{% if form.is_multipart %} enctype="multipart/form-data"{% endif %}>' in form
