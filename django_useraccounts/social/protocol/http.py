"""Calls to a provider, and the JSON that comes back."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import requests
from authlib.integrations.requests_client import OAuth2Session

from ...outside.calls import LimitedSession, NoAnswer, WrongAnswer
from ..errors import BadAnswer, ProviderUnreachable


class ProviderSession(LimitedSession):
    """
    Calls to a provider.

    Raises ProviderUnreachable and BadAnswer for what the limits end.
    """

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().request(*args, **kwargs)
        except NoAnswer as failed:
            raise ProviderUnreachable(failed.reason) from failed
        except WrongAnswer as failed:
            raise BadAnswer(failed.reason) from failed


class OAuthSession(OAuth2Session, ProviderSession):
    """Authlib's client within the limits."""


class Call:
    """The API of a provider, on behalf of who has just logged in there."""

    def __init__(self, access_token: str) -> None:
        #: For what is to be sent beside it, such as a proof of whose it is.
        self.access_token = access_token
        self._headers = {"Authorization": f"Bearer {access_token}"}

    def get_json(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, object]:
        """Return the JSON object at a URL; BadAnswer for anything else."""
        return as_object(self._get(url, params))

    def get_list(self, url: str, params: Mapping[str, str] | None = None) -> list[object]:
        """Return the JSON array at a URL; BadAnswer for anything else."""
        answer = self._get(url, params)
        if not isinstance(answer, list):
            raise BadAnswer("json")
        return answer

    def _get(self, url: str, params: Mapping[str, str] | None) -> object:
        return fetch(url, params=params, headers=self._headers)


def fetch(url: str, **kwargs: Any) -> object:
    """Return the JSON at a URL."""
    with ProviderSession() as session:
        response = session.get(url, **kwargs)
    if response.status_code != 200:
        raise ProviderUnreachable("status")
    return json_of(response.content)


def json_of(text: bytes | str) -> object:
    """Read JSON of anybody; BadAnswer for what is none, or is made to break its reader."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        # ValueError: numbers of more than 4300 digits, too.
        raise BadAnswer("json") from error


def as_object(answer: object) -> dict[str, object]:
    """Return what should be a JSON object, or raise BadAnswer."""
    if not isinstance(answer, dict):
        raise BadAnswer("json")
    return answer


def _refuse(constant: str) -> NoReturn:
    # Nothing is ever later than NaN, which is no JSON either.
    raise ValueError(constant)
