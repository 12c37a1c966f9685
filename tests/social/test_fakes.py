"""What projects test their own logins with: as strict as a real provider."""

import hashlib
import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from django_useraccounts.outside.calls import answering
from django_useraccounts.social.errors import BadAnswer, ConsentDenied, ProviderUnreachable
from django_useraccounts.social.protocol.http import Call
from django_useraccounts.social.providers import OAuth2Provider, provider_named
from django_useraccounts.testing.provider import (
    Answer,
    FakeFacebook,
    FakeOAuth2,
    FakeProvider,
    Refused,
)

from .conftest import ISSUER, REDIRECT_URI

CLIENT = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
API = "https://api.club.example/me"


class Club(OAuth2Provider):
    issuer = "https://club.example"
    authorize_url = "https://club.example/authorize"
    token_url = "https://club.example/token"
    scopes = ("profile", "mail")

    def fetch_profile(self, call):
        member = call.get_json(API, {"fields": "id,nick"})
        (mail,) = call.get_list(f"{API}/mails")
        return {"sub": member["id"], "preferred_username": member["nick"], "email": mail}


@pytest.fixture
def club():
    api = {
        API: lambda person: {"id": int(person["sub"]), "nick": person["nick"]},
        f"{API}/mails": ["frida@example.com"],
    }
    where = {"authorize_url": Club.authorize_url, "token_url": Club.token_url}
    with FakeOAuth2(**where, api=api, person={"sub": "7", "nick": "frida"}) as fake:
        yield fake


def join(club, person=None, **changed):
    provider = Club("club", CLIENT)
    begun = provider.begin(redirect_uri=REDIRECT_URI)
    callback = club.agree(begun.url, person)
    return provider.finish({**callback.data, **changed}, begun.pending, redirect_uri=REDIRECT_URI)


def changed(url, **parameters):
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **parameters}
    return parts._replace(query=urlencode({k: v for k, v in query.items() if v})).geturl()


# OAuth 2.0 alone.


def test_a_provider_with_an_api_says_who_somebody_is(club):
    identity = join(club)

    assert (identity.provider, identity.issuer, identity.subject) == (
        "club",
        "https://club.example",
        "7",
    )
    assert (identity.username, identity.email) == ("frida", "frida@example.com")
    assert identity.is_email_proved is False
    assert club.calls == {"token": 1, API: 1, f"{API}/mails": 1}
    assert join(club, {"sub": "8", "nick": "diego"}).subject == "8"


def test_a_provider_without_openid_has_proof_of_the_browser_too(club):
    begun = Club("club", CLIENT).begin(redirect_uri=REDIRECT_URI)

    asked = club.checked(begun.url)
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "profile mail"
    assert "nonce" not in asked


def test_an_issuer_that_names_itself_must_be_the_one_that_was_asked(club):
    assert join(club, iss="https://club.example").subject == "7"

    with pytest.raises(BadAnswer) as refused:
        join(club, iss="https://evil.example")

    assert refused.value.reason == "issuer"


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [1],
        "7",
        None,
        {},
        {"id": None, "nick": "a"},
        {"id": True, "nick": "a"},
        {"id": 1.5, "nick": "a"},
        {"id": 10**40, "nick": "a"},
        {"id": "", "nick": "a"},
    ],
    ids=str,
)
def test_an_api_that_says_nothing_of_use_names_nobody(club, answer):
    club.answers(API, lambda _answer: answer)

    with pytest.raises(BadAnswer):
        join(club)


def test_an_api_that_is_away_is_an_outage(club):
    club.answers(API, status=503)

    with pytest.raises(ProviderUnreachable):
        join(club)


def test_an_api_wants_a_token_that_was_issued(club):
    with pytest.raises(ProviderUnreachable) as told:
        Call("a made-up token").get_json(API)

    assert told.value.reason == "status"


# Facebook.


def test_facebook_wants_a_proof_of_the_app_with_every_call():
    class Facebook(OAuth2Provider):
        issuer = "https://www.facebook.com"
        authorize_url = "https://www.facebook.com/v24.0/dialog/oauth"
        token_url = "https://graph.facebook.com/v24.0/oauth/access_token"
        secret = "the-secret"

        def fetch_claims(self, token, answer, pending):
            text = str(token["access_token"]).encode()
            proof = hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()
            params = {"fields": "id,email", "appsecret_proof": proof}
            url = "https://graph.facebook.com/v24.0/me"
            person = Call(text.decode()).get_json(url, params)
            return {"sub": person["id"], "email": person.get("email", "")}

        def fetch_profile(self, call):
            raise NotImplementedError

    provider = Facebook("facebook", CLIENT)
    person = {"id": "1", "email": "f@example.com", "name": "Frida"}
    with FakeFacebook(version="v24.0", person=person) as fake:
        begun = provider.begin(redirect_uri=REDIRECT_URI)
        answer = fake.agree(begun.url).data
        identity = provider.finish(answer, begun.pending, redirect_uri=REDIRECT_URI)
        assert (identity.subject, identity.email, identity.first_name) == ("1", "f@example.com", "")

        provider.secret = "another"
        answer = fake.agree(begun.url).data
        with pytest.raises(ProviderUnreachable):
            provider.finish(answer, begun.pending, redirect_uri=REDIRECT_URI)


