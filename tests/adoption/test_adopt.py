"""useraccounts_adopt: what becomes of accounts that something else has made."""

import csv
import os
import stat
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.emails.adoption import Rules, adopt_accounts
from django_useraccounts.emails.flows import add_email, confirm_email
from django_useraccounts.models import AccountEvent, OldUsername, OneTimeSecret, User, UserEmail
from django_useraccounts.registration.flows import register
from django_useraccounts.testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def former(username: str, email: str = "", **fields: object) -> User:
    """Make a user as the former accounts did: a row without anything of ours."""
    user = User(username=username, email=email, **fields)
    user.set_password(PASSWORD)
    User.objects.bulk_create([user])
    User.objects.filter(username=username).update(username_key=None)
    return User.objects.get(username=username)


def adopt(*options: str) -> tuple[list[str], int]:
    """Return the lines that are no progress, and the exit code."""
    out = StringIO()
    try:
        call_command("useraccounts_adopt", *options, stdout=out)
    except CommandError as error:
        return [*_lines(out), str(error)], error.returncode
    return _lines(out), 0


def _lines(out: StringIO) -> list[str]:
    return [line for line in out.getvalue().splitlines() if "/s, " not in line]


def row(user: User) -> tuple[object, ...]:
    """Return what the database has of a user: key, copy, address, its proof, whether it is primary."""
    user.refresh_from_db()
    address = UserEmail.objects.filter(user=user).order_by("pk").last()
    facts = (address.email, address.verified_key, address.is_primary) if address else ()
    return (user.username_key, user.email, *facts)


def everything() -> list[object]:
    users = User.objects.order_by("pk").values_list("pk", "username", "username_key", "email")
    addresses = UserEmail.objects.order_by("user", "email_key").values_list(
        "user", "email", "email_key", "verified_key", "is_primary", "registration_key"
    )
    events = AccountEvent.objects.order_by("user", "kind").values_list("user", "kind")
    return [*users, *addresses, *events]


def no_one(_keys: object) -> tuple[()]:
    return ()


def test_an_address_becomes_a_claim_that_user_email_does_not_show() -> None:
    frida = former("Frida", "Frida@Example.com")

    lines, code = adopt()

    assert (lines, code) == (["1 of 1 users changed."], 0)
    assert row(frida) == ("frida-", "", "Frida@example.com", None, None)
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("account_adopted", frida, None)
    assert event.details == {"address": "Frida@example.com", "confirmed": False}


def test_it_is_taken_as_confirmed_if_the_site_says_so() -> None:
    frida = former("frida", "frida@example.com")

    adopt("--confirmed")

    key = "frida@example.com"
    assert row(frida) == ("frida-", key, key, key, True)
    assert AccountEvent.objects.get().details == {"address": key, "confirmed": True}


def those_with_b(keys: list[int]) -> list[int]:
    return [
        *User.objects.filter(pk__in=keys, username__startswith="b").values_list("pk", flat=True)
    ]


def test_a_function_of_the_site_says_whose_it_is() -> None:
    anna, berta = former("anna", "anna@example.com"), former("berta", "berta@example.com")

    adopt("--confirmed", f"{__name__}.those_with_b")

    assert (row(anna)[1], row(berta)[1]) == ("", "berta@example.com")


def test_a_function_that_is_not_there_is_told() -> None:
    lines, code = adopt("--confirmed", "no.such.thing")

    assert lines == ["--confirmed names no function: No module named 'no'"]
    assert code == 1


def test_what_several_have_is_confirmed_for_none_of_them() -> None:
    # Equal by key, not by text: the second is the same domain in Unicode.
    users = [former("anna", "who@faß.de"), former("berta", "WHO@xn--fa-hia.de")]

    lines, _code = adopt("--confirmed")

    assert "2 × address of several: waits to be confirmed" in lines
    assert [row(user)[1:4:2] for user in users] == [("", None), ("", None)]


def test_what_somebody_has_confirmed_meanwhile_stays_theirs() -> None:
    former("frida", "frida@example.com")
    owner = make_user("owner", "frida@example.com")

    lines, _code = adopt("--confirmed")

    assert "1 × address of another: waits to be confirmed" in lines
    assert UserEmail.objects.confirmed().get().user == owner


def test_what_is_no_address_is_taken_off_and_named_in_the_history() -> None:
    joerg = former("joerg", "jörg@example.com")

    lines, code = adopt()

    assert lines == ["1 × not an address: is taken off the account", "1 of 1 users changed."]
    assert (row(joerg), code) == (("joerg-", ""), 0)
    event = AccountEvent.objects.get(kind="email_removed")
    assert event.details == {"address": "jörg@example.com"}


