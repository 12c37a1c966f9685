"""T. Outages and clocks: nothing half done, nothing that comes back to life."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import OperationalError, connection
from django.db.models.signals import pre_save
from django.utils import timezone

from django_useraccounts import limits
from django_useraccounts.browser import COOKIE
from django_useraccounts.errors import LinkExpired, TooManyAttempts
from django_useraccounts.mail import _claim, deliver, deliver_due
from django_useraccounts.models import AccountEvent, AttemptCounter, OutgoingMail, UserEmail
from django_useraccounts.proof import is_proof_recent
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import lifted_limits, make_user
from tests.attacks.broken import StutteringMail
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    last_mail,
    link_in,
    page_of,
    url,
)

pytestmark = pytest.mark.django_db

User = get_user_model()
BROKEN = "tests.attacks.broken"


@pytest.fixture
def clock(monkeypatch):
    """Set the clock of the site: ``clock(hours=1)`` from now."""
    real = time.time

    def set_clock(**ahead):
        seconds = timedelta(**ahead).total_seconds()
        monkeypatch.setattr(time, "time", lambda: real() + seconds)
        monkeypatch.setattr(
            timezone, "now", lambda: datetime.fromtimestamp(real() + seconds, tz=UTC)
        )

    return set_clock


@pytest.mark.asvs("9.2.1")
@pytest.mark.parametrize("purpose", [CONFIRM_EMAIL, RESET_PASSWORD], ids=lambda p: p.name)
def test_T6_a_link_expires_by_the_clock_and_a_used_one_stays_used(browser, clock, purpose):
    user = make_user("victoria", VICTIM, confirmed=purpose is RESET_PASSWORD)
    secret = issue(purpose, address=user.emails.get())
    link = link_of(secret)

    clock(days=3, seconds=-5)
    assert peek(purpose, link)
    path = url(purpose.name, str(link))

    clock(days=0)
    answer = {"answer": "confirm", "new_password": NEW_PASSWORD}
    assert browser.post(page_of(browser.open(path)), answer).status_code == 302
    browser.post(url("logout"))
    for jump in ({"days": -1}, {"hours": -1}, {"hours": 1}, {"days": -400}):
        clock(**jump)
        assert browser.get(path, follow=True).status_code == 410


@pytest.mark.parametrize("purpose", [CONFIRM_EMAIL, RESET_PASSWORD], ids=lambda p: p.name)
def test_T6_a_link_that_was_met_expired_stays_so_wherever_the_clock_goes(browser, clock, purpose):
    user = make_user("victoria", VICTIM, confirmed=purpose is RESET_PASSWORD)
    link = link_of(issue(purpose, address=user.emails.get()))
    path = url(purpose.name, str(link))
    page = page_of(browser.open(path))

    clock(days=3, seconds=5)
    with pytest.raises(LinkExpired):
        peek(purpose, link)
    assert browser.get(path, follow=True).status_code == 410

    answer = {"answer": "confirm", "new_password": NEW_PASSWORD}
    for jump in ({"days": 0}, {"hours": 1}, {"hours": -1}, {"days": -1}):
        clock(**jump)
        with pytest.raises(LinkExpired):
            peek(purpose, link)
        assert browser.get(path, follow=True).status_code == 410
        assert browser.post(page, answer).status_code == 410
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_T6_a_link_that_expires_while_its_page_is_open_does_nothing(browser, clock):
    browser.register()
    page = page_of(browser.open(last_mail()))

    clock(days=3, seconds=5)

    assert browser.post(page, {"answer": "confirm"}).status_code == 410
    assert not UserEmail.objects.confirmed().exists()


def test_T6_windows_of_limits_end_and_a_clock_that_is_set_back_locks_nobody_out(clock):
    def attempt():
        limits.spend("password", identifier="1", request=None)

    for _ in range(10):
        attempt()
    with pytest.raises(TooManyAttempts) as refused:
        attempt()
    assert 0 < refused.value.retry_after <= 300

    clock(minutes=5, seconds=5)
    attempt()
    clock(days=1)
    attempt()
    # Back again: the window of tomorrow is none of today.
    clock(days=0)
    attempt()
    clock(days=-1)
    attempt()
    assert set(AttemptCounter.objects.values_list("attempts", flat=True)) == {1}


def test_T6_the_waiting_time_is_never_negative_or_longer_than_a_window(clock):
    for _ in range(10):
        limits.spend("login", identifier="victoria", request=None)
    for seconds in (0, 299, -299, 60, -60):
        clock(seconds=seconds)
        try:
            limits.spend("login", identifier="victoria", request=None)
        except TooManyAttempts as error:
            assert 1 <= error.retry_after <= 300


@pytest.mark.parametrize("jump", [{"hours": -1}, {"days": -1}, {"hours": 1}, {"days": 1}])
def test_T6_a_proof_is_recent_only_for_its_time(browser, clock, jump):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")
    request = browser.get(url("profile")).wsgi_request
    assert is_proof_recent(request)

    clock(**jump)

    assert not is_proof_recent(request)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"])
def test_T6_the_time_zone_of_the_site_changes_no_deadline(browser, settings, clock, zone):
    settings.TIME_ZONE = zone
    with timezone.override(zone):
        user = make_user("victoria", VICTIM)
        link = link_of(issue(RESET_PASSWORD, address=user.emails.get()))
        assert peek(RESET_PASSWORD, link)
    clock(days=3, seconds=5)
    with pytest.raises(LinkExpired):
        peek(RESET_PASSWORD, link)


# T8


@pytest.fixture(params=[ZeroDivisionError, OperationalError], ids=["error", "database"])
def no_events(request):
    """Let no event be written; switched on by a call."""

    def refuse(**kwargs):
        raise request.param("no room for events")

    yield lambda: pre_save.connect(refuse, sender=AccountEvent, weak=False, dispatch_uid="attack")
    pre_save.disconnect(sender=AccountEvent, dispatch_uid="attack")


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize(
    "act", ["register", "confirm", "not_me", "login", "reset", "change", "logout", "identity"]
)
def test_T8_what_cannot_be_written_down_is_not_done(browser, new_browser, no_events, act):
    browser.raise_request_exception = False
    make_user("victoria", VICTIM)
    browser.register("mallory", "m@example.com")
    browser.forgot()
    confirm = page_of(new_browser().open(link_in(last_mail("m@example.com"))))
    reset = link_in(last_mail())
    acts = {
        "register": lambda: browser.register("another", "a@example.com"),
        "confirm": lambda: browser.post(confirm, {"answer": "confirm"}),
        "not_me": lambda: browser.post(confirm, {"answer": "not_me"}),
        "login": lambda: browser.log_in("victoria"),
        "reset": lambda: browser.reset(reset),
        "change": browser.change_password,
        "logout": lambda: browser.post(url("logout")),
        "identity": lambda: browser.post(url("confirm_identity"), {"old_password": PASSWORD}),
    }
    if act in {"confirm", "not_me"}:
        browser.open(link_in(last_mail("m@example.com")))
    if act in {"change", "logout", "identity"}:
        browser.log_in("victoria")
    before, proved = everything(), dict(browser.session.items())
    mails = len(mail.outbox)
    no_events()

    response = acts[act]()

    assert response.status_code in {500, 503}
    after = everything()
    after.pop("Session")
    before.pop("Session")
    assert after == before
    assert len(mail.outbox) == mails
    if act == "login":
        assert browser.user_id is None
        assert not any("_auth_user_id" in s.get_decoded() for s in Session.objects.all())
    if act == "logout":
        assert browser.user_id
    if act == "identity":
        assert dict(browser.session.items()) == proved


# T9


def test_T9_a_process_that_dies_after_the_commit_loses_no_mail_and_changes_no_link(
    browser, set_conf
):
    set_conf(MAIL_DELIVERY="command")
    make_user("victoria", VICTIM)
    browser.forgot()
    assert not mail.outbox
    expected = str(link_of(OutgoingMail.objects.get().secret))

    assert deliver_due(limit=10) == 1
    assert deliver_due(limit=10) == 0

    (message,) = mail.outbox
    assert link_in(message).rstrip("/").endswith(expected)
    assert browser.reset(message).status_code == 302


def test_T9_a_process_that_dies_while_it_sends_lets_another_one_try_later(
    browser, set_conf, send_mail_by, clock
):
    set_conf(MAIL_DELIVERY="command")
    browser.forgot()
    row = OutgoingMail.objects.get()
    send_mail_by(f"{BROKEN}.DyingMail")
    with pytest.raises(SystemExit):
        deliver(row.pk)
    send_mail_by("django.core.mail.backends.locmem.EmailBackend")

    # Nobody can tell yet that it is not on its way.
    clock(minutes=14)
    assert not deliver(row.pk)
    clock(minutes=16)
    assert deliver(row.pk)

    assert len(mail.outbox) == 1


def test_T9_a_mail_that_failed_is_sent_once_with_the_same_link(browser, send_mail_by, clock):
    StutteringMail.failures.clear()
    send_mail_by(f"{BROKEN}.StutteringMail")
    make_user("victoria", VICTIM)
    browser.forgot()
    assert not mail.outbox

    clock(minutes=3)
    deliver_due(limit=10)
    deliver_due(limit=10)

    assert len(mail.outbox) == 1
    assert browser.reset(mail.outbox[0]).status_code == 302


def test_T9_two_workers_with_one_mail_send_it_once(browser, set_conf, send_mail_by):
    set_conf(MAIL_DELIVERY="command")
    browser.forgot()
    row = OutgoingMail.objects.get()

    # Both have read the row before either claims it.
    one, two = (OutgoingMail.objects.get(pk=row.pk) for _ in range(2))
    assert _claim(one)
    assert not _claim(two)


def test_T9_a_mail_is_given_up_after_a_while(browser, send_mail_by, clock):
    send_mail_by(f"{BROKEN}.RefusingMail")
    browser.forgot()

    for day in range(1, 12):
        clock(days=day)
        deliver_due(limit=10)

    row = OutgoingMail.objects.get()
    assert row.due_at is None
    assert row.sent_at is None
    assert row.error


# The database goes away


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize("name", ["login", "register", "forgot_password", "resend_confirmation"])
def test_a_database_that_goes_away_answers_503_and_leaves_nothing_half_done(browser, name):
    make_user("victoria", VICTIM)
    before = everything()

    def refuse(execute, sql, params, many, context):
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError("the database is read-only")
        return execute(sql, params, many, context)

    data = {"identifier": "victoria", "password": PASSWORD, "username": "x11", "email": VICTIM}
    with connection.execute_wrapper(refuse):
        response = browser.post(url(name), data)

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert b"read-only" not in response.content
    assert everything() == before
    assert not mail.outbox
    assert "_auth_user_id" not in browser.session


@pytest.mark.asvs("2.3.3")
@pytest.mark.parametrize("flow", ["register", "confirm", "reset", "forgot"])
def test_every_statement_of_a_flow_may_fail_and_nothing_is_half_done(browser, flow):
    """Fail the k-th writing statement, for every k: all of the flow happens, or nothing does."""
    with lifted_limits():
        make_user("victoria", VICTIM)
        browser.register("mallory", "m@example.com")
        browser.forgot()
        confirm = page_of(browser.open(link_in(last_mail("m@example.com"))))
        browser.cookies.pop(COOKIE, None)  # so that confirming is all that a click does
        if flow == "reset":
            reset = page_of(browser.open(last_mail()))
        acts = {
            "register": lambda: browser.register("another", "a@example.com"),
            "confirm": lambda: browser.post(confirm, {"answer": "confirm"}),
            "reset": lambda: browser.post(reset, {"new_password": NEW_PASSWORD}),
            "forgot": browser.forgot,
        }
        before, mails = everything(), len(mail.outbox)
        for place in range(1, 40):
            seen = []

            def fail(execute, sql, params, many, context, place=place, seen=seen):
                if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
                    seen.append(sql)
                    if len(seen) == place:
                        raise OperationalError("away")
                return execute(sql, params, many, context)

            with connection.execute_wrapper(fail):
                response = acts[flow]()
            if response.status_code != 503:
                break
            assert everything() == before
            assert len(mail.outbox) == mails
        assert response.status_code == 302
        assert place > 2


def test_a_login_by_link_that_cannot_be_done_does_not_use_the_link_up(browser):
    """The page of an outage says that nothing was changed: so nothing may have been."""
    browser.register()
    page = page_of(browser.open(last_mail()))
    before = everything()

    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "django_session" in sql:
            raise OperationalError("the table of sessions is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        response = browser.post(page, {"answer": "confirm"})

    if response.status_code == 503:
        assert everything() == before
    else:
        # Or the address is confirmed, and only the login was left out.
        assert response.status_code == 302
        assert UserEmail.objects.confirmed().exists()


def test_a_wrong_password_is_counted_even_if_the_answer_cannot_be_sent(browser):
    make_user("victoria", VICTIM)

    browser.log_in("victoria", EVIL)

    assert set(AttemptCounter.objects.values_list("attempts", flat=True)) == {1}
