"""The stage on which an attack is played: people and browsers that are made up and then undone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import get_random_string

from django_useraccounts.conf import conf
from django_useraccounts.identity import login_names
from django_useraccounts.message import compose
from django_useraccounts.models import AbstractUser, OutgoingMail
from django_useraccounts.testing import link_in, make_user

from ..people import PASSWORD

#: Longer values, and longer sentences, are cut where they are shown.
SHOWN, SHOWN_OF_A_PAGE = 72, 240
#: Addresses of RFC 5737 that nobody has: who attacks uses no limit of the visitor up.
NETWORK = "203.0.113."
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def url(name: str, *args: object) -> str:
    return reverse(f"useraccounts:{name}", args=args)


def name_of(user: AbstractUser) -> str:
    """Return what ``user`` logs in by here."""
    return user.email if "email" in login_names() else user.get_username()


@dataclass(frozen=True)
class Step:
    """One request of a browser, or something else that happens."""

    who: str
    does: str
    sent: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What has to be true if the attack has failed, and whether it is."""

    sentence: str
    holds: bool


class Scene:
    """What happens in the play of an attack, and what came of it."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.steps: list[Step] = []
        self.findings: list[Finding] = []
        self._browsers = 0

    @property
    def is_safe(self) -> bool:
        return bool(self.findings) and all(finding.holds for finding in self.findings)

    def person(self, name: str, *roles: str, **fields: Any) -> AbstractUser:
        """Make somebody up, under a name that nobody has, with a confirmed address."""
        users, wanted, number = get_user_model().objects, name, 1
        while users.filter(username=wanted).exists():
            wanted, number = f"{name}{number}", number + 1
        email = f"{wanted}@guild.example"
        return make_user(wanted, email, PASSWORD, roles=roles, **fields)

    def browser(self, who: str, user: AbstractUser | None = None) -> "Browser":
        """Open a browser; with ``user``, in which that person has logged in."""
        self._browsers += 1
        browser = Browser(self, who, address=f"{NETWORK}{self._browsers}")
        if user:
            browser.log_in(user)
        return browser

    def tell(self, who: str, does: str, *says: str) -> None:
        """Show something that is no request."""
        self.steps.append(Step(who, does, says=says))

    def check(self, sentence: str, holds: object) -> None:
        """Note what has to be true."""
        self.findings.append(Finding(sentence, bool(holds)))

    def link_mailed_to(self, address: str) -> str:
        """Open the newest mail to an address, and return the path of its link."""
        mail = OutgoingMail.objects.filter(to=address).latest("pk")
        message = compose(mail)
        self.tell("The guild", f"writes a mail to {address}", str(message.subject))
        return link_in(message)


class Browser:
    """A browser of its own, whose requests are part of the play."""

    def __init__(self, scene: Scene, who: str, *, address: str) -> None:
        self.scene, self.who = scene, who
        self.client = Client(
            enforce_csrf_checks=True,
            raise_request_exception=False,
            REMOTE_ADDR=address,
            headers={"host": scene.host, "accept-language": "en"},
        )
        # As the first page would have set it, which is then not asked for.
        self.client.cookies["csrftoken"] = get_random_string(32)

    def get(self, path: str, *, method: str = "get", **headers: str) -> Any:
        """Ask for a page, and show it; underscores in the names of headers are hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = getattr(self.client, method)(path, headers=given)
        return self._show(method.upper(), path, given, answer)

    def send(self, path: str, headers: Mapping[str, str] = NO_HEADERS, **form: Any) -> Any:
        """Send the form of a page as people do: with its token, and with what is typed twice."""
        token = self.client.cookies["csrftoken"].value
        data = {**form, **_retyped(form), "csrfmiddlewaretoken": token}
        answer = self.client.post(path, data, headers=dict(headers))
        return self._show("POST", path, {**headers, **form}, answer)

    def forge(self, path: str, form: Mapping[str, Any] | str, **headers: str) -> Any:
        """Send what no page of the guild sends, without its token."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {"content_type": "application/json"} if isinstance(form, str) else {}
        answer = self.client.post(path, form, headers=given, **kind)
        shown = {"body": form} if isinstance(form, str) else form
        return self._show("POST", path, {**given, **shown}, answer)

    def log_in(self, user: AbstractUser, password: str = PASSWORD) -> Any:
        return self.send(url("login"), identifier=name_of(user), password=password)

    def open(self, link: str) -> str:
        """Follow a mailed link, and return the path of its page."""
        return str(self.get(link).headers.get("Location") or link)

    def is_logged_in(self) -> bool:
        """Say whether the account pages know somebody here; not shown."""
        return self.client.get(url("profile")).status_code == 200

    @property
    def session(self) -> str:
        cookie = self.client.cookies.get("sessionid")
        return cookie.value if cookie else ""

    @session.setter
    def session(self, key: str) -> None:
        self.client.cookies["sessionid"] = key

    def _show(self, method: str, path: str, sent: Mapping[str, Any], answer: Any) -> Any:
        shown = {name: _short(value) for name, value in sent.items()}
        says = words_of(answer)
        self.scene.steps.append(
            Step(self.who, f"{method} {_short(path)}", shown, answer.status_code, says)
        )
        return answer


def play(trial: Callable[[Scene], None], *, host: str) -> Scene:
    """Play an attack on the running demo; everything that it has changed is undone, mails too."""
    scene = Scene(host)
    # What the middleware of the inner requests switches to ends with them.
    with translation.override("en"), transaction.atomic():
        trial(scene)
        transaction.set_rollback(True)
    return scene


def words_of(answer: Any) -> tuple[str, ...]:
    """Return what an answer tells people: where it leads, or its title and what it warns of."""
    if "Location" in answer.headers:
        return (f"leads to {_short(answer.headers['Location'])}",)
    if not answer.headers.get("Content-Type", "").startswith("text/html"):
        return (_short(answer.content.decode(errors="replace")),) if answer.content else ()
    reader = _Words()
    reader.feed(answer.content.decode(errors="replace"))
    found = (_short(text, SHOWN_OF_A_PAGE) for text in reader.found)
    return tuple(dict.fromkeys(filter(None, found)))


def _retyped(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this site asks for twice, once more."""
    typed = {"email": form.get("email"), "password": form.get("new_password", form.get("password"))}
    return {f"retype_{name}": typed[name] for name in conf.RETYPE if typed[name]}


def alike(one: Any, other: Any, *typed: str) -> bool:
    """Say whether two answers are the same, but for tokens and for what was typed."""
    return _bare(one, typed) == _bare(other, typed)


def _bare(answer: Any, typed: tuple[str, ...]) -> tuple[object, ...]:
    body = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", answer.content.decode())
    for text in typed:
        body = body.replace(text, "…")
    # The clock goes on between the two, and what was typed has a length.
    moving = {"Content-Length", "Expires"}
    headers = {name: value for name, value in answer.headers.items() if name not in moving}
    return answer.status_code, body, headers, sorted(answer.cookies)


def _short(value: object, length: int = SHOWN) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= length else f"{text[:length]}… ({len(text)} characters)"


class _Words(HTMLParser):
    """Collects the title of a page, and what stands in its alerts and beside its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        role, key = given.get("role") or "", given.get("id") or ""
        begins = tag == "h1" or role in {"alert", "status"} or key.endswith("_error")
        if tag not in _VOID and (self._depth or begins):
            if not self._depth:
                self.found.append("")
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag not in _VOID:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.found[-1] += data


_VOID = {"area", "br", "hr", "img", "input", "link", "meta", "wbr"}
