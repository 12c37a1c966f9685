"""Passwords from data breaches: refused if the service knows them, and never held up by it."""

import hashlib
import itertools
import logging
import os
import socket
import subprocess
import sys
import threading

import pytest
import requests
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.urls import reverse

from django_useraccounts import breached
from django_useraccounts.breached import RANGES_URL, BreachedPasswordValidator
from django_useraccounts.models import AccountEvent, User
from django_useraccounts.testing import make_user
from django_useraccounts.testing.breached import FakeBreachedPasswords, padding
from tests.dripping import FLOOD, OK, drops, server, within
from tests.readme import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

PASSWORD = "correct horse battery staple"
DIGEST = hashlib.sha1(PASSWORD.encode()).hexdigest().upper()
NAME = "django_useraccounts.breached.BreachedPasswordValidator"


@pytest.fixture
def validator():
    return BreachedPasswordValidator()


@pytest.fixture
def used_by_the_site(settings):
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": NAME}]


def is_refused(validator, password=PASSWORD, user=None):
    try:
        validator.validate(password, user)
    except ValidationError as error:
        assert error.code == "password_breached"
        return True
    return False


def reasons():
    events = AccountEvent.objects.filter(kind="breach_check_failed")
    return [event.details["reason"] for event in events]


@pytest.mark.asvs("6.2.12")
def test_a_breached_password_is_refused(validator):
    with FakeBreachedPasswords(PASSWORD), pytest.raises(ValidationError) as refused:
        validator.validate(PASSWORD)

    sentence = "This password has appeared in a data breach, so others know it."
    assert refused.value.messages == [sentence]
    assert reasons() == []


def test_any_other_password_passes(validator):
    with FakeBreachedPasswords("letmein") as fake:
        assert not is_refused(validator)

    assert fake.calls["range"] == 1
    assert reasons() == []


@pytest.mark.asvs("14.2.3")
def test_five_letters_of_a_hash_are_all_that_is_told(validator):
    with FakeBreachedPasswords(PASSWORD) as fake:
        is_refused(validator)

    ((_name, asked),) = fake.asked
    assert (asked.method, asked.url) == ("GET", RANGES_URL + DIGEST[:5])
    assert asked.headers["Add-Padding"] == "true"
    assert asked.headers["User-Agent"] == "django_useraccounts"
    assert "Cookie" not in asked.headers and "Authorization" not in asked.headers
    assert asked.data == {}


def test_padding_stands_for_nothing(validator):
    with FakeBreachedPasswords() as fake:
        fake.answers("range", body=f"{DIGEST[5:]}:0\r\n{'A' * 35}:7".encode())
        assert not is_refused(validator)

    assert reasons() == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{DIGEST[5:].lower()}:1", id="small-letters"),
        pytest.param(f"\ufeff{DIGEST[5:]}:1\r\n", id="byte-order-mark"),
        pytest.param(f"{'A' * 35}:2\n\n{DIGEST[5:]}:1\n", id="other-line-ends"),
        pytest.param(f"{DIGEST[5:]}:{10**15 - 1}", id="found-often"),
    ],
)
def test_how_it_is_written_does_not_matter(validator, body):
    with FakeBreachedPasswords() as fake:
        fake.answers("range", body=body.encode())
        assert is_refused(validator)


GARBAGE = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"<html>Please log in to this network</html>", id="captive-portal"),
    pytest.param(f"{DIGEST}:1".encode(), id="whole-hashes"),
    pytest.param(f"{DIGEST[5:]}:-1".encode(), id="less-than-none"),
    pytest.param(f"{DIGEST[5:]}:{'9' * 5000}".encode(), id="a-number-without-end"),
    pytest.param(f"{DIGEST[5:]}:1\r\n{DIGEST[5:30]}".encode(), id="cut-off"),
    pytest.param(f"{DIGEST[5:]}:1".encode("utf-16"), id="utf-16"),
    pytest.param(bytes(range(256)), id="noise"),
]


@pytest.mark.parametrize("body", GARBAGE)
def test_T4_garbage_is_no_answer(validator, body):
    with FakeBreachedPasswords() as fake:
        fake.answers("range", body=body)
        assert not is_refused(validator)

    assert reasons() == ["answer"]


