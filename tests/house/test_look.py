"""The stylesheet and the script of the pages stay small, and touch nothing outside of .ua."""

import re
from pathlib import Path

import pytest

import django_useraccounts
from tests.readme import ROOT

pytestmark = pytest.mark.one_database

PACKAGE = Path(django_useraccounts.__file__).parent
STYLES = {path.name: path for path in PACKAGE.rglob("static/**/*.css")}
SCRIPTS = sorted(PACKAGE.rglob("static/**/*.js"))
STYLE = STYLES["useraccounts.css"].read_text()
#: What a site sets to restyle the pages, by docs/replacing.rst.
ENOUGH = ["font", "radius", "accent", "on-accent", "text", "surface", "ground"]


def test_the_styles_have_less_than_8000_bytes():
    # The second one is for a menu on pages of the site, which load no other style of ours.
    assert set(STYLES) == {"useraccounts.css", "user_menu.css"}
    assert STYLES["useraccounts.css"].stat().st_size < 8_000
    assert STYLES["user_menu.css"].stat().st_size < 2_000


def test_the_scripts_have_less_than_3000_bytes():
    assert SCRIPTS
    assert sum(path.stat().st_size for path in SCRIPTS) < 3_000


def test_all_of_the_style_is_one_block_about_ua():
    rules = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL).strip()
    depths = [rules[:place].count("{") - rules[:place].count("}") for place in range(len(rules))]

    assert rules.startswith(":where(.ua) {")
    assert depths.count(0) == len(":where(.ua) {")
    assert rules.endswith("}")
    assert "@import" not in rules
    assert "url(" not in rules
    assert "!important" not in rules


def test_the_properties_that_restyle_it_come_first_and_all_are_told():
    told = re.findall(r"``--ua-([\w-]+)``", (ROOT / "docs/replacing.rst").read_text())
    properties = re.findall(r"^  --ua-([\w-]+):", STYLE, flags=re.MULTILINE)

    assert properties[:7] == ENOUGH
    assert sorted(properties) == sorted(told)


def test_every_class_of_the_style_is_used():
    pages = "\n".join(path.read_text() for path in PACKAGE.rglob("templates/**/*.html"))
    pages += SCRIPTS[0].read_text() + (PACKAGE / "templatetags/useraccounts.py").read_text()
    pages += " ".join(f"ua-{look}" for look in re.findall(r'look="(\w+)"', pages))
    pages += "ua-success ua-warning ua-error"  # levels of messages
    used = set(re.findall(r"\bua-[\w-]+", pages))

    for path in STYLES.values():
        assert set(re.findall(r"\.(ua-[\w-]+)", path.read_text())) - used == set(), path.name
