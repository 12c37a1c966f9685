"""What the three projects have in common: the same people do the same, on pages of other names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core import mail

from ...guarded_page import ROLES
from ..browser import Answer, Ask, Browser

PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "a wholly different sentence"
MARIA, PAUL, FRIDA = "maria@example.com", "paul@example.com", "frida@example.com"
#: Where a link begins, in the text of a mail.
_LINK = re.compile(r"https?://testserver(/\S+/)")


class Project:
    """
    A site where maria has an account, and three roles.

    Each scenario is a method that makes everything ready and returns the request. What a project
    has none of, it has no method for.
    """

    #: Path of each page.
    paths: ClassVar[Mapping[str, str]]
    #: The names of the fields of the login form, and of the forms that ask for a new password.
    identifier: ClassVar[str] = "login"
    new_password: ClassVar[tuple[str, ...]]
    old_password: ClassVar[str]
    #: What a refused login says.
    refusal: ClassVar[str]

    def __init__(self, application: Any) -> None:
        self.application = application
        self.maria: Any = None

    def settle(self) -> None:
        """Make the people whom every scenario meets."""
        self.maria = self.make_maria()
        self.maria.groups.set([Group.objects.create(name=name) for name in ROLES])
        self.maria.save()

    def make_maria(self) -> Any:
        raise NotImplementedError

    def finish(self) -> None:
        """Wait for what is done beside the request."""

    # Scenarios

    def login_page(self) -> Ask:
        return replace(self.browser().ask(self.paths["login"]), proof=shows('type="password"'))

    def login_by_username(self) -> Ask:
        return self.login_as("maria")

    def wrong_password(self) -> Ask:
        return self.login_in_vain("maria")

    def unknown_name(self) -> Ask:
        return self.login_in_vain("nobody")

    def guarded_page(self) -> Ask:
        return replace(self.at_home().ask("/login-required/"), proof=shows("Hello"))

    def role_guarded_page(self) -> Ask:
        return replace(self.at_home().ask(self.paths["role"]), proof=shows("Hello"))

    def forgot_known(self) -> Ask:
        ask = self.browser().ask_form(self.paths["forgot"], email=MARIA)
        return replace(ask, proof=_mails_one(MARIA))

    def forgot_unknown(self) -> Ask:
        ask = self.browser().ask_form(self.paths["forgot"], email="nobody@example.com")
        return replace(ask, proof=_redirects)

    def reset(self) -> Ask:
        browser = self.browser()
        browser.submit(self.paths["forgot"], email=MARIA)
        typed = dict.fromkeys(self.new_password, NEW_PASSWORD)
        return replace(
            browser.ask_form(self.mailed_link(), **typed), proof=self.new_password_is_set()
        )

    def change_password(self) -> Ask:
        typed = {self.old_password: PASSWORD, **dict.fromkeys(self.new_password, NEW_PASSWORD)}
        ask = self.at_home().ask_form(self.paths["change"], **typed)
        return replace(ask, proof=self.new_password_is_set())

    # What they are made of

    def browser(self) -> Browser:
        return Browser(self.application)

    def at_home(self) -> Browser:
        """Return a browser that maria is logged in with."""
        browser = self.browser()
        ask = browser.ask_form(self.paths["login"], **{self.identifier: "maria"}, password=PASSWORD)
        _redirects(browser.send(ask))
        self.finish()
        return browser

    def login_as(self, name: str) -> Ask:
        ask = self.browser().ask_form(
            self.paths["login"], **{self.identifier: name}, password=PASSWORD
        )
        before = Session.objects.count()

        def proof(answer: Answer) -> None:
            _redirects(answer)
            session = Session.objects.get(pk=answer.cookies["sessionid"])
            assert session.get_decoded()["_auth_user_id"] == str(self.maria.pk)
            assert Session.objects.count() == before + 1

        return replace(ask, proof=proof)

    def login_in_vain(self, name: str) -> Ask:
        ask = self.browser().ask_form(
            self.paths["login"], **{self.identifier: name}, password="not the password"
        )

        def proof(answer: Answer) -> None:
            shows(self.refusal)(answer)
            assert not Session.objects.exists()

        return replace(ask, proof=proof)

    def mailed_link(self) -> str:
        """Return the path that the last mail leads to."""
        self.finish()
        found = _LINK.search(str(mail.outbox[-1].body))
        assert found, mail.outbox[-1].body
        return found[1]

    def new_password_is_set(self) -> Callable[[Answer], object]:
        before = self.maria.password

        def proof(answer: Answer) -> None:
            _redirects(answer)
            password = get_user_model()._base_manager.get(pk=self.maria.pk).password
            assert password != before and password.startswith("argon2")

        return proof


class ProjectWithAddresses(Project):
    """A site that knows of addresses, and has them confirmed."""

    #: What the forms need besides what people type: the name of a button.
    buttons: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def has_proved(self, email: str) -> bool:
        raise NotImplementedError

    def has_address(self, email: str) -> bool:
        raise NotImplementedError

    def login_by_email(self) -> Ask:
        return self.login_as(MARIA)

    def register(self) -> Ask:
        return replace(self.ask_to_register("frida", FRIDA), proof=self.registered("frida", FRIDA))

    def confirm(self) -> Ask:
        return self.confirm_with(self.browser())

    def confirm_with(self, browser: Browser, *, registers_with: Browser | None = None) -> Ask:
        other = registers_with or self.browser()
        other.send(self.ask_to_register("paul", PAUL, other))
        button = self.buttons.get("confirm", {})

        def proof(answer: Answer) -> None:
            _redirects(answer)
            assert self.has_proved(PAUL)

        return replace(browser.ask_form(self.mailed_link(), **button), proof=proof)

    def add_address(self) -> Ask:
        button = self.buttons.get("add", {})
        ask = self.at_home().ask_form(self.paths["add"], email=FRIDA, **button)

        def proof(answer: Answer) -> None:
            _mails_one(FRIDA)(answer)
            assert self.has_address(FRIDA) and not self.has_proved(FRIDA)

        return replace(ask, proof=proof)

    def addresses_page(self) -> Ask:
        return replace(self.at_home().ask(self.paths["addresses"]), proof=shows(MARIA))

    def ask_to_register(self, name: str, email: str, browser: Browser | None = None) -> Ask:
        fields = dict.fromkeys(self.first_password, PASSWORD)
        browser = browser or self.browser()
        return browser.ask_form(self.paths["register"], username=name, email=email, **fields)

    #: The fields for the password, where people register.
    first_password: ClassVar[tuple[str, ...]]

    def registered(self, name: str, email: str) -> Callable[[Answer], object]:
        def proof(answer: Answer) -> None:
            _mails_one(email)(answer)
            assert get_user_model()._base_manager.filter(username=name).exists()
            assert self.has_address(email) and not self.has_proved(email)

        return proof


def _redirects(answer: Answer) -> None:
    assert answer.status == 302, (answer.status, answer.text)


def shows(text: str) -> Callable[[Answer], object]:
    def proof(answer: Answer) -> None:
        assert answer.status == 200 and text in answer.text, (answer.status, answer.text)

    return proof


def _mails_one(email: str) -> Callable[[Answer], object]:
    def proof(answer: Answer) -> None:
        _redirects(answer)
        assert [message.to for message in mail.outbox] == [[email]]

    return proof
