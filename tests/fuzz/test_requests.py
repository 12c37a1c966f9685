"""Q, R. Whatever is sent to whichever page: no error, quickly, and nothing done that was not asked."""

from urllib.parse import quote_from_bytes

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from django_useraccounts.models import UserEmail
from django_useraccounts.testing import lifted_limits, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import everything
from tests.fuzz import EXAMPLES, fuzz
from tests.fuzz.requests import (
    COOKIES,
    FIELDS,
    FORM,
    HARMLESS,
    METHODS,
    PARTS,
    Sent,
    odd_requests,
    odd_texts,
    pages,
    send,
)
from tests.memberships.bills import KEY, SECRET
from tests.memberships.office import open_office
from tests.social.visits import ISSUER, OPTIONS

pytestmark = pytest.mark.django_db

PAGES = pages()
#: It writes down what it refuses, whatever the method, as its room says.
NOTES_REFUSALS = "social_callback"


@pytest.fixture(autouse=True)
def site(set_conf):
    set_conf(
        SOCIAL={"PROVIDERS": {"guild": OPTIONS}},
        MEMBERSHIPS={"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET},
        MAIL_DELIVERY="command",
        TERMS_VERSION="",
    )
    with lifted_limits(), open_office(), FakeProvider(issuer=ISSUER) as provider:
        yield provider


@pytest.fixture
def visitors():
    """A stranger, and Maria with two addresses."""
    maria = make_user("maria")
    UserEmail.objects.add_claim(maria, "second@example.com")
    return [Client(raise_request_exception=False), log_in(_client(), maria)]


def _client():
    return Client(raise_request_exception=False)


@pytest.mark.one_database
@pytest.mark.parametrize("name", list(PAGES))
def test_no_method_but_post_changes_anything(visitors, name):
    before = everything()

    for visitor in visitors:
        for method in HARMLESS:
            send(visitor, PAGES[name], Sent(method))

    if name != NOTES_REFUSALS:
        assert everything() == before


@pytest.mark.one_database
@pytest.mark.parametrize("name", list(PAGES))
def test_no_odd_request_breaks_a_page(visitors, name):
    for visitor, sent in some(visitors, name, odd_requests()):
        send(visitor, PAGES[name], sent)


@pytest.mark.parametrize("name", list(PAGES))
def test_no_bytes_that_are_no_text_break_a_page(visitors, name):
    for visitor, sent in some(visitors, name, odd_texts()):
        send(visitor, PAGES[name], sent)


def some(visitors, name, found):
    """Yield who sends what to a page: a fourth of all, so that each page gets others; or all."""
    place = list(PAGES).index(name)
    for number, pair in enumerate((visitor, sent) for visitor in visitors for sent in found):
        if EXAMPLES or (number + place) % 4 == 0:
            yield pair


TEXTS = st.text(st.characters(exclude_categories=()), max_size=60)
BYTES = st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
CODED = BYTES | BYTES.map(lambda raw: quote_from_bytes(raw).encode())
NAMES = st.sampled_from(FIELDS).map(str.encode) | CODED
PAIRS = st.lists(st.tuples(NAMES, CODED), max_size=12).map(
    lambda pairs: b"&".join(b"=".join(pair) for pair in pairs)
)
TYPES = st.sampled_from(
    [FORM, PARTS, "application/json", "text/plain", "", f"{FORM}; charset=utf-7"]
)
LATIN = BYTES.map(lambda raw: raw.decode("latin-1"))
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Accept", "Accept-Language", "Referer", "Origin", "User-Agent", "X-Forwarded-For"]
        ),
        LATIN,
    )
    | st.tuples(
        st.just("Cookie"),
        st.tuples(st.sampled_from(COOKIES), LATIN).map("=".join),
    ),
    max_size=3,
).map(tuple)
REQUESTS = st.builds(
    Sent, st.sampled_from(METHODS), PAIRS | CODED, PAIRS | CODED, TYPES | LATIN, HEADERS
)


def test_no_request_that_somebody_makes_up_breaks_a_page(visitors):
    @given(st.sampled_from(list(PAGES)), REQUESTS, st.booleans(), LATIN)
    @fuzz
    def check(name, sent, is_maria, link):
        path = PAGES[name].replace("A" * 21 + "w", quote_from_bytes(link.encode("latin-1")) or "x")
        send(visitors[is_maria], path, sent)

    check()


def test_no_answer_of_a_provider_that_somebody_makes_up_breaks_the_callback(site):
    client = _client()

    @given(st.dictionaries(st.sampled_from(["code", "iss", "error", "user", "x"]), TEXTS), TEXTS)
    @fuzz
    def check(answer, state):
        begun = client.post(PAGES["social_login"])
        real = site.agree(begun["Location"]).data
        for values in ({**answer, "state": state}, {**real, **answer}, {**answer, **real}):
            data = {key: text.encode("utf-8", "surrogatepass") for key, text in values.items()}
            query = "&".join(f"{key}={quote_from_bytes(raw)}" for key, raw in data.items())
            send(client, PAGES["social_callback"], Sent("GET", query.encode()))
            send(client, PAGES["social_callback"], Sent("POST", body=query.encode()))
        client.cookies.clear()

    check()
