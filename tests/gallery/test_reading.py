"""
Every page can be used by everybody, in a real browser: WCAG 2.2 AA, by axe-core and beyond it.

Each day has one of four combinations of colours and width for all pages, half of the pages for what
takes more space, half of the mails, and one language; USERACCOUNTS_GALLERY=all asks for everything.
"""

import os
from zlib import crc32

import pytest

from tests.choosing import today
from tests.gallery import reading
from tests.gallery.entries import ENTRIES
from tests.gallery.mails import mail_shots
from tests.gallery.node import axe
from tests.gallery.screen import DESK, NARROW, PHONE, Screen
from tests.gallery.stage import visits
from tests.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.one_database, pytest.mark.django_db]

COMBINATIONS = {
    "phone-light": (PHONE, "light"),
    "desk-dark": (DESK, "dark"),
    "phone-dark": (PHONE, "dark"),
    "desk-light": (DESK, "light"),
}
#: A mail is shown inside the page of a mail program, which has the landmarks.
NOT_OF_MAILS = ("region", "landmark-one-main")


IS_ALL = os.environ.get("USERACCOUNTS_GALLERY") == "all"
TODAY = today()


def combinations():
    """Return the combinations of today."""
    return list(COMBINATIONS) if IS_ALL else [list(COMBINATIONS)[TODAY % len(COMBINATIONS)]]


def languages():
    """Return the language of today, or all but English, which the other tests read."""
    others = [language for language in LANGUAGES if language != "en"]
    return others if IS_ALL else [others[TODAY % len(others)]]


def half(shots):
    """Return the half of today."""
    return [shot for shot in shots if IS_ALL or (crc32(shot.name.encode()) + TODAY) % 2]


def told(shot, findings):
    return [f"{shot.name} {finding}" for finding in findings]


@pytest.mark.parametrize("combination", combinations())
def test_nobody_stumbles_over_a_page(browser, house, gallery, combination):
    size, colors = COMBINATIONS[combination]
    screen, findings = Screen(browser, house, size, colors, script=axe()), []

    for shot in gallery.shots:
        page = screen.show(shot)
        findings += told(shot, reading.by_words(page))
        findings += told(shot, reading.by_fingers(page))
        findings += told(shot, reading.by_width(page, screen.width))
        findings += told(shot, reading.by_axe(page))
        findings += told(shot, reading.by_weight(screen, shot))
    screen.close()

    assert findings == []


def test_nothing_is_lost_at_four_times_the_size_and_with_more_space(browser, house, gallery):
    # 1280 pixels at 400 % are 320 (WCAG 2.2, 1.4.10), and the space is that of 1.4.12.
    screen, findings = Screen(browser, house, NARROW), []

    for shot in half(gallery.shots):
        page = screen.show(shot)
        findings += told(shot, reading.by_width(page, screen.width))
        findings += told(shot, reading.spaced_out(page, screen.width))
    screen.close()

    assert findings == []


@pytest.mark.parametrize("language", languages())
def test_each_language_fits_a_phone(browser, house, language):
    screen, findings = Screen(browser, house, PHONE), []

    for shot in visits(ENTRIES.values(), language):
        page = screen.show(shot)
        findings += told(shot, reading.by_width(page, screen.width))
        findings += told(shot, reading.by_weight(screen, shot))
    screen.close()

    assert findings == []


def test_nobody_stumbles_over_a_mail(browser, house):
    screen, findings = Screen(browser, house, DESK, script=axe()), []

    for shot in half(mail_shots()):
        page = screen.show(shot)
        findings += told(shot, reading.by_axe(page, off=NOT_OF_MAILS))
        findings += told(shot, reading.by_weight(screen, shot))
    screen.close()

    assert findings == []
