"""M. Limits of attempts: nobody gets more by another way, another spelling, or another's name."""

import base64
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from itertools import count

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.contrib.auth.forms import AuthenticationForm
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.authentication import BasicAuthentication

from django_useraccounts import limits
from django_useraccounts.devices import COOKIE as DEVICE
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.invitations.flows import invite
from django_useraccounts.models import AccountEvent, AttemptCounter
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.testing import make_user
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    last_mail,
    url,
)
from tests.ground.doubles import CountingArgon2
from tests.social.visits import ISSUER, OPTIONS

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def crowd(new_browser):
    """Log in from ever new places, as a stranger with many machines does: ``crowd(name)``."""
    places = count(1)

    def try_from_elsewhere(identifier="victoria", password=EVIL):
        number = next(places)
        place = f"198.51.{number // 250}.{number % 250}"
        return new_browser(REMOTE_ADDR=place).log_in(identifier, password)

    return try_from_elsewhere


def test_M2_an_own_success_buys_no_attempts_on_somebody_else(browser):
    make_user("victoria", VICTIM)
    make_user("mallory", "m@example.net", EVIL)

    codes = []
    for _ in range(10):
        codes.append(browser.log_in("victoria", "guess").status_code)
        browser.log_in("mallory", EVIL)
        browser.post(url("logout"))

    assert codes == [200] * 5 + [429] * 5


def test_M2_an_own_success_forgives_no_failures_of_the_client(browser, set_conf):
    set_conf(LIMITS={"login": {"identifier": "1000/5m", "client": "10/5m"}})
    make_user("mallory", "m@example.net", EVIL)

    codes = []
    for number in range(15):
        codes.append(browser.log_in(f"victim{number}", "guess").status_code)
        browser.log_in("mallory", EVIL)
        browser.post(url("logout"))

    assert codes.count(200) <= 10
    assert codes[-1] == 429


def test_M2_the_owners_success_forgives_no_failures_of_strangers(crowd, new_browser):
    make_user("victoria", VICTIM)
    owner = new_browser(REMOTE_ADDR="203.0.113.5")

    codes = []
    for _ in range(12):
        codes.append(crowd("victoria").status_code)
        owner.log_in("victoria")
        owner.post(url("logout"))

    assert codes == [200] * 10 + [429] * 2


def test_M2_the_owners_success_forgives_the_owners_errors_in_typing(browser):
    make_user("victoria", VICTIM)

    for _ in range(2):
        codes = [browser.log_in("victoria", "tpyo").status_code for _ in range(4)]
        assert codes == [200] * 4
        assert browser.log_in("victoria").status_code == 302
        browser.post(url("logout"))
        browser.cookies.pop(DEVICE)


def test_M2_a_refused_attempt_with_the_right_password_gives_no_attempt_back(browser):
    make_user("victoria", VICTIM)
    for _ in range(5):
        browser.log_in("victoria", "guess")

    codes = [browser.log_in("victoria", PASSWORD).status_code for _ in range(3)]

    assert codes == [429] * 3
    assert browser.user_id is None


def test_M4_the_last_attempt_that_is_allowed_is_allowed_and_refused_ones_count_once(set_conf):
    set_conf(LIMITS={"export": {"identifier": "3/5m"}})

    outcomes = []
    for _ in range(5):
        try:
            limits.spend("export", identifier="x", request=None)
            outcomes.append("tried")
        except TooManyAttempts:
            outcomes.append("refused")

    assert outcomes == ["tried"] * 3 + ["refused"] * 2
    assert AttemptCounter.objects.get().attempts == 5


# M5: nobody locks the owner out


def test_M5_a_stranger_who_fails_all_day_keeps_nobody_out_of_a_browser_that_is_trusted(
    browser, crowd
):
    user = make_user("victoria", VICTIM)
    browser.log_in("victoria")
    browser.post(url("logout"))

    # More than any budget has; most are refused.
    codes = [crowd(name).status_code for name in ["victoria", VICTIM] * 60]

    assert codes[-1] == 429
    assert browser.log_in("victoria", "tpyo").status_code == 200
    assert browser.log_in(VICTIM).status_code == 302
    assert browser.user_id == str(user.pk)


