"""Many machines at one database: what is exact in one process is exact across all of them."""

import re
import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from django_useraccounts.models import (
    AccountEvent,
    AttemptCounter,
    OneTimeSecret,
    OutgoingMail,
    RoleGrant,
    UserEmail,
)
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue
from django_useraccounts.testing import PASSWORD, make_user
from tests.attacks.browsers import NEW_PASSWORD, url
from tests.attacks.races import at_once
from tests.waiting import PATIENCE, wait_until

from .conftest import MACHINES, WORKERS, tell

#: Attempts that the settings of the fleet allow.
ALLOWED = 7

in_both = pytest.mark.parametrize("fleet", ["database", "redis"], indirect=True)


def logging_in(browser, password=PASSWORD, name="frida"):
    return lambda: browser.post(url("login"), {"identifier": name, "password": password})


def browsers_at_login(fleet, number):
    browsers = [fleet.browser() for _ in range(number)]
    for browser in browsers:
        browser.get(url("login"))
    return browsers


def logged_in(fleet, number):
    """Return browsers of Frida that have logged in by the page, on one machine or the other."""
    browsers = browsers_at_login(fleet, number)
    for browser in browsers:
        assert logging_in(browser)().status == 302
    return browsers


def on_every_process(fleet, browser):
    """Return what the profile answers, asked until each process has answered."""
    fleet.answers.write_text("")
    statuses = set()

    def all_have_answered():
        asked = at_once(*[lambda: browser.click().get(url("profile"))] * 8)
        statuses.update(answer.status for answer in asked)
        return len(fleet.processes) == MACHINES * WORKERS

    wait_until(all_have_answered)
    return statuses


@in_both
def test_of_attempts_on_all_machines_exactly_as_many_are_tried_as_are_allowed(fleet):
    names = ["frida", "diego", "dora", "pablo"]
    for name in names:
        make_user(name)
    browsers = browsers_at_login(fleet, 16)

    for name in names:
        answers = at_once(*[logging_in(browser, "a wrong guess", name) for browser in browsers])

        statuses = Counter(answer.status for answer in answers)
        assert statuses == {200: ALLOWED, 429: len(browsers) - ALLOWED}
    assert len(fleet.processes) >= MACHINES
    assert AttemptCounter.objects.exists() == (fleet.keeps_in == "database")


@in_both
def test_a_session_that_is_ended_on_one_machine_is_ended_on_all(fleet):
    make_user("frida")
    here, there, changing = logged_in(fleet, 3)
    assert [on_every_process(fleet, browser) for browser in (here, there)] == [{200}, {200}]

    # when one session is logged out where it is
    here.get(url("profile"))
    assert here.click().post(url("logout"), {}).status == 302
    assert on_every_process(fleet, here) == {302}
    assert on_every_process(fleet, there) == {200}

    # and all others end with the password
    changing.get(url("change_password"))
    new = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert changing.post(url("change_password"), new).status == 302
    assert on_every_process(fleet, there) == {302}
    assert on_every_process(fleet, changing) == {200}


@in_both
def test_a_session_that_is_ended_from_another_browser_is_ended_on_all(fleet):
    make_user("frida")
    here, there = logged_in(fleet, 2)
    page = there.get(url("sessions")).text
    [end] = [path for path in page.split('"') if path.startswith("/accounts/end-session/")]

    there.get(end)
    assert there.post(end, {}).status == 302

    assert on_every_process(fleet, here) == {302}
    assert on_every_process(fleet, there) == {200}


def test_the_owners_browser_is_known_on_all_machines_when_strangers_have_used_all_up(fleet):
    make_user("frida")
    [own] = logged_in(fleet, 1)
    own.be(None)
    strangers = browsers_at_login(fleet, ALLOWED)
    at_once(*[logging_in(stranger, "a wrong guess") for stranger in strangers])
    [stranger] = browsers_at_login(fleet, 1)

    own.get(url("login"))
    for _machine in range(MACHINES):
        assert logging_in(stranger)().status == 429
        assert logging_in(own)().status == 302
        own.be(None)
        own.get(url("login"))
        # So that the next one goes to the other machine.
        own.get(url("login"))


def test_of_many_who_redeem_one_link_one_chooses_the_password(fleet):
    frida = make_user("frida")
    secret = issue(RESET_PASSWORD, user=frida, address=UserEmail.objects.get())
    passwords = [f"the password of browser {number}" for number in range(12)]
    browsers = [fleet.browser() for _password in passwords]
    pages = [browser.hold(secret) for browser in browsers]
    for browser, page in zip(browsers, pages, strict=True):
        assert browser.get(page).status == 200

    answers = at_once(
        *[
            lambda browser=browser, page=page, chosen=chosen: browser.post(
                page, {"new_password": chosen}
            )
            for browser, page, chosen in zip(browsers, pages, passwords, strict=True)
        ]
    )

    frida.refresh_from_db()
    won = [answer.status == 302 for answer in answers]
    assert [frida.check_password(chosen) for chosen in passwords] == won
    assert won.count(True) == 1
    assert AccountEvent.objects.filter(kind="password_reset").count() == 1


