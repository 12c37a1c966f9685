"""The HTML of every page and mail is as the standard wants it, says html-validate."""

from typing import Any

import pytest

from tests.gallery.mails import mail_shots
from tests.gallery.node import wrong_html

pytestmark = [pytest.mark.one_database, pytest.mark.django_db]

#: What html-validate would also mind, and why it need not.
RULES: dict[str, Any] = {
    # The standard leaves it open, and so does every browser.
    "doctype-style": ["error", {"style": "lowercase"}],
    # Lines that only had a tag of the template in them.
    "no-trailing-whitespace": "off",
    # The stylesheet comes from where the page comes from: who can change the one can change both.
    "require-sri": ["error", {"target": "crossorigin"}],
    # Django puts each box of a group into a label that names it as well.
    "no-redundant-for": "off",
    # Boxes of one group share their name, and the buttons that are two answers to one question.
    "form-dup-name": ["error", {"shared": ["checkbox", "radio", "submit"]}],
}
#: What mail programs need, most of which read no stylesheet and some of which lay out like 1998.
OF_MAILS: dict[str, Any] = {
    **RULES,
    "no-inline-style": "off",
    "no-deprecated-attr": "off",
    "no-conditional-comment": "off",
    "prefer-tbody": "off",
}


def test_every_page_is_valid(gallery):
    assert wrong_html(gallery.shots, RULES) == []


def test_every_mail_is_valid():
    assert wrong_html(mail_shots(), OF_MAILS) == []
