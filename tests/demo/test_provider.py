"""The demo's own provider speaks OpenID Connect as a real one does, to the guild and nobody else."""

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet

from testproject.guild.provider import tokens
from testproject.guild.provider.people import PEOPLE

CALLBACK = "http://testserver/accounts/social-callback/guild/"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:-1]
CLIENT = ("guild-site", "secret-of-the-guild-site")

pytestmark = pytest.mark.usefixtures("site")


def question(**changes):
    """Return the path that the guild leads to; ``name=None`` leaves a parameter out."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT[0],
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return "/provider/authorize?" + urlencode(given)


def answer_of(response):
    """Read what the browser brings back to the guild."""
    url = urlsplit(response["Location"])
    assert response.status_code == 303
    assert f"{url.scheme}://{url.netloc}{url.path}" == CALLBACK
    return dict(parse_qsl(url.query, keep_blank_values=True))


def agree(client, person="hannah", **changes):
    return answer_of(client.post(question(**changes), {"person": person}))["code"]


def basic(name, secret):
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def redeem(client, code, credentials=CLIENT, **changes):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    form |= {"code_verifier": VERIFIER, **changes}
    return client.post("/provider/token", form, headers={"Authorization": basic(*credentials)})


def userinfo(client, token):
    return client.get("/provider/userinfo", headers={"Authorization": f"Bearer {token}"})


# As it should be


def test_the_metadata_names_the_issuer_that_was_asked_and_addresses_below_it(client):
    told = client.get("/provider/.well-known/openid-configuration").json()

    assert told["issuer"] == "http://testserver/provider"
    addresses = [value for key, value in told.items() if key.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 4
    assert all(address.startswith(told["issuer"] + "/") for address in addresses)
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["code_challenge_methods_supported"] == ["S256"]


def test_a_login_from_the_page_to_the_claims(client):
    shown = client.get(question()).content.decode()
    assert all(f"Continue as {person.given_name}" in shown for person in PEOPLE.values())

    # when Hannah agrees
    answer = answer_of(client.post(question(), {"person": "hannah"}))
    response = redeem(client, answer["code"])

    # then the code is good for an ID token that is signed, and bound to all that was asked
    assert answer["state"] == "the state"
    assert answer["iss"] == "http://testserver/provider"
    assert response["Cache-Control"] == "no-store"
    given = response.json()
    keys = KeySet.import_key_set(client.get("/provider/jwks").json())
    token = jwt.decode(given["id_token"], keys, algorithms=["RS256"])
    assert token.header["kid"]
    claims = token.claims
    assert claims["iss"] == answer["iss"]
    assert (claims["sub"], claims["aud"]) == ("hannah", CLIENT[0])
    assert claims["nonce"] == "the nonce"
    half = hashlib.sha256(given["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    # and the access token for who she is
    assert userinfo(client, given["access_token"]).json() == {
        "sub": "hannah",
        "name": "Hannah Höch",
        "given_name": "Hannah",
        "family_name": "Höch",
        "preferred_username": "hannah",
        "email": "hannah@guild.example",
        "email_verified": True,
    }


def test_a_program_needs_no_cookie(client):
    program = Client(enforce_csrf_checks=True)

    given = redeem(program, agree(client)).json()

    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert program.post("/provider/userinfo", headers=headers).json()["sub"] == "hannah"


def test_the_secret_may_come_in_the_form(client):
    form = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "code": agree(client)}
    form |= {"grant_type": "authorization_code", "code_verifier": VERIFIER}

    response = client.post("/provider/token", {**form, "redirect_uri": CALLBACK})

    assert response.status_code == 200


def test_a_site_is_told_no_more_than_it_asked_for(client):
    given = redeem(client, agree(client, scope="openid")).json()

    assert userinfo(client, given["access_token"]).json() == {"sub": "hannah"}


@pytest.mark.parametrize(
    "person, told",
    [
        ("hannah", {"email": "hannah@guild.example", "email_verified": True}),
        ("kurt", {"email": "kurt@merz.example", "email_verified": False}),
        ("sophie", {}),
    ],
)
def test_people_differ_in_their_addresses(person, told):
    assert PEOPLE[person].claims({"openid", "email"}) == {"sub": person, **told}


def test_who_denies_is_led_back_with_that_and_no_code(client):
    answer = answer_of(client.post(question(), {"person": ""}))

    assert answer == {
        "error": "access_denied",
        "state": "the state",
        "iss": "http://testserver/provider",
    }


def test_to_be_asked_again_is_what_everybody_is(client):
    assert client.get(question(prompt="login")).status_code == 200


def test_the_demo_may_be_visited_at_either_name_of_the_machine(client, site):
    site.ALLOWED_HOSTS = ["127.0.0.1"]
    client.defaults["HTTP_HOST"] = "127.0.0.1:8017"
    callback = "http://localhost:8017/accounts/social-callback/guild/"

    response = client.post(question(redirect_uri=callback), {"person": "kurt"})

    assert response["Location"].startswith(f"{callback}?code=")
    assert "iss=http%3A%2F%2F127.0.0.1%3A8017%2Fprovider" in response["Location"]


# What it refuses


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody-else"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "?to=evil"},
        {"redirect_uri": "http://localhost/accounts/social-callback/guild/"},
        {"redirect_uri": None},
    ],
)
def test_nobody_is_led_to_an_address_that_is_not_registered(client, changes):
    for response in (
        client.get(question(**changes)),
        client.get(question(scope="no such", **changes)),
        client.post(question(**changes), {"person": "hannah"}),
    ):
        assert response.status_code == 400
        assert "Location" not in response
        assert "You are not sent there." in response.content.decode()


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_question_that_is_wrong_is_answered_with_its_error(client, changes, error):
    for response in (
        client.get(question(**changes)),
        client.post(question(**changes), {"person": "hannah"}),
    ):
        assert answer_of(response)["error"] == error
        assert "code" not in answer_of(response)


def test_a_code_is_good_once(client):
    code = agree(client)
    assert redeem(client, code).status_code == 200

    again = redeem(client, code)

    assert again.status_code == 400
    assert again.json() == {"error": "invalid_grant"}


def test_a_code_is_good_for_a_minute(client, monkeypatch):
    code = agree(client)
    now = tokens.time.monotonic()
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now + 61)

    assert redeem(client, code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": VERIFIER + "x"},
        {"code_verifier": CHALLENGE},
        {"code_verifier": ""},
        {"redirect_uri": CALLBACK.replace("testserver", "localhost")},
        {"code": "made up"},
    ],
)
def test_a_code_is_good_only_for_who_began_the_login(client, changes):
    code = agree(client)

    response = redeem(client, **{"code": code, **changes})

    assert response.status_code == 400
    assert response.json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "credentials", [(CLIENT[0], "a guess"), ("somebody-else", CLIENT[1]), ("", "")]
)
def test_who_does_not_know_the_secret_gets_nothing_and_spoils_nothing(client, credentials):
    code = agree(client)

    refused = redeem(client, code, credentials)

    assert refused.status_code == 401
    assert refused.json() == {"error": "invalid_client"}
    assert redeem(client, code).status_code == 200


def test_a_broken_header_is_nobody(client):
    form = {"grant_type": "authorization_code", "code": agree(client)}
    for header in ("Basic ///", "Basic /w==", "Basic", "Digest x"):
        response = client.post("/provider/token", form, headers={"Authorization": header})

        assert response.status_code == 401


def test_other_grants_are_not_known(client):
    response = redeem(client, agree(client), grant_type="password")

    assert response.json() == {"error": "unsupported_grant_type"}


@pytest.mark.parametrize("header", ["", "Bearer made-up", "Basic {token}"])
def test_nothing_is_told_without_an_access_token(client, header):
    header = header.format(token=redeem(client, agree(client)).json()["access_token"])

    response = client.get("/provider/userinfo", headers={"Authorization": header})

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_answer_is_given_by_a_form_of_its_own_page_only(site):
    client = Client(enforce_csrf_checks=True)

    response = client.post(question(), {"person": "hannah"})

    assert response.status_code == 403


# Where it is


def test_without_debug_nobody_finds_the_provider(client, site):
    site.DEBUG = False

    for path in (".well-known/openid-configuration", "jwks", "token", "userinfo"):
        assert client.get(f"/provider/{path}").status_code == 404
        assert client.post(f"/provider/{path}").status_code == 404
    assert client.get(question()).status_code == 404
    assert client.post(question(), {"person": "hannah"}).status_code == 404


def test_no_cryptography_is_loaded_before_somebody_logs_in():
    program = (
        "import django, sys; django.setup()\n"
        "from django.urls import reverse\n"
        "assert reverse('provider_authorize') == '/provider/authorize'\n"
        "loaded = {'authlib', 'joserfc', 'cryptography'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "testproject.test_settings"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
