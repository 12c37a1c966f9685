"""
Whatever is away beside the database: what can be done is done, and the rest is told.

The cases are those of the flows and pages, and those of ``asking``. Each is run with the k-th mail,
operation of the cache, or call to the outside failing, for every k; which of them has any is written
down here, and a case that has none is run once, to see that.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import randrange
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.test import override_settings
from django.utils import timezone
from pytest_django import Settings
from stripe._http_client import HTTPClient

import django_useraccounts
import tests.faults.test_flows  # noqa: F401 - it reads all cases
from django_useraccounts import limits
from django_useraccounts.counters import Window
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.mail import deliver
from django_useraccounts.models import AttemptCounter, OutgoingMail
from django_useraccounts.testing.breached import FakeBreachedPasswords
from tests.faults.asking import BY_AN_API, FLOWS, VISITS, provider
from tests.faults.harness import (
    CASES,
    FAULTS,
    Case,
    Outcome,
    Right,
    Rows,
    difference,
    mails_sent,
    perform,
    prepared,
    snapshot,
    undisturbed,
    wrong_news,
)
from tests.faults.outages import WAYS, Door, Traffic, Way, begin_anew, disturbed
from tests.faults.test_pages import PAGES, without_sessions
from tests.invariants import broken

# What is not the database is the same beside each; statements of all are failed by test_flows.
pytestmark = pytest.mark.one_database

PACKAGE = Path(django_useraccounts.__file__).parent

OF_BROWSERS = {str(case) for case in [*PAGES, *VISITS]}
ALL = {str(case): case for case in [*CASES, *PAGES, *FLOWS, *VISITS]}

#: What is mailed in each case.
MAILS = {
    "resend_confirmation-of_an_address_that_waits": "confirm_email",
    "resend_confirmation-of_an_address_that_is_confirmed": "already_registered",
    "resend_confirmation-of_an_address_that_nobody_has": "no_account",
    "send_confirmation-of_an_own_address": "confirm_email",
    "send_confirmation-of_an_address_that_another_one_owns": "already_registered",
    "confirm_email-the_first_one": "welcome",
    "confirm_email-a_further_one": "email_added",
    "confirm_email-one_that_takes_the_place_of_the_only_one": "primary_email_changed",
    "confirm_email-by_the_second_who_claims_it": "welcome",
    "add_email-that_is_free": "confirm_email",
    "add_email-that_another_one_owns": "already_registered",
    "add_email-in_the_place_of_one_that_waits": "confirm_email",
    "add_email-that_an_administrator_vouches_for": "email_added",
    "add_email-the_first_one_that_an_administrator_vouches_for": "email_added",
    "make_primary-by_the_user": "primary_email_changed",
    "make_primary-by_an_administrator": "primary_email_changed",
    "remove_email-the_primary_one": "email_removed",
    "remove_email-another_one": "email_removed",
    "undo_email_change-after_a_thief": "email_change_undone",
    "send_confirmation-to_an_address_that_bounced": "confirm_email",
    "add_user-with_an_address_to_be_confirmed": "confirm_email",
    "add_user-with_an_address_that_is_vouched_for": "account_opened",
    "send_password_link-to_the_primary_address": "reset_password",
    "send_mail_again-a_mail_of_no_account": "no_account",
    "send_mail_again-a_mail_that_was_given_up": "welcome",
    "invite-an_address_by_mail": "accept_invitation",
    "invite-an_address_from_a_page": "accept_invitation",
    "resend_invitation-one_that_waits": "accept_invitation",
    "register-with_an_invitation_that_proves_the_address": "welcome",
    "register-with_an_invitation_and_another_address": "confirm_email",
    "close_account-in_all_browsers": "account_closed",
    "close_account-by_an_administrator": "account_closed",
    "reopen_account-in_time": "account_reopened",
    "log_in-who_had_closed_the_account": "account_reopened",
    "erase_account-with_everything": "account_erased",
    "erase_account-but_a_row_without_a_name": "account_erased",
    "erase_due-two_who_left": "account_erased",
    "make_due_exports-that_waits": "export_ready",
    "record_payment-the_first_one": "membership_started",
    "apply_event-the_first_invoice": "membership_started",
    "apply_event-a_payment_that_fails": "payment_failed",
    "apply_event-an_invoice_of_which_stripe_has_sent_the_first_lines_alone": "membership_started",
    "tell_begun-one_that_was_paid_for_ahead": "membership_started",
    "remind_members-one_whose_end_is_near": "membership_ending",
    "tell_ended-one_that_was_ended": "membership_ended",
    "change_password-by_code": "password_changed",
    "change_password-in_a_session_which_goes_on": "password_changed",
    "set_password-the_first_one_in_a_session_which_goes_on": "password_changed",
    "forgot_password-of_a_proved_address": "reset_password",
    "forgot_password-of_an_address_that_nobody_has": "no_account",
    "reset_password-of_somebody_with_a_claim_and_a_session": "password_changed",
    "change_username-to_a_free_one": "username_changed",
    "change_username-back_to_the_old_one": "username_changed",
    "register-the_first_account_of_the_site": "confirm_email",
    "register-an_address_that_somebody_else_owns": "already_registered",
    "register-a_name_that_was_somebodys_claim": "confirm_email",
    "register-rows_of_the_project_besides": "confirm_email",
    "register-somebody_else_at_the_same_browser_registers_the_same": "confirm_email",
    "remind_of_ends-one_that_ends_tomorrow": "role_ending",
    "record_session-of_a_new_device": "new_login",
    "record_session-beyond_the_limit_and_once_more_in_this_browser": "new_login",
    "disown_login-with_an_address_that_the_thief_has_added": "login_disowned",
    "log_in_by-who_owns_the_address_here": "provider_connected",
    "log_in_by-whose_address_a_stranger_has_registered": "provider_connected welcome",
    "hand_over-an_account_with_all_that_a_stranger_leaves": "welcome",
    "register_identity-with_a_proved_address": "provider_connected welcome",
    "register_identity-with_an_address_that_waits": "already_registered",
    "register-without_a_password_by_a_way_that_proves_the_address": "welcome",
    "confirm_email-of_an_account_that_has_no_password": "welcome",
    "claim_again-the_same_address": "confirm_email",
    "claim_again-another_address_which_has_an_owner": "already_registered",
    "claim_again-the_one_that_the_provider_has_proved": "welcome",
    "connect-the_first_identity": "provider_connected",
    "connect-what_an_account_has_that_nobody_was_ever_in": "provider_connected",
    "disconnect-one_of_two_in_a_session_that_goes_on": "provider_disconnected",
    "disconnect-the_last_way_in_for_somebody_else": "provider_disconnected",
    "mail_connect_link-to_who_owns_the_address": "connect_by_link",
    "connect_by_link-with_a_link_that_was_mailed": "provider_connected",
    "reset_password-of_somebody_whose_connection_is_older_than_the_proof": "password_changed",
    "undo_email_change-after_a_thief_who_has_connected_himself": "email_change_undone",
    "log_in-and_connect_what_has_come_back": "provider_connected",
    "register-with_the_terms_accepted": "confirm_email",
    "register-and_wait_for_the_mail": "confirm_email",
    "register-and_be_logged_in_at_once": "confirm_email",
    "register-and_confirm_and_be_logged_in_with_one_click": "welcome",
    "add_email-and_confirm_it": "email_added",
    "change_password-with_a_session_that_goes_on_and_one_that_ends": "password_changed",
    "set_password-for_the_first_time": "password_changed",
    "reset_password-by_link": "password_changed",
    "disown_login-from_a_device_that_is_new": "login_disowned",
    "close_account-with_two_browsers_that_are_logged_out": "account_closed",
    "log_in-after_the_account_was_closed": "account_reopened",
    "add_email-and_have_it_taken_back": "email_change_undone",
    "register_identity-and_be_logged_in_by_the_provider": "provider_connected welcome",
    "connect-to_an_account_that_the_password_proves": "provider_connected",
    "connect_by_link-and_be_logged_in_where_it_began": "provider_connected",
    "disconnect-with_a_session_that_stays_and_one_that_goes": "provider_disconnected",
    "connect-to_the_own_account": "provider_connected",
}

#: What a browser alone has.
SESSION = "session"
#: What is counted in the cache, see ``limits.DEFAULTS``, and whether a session is kept there.
COUNTS = {
    "resend_confirmation-of_an_address_that_waits": "mail",
    "resend_confirmation-of_an_address_that_is_confirmed": "mail",
    "resend_confirmation-of_an_address_that_nobody_has": "mail",
    "send_confirmation-of_an_own_address": "mail",
    "send_confirmation-of_an_address_that_another_one_owns": "mail",
    "add_email-that_is_free": "mail",
    "add_email-that_another_one_owns": "mail",
    "add_email-in_the_place_of_one_that_waits": "mail",
    "send_confirmation-to_an_address_that_bounced": "mail",
    "log_in-with_the_right_password": "login",
    "log_in-before_the_address_is_confirmed": "login",
    "confirm_identity-with_the_own_password": "password",
    "send_password_link-to_the_primary_address": "reset",
    "invite-an_address_by_mail": "mail",
    "invite-an_address_from_a_page": "invite mail",
    "resend_invitation-one_that_waits": "mail",
    "register-with_an_invitation_that_proves_the_address": "register",
    "register-with_an_invitation_and_another_address": "register",
    "log_in-who_had_closed_the_account": "login",
    "request_export-instead_of_an_older_one": "export",
    "start_checkout-for_the_first_time": "checkout",
    "start_checkout-as_a_customer": "checkout",
    "start_checkout-in_the_place_of_one_that_is_open": "checkout",
    "change_password-by_code": "password",
    "change_password-in_a_session_which_goes_on": "password",
    "forgot_password-of_a_proved_address": "reset",
    "forgot_password-of_an_address_that_nobody_has": "reset",
    "change_username-to_a_free_one": "username",
    "change_username-back_to_the_old_one": "username",
    "register-the_first_account_of_the_site": "register",
    "register-an_address_that_somebody_else_owns": "register",
    "register-a_name_that_was_somebodys_claim": "register",
    "register-rows_of_the_project_besides": "register",
    "register-a_site_without_addresses": "register",
    "register-somebody_else_at_the_same_browser_registers_the_same": "register",
    "record_session-of_a_new_device": "login",
    "record_session-beyond_the_limit_and_once_more_in_this_browser": "login",
    "register_identity-with_a_proved_address": "register",
    "register_identity-with_an_address_that_waits": "register",
    "register-without_a_password_by_a_way_that_proves_the_address": "register",
    "record_refusal-of_an_answer_that_nobody_can_trust": "social_refused",
    "claim_again-the_same_address": "mail",
    "claim_again-another_address_which_has_an_owner": "mail",
    "claim_again-the_one_that_the_provider_has_proved": "mail",
    "mail_connect_link-to_who_owns_the_address": "mail",
    "log_in-and_connect_what_has_come_back": "login",
    "register-with_the_terms_accepted": "register",
    "log_in-with_the_password": "login session",
    "log_out-with_another_browser_that_stays": "session",
    "confirm_identity-with_the_password_again": "password session",
    "register-and_wait_for_the_mail": "register",
    "register-and_be_logged_in_at_once": "register session",
    "register-without_an_address_and_be_logged_in": "register session",
    "register-and_confirm_and_be_logged_in_with_one_click": "session",
    "add_email-and_confirm_it": "session",
    "change_password-with_a_session_that_goes_on_and_one_that_ends": "password session",
    "set_password-for_the_first_time": "session",
    "edit_profile-in_a_session_that_was_not_used_for_hours": "session",
    "end_session-of_another_browser": "session",
    "end_other_sessions-of_two_other_browsers": "session",
    "close_account-with_two_browsers_that_are_logged_out": "session",
    "log_in-after_the_account_was_closed": "login session",
    "register_identity-and_be_logged_in_by_the_provider": "register session",
    "connect-to_an_account_that_the_password_proves": "login session",
    "connect_by_link-and_be_logged_in_where_it_began": "session",
    "disconnect-with_a_session_that_stays_and_one_that_goes": "session",
    "customer_portal-of_a_customer": "checkout",
    "start_checkout-from_its_page": "checkout session",
    "customer_portal-from_the_page_of_the_membership": "checkout session",
    "register-and_be_mailed_by_an_api": "register",
    "log_in_by-who_is_connected": "social session",
    "register_identity-who_is_new_and_comes_to_the_page_that_asks_for_more": "social session",
    "connect-to_the_own_account": "social session",
    "confirm_identity_by-who_has_to_prove_it_once_more": "social session",
    "receive_answer-of_somebody_who_owns_the_address": "social session",
}

#: A login at a provider.
GRANT = "GET .well-known/openid-configuration, POST token, GET keys, GET userinfo"
#: Who is asked, and for what.
CALLS = {
    "apply_event-a_charge_that_is_given_back": "GET v1/invoice_payments",
    "apply_event-an_invoice_of_which_stripe_has_sent_the_first_lines_alone": "GET v1/invoices/lines",
    "start_checkout-for_the_first_time": "POST v1/customers, POST v1/checkout/sessions",
    "start_checkout-as_a_customer": (
        "GET v1/checkout/sessions, GET v1/subscriptions, POST v1/checkout/sessions"
    ),
    "start_checkout-in_the_place_of_one_that_is_open": (
        "GET v1/checkout/sessions, POST v1/checkout/sessions/expire, GET v1/subscriptions, "
        "POST v1/checkout/sessions"
    ),
    "stop_renewals-of_an_account_that_was_erased": "DELETE v1/subscriptions",
    "register-and_wait_for_the_mail": "GET range",
    "register-and_be_logged_in_at_once": "GET range",
    "register-without_an_address_and_be_logged_in": "GET range",
    "change_password-with_a_session_that_goes_on_and_one_that_ends": "GET range",
    "set_password-for_the_first_time": "GET range",
    "reset_password-by_link": "GET range",
    "customer_portal-of_a_customer": "POST v1/billing_portal/sessions",
    "stop_renewals-of_an_account_that_was_closed": "POST v1/subscriptions",
    "stop_renewals-of_one_whose_change_waits_for_the_next_period": (
        "POST v1/subscriptions, GET v1/subscriptions, POST v1/subscription_schedules/release"
    ),
    "stop_renewals-of_one_whose_change_is_late": (
        "POST v1/subscriptions, GET v1/invoices, POST v1/invoices/void"
    ),
    "start_checkout-from_its_page": (
        "GET v1/checkout/sessions, GET v1/subscriptions, POST v1/checkout/sessions"
    ),
    "end_membership-of_a_subscription_whose_end_was_not_heard_of": "GET v1/subscriptions",
    "customer_portal-from_the_page_of_the_membership": "POST v1/billing_portal/sessions",
    "apply_event-that_stripe_posts": "GET v1/invoice_payments",
    "register-and_be_mailed_by_an_api": "GET range, POST email",
    "log_in_by-who_is_connected": GRANT,
    "register_identity-who_is_new_and_comes_to_the_page_that_asks_for_more": GRANT,
    "connect-to_the_own_account": GRANT,
    "confirm_identity_by-who_has_to_prove_it_once_more": GRANT,
    "receive_answer-of_somebody_who_owns_the_address": GRANT,
}

EVENTS = "useraccounts.AccountEvent"
#: Those that tell of the outage itself.
OF_OUTAGES = ("breach_check_failed", "social_login_refused")


def those_of(names: Iterable[str]) -> Any:
    return pytest.mark.parametrize("case", [ALL[name] for name in names], ids=str)


@pytest.fixture
def fit(_rows: None, settings: Settings) -> Iterator[Callable[[Case], None]]:
    """Give the site of a case a mail server, a cache and an outside that can be away."""
    before = settings.USERACCOUNTS
    asked = {
        "NAME": "django_useraccounts.breached.BreachedPasswordValidator",
        "OPTIONS": {"timeout": 30},
    }
    settings.AUTH_PASSWORD_VALIDATORS = [*settings.AUTH_PASSWORD_VALIDATORS, asked]
    settings.CACHES = {"default": {"BACKEND": "tests.faults.outages.Cache"}}
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "of-nobody"}

    # Not by the fixture, which would lay the settings of each case over those of all before it.
    of_case = ExitStack()

    def change(case: Case) -> None:
        # What makes a session by hand, for code, knows the one of the database alone.
        engine = "cached_db" if str(case) in OF_BROWSERS else "db"
        postmark, ours = "anymail.backends.postmark.EmailBackend", "tests.faults.outages.Postman"
        backend = postmark if BY_AN_API in str(case) else ours
        mailer: dict[str, Any] = {"EMAIL_BACKEND": backend}
        if hasattr(mail, "mailers"):  # Django >= 6.1
            mailer = {"MAILERS": {"default": {"BACKEND": backend}}}
        of_case.close()
        of_case.enter_context(
            override_settings(
                USERACCOUNTS={**before, **case.conf, "LIMITS": {"cache": "default"}},
                SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
                **mailer,
            )
        )

    with ExitStack() as stack, of_case:
        # The library of Stripe tries twice more, after a while.
        stack.enter_context(mock.patch.multiple(HTTPClient, INITIAL_DELAY=0, MAX_DELAY=0))
        # Which of the rows of a whole site counts is left to chance, and a new one is asked more.
        stack.enter_context(mock.patch.object(limits, "SHARDS_MAX", 1))
        stack.enter_context(FakeBreachedPasswords())
        stack.enter_context(provider)
        yield change
    begin_anew()


# What is away, and what has to come of it


@those_of(MAILS)
def test_a_mail_that_cannot_be_sent_stays_and_is_sent_later(
    case: Case, fit: Callable[[Case], None]
) -> None:
    assert not faults(case, Door.MAIL, fit, wrong_without_mail)


def wrong_without_mail(right: Right, outcome: Outcome) -> Iterator[str]:
    yield from wrong_if_not_done(right, outcome)
    yield from wrong_later(right, outcome)


@pytest.mark.asvs("16.5.3")
@those_of(COUNTS)
def test_a_cache_that_is_away_neither_lets_in_nor_locks_out(
    case: Case, fit: Callable[[Case], None]
) -> None:
    def wrong(right: Right, outcome: Outcome) -> Iterator[str]:
        traffic: Traffic = outcome.course
        if traffic.met[0] in COUNTING and not any(map(is_count, traffic.course.statements)):
            yield "the attempt is not counted"
        if any(what.startswith("session") for what in traffic.met):
            yield from wrong_without_session(right, outcome)
        else:
            yield from wrong_if_not_done(right, outcome)
            yield from wrong_once_more(case, right, outcome)

    assert not faults(case, Door.CACHE, fit, wrong)


#: Operations after which an attempt is counted or is not; the others take one back.
COUNTING = {"limit get_many", "limit incr", "limit add"}


def is_count(statement: str) -> bool:
    return statement.startswith("INSERT") and AttemptCounter._meta.db_table in statement[:60]


def wrong_without_session(right: Right, outcome: Outcome) -> Iterator[str]:
    """
    Yield what is wrong where Django's own session met the outage.

    It raises what its cache raises, within the page or after it: then nothing is done, or all is,
    and the browser knows nothing of its session. Or it keeps what the cache knew before: then the
    browser has begun nothing, and is told so.
    """
    outcome = quietly(outcome)
    if status_of(outcome) not in {status_of(right.done), 400, 500, 503}:
        yield f"answered {status_of(outcome)}"
    rows = without_sessions(outcome.rows)
    is_done = rows == without_sessions(right.after)
    undone = [without_sessions(state) for state in right.states[:-1]]
    if not is_done and (status_of(outcome) < 400 or rows not in undone):
        yield f"in between\n{difference(right.after, outcome.rows)}"
    yield from wrong_news(right, outcome)
    if not is_done:
        begin_anew()
        yield from wrong_with_another_try(right, outcome)


def wrong_once_more(case: Case, right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with the next one who tries the same, whose attempts were counted."""
    counters = list(AttemptCounter.objects.all())
    act = prepared(case)
    AttemptCounter.objects.bulk_create(counters, ignore_conflicts=True)
    again = perform(act, disturbed())
    if again.raised or again.rows != right.after:
        yield f"the next one: {again.raised!r}\n{difference(right.after, again.rows)}"


