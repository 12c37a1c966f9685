"""The tour: every room and every page is in it, leads where it says, and shows lines that exist."""

import re

import pytest
from django.urls import get_resolver, reverse
from pytest_django.asserts import assertContains, assertNotContains

from django_useraccounts.room import rooms
from testproject.guild.people import PEOPLE
from testproject.guild.places import ANYONE, CONDITIONS, STRANGER
from testproject.guild.tour.views import CHAPTERS, FEATURES
from tests.demo.ways import others_for, path_of, run_as, visit, who_sees

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_site")]

PAGES = ("home", "tour", "break_in", "strongbox", "porch")


def wrong_turns(client):
    """Yield each feature that does not lead where it says, with what came instead."""
    for feature in FEATURES:
        place = feature.see
        if feature.is_here:
            page = visit(client, place)
            wanted = reverse(place.lands) if place.lands else place.url.partition("?")[0]
            came = page.status_code, path_of(page), who_sees(page, place)
            if came != (place.status, wanted, place.person):
                yield feature.title, *came


# What is in it


def test_every_room_has_its_chapter():
    there = {route.split(".")[1] for room in rooms() for route in room.routes} | {"roles"}

    assert {room for chapter in CHAPTERS for room in chapter.rooms} == there


def test_every_page_of_the_accounts_is_told_of_and_no_other():
    there = get_resolver().namespace_dict["useraccounts"][1].reverse_dict

    told = {page for feature in FEATURES for page in feature.pages}

    assert told == {name for name in there if isinstance(name, str)}


def test_chapters_and_features_are_called_apart():
    keys = [chapter.key for chapter in CHAPTERS]
    titles = [feature.title for feature in FEATURES]

    assert len(set(keys)) == len(keys)
    assert len(set(titles)) == len(titles)


def test_who_is_to_see_it_is_somebody_of_the_guild():
    names = {person.username for person in PEOPLE} | {ANYONE, STRANGER}

    assert {feature.see.person for feature in FEATURES} <= names


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.title)
def test_the_lines_of_a_feature_are_there(feature):
    passages = [excerpt.find() for excerpt in feature.code]

    assert passages
    assert all(passage.code.strip() for passage in passages)
    assert feature.passages == passages


def test_who_changes_the_demo_loses_an_excerpt_and_no_page(client, monkeypatch, tmp_path):
    monkeypatch.setattr("testproject.guild.sources.ROOT", tmp_path)

    assertContains(client.get(reverse("home")), "What it takes")
    assertContains(client.get(reverse("tour")), FEATURES[0].title)


# Where it leads


def test_every_feature_is_seen_at_work(client, people):
    assert list(wrong_turns(client)) == []


@pytest.mark.parametrize("identity", others_for("tour"))
def test_in_every_way_to_run_the_demo_a_feature_is_seen_or_said_to_be_absent(
    client, site, people, identity
):
    run_as(site, identity)

    assert list(wrong_turns(client)) == []
    page = client.get(reverse("tour"))
    absent = [feature for feature in FEATURES if not feature.is_here]
    assertContains(page, 'class="advice"', count=len(absent))


@pytest.mark.parametrize(
    "identity, absent",
    [
        ("both", {"terms"}),
        ("email", {"terms", "usernames"}),
        ("username", {"terms", "emails", "several emails"}),
        ("one-address", {"terms", "several emails"}),
    ],
)
def test_what_a_guild_has_not_is_said_with_the_way_to_have_it(client, site, identity, absent):
    run_as(site, identity)

    page = client.get(reverse("tour"))

    assert {feature.needs for feature in FEATURES if not feature.is_here} == absent
    for name in absent:
        assertContains(page, CONDITIONS[name].advice)


def test_where_the_house_has_rules_olympe_is_asked_to_accept_them(client, set_conf, people):
    set_conf(TERMS_VERSION="2")
    features = {feature.title: feature for feature in FEATURES}

    rules = visit(client, features["Read the rules"].see)
    asked = visit(client, features["Accept new rules"].see)

    assertContains(rules, "the sauce stays a secret")
    assert path_of(asked) == reverse("useraccounts:accept_terms")
    assertContains(asked, 'name="terms"')


def test_who_is_there_already_follows_a_link_and_all_others_press_a_button(client, people):
    client.post(reverse("borrow"), {"person": "gertrude"})

    page = client.get(reverse("tour"))

    assertContains(page, f'<a class="go" href="{reverse("useraccounts:invitations")}">')
    assertNotContains(page, 'name="person" value="gertrude"')
    assertContains(page, 'name="person" value="georgia"')


# Its pages


def test_the_home_page_leads_to_both_and_shows_what_it_takes(client):
    page = client.get(reverse("home"))

    for name in ("tour", "break_in"):
        assertContains(page, f'class="button" href="{reverse(name)}"')
    assertContains(page, f"{len(FEATURES)} things")
    assertContains(page, "AUTH_USER_MODEL = &quot;useraccounts.User&quot;")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_english_and_has_nothing_inline(client, a_few, name):
    client.post(reverse("borrow"), {"person": "frida"})
    client.cookies["django_language"] = "fa"

    page = client.get(reverse(name))
    html = page.content.decode()

    assert '<html lang="en">' in html
    assert re.findall(r"<script|<style|\sstyle=|\son\w+=|javascript:", html) == []
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(set(ids)) == len(ids)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("url_name", ["tour", "break_in"])
def test_without_debug_nobody_finds_them(client, site, url_name):
    site.DEBUG = False

    assert client.get(reverse(url_name)).status_code == 404
    assertNotContains(client.get(reverse("home")), reverse(url_name))
