"""The ways, besides the form to register, by which an account gets its name, or an address."""

import contextlib

from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from django_useraccounts.administration.flows import add_user
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import AccountError
from django_useraccounts.profile.flows import change_username
from django_useraccounts.registration.flows import register
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import Form, page, save
from tests.attacks.browsers import EVIL, PASSWORD, url

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
