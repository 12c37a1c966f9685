"""Django's own commands about users: they leave consistent addresses, and sessions that end."""

import builtins
import getpass
import io

import pytest
from django.contrib.auth import authenticate, get_user
from django.core.management import CommandError, call_command
from django.test import Client

from django_useraccounts.errors import LinkError
from django_useraccounts.models import User, UserEmail
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db

SECRET = "a long and winding password"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def typed(monkeypatch):
    """Type answers to the questions of a command, each in turn; passwords besides."""

    def type_in(*answers, password=SECRET):
        lines = iter(answers)
        monkeypatch.setattr(builtins, "input", lambda _prompt="": next(lines))
        monkeypatch.setattr(getpass, "getpass", lambda *_args, **_more: password)

    return type_in


def createsuperuser(username="boss", email="Boss@example.com"):
    call_command("createsuperuser", username=username, email=email, interactive=False, verbosity=0)


def is_consistent(user, email):
    address = UserEmail.objects.get(user=user)
    return (
        (address.email, address.email_key) == (email, email.lower())
        and address.verified_key == address.email_key
        and address.is_primary
        and user.email == email
    )


def test_createsuperuser_makes_a_user_with_one_proved_primary_address(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", SECRET)

    createsuperuser()

    user = User.objects.get()
    assert user.is_staff and user.is_superuser
    assert is_consistent(user, "Boss@example.com")
    for name in ("boss", "boss@example.com"):
        assert authenticate(None, username=name, password=SECRET) == user


def test_createsuperuser_asks_for_what_it_needs(typed):
    typed("boss", "boss@example.com")

    call_command("createsuperuser", stdin=Terminal(), verbosity=0)

    user = User.objects.get()
    assert is_consistent(user, "boss@example.com")
    assert user.check_password(SECRET)


def test_createsuperuser_asks_again_for_a_username_that_is_taken(typed, capsys):
    make_user("maria")
    typed("MARIA", "boss", "boss@example.com")

    call_command("createsuperuser", stdin=Terminal(), verbosity=0)

    assert "That username is already taken." in capsys.readouterr().err
    assert User.objects.get(is_superuser=True).username == "boss"


@pytest.mark.parametrize("username", ["maria", "MARIA", "ｍaria"])
def test_createsuperuser_refuses_a_taken_username_in_one_line(username):
    make_user("maria")

    with pytest.raises(CommandError) as error:
        createsuperuser(username)

    assert str(error.value) == "Error: That username is already taken."
    assert User.objects.count() == 1


@pytest.mark.parametrize("email", ["maria@example.com", "MARIA@EXAMPLE.COM"])
def test_createsuperuser_refuses_a_taken_address_in_one_line(email):
    make_user("maria")

    with pytest.raises(CommandError) as error:
        createsuperuser(email=email)

    assert str(error.value) == "This e-mail address belongs to another account."
    assert User.objects.count() == 1


def test_createsuperuser_refuses_what_is_no_address_in_one_line():
    with pytest.raises(CommandError) as error:
        createsuperuser(email="no address")

    assert "\n" not in str(error.value)
    assert not User.objects.exists()


def test_a_claim_of_the_address_is_in_nobodys_way():
    make_user("maria", "boss@example.com", confirmed=False)

    createsuperuser(email="boss@example.com")

    assert is_consistent(User.objects.get(username="boss"), "boss@example.com")


def test_changepassword_ends_sessions_and_links_and_leaves_the_addresses(typed):
    user = make_user("maria")
    browser = log_in(Client(), user)
    link = link_of(issue(RESET_PASSWORD, address=UserEmail.objects.get()))
    typed()

    call_command("changepassword", "maria", stdout=io.StringIO())

    user.refresh_from_db()
    assert user.check_password(SECRET)
    assert is_consistent(user, "maria@example.com")
    assert not get_user(browser).is_authenticated
    with pytest.raises(LinkError):
        peek(RESET_PASSWORD, link)


def test_changepassword_tells_of_an_unknown_user_in_one_line(typed):
    typed()

    with pytest.raises(CommandError) as error:
        call_command("changepassword", "nobody")

    assert str(error.value) == "user 'nobody' does not exist"
