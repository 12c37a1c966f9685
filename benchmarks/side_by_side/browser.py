"""A browser that asks the application of its own process: no network, no test client in between."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from django.test import RequestFactory

_HIDDEN = re.compile(r"<input\b[^>]*\btype=.hidden.[^>]*>")


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    @property
    def location(self) -> str:
        return dict(self.headers).get("Location", "").removeprefix("http://testserver")

    @property
    def cookies(self) -> dict[str, str]:
        jar = SimpleCookie()
        for name, value in self.headers:
            if name == "Set-Cookie":
                jar.load(value)
        return {name: morsel.value for name, morsel in jar.items()}


@dataclass(frozen=True)
class Ask:
    """A request to be sent as often as one likes, and the proof that it did what it should."""

    environ: dict[str, Any]
    body: bytes
    proof: Callable[[Answer], object] = lambda answer: None

    def send(self, application: Any) -> Answer:
        answer = Answer()

        def start(status: str, headers: list[tuple[str, str]], *_error: object) -> None:
            answer.status, answer.headers = int(status.split(maxsplit=1)[0]), headers

        chunks = application({**self.environ, "wsgi.input": io.BytesIO(self.body)}, start)
        answer.text = b"".join(chunks).decode()
        chunks.close()
        return answer


class Browser:
    """Keeps cookies, follows redirects, and sends forms with their hidden fields."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.cookies: dict[str, str] = {}
        self.factory = RequestFactory(HTTP_USER_AGENT="Mozilla/5.0", HTTP_ACCEPT_LANGUAGE="en")

    def ask(self, path: str, data: dict[str, str] | None = None) -> Ask:
        """Make a request with the cookies as they are now."""
        body = urlencode(data or {})
        form = "application/x-www-form-urlencoded"
        request = self.factory.get(path) if data is None else self.factory.post(path, body, form)
        environ = dict(request.environ)
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return Ask(environ, body.encode())

    def ask_form(self, path: str, **typed: str) -> Ask:
        """Open a page, and make the request that its form would send."""
        page, path = self.open(path)
        return self.ask(path, {**_hidden_fields(page.text), **typed})

    def open(self, path: str) -> tuple[Answer, str]:
        """Return the page that a path leads to, and its path."""
        while True:
            answer = self.send(self.ask(path))
            if answer.status != 302:
                assert answer.status == 200, (path, answer.status)
                return answer, path
            path = answer.location

    def submit(self, path: str, **typed: str) -> Answer:
        """Send the form of a page."""
        return self.send(self.ask_form(path, **typed))

    def send(self, ask: Ask) -> Answer:
        answer = ask.send(self.application)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer


def _hidden_fields(page: str) -> dict[str, str]:
    fields = {}
    for tag in _HIDDEN.findall(page):
        attributes = {name: unescape(value) for name, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        fields.setdefault(attributes["name"], attributes.get("value", ""))
    return fields
