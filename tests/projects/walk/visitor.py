"""A person with a browser and a mailbox, who does what a project offers and nothing else."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html.parser import HTMLParser
from typing import Any

from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from django_useraccounts.testing import PASSWORD, html_of, link_in
from tests.projects.has import Has

#: What Frida is called, wherever a project lets her have a name of that kind.
FRIDA = {"username": "frida", "email": "frida@example.com"}
#: The pages that make sense only where people have addresses.
MAIL_PAGES = ("mail-sent", "resend-confirmation", "forgot-password", "confirm-email", "reset-password")  # fmt: skip

#: Attributes that a person sees or hears.
_TOLD = {"alt", "aria-label", "placeholder", "title", "value"}


class _Reader(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "hidden" not in dict(attrs) and dict(attrs).get("type") != "hidden":
            self.words += [value for name, value in attrs if name in _TOLD and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words_of(html: str) -> str:
    """Return what a person sees or hears of a page."""
    reader = _Reader()
    reader.feed(html)
    return " ".join(" ".join(reader.words).split())


class Visitor:
    """Walks through the pages of a project, and remembers all that was shown."""

    def __init__(self, has: Has, *, committing: Callable[..., AbstractContextManager[Any]]) -> None:
        self.has = has
        self.browser = Client()
        self.password = PASSWORD
        self.seen: list[str] = []
        self._committing = committing

    # Pages

    def get(self, path: str) -> Any:
        """Open a page, following where it leads."""
        return self._remember(self.browser.get(path, follow=True))

    def post(self, path: str, data: dict[str, str]) -> Any:
        """Send a form, following where it leads, once all is committed and mailed."""
        with self._committing(execute=True):
            response = self.browser.post(path, data, follow=True)
        return self._remember(response)

    def fill(self, page: str, **answers: str) -> Any:
        """Open a page, answer every field that it shows and no other, and send it."""
        path = reverse(f"useraccounts:{page}")
        self._must_ask(self.get(path), answers)
        return self.post(path, answers)

    def _must_ask(self, response: Any, answers: dict[str, str]) -> None:
        fields = response.context["form"].fields
        asked = {name for name in fields if name != "remember"}
        assert asked == set(answers), f"The page asks for {sorted(asked)}."

    def _remember(self, response: Any) -> Any:
        self.seen.append(response.content.decode())
        return response

    # Names and words

    def twice(self, **answers: str) -> dict[str, str]:
        """Add what has to be typed twice to the answers for a form."""
        of_word = {"email": "email", "password": "new_password"}
        answered = {
            f"retype_{word}": answers.get(word, answers.get(of_word[word], ""))
            for word in self.has.typed_twice
            if word in answers or of_word[word] in answers
        }
        return {**answers, **answered}

    def names(self, **others: str) -> dict[str, str]:
        """Return what the visitor is called here, Frida if not said otherwise."""
        return {name: others.get(name, FRIDA[name]) for name in self.has.names}

    def answers(self, **others: str) -> dict[str, str]:
        """Return what the visitor writes on the register page."""
        more = {name: text.format(**{**FRIDA, **others}) for name, text in self.has.asks.items()}
        return self.twice(**self.names(**others), password=self.password, **more)

    def is_shown(self, word: str) -> bool:
        """Say whether a word was on any page or in any mail so far."""
        texts = [words_of(html) for html in self.seen]
        for message in mail.outbox:
            texts += [message.subject, str(message.body), words_of(html_of(message))]
        return any(word in text.lower() for text in texts)

    # What a person does

    @property
    def is_logged_in(self) -> bool:
        return "_auth_user_id" in self.browser.session

    def registers(self, **names: str) -> Any:
        return self.fill("register", **self.answers(**names))

    def confirms(self) -> Any:
        """Open the link of the newest mail, and press the button there."""
        return self.post(self.opens_link(), {"answer": "confirm"})

    def opens_link(self) -> str:
        """Open the link of the newest mail; return the path of the page that is then shown."""
        response = self.get(link_in(self.mailbox[-1]))
        path: str = response.request["PATH_INFO"]
        assert response.status_code == 200
        return path

    def arrives(self) -> None:
        """Register, and do whatever is asked until logged in and known."""
        self.registers()
        if self.has.email:
            self.confirms()
        assert self.is_logged_in

    def logs_in(self, name: str, password: str = "") -> Any:
        return self.fill("login", identifier=name, password=password or self.password)

    def logs_out(self) -> None:
        self.post(reverse("useraccounts:logout"), {})
        assert not self.is_logged_in

    @property
    def mailbox(self) -> list[EmailMessage]:
        return [message for message in mail.outbox if message.to == [FRIDA["email"]]]

    @property
    def links_to_mail_pages(self) -> list[str]:
        """The links, seen so far, to pages that are about addresses."""
        links = [link for html in self.seen for link in re.findall(r'(?:href|action)="([^"]*)"', html)]  # fmt: skip
        return [link for link in links if any(f"/{page}/" in link for page in MAIL_PAGES)]
