"""The five addresses of an OpenID provider: one is a page, the others are for programs."""

import base64
import binascii
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from .people import PEOPLE, Person
from .tokens import (
    ALGORITHM,
    TOKEN_AGE,
    Consent,
    access_tokens,
    codes,
    id_token,
    public_keys,
)

#: Where the guild has registered to be answered, on each host that the demo is visited at.
CALLBACK = "/accounts/social-callback/guild/"
LOOPBACK = ("127.0.0.1", "localhost")


class Metadata(View):
    """Say who answers here, and where (OpenID Connect Discovery 1.0, RFC 8414)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        issuer = issuer_of(request)
        return JsonResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "jwks_uri": f"{issuer}/jwks",
                "scopes_supported": ["openid", "profile", "email"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )


class Keys(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(public_keys())


class Authorize(View):
    """Ask who somebody is, and lead back with a code or with an error."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.GET
        # Nobody is led to an address that is not known to be the site's own: the page says so.
        if asked.get("client_id") != client()["CLIENT_ID"] or not is_registered(request):
            return render(request, "guild/provider/unknown.html", status=400)
        error = error_in(asked)
        if error:
            return self.lead_back({"error": error})
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get(self, request: HttpRequest) -> HttpResponse:
        page = {"people": PEOPLE.values(), "site": settings.USERACCOUNTS["SITE_NAME"]}
        return render(request, "guild/provider/authorize.html", page)

    def post(self, request: HttpRequest) -> HttpResponse:
        person = PEOPLE.get(request.POST.get("person", ""))
        if person is None:
            return self.lead_back({"error": "access_denied"})
        return self.lead_back({"code": codes.put(consent_of(person, request.GET))})

    def lead_back(self, answer: dict[str, str]) -> HttpResponse:
        asked = self.request.GET
        answer |= {"state": asked.get("state", ""), "iss": issuer_of(self.request)}
        response = HttpResponseRedirect(f"{asked['redirect_uri']}?{urlencode(answer)}")
        # The browser asks for it by GET, even where a POST led here.
        response.status_code = 303
        return response


@method_decorator(csrf_exempt, name="dispatch")
class Token(View):
    """Give the tokens for a code, once, to the site that it was made for."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if not is_client(*credentials_of(request)):
            response = JsonResponse({"error": "invalid_client"}, status=401)
            response["WWW-Authenticate"] = 'Basic realm="provider"'
            return response
        if request.POST.get("grant_type") != "authorization_code":
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        consent = codes.take(request.POST.get("code", ""))
        if (
            consent is None
            or consent.redirect_uri != request.POST.get("redirect_uri")
            or not consent.is_met_by(request.POST.get("code_verifier", ""))
        ):
            return JsonResponse({"error": "invalid_grant"}, status=400)
        return JsonResponse(tokens_for(consent, issuer_of(request)), headers=NOT_STORED)


NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@method_decorator(csrf_exempt, name="dispatch")
class Userinfo(View):
    """Tell about the person whose access token is shown."""

    def get(self, request: HttpRequest) -> HttpResponse:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        consent = access_tokens.look(token) if kind.lower() == "bearer" else None
        if consent is None:
            response = JsonResponse({"error": "invalid_token"}, status=401)
            response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return response
        claims = PEOPLE[consent.subject].claims(set(consent.scopes))
        return JsonResponse(claims, headers=NOT_STORED)

    post = get


def issuer_of(request: HttpRequest) -> str:
    return request.build_absolute_uri("/provider")


def client() -> Mapping[str, Any]:
    """Return what the one site that is registered here has in its own settings."""
    if "SOCIAL" not in settings.USERACCOUNTS:
        raise Http404
    provider: Mapping[str, Any] = settings.USERACCOUNTS["SOCIAL"]["PROVIDERS"]["guild"]
    return provider


def is_registered(request: HttpRequest) -> bool:
    """Say whether the answer would go to the guild, under a name that this machine has."""
    host = urlsplit(request.build_absolute_uri())
    names = LOOPBACK if host.hostname in LOOPBACK else (host.hostname,)
    port = f":{host.port}" if host.port else ""
    known = [f"{host.scheme}://{name}{port}{CALLBACK}" for name in names]
    return request.GET.get("redirect_uri") in known


def error_in(asked: Mapping[str, str]) -> str:
    """Name what is wrong with a question, as OAuth 2.0 and OpenID Connect do; "" for nothing."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in asked.get("scope", "").split():
        return "invalid_scope"
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "invalid_request"
    if asked.get("prompt") == "none":
        return "login_required"
    return ""


def consent_of(person: Person, asked: Mapping[str, str]) -> Consent:
    return Consent(
        subject=person.subject,
        client_id=asked["client_id"],
        redirect_uri=asked["redirect_uri"],
        scopes=frozenset(asked["scope"].split()),
        nonce=asked.get("nonce", ""),
        challenge=asked["code_challenge"],
        auth_time=int(time.time()),
    )


def tokens_for(consent: Consent, issuer: str) -> dict[str, str | int]:
    access_token = access_tokens.put(consent)
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_AGE,
        "scope": " ".join(sorted(consent.scopes)),
        "id_token": id_token(issuer, consent, access_token),
    }


def credentials_of(request: HttpRequest) -> tuple[str, str]:
    """Read who asks: from the header, else from the form (RFC 6749, 2.3.1)."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def is_client(name: str, secret: str) -> bool:
    known = client()
    is_secret = secrets.compare_digest(secret.encode(), known["CLIENT_SECRET"].encode())
    return is_secret and name == known["CLIENT_ID"]
