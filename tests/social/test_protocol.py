"""Answers of a hostile provider, and of somebody between it and us: each one is refused."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests
from joserfc.jwk import RSAKey

from django_useraccounts.social.errors import (
    BadAnswer,
    ConsentDenied,
    ProviderUnreachable,
    SocialLoginError,
)
from django_useraccounts.social.protocol.metadata import documents
from django_useraccounts.social.providers import OpenIDProvider, provider_named
from django_useraccounts.social.sealing import unseal
from django_useraccounts.testing.keys import published, signed, signing_key
from django_useraccounts.testing.provider import LEFT_OUT, FakeProvider, Refused

from .conftest import FRIDA, ISSUER, REDIRECT_URI

GONE = LEFT_OUT


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass for the documents of providers when a test says so."""
    clock = [1000.0]
    monkeypatch.setattr(documents, "clock", lambda: clock[0])
    return clock


def begun():
    return provider_named("guild").begin(redirect_uri=REDIRECT_URI)


def finish(answer, pending):
    return provider_named("guild").finish(answer, pending, redirect_uri=REDIRECT_URI)


# Who comes back.


def test_somebody_who_agrees_comes_back_as_the_provider_knows_her(guild, come_back):
    identity = come_back(guild)

    assert (identity.provider, identity.issuer, identity.subject) == ("guild", ISSUER, "f-1")
    assert (identity.email, identity.username) == ("frida@example.com", "frida")
    assert (identity.first_name, identity.last_name) == ("Frida", "Kahlo")
    assert identity.tokens == ""
    assert guild.calls == {"metadata": 1, "jwks": 1, "token": 1}


@pytest.mark.asvs("10.1.2", "10.2.1", "11.5.1")
def test_every_login_is_bound_to_its_browser_by_secrets_of_its_own(guild):
    first, second = begun(), begun()

    for name in ("state", "nonce", "verifier"):
        assert len(first.pending[name]) >= 43
        assert first.pending[name] != second.pending[name]
    asked = guild.checked(first.url)
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] == first.pending["nonce"]
    assert first.pending["verifier"] not in first.url
    assert json.loads(json.dumps(first.pending)) == first.pending


def test_somebody_can_be_asked_to_prove_herself_once_more(guild):
    again = provider_named("guild").begin(redirect_uri=REDIRECT_URI, prompt_login=True)

    asked = guild.checked(again.url)
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert not {"prompt", "max_age"} & guild.checked(begun().url).keys()


def test_an_address_that_the_id_token_lacks_comes_from_userinfo(set_providers, guild, come_back):
    guild.in_userinfo = ("email", "email_verified")

    assert come_back(guild).email == "frida@example.com"
    assert guild.calls["userinfo"] == 1


def test_an_address_is_not_asked_for_where_nobody_wants_it(set_providers, guild, come_back):
    set_providers(guild=options(SCOPES=("openid",)))
    guild.in_userinfo = ("email", "email_verified")

    assert come_back(guild).email == ""
    assert guild.calls["userinfo"] == 0


def options(**more):
    return {"ISSUER": ISSUER, "CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret", **more}


# Whose word counts for an address.


@pytest.mark.parametrize(
    "domains, proved",
    [
        (("example.com",), True),
        (("EXAMPLE.com",), True),
        (("*",), True),
        ((), False),
        (("example.org",), False),
        (("com",), False),
        (("evil-example.com",), False),
    ],
)
def test_the_word_of_a_provider_counts_where_the_site_says_so(
    set_providers, guild, come_back, domains, proved
):
    set_providers(guild=options(DOMAINS=domains))

    assert come_back(guild).is_email_proved is proved


@pytest.mark.asvs("15.3.5")
@pytest.mark.parametrize("verified", [GONE, False, None, "true", "false", 1, [True], {"a": 1}])
def test_G7_only_the_boolean_true_says_that_an_address_is_verified(
    set_providers, guild, come_back, verified
):
    set_providers(guild=options(DOMAINS=("*",)))
    guild.breaks(email_verified=verified)

    identity = come_back(guild)

    assert identity.email == "frida@example.com"
    assert identity.is_email_proved is False