# What a real provider would not take.


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("client_id", "another-site"),
        ("response_type", "token"),
        ("redirect_uri", ""),
        ("redirect_uri", "javascript:alert(1)"),
        ("state", ""),
        ("state", "short"),
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", ""),
        ("nonce", ""),
        ("nonce", "short"),
        ("scope", "email"),
    ],
)
def test_a_fake_refuses_what_a_real_provider_would_refuse(guild, parameter, value):
    url = provider_named("guild").begin(redirect_uri=REDIRECT_URI).url

    with pytest.raises(Refused, match=parameter):
        guild.agree(changed(url, **{parameter: value}))


def test_a_fake_answers_for_its_own_address_alone(guild):
    with pytest.raises(Refused, match="was sent to"):
        guild.agree("https://evil.example/authorize?client_id=the-site")


def test_a_parameter_that_is_there_twice_is_refused(guild):
    url = provider_named("guild").begin(redirect_uri=REDIRECT_URI).url

    with pytest.raises(Refused, match="twice"):
        guild.agree(f"{url}&client_id=the-site")


@pytest.mark.parametrize(
    "wrong",
    [{"code_verifier": "another"}, {"redirect_uri": "https://evil.example/"}, {"code": "another"}],
)
def test_a_code_is_exchanged_by_who_asked_for_it(guild, wrong):
    begun = provider_named("guild").begin(redirect_uri=REDIRECT_URI)
    code = guild.agree(begun.url).data["code"]
    data = {
        "code": code,
        "code_verifier": begun.pending["verifier"],
        "redirect_uri": REDIRECT_URI,
        "client_id": "the-site",
        "client_secret": "the-secret",
    }

    assert post(guild, f"{ISSUER}/token", {**data, "client_secret": "another"}).status == 401
    assert post(guild, f"{ISSUER}/token", {**data, **wrong}).status == 400
    if "code" not in wrong:
        # What has failed is used up.
        assert post(guild, f"{ISSUER}/token", data).status == 400


def post(fake, url, data):
    from django_useraccounts.testing.server import Asked

    return fake.handle(Asked("POST", url, {}, data))


# What the browser brings back.


def test_the_browser_comes_back_by_a_path_or_by_a_form(guild):
    begun = provider_named("guild").begin(redirect_uri=REDIRECT_URI)

    callback = guild.agree(begun.url)

    assert callback == f"{callback.path}?{urlencode(callback.data)}"
    assert callback.path == "/accounts/social-callback/guild/"
    assert callback.data.keys() == {"code", "state", "iss"}
    assert callback.data["state"] == begun.pending["state"]
    assert guild.deny(begun.url, "server_error").data["error"] == "server_error"


def test_a_fake_may_speak_of_somebody_else_for_once(guild):
    provider = provider_named("guild")
    begun = provider.begin(redirect_uri=REDIRECT_URI)

    answer = guild.agree(begun.url, {"sub": "d-1", "email": "diego@example.com"}).data

    identity = provider.finish(answer, begun.pending, redirect_uri=REDIRECT_URI)
    assert (identity.subject, identity.email) == ("d-1", "diego@example.com")


# Fakes beside one another.


def test_what_fails_in_a_fake_is_a_fault_of_the_test(club):
    club.answers("token", lambda token: token["nothing"])

    with pytest.raises(Refused, match="KeyError"):
        join(club)


def test_two_fakes_know_nothing_of_each_other(guild, come_back):
    with FakeProvider(issuer="https://other.example") as other:
        assert come_back(guild).issuer == ISSUER
        assert not other.calls
    assert come_back(guild).issuer == ISSUER


def test_a_fake_within_a_fake_of_the_same_address_takes_its_place(guild, come_back):
    with FakeProvider(issuer=ISSUER, person={"sub": "inner"}) as inner:
        assert come_back(inner).subject == "inner"
    assert come_back(guild).subject == "f-1"


def test_after_a_fake_the_outside_is_the_outside_again():
    class Away(requests.adapters.BaseAdapter):
        def send(self, *args, **kwargs):
            raise requests.ConnectionError

        def close(self):
            pass

    with answering("https://id.example.com/", Away()):
        with FakeProvider():
            pass
        with pytest.raises(ProviderUnreachable):
            Call("token").get_json("https://id.example.com/keys")


def test_a_fake_without_a_nonce_or_a_secret_serves_those_who_have_none(set_providers):
    set_providers(guild={"ISSUER": ISSUER, **CLIENT})
    provider = provider_named("guild")
    provider.uses_nonce = False

    with FakeProvider(issuer=ISSUER, uses_nonce=False, client_secret=None) as fake:
        begun = provider.begin(redirect_uri=REDIRECT_URI)
        assert "nonce" not in begun.pending
        answer = fake.agree(begun.url).data
        assert provider.finish(answer, begun.pending, redirect_uri=REDIRECT_URI).subject == "1"


def test_an_answer_of_any_kind_can_be_served(club):
    club.serve("odd", "https://api.club.example/odd", lambda _asked: Answer(200, b"{}"))

    assert Call("token").get_json("https://api.club.example/odd") == {}


def test_a_denial_by_another_word_is_one_where_the_class_says_so(club):
    class Shy(Club):
        denials = ("user_cancelled",)

    provider = Shy("club", CLIENT)
    begun = provider.begin(redirect_uri=REDIRECT_URI)

    with pytest.raises(ConsentDenied):
        provider.finish(
            club.deny(begun.url, "user_cancelled").data, begun.pending, redirect_uri=REDIRECT_URI
        )
