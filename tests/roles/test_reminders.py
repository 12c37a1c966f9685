"""A mail before the end of a role, once for each grant."""

import io
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from django.utils.formats import date_format

from django_useraccounts.mail import deliver_due
from django_useraccounts.models import OutgoingMail, Role, RoleGrant, User
from django_useraccounts.roles.flows import extend_grant, grant_role, remind_of_ends, revoke_role
from django_useraccounts.testing import html_of, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def member():
    return Role.objects.create(name="member", label="Member")


@pytest.fixture
def frida():
    return make_user("frida")


def in_days(days):
    return timezone.now() + days * DAY


def reminded():
    return [(row.user.username, row.kind) for row in OutgoingMail.objects.order_by("pk")]


def test_the_reminder_says_which_role_ends_and_when(frida, set_conf):
    set_conf(ORIGIN="https://guild.example", SITE_NAME="The Guild")
    end = timezone.now().replace(hour=12) + 3 * DAY
    grant_role(frida, "member", until=end)

    assert remind_of_ends(days=7) == 1
    deliver_due(limit=1)

    [message] = mail.outbox
    date = date_format(end, "DATE_FORMAT")
    assert message.subject == "Member: your role at The Guild ends soon"
    assert f"Your role “Member” at The Guild ends on {date}." in message.body.replace("\n", " ")
    assert f"ends on {date}." in " ".join(html_of(message).split())
    assert RoleGrant.objects.get().reminded_at is not None


def test_it_comes_once(frida):
    grant_role(frida, "member", until=in_days(3))

    assert [remind_of_ends(), remind_of_ends(), remind_of_ends(days=90)] == [1, 0, 0]
    assert reminded() == [("frida", "role_ending")]


def test_it_comes_once_more_after_the_role_was_extended(frida):
    grant = grant_role(frida, "member", until=in_days(3))
    remind_of_ends()

    extend_grant(grant, until=in_days(30))

    assert remind_of_ends() == 0
    assert remind_of_ends(days=31) == 1


def test_nobody_is_reminded_of_what_does_not_end(frida):
    grant_role(frida, "member", until=in_days(30))
    grant_role(make_user("ada"), "member")
    grant_role(make_user("quiet"), "member", until=in_days(3), remind=False)
    zoe = make_user("zoe")
    grant_role(zoe, "member", until=in_days(3))
    grant_role(zoe, "member", until=in_days(60))
    mia = make_user("mia")
    grant_role(mia, "member", until=in_days(3))
    revoke_role(mia, "member")

    assert remind_of_ends(days=7) == 0
    assert reminded() == []


@pytest.mark.parametrize(
    "fields", [{"is_active": False}, {"erase_at": in_days(9)}], ids=["off", "closed"]
)
def test_nobody_is_reminded_who_is_not_here(frida, fields):
    grant_role(frida, "member", until=in_days(3))
    User.objects.filter(pk=frida.pk).update(**fields)

    assert remind_of_ends() == 0
    assert RoleGrant.objects.get().reminded_at is None


def test_nobody_is_reminded_at_an_address_that_is_not_proved():
    grant_role(make_user("ada", confirmed=False), "member", until=in_days(3))

    assert remind_of_ends() == 0


@pytest.mark.parametrize("has_one_end", [True, False])
def test_many_are_reminded_in_batches(frida, has_one_end):
    end = in_days(3)
    for number in range(5):
        until = end if has_one_end else in_days(3)
        grant_role(make_user(f"user{number}"), "member", until=until)

    assert remind_of_ends(batch=2) == 5
    assert len(reminded()) == 5


def test_only_roles_that_are_named(frida):
    Role.objects.create(name="artist")
    grant_role(frida, "member", until=in_days(3))
    grant_role(frida, "artist", until=in_days(3))
    out = io.StringIO()

    call_command("useraccounts_remind", "artist", days=4, stdout=out)

    assert out.getvalue() == "1 reminders\n"
    assert [row.grant.role.name for row in OutgoingMail.objects.all()] == ["artist"]


def test_the_command_says_where_the_site_is_not_known(frida, set_conf):
    set_conf(ORIGIN=None)
    grant_role(frida, "member", until=in_days(3))

    with pytest.raises(CommandError, match="needs USERACCOUNTS"):
        call_command("useraccounts_remind")

    assert RoleGrant.objects.get().reminded_at is None


@pytest.mark.parametrize(
    "arguments, sentence",
    [(["artits"], "There is no role “artits”"), (["--days", "0"], "--days has to be 1 or more")],
)
def test_the_command_says_what_is_wrong(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("useraccounts_remind", *arguments)
