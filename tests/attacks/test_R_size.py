"""R. Huge or odd input: refused quickly, before anything expensive is done with it."""

import contextlib
import http.client
import json
import threading
import time
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model

from django_useraccounts.browser import COOKIE
from django_useraccounts.canonical import clean_email, clean_username
from django_useraccounts.credentials import PASSWORD_MAX_LENGTH, check_own_password
from django_useraccounts.devices import COOKIE as DEVICE
from django_useraccounts.errors import InvalidEmail, InvalidUsername, WrongPassword
from django_useraccounts.invitations.models import looks_like_link
from django_useraccounts.limits import Rate
from django_useraccounts.models import OutgoingMail, UserEmail
from django_useraccounts.refusals import as_kept
from django_useraccounts.testing import make_user
from tests.attacks.broken import CountingHasher
from tests.attacks.browsers import (
    EVIL,
    PASSWORD,
    VICTIM,
    last_mail,
    page_of,
    url,
)
from tests.attacks.channels import ADDRESSING
from tests.attacks.races import Surfer, at_once

pytestmark = pytest.mark.django_db

User = get_user_model()
FORMS = ["register", "login", "forgot_password", "resend_confirmation"]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def counted(settings):
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.CountingHasher"]
    make_user("victoria", VICTIM)
    CountingHasher.work.clear()
    CountingHasher.lengths.clear()
    return CountingHasher.work


@pytest.mark.asvs("1.3.3", "2.2.1", "2.2.2")
@pytest.mark.parametrize("size", [1_001, 1_000_000, 2_400_000])
@pytest.mark.parametrize("page", ["register", "login", "confirm_identity", "change", "reset"])
def test_R1_a_huge_password_is_refused_before_it_is_hashed(browser, counted, size, page):
    huge = "x" * size
    if page in {"confirm_identity", "change"}:
        browser.force_login(User.objects.get())
    if page == "reset":
        browser.forgot()
        path = page_of(browser.open(last_mail()))
    counted.clear()
    started = time.process_time()

    if page == "register":
        response = browser.register(password=huge)
    elif page == "login":
        response = browser.log_in("victoria", huge)
    elif page == "confirm_identity":
        response = browser.post(url("confirm_identity"), {"old_password": huge})
    elif page == "change":
        response = browser.change_password(huge, "x" * 1_001)
    else:
        response = browser.post(path, {"new_password": huge})

    assert response.status_code == 200
    assert b"at most 1000 characters" in response.content
    assert len(response.content) < 20_000
    assert not counted
    assert time.process_time() - started < 1


def in_administration(browser, password):
    browser.post("/admin/login/", {"username": "victoria", "password": password})


def by_basic_authentication(browser, password):
    code = b64encode(f"victoria:{password}".encode()).decode()
    browser.get("/rest/basic/", headers={"authorization": f"Basic {code}"})


def by_code(browser, password):
    assert authenticate(None, username="victoria", password=password) is None


def by_async_code(browser, password):
    assert async_to_sync(aauthenticate)(None, username="victoria", password=password) is None


def as_nobody(browser, password):
    assert authenticate(None, username="nobody", password=password) is None


def as_the_old_one(browser, password):
    with pytest.raises(WrongPassword):
        check_own_password(User.objects.get(), password, request=None)


@pytest.mark.urls("tests.integrations.urls")
@pytest.mark.parametrize(
    "way",
    [in_administration, by_basic_authentication, by_code, by_async_code, as_nobody, as_the_old_one],
)
def test_R1_no_way_in_hashes_a_huge_password(browser, counted, way):
    """Not even one whose beginning is right: there is one hash at most, of what fits on a page."""
    way(browser, (PASSWORD + " " * 1_000)[: PASSWORD_MAX_LENGTH + 1])
    way(browser, PASSWORD + "x" * 1_000_000)

    assert "_auth_user_id" not in browser.session
    assert len(CountingHasher.work) <= 2
    assert all(length <= PASSWORD_MAX_LENGTH for length in CountingHasher.lengths)


@pytest.mark.parametrize("way", [by_code, as_the_old_one])
def test_R1_a_password_whose_first_thousand_characters_are_right_is_wrong(browser, counted, way):
    longest = "horse " * 166 + "four"
    user = User.objects.get()
    user.set_password(longest)
    user.save()
    assert authenticate(None, username="victoria", password=longest) == user

    way(browser, longest + "x")


def test_R1_a_body_that_is_larger_than_django_takes_is_refused(browser, counted):
    for name in FORMS:
        assert browser.post(url(name), {"password": "x" * 3_000_000}).status_code in {200, 400}
        body = urlencode({"password": "x" * 3_000_000})
        assert browser.generic("POST", url(name), body, FORM).status_code == 400

    assert not counted


