"""Q. What reads texts of strangers, and of programs: an answer or the error that it names."""

import contextlib
import json
import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from anymail.signals import EventType, RejectReason
from django.urls import reverse
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from django_useraccounts.canonical import (
    EMAIL_MAX_LENGTH,
    KEY_MAX_LENGTH,
    email_key,
    username_key,
)
from django_useraccounts.errors import AccountError
from django_useraccounts.limits import Rate
from django_useraccounts.memberships.stripe.events import read_event
from django_useraccounts.models import UndeliverableAddress
from django_useraccounts.refusals import as_kept
from django_useraccounts.requirements import Requirement
from django_useraccounts.secrets import Link, parse_public_id
from django_useraccounts.undeliverable import note_tracking_event
from django_useraccounts.views import safe_next
from tests.fuzz import fuzz
from tests.fuzz.trees import TEXTS, TREES, changed, places
from tests.memberships.bills import KEY, SECRET, Subscription, signature

#: What a URL is made of, and what browsers take for it.
URLS = st.text(st.sampled_from("/\\:@.?#%[]&;=evilcomhtps127\t\r\n\0 ／。．⁄\u00ad"), max_size=30)


@pytest.mark.one_database
@given(TEXTS | URLS | URLS.map("/{}".format))
@example("/\t/evil.com")
@example("/\\evil.com")
@fuzz
def test_where_a_visitor_is_led_a_browser_stays_on_the_site(wish):
    wanted = safe_next(wish)

    assert wanted in {"", wish}
    if wanted:
        assert host_in_a_browser(wanted, "site.example") == "site.example"
        # Who joins it to the origin by hand stays there, too.
        assert urlsplit("https://site.example" + wanted).netloc == "site.example"


def host_in_a_browser(link: str, here: str) -> str:
    """Return the host that a link leads to from a page of ``here``, by the rules of the URL standard."""
    # Tabs and line ends are taken out wherever they are, controls and spaces at both ends.
    seen = re.sub(r"[\t\r\n]", "", link.strip("".join(map(chr, range(33)))))
    if scheme := re.match(r"[a-z][a-z0-9+.-]*:", seen, re.IGNORECASE):
        return f"whatever {scheme[0]} means"
    # Two slashes or more, and a backslash is one, begin a host.
    slashes = re.match(r"[/\\]*", seen)[0]
    if len(slashes) < 2:
        return here
    return re.split(r"[/\\?#]", seen[len(slashes) :])[0].rpartition("@")[2]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "link", ["//evil", "/\\evil", "/\t/evil", "\\\\evil", " ///a@evil", "/\n\\/evil?x"]
)
def test_a_browser_reads_more_than_two_slashes_as_a_host(link):
    assert host_in_a_browser(link, "site.example") == "evil"


@pytest.mark.one_database
@given(TEXTS)
@fuzz
def test_keys_are_short_ascii_and_their_own_keys(text):
    for key_of, length in ((email_key, EMAIL_MAX_LENGTH), (username_key, KEY_MAX_LENGTH)):
        key = key_of(text)
        assert key.isascii()
        assert len(key) <= length
    assert email_key(email_key(text)) == email_key(text)


@pytest.mark.one_database
@given(TEXTS | st.binary(min_size=16, max_size=48).map(repr))
@fuzz
def test_a_text_is_a_link_or_a_limit_or_the_error_that_says_so(text):
    for read, error in ((Link.parse, AccountError), (parse_public_id, AccountError)):
        with contextlib.suppress(error):
            read(text)
    with contextlib.suppress(ValueError):
        Rate.parse(text)


@pytest.mark.one_database
@given(st.lists(TREES, max_size=3))
@fuzz
def test_what_cannot_be_meant_as_roles_raises_at_once(needs):
    try:
        requirement = Requirement(*needs)
    except (ValueError, TypeError):
        return
    assert not requirement.matches(frozenset())


def _events():
    life = Subscription("1")
    now = timezone.now()
    events = [life.paid(), life.failed(), life.refunded(), life.checked_out(), life.deleted(now)]
    return [*events, life.told("updated", "active")]


@pytest.mark.one_database
@given(st.data())
@fuzz
def test_an_event_of_stripe_is_read_or_refused(data):
    tree = data.draw(st.sampled_from(_events()))
    place = data.draw(st.sampled_from(list(places(tree))))
    body = json.dumps(changed(tree, place, data.draw(TREES)))

    with contextlib.suppress(AccountError):
        read_event(body, is_live=False)


WORDS = st.none() | TEXTS
REPORTS = st.fixed_dictionaries(
    {
        "recipient": TEXTS | TEXTS.map("{}@example.com".format) | st.just("frida@example.com"),
        "event_type": st.sampled_from([*vars(EventType).values(), "odd"]),
        "reject_reason": st.sampled_from([*vars(RejectReason).values(), None]),
        "mta_response": WORDS,
        "description": WORDS,
        "esp_event": TREES,
    }
)
#: One whose words are kept.
GONE = {
    "recipient": "frida@example.com",
    "event_type": EventType.BOUNCED,
    "reject_reason": RejectReason.INVALID,
    "mta_response": None,
    "esp_event": {},
}


@pytest.mark.django_db
def test_whatever_a_provider_of_mail_reports_is_kept_or_ignored():
    @given(REPORTS)
    @example({**GONE, "description": "no such user \0"})
    @example({**GONE, "description": "no " * 100})
    @fuzz
    def check(report):
        note_tracking_event(event=SimpleNamespace(**report))

        for row in UndeliverableAddress.objects.all():
            assert row.email_key == email_key(row.email_key)
            assert row.reason == as_kept(row.reason)

    check()


@pytest.mark.django_db
def test_whatever_is_posted_as_an_event_is_answered(client, set_conf):
    set_conf(MEMBERSHIPS={"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET})

    @given(st.binary(max_size=100), TEXTS.filter(str.isprintable), st.booleans())
    @example(b"[" * 100_000, "", True)
    @example(b"9" * 10_000, "", True)
    @fuzz
    def check(body, header, is_signed):
        text = body.decode("latin-1")
        header = (
            signature(text) if is_signed else header.encode("utf-8", "replace").decode("latin-1")
        )
        sent = {"content_type": "application/json", "headers": {"Stripe-Signature": header}}
        answer = client.post(reverse("useraccounts:stripe_webhook"), text.encode(), **sent)
        assert answer.status_code == 400

    check()


@pytest.mark.one_database
@given(TEXTS | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")))
@fuzz
def test_a_body_that_is_no_event_is_refused(body):
    with pytest.raises(AccountError):
        read_event(body, is_live=False)
