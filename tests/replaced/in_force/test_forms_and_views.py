"""Forms ask what the choir asks, and views lead where the choir wants."""

import pytest
from django.contrib.auth import get_user, get_user_model
from django.test import Client
from django.urls import reverse

from django_useraccounts.testing import PASSWORD, log_in, make_user

pytestmark = pytest.mark.django_db


def sentences_of(client):
    return [str(message) for message in client.get("/").context["messages"]]


def login(post, username="maria", **data):
    return post("login", **{"identifier": username, "password": PASSWORD, "is_quiet": "on", **data})


def test_the_register_form_has_another_field_and_another_label(client, register):
    page = client.get(reverse("useraccounts:register")).content.decode()
    register(voice="tenor")

    assert "Where our letters reach you</label>" in page
    assert '<select name="voice"' in page
    assert get_user_model().objects.get(username="frida").voice == "tenor"


def test_the_register_form_refuses_what_its_field_does_not_take(register):
    mail, response = register(voice="banjo")

    assert response.context["form"].errors.keys() == {"voice"}
    assert mail is None
    assert not get_user_model().objects.exists()


def test_the_login_form_has_another_field_and_another_label(client, post):
    make_user("maria")

    page = client.get(reverse("useraccounts:login")).content.decode()
    loud = login(post, is_quiet="")
    quiet = login(post)

    assert "The name you sing under</label>" in page
    assert loud.context["form"].errors.keys() == {"is_quiet"}
    assert quiet.status_code == 302


@pytest.mark.parametrize("name", ["register", "login", "change_password", "forgot_password"])
def test_a_replaced_view_answers_where_everything_leads_to(client, name):
    response = client.get(reverse(f"useraccounts:{name}"))

    view = response.resolver_match.func.view_class
    assert view.__module__ == "choir.views"
    assert reverse(name) == reverse(f"useraccounts:{name}")


def test_a_replaced_view_is_guarded_as_before(client):
    stranger = client.get(reverse("useraccounts:change_password"))

    assert stranger.status_code == 302
    assert stranger["Location"] == "/accounts/login/?next=/accounts/change-password/"


def test_a_replaced_view_is_open_to_strangers_as_before(client, settings):
    middleware = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]

    for name in ("register", "login", "forgot_password"):
        assert client.get(reverse(name)).status_code == 200


def test_a_form_of_a_replaced_view_whose_token_is_old_gets_the_page_of_the_accounts():
    client = Client(enforce_csrf_checks=True)

    stranger = client.post(reverse("login"), {"identifier": "maria", "password": PASSWORD})
    user = log_in(client, make_user("maria")).post(reverse("login"), {"identifier": "maria"})

    assert stranger.status_code == 403
    assert "useraccounts/once_more.html" in [template.name for template in stranger.templates]
    assert (user.status_code, user["Location"]) == (302, reverse("login"))


def test_a_view_leads_to_another_page_with_another_sentence(client, post):
    log_in(client, make_user("maria"))

    response = post("change_password", old_password=PASSWORD, new_password="a-new-door-to-sing")

    assert response["Location"] == reverse("notices")
    assert sentences_of(client) == ["From now on you come in by your new password."]
    assert get_user(client).is_authenticated


def test_a_sentence_about_a_mail_names_the_address(client, post, register):
    register(email="maria@EXÄMPLE.com")
    post("forgot_password", email="maria@EXÄMPLE.com")

    assert sentences_of(client) == [
        "We have sent a letter to maria@exämple.com.",
        "The postman is on the way to maria@exämple.com.",
    ]


@pytest.mark.parametrize("roles, page", [([], "notices"), (["keeper"], "useraccounts:keys")])
def test_a_login_leads_to_a_page_for_this_user(client, post, roles, page):
    make_user("maria", roles=roles)

    response = login(post)

    assert client.get(response["Location"])["Location"] == reverse(page)