@pytest.mark.asvs("6.2.8")
def test_R2_no_part_of_a_long_password_is_cut_off(browser):
    base = "correct horse " * 60
    make_user("victoria", VICTIM, base + "a")

    browser.log_in("victoria", base + "b")
    assert browser.user_id is None
    browser.log_in("victoria", base)
    assert browser.user_id is None
    browser.log_in("victoria", base + "a")
    assert browser.user_id


@pytest.mark.asvs("6.2.8")
def test_R2_spaces_around_a_password_are_part_of_it(browser, new_browser):
    browser.register("victoria", VICTIM, " correct horse battery ")
    browser.confirm(last_mail())

    other = new_browser()
    other.log_in("victoria", "correct horse battery")
    assert other.user_id is None
    other.log_in("victoria", " correct horse battery ")
    assert other.user_id


@pytest.mark.parametrize("name", FORMS)
def test_R3_ten_thousand_fields_are_refused(browser, name):
    many = "&".join(f"field{number}=x" for number in range(10_000))
    same = "&".join(["password=x"] * 10_000)
    nested = "&".join(f"username{'[a]' * (number % 50)}=x" for number in range(900))

    assert browser.generic("POST", url(name), many, FORM).status_code == 400
    assert browser.generic("POST", url(name), same, FORM).status_code == 400
    assert browser.generic("POST", url(name), nested, FORM).status_code == 200


@pytest.mark.parametrize("name", [*FORMS, "logout", "mail_sent", "profile", "change_password"])
def test_R3_a_megabyte_of_a_wish_costs_nothing(browser, name):
    started = time.process_time()

    page = browser.get(f"{url(name)}?next=/{'x' * 1_000_000}")
    posted = browser.post(url(name), {"next": "/" + "x" * 1_000_000})

    assert page.status_code in {200, 302, 400}
    assert posted.status_code in {200, 302, 400, 405}
    if name != "profile":  # the way to the login keeps the address that was asked for
        assert len(page.content) < 20_000 or name == "change_password"
        assert len(posted.content) < 20_000
    assert time.process_time() - started < 2


@pytest.mark.parametrize("page", ["confirm-email", "reset-password"])
def test_R3_a_megabyte_of_a_link_is_no_link(browser, page):
    started = time.process_time()

    for link in ("A" * 1_000_000, "A" * 65, "A", "é" * 100_000):
        response = browser.get(f"/accounts/{page}/{link}/")
        assert response.status_code == 404
        assert browser.post(f"/accounts/{page}/{link}/").status_code == 404

    assert time.process_time() - started < 2


def test_R3_a_megabyte_of_cookies_costs_nothing(browser):
    started = time.process_time()
    cookies = "; ".join(f"c{number}=x" for number in range(50_000))

    for header in (cookies, f"{COOKIE}=" + "a" * 1_000_000, ";" * 100_000, "=" * 43):
        assert browser.get(url("register"), HTTP_COOKIE=header).status_code == 200

    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "cookie", ["a" * 43 + ".b" * 500_000, "a" * 43 + ("." + "b" * 22) * 40_000, "." * 1_000_000]
)
def test_R3_a_megabyte_of_seals_costs_a_login_nothing(browser, cookie):
    make_user("victoria", VICTIM)
    started = time.process_time()

    data = {"identifier": "victoria", "password": EVIL}
    answer = browser.post(url("login"), data, HTTP_COOKIE=f"{DEVICE}={cookie}")

    assert answer.status_code == 200
    assert time.process_time() - started < 1


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"username": "", "email": "", "password": "", "identifier": ""},
        {"username[]": "a", "email[]": VICTIM, "password[]": "b", "identifier[]": "c"},
        {"username": ["a", "b"], "email": ["a@b.c", "d"], "password": ["x", "y"]},
        {"username[a]": "x", "email.0": "x", "password\x00": "x", "identifier'": "x"},
        {"csrfmiddlewaretoken": "x" * 10_000, "next": ["//evil.com", "/x"], "remember": "maybe"},
    ],
    ids=["nothing", "empty", "lists", "twice", "odd names", "odd values"],
)
def test_R3_missing_fields_and_lists_are_a_form_with_sentences(browser, name, data):
    response = browser.post(url(name), data)

    assert response.status_code == 200
    assert b"_error" in response.content
    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.asvs("2.4.1")
@pytest.mark.django_db(transaction=True)
def test_R4_many_logins_at_once_are_limited_before_they_hash(live_server, settings):
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.CountingHasher"]
    make_user("victoria", VICTIM)
    surfers = [Surfer(live_server.url) for _ in range(8)]
    for surfer in surfers:
        surfer.get(url("login"))
    CountingHasher.work.clear()

    data = {"identifier": "victoria", "password": EVIL}
    answers = at_once(
        *[lambda s=surfer: [s.post(url("login"), data) for _ in range(5)] for surfer in surfers]
    )

    codes = [answer.status for several in answers for answer in several]
    assert codes.count(200) == 5
    assert codes.count(429) == 35
    assert len(CountingHasher.work) == 5


