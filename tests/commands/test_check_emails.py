"""The command that reports what disagrees about addresses and usernames, and mends it."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.emails import drift
from django_useraccounts.models import AccountEvent, User, UserEmail
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db

AGREES = ([], "Everything agrees.", 0)


def check(*options: str) -> tuple[list[str], str, int]:
    """Return the lines of the problems, the summary, and the exit code."""
    out = StringIO()
    try:
        call_command("useraccounts_check_emails", *options, stdout=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error), error.returncode
    *lines, summary = out.getvalue().splitlines()
    return lines, summary, 0


def mended(*lines: str) -> tuple[list[str], str, int]:
    noun = "problem" if len(lines) == 1 else "problems"
    summary = f"{len(lines)} {noun}: {len(lines)} mended, 0 left."
    return [f"{line}. Mended." for line in lines], summary, 0


def left(*lines: str) -> tuple[list[str], str, int]:
    noun = "problem" if len(lines) == 1 else "problems"
    return list(lines), f"{len(lines)} {noun}: 0 mended, {len(lines)} left.", 1


def write(user: User, **values: object) -> User:
    """Write columns of a user as the shell does, past everything of ours."""
    User.objects.filter(pk=user.pk).update(**values)
    return User.objects.get(pk=user.pk)


def add(user: User, email: str, *, days: int = 0, **values: object) -> UserEmail:
    """Give a user another proved address, which is as many days old."""
    address = UserEmail.objects.add_claim(user, email)
    proved = {"verified_key": address.email_key, "confirmed_at": timezone.now()}
    proved["confirmed_at"] -= timedelta(days=days)
    UserEmail.objects.filter(pk=address.pk).update(**{**proved, **values})
    return UserEmail.objects.get(pk=address.pk)


def test_what_our_own_code_writes_agrees():
    make_user("maria")
    make_user("waits", confirmed=False)
    User.objects.create_user("without")
    add(make_user("rich"), "second@example.com")

    assert check() == AGREES
    assert check("--mend", "--trust") == AGREES

    assert not AccountEvent.objects.exists()


def test_a_copy_that_differs_from_the_primary_address():
    maria = write(make_user("maria"), email="other@example.com")
    line = (
        f"maria (#{maria.pk}): user.email is “other@example.com”, and the primary address is "
        "“maria@example.com”"
    )

    assert check() == ([f"{line}."], "1 problem: --mend mends what can be.", 1)
    maria.refresh_from_db()
    assert maria.email == "other@example.com"

    assert check("--mend") == mended(line)
    maria.refresh_from_db()
    assert maria.email == "maria@example.com"
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("emails_mended", maria, None)
    assert event.details == {"mended": [line.partition(": ")[2]]}
    assert check() == AGREES


def test_a_copy_of_what_nobody_has_proved_is_emptied():
    frida = write(make_user("frida", confirmed=False), email="frida@example.com")

    assert check("--mend", "--trust") == mended(
        f"frida (#{frida.pk}): user.email is “frida@example.com”, and no address is proved"
    )

    frida.refresh_from_db()
    assert frida.email == ""
    assert not frida.has_confirmed_email
    assert check() == AGREES


def test_the_oldest_proved_address_becomes_primary_where_there_is_none():
    maria = User.objects.create_user("maria")
    UserEmail.objects.add_claim(maria, "claim@example.com")
    add(maria, "new@example.com", days=1)
    oldest = add(maria, "Old@example.com", days=9)

    assert check("--mend") == mended(
        f"maria (#{maria.pk}): no address is primary, and “Old@example.com” is the oldest that is "
        "proved",
        f"maria (#{maria.pk}): user.email is “”, and the primary address is “Old@example.com”",
    )

    maria.refresh_from_db()
    assert maria.email == "Old@example.com"
    assert UserEmail.objects.get(is_primary=True) == oldest
    assert check() == AGREES


# Addresses that something else has written


def test_an_address_from_elsewhere_is_taken_as_proved_only_if_trusted():
    maria = write(User.objects.create_user("maria"), email="Maria@Example.com")
    what = (
        f"maria (#{maria.pk}): user.email is “Maria@Example.com”, which is no address of the user"
    )

    assert check("--mend") == left(f"{what}. Left: nobody has proved it.")
    assert not UserEmail.objects.exists()

    assert check("--mend", "--trust") == mended(what)
    address = UserEmail.objects.get()
    maria.refresh_from_db()
    assert maria.email == address.email == "Maria@example.com"
    assert (address.verified_key, address.is_primary) == ("maria@example.com", True)
    assert address.confirmed_at
    assert maria.has_confirmed_email
    assert check() == AGREES


def test_an_address_from_elsewhere_that_somebody_else_has_proved_stays_theirs():
    owner = make_user("owner", "maria@example.com")
    maria = write(User.objects.create_user("maria"), email="MARIA@example.com")

    assert check("--mend", "--trust") == left(
        f"maria (#{maria.pk}): user.email is “MARIA@example.com”, which is no address of the user. "
        f"Left: the user #{owner.pk} has proved it."
    )

    assert UserEmail.objects.get().user == owner


def test_of_two_with_one_address_from_elsewhere_the_first_gets_it():
    first, second = (
        write(User.objects.create_user(name), email="shared@example.com") for name in ("one", "two")
    )

    lines, summary, code = check("--mend", "--trust")

    assert [line.partition(" Left: ")[2] for line in lines] == [
        "",
        f"the user #{first.pk} has proved it.",
    ]
    assert (summary, code) == ("2 problems: 1 mended, 1 left.", 1)
    assert UserEmail.objects.get().user == first
    assert second.email == "shared@example.com"


def test_what_cannot_be_an_address_is_left():
    maria = write(User.objects.create_user("maria"), email="nothing")

    assert check("--mend", "--trust") == left(
        f"maria (#{maria.pk}): user.email is “nothing”, which is no address of the user. Left: it "
        "cannot be one."
    )


# Keys


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_key_that_does_not_follow_from_the_address(confirmed):
    maria = make_user("maria", "maria@xn--fa-hia.de", confirmed=confirmed)
    old = {"email_key": "maria@fass.de", "verified_key": "maria@fass.de" if confirmed else None}
    UserEmail.objects.update(**old)

    assert check("--mend") == mended(
        f"{maria} (#{maria.pk}): “maria@xn--fa-hia.de” has the key “maria@fass.de” instead of "
        "“maria@xn--fa-hia.de”"
    )

    address = UserEmail.objects.get()
    assert address.email_key == "maria@xn--fa-hia.de"
    assert address.verified_key == (address.email_key if confirmed else None)
    assert check() == AGREES


def test_an_address_that_mail_would_be_sent_to_somebody_else_for():
    # Django sends mail for faß.de to fass.de.
    maria = make_user("maria", "maria@faß.de")
    UserEmail.objects.update(email="maria@faß.de")
    write(maria, email="maria@faß.de")

    assert check("--mend") == mended(
        f"maria (#{maria.pk}): “maria@faß.de” has to be written “maria@xn--fa-hia.de”",
        f"maria (#{maria.pk}): user.email is “maria@faß.de”, and the primary address is "
        "“maria@xn--fa-hia.de”",
    )

    assert UserEmail.objects.get().email == "maria@xn--fa-hia.de"
    assert check() == AGREES


def test_a_key_that_another_user_has_proved_is_left():
    owner = make_user("owner", "maria@example.com")
    maria = make_user("maria", "old@example.com")
    UserEmail.objects.filter(user=maria).update(email="Maria@example.com")
    write(maria, email="Maria@example.com")

    assert check("--mend") == left(
        f"maria (#{maria.pk}): “Maria@example.com” has the key “old@example.com” instead of "
        f"“maria@example.com”. Left: the user #{owner.pk} has proved it."
    )


def test_a_key_that_the_user_has_already_is_left():
    maria = make_user("maria")
    second = add(maria, "second@example.com")
    UserEmail.objects.filter(pk=second.pk).update(email="MARIA@example.com")

    assert check("--mend") == left(
        f"maria (#{maria.pk}): “MARIA@example.com” has the key “second@example.com” instead of "
        "“maria@example.com”. Left: the user has this address twice."
    )


def test_what_is_left_does_not_keep_the_rest_of_the_user_from_being_mended():
    make_user("owner", "old@example.com")
    maria = make_user("maria")
    second = add(maria, "second@example.com")
    UserEmail.objects.filter(pk=second.pk).update(email="OLD@example.com")
    write(maria, email="other@example.com")

    _lines, summary, code = check("--mend")

    assert (summary, code) == ("2 problems: 1 mended, 1 left.", 1)
    maria.refresh_from_db()
    assert maria.email == "maria@example.com"
    assert len(AccountEvent.objects.get().details["mended"]) == 1


def test_a_row_that_is_no_address_is_left():
    maria = make_user("maria", confirmed=False)
    UserEmail.objects.update(email="nothing")

    assert check("--mend") == left(
        f"maria (#{maria.pk}): “nothing” is no address. Left: correct it by hand."
    )


@pytest.mark.parametrize("key", [None, "old"])
def test_a_key_that_does_not_follow_from_the_username(key):
    # loaddata writes the columns as they come, and a fixture written by hand has no keys.
    maria = write(make_user("Maria"), username_key=key)

    assert check("--mend") == mended(
        f"Maria (#{maria.pk}): the username has the key “{key}” instead of “maria-”"
    )

    maria.refresh_from_db()
    assert maria.username_key == "maria-"
    assert check() == AGREES


def test_a_username_that_another_user_has_is_left():
    owner = make_user("maria")
    other = write(make_user("frida"), username=" maria")

    assert check("--mend") == left(
        f" maria (#{other.pk}): the username has the key “frida-” instead of “maria-”. Left: the "
        f"user #{owner.pk} has this username."
    )


#: One sign that stands for 18 letters: a username of 60 has a key that is too long for its column.
TOO_LONG = "\ufdfa" * 60


def test_a_username_that_can_have_no_key_is_left():
    maria = write(make_user("maria"), username=TOO_LONG)

    assert check("--mend") == left(
        f"{TOO_LONG} (#{maria.pk}): the username has the key “maria-” instead of “”. Left: correct "
        "it by hand."
    )


# Many users


def test_what_can_be_mended_is_mended_beside_what_cannot(monkeypatch):
    monkeypatch.setattr(drift, "BATCH", 3)
    users = [make_user(f"user{n}") for n in range(10)]
    User.objects.update(email="wrong@example.com")
    write(users[4], username=TOO_LONG)

    lines, summary, code = check("--mend")

    assert (len(lines), summary, code) == (11, "11 problems: 10 mended, 1 left.", 1)
    for user in users:
        user.refresh_from_db()
        assert user.email == f"user{users.index(user)}@example.com"
    assert AccountEvent.objects.count() == 10


def test_each_batch_costs_the_same_however_many_users_it_has(monkeypatch):
    monkeypatch.setattr(drift, "BATCH", 4)
    for n in range(8):
        make_user(f"user{n}")
        write(User.objects.create_user(f"other{n}"), email="x@example.com", username_key=f"k{n}")
    User.objects.filter(username__startswith="user").update(email="wrong@example.com")

    with CaptureQueriesContext(connection) as captured:
        lines, _summary, _code = check()

    assert len(lines) == 24
    tables = Counter("useremail" in query["sql"] for query in captured.captured_queries)
    # Four batches: the users, their addresses, who owns the addresses, who has the usernames; and
    # the look that finds no more users.
    assert tables == {False: 4 * 2 + 1, True: 4 * 2}


def test_a_user_whom_another_one_stands_in_the_way_of_waits_for_the_next_time():
    first, second = make_user("first"), make_user("second")
    promised = {"email_key": "x@example.com", "verified_key": "x@example.com"}
    UserEmail.objects.filter(user=second).update(**promised)

    def take(execute, sql, params, many, context):
        # Between the look and the writing, somebody proves the address.
        if sql.startswith("UPDATE") and not taken:
            taken.append(add(first, "second@example.com"))
        return execute(sql, params, many, context)

    taken = []
    with connection.execute_wrapper(take):
        told = check("--mend")

    assert told == left(
        f"second (#{second.pk}): “second@example.com” has the key “x@example.com” instead of "
        "“second@example.com”. Left: another account holds what it needs."
    )
    assert not AccountEvent.objects.exists()


# As a process


def test_the_process_exits_with_1_as_long_as_drift_is_left(manage):
    maria = write(make_user("maria"), email="other@example.com")

    done = manage("useraccounts_check_emails")
    assert done.returncode == 1
    assert done.stderr == "CommandError: 1 problem: --mend mends what can be.\n"

    done = manage("useraccounts_check_emails", "--mend")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1 problem: 1 mended, 0 left.\n")

    done = manage("useraccounts_check_emails")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Everything agrees.\n", "")
    maria.refresh_from_db()
    assert maria.email == "maria@example.com"
