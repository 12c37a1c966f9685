"""The guild itself: who is let in where, and what its pages say about it."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from django_useraccounts.errors import MayNotGrant
from django_useraccounts.registration.flows import register
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import log_in
from testproject.guild.doors import DOORS
from testproject.guild.mailbox import all_mail
from testproject.guild.people import PASSWORD, PEOPLE

EVERYBODY = {person.username for person in PEOPLE}
#: Who may enter, written out once more by hand.
GUESTS = {
    "gallery": EVERYBODY,
    "members": EVERYBODY,
    "studio": {"frida", "pablo", "salvador", "wassily"},
    "supper_club": {"pablo", "lucille", "peggy"},
    "cellar": {"user007", "heinz"},
    "back_stairs": {"user007", "heinz"},
    "garret": {"frida", "ada"},
    "stage": {"ada", "groucho", "lucille"},
}

pytestmark = pytest.mark.usefixtures("people")


def user_called(username):
    return get_user_model().objects.get(username=username)


def test_every_door_is_held_here():
    assert {door.url_name for door in DOORS} == set(GUESTS)


@pytest.mark.parametrize("username", sorted(EVERYBODY))
def test_a_door_opens_for_exactly_whom_it_says(client, username):
    login = {"identifier": username, "password": PASSWORD}
    client.post(reverse("useraccounts:login"), login)
    signs = client.get(reverse("doors")).context["signs"]

    entered = {door for door in GUESTS if client.get(reverse(door)).status_code == 200}

    assert entered == {door for door, guests in GUESTS.items() if username in guests}
    assert entered == {door.url_name for door, opens in signs if opens}


@pytest.mark.parametrize("url_name", sorted(GUESTS))
def test_a_door_sends_strangers_to_log_in(client, url_name):
    response = client.get(reverse(url_name))

    if url_name == "gallery":
        assertContains(response, "Anyone may look")
    else:
        assertRedirects(response, f"{reverse('useraccounts:login')}?next={reverse(url_name)}")


@pytest.mark.parametrize(
    "door", [door for door in DOORS if door.needs], ids=lambda door: door.url_name
)
def test_a_sign_names_who_may_enter(door):
    assert {user.username for user in door.people()} == GUESTS[door.url_name]


def test_the_doors_show_the_code_of_their_guards(client):
    response = client.get(reverse("doors"))

    for code in (
        '@roles_required("secret", ["sauce", "agent"])',
        'roles_required = ("secret", ["sauce", "agent"])',
        '@roles_required("starving", ["artist", "programmer"])',
        '@roles_required(["funny", "witty", "hilarious"])',
    ):
        assertContains(response, code.replace('"', "&quot;"))


def test_a_refusal_stands_in_the_look_of_the_guild(client):
    log_in(client, user_called("moneypenny"))

    response = client.get(reverse("cellar"))

    assertContains(response, "guild/guild.css", status_code=403)
    assertNotContains(response, "The recipe", status_code=403)


@pytest.mark.parametrize("identifier", ["user007", "user007@guild.example"])
def test_a_login_leads_to_a_home_page_that_greets(client, identifier):
    login = {"identifier": identifier, "password": PASSWORD}

    response = client.post(reverse("useraccounts:login"), login, follow=True)

    assertRedirects(response, reverse("home"))
    assertContains(response, "Welcome back, <bdi>user007</bdi>")


def test_the_members_show_the_roles_in_force(client, django_assert_num_queries):
    log_in(client, user_called("nova"))

    # session; user; how many members; members; their roles
    with django_assert_num_queries(5):
        response = client.get(reverse("members"))

    roles = {
        str(member): {grant.role.name for grant in member.grants}
        for member in response.context["object_list"]
    }
    there = [person for person in PEOPLE if not person.is_closed]
    assert roles == {person.username: {*person.roles, *person.ending_roles} for person in there}


# Behind the stage

COMEDIANS = {"ada", "groucho", "lucille"}


@pytest.mark.parametrize("username", sorted(EVERYBODY))
def test_the_way_backstage_is_shown_to_whom_it_is_open(client, username):
    login = {"identifier": username, "password": PASSWORD}
    client.post(reverse("useraccounts:login"), login)

    shown = b"Backstage" in client.get(reverse("home")).content
    entered = {client.get(reverse(name)).status_code for name in ("backstage", "prop_room")}

    assert shown is (username in COMEDIANS)
    assert entered == ({200} if username in COMEDIANS else {403})


def test_strangers_are_shown_no_way_backstage(client):
    assertNotContains(client.get(reverse("home")), "Backstage")
    url = reverse("prop_room")
    assertRedirects(client.get(url), f"{reverse('useraccounts:login')}?next={url}")


@pytest.mark.parametrize("url_name", ["backstage", "stage"])
def test_a_lock_says_what_it_asks_for_wherever_it_is_written(client, url_name):
    log_in(client, user_called("groucho"))

    response = client.get(reverse(url_name))

    assertContains(response, "It asks for: funny or hilarious or witty.")


# The invitations


def test_gertrude_has_an_invitation_in_each_state(client):
    log_in(client, user_called("gertrude"))

    rows = client.get(reverse("useraccounts:invitations")).context["invitations"]

    states = {row.state for row, _link in rows}
    assert states == {"waiting", "accepted", "withdrawn", "expired"}
    assert [(row.uses, row.uses_allowed) for row, link in rows if link] == [(1, 10)]


@pytest.mark.parametrize("username", sorted(EVERYBODY - {"marcel"}))  # he has closed his account
def test_only_hosts_and_the_caretaker_invite(client, username):
    log_in(client, user_called(username))

    status = client.get(reverse("useraccounts:invite")).status_code

    assert status == (200 if username in {"gertrude", "caretaker"} else 403)


def test_a_host_makes_artists_of_guests_and_no_agents(client):
    log_in(client, user_called("gertrude"))

    form = client.get(reverse("useraccounts:invite")).context["form"]

    offered = {role.name for role in form.fields["roles"].queryset}
    assert offered == {"artist", "programmer", "funny"}


# The wardrobe


def test_a_role_is_put_on_and_taken_off(client):
    log_in(client, user_called("vincent"))
    artist = {"role": "artist", "action": "put_on"}

    assertContains(client.post(reverse("wardrobe"), artist, follow=True), "You are now: Artist")
    assert client.get(reverse("garret")).status_code == 200

    artist["action"] = "take_off"
    assertContains(client.post(reverse("wardrobe"), artist, follow=True), "no longer: Artist")
    assert client.get(reverse("garret")).status_code == 403


def test_the_wardrobe_has_only_what_it_shows(client):
    log_in(client, user_called("vincent"))

    client.post(reverse("wardrobe"), {"role": "emperor", "action": "put_on"})

    assert user_called("vincent").role_names == {"starving"}


def test_without_debug_nobody_finds_the_wardrobe(client, settings):
    settings.DEBUG = False
    log_in(client, user_called("vincent"))

    response = client.post(reverse("wardrobe"), {"role": "artist", "action": "put_on"})

    assert response.status_code == 404
    assertNotContains(client.get(reverse("home")), reverse("wardrobe"))


def test_edith_gives_memberships_at_the_desk_and_nothing_else(client):
    edith, nova = user_called("edith"), user_called("nova")
    assert edith.has_perm("useraccounts.view_user")

    grant_role(nova, "member", by=edith, source="desk")
    with pytest.raises(MayNotGrant):
        grant_role(nova, "secret", by=edith)

    assert user_called("nova").has_roles("member")


def test_wassily_is_reminded_that_his_studio_ends(django_capture_on_commit_callbacks, set_conf):
    set_conf(ORIGIN="http://testserver")

    with django_capture_on_commit_callbacks(execute=True):
        call_command("useraccounts_remind")

    assert [mail.to for mail in all_mail()] == ["wassily@guild.example"]


def test_who_registers_is_a_newcomer(set_conf):
    set_conf(ORIGIN="http://testserver")

    user = register("gabriele", email="gabriele@guild.example", password=PASSWORD).user

    assert user.role_names == {"newcomer"}
