"""U. Strangers learn nothing, whatever a site has set: by what people log in, and what is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_useraccounts.canonical import username_key
from tests.attacks.browsers import EVIL, VICTIM, Browser, url
from tests.attacks.strangers import LIMITS, is_refused, measure_each, office, still_clock

__all__ = ["measure_each", "still_clock"]  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_clock")]

User = get_user_model()
TERMS = "2026-05-01"
#: Those of the states of an account in which a setting could make a difference.
STATES = (
    *("none", "active", "unconfirmed", "inactive", "no password", "owned and claimed"),
    *("closed", "gone", "taken off by a thief"),
)


@dataclass
class Site:
    """A site by its settings; how its people are called, and how the stranger calls himself."""

    conf: dict[str, Any] = field(default_factory=dict)
    victoria: str | None = "victoria"
    stranger: str = "stranger"
    middleware: tuple[str, ...] = ()


SITES = {
    "no usernames": Site({"USERNAME": "off"}, victoria=None),
    "usernames for who wants one": Site({"USERNAME": "optional"}, victoria=None, stranger=""),
    "one address, and login by it": Site({"LOGIN_BY": "email", "EMAILS_PER_USER": 1}),
    "login by username": Site({"LOGIN_BY": "username"}),
    "terms, and all typed twice": Site({"TERMS_VERSION": TERMS, "RETYPE": ("email", "password")}),
    "in at once": Site({"CONFIRM_EMAIL_BEFORE_LOGIN": False}),
    "letters of the world": Site({"UNICODE_USERNAMES": True}, "βικτώρια", "ξένος"),
    "devices": Site(middleware=("django_useraccounts.sessions.middleware.SessionsMiddleware",)),
}


def call(name: str | None) -> None:
    """Have the people of a state, who all have usernames, called as those of the site are."""
    if name is None:
        User._base_manager.update(username=None, username_key=None)
    else:
        victoria = User._base_manager.filter(username_key="victoria")
        victoria.update(username=name, username_key=username_key(name))


def join(browser: Browser, name: str) -> Any:
    twice = {"retype_email": VICTIM, "retype_password": EVIL}
    return browser.register(name, VICTIM, EVIL, terms=TERMS, **twice)


def be_a_ghost(browser: Browser, name: str) -> list[Any]:
    """Register with the address, and look around as far as that leads."""
    answers = [join(browser, name), browser.log_in(name or VICTIM, EVIL)]
    answers += [browser.get(url(page)) for page in ("profile", "resend_confirmation", "emails")]
    return [*answers, browser.resend(), browser.log_in(VICTIM, EVIL)]


def acts_at(site: Site) -> dict[str, Callable[[Browser], list[Any]]]:
    """Return what strangers do there: most of it twice, the second time beyond the limit."""
    name = site.victoria or "victoria"
    return {
        "login by address": lambda b: [b.log_in(VICTIM, EVIL) for _ in range(2)],
        "login by username": lambda b: [b.log_in(name, EVIL) for _ in range(2)],
        "administration": lambda b: [office(b, who) for who in (name, VICTIM, VICTIM)],
        "forgot": lambda b: [b.forgot(), b.get(url("mail_sent")), b.forgot()],
        "resend": lambda b: [b.resend(), b.get(url("mail_sent")), b.resend()],
        "register": lambda b: [join(b, site.stranger), b.get(url("mail_sent")), join(b, "another")],
        "a ghost": partial(be_a_ghost, name=site.stranger),
    }


@pytest.mark.parametrize("name", SITES)
def test_U1_U4_U7_every_state_looks_and_costs_the_same_on_any_site(
    measure_each, settings, set_conf, name
):
    site = SITES[name]
    set_conf(**site.conf, LIMITS=LIMITS)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *site.middleware]
    acts, dress = acts_at(site), partial(call, site.victoria)
    nobody = measure_each("none", acts, dress)

    for state in STATES:
        seen = measure_each(state, acts, dress)
        for act in acts:
            assert seen[act] == nobody[act], (act, state)


@pytest.mark.parametrize("name", SITES)
def test_U1_U7_strangers_come_as_far_there_as_the_site_lets_them(
    measure_each, settings, set_conf, name
):
    """Else all would be equal, since all were refused for something in the form."""
    site = SITES[name]
    set_conf(**site.conf, LIMITS=LIMITS)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *site.middleware]

    seen = measure_each("active", acts_at(site), partial(call, site.victoria))

    assert seen["login by address"].hashes == seen["login by username"].hashes == 1
    assert seen["administration"].hashes == 2
    # Who is in at once is shown the own pages, and no page to register at again.
    is_in = name == "in at once"
    for act in ("forgot", "resend", *(() if is_in else ("register",))):
        assert (seen[act].answers[0][0], seen[act].mails) == (302, 1), act
    assert (seen["a ghost"].answers[2][0] == 200) is is_in
    for act in seen.keys() - ({"a ghost", "register"} if is_in else {"a ghost"}):
        assert is_refused(seen[act].answers[-1]), act
