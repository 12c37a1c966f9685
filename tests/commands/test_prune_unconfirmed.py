"""useraccounts_prune drops what nobody has confirmed, and nothing else."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from django_useraccounts import personal_data
from django_useraccounts.emails.flows import add_email, disown_email
from django_useraccounts.models import AccountEvent, OneTimeSecret, Role, UserEmail
from django_useraccounts.personal_data import register_personal_data
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.secrets import CONFIRM_EMAIL, issue
from django_useraccounts.testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys_that_differ():
    """Let no user have the number of an address."""
    for name in ("one", "two", "three"):
        get_user_model().objects.create_user(name).delete()


LONG_AGO = timedelta(days=31)


def opened(username="frida", *, kind="registered", **fields):
    """Make the account of somebody who has never confirmed the address, as a page does."""
    user = make_user(username, **{"confirmed": False, **fields})
    AccountEvent.objects.record(kind, user=user)
    return user


def age(user, *, by=LONG_AGO):
    then = timezone.now() - by
    type(user).objects.filter(pk=user.pk).update(date_joined=then)
    UserEmail.objects.filter(user=user).update(created_at=then)
    AccountEvent.objects.filter(user=user).update(at=then)


def names():
    return set(get_user_model().objects.values_list("username", flat=True))


@pytest.mark.parametrize("kind", ["registered", "user_added"])
def test_an_account_that_was_never_confirmed_goes(capsys, kind):
    age(opened(kind=kind))

    call_command("useraccounts_prune")

    assert names() == set()
    assert not UserEmail.objects.exists()
    assert capsys.readouterr().out.startswith("1 accounts, 0 addresses, ")


@pytest.mark.parametrize(
    "fields",
    [
        {"confirmed": True},
        {"is_staff": True},
        {"is_superuser": True},
        {"last_login": timezone.now()},
    ],
)
def test_an_account_that_is_used_or_confirmed_stays(fields):
    age(opened(**fields))

    call_command("useraccounts_prune")

    assert names() == {"frida"}


def test_a_young_account_stays():
    age(opened(), by=timedelta(days=29))

    call_command("useraccounts_prune")

    assert names() == {"frida"}
    assert UserEmail.objects.count() == 1


def test_one_whose_link_still_works_stays():
    age(opened())
    issue(CONFIRM_EMAIL, address=UserEmail.objects.get())

    call_command("useraccounts_prune")

    assert names() == {"frida"}
    assert UserEmail.objects.count() == 1


@pytest.mark.parametrize(
    "source, days, stays",
    [("payment", 1, True), ("payment", 0, False), ("default", 1, False), ("invitation", 1, False)],
)
def test_one_to_whom_the_site_has_given_a_role_stays_as_long_as_that_lasts(source, days, stays):
    user, role = opened(), Role.objects.create(name="member")
    until = timezone.now() + timedelta(days=days)
    grant_role(user, role, since=timezone.now() - LONG_AGO, until=until, source=source)
    age(user)

    call_command("useraccounts_prune")

    assert names() == ({"frida"} if stays else set())
    assert UserEmail.objects.claims().exists() is stays


def test_the_old_claim_of_who_has_a_role_and_logs_in_by_a_name_goes():
    user = opened(last_login=timezone.now())
    grant_role(user, Role.objects.create(name="member"), source="payment")
    age(user)

    call_command("useraccounts_prune")

    assert names() == {"frida"}
    assert not UserEmail.objects.exists()


def test_an_account_without_any_address_was_made_by_code_and_stays():
    user = get_user_model().objects.create_user("robot")
    age(user)

    call_command("useraccounts_prune")

    assert names() == {"robot"}


def test_an_account_that_code_made_stays_when_it_gets_an_address_and_only_the_claim_goes():
    robot = get_user_model().objects.create_user("robot", None, PASSWORD)
    add_email(robot, "ops@example.com", by=make_user("boss", is_superuser=True))
    age(robot)
    OneTimeSecret.objects.all().delete()

    call_command("useraccounts_prune")

    assert names() == {"robot", "boss"}
    assert not UserEmail.objects.filter(user=robot).exists()


@pytest.mark.parametrize("kind", ["registered", "user_added"])
@pytest.mark.parametrize("days", [14, 31, 60])
def test_an_account_goes_whatever_is_kept_of_its_events(kind, days):
    frida = opened(kind=kind)
    secret = issue(CONFIRM_EMAIL, address=frida.emails.get())
    age(frida, by=timedelta(days=29))
    disown_email(secret)
    AccountEvent.objects.update(at=timezone.now() - timedelta(days=29))
    call_command("useraccounts_prune", events_older_than=days)
    assert names() == {"frida"}

    age(frida, by=timedelta(days=61))
    call_command("useraccounts_prune", events_older_than=days)

    assert names() == set()


def test_of_who_is_here_to_stay_old_events_go_all():
    frida = opened(confirmed=True)
    age(frida)

    call_command("useraccounts_prune", events_older_than=30)

    assert names() == {"frida"}
    assert not AccountEvent.objects.exists()


def test_of_a_confirmed_account_only_the_old_claim_goes(capsys):
    maria = make_user("maria")
    UserEmail.objects.add_claim(maria, "old@example.com")
    age(maria)
    UserEmail.objects.add_claim(maria, "young@example.com")

    call_command("useraccounts_prune")

    texts = set(UserEmail.objects.values_list("email", flat=True))
    assert texts == {"maria@example.com", "young@example.com"}
    assert capsys.readouterr().out.startswith("0 accounts, 1 addresses, ")


def test_how_long_is_a_setting(set_conf):
    set_conf(UNCONFIRMED_MAX_AGE=timedelta(days=5))
    age(opened(), by=timedelta(days=6))

    call_command("useraccounts_prune")

    assert names() == set()


@pytest.mark.parametrize(
    "conf, username, stays",
    [
        ({"USERNAME": "off"}, None, True),
        ({"USERNAME": "optional"}, None, True),
        ({"LOGIN_BY": "email"}, "frida", True),
        ({"USERNAME": "off"}, "hidden", True),
        ({"USERNAME": "optional"}, "frida", False),
        ({}, "frida", False),
    ],
)
def test_a_claim_stays_that_is_the_only_name_of_an_account_that_is_used(
    set_conf, conf, username, stays
):
    # As where people are let in at once: the link is the only way back in.
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False, **conf)
    address = "frida@example.com"
    age(make_user(username, address, confirmed=False, last_login=timezone.now()))

    call_command("useraccounts_prune")

    assert UserEmail.objects.exists() is stays
    assert get_user_model().objects.exists()


def test_what_the_database_refuses_of_one_keeps_no_other(monkeypatch, caplog):
    def wait_in_vain(user):
        if user.username == "frida":
            raise OperationalError("Lock wait timeout exceeded")

    monkeypatch.setattr(personal_data, "_registered", dict(personal_data._registered))
    register_personal_data("books", erase=wait_in_vain)
    for name in ("frida", "ada"):
        age(opened(name))

    call_command("useraccounts_prune")

    assert names() == {"frida"}
    assert "Lock wait timeout exceeded" in caplog.text


def test_an_address_that_the_database_refuses_to_drop_keeps_no_other(caplog):
    maria = make_user("maria")
    first, _second = (
        UserEmail.objects.add_claim(maria, f"{name}@example.com") for name in ("first", "second")
    )
    age(maria)

    def refuse(execute, sql, params, many, context):
        if sql.startswith("DELETE") and first.pk in (params or ()) and "useremail" in sql:
            raise OperationalError("Lock wait timeout exceeded")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        call_command("useraccounts_prune")

    assert set(UserEmail.objects.claims()) == {first}
    assert "Lock wait timeout exceeded" in caplog.text