@those_of(name for name, purposes in COUNTS.items() if purposes != SESSION)
def test_a_limit_that_is_used_up_refuses_while_the_cache_is_away(
    case: Case, fit: Callable[[Case], None], settings: Settings
) -> None:
    fit(case)
    # Else the session would fail first.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    begin_anew()
    act = prepared(case)
    before = snapshot()

    with used_up_limits():
        outcome = perform(act, disturbed(Door.CACHE, Way.GONE, 1))

    is_told = isinstance(outcome.raised, TooManyAttempts) or status_of(outcome) == 429
    assert is_told or case.flow.__name__ in TELLS_NOBODY
    assert without_sessions(outcome.rows) == without_sessions(before)
    assert (outcome.news, outcome.mails) == ([], [])


#: What writes down that somebody was refused, and stops doing so.
TELLS_NOBODY = {"record_refusal"}


@contextmanager
def used_up_limits() -> Iterator[None]:
    """Let each limit be used up already."""
    windows = limits._windows

    def used_up(*args: Any) -> Iterator[Window]:
        return (replace(window, attempts=0) for window in windows(*args))

    with mock.patch.object(limits, "_windows", used_up):
        yield


@pytest.mark.asvs("16.5.3")
@those_of(CALLS)
def test_who_is_asked_and_does_not_answer_leaves_nothing_half_done(
    case: Case, fit: Callable[[Case], None]
) -> None:
    assert not faults(case, Door.CALL, fit, partial(wrong_without_answer, case))