def test_M5_a_flood_of_a_shared_network_or_of_the_site_keeps_no_trusted_browser_out(
    browser, new_browser, set_conf
):
    set_conf(LIMITS={"login": {"client": "5/5m", "global": "8/5m"}})
    user = make_user("victoria", VICTIM)
    browser.log_in("victoria")
    browser.post(url("logout"))
    neighbour = new_browser()
    codes = [neighbour.log_in(f"name{number}", EVIL).status_code for number in range(10)]

    browser.log_in("victoria")

    assert codes == [200] * 5 + [429] * 5
    assert browser.user_id == str(user.pk)


def test_M5_who_resets_the_password_gets_in_where_it_was_reset_while_the_stranger_goes_on(
    new_browser, crowd
):
    user = make_user("victoria", VICTIM)
    owner = new_browser(REMOTE_ADDR="203.0.113.5")
    for _ in range(12):
        crowd("victoria")
    assert owner.log_in("victoria").status_code == 429

    owner.forgot()
    owner.reset(last_mail())
    for _ in range(12):
        crowd("victoria")
    owner.log_in("victoria", NEW_PASSWORD)

    assert owner.user_id == str(user.pk)


@pytest.mark.parametrize("way", ["resend", "invite"])
def test_M5_no_other_mail_uses_up_the_links_that_let_the_owner_in(new_browser, way):
    user = make_user("victoria", VICTIM)
    for number in range(12):
        stranger = new_browser(REMOTE_ADDR=f"198.51.100.{number}")
        if way == "resend":
            stranger.resend()
        else:
            mallory = make_user(f"mallory{number}", is_superuser=True)
            with suppress(TooManyAttempts):
                invite(VICTIM, by=mallory)

    owner = new_browser(REMOTE_ADDR="203.0.113.5")
    owner.forgot()
    owner.reset(last_mail())
    owner.log_in("victoria", NEW_PASSWORD)

    assert owner.user_id == str(user.pk)


def test_M5_who_uses_up_the_links_themselves_has_sent_the_owner_one_that_works(new_browser):
    user = make_user("victoria", VICTIM)
    for number in range(12):
        new_browser(REMOTE_ADDR=f"198.51.100.{number}").forgot()

    owner = new_browser(REMOTE_ADDR="203.0.113.5")
    assert owner.forgot().status_code == 429
    owner.reset(last_mail())
    owner.log_in("victoria", NEW_PASSWORD)

    assert owner.user_id == str(user.pk)


def test_M5_a_browser_that_ends_all_others_by_disconnecting_stays_a_trusted_one(
    browser, crowd, set_conf
):
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}})
    user = make_user("victoria", VICTIM)
    connection_of_hers = connect(user, Identity("guild", ISSUER, "victoria-1"))
    browser.log_in("victoria")
    browser.post(url("disconnect_provider", connection_of_hers.pk))
    browser.post(url("logout"))
    for _ in range(12):
        crowd("victoria")

    browser.log_in("victoria")

    assert browser.user_id == str(user.pk)


def test_M5_the_wait_at_a_name_is_a_minute_before_it_is_five_and_never_grows_by_trying(browser):
    make_user("victoria", VICTIM)

    waits = [browser.log_in("victoria", EVIL).headers.get("Retry-After") for _ in range(40)]

    assert waits[:5] == [None] * 5
    assert all(0 < int(wait) <= 60 for wait in waits[5:])


def test_M5_H13_a_browser_of_one_account_is_no_trusted_one_of_another(browser, crowd):
    make_user("victoria", VICTIM)
    make_user("mallory", "m@example.net", EVIL)
    browser.log_in("mallory", EVIL)
    browser.post(url("logout"))
    for _ in range(10):
        crowd("victoria")

    codes = [browser.log_in("victoria", EVIL).status_code for _ in range(3)]

    assert codes == [429] * 3


