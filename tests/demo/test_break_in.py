"""The attacks: each names tests that exist, and what is played fails, and leaves nothing behind."""

import time

import pytest
from django.apps import apps
from django.core import mail
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from django_useraccounts import views
from django_useraccounts.fields import PasswordField
from django_useraccounts.models import AbstractUser
from django_useraccounts.requirements import Requirement
from django_useraccounts.roles.flows import sync_roles
from django_useraccounts.testing import lifted_limits
from testproject.guild.break_in.scene import alike, play
from testproject.guild.break_in.views import ATTACKS
from testproject.guild.people import PASSWORD
from testproject.guild.sources import ROOT
from tests.demo.ways import others_for, path_of, run_as, visit, who_sees

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_site")]

PLAYED = [attack for attack in ATTACKS if attack.trial]
TESTS = [test for attack in ATTACKS for test in attack.tests]
ELSEWHERE = [(attack, way) for attack in PLAYED for way in others_for(attack.key)]


@pytest.fixture(autouse=True)
def _roles(db, whole_site):
    sync_roles()


def called(key):
    return next(attack for attack in ATTACKS if attack.key == key)


def broken_in(attack):
    """Play an attack; return what it has found to be wrong."""
    scene = play(attack.trial, host="testserver")
    assert scene.findings
    return [finding.sentence for finding in scene.findings if not finding.holds]


def how_many():
    """Return how many rows each table has, and what has been mailed."""
    rows = {model._meta.label: model._base_manager.count() for model in apps.get_models()}
    return rows, len(mail.outbox)


# What they are


def test_there_are_many_and_most_of_them_are_played():
    assert len(ATTACKS) >= 30
    assert len({attack.key for attack in ATTACKS}) == len(ATTACKS)
    assert len(PLAYED) >= len(ATTACKS) - 1


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.key)
def test_an_attack_names_a_test(attack):
    assert attack.tests


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_a_test_that_is_named_exists_and_is_run(test):
    passage = test.passage

    assert passage, f"{test.file} has no {test.name}"
    assert test.name.startswith("test_")
    assert (ROOT / test.file).name.startswith("test_")


def test_a_test_that_did_not_come_along_is_named_all_the_same(client, monkeypatch, tmp_path):
    monkeypatch.setattr("testproject.guild.sources.ROOT", tmp_path)
    attack = called("picture")

    page = client.get(reverse("attack", args=[attack.key]))

    assertContains(page, attack.tests[0].name)


# Played


@pytest.mark.parametrize("attack", PLAYED, ids=lambda attack: attack.key)
def test_what_is_played_fails_and_leaves_nothing_behind(attack):
    before = how_many()

    assert broken_in(attack) == []

    assert how_many() == before


@pytest.mark.parametrize(
    "attack, identity", ELSEWHERE, ids=[f"{attack.key}-{way}" for attack, way in ELSEWHERE]
)
def test_it_fails_in_other_ways_to_run_the_demo_too(site, attack, identity):
    run_as(site, identity)

    assert not attack.is_here or broken_in(attack) == []


def any_session(monkeypatch):
    monkeypatch.setattr(AbstractUser, "get_session_auth_hash", lambda self: "x")


def any_next(monkeypatch):
    monkeypatch.setattr(views, "safe_next", lambda url: url or "")


def any_password(monkeypatch):
    monkeypatch.setattr(PasswordField, "to_python", lambda self, value: PASSWORD)


def any_role(monkeypatch):
    monkeypatch.setattr(Requirement, "matches", lambda self, names: True)


@pytest.mark.parametrize(
    "key, hole",
    [
        ("old-session", any_session),
        ("open-redirect", any_next),
        ("huge", any_password),
        ("superuser", any_role),
        ("every-method", any_role),
    ],
)
def test_a_hole_is_found_and_told(client, monkeypatch, key, hole):
    hole(monkeypatch)

    page = client.post(reverse("attack", args=[key]))

    assertContains(page, "It broke: please tell us.")
    assertContains(page, 'class="broke"')


def test_guesses_without_a_limit_are_found():
    with lifted_limits():
        assert broken_in(called("guessing"))


def test_two_answers_are_compared_whatever_the_clock_says_meanwhile(client, monkeypatch):
    one = client.get("/accounts/login/")
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + 5)
    other = client.get("/accounts/login/")

    assert one.headers["Expires"] != other.headers["Expires"]
    assert alike(one, other)
    assert not alike(one, client.get("/accounts/register/"))


# On the page


def test_the_list_leads_to_each(client):
    page = client.get(reverse("break_in"))

    for attack in ATTACKS:
        assertContains(page, f'href="{reverse("attack", args=[attack.key])}"')


def test_a_page_tells_of_one_and_plays_nothing_by_itself(client):
    page = client.get(reverse("attack", args=["frame"]))

    assertContains(page, "curl -sI http://testserver/accounts/login/")
    assertContains(page, "Do it for me")
    assertNotContains(page, "It held.")


def test_the_button_shows_what_was_asked_and_what_was_answered(client):
    page = client.post(reverse("attack", args=["guessing"]))

    # Else who cannot see it hears the page from its top.
    assertContains(page, 'tabindex="-1" autofocus>It held.</h2>')
    assertContains(page, "Mallory")
    assertContains(page, "<b>429</b>")
    assertContains(page, "Too many attempts")


def test_what_an_attacker_writes_is_text_in_the_transcript(client):
    page = client.post(reverse("attack", args=["script"]))

    assertContains(page, "first_name=&lt;script&gt;")
    assertNotContains(page, "<script")


def test_who_plays_stays_who_they_are(client, a_few):
    client.post(reverse("borrow"), {"person": "frida"})

    page = client.post(reverse("attack", args=["old-session"]))

    assertContains(page, "<bdi>frida</bdi>")
    assertContains(client.get("/"), "Welcome back, <bdi>frida</bdi>")


def test_what_a_guild_has_not_is_not_played_there(client, site):
    run_as(site, "username")
    key = called("link-twice").key

    page = client.post(reverse("attack", args=[key]))

    assertContains(page, "Nobody has an address in this guild")
    assertNotContains(page, "It held.")
    assertContains(client.get(reverse("break_in")), "Not in this guild")


def test_an_attack_begins_where_it_says(client, people):
    wrong = []
    for attack in ATTACKS:
        if attack.place:
            page = visit(client, attack.place)
            wanted = attack.place.status, attack.place.url.partition("?")[0], attack.place.person
            came = page.status_code, path_of(page), who_sees(page, attack.place)
            if came != wanted:
                wrong.append((attack.key, *came))

    assert wrong == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_nobody_has_thought_of_is_not_found(client, method):
    assert getattr(client, method)("/break-it/magic/").status_code == 404


def test_without_debug_nothing_is_played(client, site):
    site.DEBUG = False

    assert client.post(reverse("attack", args=["frame"])).status_code == 404
