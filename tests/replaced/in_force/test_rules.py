"""Users, rules, limits and receivers are the choir's."""

import logging

import pytest
from choir.models import Notice, Singer
from django.contrib.auth import get_user, get_user_model
from django.urls import reverse

from django_useraccounts.errors import RegistrationClosed
from django_useraccounts.models import UserEmail
from django_useraccounts.registration.flows import register as register_flow
from django_useraccounts.signals import registered
from django_useraccounts.testing import PASSWORD, link_in, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db


def login(post, username="maria", password=PASSWORD):
    return post("login", identifier=username, password=password, is_quiet="on")


def confirm(client, mail, django_capture_on_commit_callbacks):
    path = client.get(link_in(mail))["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        return client.post(path, {"answer": "confirm"})


def test_the_user_is_a_singer_wherever_the_accounts_name_one(register):
    register()

    assert get_user_model() is Singer
    assert type(UserEmail.objects.get().user) is Singer


def test_a_column_of_the_singer_is_edited_on_the_page_of_the_profile(client, post):
    log_in(client, make_user("maria"))

    page = client.get(reverse("useraccounts:edit_profile")).content.decode()
    post("edit_profile", first_name="Maria", last_name="", voice="bass")

    assert '<option value="alto" selected>' in page
    assert "on_leave" not in page
    assert Singer.objects.get().voice == "bass"


def test_nobody_registers_while_the_choir_is_full(client, post, register, settings):
    settings.CHOIR_IS_FULL = True

    _mail, refused = register()
    login_page = client.get(reverse("useraccounts:login")).content.decode()
    post("forgot_password", email="nobody@example.com")

    assert refused.status_code == 403
    assert not Singer.objects.exists()
    with pytest.raises(RegistrationClosed):
        register_flow("frida", email="frida@example.com", password=PASSWORD)
    # Neither page nor mail leads there.
    assert reverse("useraccounts:register") not in login_page
    assert reverse("useraccounts:register") not in mails_to("nobody@example.com")[0].body


def test_who_is_on_leave_cannot_log_in(client, post):
    make_user("maria", on_leave=True)
    make_user("frida")

    refused = login(post, "maria")
    wrong = login(post, "frida", password="wrong")

    assert not get_user(client).is_authenticated
    assert refused.context["form"].errors == wrong.context["form"].errors
    assert login(post, "frida").status_code == 302


def test_who_goes_on_leave_is_not_logged_in_by_the_link_of_the_mail(
    client, register, django_capture_on_commit_callbacks
):
    mail, _response = register()
    Singer.objects.update(on_leave=True)

    confirm(client, mail, django_capture_on_commit_callbacks)

    assert Singer.objects.get().has_confirmed_email
    assert not get_user(client).is_authenticated


def test_a_limit_is_the_one_of_the_choir(post):
    make_user("maria")

    answers = [login(post, password="wrong").status_code for _ in range(3)]

    assert answers == [200, 200, 429]


def test_a_name_is_reserved_beside_those_that_are_always(register):
    refused = [register(name)[1] for name in ("Conductor", "admin")]

    for response in refused:
        assert response.context["form"].errors.keys() == {"username"}
    assert not Singer.objects.exists()


def test_a_receiver_hears_the_news(client, register, django_capture_on_commit_callbacks):
    mail, _response = register(voice="bass")

    confirm(client, mail, django_capture_on_commit_callbacks)

    assert Notice.objects.get().text == "frida sings Bass with us."
    assert "frida sings Bass with us." in client.get("/").content.decode()


def test_a_receiver_that_raises_is_logged_and_stops_nobody(register, caplog):
    heard = []

    def stumbles(**news):
        raise ValueError("The board has fallen down.")

    def listens(user, **news):
        heard.append(user.username)

    registered.connect(stumbles)
    registered.connect(listens)
    try:
        mail, response = register()
    finally:
        registered.disconnect(stumbles)
        registered.disconnect(listens)

    assert response["Location"] == reverse("useraccounts:mail_sent")
    assert Singer.objects.get().username == "frida"
    assert mail is not None
    assert heard == ["frida"]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert ["The board has fallen down." in str(record.exc_info) for record in errors] == [True]