@pytest.mark.asvs("15.3.2", "16.3.4", "16.5.2")
@pytest.mark.parametrize(
    "broken, reason",
    [
        ({"status": 500}, "status"),
        ({"status": 503}, "status"),
        ({"status": 429}, "status"),
        ({"status": 404}, "status"),
        ({"status": 204}, "status"),
        ({"status": 302, "headers": {"Location": "https://evil.example/"}}, "redirect"),
        ({"fails": requests.ConnectionError()}, "connection"),
        ({"fails": requests.exceptions.SSLError()}, "tls"),
        ({"fails": requests.Timeout()}, "timeout"),
    ],
)
def test_T4_whoever_cannot_be_asked_refuses_nobody(validator, broken, reason, caplog):
    user = make_user("victoria")
    with FakeBreachedPasswords(PASSWORD) as fake:
        fake.answers("range", **broken)
        assert not is_refused(validator, user=user)

    (event,) = AccountEvent.objects.filter(kind="breach_check_failed")
    assert event.user == user
    assert event.details == {"reason": reason, "pause_seconds": 30.0}
    (record,) = [record for record in caplog.records if record.name == breached.logger.name]
    assert record.getMessage() == f"Breached passwords could not be asked for: {reason}."


@pytest.mark.parametrize(
    "pieces, pause",
    [
        pytest.param([], 0, id="silence"),
        pytest.param(drops(b"HTTP/1.1 200 OK\r\nX: a"), 0.05, id="drops-of-headers"),
        pytest.param(
            itertools.chain([OK + b"\r\n"], drops(b"A")), 0.05, id="drops-of-an-unannounced-body"
        ),
    ],
)
def test_T4_a_slow_service_holds_nobody_longer_than_the_limit(pieces, pause):
    with server(pieces, pause=pause, ends=False) as host, within(2):
        assert not is_refused(BreachedPasswordValidator(f"http://{host}/", timeout=0.3))

    assert reasons() == ["timeout"]


def test_T4_a_name_server_that_is_silent_holds_nobody_either(monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answered.wait(20))

    with within(2):
        assert not is_refused(BreachedPasswordValidator(timeout=0.2))
    answered.set()

    assert reasons() == ["timeout"]


def test_T4_certificates_that_are_gone_refuse_nobody(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")

    # They are looked for before the address is called.
    assert not is_refused(BreachedPasswordValidator("https://192.0.2.1/range/"))

    assert reasons() == ["tls"]


@pytest.mark.parametrize("kind", ["Thread", "Timer"])
def test_T4_a_machine_that_has_no_thread_left_refuses_nobody(validator, monkeypatch, kind):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(getattr(threading, kind), "start", start)

    with FakeBreachedPasswords(PASSWORD):
        assert not is_refused(validator)

    assert reasons() == ["thread"]


def test_T4_a_flood_is_not_drunk():
    flood = itertools.chain([OK + b"\r\n"], itertools.repeat(FLOOD))
    with server(flood) as host, within(4):
        assert not is_refused(BreachedPasswordValidator(f"http://{host}/", timeout=3))

    assert reasons() == ["size"]


@pytest.mark.parametrize("broken", [{"status": 500}, {"body": b"maintenance"}])
def test_T4_what_else_refuses_a_password_does_so_meanwhile(settings, broken):
    common = "django.contrib.auth.password_validation.CommonPasswordValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": NAME}, {"NAME": common}]

    with FakeBreachedPasswords() as fake:
        fake.answers("range", **broken)
        with pytest.raises(ValidationError) as refused:
            validate_password("password1")

    assert [error.code for error in refused.value.error_list] == ["password_too_common"]
    assert len(reasons()) == 1


def test_T4_an_outage_costs_one_visitor_the_wait(validator, monkeypatch):
    with FakeBreachedPasswords(PASSWORD) as fake:
        fake.answers("range", status=500)
        assert [is_refused(validator) for _ in range(5)] == [False] * 5
        assert (fake.calls["range"], reasons()) == (1, ["status"])

        fake.mends("range")
        now = breached.time.monotonic()
        monkeypatch.setattr(breached.time, "monotonic", lambda: now + breached.PAUSE_SECONDS + 1)
        assert is_refused(validator)