@pytest.mark.parametrize("option", [[], ["--confirmed"]])
def test_an_older_account_keeps_a_username_that_is_the_same(option: list[str]) -> None:
    frida, other = former("frida"), former("ｆｒｉｄａ")

    lines, code = adopt(*option)

    assert "1 × username of another: cannot be used to log in" in lines
    assert (lines[-1], code) == ("1 users have nothing to log in by.", 1)
    assert (row(frida)[0], row(other)[0]) == ("frida-", None)


def test_who_has_no_way_in_gets_another_username_if_asked() -> None:
    make_user("Lotte")
    former("frida")
    other, at = former("ｆｒｉｄａ"), former("lotte@example.com")
    former(f"frida-{other.pk}")

    _lines, code = adopt("--rename")

    other.refresh_from_db()
    at.refresh_from_db()
    # What each would have been called has somebody already, by the text or by the key.
    lotte = f"lotte-{at.pk}"
    assert (other.username, at.username, code) == (f"user-{other.pk}", lotte, 0)
    told = AccountEvent.objects.filter(kind="username_changed").order_by("pk")
    assert [event.details["to"] for event in told] == [other.username, lotte]
    assert adopt("--rename") == (["0 of 5 users changed."], 0)


def test_a_database_that_takes_two_usernames_for_one_gets_another_one() -> None:
    # As MariaDB does, by a collation that looks at no accent.
    former("jürgen")
    at, last = former("jurgen@example.com"), former("zita@example.com")

    _lines, code = adopt("--rename")

    at.refresh_from_db()
    last.refresh_from_db()
    assert at.username == (f"jurgen-{at.pk}" if connection.vendor == "mysql" else "jurgen")
    assert (last.username, code) == ("zita", 0)


def test_of_two_whose_usernames_differ_by_an_accent_one_gets_another_one(set_conf) -> None:
    set_conf(UNICODE_USERNAMES=True)
    former("jürgen@one.example")
    second = former("jurgen@two.example")

    adopt("--rename")

    usernames = set(User.objects.values_list("username", flat=True))
    assert usernames == {"jürgen", f"jurgen-{second.pk}"}


