"""docs/memberships.rst tells the truth about memberships."""

import re

import pytest
from django.template.loader import render_to_string
from docutils import nodes
from pytest_django.asserts import assertContains

from django_useraccounts.memberships.models import Payment
from django_useraccounts.memberships.stripe.events import KINDS
from django_useraccounts.testing import log_in, make_user
from tests.memberships.conftest import make_plan, opens
from tests.readme import block, document

PAGE = document("docs/memberships.rst")


def test_it_names_the_events_that_are_heard():
    named = {literal.astext() for literal in PAGE.findall(nodes.literal)}

    kinds = {name for name in named if re.fullmatch(r"[a-z]+(\.[a-z_]+)+", name)}
    assert kinds - {"checkout.stripe.com"} == set(KINDS)


@pytest.mark.django_db
def test_its_code_records_a_transfer_once():
    code: dict = {}
    exec(block("python", "def note_transfer", "docs/memberships.rst"), code)
    make_plan()
    maria = make_user("maria")

    for _ in range(2):
        code["note_transfer"](maria, "7")

    assert opens(maria)
    assert Payment.objects.get().reference == "7"


@pytest.mark.django_db
def test_its_test_makes_a_member(client, plan, settings):
    settings.ROOT_URLCONF = "tests.memberships.urls"
    code: dict = {}
    [test] = [b.astext() for b in PAGE.findall(nodes.literal_block) if "def test_" in b.astext()]

    exec(test, code)

    code["test_members_sit_by_the_fire"](client, plan)
    assert log_in(client, make_user("ada")).get("/fireside/").status_code == 403


@pytest.mark.django_db
def test_its_template_shows_the_way_to_a_plan_to_who_is_no_member(client, settings, tmp_path):
    settings.ROOT_URLCONF = "tests.memberships.urls"
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    template = tmp_path / "useraccounts" / "forbidden.html"
    template.parent.mkdir()
    template.write_text(block("html+django", "forbidden.html", "docs/memberships.rst"))

    page = log_in(client, make_user("ada")).get("/fireside/")

    way = '<a href="/accounts/pricing/">Become one</a>'
    assertContains(page, way, status_code=403, html=True)
    maria = make_user("maria", roles=["member"])
    assert way not in render_to_string("useraccounts/forbidden.html", {"user": maria})
