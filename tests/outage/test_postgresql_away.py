"""The database server goes away while people use the site, and comes back."""

import pytest

from django_useraccounts.testing import PASSWORD

from .conftest import ROWS

#: Pages that read the database to know who is there, or what the link is.
PAGES = (
    "/accounts/profile/",
    "/accounts/change-password/",
    "/accounts/confirm-identity/",
    "/accounts/login/",
    "/accounts/register/",
    "/accounts/logout/",
    "/accounts/forgot-password/",
    "/accounts/resend-confirmation/",
    "/accounts/mail-sent/",
    "/accounts/confirm-email/AAAAAAAAAAAAAAAAAAAAAA/",
    "/accounts/reset-password/AAAAAAAAAAAAAAAAAAAAAA/",
)


def log_in(visitor):
    visitor.get("/accounts/login/")
    answer = visitor.post("/accounts/login/", identifier="frida", password=PASSWORD)
    assert answer.status == 302, answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_accounts_says_back_in_a_moment_and_is_back_in_a_moment(site, visitor, path):
    log_in(visitor)
    before = visitor.get(path)

    site.wire.cut()
    during = visitor.get(path)
    site.wire.mend()
    after = visitor.get(path)

    assert during.status == 503
    assert during.headers["Retry-After"] == "30"
    assert "Back in a moment" in during.text
    assert "Traceback" not in during.text
    assert before.status == after.status < 500


def test_after_a_restart_of_the_server_no_more_than_one_answer_is_lost(site, visitor):
    log_in(visitor)

    # what a server that is stopped does to the connections that a site keeps
    site.run(
        "from django.db import connection as c\n"
        "c.cursor().execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()')"
    )
    statuses = [visitor.get("/accounts/profile/").status for _attempt in range(3)]

    assert statuses in ([503, 200, 200], [200, 200, 200])


REGISTER = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
COUNT = """
from django_useraccounts.models import *
print(*(model.objects.filter(**who).count() for model, who in (
    (User, {"username": "ada"}),
    (UserEmail, {"email_key": "ada@example.com"}),
    (OutgoingMail, {"to": "ada@example.com"}),
    (AccountEvent, {"user__username": "ada"}),
)))
User.objects.filter(username="ada").delete()
AttemptCounter.objects.all().delete()
"""


@pytest.mark.parametrize(
    "moment",
    ["", 'INSERT INTO "useraccounts_outgoingmail"', 'INSERT INTO "useraccounts_accountevent"'],
)
def test_who_registers_while_the_database_goes_away_can_do_it_again(site, visitor, moment):
    visitor.get("/accounts/register/")

    site.wire.cut_at(moment) if moment else site.wire.cut()
    refused = visitor.post("/accounts/register/", **REGISTER)
    site.wire.mend()
    half_done = site.run(COUNT)
    done = visitor.post("/accounts/register/", **REGISTER)

    assert refused.status == 503
    assert half_done == "0 0 0 0"
    assert done.status == 302
    assert site.run(COUNT) == "1 1 1 1"


@pytest.mark.parametrize("mends", [False, True], ids=["for good", "for a moment"])
def test_who_logs_in_while_the_database_goes_away_is_not_logged_in(site, visitor, mends):
    visitor.get("/accounts/login/")

    # when it goes away in the middle: the session is there, and the event is to be written
    site.wire.cut_at('INSERT INTO "useraccounts_accountevent"', mends=mends)
    refused = visitor.post("/accounts/login/", identifier="frida", password=PASSWORD)
    site.wire.mend()

    assert refused.status == 503
    assert "sessionid" not in visitor.cookies
    assert visitor.get("/accounts/profile/").status == 302
    log_in(visitor)
    assert visitor.get("/accounts/profile/").status == 200


def test_who_changes_the_password_while_the_database_goes_away_keeps_the_old_one(site, visitor):
    log_in(visitor)
    visitor.get("/accounts/change-password/")

    site.wire.cut_at('INSERT INTO "useraccounts_outgoingmail"')
    refused = visitor.post(
        "/accounts/change-password/", old_password=PASSWORD, new_password="a new battery staple"
    )
    site.wire.mend()

    assert refused.status == 503
    assert visitor.get("/accounts/profile/").status == 200
    visitor.cookies.pop("sessionid")
    log_in(visitor)


def test_who_logs_out_while_the_database_goes_away_is_told_and_still_logged_in(site, visitor):
    log_in(visitor)
    visitor.get("/accounts/logout/")

    site.wire.cut_at('DELETE FROM "django_session"')
    refused = visitor.post("/accounts/logout/")
    site.wire.mend()

    assert refused.status == 503
    assert visitor.get("/accounts/profile/").status == 200


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_whichever_message_is_lost_of_a_registration_the_next_request_makes_it_whole(
    site, visitor, cut
):
    visitor.get("/accounts/register/")
    statuses, is_over, number = [], False, 0
    while not is_over:
        number += 1
        ada = {"username": f"ada{number}{cut}", "email": f"ada{number}{cut}@example.com"}

        getattr(site.wire, cut)(number)
        first = visitor.post("/accounts/register/", **ada, password=PASSWORD)
        is_over = site.wire.is_waiting
        site.wire.mend()
        [left] = site.ask(ROWS, ada)
        second = visitor.post("/accounts/register/", **ada, password=PASSWORD)

        # All of it, where the answer to the COMMIT is lost; else nothing.
        assert left in {(0, 0, 0, 0), (1, 1, 1, 1)}
        assert second.status == 302, second.text
        assert site.ask(ROWS, ada) == [(1, 1, 1, 1)]
        site.ask("DELETE FROM useraccounts_attemptcounter RETURNING 1")
        statuses.append(first.status)

    assert set(statuses) <= {302, 503}
    assert statuses[-1] == 302
    assert statuses.count(503) > 5