def wrong_without_answer(case: Case, right: Right, outcome: Outcome) -> Iterator[str]:
    traffic: Traffic = outcome.course
    if "GET range" in traffic.met and not noted(outcome.rows, "breach_check_failed"):
        yield "nobody is told that passwords are not looked for"
    outcome = quietly(outcome)
    if outcome.raised and type(outcome.raised).__name__ not in (case.flow.__doc__ or ""):
        yield f"came out as {outcome.raised!r}, which the flow does not say"
    not_understood = {400} if traffic.way is Way.STRANGE else set()
    if status_of(outcome) not in {status_of(right.done), 503} | not_understood:
        yield f"answered {status_of(outcome)}"
    is_told = outcome.raised or outcome.answer != right.done.answer
    if outcome.rows != right.after and not is_told:
        yield "not done, and nobody was told"
    states = [without_sessions(state) for state in right.states]
    if without_sessions(outcome.rows) not in states:
        yield f"in between\n{difference(right.after, outcome.rows)}"
    yield from wrong_news(right, outcome)
    begin_anew()
    if "POST email" in traffic.met:
        yield from wrong_later(right, outcome)
    elif outcome.rows != right.after:
        yield from wrong_with_another_try(right, outcome)


def noted(rows: Rows, *kinds: str) -> list[str]:
    """Return the events of some kinds."""
    return [text for text in rows[EVENTS] if any(f'"{kind}"' in text for kind in kinds)]


