"""The presets: the same cases for each of them, then what only one of them does."""

import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from joserfc import jwt
from joserfc.jwk import ECKey

from django_useraccounts.social import providers
from django_useraccounts.social.errors import BadAnswer, ConsentDenied, ProviderUnreachable
from django_useraccounts.testing.provider import LEFT_OUT
from tests.social.presets import APPLE_KEY, APPLE_PEM, MICROSOFT, PRESETS, TENANT, Login

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"

#: By which words a provider asks anew who somebody is; some know none, or only let one choose.
ONCE_MORE = {
    "google": {"prompt": "select_account"},
    "facebook": {"auth_type": "reauthenticate"},
    "github": {"prompt": "select_account"},
    "microsoft": {"prompt": "login"},
    "apple": {},
    "gitlab": {"prompt": "login"},
    "linkedin": {},
    "discord": {"prompt": "consent"},
}

#: What some say instead of "access_denied".
DENIALS = {
    "apple": ("user_cancelled_authorize",),
    "linkedin": ("user_cancelled_login", "user_cancelled_authorize"),
}

CALLS = [(name, call) for name, preset in PRESETS.items() for call in preset.calls]
GARBAGE = [b"<html>", b"[]", b'"text"', b"", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]


@pytest.fixture
def login(request):
    """A login by the preset that the test names, with further options."""
    preset, options = request.param if isinstance(request.param, tuple) else (request.param, {})
    made = Login(PRESETS[preset], **options)
    with made.fake:
        yield made


def by(*presets):
    return pytest.mark.parametrize("login", presets, indirect=True)


by_each = by(*PRESETS)


