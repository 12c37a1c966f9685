"""The stage on which the entries of the gallery play: a browser without a screen, and a site."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client, TestCase, override_settings
from django.urls import resolve, reverse

from django_useraccounts.models import AbstractUser
from django_useraccounts.testing import PASSWORD, link_in, make_user
from testproject.settings import SECURE_CSP
from tests.sessions.visits import FIREFOX, with_ours

CSP = "testproject.guild.headers.content_policy"
#: What a site sets that has all rooms; an entry may set more.
SITE = {
    "SITE_NAME": "The Artists’ Guild",
    "ORIGIN": "http://guild.example",
    "MAIL_DELIVERY": "immediate",
    "ROLES": {"artist": "Artist", "member": "Member of the guild"},
    "MEMBERSHIPS": {"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"},
}
HOST = "guild.example"

#: What no layout expects: one long word, and an address to match.
LONG_NAME = "wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft"
LONG_EMAIL = f"{LONG_NAME[:60]}@a-very-long-name-of-a-department.of-some-university.example"


class Browser(Client):
    """A browser that keeps cookies; what is to happen after a commit happens before its answer."""

    def request(self, **request: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return super().request(**request)


@dataclass(frozen=True)
class Shot:
    """An answer of the site, as a browser would show it."""

    name: str
    path: str
    status: int
    headers: dict[str, str]
    html: str
    templates: frozenset[str]
    url_name: str


class Stage:
    """One visitor of the site, with a browser of its own; the database forgets it all afterwards."""

    def __init__(self, language: str = "en", **headers: str) -> None:
        self.language = language
        self.client = self.new_client(**headers)
        #: The last answer.
        self.last: Any = None

    def new_client(self, **headers: str) -> Browser:
        given = {"host": HOST, "user-agent": FIREFOX, "accept-language": self.language, **headers}
        return Browser(headers=given, REMOTE_ADDR="203.0.113.7")

    def elsewhere(self) -> None:
        """Go on in another browser, which nobody has ever used here."""
        self.client = self.new_client()

    def get(self, name: str, *args: object, **query: str) -> None:
        """Open a page by its URL name, or its path."""
        self.last = self.client.get(self._path(name, args), query, follow=True)

    def post(self, name: str, *args: object, **data: Any) -> None:
        """Send the form of a page."""
        self.last = self.client.post(self._path(name, args), data, follow=True)

    def _path(self, name: str, args: tuple[object, ...]) -> str:
        return name if name.startswith("/") else reverse(f"useraccounts:{name}", args=args)

    @property
    def here(self) -> str:
        """The path of the page that is shown."""
        return str(self.last.request["PATH_INFO"])

    def user(self, username: str = "frida", email: str = "", **fields: Any) -> AbstractUser:
        return make_user(username, email, **{"language": self.language, **fields})

    def log_in(self, user: AbstractUser | None = None) -> AbstractUser:
        """Log somebody in, by the form, as people do."""
        user = user or self.user()
        self.post("login", identifier=user.username or user.email, password=PASSWORD)
        assert "_auth_user_id" in self.client.session, self.last.content.decode()
        return user

    def prove(self, at: int) -> None:
        """Have given the password at a moment, in seconds since 1970; at 0, too long ago."""
        session = self.client.session
        session["useraccounts_proved_at"] = at
        session.save()

    def open_mail(self, number: int = -1) -> str:
        """Follow the link in a mail, the last one unless told; return the path of the link."""
        path = link_in(mail.outbox[number])
        self.get(path)
        return path

    def shot(self, name: str) -> Shot:
        request = self.last.request
        path = request["PATH_INFO"]
        match = getattr(self.last, "resolver_match", None) or resolve(path)
        used = getattr(self.last, "templates", None) or []
        query = f"?{request['QUERY_STRING']}" if request.get("QUERY_STRING") else ""
        return Shot(
            name=name,
            path=path + query,
            status=self.last.status_code,
            headers={key.lower(): value for key, value in self.last.headers.items()},
            html=self.last.content.decode(),
            templates=frozenset(template.name for template in used if template.name),
            url_name=match.url_name or "",
        )


Play = Callable[[Stage], None]


@dataclass(frozen=True)
class Entry:
    """A page in a state: how to get there, on a site with these settings."""

    name: str
    play: Play
    conf: dict[str, Any]


ENTRIES: dict[str, Entry] = {}


def entry(**conf: Any) -> Callable[[Play], Play]:
    """Put a function into the gallery under its own name; ``conf`` is for USERACCOUNTS."""

    def put(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        assert name not in ENTRIES, name
        ENTRIES[name] = Entry(name, play, conf)
        return play

    return put


def visits(entries: Iterable[Entry], language: str = "en") -> Iterator[Shot]:
    """Play each of the entries, and yield what the visitor sees in the end."""
    # Once for all of them: Django reads all URLs anew whenever this changes.
    with override_settings(ROOT_URLCONF="tests.gallery.urls"):
        for entry in entries:
            with _site(entry.conf), _undone():
                stage = Stage(language)
                entry.play(stage)
                shot = stage.shot(entry.name)
            yield shot


@contextmanager
def _site(conf: dict[str, Any]) -> Iterator[None]:
    middleware = with_ours(settings.MIDDLEWARE)
    given = {
        "MIDDLEWARE": [middleware[0], CSP, *middleware[1:]],
        "SECURE_CSP": SECURE_CSP,
        "USERACCOUNTS": {**SITE, **conf},
        "ALLOWED_HOSTS": [HOST],
        "LOGIN_URL": "useraccounts:login",
        "LOGIN_REDIRECT_URL": "useraccounts:profile",
        "LOGOUT_REDIRECT_URL": "useraccounts:login",
        "CSRF_FAILURE_VIEW": "django_useraccounts.views.csrf_failure",
    }
    mail.outbox.clear()
    cache.clear()
    with override_settings(**given):
        yield


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