@pytest.mark.asvs("15.2.2")
def test_R4_a_refused_attempt_costs_no_hash(browser, counted):
    for _ in range(10):
        browser.log_in("victoria", EVIL)
    counted.clear()

    for _ in range(5):
        assert browser.log_in("victoria", PASSWORD).status_code == 429

    assert not counted


@pytest.mark.parametrize(
    "text",
    [
        "a." * 120 + "@example.com",
        "a" * 250 + "@",
        "a@" + "a." * 120,
        "a@" + "-" * 250,
        "a" + "!#$%&" * 48 + "@a",
        "@" * 254,
        "." * 254,
        "a@" + "xn--" * 60,
        "a@" + "1." * 125,
        "a@" + "\u0e33" * 250,
        "a@" + "\u200d" * 250,
        "_-." * 21,
        "1/" * 100,
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_R5_no_text_makes_a_validator_slow(text):
    started = time.process_time()
    for _ in range(10):
        for clean, error in ((clean_email, InvalidEmail), (clean_username, InvalidUsername)):
            with contextlib.suppress(error):
                clean(text)
        with contextlib.suppress(ValueError):
            Rate.parse(text)

    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "text", ["1" * 1000, "1." * 500, "a-" * 500, "w" * 1000, "@ " * 500, "ﷺ" * 55]
)
def test_R5_nor_what_looks_for_links_in_what_others_write(text):
    started = time.process_time()
    for _ in range(5):
        looks_like_link(text)
        as_kept(text * 200)

    assert time.process_time() - started < 1


LENGTHS = pytest.mark.parametrize(
    "email, good",
    [
        ("a" * 64 + "@example.com", True),
        ("a" * 65 + "@example.com", False),
        ("a" * 300 + "@example.com", False),
        ("a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".com", True),
        ("a" * 64 + "@" + ".".join(["b" * 63] * 3) + ".com", False),
        ("a@" + "b" * 64 + ".com", False),
    ],
)


@LENGTHS
def test_R6_an_address_is_as_long_as_mail_servers_take(browser, email, good):
    response = browser.register("victoria", email, PASSWORD)

    assert response.status_code == (302 if good else 200)
    assert User.objects.count() == good


@LENGTHS
@pytest.mark.parametrize("channel", ADDRESSING)
def test_R6_by_each_way_an_address_is_as_long_as_mail_servers_take(client, channel, email, good):
    channel(client, email)

    assert UserEmail.objects.filter(email=email).exists() is good


# On the wire, where no test client stands between


def _raw(live_server, *lines: bytes, body: bytes = b"") -> int:
    host = live_server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.connect()
        connection.sock.sendall(b"\r\n".join([*lines, b"Host: localhost", b"Connection: close"]))
        connection.sock.sendall(b"\r\n\r\n" + body)
        response = http.client.HTTPResponse(connection.sock, method=lines[0].split()[0].decode())
        response.begin()
        response.read()
        # A server that fails while it writes the headers cuts them off.
        assert "Content-Length" in response.headers
        return response.status
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "cookie",
    ["€" * 43, "é" * 43, '"' + "\\001" * 43 + '"', '"' + "\\015\\012" * 21 + 'a"', "\x7f" * 43],
    ids=["euro", "accent", "control", "line breaks", "delete"],
)
def test_R3_no_browser_cookie_breaks_the_register_page_on_the_wire(live_server, cookie):
    line = f"Cookie: {COOKIE}={cookie}".encode()

    assert _raw(live_server, b"GET /accounts/register/ HTTP/1.1", line) == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "line",
    [
        b"GET //evil.com/accounts/login/ HTTP/1.1",
        b"GET http://evil.com/accounts/login/ HTTP/1.1",
        b"GET /accounts/login/?next=/\xff HTTP/1.1",
        b"GET /accounts/confirm-email/%ff%00/ HTTP/1.1",
        b"HEAD /accounts/login/ HTTP/1.1",
        b"PROPFIND /accounts/login/ HTTP/1.1",
        b"TRACE /accounts/login/ HTTP/1.1",
    ],
    ids=repr,
)
def test_R3_odd_requests_get_an_answer_below_500(live_server, line):
    assert _raw(live_server, line) < 500


def test_a_json_body_with_lists_is_no_form(browser):
    body = json.dumps({"identifier": ["victoria"], "password": {"a": 1}, "username": None})

    assert browser.generic("POST", url("login"), body, "application/json").status_code == 200
    assert threading.active_count() < 50
