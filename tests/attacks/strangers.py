"""What a stranger sees of an account in each state, and what the answer costs."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
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
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.models import OutgoingMail
from django_useraccounts.testing import make_user
from tests.attacks.broken import CountingHasher
from tests.attacks.browsers import EVIL, VICTIM, Browser, url

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
    body = re.sub(r"accept-invitation(/|%2F)[\w-]{22}", r"accept-invitation\1…", body)
    # The own address that waits has a number, as every row has, and not always of as many digits.
    body, numbers = re.subn(r"(/[a-z]+-[a-z-]+/)\d+/", r"\1…/", body)
    random = {"Expires", "Content-Length"} if numbers else {"Expires"}
    cookies = {name: _as_compared(morsel) for name, morsel in response.cookies.items()}
    headers = {name: value for name, value in response.headers.items() if name not in random}
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
            return watch(act, browser, *before(browser))

    return run


@pytest.fixture
def measure_each(settings, new_browser):
    """Measure several acts in one world, each as if the others had not been; ``dress`` changes it."""
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.CountingHasher"]

    def run(
        state: str, acts: Mapping[str, Callable[..., list[Any]]], dress: Callable[[], object]
    ) -> dict[str, Seen]:
        seen = {}
        with undone():
            STATES[state]()
            dress()
            browser = new_browser()
            browser.get(url("register"))
            cookies = browser.cookies.output()
            for name, act in acts.items():
                browser.cookies = SimpleCookie(cookies.replace("Set-Cookie: ", ""))
                with undone():
                    seen[name] = watch(act, browser)
        return seen

    return run


@pytest.fixture
def still_clock(monkeypatch):
    """Stop the clock: how long to wait is said in seconds, which go by while a test runs."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def watch(act: Callable[..., list[Any]], browser: Browser, *given: Any) -> Seen:
    """Perform an act, and return what is seen of it and what it costs."""
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
    "login by username": lambda b: [b.log_in("victoria", EVIL) for _ in range(12)],
    "administration": lambda b: [office(b, VICTIM) for _ in range(12)],
    "administration by username": lambda b: [office(b, "victoria") for _ in range(12)],
}


#: So that the second attempt is refused.
LIMITS = {
    "login": {"pair": "1/1m"},
    **{purpose: {"identifier": "1/1h"} for purpose in ("register", "mail", "reset")},
}


def is_refused(answer: tuple[Any, ...]) -> bool:
    # The login of the administration is a page of Django's, whose form says so.
    return answer[0] == 429 or "Too many attempts" in answer[-1]