def test_a_username_that_the_database_refuses_is_given_by_another_text() -> None:
    at = former("lotte@example.com")
    refused: list[str] = []

    def refuse(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "lotte" in params:
            refused.append(sql)
            raise IntegrityError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        _lines, code = adopt("--rename")

    at.refresh_from_db()
    assert (at.username, code, len(refused)) == (f"lotte-{at.pk}", 0, 1)


def test_nobody_is_given_a_username_that_meant_somebody_until_yesterday() -> None:
    at = former("lotte@example.com")
    tomorrow = timezone.now() + timedelta(days=1)
    OldUsername.objects.create(username_key="lotte-", released_at=tomorrow)

    adopt("--rename")

    at.refresh_from_db()
    assert at.username == f"lotte-{at.pk}"


def test_an_address_as_username_works_if_it_is_confirmed() -> None:
    former("lotte@example.com", "Lotte@example.com")

    assert adopt("--dry-run")[1] == 1
    assert adopt("--confirmed") == (["1 × unusual username: stays", "1 of 1 users changed."], 0)


def test_where_people_log_in_by_address_alone_a_claim_is_no_way_in(set_conf) -> None:
    set_conf(LOGIN_BY="email")
    former("frida", "frida@example.com")

    assert adopt("--dry-run")[0][0] == "1 × no confirmed address: cannot log in"
    assert adopt()[1] == 1


def test_ahead_nothing_changes_that_the_former_code_reads() -> None:
    frida, joerg = former("Frida", "Frida@Example.com"), former("joerg", "jörg@example.com")
    at = former("lotte@example.com")

    adopt("--ahead", "--rename", "--confirmed")

    assert row(frida)[:3] == ("frida-", "Frida@Example.com", "Frida@example.com")
    assert row(joerg) == ("joerg-", "jörg@example.com")
    at.refresh_from_db()
    assert at.username == "lotte@example.com"
    adopt("--rename", "--confirmed")
    assert row(frida)[1] == "Frida@example.com"
    assert row(joerg)[1] == ""
    at.refresh_from_db()
    assert at.username == "lotte"


def test_ahead_it_begins_where_it_has_ended() -> None:
    for number in range(6):
        former(f"member{number}", f"member{number}@example.com")
    steps = adopt_accounts(Rules(ahead=True), confirmed=no_one, batch=2)
    next(steps)
    steps.close()

    assert adopt("--ahead")[0] == ["4 of 4 users changed."]
    assert adopt("--ahead")[0] == ["0 of 0 users changed."]


def test_what_the_former_code_has_changed_since_is_found() -> None:
    named, moved = former("anna", "anna@example.com"), former("berta", "old@example.com")
    adopt("--ahead", "--confirmed")
    User.objects.filter(pk=named.pk).update(username="hannah")
    User.objects.filter(pk=moved.pk).update(email="new@example.com")

    lines, _code = adopt("--confirmed")

    assert row(named)[0] == "hannah-"
    assert "1 × address changed since: waits to be confirmed" in lines
    # The new one is a claim: nobody takes an address away from who has confirmed it.
    assert row(moved) == ("berta-", "old@example.com", "new@example.com", None, None)


def test_an_address_that_was_confirmed_by_mail_meanwhile_becomes_the_primary_one() -> None:
    frida = former("frida", "frida@example.com")
    adopt("--ahead")
    # As confirm_email does, which finds an address in user.email that it takes for the primary one.
    UserEmail.objects.update(verified_key="frida@example.com", confirmed_at=timezone.now())

    adopt()

    key = "frida@example.com"
    assert row(frida) == ("frida-", key, key, key, True)


def test_who_has_confirmed_another_address_meanwhile_has_that_one_as_primary() -> None:
    frida = former("frida", "old@example.com")
    adopt("--ahead")
    for address in ("new@example.com", "newer@example.com"):
        add_email(frida, address)
        confirm_email(OneTimeSecret.objects.select_related("user", "address").latest("created_at"))
        frida.refresh_from_db()

    adopt()

    frida.refresh_from_db()
    assert frida.email == "new@example.com"
    assert UserEmail.objects.get(is_primary=True).email == "new@example.com"
    event = AccountEvent.objects.get(kind="primary_email_changed")
    assert event.details == {"from": None, "to": "new@example.com"}
    assert UserEmail.objects.claims().get().email == "old@example.com"
    assert adopt() == (["0 of 1 users changed."], 0)


def test_to_know_better_later_is_not_too_late_before_the_last_run() -> None:
    frida = former("frida", "frida@example.com")
    adopt("--ahead")

    adopt("--confirmed")

    assert row(frida)[1] == "frida@example.com"
    assert AccountEvent.objects.filter(kind="email_confirmed", user=frida).exists()


def test_a_claim_of_somebody_who_registers_meanwhile_confirms_nothing() -> None:
    former("frida", "frida@example.com")
    adopt("--ahead")
    thief = register("thief", email="frida@example.com", password=PASSWORD).user

    lines, _code = adopt("--confirmed")

    assert lines == ["1 of 2 users changed."]
    assert UserEmail.objects.confirmed().get().user.username == "frida"
    assert not UserEmail.objects.confirmed().filter(user=thief).exists()


def test_a_dry_run_changes_nothing_and_tells_what_a_run_would() -> None:
    for name, email in (
        ("a.a", ""),
        ("bb", "x@y.z"),
        ("anna", "x@example.com"),
        ("ａnna", "x@example.com"),
    ):
        former(name, email)
    before = everything()

    # Who else has a name is known from the whole table, not only from the batch.
    told = adopt("--dry-run", "--confirmed", "--batch=1")

    assert everything() == before
    lines, code = adopt("--confirmed")
    assert (told[0][:-2], told[1]) == (lines[:-2], code)
    assert len(lines) == 7


@pytest.mark.parametrize("options", [[], ["--confirmed"], ["--ahead"]])
def test_a_second_run_changes_nothing(options: list[str]) -> None:
    former("frida", "frida@example.com")
    former("joerg", "jörg@example.com")
    former("ｆｒｉｄａ", "other@example.com")
    adopt(*options)
    before = everything()

    lines, _code = adopt(*options)

    assert everything() == before
    assert [line for line in lines if line.startswith("0 of ")]


@pytest.mark.parametrize("options", [["--ahead"], ["--confirmed"], []])
def test_wherever_it_is_interrupted_it_goes_on(options: list[str]) -> None:
    def begin() -> list[int]:
        User.objects.all().delete()
        UserEmail.objects.all().delete()
        AccountEvent.objects.all().delete()
        return [former(f"member{n}", f"member{n}@example.com").pk for n in range(3)]

    def facts(keys: list[int]) -> list[object]:
        return [
            (
                u.username_key,
                u.email,
                *UserEmail.objects.filter(user=u).values_list("email", "verified_key"),
            )
            for u in User.objects.filter(pk__in=keys).order_by("pk")
        ] + [AccountEvent.objects.count()]

    keys = begin()
    with CaptureQueriesContext(connection) as captured:
        adopt(*options, "--batch=2")
    whole = facts(keys)

    for place in range(len(captured)):
        keys = begin()
        with connection.execute_wrapper(interrupt(place)):
            lines, code = adopt(*options, "--batch=2")
        # Batches are whole or not at all.
        done = [u.username_key is not None for u in User.objects.order_by("pk")]
        assert done in ([False] * 3, [True, True, False], [True] * 3)
        if code == 130:
            assert lines[-1] == "Stopped. What was done stays done: run it again to go on."
            adopt(*options, "--batch=2")
        assert facts(keys) == whole


def interrupt(place: int) -> Callable[..., object]:
    """Press Ctrl-C at a statement."""
    seen: list[str] = []

    def wrapper(execute, sql, params, many, context):
        seen.append(sql)
        if len(seen) == place + 1:
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    return wrapper


@pytest.mark.parametrize("options", [["--ahead"], ["--ahead", "--confirmed"], [], ["--confirmed"]])
def test_a_batch_costs_the_same_statements_whatever_its_size(options: list[str]) -> None:
    def cost(users: int) -> int:
        for number in range(users):
            former(f"m{users}.{number}", f"m{users}.{number}@example.com")
        with CaptureQueriesContext(connection) as captured:
            adopt(*options)
        return len(captured)

    cost(2)
    few = cost(3)

    assert cost(40) == few
    # Counting, the survey, where to begin, the end, BEGIN and COMMIT included.
    assert few <= 20


def test_a_username_that_somebody_takes_at_this_moment_is_theirs() -> None:
    frida = former("frida", "frida@example.com")
    refused: list[str] = []

    def another_was_first(execute, sql, params, many, context):
        if len(refused) == 1 and sql.startswith("SELECT"):
            # What the other transaction has committed, seen by the next try.
            refused.append("seen")
            User.objects.bulk_create([User(username="another text")])
            User.objects.filter(username="another text").update(username_key="frida-")
        if not refused and sql.startswith("UPDATE") and "username_key" in sql:
            refused.append(sql)
            raise IntegrityError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(another_was_first):
        lines, code = adopt()

    assert "1 × username of another: cannot be used to log in" in lines
    assert (row(frida)[0], code) == (None, 1)
    assert AccountEvent.objects.filter(user=frida).count() == 1


def test_prune_leaves_what_was_adopted(set_conf) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    frida = former("frida", "frida@example.com", date_joined=long_ago)
    adopt()
    UserEmail.objects.update(created_at=long_ago)

    call_command("useraccounts_prune", stdout=StringIO())

    assert UserEmail.objects.get().user == frida


def test_all_agrees_at_the_end() -> None:
    former("frida", "frida@example.com")
    anna = former("anna", "Anna@Faß.de")
    former("nobody")
    lines, _code = adopt("--confirmed")
    out = StringIO()

    call_command("useraccounts_check_emails", stdout=out)

    assert "1 × another spelling: is written as" in lines
    assert row(anna)[1] == "Anna@xn--fa-hia.de"
    assert out.getvalue() == "Everything agrees.\n"


def test_the_report_names_each_and_calculates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    joerg = former("=cmd", "jörg@example.com")

    adopt("--report", str(path))

    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["user", "username", "email", "what", "becomes", "new"]
    assert rows[1] == [
        *(str(joerg.pk), "'=cmd", "jörg@example.com"),
        *("not an address", "is taken off the account", ""),
    ]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_the_report_takes_the_place_of_none(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("from yesterday")
    frida = former("frida")

    lines, code = adopt("--report", str(path))

    assert code == 1
    assert lines[-1].startswith("The report cannot be written: ")
    assert path.read_text() == "from yesterday"
    assert row(frida)[0] is None


@pytest.mark.parametrize("batch", ["0", "-1", "5001"])
def test_a_batch_has_a_size(batch: str) -> None:
    assert adopt("--batch", batch) == (["--batch is a number from 1 to 5000."], 1)


def test_begin_asks_for_the_table_of_contrib_auth() -> None:
    lines, code = adopt("--begin")

    assert code == 1
    assert lines[0].startswith("useraccounts.User is no model of the table auth_user")