def test_M5_H13_a_stolen_cookie_gives_as_many_guesses_as_anybody_has_and_a_reset_ends_them(
    browser, new_browser
):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")
    thief = new_browser(REMOTE_ADDR="198.51.100.9")
    thief.cookies[DEVICE] = browser.cookies[DEVICE].value

    codes = [thief.log_in(name, EVIL).status_code for name in ["victoria", VICTIM] * 6]
    assert codes == [200] * 10 + [429] * 2

    owner = new_browser(REMOTE_ADDR="203.0.113.5")
    owner.forgot()
    owner.reset(last_mail())
    # From now on it is any browser.
    codes = [thief.log_in("victoria", EVIL).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    assert owner.log_in("victoria", NEW_PASSWORD).status_code == 302


def test_M5_who_knew_the_password_before_makes_no_trusted_browsers_to_go_on_with(
    browser, new_browser
):
    make_user("victoria", VICTIM)
    thief = new_browser(REMOTE_ADDR="198.51.100.9")
    for _ in range(3):
        thief.cookies.clear()
        thief.log_in("victoria")
    browser.log_in("victoria")
    browser.change_password()

    codes = [thief.log_in("victoria").status_code for _ in range(7)]

    assert 302 not in codes
    assert codes[5:] == [429] * 2


def test_M5_strangers_do_not_keep_who_is_logged_in_from_the_password(browser, crowd):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")
    for _ in range(20):
        crowd("victoria")

    assert browser.change_password().status_code == 302


def test_M5_a_forged_cookie_is_no_way_around_the_limit(new_browser):
    make_user("victoria", VICTIM)

    codes = []
    for number in range(7):
        stranger = new_browser()
        stranger.cookies[DEVICE] = f"{number:043}.{number:028}"
        codes.append(stranger.log_in("victoria", EVIL).status_code)

    assert codes == [200] * 5 + [429] * 2


@pytest.mark.parametrize("state", ["none", "active", "unconfirmed", "inactive", "no password"])
@pytest.mark.parametrize("identifier", ["victoria", VICTIM])
def test_M9_every_name_meets_the_limits_at_the_same_attempt(browser, crowd, state, identifier):
    if state != "none":
        password = None if state == "no password" else PASSWORD
        make_user("victoria", VICTIM, password, confirmed=state != "unconfirmed")
        User.objects.update(is_active=state != "inactive")

    assert [browser.log_in(identifier, EVIL).status_code for _ in range(6)] == [200] * 5 + [429]
    assert [crowd(identifier).status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize("identifier", ["victoria", VICTIM, "nobody", "nobody@example.com"])
@pytest.mark.parametrize("password", [EVIL, PASSWORD], ids=["wrong", "right"])
def test_M9_an_account_that_is_used_up_answers_like_any_wrong_password(
    browser, crowd, set_conf, settings, identifier, password
):
    settings.PASSWORD_HASHERS = ["tests.ground.doubles.CountingArgon2"]
    set_conf(LIMITS={"login": {"account": "4/1d"}})
    make_user("victoria", VICTIM)
    make_user("walter", "walter@example.com")
    other = VICTIM if identifier == "victoria" else "victoria"
    for name in [identifier, other] * 2:
        crowd(name)
    CountingArgon2.hashes = 0

    with CaptureQueriesContext(connection) as used_up:
        response = browser.log_in(identifier, password)
    assert CountingArgon2.hashes == 1
    with CaptureQueriesContext(connection) as wrong:
        like_any = browser.log_in("walter", EVIL)

    assert response.status_code == like_any.status_code == 200
    assert len(used_up) == len(wrong) == 3
    assert response.headers.keys() == like_any.headers.keys()
    form, other_form = response.context["form"], like_any.context["form"]
    assert form.errors == other_form.errors
    assert DEVICE not in response.cookies


def test_M9_two_names_of_one_account_are_not_told_by_using_up_one(crowd, set_conf):
    set_conf(LIMITS={"login": {"account": "3/1d"}})
    make_user("victoria", VICTIM)
    for _ in range(10):
        crowd("victoria")

    codes = {
        name: [crowd(name).status_code for _ in range(11)] for name in (VICTIM, "no@example.com")
    }

    assert codes[VICTIM] == codes["no@example.com"] == [200] * 10 + [429]


# M7: whatever the channel


def by_page(browser, name, password):
    return browser.log_in(name, password).status_code == 429


def by_admin(browser, name, password):
    data = {"username": name, "password": password}
    return "Too many attempts" in browser.post("/admin/login/", data).content.decode()


def by_form(browser, name, password):
    # Django's own form, as the pages of other projects use it.
    request = browser.get(url("login")).wsgi_request
    form = AuthenticationForm(request, {"username": name, "password": password})
    assert not form.is_valid()
    return "Too many attempts" in str(form.errors)


def by_code(browser, name, password):
    try:
        return authenticate(
            browser.get(url("login")).wsgi_request, username=name, password=password
        )
    except TooManyAttempts:
        return True


def by_basic_authentication(browser, name, password):
    # As a view of Django REST framework asks, without any session.
    request = browser.get(url("login")).wsgi_request
    request._request = request
    code = base64.b64encode(f"{name}:{password}".encode()).decode()
    request.META["HTTP_AUTHORIZATION"] = f"Basic {code}"
    try:
        BasicAuthentication().authenticate(request)
    except TooManyAttempts:
        return True
    except Exception as error:
        return "Too many" in str(error)
    return False


def by_async_code(browser, name, password):
    request = browser.get(url("login")).wsgi_request
    try:
        return async_to_sync(aauthenticate)(request, username=name, password=password)
    except TooManyAttempts:
        return True


CHANNELS = [by_page, by_admin, by_form, by_code, by_basic_authentication]


@pytest.mark.asvs("6.3.4")
@pytest.mark.parametrize("last", [*CHANNELS, by_async_code], ids=lambda channel: channel.__name__)
def test_M7_every_channel_meets_the_limit_that_the_others_have_used_up(browser, last):
    make_user("victoria", VICTIM)
    for channel in CHANNELS:
        assert not channel(browser, "victoria", EVIL)

    assert last(browser, "Victoria", PASSWORD)
    assert browser.user_id is None


def test_M7_every_page_that_asks_for_the_own_password_again_counts_in_one_place(browser):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")

    codes = [browser.change_password(EVIL).status_code for _ in range(5)]
    for _ in range(5):
        answer = browser.post(url("confirm_identity"), {"old_password": EVIL})
        codes.append(answer.status_code)

    assert codes == [200] * 10
    assert browser.change_password(PASSWORD).status_code == 429
    answer = browser.post(url("confirm_identity"), {"old_password": PASSWORD})
    assert answer.status_code == 429


def test_M12_what_is_tried_leaves_rows_of_one_size_and_the_same_rows_for_one_name(
    browser, set_conf
):
    set_conf(LIMITS={"login": {"global": "500/5m"}})
    names = ["x" * 250, "ｘ" * 10, "a@b", "\u202e"]
    for identifier in names * 2:
        browser.log_in(identifier, EVIL)

    keys = list(AttemptCounter.objects.values_list("key", flat=True))
    assert {len(key) for key in keys} == {64}
    # For each name three windows, the pair and the account; one client, and the site.
    assert len(keys) == 5 * len(names) + 2


def test_M12_who_is_refused_already_fills_no_table(browser, set_conf):
    set_conf(LIMITS={"login": {"client": "10/5m", "global": "500/5m"}})

    for number in range(40):
        browser.log_in(f"user{number}", EVIL)

    assert AttemptCounter.objects.count() == 10 * 5 + 2


def test_M12_who_is_refused_already_leaves_no_event_and_what_strangers_tried_goes_in_time(
    browser, set_conf
):
    set_conf(LIMITS={"login": {"client": "10/5m", "global": "500/5m"}})
    make_user("victoria")
    for number in range(20):
        browser.log_in("victoria" if number < 5 else f"user{number}", EVIL)

    assert AccountEvent.objects.count() == 10

    AccountEvent.objects.update(at=timezone.now() - timedelta(days=100))
    call_command("useraccounts_prune", stdout=StringIO())

    assert {event.user.username for event in AccountEvent.objects.all()} == {"victoria"}


def test_M12_windows_that_are_over_do_not_stay_for_ever(browser, set_conf):
    set_conf(LIMITS={"login": {"global": "500/5m"}})
    for number in range(20):
        browser.log_in(f"user{number}", EVIL)
    AttemptCounter.objects.update(ends_at=1)
    browser.log_in("now", EVIL)

    call_command("useraccounts_prune", stdout=StringIO())

    # The name of now, and the client and the site, whose windows began anew.
    assert AttemptCounter.objects.count() == 5 + 2


@pytest.mark.parametrize(
    "one, other",
    [
        ("a:b", "a"),
        ("a\0b", "a"),
        ("", "\0"),
        ("a" * 10_000, "a" * 10_001),
        ("export\0client\0" + "127.0.0.1", "127.0.0.1"),
        ("\ud800", "\udfff"),
    ],
    ids=["colon", "nul", "empty", "long", "another key", "surrogates"],
)
def test_M13_what_is_typed_reaches_no_other_counter(db, one, other):
    for identifier in (one, other):
        limits.spend("export", identifier=identifier, request=None)

    counts = list(AttemptCounter.objects.values_list("attempts", flat=True))
    # Both lone surrogates are replaced alike: one counter too few is on the safe side.
    assert counts in ([1, 1], [1], [2])
    assert counts != [2] or "\ud800" in one


def test_M13_purposes_and_kinds_of_subjects_are_counted_apart(rf, db):
    request = rf.get("/", REMOTE_ADDR="203.0.113.5")

    limits.spend("export", identifier="203.0.113.5", request=request)
    limits.spend("username", identifier="203.0.113.5", request=request)

    assert list(AttemptCounter.objects.values_list("attempts", flat=True)) == [1] * 4


# Seams


def test_a_stranger_cannot_choose_the_address_that_is_counted(new_browser):
    # A public address; what a private one sends along comes from a proxy.
    stranger = new_browser(REMOTE_ADDR="93.184.216.34")
    for number in range(101):
        response = stranger.post(
            url("login"),
            {"identifier": f"user{number}", "password": EVIL},
            headers={"x-forwarded-for": f"203.0.113.{number}", "x-real-ip": "1.2.3.4"},
        )

    assert response.status_code == 429


def test_ipv4_clients_of_a_server_that_listens_on_ipv6_do_not_lock_each_other_out(new_browser):
    codes = [
        new_browser(REMOTE_ADDR=f"::ffff:203.0.113.{number}")
        .register(f"user{number}", f"user{number}@example.com")
        .status_code
        for number in range(25)
    ]

    assert codes == [302] * 25


@pytest.mark.parametrize("address", ["", "unix:", "fe80::1%eth0", "not an address", "1.2.3.4:80"])
def test_a_client_without_a_plain_address_can_log_in(browser, new_browser, address):
    user = make_user("victoria", VICTIM)
    visitor = new_browser(REMOTE_ADDR=address)

    visitor.log_in("victoria")

    assert visitor.user_id == str(user.pk)


def test_a_refusal_outlives_the_transaction_of_a_project_that_rolls_back(browser):
    make_user("victoria", VICTIM)
    for _ in range(4):
        browser.log_in("victoria", EVIL)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        browser.log_in("victoria", EVIL)
        _ = 1 / 0
    # The one that was rolled back may be tried again, no more.
    codes = [browser.log_in("victoria", EVIL).status_code for _ in range(3)]

    assert codes == [200, 429, 429]


def test_an_account_is_guessed_at_by_all_its_names_as_often_as_by_one(crowd, set_conf):
    set_conf(LIMITS={"login": {"account": "10/1d"}})
    user = make_user("victoria", VICTIM)
    for name in ["victoria", VICTIM] * 5:
        crowd(name)

    responses = [crowd(name, PASSWORD) for name in ("victoria", VICTIM)]

    assert [response.status_code for response in responses] == [200, 200]
    assert not [r for r in responses if "_auth_user_id" in r.wsgi_request.session]
    assert user.check_password(PASSWORD)


def test_a_password_in_the_wrong_field_is_kept_nowhere(browser):
    browser.log_in(NEW_PASSWORD, EVIL)

    assert NEW_PASSWORD not in str(everything())
    assert NEW_PASSWORD not in str(list(AttemptCounter.objects.values()))
