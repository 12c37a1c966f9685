"""G. Answers of a provider that are forged, stolen, broken or too late: nothing comes of them."""

import base64
import time

import pytest
import requests
from django.contrib.sessions.models import Session

from django_useraccounts.models import AccountEvent
from django_useraccounts.social import errors
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import make_user
from django_useraccounts.testing.keys import signed, signing_key
from django_useraccounts.testing.provider import LEFT_OUT, FakeProvider
from tests.attacks.browsers import everything
from tests.social.visits import (
    HANNAH,
    ISSUER,
    begin,
    has_providers,
    provider,
    url,
    user_of,
)

pytestmark = pytest.mark.django_db

__all__ = ["has_providers", "provider"]  # fixtures

#: What a provider could put on our pages, into our rows and logs.
EVIL_TEXT = "<script>alert(1)</script> call 0800-EVIL"


@pytest.fixture(autouse=True)
def hannah(db):
    """The victim, whom an answer would let in if it were believed."""
    user = make_user("hannah", HANNAH["email"])
    Connection.objects.create(
        user=user, provider="guild", issuer=ISSUER, subject=HANNAH["sub"], key=key_of(), label="h"
    )
    return user


def key_of(issuer=ISSUER, subject=HANNAH["sub"]):
    from django_useraccounts.social.identities import identity_key

    return identity_key(issuer, subject)


def rows():
    """Return all that is known of people; not who was refused, and what a browser has begun."""
    known = everything()
    del known["AccountEvent"]
    users = [session.get_decoded().get("_auth_user_id") for session in Session.objects.all()]
    known["Session"] = sorted(filter(None, users))
    known["Connection"] = list(Connection.objects.order_by("pk").values())
    return known


def assert_refused(
    response, before, *, reason, error=errors.BadAnswer, source="guild", status=None
):
    """Say that a page of ours tells why, one event too, and that nothing else has happened."""
    text = response.content.decode()
    assert response.status_code == (status or error.status)
    assert str(error.sentence) in text
    assert EVIL_TEXT not in text
    assert "0800-EVIL" not in text
    assert response["Cache-Control"].find("no-store") >= 0
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert rows() == before
    event = AccountEvent.objects.get(kind="social_login_refused")
    assert event.details == {"source": source, "reason": reason}


def come_back(client, callback, **changed):
    """Return before and after of a callback with other parameters; None leaves one out."""
    before = rows()
    data = {**callback.data, **changed}
    given = {name: text for name, text in data.items() if text is not None}
    return client.get(callback.path, given), before


def test_the_answer_that_is_broken_below_would_let_her_in(client, provider, hannah):
    client.get(provider.agree(begin(client)))

    assert user_of(client) == str(hannah.pk)


# Tokens

NOW = int(time.time())
LONG_AGO, SOON = NOW - 7200, NOW + 7200

