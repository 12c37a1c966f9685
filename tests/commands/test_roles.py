"""The commands that grant and revoke roles."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management.base import CommandError
from django.utils import timezone

from django_useraccounts.models import AccountEvent, Role, RoleGrant
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db

GRANT, REVOKE = "useraccounts_grant_role", "useraccounts_revoke_role"


@pytest.fixture(autouse=True)
def roles():
    for name in ("artist", "programmer"):
        Role.objects.create(name=name)


def refused(call, *arguments):
    """Call a command that has to refuse, and return its one line."""
    with pytest.raises(CommandError) as error:
        call(*arguments)
    assert error.value.returncode == 1
    assert "\n" not in str(error.value)
    return str(error.value)


# Granting


def test_a_role_is_granted_at_once_and_for_good(call):
    maria = make_user("maria")

    (line,) = call(GRANT, "maria", "artist")

    grant = RoleGrant.objects.get()
    start = f"{grant.starts_at:%Y-%m-%d %H:%M}"
    assert line == f"maria: artist from {start} UTC for good"
    assert maria.has_roles("artist")
    assert (grant.source, grant.reason, grant.granted_by) == ("command", "", None)
    assert AccountEvent.objects.get().details["source"] == "command"


def test_several_roles_are_granted_for_a_time_with_a_reason(call):
    make_user("maria")

    lines = call(
        GRANT,
        *("maria", "artist", "programmer", "artist"),
        *("--from", "2026-12-24", "--until", "2026-12-31T18:00", "--reason", "the show"),
    )

    assert lines == [
        "maria: artist from 2026-12-24 00:00 UTC until 2026-12-31 18:00 UTC",
        "maria: programmer from 2026-12-24 00:00 UTC until 2026-12-31 18:00 UTC",
    ]
    for grant in RoleGrant.objects.all():
        assert grant.starts_at == datetime(2026, 12, 24, tzinfo=UTC)
        assert grant.ends_at == datetime(2026, 12, 31, 18, tzinfo=UTC)
        assert grant.reason == "the show"


def test_dates_are_meant_in_the_time_zone_of_the_site(call, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    make_user("maria")

    (line,) = call(GRANT, "maria", "artist", "--from=2026-07-01", "--until=2026-12-31T12:00+00:00")

    assert line == "maria: artist from 2026-07-01 00:00 CEST until 2026-12-31 13:00 CET"
    assert RoleGrant.objects.get().starts_at == datetime(2026, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("name", ["maria", " MARIA", "Maria@Example.com", "maria@example.com "])
def test_a_user_is_named_as_people_log_in(call, name):
    maria = make_user("maria")

    call(GRANT, name, "artist")

    assert maria.has_roles("artist")


@pytest.mark.parametrize("command", [GRANT, REVOKE])
@pytest.mark.parametrize(
    "name, line",
    [
        ("frida", "There is no user with the username “frida”."),
        ("", "There is no user with the username “”."),
        ("\udcff", "There is no user with the username “\udcff”."),
        ("x" * 300, f"There is no user with the username “{'x' * 300}”."),
        ("no@example.com", "There is no user with the proved address “no@example.com”."),
        ("waits@example.com", "There is no user with the proved address “waits@example.com”."),
        ("no address@", "There is no user with the proved address “no address@”."),
    ],
)
def test_an_unknown_user_is_refused(call, command, name, line):
    make_user("maria")
    make_user("waits", confirmed=False)

    assert refused(call, command, name, "artist") == line

    assert not RoleGrant.objects.exists()


@pytest.mark.parametrize("command", [GRANT, REVOKE])
@pytest.mark.parametrize(
    "names, line",
    [
        (["artits"], "There is no role “artits”. Did you mean “artist”?"),
        (["Artist"], "There is no role “Artist”. Did you mean “artist”?"),
        (["xyz"], "There is no role “xyz”."),
        (["artist", "xyz"], "There is no role “xyz”."),
        (["", "xyz"], "There is no role “”. There is no role “xyz”."),
    ],
)
def test_an_unknown_role_is_refused_and_the_known_ones_with_it(call, command, names, line):
    make_user("maria")

    assert refused(call, command, "maria", *names) == line

    assert not RoleGrant.objects.exists()


def test_create_makes_the_roles_that_lack(call):
    maria = make_user("maria")

    call(GRANT, "--create", "maria", "artist", "painter")

    assert maria.has_roles("artist", "painter")
    assert Role.objects.count() == 3
    [event] = AccountEvent.objects.filter(kind="role_made")
    assert (event.user, event.actor, event.details) == (None, None, {"role": "painter"})


@pytest.mark.parametrize(
    "name, why",
    [
        (
            "Head Painter",
            "A role name has lower-case letters a to z, digits, and the signs . _ : -",
        ),
        ("art1st", "“art1st” looks like the role “artlst”, which there is."),
    ],
)
def test_create_makes_nothing_when_a_name_cannot_be_one(call, name, why):
    make_user("maria")
    Role.objects.create(name="artlst")

    line = refused(call, GRANT, "--create", "maria", "painter", name)

    assert line == f"{name}: {why}"
    assert Role.objects.count() == 3
    assert not RoleGrant.objects.exists()
    assert not AccountEvent.objects.exists()


@pytest.mark.parametrize("option", ["--from", "--until"])
@pytest.mark.parametrize(
    "text", ["", "tomorrow", "31.12.2026", "2026-02-30", "2026-13-01T00:00", "9999-12-31T23:59-05"]
)
def test_a_bad_date_is_refused(call, option, text):
    make_user("maria")

    line = refused(call, GRANT, "maria", "artist", option, text)

    assert line == f"“{text}” is no date. Write it like 2026-12-31 or 2026-12-31T18:00."
    assert not RoleGrant.objects.exists()


@pytest.mark.parametrize(
    "dates",
    [
        ["--from=2026-12-31", "--until=2026-12-24"],
        ["--from=2026-12-31", "--until=2026-12-31"],
        ["--until=2020-01-01"],
    ],
)
def test_dates_that_are_reversed_are_refused_and_nothing_is_made(call, dates):
    make_user("maria")

    line = refused(call, GRANT, "maria", "painter", "--create", *dates)

    assert line == "A role has to end after it starts."
    assert not RoleGrant.objects.exists()
    assert Role.objects.count() == 2


@pytest.mark.parametrize("command", [GRANT, REVOKE])
def test_a_reason_that_does_not_fit_is_refused(call, command):
    make_user("maria")

    line = refused(call, command, "maria", "artist", "--reason", "x" * 251)

    assert line == "The reason is too long: it has 251 characters of 250."


def test_a_reason_in_bytes_that_are_no_text_can_be_stored(call):
    make_user("maria")

    call(GRANT, "maria", "artist", "--reason", "caf\udce9")

    assert RoleGrant.objects.get().reason == "caf?"


def test_who_is_switched_off_may_be_granted_a_role_and_it_is_told(call):
    make_user("maria", is_active=False)

    _line, told = call(GRANT, "maria", "artist")

    assert told == "maria is switched off: roles count only for active users."
    assert RoleGrant.objects.count() == 1


# Revoking


def test_a_revoked_role_is_gone_at_once_with_what_was_to_come(call):
    maria = make_user("maria", roles=["artist", "programmer"])
    grant_role(maria, "artist", since=timezone.now() + timedelta(days=1))

    lines = call(REVOKE, "maria@example.com", "artist", "programmer", "--reason", "gone")

    assert lines == ["maria: artist revoked (2 grants)", "maria: programmer revoked (1 grant)"]
    assert maria.role_names == set()
    revoked = AccountEvent.objects.filter(kind="role_revoked").values_list("details", flat=True)
    assert {event["reason"] for event in revoked} == {"gone"}


def test_revoking_what_a_user_does_not_have_is_told_and_no_error(call):
    make_user("maria", roles=["programmer"])

    lines = call(REVOKE, "maria", "artist", "programmer")

    assert lines == ["maria did not have artist.", "maria: programmer revoked (1 grant)"]


# As a process


def test_the_process_prints_a_line_for_each_grant_and_exits_with_0(manage):
    maria = make_user("maria")

    done = manage(GRANT, "maria", "artist", "programmer", "--until=2126-12-31")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(" from ")[0] for line in done.stdout.splitlines()] == [
        "maria: artist",
        "maria: programmer",
    ]
    maria.forget_loaded()
    assert maria.has_roles("artist", "programmer")

    done = manage(REVOKE, "maria", "artist")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "maria: artist revoked (1 grant)\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (GRANT, "frida", "artist"),
        (REVOKE, "maria", "artits"),
        (GRANT, "maria", "artist", "--from=2026-12-31", "--until=2026-12-24"),
    ],
)
def test_the_process_says_in_one_line_what_is_wrong_and_exits_with_1(manage, arguments):
    make_user("maria")

    done = manage(*arguments)

    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("CommandError: ")
