"""The user menu stands on the pages of a site, and knows the pages of the site as well."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.urls import reverse

from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db


def menu_of(response):
    text = response.content.decode()
    return text[text.index('<div class="ua-user">') : text.index("<main>")]


@pytest.fixture(autouse=True)
def _bookshop(open_site):
    open_site("bookshop")


@pytest.fixture
def frida(client):
    user = make_user("frida")
    log_in(client, user)
    return user


def test_a_user_finds_her_name_the_pages_of_all_rooms_and_the_way_out(client, frida):
    menu = menu_of(client.get("/"))

    assert "<bdi>frida</bdi>" in menu
    for name in ("profile", "emails", "change_password", "sessions", "membership"):
        assert f'href="{reverse(f"useraccounts:{name}")}"' in menu
    assert f'method="post" action="{reverse("useraccounts:logout")}"' in menu
    assert "csrfmiddlewaretoken" in menu


def test_what_asks_the_database_for_whom_it_is_stands_on_the_page_of_the_account_only(client):
    log_in(client, make_user("ada", is_superuser=True))

    assert "Your invitations" not in menu_of(client.get("/"))
    assert "Your invitations" in client.get("/accounts/profile/").content.decode()


def test_a_page_of_the_site_is_among_them_and_known_when_it_is_open(client, frida):
    assert '<a href="/orders/">Your orders</a>' in menu_of(client.get("/"))
    assert '<a href="/orders/" aria-current="page">' in menu_of(client.get("/orders/"))
    assert '<a href="/orders/">Your orders</a>' in client.get("/accounts/profile/").content.decode()


def test_the_button_logs_out(client, frida):
    client.post(reverse("useraccounts:logout"))

    assert "frida" not in menu_of(client.get("/"))


def test_a_stranger_is_led_to_the_login_and_back(client):
    menu = menu_of(client.get("/?shelf=poems&page=2"))

    assert 'href="/accounts/login/?next=%2F%3Fshelf%3Dpoems%26page%3D2"' in menu
    assert 'href="/accounts/register/?next=%2F%3Fshelf%3Dpoems%26page%3D2"' in menu


def test_on_a_page_of_the_accounts_it_leads_where_that_page_leads(client):
    assert 'href="/accounts/login/"' in menu_of(client.get("/accounts/register/"))
    assert 'href="/accounts/login/?next=%2Forders%2F"' in menu_of(
        client.get("/accounts/register/?next=/orders/")
    )


@pytest.mark.parametrize("path", ["//evil.example/", "/nowhere/"])
def test_it_leads_back_to_no_other_site_and_to_no_page_that_is_not_there(rf, path):
    request = rf.get(path)
    request.user = AnonymousUser()
    request.resolver_match = None

    menu = (
        engines["django"].from_string("{% load useraccounts %}{% user_menu %}").render({}, request)
    )

    assert 'href="/accounts/login/"' in menu


def test_where_nobody_may_register_it_does_not_offer_to(client, set_conf):
    set_conf(POLICY="closed.Closed")

    assert "register" not in menu_of(client.get("/"))
    assert "/accounts/login/" in menu_of(client.get("/"))


def test_a_page_costs_no_query_more_and_a_stranger_gets_no_cookie(
    client, django_assert_num_queries
):
    with django_assert_num_queries(0):
        response = client.get("/")
    assert response.cookies == {}

    log_in(client, make_user("frida", roles=["reader"]))
    # The session and the user, as behind any guard.
    with django_assert_num_queries(2):
        client.get("/")
    with django_assert_num_queries(2):
        client.get("/orders/")


def test_a_stranger_with_a_session_keeps_it_as_it_is(client):
    session = client.session
    session["cart"] = [1]
    session.save()

    response = client.get("/")

    assert response.cookies == {}
    assert client.session["cart"] == [1]


def test_without_a_request_it_is_not_there():
    template = engines["django"].from_string("{% load useraccounts %}{% user_menu %}")

    assert template.render({}).strip() == ""


def test_the_page_that_tells_of_an_outage_stands_in_the_base_of_the_site():
    page = engines["django"].get_template("useraccounts/unavailable.html").render()

    assert "The Bookshop" in page and "Back in a moment" in page
    assert "ua-user" not in page


def test_one_template_replaces_it(client, frida, settings, tmp_path):
    (tmp_path / "useraccounts").mkdir()
    (tmp_path / "useraccounts" / "user_menu.html").write_text(
        "<div class='mine'>{{ user }} {{ entries|length }}</div>"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    assert "<div class='mine'>frida 11</div>" in client.get("/").content.decode()
