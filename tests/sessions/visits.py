"""What the tests of the room share: the middleware, and browsers that say what they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.test import Client
from django.urls import reverse

from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import PASSWORD

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "django_useraccounts.sessions.middleware.SessionsMiddleware"


def with_ours(given: list[str]) -> list[str]:
    place = given.index(AUTHENTICATION) + 1
    return [*given[:place], OURS, *given[place:]]


MIDDLEWARE = with_ours(settings.MIDDLEWARE)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Safari/605.1.15"
)


def url(name: str, *args: object) -> str:
    return reverse(f"useraccounts:{name}", args=args)


class Browser(Client):
    """A browser with cookies of its own, which runs what is to happen after a commit."""

    def __init__(
        self, capture: Callable[..., Any], *, agent: str = FIREFOX, address: str = "203.0.113.7"
    ) -> None:
        super().__init__(headers={"user-agent": agent}, REMOTE_ADDR=address)
        self._capture = capture

    def request(self, **request: Any) -> Any:
        with self._capture(execute=True):
            return super().request(**request)

    def log_in(self, name: str = "maria", password: str = PASSWORD, **more: str) -> "Browser":
        """Log in by the page, and return the browser."""
        data = {"identifier": name, "password": password, **more}
        assert self.post(url("login"), data).status_code == 302
        return self

    @property
    def is_in(self) -> bool:
        """Whether somebody is logged in, as the server sees it at the next request."""
        return bool(self.get(url("profile")).status_code == 200)

    @property
    def row(self) -> LoginSession:
        """The row that its session has."""
        return LoginSession.objects.get(pk=self.session["useraccounts_login_session"])


def age(seen: timedelta, *, started: timedelta | None = None, **which: Any) -> None:
    """Let time pass for rows: they were used, and began, so long before."""
    rows = LoginSession.objects.filter(**which)
    rows.update(seen_at=F("seen_at") - seen, started_at=F("started_at") - (started or seen))