def test_verified_in_the_id_token_says_nothing_of_an_address_in_userinfo(
    set_providers, guild, come_back
):
    set_providers(guild=options(DOMAINS=("*",)))
    guild.breaks(email=GONE, email_verified=True)
    guild.answers("userinfo", {**FRIDA, "email_verified": False})

    assert come_back(guild).is_email_proved is False


@pytest.mark.parametrize(
    "email",
    [
        ["frida@example.com"],
        {"a": "frida@example.com"},
        7,
        True,
        "frida",
        "frida@example.com\0",
        "frida@exam\u202eple.com",
        "\udc80@example.com",
        "f" * 255 + "@example.com",
    ],
)
def test_what_is_no_address_is_none_rather_than_the_address_of_somebody_else(
    set_providers, guild, come_back, email
):
    set_providers(guild=options(DOMAINS=("*",)))
    guild.answers("userinfo", {"sub": "f-1"})
    guild.breaks(email=email)

    identity = come_back(guild)

    assert (identity.email, identity.is_email_proved) == ("", False)


@pytest.mark.parametrize(
    "said, kept",
    [
        ("Frida\0\x1b[31m\u202e", "Frida[31m"),
        ("  Frida \n Kahlo ", "Frida Kahlo"),
        ("\udc80Frida", "Frida"),
        ("F" * 1000, "F" * 150),
        (["Frida"], ""),
        (7, ""),
        (None, ""),
    ],
)
def test_names_are_cleaned_and_cut(guild, come_back, said, kept):
    guild.breaks(given_name=said, family_name="K", preferred_username=said)

    identity = come_back(guild)

    assert (identity.first_name, identity.username) == (kept, kept)


def test_a_name_that_is_known_as_one_is_taken_apart(guild, come_back):
    guild.breaks(given_name=GONE, family_name=GONE, name="Maria de la Cruz")

    identity = come_back(guild)

    assert (identity.first_name, identity.last_name) == ("Maria", "de la Cruz")


# Tokens.


@pytest.mark.asvs("10.1.1")
def test_tokens_are_kept_only_where_the_site_says_so_and_then_encrypted(
    set_providers, guild, come_back
):
    set_providers(guild=options(KEEP_TOKENS=True))

    kept = come_back(guild).tokens

    assert "access_token" not in kept
    assert json.loads(unseal(kept) or "").keys() >= {"access_token", "id_token"}


# ID tokens.


@dataclass(frozen=True)
class In:
    """A time as a token has it, so many seconds from when the test asks."""

    seconds: float


def timely(claims):
    now = int(time.time())
    return {k: now + v.seconds if isinstance(v, In) else v for k, v in claims.items()}


OTHERS = {
    "iss": "https://evil.example",
    "aud": "another-site",
    "nonce": "another",
    "azp": "another",
}


