"""U. Strangers learn nothing: every anonymous form answers the same for every state of an account."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core import mail

from django_useraccounts.invitations.flows import invite
from django_useraccounts.models import OneTimeSecret, UserEmail
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import EVIL, PASSWORD, VICTIM, Browser, last_mail, page_of, url
from tests.attacks.strangers import (
    ACTS,
    STATES,
    UNTIL_REFUSED,
    is_refused,
    measure,
    still_clock,
)
from tests.social.visits import HANNAH, arrive, begin, has_providers, provider

__all__ = ["has_providers", "measure", "provider", "still_clock"]  # fixtures

pytestmark = pytest.mark.django_db


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("act", ACTS)
def test_U1_U4_every_state_of_an_account_looks_and_costs_the_same(measure, act):
    nobody = measure("none", ACTS[act])

    for state in STATES:
        assert measure(state, ACTS[act]) == nobody, state


@pytest.mark.parametrize("act", ["register", "forgot", "resend", "a ghost that asks again"])
def test_U1_U4_and_without_the_delivery_of_mail(measure, set_conf, act):
    set_conf(MAIL_DELIVERY="command")
    nobody = measure("none", ACTS[act])

    for state in STATES:
        assert measure(state, ACTS[act]) == nobody, state


@pytest.mark.usefixtures("still_clock")
@pytest.mark.parametrize("act", UNTIL_REFUSED)
def test_U7_every_state_of_an_account_is_refused_alike(measure, act):
    nobody = measure("none", UNTIL_REFUSED[act])

    for state in STATES:
        assert measure(state, UNTIL_REFUSED[act]) == nobody, state
    assert nobody.answers[0] != nobody.answers[-1]
    assert is_refused(nobody.answers[-1])


# Strangers who come with an identity at a provider, or with an invitation

#: What he says at the provider: somebody else's address, which no provider here can prove.
CLAIM = {**HANNAH, "email": VICTIM}


def back_from(provider: FakeProvider, browser: Browser, *, person: dict[str, Any]) -> tuple[str]:
    return (provider.agree(begin(browser), person),)


def come_back(browser: Browser, callback: str) -> list[Any]:
    return [browser.get(callback), browser.get(url("complete_registration"))]


def with_own_identity(provider: FakeProvider, browser: Browser) -> tuple[()]:
    arrive(browser, provider)
    return ()


def with_claim(provider: FakeProvider, browser: Browser) -> tuple[()]:
    arrive(browser, provider, CLAIM)
    return ()


def with_identity_of_own_account(provider: FakeProvider, browser: Browser) -> tuple[str]:
    make_user("hannah", HANNAH["email"])
    arrive(browser, provider)
    return (browser.get(url("connect_account")).context["form"]["identity"].value(),)


def complete(browser: Browser) -> list[Any]:
    data = {"username": "stranger", "email": VICTIM}
    return [browser.post(url("complete_registration"), data), browser.get(url("mail_sent"))]


def have_a_link_mailed(browser: Browser) -> list[Any]:
    page = url("mail_connect_link")
    return [browser.get(page), browser.post(page), browser.get(url("connect_account"))]


def guess(browser: Browser, identity: str, *, times: int = 1) -> list[Any]:
    return [
        browser.post(
            url("connect_account"), {"identity": identity, "identifier": name, "password": EVIL}
        )
        for name in (VICTIM, "victoria")
        for _ in range(times)
    ]


def guess_until_refused(browser: Browser, identity: str) -> list[Any]:
    return guess(browser, identity, times=7)


BY_PROVIDER: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "comes back": (partial(back_from, person=CLAIM), come_back),
    "comes back unverified": (
        partial(back_from, person={**CLAIM, "email_verified": False}),
        come_back,
    ),
    "completes": (with_own_identity, complete),
    "completes a claim": (with_claim, complete),
    "has a link mailed": (with_claim, have_a_link_mailed),
    "guesses": (with_identity_of_own_account, guess),
}


@pytest.mark.parametrize("what", BY_PROVIDER)
def test_U1_U4_U9_nor_does_who_comes_by_a_provider_learn_more(measure, provider, what):
    before, act = BY_PROVIDER[what]
    nobody = measure("none", act, partial(before, provider))

    for state in STATES:
        assert measure(state, act, partial(before, provider)) == nobody, state


@pytest.mark.usefixtures("still_clock")
def test_U7_who_comes_by_a_provider_is_refused_alike(measure, provider):
    before = partial(with_identity_of_own_account, provider)
    nobody = measure("none", guess_until_refused, before)

    for state in STATES:
        assert measure(state, guess_until_refused, before) == nobody, state
    assert is_refused(nobody.answers[-1])


def with_invitation(browser: Browser) -> tuple[()]:
    """Have the browser come by an invitation that was mailed to its visitor."""
    owner = make_user("owner", is_superuser=True)
    invite("stranger@example.net", by=owner)
    link = link_of(OneTimeSecret.objects.get(user=owner))
    browser.post(page_of(browser.open(url("accept_invitation", str(link)))))
    return ()


@pytest.mark.parametrize("act", ["register", "register twice", "register with a bad password"])
def test_U1_U4_U9_nor_does_who_was_invited(measure, set_conf, act):
    # Where nobody registers without: so it is the invitation that lets in.
    set_conf(POLICY="tests.attacks.broken.ClosedPolicy")
    nobody = measure("none", ACTS[act], with_invitation)
    assert nobody.answers[0][0] != 403

    for state in STATES:
        assert measure(state, ACTS[act], with_invitation) == nobody, state


def test_U1_nothing_is_told_where_people_need_not_confirm_first(measure, set_conf):
    """A site that lets people in unconfirmed: a ghost looks around in its own account."""
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)

    def look_around(browser):
        answers = [browser.register("ghost"), browser.log_in("ghost", EVIL)]
        pages = ("profile", "resend_confirmation", "change_password")
        answers += [browser.get(url(name)) for name in pages]
        answers += [browser.resend()]
        answers += [browser.change_password(EVIL), browser.get(url("profile"))]
        return answers

    def comparable(seen):
        # Not the keys of sessions and tokens, which are random.
        told = [
            # The key of a row is the number of the addresses that were ever written down.
            (status, re.sub(r"/send-confirmation/\d+/", "", body))
            for status, _headers, _cookies, body in seen.answers
        ]
        return told, seen.mails, seen.hashes, seen.queries, seen.writes

    nobody = comparable(measure("none", look_around))

    for state in STATES:
        assert comparable(measure(state, look_around)) == nobody, state


@pytest.mark.parametrize("act", ["register", "forgot", "resend"])
def test_U1_exactly_one_mail_goes_to_the_address_in_every_state(measure, act):
    for state in ("none", "active", "inactive", "owned and claimed"):
        seen = measure(state, ACTS[act])
        assert (seen.outbox, seen.mails) == (1, 1), state


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize(
    "act",
    [
        *("login by address", "login by username", "register"),
        *("administration by address", "administration by username"),
    ],
)
def test_U1_U2_exactly_one_hash_in_every_state(measure, act):
    assert {measure(state, ACTS[act]).hashes for state in STATES} == {1}


@pytest.mark.parametrize("act", ["forgot", "resend"])
def test_U1_U2_no_hash_in_any_state_where_no_password_is_typed(measure, act):
    assert {measure(state, ACTS[act]).hashes for state in STATES} == {0}


def test_U1_a_taken_username_costs_one_hash_too_and_tells_nothing_of_the_address(measure):
    def act(browser):
        return [browser.register("other", VICTIM, EVIL)]

    def world(state):
        STATES[state]()
        make_user("other", "other@example.com")

    seen = []
    for state in ("none", "active", "unconfirmed"):
        STATES["tmp"] = lambda state=state: world(state)
        try:
            seen.append(measure("tmp", act))
        finally:
            del STATES["tmp"]

    assert seen[0] == seen[1] == seen[2]
    assert seen[0].hashes == 1
    assert seen[0].mails == 0


def test_U1_a_wrong_password_of_the_inactive_is_the_same_as_a_right_one(measure):
    wrong, right = (
        measure("inactive", lambda b, password=password: [b.log_in("victoria", password)])
        for password in (EVIL, PASSWORD)
    )

    assert wrong == right


def test_U1_the_sender_reads_the_own_words_and_not_the_stored_ones(new_browser):
    make_user("victoria", "ViCtIm@example.com")
    browser = new_browser()

    browser.forgot("victim@example.com")

    page = browser.get(url("mail_sent")).content
    assert b"victim@example.com" in page
    assert b"ViCtIm" not in page


def test_U3_the_mail_of_a_stranger_tells_nothing_of_another_address(new_browser):
    """Attackers read their own inbox only."""
    make_user("victoria", VICTIM)
    browser = new_browser()
    browser.register("mallory", "m@example.net")
    browser.register("melissa", VICTIM)
    browser.forgot("m@example.net")

    mine = [message for message in mail.outbox if message.to == ["m@example.net"]]
    assert mine
    assert not any(VICTIM in str(message.message()) for message in mine)


@pytest.mark.parametrize("state", ["unconfirmed", "active", "none"])
def test_U4_the_page_of_a_link_costs_a_stranger_the_same_whatever_it_guesses(measure, state):
    guess = url("reset_password", "A" * 64)

    seen = [measure(each, lambda b: [b.get(guess, follow=True)]) for each in ("active", state)]

    assert seen[0].answers == seen[1].answers
    assert seen[0].queries == seen[1].queries


def test_U7_the_limit_of_one_address_is_not_the_limit_of_another(new_browser):
    make_user("victoria", VICTIM)
    browser = new_browser()
    for _ in range(6):
        browser.forgot()

    assert browser.forgot().status_code == 429
    assert browser.forgot("other@example.com").status_code == 302


def test_messages_of_one_visitor_are_not_read_by_the_next(new_browser):
    """What was said to a stranger is gone when somebody else logs in at the same browser."""
    browser = new_browser()
    make_user("victoria", "v@example.com")
    browser.forgot("secret-friend@example.com")
    browser.log_in("victoria")

    text = browser.get(url("mail_sent")).content + browser.get(url("profile")).content
    browser.post(url("logout"))
    browser.forgot("secret-friend@example.com")
    browser.get(url("mail_sent"))
    assert b"secret-friend" not in browser.get(url("login")).content
    assert text  # shown at most once


def test_an_unconfirmed_user_learns_it_only_with_the_right_password(new_browser):
    make_user("mallory", VICTIM, EVIL, confirmed=False)
    browser = new_browser()

    wrong = browser.log_in("mallory", PASSWORD)
    right = browser.log_in("mallory", EVIL)

    assert wrong.status_code == 200
    assert right.url.startswith(url("resend_confirmation"))


def test_the_loser_of_an_address_learns_it_only_with_the_link_of_the_mailbox(new_browser):
    owner, loser = new_browser(), new_browser()
    owner.register("victoria")
    loser.register("mallory")
    link = last_mail()
    owner.confirm(mail.outbox[0])

    assert UserEmail.objects.confirmed().count() == 1
    page = page_of(loser.open(link))
    assert b"belongs to another account" in loser.post(page, {"answer": "confirm"}).content