def quiet(rows: Rows) -> Rows:
    """Return rows without the events that tell of the outage itself."""
    told = noted(rows, *OF_OUTAGES)
    return {**rows, EVENTS: [text for text in rows[EVENTS] if text not in told]}


def quietly(outcome: Outcome) -> Outcome:
    """Return an outcome without these events, and the signals that tell of them."""
    told = Counter({"account_event_recorded": len(noted(outcome.rows, *OF_OUTAGES))})
    news = list((Counter(outcome.news) - told).elements())
    return replace(outcome, rows=quiet(outcome.rows), news=news)


def wrong_with_another_try(right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with the same, tried again by the same, once nothing is away."""
    again = quietly(perform(outcome.act, disturbed()))
    if again.raised or status_of(again) != status_of(right.done):
        yield f"another try: {again.raised!r}, {status_of(again)}"
    if again.rows != right.after:
        yield f"another try does not lead there\n{difference(right.after, again.rows)}"


# The loop


def faults(
    case: Case,
    door: Door,
    fit: Callable[[Case], None],
    wrong: Callable[[Right, Outcome], Iterator[str]],
) -> str:
    """Run a case once for each place, and return what was wrong in words, or ""."""
    fit(case)
    begin_anew()
    right = undisturbed(case, disturbed())
    known = broken_now()
    found = []
    for way, place in places(right, door):
        begin_anew()
        outcome = perform(prepared(case), disturbed(door, way, place))
        assert outcome.course.met, "the same has to be asked each time"
        where = f"{way.value}: {place}, {outcome.course.met[0]}"
        found += [f"{where}: {what}" for what in wrong(right, outcome)]
        found += [f"{where}: {what}" for what in broken_now() - known]
    return "\n".join([f"{len(found)} faults, such as", *found[:3]]) if found else ""


def places(right: Right, door: Door) -> Iterator[tuple[Way, int]]:
    """Yield every place, in a way that takes turns; calls are few, and fail in every way."""
    ways = WAYS[door]
    first = randrange(len(ways))
    for place in range(1, len(right.done.course.asked[door]) + 1):
        is_all = door is Door.CALL or FAULTS == "all"
        turn = ways[(first + place) % len(ways)]
        yield from ((way, place) for way in (ways if is_all else [turn]))


def broken_now() -> set[str]:
    """Return what of the invariants is broken, whatever the numbers of rows are."""
    return {re.sub(r"\d+", "n", words) for words in broken()}


def status_of(outcome: Outcome) -> int:
    """Return the status of an answer to a browser, or to Stripe; 0 for what code gets."""
    answer = outcome.answer
    return answer if type(answer) is int else getattr(answer, "status_code", 0)


def wrong_if_not_done(right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with what should have been done as if nothing was away."""
    if outcome.raised:
        yield f"came out as {outcome.raised!r}"
    if status_of(outcome) != status_of(right.done):
        yield f"answered {status_of(outcome)}"
    if outcome.rows != right.after:
        yield f"not done\n{difference(right.after, outcome.rows)}"
    yield from wrong_news(right, outcome)


def wrong_later(right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong once the server of mail is back, and everything has gone out."""
    tried = OutgoingMail.objects.filter(attempts__gt=0, sent_at=None).exclude(due_at=None)
    waiting = list(tried.values_list("pk", flat=True))
    if not waiting:
        yield "nothing is left to be sent"
    if tried.filter(due_at__lte=timezone.now()).exists():
        yield "it is tried again at once"
    tried.update(due_at=timezone.now() - timedelta(seconds=1))
    with disturbed():
        sent = [deliver(key) for key in waiting]
    if not all(sent):
        yield "it cannot be sent later"
    twice = Counter(mails_sent()) - Counter(right.done.mails)
    if Counter(right.done.mails) - Counter(mails_sent()):
        yield "a mail is lost"
    if twice and outcome.course.way is not Way.UNHEARD:
        yield f"sent twice: {twice}"
    rows = quiet(snapshot())
    if rows != right.after:
        yield f"to send it later changes more\n{difference(right.after, rows)}"


# Which cases there are


def test_each_case_reaches_out_as_it_is_written_down(fit: Callable[[Case], None]) -> None:
    found: dict[str, dict[str, str]] = {"mails": {}, "counts": {}, "calls": {}}
    for name, case in ALL.items():
        fit(case)
        begin_anew()
        traffic: Traffic = undisturbed(case, disturbed()).done.course
        sent = OutgoingMail.objects.exclude(sent_at=None).values_list("kind", flat=True)
        has_session = any(what.startswith(SESSION) for what in traffic.asked[Door.CACHE])
        counted = [*sorted(traffic.purposes), *[SESSION] * has_session]
        found["mails"][name] = " ".join(sorted(set(sent))) if traffic.asked[Door.MAIL] else ""
        found["counts"][name] = " ".join(counted)
        found["calls"][name] = ", ".join(dict.fromkeys(traffic.asked[Door.CALL]))

    of_some = {
        door: {name: what for name, what in table.items() if what} for door, table in found.items()
    }
    assert of_some == {"mails": MAILS, "counts": COUNTS, "calls": CALLS}


def test_every_mail_and_every_limit_that_there_is_meets_an_outage() -> None:
    kinds = {path.parent.name for path in PACKAGE.glob("**/mails/*/subject.txt")}
    assert {kind for kinds in MAILS.values() for kind in kinds.split()} == kinds

    counted = {purpose for purposes in COUNTS.values() for purpose in purposes.split()}
    assert counted == {*limits.DEFAULTS, SESSION}


#: What makes calls to the outside; all of it by ``requests``, and the library of Stripe by that.
ASKING = {
    "breached.py": {"GET range"},
    "memberships/stripe/client.py": {
        "POST v1/customers",
        "GET v1/checkout/sessions",
        "POST v1/checkout/sessions/expire",
        "POST v1/checkout/sessions",
        "POST v1/billing_portal/sessions",
        "GET v1/invoice_payments",
        "GET v1/invoices/lines",
        "GET v1/invoices",
        "POST v1/invoices/void",
        "GET v1/subscriptions",
        "POST v1/subscriptions",
        "DELETE v1/subscriptions",
        "POST v1/subscription_schedules/release",
    },
    "social/protocol/http.py": set(GRANT.split(", ")),
}
#: What the library of Stripe asks for, by the names of its methods.
OF_STRIPE = {
    **dict.fromkeys(["create", "update"], "POST {}"),
    **dict.fromkeys(["list", "retrieve"], "GET {}"),
    **{act: f"POST {{}}/{act}" for act in ("expire", "release")},
    "void_invoice": "POST {}/void",
    "cancel": "DELETE {}",
}
#: Modules by which a program reaches others.
WIRES = {"requests", "stripe", "urllib3", "socket", "smtplib", "ssl", "http", "asyncio", "aiohttp"}
WIRES |= {"httpx", "ftplib", "telnetlib", "subprocess", "authlib"}
#: Who has one of them, or what calls by it, and asks nobody itself.
NOT_ASKING = {
    "outside/calls.py": "how calls are made",
    "refusals.py": "the errors of smtplib",
    "social/protocol/grant.py": "by http.py",
    "social/protocol/id_token.py": "reads tokens",
}


def test_everything_that_asks_the_outside_meets_an_outage() -> None:
    asked = {what for calls in CALLS.values() for what in calls.split(", ")}
    assert asked == {"POST email"}.union(*ASKING.values())

    asking = (PACKAGE / "memberships/stripe/client.py").read_text()
    calls = re.findall(r"\bclient\.(v1\.[\w.]+)\.(\w+)\(", asking)
    paths = {what: what.replace(".", "/").replace("line_items", "lines") for what, _act in calls}
    said = {OF_STRIPE[act].format(paths[what]) for what, act in calls}
    assert said == ASKING["memberships/stripe/client.py"]


def test_nothing_else_has_a_wire() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "testing" and wires_in(ast.parse(path.read_text()))
    }

    assert found == {*ASKING, *NOT_ASKING}


def wires_in(tree: ast.Module) -> set[str]:
    """Return what a module imports that reaches others, ``LimitedSession`` included."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {(node.module or "").partition(".")[0]} if not node.level else set()
            names |= {"requests"} if any(a.name == "LimitedSession" for a in node.names) else set()
    return names & WIRES