@pytest.mark.asvs("9.2.1", "9.2.3", "10.5.1", "10.5.4")
@pytest.mark.parametrize(
    "claims, reason",
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": f"{ISSUER}/"}, "iss"),
        ({"iss": [ISSUER]}, "iss"),
        ({"iss": GONE}, "iss"),
        ({"aud": "another-site"}, "aud"),
        ({"aud": ["another-site"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": GONE}, "aud"),
        ({"aud": ["the-site", 7]}, "aud"),
        ({"aud": {"the-site": 1}}, "aud"),
        ({"aud": ["the-site", "another-site"]}, "azp"),
        ({"aud": ["the-site", "another-site"], "azp": "another-site"}, "azp"),
        ({"azp": "another-site"}, "azp"),
        ({"azp": ""}, "azp"),
        ({"azp": None}, "azp"),
        ({"azp": ["the-site"]}, "azp"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": GONE}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"nonce": ["another"]}, "nonce"),
        ({"nonce": "\udc80"}, "nonce"),
        ({"exp": In(-61)}, "exp"),
        ({"exp": GONE}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": float("nan")}, "json"),
        ({"exp": float("inf")}, "json"),
        ({"iat": In(120)}, "iat"),
        ({"iat": In(-3600)}, "iat"),
        ({"iat": GONE}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"nbf": In(120)}, "nbf"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
        ({"at_hash": ""}, "at_hash"),
        ({"at_hash": None}, "at_hash"),
        ({"at_hash": 7}, "at_hash"),
        ({"at_hash": "ö"}, "at_hash"),
        ({"sub": GONE}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": ["f-1"]}, "sub"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "subject"),
        ({"sub": "f" * 256}, "subject"),
        ({"sub": "f-1\0"}, "subject"),
        ({"sub": "\udc80"}, "subject"),
    ],
    ids=str,
)
def test_an_id_token_that_is_not_meant_for_this_login_is_refused(guild, come_back, claims, reason):
    guild.breaks(**timely(claims))

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["the-site"]},
        {"aud": ["the-site", "another-site"], "azp": "the-site"},
        {"azp": "the-site"},
        {"at_hash": GONE},
        {"exp": In(10**30)},
        {"iat": In(30.5)},
        {"sub": "f" * 255},
        {"auth_time": In(0), "amr": ["pwd"]},
    ],
    ids=str,
)
def test_what_the_protocol_leaves_to_a_provider_is_no_fault(guild, come_back, claims):
    guild.breaks(**timely(claims))

    assert come_back(guild).subject == claims.get("sub", "f-1")


# Whom the provider has only remembered.


def prove(fake, *, ask_for_it=True):
    """Come back from where somebody was to log in once more; or not, if the URL was shortened."""
    provider = provider_named("guild")
    begun = provider.begin(redirect_uri=REDIRECT_URI, prompt_login=True)
    url = begun.url if ask_for_it else re.sub("&(prompt|max_age)=[a-z0-9]+", "", begun.url)
    assert ask_for_it or "max_age" not in url
    answer = fake.agree(url).data
    return provider.finish(answer, begun.pending, redirect_uri=REDIRECT_URI)


@pytest.mark.asvs("6.8.4")
@pytest.mark.parametrize("moment", [In(-62), In(-3600), 0, True, "now", [], {}, -1, 10.5, GONE])
def test_who_is_to_prove_it_once_more_has_to_have_logged_in_since(guild, moment):
    guild.breaks(**timely({"auth_time": moment}))

    with pytest.raises(BadAnswer) as refused:
        prove(guild)

    assert refused.value.reason == "auth_time"


@pytest.mark.asvs("6.8.4")
def test_nobody_proves_it_who_takes_the_demand_out_of_the_url(guild):
    with pytest.raises(BadAnswer) as refused:
        prove(guild, ask_for_it=False)

    assert refused.value.reason == "auth_time"


@pytest.mark.parametrize("moment", [In(0), In(-58), In(0.5), In(30)])
def test_clocks_may_differ_when_a_provider_says_when(guild, moment):
    guild.breaks(**timely({"auth_time": moment}))

    assert prove(guild).subject == "f-1"


@pytest.mark.parametrize("claims", [None, "auth_time", ["sub"]])
def test_a_provider_that_does_not_say_that_it_tells_when_is_believed_without(guild, claims):
    guild.metadata["claims_supported"] = claims
    guild.breaks(auth_time=GONE)

    assert prove(guild).subject == "f-1"


def test_what_it_tells_nevertheless_counts(guild):
    guild.metadata["claims_supported"] = None
    guild.breaks(**timely({"auth_time": In(-3600)}))

    with pytest.raises(BadAnswer):
        prove(guild)


@pytest.mark.parametrize("moment", [In(-3600), GONE])
def test_who_just_logs_in_may_be_remembered(guild, come_back, moment):
    guild.breaks(**timely({"auth_time": moment}))

    assert come_back(guild).subject == "f-1"


# Who has signed.


@pytest.mark.asvs("9.1.2")
@pytest.mark.parametrize(
    "header, reason",
    [
        ({"alg": "none"}, "alg"),
        ({"alg": "None"}, "alg"),
        ({"alg": GONE}, "signature"),
        ({"alg": ["RS256"]}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "RS512"}, "alg"),
        ({"alg": "PS256"}, "alg"),
        ({"kid": "another"}, "kid"),
        ({"kid": 7}, "kid"),
        ({"kid": ["key-1"]}, "kid"),
        ({"kid": ""}, "kid"),
    ],
    ids=str,
)
def test_a_token_chooses_neither_algorithm_nor_key(guild, come_back, header, reason):
    # RS512 and PS256 are good signatures; with HS256, the published key is the secret.
    del guild.keys[0]["alg"]
    guild.breaks(**header)

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == reason


@pytest.mark.asvs("11.2.2")
def test_a_site_may_be_configured_for_another_algorithm(set_providers, guild, come_back):
    class ModernProvider(OpenIDProvider):
        algorithms = ("PS256",)

    guild.keys[0]["alg"] = "PS256"
    guild.breaks(alg="PS256")
    provider = ModernProvider("guild", options())
    login = provider.begin(redirect_uri=REDIRECT_URI)

    answer = guild.agree(login.url).data

    assert provider.finish(answer, login.pending, redirect_uri=REDIRECT_URI).subject == "f-1"


@pytest.mark.asvs("9.1.2")
@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_configuration_makes_a_public_key_a_secret(guild, algorithm):
    class TrustingProvider(OpenIDProvider):
        algorithms = (algorithm, "RS256")

    guild.breaks(alg=algorithm)
    provider = TrustingProvider("guild", options())
    login = provider.begin(redirect_uri=REDIRECT_URI)
    answer = guild.agree(login.url).data

    with pytest.raises(BadAnswer) as refused:
        provider.finish(answer, login.pending, redirect_uri=REDIRECT_URI)

    assert refused.value.reason == "alg"


def test_a_public_key_that_is_published_as_a_secret_opens_nothing(guild, come_back):
    guild.keys = [{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}]
    guild.breaks(alg="HS256")

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.asvs("6.8.2", "9.1.1")
def test_a_token_that_somebody_else_signed_is_refused(guild, come_back):
    guild.rotate("key-1", signing_key("of somebody else"), publish=False)

    with pytest.raises(BadAnswer, match="trusted") as refused:
        come_back(guild)

    assert refused.value.reason == "signature"


@pytest.mark.parametrize(
    "broken",
    [
        lambda token: token[:-4] + "AAAA",
        lambda token: token.replace(".", ".e30", 1),
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token + ".x",
        lambda token: "A" * 50_000 + token,
        lambda token: "e30." + token.partition(".")[2],
        lambda token: "....",
        lambda token: "ö.ö.ö",
        lambda token: "\0",
        lambda token: "W10.W10.W10",
    ],
)
def test_a_broken_token_is_refused(guild, come_back, broken):
    guild.answers("token", lambda token: {**token, "id_token": broken(token["id_token"])})

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.parametrize(
    "payload", [b"[" * 90_000, b"[]", b"7", b"", b"\xff", b'{"a": 1' + b"0" * 5000 + b"}"]
)
def test_a_signed_token_of_anything_else_than_claims_is_refused(guild, come_back, payload):
    header = {"alg": "RS256", "kid": "key-1"}
    token = signed(header, payload, guild.key)
    guild.answers("token", lambda answer: {**answer, "id_token": token})

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.asvs("9.2.2")
@pytest.mark.parametrize("missing", [GONE, None, "", 7, {"a": 1}, ["a.b.c"]])
def test_G23_without_an_id_token_nobody_is_logged_in_by_userinfo(guild, come_back, missing):
    def without(token):
        token = {**token, "id_token": missing}
        return {key: part for key, part in token.items() if part is not GONE}

    guild.answers("token", without)

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "no_id_token"
    assert guild.calls["userinfo"] == 0


# Keys.


@pytest.mark.asvs("1.3.6", "9.1.3")
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u"])
def test_a_token_brings_no_key_along(guild, come_back, name):
    thief = signing_key("of somebody else")
    elsewhere = "https://evil.example/keys"
    guild.rotate("key-1", thief, publish=False)
    guild.breaks(**{name: published(thief, "key-1") if name == "jwk" else elsewhere})

    # A call to elsewhere would fail as one to nobody does.
    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "signature"


@pytest.mark.asvs("9.1.3")
def test_no_key_is_guessed_where_there_are_several(guild, come_back):
    guild.keys.append(published(signing_key("key-2"), "key-2"))
    guild.breaks(kid=GONE)

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "kid"


def test_no_key_is_guessed_even_where_one_alone_would_do(guild, come_back):
    guild.keys.append({"kty": "EC", "kid": "key-2", "crv": "P-256", "x": "AA", "y": "AA"})
    guild.breaks(kid=GONE)

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "kid"


def test_a_single_key_needs_no_name(guild, come_back):
    guild.breaks(kid=GONE)

    assert come_back(guild).subject == "f-1"


def test_new_keys_are_found_at_once_but_looked_for_once_a_minute(guild, come_back, clock):
    come_back(guild)
    guild.rotate("key-2", publish=False)

    for _attempt in range(3):
        with pytest.raises(BadAnswer):
            come_back(guild)
    assert guild.calls["jwks"] == 1

    clock[0] += 61
    for _attempt in range(3):
        with pytest.raises(BadAnswer):
            come_back(guild)
    assert guild.calls["jwks"] == 2

    guild.rotate("key-2")
    clock[0] += 61
    assert come_back(guild).subject == "f-1"
    assert guild.calls["jwks"] == 3


def test_a_look_for_keys_that_fails_is_not_repeated_within_the_minute(guild, come_back, clock):
    come_back(guild)
    guild.rotate("key-2")
    guild.answers("jwks", status=500)
    clock[0] += 61

    with pytest.raises(ProviderUnreachable):
        come_back(guild)
    with pytest.raises(BadAnswer):
        come_back(guild)

    assert guild.calls["jwks"] == 2


def test_those_who_come_at_once_with_a_new_key_share_one_look_for_it(guild, come_back, clock):
    come_back(guild)
    guild.rotate("key-2")
    clock[0] += 61

    with ThreadPoolExecutor(8) as pool:
        came = [pool.submit(come_back, guild) for _browser in range(8)]

    assert [future.result().subject for future in came] == ["f-1"] * 8
    assert guild.calls["jwks"] == 2


def test_documents_are_kept_for_an_hour(guild, come_back, clock):
    come_back(guild)
    clock[0] += 3599
    come_back(guild)
    assert (guild.calls["metadata"], guild.calls["jwks"]) == (1, 1)

    clock[0] += 2
    come_back(guild)
    assert (guild.calls["metadata"], guild.calls["jwks"]) == (2, 2)


@pytest.mark.parametrize("endpoint", ["metadata", "jwks"])
def test_G22_an_answer_that_is_no_document_is_not_kept(guild, come_back, endpoint):
    guild.answers(endpoint, {"status": "maintenance"})
    with pytest.raises(BadAnswer):
        come_back(guild)
    guild.mends(endpoint)

    assert come_back(guild).subject == "f-1"
    come_back(guild)
    assert guild.calls[endpoint] == 2


def test_G22_an_answer_that_holds_no_keys_takes_no_place_of_those_that_are_known(
    guild, come_back, clock
):
    come_back(guild)
    known = guild.key
    guild.rotate("key-2", publish=False)
    guild.answers("jwks", {"status": "maintenance"})
    clock[0] += 61
    with pytest.raises(BadAnswer):
        come_back(guild)

    guild.rotate("key-1", known, publish=False)

    assert come_back(guild).subject == "f-1"


@pytest.mark.asvs("9.1.3")
@pytest.mark.parametrize(
    "keys",
    [
        None,
        7,
        [],
        {},
        [7],
        ["key-1"],
        [{}],
        [{"kid": "key-1"}],
        [{"kid": "key-1", "kty": "RSA"}],
        [{"kid": "key-1", "kty": "RSA", "n": "A" * 342, "e": "AQAB"}],
        [{"kid": "key-1", "kty": "RSA", "n": "!" * 342, "e": 7}],
        [{"kid": "key-1", "kty": "RSA", "n": "A" * 2000, "e": "AQAB"}],
        [{"kid": "key-1", "kty": "EC", "crv": "P-256", "x": "", "y": ""}],
    ],
)
def test_keys_that_are_none_verify_nothing(guild, come_back, keys):
    guild.answers("jwks", {"keys": keys})

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.parametrize("purpose", [{"use": "enc"}, {"alg": "PS256"}, {"kty": "oct"}], ids=str)
def test_a_key_for_something_else_verifies_nothing(guild, come_back, purpose):
    guild.keys[0] |= purpose

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "kid"


def test_two_keys_of_one_name_verify_nothing(guild, come_back):
    guild.keys.append(published(signing_key("key-2"), "key-1"))

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.filterwarnings("ignore:Key size")
def test_a_short_key_verifies_nothing(guild, come_back):
    guild.rotate("short", RSAKey.generate_key(1024))

    with pytest.raises(BadAnswer):
        come_back(guild)


# The way back.


@pytest.mark.asvs("10.2.2")
@pytest.mark.parametrize("issuer", ["https://evil.example", "", f"{ISSUER}/", ISSUER.upper()])
def test_G3_the_answer_of_another_issuer_is_refused_before_it_gets_the_code(
    guild, come_back, issuer
):
    with pytest.raises(BadAnswer) as refused:
        come_back(guild, iss=issuer)

    assert refused.value.reason == "issuer"
    assert guild.calls["token"] == 0


def test_an_issuer_that_names_itself_always_is_missed_when_it_does_not(guild):
    login = begun()
    answer = guild.agree(login.url).data
    del answer["iss"]

    with pytest.raises(BadAnswer) as refused:
        finish(answer, login.pending)

    assert refused.value.reason == "issuer"
    assert guild.calls["token"] == 0


def test_an_issuer_that_promises_nothing_need_not_name_itself(guild):
    guild.metadata["authorization_response_iss_parameter_supported"] = False
    login = begun()
    answer = guild.agree(login.url).data
    del answer["iss"]

    assert finish(answer, login.pending).subject == "f-1"


def test_a_login_that_was_begun_with_another_issuer_is_refused(guild):
    login = begun()
    pending = {**login.pending, "issuer": "https://evil.example"}

    with pytest.raises(BadAnswer) as refused:
        finish(guild.agree(login.url).data, pending)

    assert refused.value.reason == "issuer"


def test_a_denied_consent_is_told_from_a_fault(guild):
    login = begun()

    with pytest.raises(ConsentDenied):
        finish(guild.deny(login.url).data, login.pending)


@pytest.mark.parametrize(
    "error, kind",
    [
        ("invalid_scope", BadAnswer),
        ("<script>", BadAnswer),
        ("", BadAnswer),
        ("server_error", ProviderUnreachable),
        ("temporarily_unavailable", ProviderUnreachable),
    ],
)
def test_an_error_of_the_provider_is_told_in_words_of_ours(guild, error, kind):
    login = begun()
    answer = guild.deny(login.url, error, error_description="<b>Call 555</b>").data

    with pytest.raises(kind) as refused:
        finish(answer, login.pending)

    assert refused.value.reason in ("error", "provider")
    assert "555" not in str(refused.value)


def test_an_error_beside_a_code_is_an_error(guild, come_back):
    with pytest.raises(ConsentDenied):
        come_back(guild, error="access_denied")

    assert guild.calls["token"] == 0


@pytest.mark.parametrize("code", ["", "\0", "ö", "a" * 20_000, "a\r\nb", "\udc80"])
def test_what_cannot_be_a_code_is_not_sent(guild, come_back, code):
    with pytest.raises(BadAnswer) as refused:
        come_back(guild, code=code)

    assert refused.value.reason == "code"
    assert guild.calls["token"] == 0


def test_a_code_is_good_once(guild):
    login = begun()
    answer = guild.agree(login.url).data
    finish(answer, login.pending)

    with pytest.raises(BadAnswer) as refused:
        finish(answer, login.pending)

    assert refused.value.reason == "grant"


@pytest.mark.asvs("10.2.1")
def test_the_code_of_somebody_else_is_of_no_use_in_another_browser(guild):
    hers, mine = begun(), begun()
    code = guild.agree(hers.url).data["code"]
    answer = guild.agree(mine.url).data | {"code": code}

    # By PKCE; and by the nonce, where a provider overlooks the verifier.
    with pytest.raises(BadAnswer) as refused:
        finish(answer, mine.pending)
    assert refused.value.reason == "grant"

    code = guild.agree(hers.url).data["code"]
    with pytest.raises(BadAnswer) as refused:
        finish(answer | {"code": code}, {**mine.pending, "verifier": hers.pending["verifier"]})
    assert refused.value.reason == "nonce"


def test_a_wrong_secret_is_told_from_a_wrong_code(set_providers, guild, come_back):
    set_providers(guild=options(CLIENT_SECRET="another"))

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "client"


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_the_site_proves_itself_as_the_provider_wants_it(guild, come_back, auth):
    guild.metadata["token_endpoint_auth_methods_supported"] = [auth]

    come_back(guild)

    (token_call,) = [asked for name, asked in guild.asked if name == "token"]
    assert ("client_secret" in token_call.data) is (auth == "client_secret_post")
    assert token_call.client == ("the-site", "the-secret")


# What the endpoints answer.

DEEP = b"[" * 100_000
NO_JSON = [
    b"",
    b"<html>",
    b"[]",
    b"7",
    b"null",
    b'"a"',
    b"\xff\xfe\x00",
    DEEP,
    b'{"a": ' + DEEP,
    b'{"a": NaN}',
    b'{"a": 1' + b"0" * 5000 + b"}",
]


@pytest.mark.parametrize("body", NO_JSON, ids=range(len(NO_JSON)))
@pytest.mark.parametrize("endpoint", ["metadata", "jwks", "token", "userinfo"])
def test_what_is_no_json_object_is_refused_wherever_it_comes_from(guild, come_back, endpoint, body):
    guild.in_userinfo = ("email",)
    guild.answers(endpoint, body=body)

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
@pytest.mark.parametrize("endpoint", ["metadata", "jwks", "token", "userinfo"])
def test_an_outage_is_told_from_an_attack_and_a_retry_works(guild, come_back, endpoint, status):
    guild.in_userinfo = ("email",)
    guild.answers(endpoint, status=status, body=b"<html>Sorry")

    with pytest.raises(ProviderUnreachable) as told:
        come_back(guild)
    assert told.value.reason == "status"

    guild.mends(endpoint)
    assert come_back(guild).subject == "f-1"


@pytest.mark.parametrize(
    "fault, reason",
    [
        (requests.ConnectTimeout(), "timeout"),
        (requests.ReadTimeout(), "timeout"),
        (requests.ConnectionError(), "connection"),
        (requests.exceptions.SSLError(), "tls"),
        (requests.exceptions.ChunkedEncodingError(), "connection"),
    ],
)
@pytest.mark.parametrize("endpoint", ["metadata", "jwks", "token", "userinfo"])
def test_a_connection_that_fails_is_an_outage(guild, come_back, endpoint, fault, reason):
    guild.in_userinfo = ("email",)
    guild.answers(endpoint, fails=fault)

    with pytest.raises(ProviderUnreachable) as told:
        come_back(guild)

    assert told.value.reason == reason


@pytest.mark.asvs("15.3.2")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", ["metadata", "jwks", "token", "userinfo"])
def test_G20_nobody_is_followed_elsewhere(guild, come_back, endpoint, status):
    guild.in_userinfo = ("email",)
    elsewhere = {"Location": "https://id.example.com/elsewhere"}
    guild.answers(endpoint, status=status, body=b"{}", headers=elsewhere)

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "redirect"
    assert guild.calls[""] == 0


@pytest.mark.parametrize("endpoint", ["metadata", "jwks", "token", "userinfo"])
def test_G6_no_more_is_read_than_anybody_needs(guild, come_back, endpoint):
    guild.in_userinfo = ("email",)
    guild.answers(endpoint, body=b'{"a": "' + b"a" * 300_000 + b'"}')

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "size"


@pytest.mark.parametrize(
    "token",
    [
        {"token_type": "mac"},
        {"token_type": 7},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": None},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "ö"},
        {"access_token": "a" * 20_000},
        {"expires_in": "soon"},
        {"expires_in": [1]},
        {"expires_at": {}},
        {"error": "<script>"},
        {"error": {"message": "no"}},
    ],
    ids=str,
)
def test_a_token_that_cannot_be_used_is_refused(guild, come_back, token):
    guild.answers("token", lambda answer: {**answer, **token})

    with pytest.raises(BadAnswer):
        come_back(guild)


@pytest.mark.parametrize("subject", [GONE, "somebody-else", None, 7, ["f-1"], "F-1"])
def test_G16_userinfo_of_somebody_else_is_refused(guild, come_back, subject):
    guild.in_userinfo = ("email",)
    told = {"email": "victim@example.com", "sub": subject}
    guild.answers("userinfo", {key: claim for key, claim in told.items() if claim is not GONE})

    with pytest.raises(BadAnswer) as refused:
        come_back(guild)

    assert refused.value.reason == "userinfo"


# Metadata.


@pytest.mark.asvs("10.5.3")
@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}/", "", None, [ISSUER], GONE])
def test_G20_metadata_of_another_issuer_are_refused(guild, issuer):
    said = {**guild.metadata, "issuer": issuer}
    guild.answers("metadata", {key: part for key, part in said.items() if part is not GONE})

    with pytest.raises(BadAnswer) as refused:
        begun()

    assert refused.value.reason == "metadata_issuer"


