"""Q, R. Whatever is sent to whichever page: no error, quickly, and nothing done that was not asked."""

import re
from urllib.parse import quote_from_bytes, urlencode

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from django_useraccounts.models import UserEmail
from django_useraccounts.testing import lifted_limits, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import everything
from tests.choosing import today
from tests.fuzz import EXAMPLES, fuzz
from tests.fuzz.requests import (
    COOKIES,
    FIELDS,
    FORM,
    HARMLESS,
    LINK,
    METHODS,
    OBJECT,
    PARTS,
    RAW,
    Sent,
    admin_pages,
    guarded_pages,
    odd_requests,
    odd_texts,
    pages,
    send,
)
from tests.memberships.bills import KEY, SECRET
from tests.memberships.office import open_office
from tests.social.visits import ISSUER, OPTIONS

pytestmark = pytest.mark.django_db

OF_ADMIN = admin_pages()
PAGES = {**pages(), **guarded_pages(), **OF_ADMIN}
#: In how many days a page gets every odd request; Django itself has tests of its administration.
DAYS, DAYS_OF_ADMIN = 4, 20
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
    """Who comes to a page: a stranger, and Maria with two addresses and roles, or who may do all."""
    maria = make_user("maria", roles=["starving", "artist"])
    UserEmail.objects.add_claim(maria, "second@example.com")
    boss = make_user("boss", is_staff=True, is_superuser=True)
    stranger, maria, boss = Visitor(), Visitor(maria), Visitor(boss)
    return lambda name: [stranger, boss if name in OF_ADMIN else maria]


class Visitor(Client):
    """A browser that shows errors as pages, whose user logs in again after each logout."""

    def __init__(self, user=None):
        super().__init__(raise_request_exception=False)
        self.user = user
        if user:
            log_in(self, user)

    def request(self, **request):
        if self.user and not self.cookies[settings.SESSION_COOKIE_NAME].value:
            self.user.refresh_from_db()
            log_in(self, self.user)
        return super().request(**request)


@pytest.mark.one_database
@pytest.mark.parametrize("name", list(PAGES))
def test_no_method_but_post_changes_anything(visitors, name):
    before, path = everything(), path_of(name)

    for visitor in visitors(name):
        for method in HARMLESS:
            send(visitor, path, Sent(method))

    if name != NOTES_REFUSALS:
        assert everything() == before


@pytest.mark.one_database
@pytest.mark.parametrize("name", list(PAGES))
def test_no_odd_request_breaks_a_page(visitors, name):
    for visitor, sent in some(visitors(name), name, odd_requests()):
        send(visitor, path_of(name), sent)


@pytest.mark.parametrize("name", list(PAGES))
def test_no_bytes_that_are_no_text_break_a_page(visitors, name):
    for visitor, sent in some(visitors(name), name, odd_texts()):
        send(visitor, path_of(name), sent)


@pytest.mark.parametrize("name", [name for name in OF_ADMIN if name.endswith(("_add", "_change"))])
def test_no_text_in_its_own_fields_breaks_a_form_of_the_administration(visitors, name):
    boss, path = visitors(name)[1], path_of(name)
    fields = set(re.findall(r' name="([^"]+)"', boss.get(path).content.decode()))

    for text in ("abc", "9" * 30, "-1", "%", "\0", "\u202e"):
        # How many rows there are stands as it was: nothing else would be looked at.
        body = {field: "0" if field.endswith("_FORMS") else text for field in fields}
        send(boss, path, Sent(body=urlencode(body).encode()))


def test_no_bytes_that_are_no_text_break_a_search_for_what_a_field_points_at(visitors):
    boss, searched = visitors("admin:login")[1], set()
    where = "app_label={}&model_name={}&field_name={}&term="

    for model in admin.site._registry:
        opts = model._meta
        for field in (*opts.fields, *opts.many_to_many):
            if not admin.site.is_registered(field.related_model):
                continue
            query = where.format(opts.app_label, opts.model_name, field.name).encode()
            for raw in RAW:
                answer = send(boss, "/admin/autocomplete/", Sent("GET", query + raw))
                if answer.status_code == 200:
                    searched.add(field.name)

    assert searched >= {"user", "role", "groups"}


def some(visitors, name, found):
    """Yield who sends what to a page: a share, which is another one each day and page; or all."""
    place = list(PAGES).index(name) + today()
    for number, pair in enumerate((visitor, sent) for visitor in visitors for sent in found):
        if EXAMPLES or (number + place) % (DAYS_OF_ADMIN if name in OF_ADMIN else DAYS) == 0:
            yield pair


def path_of(name, link=LINK):
    """Return the path of a page, and of a group or Maria's row where it is about one."""
    if "auth_group" in name:
        # An odd request may have deleted it.
        row = Group.objects.first() or Group.objects.create(name="painters")
    else:
        # By what odd requests do not change: one of them may rename her.
        row = get_user_model().objects.filter(is_staff=False).earliest("pk")
    return PAGES[name].replace(LINK, link).replace(OBJECT, str(row.pk))


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
    def check(name, sent, has_session, link):
        path = path_of(name, quote_from_bytes(link.encode("latin-1")) or "x")
        send(visitors(name)[has_session], path, sent)

    check()


def test_no_answer_of_a_provider_that_somebody_makes_up_breaks_the_callback(site):
    client = Visitor()

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