@pytest.mark.asvs("16.2.5")
def test_T4_neither_the_password_nor_its_hash_is_written_anywhere(validator, caplog):
    caplog.set_level(logging.DEBUG)
    with FakeBreachedPasswords() as fake:
        fake.answers("range", body=f"{DIGEST[5:]}:x {PASSWORD}".encode())
        is_refused(validator)

    written = f"{caplog.text} {list(AccountEvent.objects.values())}"
    assert "breach_check_failed" in written
    assert PASSWORD not in written
    assert DIGEST[5:] not in written and DIGEST[5:].lower() not in written


@pytest.mark.parametrize("password", ["", "пароль", "\ud800", "a" * 1000])
def test_any_text_can_be_asked_for(validator, password):
    with FakeBreachedPasswords() as fake:
        assert not is_refused(validator, password)

    assert fake.calls["range"] == 1


@pytest.mark.asvs("12.3.1")
@pytest.mark.parametrize(
    "url", ["http://passwords.example/", "ftp://passwords.example/", "passwords.example", ""]
)
def test_where_others_listen_nothing_is_asked(url):
    with pytest.raises(ImproperlyConfigured, match="is not https"):
        BreachedPasswordValidator(url=url)


def test_without_its_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(breached, "find_spec", lambda _name: None)

    with pytest.raises(ImproperlyConfigured, match=r"install django_useraccounts\[breached\]"):
        BreachedPasswordValidator()


def test_the_fake_pads_as_the_real_service_does():
    lines = padding("ABCDE")

    assert len(lines) == len(set(lines)) == 20
    assert all(line.endswith(":0") for line in lines)


# On the pages


def register(client, email, password=PASSWORD):
    data = {"username": f"user-{email[0]}", "email": email, "password": password}
    return client.post(reverse("useraccounts:register"), data)


@pytest.mark.asvs("6.2.12")
@pytest.mark.usefixtures("used_by_the_site")
def test_who_registers_reads_that_the_password_is_known(client):
    with FakeBreachedPasswords(PASSWORD):
        response = register(client, "new@example.com")

    assert "This password has appeared in a data breach" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.usefixtures("used_by_the_site")
def test_the_rule_is_told_to_who_breaks_it_and_not_beforehand(client):
    assert "breach" not in client.get(reverse("useraccounts:register")).content.decode()


@pytest.mark.parametrize("wrong", [{"email": "nobody@"}, {"username": "@"}, {"password": "short"}])
def test_nobody_is_asked_about_a_form_that_comes_back_anyway(client, settings, wrong):
    length = "django.contrib.auth.password_validation.MinimumLengthValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": NAME}, {"NAME": length}]
    form = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}

    with FakeBreachedPasswords(PASSWORD) as fake:
        response = client.post(reverse("useraccounts:register"), {**form, **wrong})

    assert response.status_code == 200
    assert fake.calls["range"] == 0


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("is_away", [True, False])
def test_strangers_do_not_learn_by_it_whose_address_is_known(client, settings, is_away):
    make_user("victoria", "victoria@example.com")
    answers, calls, events = [], [], []
    for email in ("victoria@example.com", "nobody@example.com"):
        # A new validator, which knows nothing of an outage.
        settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": NAME}]
        with FakeBreachedPasswords() as fake:
            if is_away:
                fake.answers("range", status=500)
            before = len(reasons())
            answers.append(register(client, email).status_code)
            calls.append(fake.calls["range"])
            events.append(len(reasons()) - before)

    assert answers == [302, 302]
    assert calls == [1, 1]
    assert events == [is_away, is_away]


def test_nothing_that_makes_calls_is_loaded_before_one_is_made():
    script = (
        "import django, sys; django.setup(); from django_useraccounts import fields; "
        "print(sorted({'requests', 'urllib3', 'authlib'} & sys.modules.keys()))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "testproject.test_settings"},
        capture_output=True,
        text=True,
    )

    assert shown.stdout.strip() == "[]", shown.stderr