@pytest.mark.asvs("1.3.6", "12.3.1")
@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com/x",
        "http://localhost/x",
        "http://127.0.0.1/x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://id.example.com/",
        "//id.example.com/x",
        "/x",
        "https://",
        "https:///x",
        "https://user:password@id.example.com/",
        "https://id.example.com\\@evil.example/",
        "https://id.example.com/a b",
        "https://id.example.com/\0",
        "https://id.example.com:port/",
        "https://[::1/",
        "https://ö.example/",
        "",
        None,
        7,
        ["https://id.example.com/x"],
    ],
)
@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
)
def test_metadata_send_nobody_where_others_listen(guild, name, url):
    guild.metadata[name] = url
    if name == "userinfo_endpoint" and url is None:
        return

    with pytest.raises(BadAnswer) as refused:
        begun()

    assert refused.value.reason == "metadata_url"


def test_a_provider_on_this_machine_needs_no_certificate(set_providers, come_back):
    issuer = "http://localhost:8000/guild"
    set_providers(guild=options(ISSUER=issuer))

    with FakeProvider(issuer=issuer, person=FRIDA) as fake:
        assert come_back(fake).issuer == issuer


@pytest.mark.parametrize("issuer", ["http://id.example.com", "http://localhost.evil.example"])
def test_a_provider_elsewhere_needs_one(set_providers, issuer):
    set_providers(guild=options(ISSUER=issuer))

    with FakeProvider(issuer=issuer, person=FRIDA) as fake, pytest.raises(BadAnswer):
        begun()

    assert not fake.calls