def parameters(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_every_preset_is_put_to_the_same_cases():
    assert set(PRESETS) == set(providers.PRESETS)


@by_each
def test_who_comes_back_is_told_by_issuer_and_subject(login):
    identity = login.identity()

    assert (identity.provider, identity.issuer) == (login.preset.name, login.preset.issuer)
    assert (identity.subject, identity.email) == ("1001", "frida@example.com")
    assert (identity.first_name, identity.last_name) == ("Frida", "Kahlo")
    assert identity.tokens == ""


@pytest.mark.asvs("10.2.3")
@by_each
def test_the_url_asks_for_no_more_than_is_needed(login):
    asked = parameters(login.begin().url)

    assert asked["scope"] == login.preset.scope
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"].startswith("https://guild.example/")


@by_each
def test_a_login_is_bound_to_the_browser_that_began_it(login):
    first, second = login.begin(), login.begin()

    asked = parameters(first.url)
    assert asked["state"] == first.pending["state"]
    assert ("nonce" in asked) == (login.preset.speaks_openid and login.preset.name != "linkedin")
    assert (asked.get("code_challenge_method") == "S256") == (login.preset.name != "linkedin")
    shared = set(first.pending.values()) & set(second.pending.values())
    assert shared == {first.pending["issuer"], first.pending["redirect_uri"]}


@by(*(name for name in PRESETS if name != "linkedin"))
def test_the_code_of_another_browser_is_refused(login):
    stolen = login.agree(login.begin())

    with pytest.raises(BadAnswer):
        login.finish(stolen, login.begin())


@by_each
def test_a_code_is_good_once(login):
    begun = login.begin()
    answer = login.agree(begun)
    login.finish(answer, begun)

    with pytest.raises(BadAnswer):
        login.finish(answer, begun)


@by_each
def test_to_prove_oneself_once_more_is_asked_for_in_words_that_it_knows(login):
    begun = login.begin(prompt_login=True)

    usual = parameters(login.begin().url)
    added = {name: word for name, word in parameters(begun.url).items() if name not in usual}
    assert added == ONCE_MORE[login.preset.name]
    assert login.finish(login.agree(begun), begun).subject == "1001"


@by("google", "apple", "gitlab", "linkedin")
def test_who_cannot_tell_when_somebody_has_logged_in_is_believed(login):
    login.fake.breaks(auth_time=int(time.time()) - 3600)
    begun = login.begin(prompt_login=True)

    assert login.finish(login.agree(begun), begun).subject == "1001"


@by("microsoft")
@pytest.mark.asvs("6.8.4")
def test_who_is_only_remembered_there_proves_nothing(login):
    login.fake.breaks(auth_time=int(time.time()) - 3600)
    begun = login.begin(prompt_login=True)

    with pytest.raises(BadAnswer) as refused:
        login.finish(login.agree(begun), begun)
    assert refused.value.reason == "auth_time"


@by_each
def test_a_denied_consent_is_told_as_such(login):
    begun = login.begin()

    for error in ("access_denied", *DENIALS.get(login.preset.name, ())):
        with pytest.raises(ConsentDenied):
            login.finish(login.fake.deny(begun.url, error).data, begun)


@by_each
def test_another_error_is_told_in_words_of_ours(login):
    begun = login.begin()
    answer = login.fake.deny(begun.url, "<script>", error_description="<b>pay here</b>").data

    with pytest.raises(BadAnswer) as told:
        login.finish(answer, begun)

    assert told.value.reason == "error"


@by_each
def test_the_answer_of_another_issuer_is_refused(login):
    begun = login.begin()

    with pytest.raises(BadAnswer):
        login.finish({**login.agree(begun), "iss": "https://evil.example"}, begun)
    assert login.fake.calls["token"] == 0


@by_each
def test_an_address_elsewhere_is_never_proved(login):
    assert not login.identity(email_verified=True).is_email_proved


@pytest.mark.parametrize("verified", [True, False, None, "true", 1])
@by(*((name, {"DOMAINS": ("example.com",)}) for name, p in PRESETS.items() if p.may_have_domains))
def test_only_the_boolean_true_proves_an_address_of_a_trusted_domain(login, verified):
    assert login.identity(email_verified=verified).is_email_proved is (verified is True)


@by_each
def test_a_person_without_an_address_comes_in(login):
    identity = login.identity(email="")

    assert (identity.email, identity.is_email_proved) == ("", False)


@by_each
def test_two_people_with_one_address_are_two(login):
    assert login.identity().key != login.identity(sub="1002").key


@pytest.mark.parametrize("login, call", CALLS, indirect=["login"])
def test_an_outage_of_any_call_is_told_as_such(login, call):
    login.fake.answers(call, status=503)

    with pytest.raises(ProviderUnreachable):
        login.identity()


@pytest.mark.parametrize("login, call", CALLS, indirect=["login"])
def test_a_line_that_breaks_is_told_as_an_outage(login, call):
    login.fake.answers(call, fails=requests.ConnectionError())

    with pytest.raises(ProviderUnreachable):
        login.identity()


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("login, call", CALLS, indirect=["login"])
def test_garbage_from_any_call_logs_nobody_in(login, call, garbage):
    login.fake.answers(call, body=garbage)

    # Without an address in the list somebody comes in, and has to tell one.
    if call.endswith("/emails") and garbage == b"[]":
        assert login.identity().email == ""
    else:
        with pytest.raises(BadAnswer):
            login.identity()


@by(*(name for name, preset in PRESETS.items() if not preset.speaks_openid))
@pytest.mark.parametrize("subject", [None, "", True, 10**40, ["1"], "1\n2", "9" * 256])
def test_a_subject_that_names_nobody_is_refused(login, subject):
    profile = next(call for call in login.preset.calls if call != "token")
    login.fake.answers(profile, lambda told: {**told, "id": subject})

    with pytest.raises(BadAnswer):
        login.identity()


# Google


@pytest.mark.parametrize(
    "email, hd, is_proved",
    [
        ("frida@gmail.com", LEFT_OUT, True),
        ("frida@googlemail.com", LEFT_OUT, True),
        ("frida@guild.example", "guild.example", True),
        ("frida@Guild.example", "guild.EXAMPLE", True),
        ("frida@guild.example", "other.example", False),
        ("frida@guild.example", LEFT_OUT, False),
        ("frida@guild.example", ["guild.example"], False),
        ("frida@notgmail.com", LEFT_OUT, False),
        ("frida@gmail.com.evil.example", LEFT_OUT, False),
    ],
)
@by("google")
def test_google_answers_for_mailboxes_that_it_runs(login, email, hd, is_proved):
    login.fake.breaks(email=email, hd=hd)

    assert login.identity().is_email_proved is is_proved


# Facebook


@by("facebook")
def test_facebook_is_called_with_the_proof_that_we_are_the_app(login):
    login.identity()

    [call] = [asked for name, asked in login.fake.asked if name == "me"]
    proof = hmac.new(b"the-secret", call.token.encode(), hashlib.sha256).hexdigest()
    assert call.data["appsecret_proof"] == proof


@by("facebook", "microsoft")
def test_no_flag_makes_their_word_a_proof(login):
    login.fake.breaks(email_verified=True, xms_edov=True) if login.preset.speaks_openid else (
        login.fake.answers("me", lambda told: {**told, "email_verified": True, "verified": True})
    )

    assert not login.identity().is_email_proved


@pytest.mark.parametrize("name", ["facebook", "microsoft"])
def test_no_domain_makes_their_word_a_proof(name):
    with pytest.raises(ImproperlyConfigured):
        PRESETS[name].provider(DOMAINS=("*",))


# GitHub


@by("github")
def test_github_tells_the_primary_address_if_it_is_verified(login):
    assert login.identity().email == "frida@example.com"
    assert login.identity(email_verified=False).email == ""


@by("github")
def test_a_name_on_github_that_changed_hands_is_somebody_else(login):
    before = login.identity()
    login.fake.answers("https://api.github.com/user", lambda told: {**told, "id": 7})

    after = login.identity()

    assert before.username == after.username == "frida"
    assert before.key != after.key


# Microsoft


@pytest.mark.parametrize(
    "tenant, tid, is_let_in",
    [
        ("common", TENANT, True),
        ("common", PERSONAL, True),
        ("organizations", TENANT, True),
        ("organizations", PERSONAL, False),
        ("consumers", PERSONAL, True),
        ("consumers", TENANT, False),
        (TENANT, TENANT, True),
        (TENANT.upper(), TENANT, True),
        (TENANT, OTHER_TENANT, False),
        (TENANT, PERSONAL, False),
        ("common", LEFT_OUT, False),
        ("common", "../evil", False),
        ("common", [TENANT], False),
    ],
)
def test_microsoft_lets_in_the_tenants_that_are_meant(tenant, tid, is_let_in):
    login = Login(PRESETS["microsoft"], TENANT=tenant)
    named = {"consumers": PERSONAL, "common": "{tenantid}", "organizations": "{tenantid}"}
    issuer = f"{MICROSOFT}/{named.get(tenant, TENANT)}/v2.0"
    discovery = f"{MICROSOFT}/{tenant.lower()}/v2.0/.well-known/openid-configuration"
    login.fake.serve("metadata", discovery, lambda _: {**login.fake.metadata, "issuer": issuer})
    login.fake.issuer = ""
    login.fake.breaks(tid=tid, iss=f"{MICROSOFT}/{tid}/v2.0")

    with login.fake:
        if is_let_in:
            assert login.identity().issuer == f"{MICROSOFT}/{tid}/v2.0"
        else:
            with pytest.raises(BadAnswer):
                login.identity()


@by("microsoft")
def test_microsoft_is_not_asked_for_what_its_token_says(login):
    assert login.identity(email="").subject == "1001"
    assert login.fake.calls["userinfo"] == 0


@by("microsoft")
def test_a_token_of_one_tenant_that_names_another_is_refused(login):
    login.fake.breaks(tid=OTHER_TENANT)

    with pytest.raises(BadAnswer):
        login.identity()


@by(("microsoft", {"TENANT": "organizations"}))
def test_microsoft_may_name_itself_as_the_tenant_of_the_person(login):
    answer = {"iss": f"{MICROSOFT}/{TENANT}/v2.0"}
    pending = {"issuer": login.provider.issuer}

    login.provider.check_issuer(answer, pending)

    for stranger in (f"{MICROSOFT}/{PERSONAL}/v2.0", f"{MICROSOFT}/x/{TENANT}/v2.0"):
        with pytest.raises(BadAnswer):
            login.provider.check_issuer({"iss": stranger}, pending)


@pytest.mark.parametrize("tenant", ["guild.onmicrosoft.com", "", "common/", TENANT + "\n"])
def test_a_tenant_is_named_by_its_id(tenant):
    with pytest.raises(ImproperlyConfigured):
        PRESETS["microsoft"].provider(TENANT=tenant)


# Apple


@by("apple")
def test_the_secret_for_apple_is_signed_for_five_minutes(login):
    login.identity()

    [call] = [asked for name, asked in login.fake.asked if name == "token"]
    signed = jwt.decode(call.data["client_secret"], ECKey.import_key(APPLE_KEY.public_key()))
    assert signed.header["alg"] == "ES256"
    assert signed.header["kid"] == "FGHIJ67890"
    assert signed.claims["iss"] == "ABCDE12345"
    assert signed.claims["sub"] == "com.example.login"
    assert signed.claims["aud"] == "https://appleid.apple.com"
    assert signed.claims["exp"] - signed.claims["iat"] == 300


@by("apple")
def test_apple_is_asked_to_post_its_answer(login):
    assert parameters(login.begin().url)["response_mode"] == "form_post"
    assert login.provider.response_mode == "form_post"


@pytest.mark.parametrize(
    "user, first_name",
    [
        (json.dumps({"name": {"firstName": " Fri\x00da\u202e "}}), "Frida"),
        (json.dumps({"name": {"firstName": "F" * 200}}), "F" * 150),
        (json.dumps({"name": {"firstName": ["Frida"]}}), ""),
        (json.dumps({"name": "Frida"}), ""),
        (json.dumps(["Frida"]), ""),
        (json.dumps({"name": {"firstName": "Frida"}, "x": "x" * 4096}), ""),
        ("[" * 4000, ""),
        ("{", ""),
        ("", ""),
    ],
)
@by("apple")
def test_what_is_posted_beside_the_code_is_a_name_at_most(login, user, first_name):
    begun = login.begin()

    identity = login.finish({**login.agree(begun), "user": user}, begun)

    assert identity.first_name == first_name


@by("apple")
def test_nobody_posts_an_address_or_a_subject(login):
    begun = login.begin()
    forged = {"sub": "7", "email": "victim@icloud.com", "email_verified": True, "name": {"sub": 7}}

    identity = login.finish({**login.agree(begun), "user": json.dumps(forged)}, begun)

    assert (identity.subject, identity.email) == ("1001", "frida@example.com")


@by("apple")
def test_what_apple_has_signed_comes_before_what_was_posted(login):
    login.fake.breaks(given_name="Magdalena")

    assert login.identity().first_name == "Magdalena"


@pytest.mark.parametrize("domain", ["icloud.com", "me.com", "mac.com", "privaterelay.appleid.com"])
@by("apple")
def test_apple_answers_for_mailboxes_that_it_runs(login, domain):
    assert login.identity(email=f"frida@{domain}").is_email_proved
    assert not login.identity(email=f"frida@{domain}", email_verified="true").is_email_proved


def test_the_private_key_may_come_from_an_environment_without_line_breaks():
    provider = PRESETS["apple"].provider(PRIVATE_KEY=APPLE_PEM.replace("\n", "\\n"))

    assert provider.client_secret().count(".") == 2


def test_a_private_key_that_is_none_is_told_before_anybody_logs_in():
    with pytest.raises(ImproperlyConfigured):
        PRESETS["apple"].provider(PRIVATE_KEY="FGHIJ67890")


# GitLab


def test_gitlab_may_be_ones_own():
    provider = PRESETS["gitlab"].provider(ISSUER="https://gitlab.guild.example")

    assert provider.issuer == "https://gitlab.guild.example"


@by("gitlab")
def test_gitlab_tells_of_nobody_else(login):
    login.fake.answers("userinfo", lambda told: {**told, "sub": "7"})

    with pytest.raises(BadAnswer):
        login.identity()


# LinkedIn


@by("linkedin")
def test_linkedin_is_asked_without_what_it_refuses(login):
    login.identity()

    [call] = [asked for name, asked in login.fake.asked if name == "token"]
    assert "code_verifier" not in call.data
    assert call.data["client_secret"] == "the-secret"


@by("linkedin")
def test_linkedin_has_to_sign_nevertheless(login):
    login.fake.breaks(alg="none")

    with pytest.raises(BadAnswer):
        login.identity()
