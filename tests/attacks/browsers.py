"""A browser of one person, and what people do with it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.mail import EmailMessage
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from django_useraccounts.testing import PASSWORD, link_in, mails_to

#: The password that an attacker knows.
EVIL = "i know what i typed here"
NEW_PASSWORD = "a brand new password of mine"
VICTIM = "victim@example.com"


def url(name: str, *args: object) -> str:
    return reverse(f"useraccounts:{name}", args=args)


def patterns(of: Any = None) -> Iterator[URLPattern]:
    """Yield every page of the accounts, those of the rooms included."""
    for pattern in of or get_resolver("django_useraccounts.urls").url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from patterns(pattern.url_patterns)


class Browser(Client):
    """A test client whose commits run their callbacks, with the steps that people take."""

    def __init__(self, capture: Callable[..., Any], **extra: Any) -> None:
        super().__init__(**extra)
        self._capture = capture

    def request(self, **request: Any) -> Any:
        with self._capture(execute=True):
            return super().request(**request)

    @property
    def user_id(self) -> str | None:
        """Whose session it is, as the server sees it at the next request."""
        response = self.get(url("profile"))
        if response.status_code != 200:
            return None
        return str(response.wsgi_request.user.pk)

    def register(
        self, username: str = "mallory", email: str = VICTIM, password: str = EVIL, **more: Any
    ) -> Any:
        data = {"username": username, "email": email, "password": password, **more}
        return self.post(url("register"), data)

    def log_in(self, identifier: str = "mallory", password: str = PASSWORD, **more: Any) -> Any:
        return self.post(url("login"), {"identifier": identifier, "password": password, **more})

    def resend(self, email: str = VICTIM, **more: Any) -> Any:
        return self.post(url("resend_confirmation"), {"email": email, **more})

    def forgot(self, email: str = VICTIM, **more: Any) -> Any:
        return self.post(url("forgot_password"), {"email": email, **more})

    def change_password(self, old: str = PASSWORD, new: str = NEW_PASSWORD) -> Any:
        return self.post(url("change_password"), {"old_password": old, "new_password": new})

    def open(self, link: str | EmailMessage) -> Any:
        """Open a mailed link and follow it to its page."""
        return self.get(link if isinstance(link, str) else link_in(link), follow=True)

    def confirm(self, link: str | EmailMessage, answer: str = "confirm") -> Any:
        return self.post(page_of(self.open(link)), {"answer": answer})

    def reset(self, link: str | EmailMessage, password: str = NEW_PASSWORD) -> Any:
        return self.post(page_of(self.open(link)), {"new_password": password})


def page_of(response: Any) -> str:
    """Return the path of the page that a response shows, after redirects."""
    path: str = response.request["PATH_INFO"]
    return path


def last_mail(to: str = VICTIM) -> EmailMessage:
    return mails_to(to)[-1]


def mailbox(to: str = VICTIM) -> list[str]:
    """Return the subjects of the mails to an address."""
    return [str(message.subject) for message in mails_to(to)]


def halves(link: str) -> tuple[str, str]:
    """Split the path of a link into its page and the 64 characters that open it."""
    page, secret = link.rstrip("/").rsplit("/", 1)
    return page, secret


def proof_of(browser: Client) -> str:
    """Return what a browser keeps of the link that it has opened last: the half that opens."""
    cookies = [morsel for morsel in browser.cookies.values() if morsel["path"] != "/"]
    return str(cookies[-1].value)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the accounts, and of sessions, to be compared; attempts are no account."""
    models = [
        model
        for model in (*apps.get_app_config("useraccounts").get_models(), Session)
        if model.__name__ != "AttemptCounter"
    ]
    return {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in models
    }


def rows_of_all_rooms() -> dict[type[Model], list[dict[str, Any]]]:
    """Return all rows of the accounts and of their rooms, to be compared."""
    models = [
        model for model in apps.get_models() if model._meta.app_label.startswith("useraccounts")
    ]
    return {model: list(model._default_manager.order_by("pk").values()) for model in models}


def clear_mailbox() -> None:
    mail.outbox.clear()


__all__ = [
    "EVIL",
    "NEW_PASSWORD",
    "PASSWORD",
    "VICTIM",
    "Browser",
    "clear_mailbox",
    "everything",
    "halves",
    "last_mail",
    "link_in",
    "mailbox",
    "mails_to",
    "page_of",
    "patterns",
    "proof_of",
    "rows_of_all_rooms",
    "url",
]


def foreign_scripts(html: str) -> list[str]:
    """Return the scripts of a page that are no static file of the site: inline, or from elsewhere."""
    scripts = re.findall(r"<script.*?(?:</script>|$)", html, re.DOTALL | re.IGNORECASE)
    ours = re.compile(
        r'<script src="/static/useraccounts/\w+\.js"(?: [\w-]+(?:="[^"<]*")?)*></script>'
    )
    return [script for script in scripts if not ours.fullmatch(script)]