# Nothing else ever comes out of it.

ODD = [None, 7, 1e308, True, "", "\0", "\udc80", [], {}, [[]], {"a": {}}, 10**400, "ö" * 500]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_values_anywhere_end_in_a_login_or_a_page(guild, come_back, odd):
    endings = []

    def attempt():
        documents.forget()
        try:
            come_back(guild)
            endings.append("login")
        except (SocialLoginError, Refused) as error:
            endings.append(type(error).__name__)

    original = dict(guild.metadata)
    for name in original:
        guild.metadata = {**original, name: odd}
        attempt()
    guild.metadata = original
    for name in ("access_token", "token_type", "expires_in", "expires_at", "id_token", "scope"):
        guild.answers("token", lambda token, name=name: {**token, name: odd})
        attempt()
    guild.mends("token")
    for name in guild.keys[0]:
        guild.answers("jwks", {"keys": [{**guild.keys[0], name: odd}]})
        attempt()
    guild.mends("jwks")
    for name in (
        *FRIDA,
        "iss",
        "aud",
        "azp",
        "exp",
        "iat",
        "nbf",
        "nonce",
        "at_hash",
        "auth_time",
        "amr",
        "name",
        "alg",
        "kid",
    ):
        before = dict(guild._broken), dict(guild._header)
        guild.breaks(**{name: odd})
        attempt()
        guild._broken, guild._header = before

    assert set(endings) <= {"login", "BadAnswer", "ProviderUnreachable", "Refused"}
    assert len(endings) > 30
