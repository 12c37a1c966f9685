"""U. Strangers learn nothing: every anonymous form answers the same for every state of an account."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.browser import COOKIE as BROWSER
from django_useraccounts.devices import COOKIE as DEVICE
from django_useraccounts.emails.flows import add_email, make_primary, remove_email
from django_useraccounts.invitations.flows import invite
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.models import OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.broken import CountingHasher
from tests.attacks.browsers import EVIL, PASSWORD, VICTIM, Browser, last_mail, page_of, url
from tests.social.visits import HANNAH, arrive, begin, has_providers, provider

__all__ = ["has_providers", "provider"]  # fixtures

pytestmark = pytest.mark.django_db

User = get_user_model()


@dataclass
class Seen:
    """Everything that a stranger could tell two answers apart by, and what they cost."""

    answers: list[tuple[Any, ...]] = field(default_factory=list)
    queries: int = 0
    writes: dict[str, int] = field(default_factory=dict)
    hashes: int = 0
    outbox: int = 0
    mails: int = 0


def masked(response: Any) -> tuple[Any, ...]:
    """Return an answer without what is random in every one."""
    body = re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r'\1""', response.content.decode())
    # The own address that waits has a number, as every row has.
    body = re.sub(r"/send-confirmation/\d+/", "/send-confirmation/…/", body)
    body = re.sub(r"/accept-invitation/[\w-]{22}/", "/accept-invitation/…/", body)
    cookies = {name: _as_compared(morsel) for name, morsel in response.cookies.items()}
    headers = {name: value for name, value in response.headers.items() if name != "Expires"}
    return response.status_code, headers, cookies, body


#: Cookies whose values are random, of which the length is compared.
RANDOM = {"csrftoken", "sessionid", BROWSER, DEVICE}


def _as_compared(morsel: Any) -> tuple[Any, ...]:
    # What Django signs has the time in it, and a signature of both, behind the text.
    value = len(morsel.value) if morsel.key in RANDOM else morsel.value.partition(":")[0]
    return value, {key: text for key, text in morsel.items() if key != "expires"}


def gone(user: Any) -> None:
    """Close an account, and let the time go by in which it can be opened again."""
    close_account(user)
    User.objects.filter(pk=user.pk).update(erase_at=timezone.now() - timedelta(minutes=1))


def taken_off(user: Any) -> None:
    """Put another address in the place of the one that is asked about, as a thief does."""
    make_primary(add_email(user, "thief@example.net", confirmed=True))
    remove_email(user.emails.get(is_primary=None))


STATES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "active": lambda: make_user("victoria", VICTIM),
    "staff": lambda: make_user("victoria", VICTIM, is_staff=True, is_superuser=True),
    "with roles": lambda: make_user("victoria", VICTIM, roles=["artist", "secret"]),
    "unconfirmed": lambda: make_user("victoria", VICTIM, confirmed=False),
    "inactive": lambda: make_user("victoria", VICTIM, is_active=False),
    "unconfirmed and inactive": lambda: make_user(
        "victoria", VICTIM, confirmed=False, is_active=False
    ),
    "no password": lambda: make_user("victoria", VICTIM, None),
    "claimed twice": lambda: [
        make_user(name, VICTIM, confirmed=False) for name in ("victoria", "valentina")
    ],
    "owned and claimed": lambda: [
        make_user("victoria", VICTIM),
        make_user("mallory", VICTIM, confirmed=False),
    ],
    "closed": lambda: close_account(make_user("victoria", VICTIM)),
    "closed and unconfirmed": lambda: close_account(make_user("victoria", VICTIM, confirmed=False)),
    "gone": lambda: gone(make_user("victoria", VICTIM)),
    "gone and unconfirmed": lambda: gone(make_user("victoria", VICTIM, confirmed=False)),
    "taken off by a thief": lambda: taken_off(make_user("victoria", VICTIM)),
    "another spelling": lambda: make_user("Victoria", "Victim@example.com"),
}


@pytest.fixture
def measure(settings, new_browser):
    """
    Measure what a visitor sees and what it costs, in a world that is undone afterwards.

    What is done ``before`` is not measured; what it returns is given to the act.
    """
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.CountingHasher"]

    def run(
        state: str,
        act: Callable[..., list[Any]],
        before: Callable[[Browser], tuple[Any, ...]] = lambda browser: (),
    ) -> Seen:
        with undone():
            STATES[state]()
            browser = new_browser()
            browser.get(url("register"))  # so that the browser has its cookies already
            given = before(browser)
            CountingHasher.work.clear()
            mail.outbox.clear()
            rows = OutgoingMail.objects.count()
            with CaptureQueriesContext(connection) as queries:
                answers = act(browser, *given)
            statements = [query["sql"] for query in queries]
            writes = [sql for sql in statements if re.match(r"(INSERT|UPDATE|DELETE)", sql)]
            return Seen(
                answers=[masked(answer) for answer in answers],
                queries=len(statements),
                writes=_tables(writes),
                hashes=len(CountingHasher.work),
                outbox=OutgoingMail.objects.count() - rows,
                mails=len(mail.outbox),
            )

    return run


def _tables(writes: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for sql in writes:
        what = " ".join(sql.split()[:3])
        counts[what] = counts.get(what, 0) + 1
    return counts


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def office(browser: Browser, name: str) -> Any:
    return browser.post("/admin/login/", {"username": name, "password": EVIL})


#: Each act of a stranger with an address or a username of somebody.
ACTS: dict[str, Callable[[Browser], list[Any]]] = {
    "login by address": lambda b: [b.log_in(VICTIM, EVIL)],
    "login by username": lambda b: [b.log_in("victoria", EVIL)],
    "login by another spelling": lambda b: [b.log_in(" VICTIM@Example.com", EVIL)],
    "register": lambda b: [b.register("stranger", VICTIM, EVIL), b.get(url("mail_sent"))],
    "register twice": lambda b: [b.register("stranger"), b.register("stranger")],
    "register with a bad password": lambda b: [b.register("stranger", VICTIM, "short")],
    "forgot": lambda b: [b.forgot(), b.get(url("mail_sent"))],
    "forgot by another spelling": lambda b: [b.forgot("VICTIM@Example.com")],
    "resend": lambda b: [b.resend(), b.get(url("mail_sent"))],
    "administration by address": lambda b: [office(b, VICTIM)],
    "administration by username": lambda b: [office(b, "victoria")],
    "a ghost that logs in": lambda b: [b.register("ghost"), b.log_in("ghost", EVIL)],
    "a ghost that asks again": lambda b: [b.register("ghost"), b.resend(), b.forgot()],
    "a ghost with its address": lambda b: [b.register("ghost"), b.log_in(VICTIM, EVIL)],
}
#: The same until they are refused.
UNTIL_REFUSED: dict[str, Callable[[Browser], list[Any]]] = {
    "forgot": lambda b: [b.forgot() for _ in range(7)],
    "resend": lambda b: [b.resend() for _ in range(7)],
    "login": lambda b: [b.log_in(VICTIM, EVIL) for _ in range(12)],
    "register": lambda b: [b.register(f"stranger{n}") for n in range(7)],
    "administration": lambda b: [office(b, VICTIM) for _ in range(12)],
}


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


def is_refused(answer: tuple[Any, ...]) -> bool:
    # The login of the administration is a page of Django's, whose form says so.
    return answer[0] == 429 or "Too many attempts" in answer[-1]


@pytest.mark.parametrize("act", UNTIL_REFUSED)
def test_U7_every_state_of_an_account_is_refused_alike(measure, act, monkeypatch):
    # How long to wait is said in seconds, which go by while the test runs.
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
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


def test_U7_who_comes_by_a_provider_is_refused_alike(measure, provider, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
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
