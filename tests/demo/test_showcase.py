"""What the tour and the attacks share: names are borrowed, and lines are read from their files."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from pytest_django.asserts import assertContains, assertRedirects

from testproject.guild.people import PASSWORD
from testproject.guild.showcase import shown_files
from testproject.guild.sources import ROOT, Excerpt, lines_of
from tests.demo.ways import OTHERS, run_as

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_few")]

BORROW = "/borrow/"
POLICY = "testproject/guild/policy.py"


def who(client):
    """Return the username of who is logged in, "" for nobody."""
    return client.get(reverse("home")).wsgi_request.user.get_username()


# To borrow a name


def test_who_borrows_a_name_is_that_person_and_goes_on(client):
    answer = client.post(BORROW, {"person": "frida", "next": "/garret/"})

    assertRedirects(answer, "/garret/")
    assertContains(client.get(reverse("home")), "Welcome back, <bdi>frida</bdi>")


def test_another_name_takes_the_place_of_the_first_and_no_name_ends_it(client):
    client.post(BORROW, {"person": "frida"})

    client.post(BORROW, {"person": "heinz"})
    assert who(client) == "heinz"

    client.post(BORROW, {"person": ""})
    assert who(client) == ""


@pytest.mark.parametrize("identity", OTHERS)
def test_names_are_borrowed_whatever_people_are_called(client, site, identity):
    run_as(site, identity)

    client.post(BORROW, {"person": "frida"})

    assert who(client) == "frida"


def test_nobody_is_borrowed_who_is_not_from_the_first_day(client):
    get_user_model().objects.create_user("visitor", "visitor@guild.example", PASSWORD)

    assert client.post(BORROW, {"person": "visitor"}).status_code == 404
    assert who(client) == ""


def test_who_has_chosen_a_password_is_not_borrowed_any_more(client):
    frida = get_user_model().objects.get(username="frida")
    frida.set_password("a password of her own")
    frida.save()

    page = client.post(BORROW, {"person": "frida"}, follow=True)

    assertContains(page, "You could not become frida")
    assert who(client) == ""


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_nobody_is_led_elsewhere(client, target):
    assertRedirects(client.post(BORROW, {"person": "frida", "next": target}), "/")


def test_a_look_borrows_nothing(client):
    assert client.get(BORROW, {"person": "frida"}).status_code == 405
    assert who(client) == ""


def test_no_form_of_another_site_borrows_a_name(client):
    client.handler.enforce_csrf_checks = True

    assert client.post(BORROW, {"person": "frida"}).status_code == 403


def test_without_debug_nobody_borrows_a_name(client, site):
    site.DEBUG = False

    assert client.post(BORROW, {"person": "frida"}).status_code == 404
    assert who(client) == ""


def test_the_home_page_lets_borrow_everybody(client):
    page = client.get(reverse("home"))

    assertContains(page, f'<form method="post" action="{BORROW}">')
    assertContains(page, '<button type="submit" name="person" value="wassily">')


# Lines of code


def test_an_excerpt_has_the_lines_of_its_file_and_the_number_of_the_first():
    passage = Excerpt(POLICY, "GuildPolicy.grace").find()

    lines = (ROOT / POLICY).read_text().splitlines()
    shown = passage.code.splitlines()
    assert shown[0].startswith("def grace(")
    there = lines[passage.line - 1 : passage.line - 1 + len(shown)]
    assert shown == [line.removeprefix("    ") for line in there]
    assert passage.place == f"{POLICY}:{passage.line}"
    assert passage.url.endswith(f"{POLICY}/#L{passage.line}")


def test_a_guard_is_shown_with_its_view():
    code = Excerpt("testproject/guild/views.py", "garret").find().code

    assert code.startswith('@roles_required("starving", ["artist", "programmer"])')


def test_lines_are_found_by_what_stands_in_them():
    excerpt = Excerpt(POLICY, "GIVEN_BY", first='"host"', last='"desk"')

    assert [line.split(":")[0] for line in excerpt.find().code.splitlines()] == ['"host"', '"desk"']
    assert len(Excerpt(POLICY, "GIVEN_BY", first='"host"').find().code.splitlines()) == 1


@pytest.mark.parametrize(
    "excerpt",
    [
        Excerpt("testproject/guild/nowhere.py"),
        Excerpt(POLICY, "nobody"),
        Excerpt(POLICY, "GuildPolicy.nobody"),
        Excerpt(POLICY, first="nothing like that"),
        Excerpt(POLICY, first="return"),
        Excerpt(POLICY, "GuildPolicy", first="def grace", last="def may_invite"),
    ],
    ids=["file", "name", "method", "no line", "several lines", "no end"],
)
def test_what_is_not_there_or_not_once_is_told(excerpt):
    with pytest.raises(LookupError):
        excerpt.find()


def test_every_file_that_lines_are_shown_of_can_be_read(client):
    statuses = {file: client.get(reverse("source", args=[file])) for file in shown_files()}

    assert {file for file, page in statuses.items() if page.status_code != 200} == set()
    page = statuses["testproject/settings.py"]
    assert page.content.decode().count('<li id="L') == len(lines_of("testproject/settings.py"))


@pytest.mark.parametrize(
    "file",
    [
        "setup.cfg",
        "testproject/guild/../../setup.cfg",
        "/etc/passwd",
        "../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "testproject/var/demo.sqlite3",
    ],
)
def test_no_other_file_can_be_read(client, file):
    assert client.get(f"/source/{file}/").status_code == 404


def test_without_debug_no_file_can_be_read(client, site):
    site.DEBUG = False

    assert client.get(reverse("source", args=[POLICY])).status_code == 404