def test_of_many_who_confirm_by_one_link_one_does(fleet):
    frida = make_user("frida", confirmed=False)
    secret = issue(CONFIRM_EMAIL, user=frida, address=UserEmail.objects.get())
    browsers = [fleet.browser() for _ in range(12)]
    pages = [browser.hold(secret) for browser in browsers]
    for browser, page in zip(browsers, pages, strict=True):
        assert browser.get(page).status == 200

    at_once(
        *[
            lambda browser=browser, page=page: browser.post(page, {"answer": "confirm"})
            for browser, page in zip(browsers, pages, strict=True)
        ]
    )

    assert UserEmail.objects.get().is_confirmed
    assert AccountEvent.objects.filter(kind="email_confirmed").count() == 1


def test_each_mail_goes_out_once_with_workers_beside_the_threads_of_requests(fleet):
    names = [f"frida{number}" for number in range(24)]
    for name in names:
        make_user(name)
    browsers = [fleet.browser() for _name in names]
    for browser in browsers:
        browser.get(url("forgot_password"))
    workers = [fleet.process() for _ in range(2)]
    for worker in workers:
        tell(worker, "useraccounts_send_mail --forever --every 0.02")

    at_once(
        *[
            lambda browser=browser, name=name: browser.post(
                url("forgot_password"), {"email": f"{name}@example.com"}
            )
            for browser, name in zip(browsers, names, strict=True)
        ]
    )
    wait_until(lambda: OutgoingMail.objects.filter(sent_at=None).count() == 0)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE)

    sent = [line.split()[:3] for line in fleet.mails.read_text().splitlines()]
    assert sorted(to for _process, to, _id in sent) == sorted(f"{n}@example.com" for n in names)
    assert set(OutgoingMail.objects.values_list("attempts", flat=True)) == {1}
    assert len({process for process, _to, _id in sent}) > 1


def test_reminders_and_pruning_that_run_twice_at_once_do_everything_once(fleet):
    now = timezone.now()
    for number in range(20):
        make_user(f"frida{number}", roles=["keyholder"])
    RoleGrant.objects.update(
        ends_at=now + timedelta(days=2), counts_until=now + timedelta(days=2), reminds=True
    )
    for number in range(20):
        make_user(f"closed{number}", erase_at=now - timedelta(days=1))
        waiting = make_user(
            f"waiting{number}", confirmed=False, date_joined=now - timedelta(days=90)
        )
        AccountEvent.objects.record("registered", user=waiting)
    UserEmail.objects.claims().update(created_at=now - timedelta(days=90))
    AttemptCounter.objects.bulk_create(
        AttemptCounter(key=f"{number:064x}", attempts=1, ends_at=1) for number in range(1100)
    )
    OneTimeSecret.objects.bulk_create(
        OneTimeSecret(purpose="reset_password", expires_at=now - timedelta(days=90))
        for _ in range(1100)
    )

    jobs = [fleet.process() for _ in range(2)]
    for job in jobs:
        tell(job, "useraccounts_remind", "useraccounts_prune", "useraccounts_send_mail")
    said = [job.communicate(timeout=PATIENCE)[0] for job in jobs]

    assert [job.returncode for job in jobs] == [0, 0]
    numbers = Counter[str]()
    for number, what in re.findall(r"(\d+) ([a-z ]+)", " ".join(said)):
        numbers[what] += int(number)
    assert numbers["reminders"] == numbers["accounts"] == numbers["closed accounts"] == 20
    assert numbers["counters"] == numbers["links"] == 1100
    kinds = Counter(OutgoingMail.objects.values_list("kind", flat=True))
    assert kinds == {"role_ending": 20, "account_erased": 20}
    assert AccountEvent.objects.filter(kind="account_pruned").count() == 20
    assert get_user_model().objects.count() == 20
    assert not AttemptCounter.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="ends connections of PostgreSQL")
def test_connections_that_the_server_ends_between_requests_are_missed_by_nobody(fleet):
    make_user("frida")
    [browser] = logged_in(fleet, 1)
    assert on_every_process(fleet, browser) == {200}

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert len(cursor.fetchall()) >= MACHINES * WORKERS

    assert on_every_process(fleet, browser) == {200}
