"""The ways by which an account gets its name, an address or a password, and by which a password lets in."""

import contextlib
from base64 import b64encode
from io import StringIO
from unittest import mock

from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.contrib.auth.forms import AuthenticationForm
from django.core.management import CommandError, call_command
from django.test import Client

from django_useraccounts.administration.flows import add_user
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import AccountError
from django_useraccounts.passwords.flows import change_password, reset_password
from django_useraccounts.profile.flows import change_username
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import Form, page, save
from tests.attacks.browsers import EVIL, NEW_PASSWORD, PASSWORD, url

#: Who is there before, whatever comes of it.
MALLORY, BOSS = "mallory", "boss"


def somebody(name, **fields):
    return get_user_model().objects.filter(username=name).first() or make_user(name, **fields)


def in_office(client):
    return log_in(client, somebody(BOSS, is_staff=True, is_superuser=True))


def add_in_office(client, **fields):
    path = page("add")
    data = Form(in_office(client).get(path).content.decode()).data
    return client.post(path, {**data, **fields})


# A name


def name_by_page(client, name):
    log_in(client, somebody(MALLORY)).post(url("change_username"), {"username": name})


def name_by_adding_in_administration(client, name):
    add_in_office(client, username=name, email="another@example.com")


def name_by_changing_in_administration(client, name):
    save(in_office(client), somebody(MALLORY), username=name)


def name_by_command(client, name):
    options = ["--noinput", "--username", name, "--email", "another@example.com"]
    with contextlib.suppress(CommandError):
        call_command("createsuperuser", *options)


def name_by_registering_code(client, name):
    with contextlib.suppress(AccountError):
        register(name, email="another@example.com", password=EVIL)


def name_by_adding_code(client, name):
    with contextlib.suppress(AccountError):
        add_user(name, email="another@example.com")


def name_by_changing_code(client, name):
    with contextlib.suppress(AccountError):
        change_username(somebody(MALLORY), name)


NAMING = (
    name_by_page,
    name_by_adding_in_administration,
    name_by_changing_in_administration,
    name_by_command,
    name_by_registering_code,
    name_by_adding_code,
    name_by_changing_code,
)

# An address


def address_by_page(client, email):
    data = {"identifier": somebody(MALLORY).username, "password": PASSWORD}
    client.post(url("login"), data)
    client.post(url("add_email"), {"email": email})


def address_by_adding_in_administration(client, email):
    return add_in_office(client, username="another", email=email)


def address_by_changing_in_administration(client, email):
    changes = {"emails__TOTAL_FORMS": "2", "emails__1__email": email}
    return save(in_office(client), somebody(MALLORY), **changes)


def address_by_command(client, email):
    options = ["--noinput", "--username", "another", "--email", email]
    with contextlib.suppress(CommandError):
        call_command("createsuperuser", *options)


def address_by_registering_code(client, email):
    with contextlib.suppress(AccountError):
        register("another", email=email, password=EVIL)


def address_by_adding_code(client, email):
    for add in (
        lambda: add_email(somebody(MALLORY), email),
        lambda: add_user("another", email=email),
    ):
        with contextlib.suppress(AccountError):
            add()


def address_by_creating_code(client, email):
    with contextlib.suppress(AccountError):
        get_user_model().objects.create_user("another", email, EVIL)


ADDRESSING = (
    address_by_page,
    address_by_adding_in_administration,
    address_by_changing_in_administration,
    address_by_command,
    address_by_registering_code,
    address_by_adding_code,
    address_by_creating_code,
)

# A password that is given, to get in: True where it lets in


def password_by_page(browser, name, password):
    browser.log_in(name, password)
    return "_auth_user_id" in browser.session


def password_in_administration(browser, name, password):
    browser.post("/admin/login/", {"username": name, "password": password})
    return "_auth_user_id" in browser.session


def password_by_basic_authentication(browser, name, password):
    given = b64encode(f"{name}:{password}".encode()).decode()
    return browser.get("/basic/", headers={"authorization": f"Basic {given}"}).status_code == 200


def password_by_form(browser, name, password):
    # Django's own form, as the pages of other projects use it.
    return AuthenticationForm(None, {"username": name, "password": password}).is_valid()


def password_by_code(browser, name, password):
    return authenticate(None, username=name, password=password) is not None


def password_by_async_code(browser, name, password):
    return async_to_sync(aauthenticate)(None, username=name, password=password) is not None


ENTERING = (
    password_by_page,
    password_in_administration,
    password_by_basic_authentication,
    password_by_form,
    password_by_code,
    password_by_async_code,
)

# A new password


def new_password_by_page(user):
    browser = log_in(Client(), user)
    data = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert browser.post(url("change_password"), data).status_code == 302


def new_password_by_link(user):
    secret = issue(RESET_PASSWORD, address=user.emails.get())
    reset_password(peek(RESET_PASSWORD, link_of(secret)), new_password=NEW_PASSWORD)


def new_password_by_command(user):
    with mock.patch("getpass.getpass", return_value=NEW_PASSWORD):
        call_command("changepassword", user.username, stdout=StringIO())


def new_password_by_changing_code(user):
    change_password(user, old_password=PASSWORD, new_password=NEW_PASSWORD)


def new_password_by_code(user):
    user.set_password(NEW_PASSWORD)
    user.save()


def new_password_by_async_code(user):
    user.set_password(NEW_PASSWORD)
    async_to_sync(user.asave)(update_fields=["password"])


RENEWING = (
    new_password_by_page,
    new_password_by_link,
    new_password_by_command,
    new_password_by_changing_code,
    new_password_by_code,
    new_password_by_async_code,
)
