"""U. Strangers learn nothing by going on until they are refused, on whatever page, nor afterwards."""

from base64 import b64encode
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import EVIL, VICTIM, Browser, url
from tests.attacks.strangers import LIMITS, STATES, is_refused, measure, office, still_clock
from tests.social.visits import HANNAH, arrive, has_providers, provider

__all__ = ["has_providers", "measure", "provider", "still_clock"]  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_clock")]


@pytest.fixture(autouse=True)
def _few_attempts(set_conf):
    set_conf(LIMITS=LIMITS)


def ask_api(browser: Browser, name: str) -> list[Any]:
    given = b64encode(f"{name}:{EVIL}".encode()).decode()
    headers = {"authorization": f"Basic {given}"}
    return [browser.get("/rest/anybody/", headers=headers) for _ in range(2)]


@pytest.mark.urls("tests.integrations.urls")
@pytest.mark.parametrize("name", [VICTIM, "victoria"])
def test_U1_U4_U7_a_program_learns_nothing_by_basic_authentication(measure, name):
    act = partial(ask_api, name=name)
    nobody = measure("none", act)

    assert [status for status, *_ in nobody.answers] == [401, 429]
    assert nobody.hashes == 1
    for state in STATES:
        assert measure(state, act) == nobody, state


def complete(browser: Browser, provider: FakeProvider, *, subjects: str) -> list[Any]:
    """Come from the provider again and again, as one and another, to complete a registration."""
    answers = []
    for subject in subjects:
        arrive(browser, provider, {**HANNAH, "sub": subject})
        data = {"username": f"stranger{subject}", "email": VICTIM}
        answers.append(browser.post(url("complete_registration"), data))
    return answers


# Who comes back before the address is confirmed has the mail sent once more, which is limited apart.
@pytest.mark.parametrize("subjects", ["ab", "aaa"])
def test_U7_who_completes_a_registration_is_refused_alike(measure, provider, subjects):
    act = partial(complete, provider=provider, subjects=subjects)
    nobody = measure("none", act)

    assert [is_refused(answer) for answer in nobody.answers[-2:]] == [False, True]
    for state in STATES:
        assert measure(state, act) == nobody, state


#: What each page lets a stranger do once.
PAGES: dict[str, Callable[[Browser], Any]] = {
    "login": lambda b: b.log_in(VICTIM, EVIL),
    "forgot": lambda b: b.forgot(),
    "resend": lambda b: b.resend(),
    "register": lambda b: b.register("stranger"),
    "login by username": lambda b: b.log_in("victoria", EVIL),
}


def go_elsewhere(browser: Browser, *, used_up: str) -> list[Any]:
    answers = [PAGES[used_up](browser) for _ in range(2)]
    answers += [page(browser) for name, page in PAGES.items() if name != used_up]
    return [*answers, office(browser, VICTIM), office(browser, "victoria")]


@pytest.mark.parametrize("used_up", ["login", "forgot", "register"])
def test_U7_other_pages_tell_nothing_once_one_is_used_up(measure, used_up):
    act = partial(go_elsewhere, used_up=used_up)
    nobody = measure("none", act)

    refused = [is_refused(answer) for answer in nobody.answers]
    # The administration counts with the page to log in, where both names were tried before.
    assert refused == [False, True, False, False, False, False, True, True]
    for state in STATES:
        assert measure(state, act) == nobody, state