TOKENS = {
    "G3 of another issuer": ({"iss": "https://evil.example"}, "iss"),
    "G3 of an issuer that begins alike": ({"iss": f"{ISSUER}.evil.example"}, "iss"),
    "G3 of the issuer with a slash": ({"iss": f"{ISSUER}/"}, "iss"),
    "G3 of no issuer": ({"iss": LEFT_OUT}, "iss"),
    "for another site": ({"aud": "another-site"}, "aud"),
    "for others and us": ({"aud": ["the-site", "another-site"]}, "azp"),
    "for nobody": ({"aud": []}, "aud"),
    "issued to another site": ({"azp": "another-site"}, "azp"),
    "G4 for another login": ({"nonce": "x" * 43}, "nonce"),
    "G4 for no login": ({"nonce": LEFT_OUT}, "nonce"),
    "G4 for a login that is a list": ({"nonce": ["x"]}, "nonce"),
    "that is over": ({"exp": LONG_AGO}, "exp"),
    "that is never over": ({"exp": LEFT_OUT}, "exp"),
    "from the future": ({"iat": SOON, "exp": SOON + 300}, "iat"),
    "from long ago": ({"iat": LONG_AGO, "exp": SOON}, "iat"),
    "for another access token": ({"at_hash": "x" * 22}, "at_hash"),
    "of nobody": ({"sub": ""}, "subject"),
    "of nobody at all": ({"sub": LEFT_OUT}, "sub"),
    "of somebody with too long a name": ({"sub": "x" * 256}, "subject"),
    "of somebody with a NUL": ({"sub": "hannah-1\0"}, "subject"),
    "of a number that is true": ({"sub": True}, "sub"),
    "of many": ({"sub": ["hannah-1"]}, "sub"),
    "that nobody has signed": ({"alg": "none"}, "alg"),
    "signed with the public key": ({"alg": "HS256"}, "alg"),
    "signed by another algorithm": ({"alg": "PS256"}, "alg"),
    "signed by an unknown key": ({"kid": "key-2"}, "kid"),
    "signed by a key that is a path": ({"kid": "../../dev/null"}, "kid"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_G_an_id_token_lets_nobody_in(client, provider, name):
    broken, reason = TOKENS[name]
    provider.breaks(**broken)

    response, before = come_back(client, provider.agree(begin(client)))

    assert_refused(response, before, reason=reason)


@pytest.mark.asvs("6.8.2")
def test_G_a_forged_signature_lets_nobody_in(client, provider):
    provider.rotate("key-1", signing_key("of a thief"), publish=False)

    response, before = come_back(client, provider.agree(begin(client)))

    assert_refused(response, before, reason="signature")


def with_header(answer, key, **more):
    """Return the answer with its ID token signed as it should be, and more in the header."""
    _header, payload, _signature = answer["id_token"].split(".")
    claims = base64.urlsafe_b64decode(f"{payload}==")
    return {**answer, "id_token": signed({"alg": "RS256", "kid": "key-1", **more}, claims, key)}


@pytest.mark.parametrize(
    "size, reason", [(10, ""), (9_000, "signature"), (100_000, "signature"), (2_000_000, "size")]
)
def test_G6_a_token_with_a_huge_header_is_refused_fast(client, provider, hannah, size, reason):
    provider.answers("token", lambda answer: with_header(answer, provider.key, x="a" * size))
    callback = provider.agree(begin(client))

    start = time.process_time()
    response, before = come_back(client, callback)
    took = time.process_time() - start

    if not reason:
        assert user_of(client) == str(hannah.pk)
        return
    assert_refused(response, before, reason=reason)
    # The test makes the token, too, which takes the most of it.
    assert took < 5


def test_G_of_several_keys_one_has_to_be_named(client, provider):
    provider.breaks(kid=LEFT_OUT)
    provider.keys = [*provider.keys, {**provider.keys[0], "kid": "key-2"}]

    response, before = come_back(client, provider.agree(begin(client)))

    assert_refused(response, before, reason="kid")


# What else it answers

HUGE = b'{"access_token": "' + b"x" * 300_000 + b'"}'
DEEP = b'{"access_token": ' + b"[" * 100_000
ANSWERS = {
    "G23 without an ID token": ("token", {"change": {"access_token": "a"}}, "no_id_token", 400),
    "G23 with an ID token of nothing": (
        "token",
        {"change": lambda answer: {**answer, "id_token": None}},
        "no_id_token",
        400,
    ),
    "G6 that is huge": ("token", {"body": HUGE}, "size", 400),
    "G6 that is deep": ("token", {"body": DEEP}, "json", 400),
    "G6 with a huge number": (
        "token",
        {"body": b'{"expires_in": ' + b"9" * 5000 + b"}"},
        "json",
        400,
    ),
    "G22 that is a page": ("token", {"body": b"<html>"}, "json", 400),
    "G22 that is a list": ("token", {"body": b"[]"}, "json", 400),
    "G22 that is no text": ("token", {"body": b"\xff\xfe"}, "json", 400),
    "G22 that is an outage": ("token", {"status": 500, "body": EVIL_TEXT.encode()}, "status", 503),
    "G22 that never comes": ("token", {"fails": requests.ConnectTimeout()}, "timeout", 503),
    "G22 that breaks off": ("token", {"fails": requests.ConnectionError()}, "connection", 503),
    "G20 that leads elsewhere": (
        "token",
        {"status": 302, "body": b"", "headers": {"Location": "http://169.254.169.254/"}},
        "redirect",
        400,
    ),
    "G18 with an error of its own": (
        "token",
        {"change": {"error": "invalid_grant", "error_description": EVIL_TEXT}, "status": 400},
        "grant",
        400,
    ),
    "with keys of another kind": ("jwks", {"change": {"keys": "none"}}, "keys", 400),
    "with keys that are huge": ("jwks", {"body": HUGE}, "size", 400),
    "with no keys at all": ("jwks", {"change": {"keys": []}}, "kid", 400),
    "with keys that are out of reach": ("jwks", {"status": 500}, "status", 503),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_G_an_answer_lets_nobody_in(client, provider, name):
    endpoint, broken, reason, status = ANSWERS[name]
    callback = provider.agree(begin(client))
    provider.answers(endpoint, **broken)

    response, before = come_back(client, callback)

    error = errors.ProviderUnreachable if status == 503 else errors.BadAnswer
    assert_refused(response, before, reason=reason, error=error)


def test_G22_after_an_outage_it_works_again(client, provider, hannah):
    callback = provider.agree(begin(client))
    provider.answers("token", status=500)
    client.get(callback)
    provider.mends("token")

    client.get(provider.agree(begin(client)))

    assert user_of(client) == str(hannah.pk)


@pytest.mark.parametrize("endpoint", ["metadata", "jwks"])
def test_G22_after_a_page_of_maintenance_it_works_again(client, provider, hannah, endpoint):
    provider.answers(endpoint, {"status": "maintenance"})
    refused = client.post(url("social_login", "guild"))
    if endpoint == "jwks":
        refused = client.get(provider.agree(refused["Location"]))
    provider.mends(endpoint)

    client.get(provider.agree(begin(client)))

    assert refused.status_code == 400
    assert user_of(client) == str(hannah.pk)


@pytest.mark.parametrize("subject", ["hannah-2", "", None, ["hannah-1"]])
def test_G16_userinfo_of_somebody_else_lets_nobody_in(client, has_providers, subject):
    with FakeProvider(issuer=ISSUER, person=HANNAH, in_userinfo=("email",)) as fake:
        fake.answers("userinfo", {"sub": subject, "email": "eve@guild.example"})

        response, before = come_back(client, fake.agree(begin(client)))

    assert_refused(response, before, reason="userinfo")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "http://id.guild.example/keys"},
    ],
)
def test_G20_metadata_that_lead_elsewhere_are_not_followed(client, has_providers, metadata):
    with FakeProvider(issuer=ISSUER, person=HANNAH) as fake:
        fake.metadata = {**fake.metadata, **metadata}
        before = rows()

        response = client.post(url("social_login", "guild"))

    assert response.status_code == 400
    assert str(errors.BadAnswer.sentence) in response.content.decode()
    assert list(fake.calls) == ["metadata"]
    assert rows() == before
