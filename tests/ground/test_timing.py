"""Answers to forms leave at moments that do not hang on what was found."""

import runpy
from base64 import b64encode

import pytest
from django.test import Client
from django.urls import reverse

from django_useraccounts import timing
from django_useraccounts.testing import PASSWORD, log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


class Clock:
    """A clock that goes on when somebody works, or waits."""

    def __init__(self):
        self.now, self.waits = 0.0, []

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    monkeypatch.setattr(timing, "STEP", 0.02)
    return clock


def test_the_steps_are_long_enough_for_what_costs_no_hash():
    # As it is, not as the settings of the tests have made it.
    assert runpy.run_path(timing.__file__)["STEP"] == 0.02


@pytest.mark.parametrize(
    "work, wait", [(0.003, 0.017), (0.0030001, 0.0169999), (0.019, 0.001), (0.055, 0.005)]
)
def test_what_takes_longer_or_shorter_is_over_at_the_same_moment(clock, work, wait):
    with timing.in_step():
        clock.now += work

    assert clock.waits == [round(wait, 6)]


def test_so_is_what_fails(clock):
    with pytest.raises(ValueError, match="no"), timing.in_step():
        raise ValueError("no")

    assert clock.waits == [0.02]


@pytest.mark.parametrize(
    "page, data",
    [
        ("useraccounts:login", {"identifier": "frida", "password": "wrong"}),
        ("useraccounts:register", {"username": "frida", "email": "f@example.com"}),
        ("useraccounts:forgot_password", {"email": "frida@example.com"}),
        ("useraccounts:resend_confirmation", {"email": "frida@example.com"}),
        ("useraccounts:complete_registration", {"email": "frida@example.com"}),
        ("useraccounts:connect_account", {"password": "wrong"}),
        ("admin:login", {"username": "frida", "password": "wrong"}),
    ],
)
@pytest.mark.asvs("6.3.8")
def test_U_a_form_that_names_somebody_is_answered_in_step(clock, page, data):
    make_user("frida")
    client, path = Client(), reverse(page)

    client.get(path)
    assert not clock.waits
    client.post(path, data)

    assert clock.waits == [0.02]


def test_U_so_are_the_forms_of_who_is_logged_in(clock):
    client = log_in(Client(), make_user("frida"))

    client.post(reverse("useraccounts:add_email"), {"email": "diego@example.com"})

    assert clock.waits == [0.02]


@pytest.mark.urls("tests.integrations.urls")
@pytest.mark.parametrize("name", ["frida", "nobody"])
def test_U_so_is_basic_authentication_and_no_other_request_to_an_api(clock, name):
    make_user("frida")
    given = b64encode(f"{name}:{PASSWORD}".encode()).decode()

    Client().get("/rest/basic/")
    assert not clock.waits
    Client().get("/rest/basic/", headers={"authorization": f"Basic {given}"})

    assert clock.waits == [0.02]
