"""
Whatever fails while a form is sent: it is done, or the person is told so and can send it again.

These are the pages that change a session together with other rows, on a site that keeps the list of
them. A case is a situation like those of the flows; its act sends the form, and sending it once more
is what the person does.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.emails.flows import add_email
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.login.flows import confirm_identity, log_in, log_out
from django_useraccounts.models import AbstractUser, OneTimeSecret
from django_useraccounts.passwords.flows import change_password, reset_password, set_password
from django_useraccounts.profile.flows import edit_profile
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    Purpose,
    issue,
    link_of,
)
from django_useraccounts.sessions.flows import disown_login, end_other_sessions, end_session
from django_useraccounts.sessions.models import DISOWN_LOGIN, LoginSession
from django_useraccounts.social.attempts import Arrival, keep_arrival
from django_useraccounts.social.flows import (
    connect,
    connect_by_link,
    disconnect,
    register_identity,
)
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.harness import (
    NEW_PASSWORD,
    Act,
    Case,
    Outcome,
    Right,
    Rows,
    Way,
    difference,
    run_through,
    snapshot,
    wrong_news,
)
from tests.social.visits import ISSUER, OPTIONS

#: What Django answers when its own middleware cannot save the session, after our page.
INTERRUPTED = 400

PAGES: list[Case] = []

PROVIDERS = {"PROVIDERS": {"guild": OPTIONS}}
IDENTITY = Identity("guild", ISSUER, "m-1", email="maria@example.com", is_email_proved=True)

FRIDA = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
CHANGE = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}


def page(
    flow: Callable[..., Any], *, between: tuple[Act, ...] = (), **conf: Any
) -> Callable[[Callable[[], Act]], Callable[[], Act]]:
    """
    Put a situation at the page of ``flow`` among the cases.

    ``between=(…)`` names what the middleware writes of the session, in a transaction of its own.
    """

    def remember(prepare: Callable[[], Act]) -> Callable[[], Act]:
        PAGES.append(Case(flow, prepare, conf, between))
        return prepare

    return remember


def browser_of(user: AbstractUser | None = None) -> Client:
    """Return a browser that shows errors as pages, in which the user has just logged in."""
    client = Client(raise_request_exception=False)
    if user:
        data = {"identifier": user.username, "password": PASSWORD}
        assert client.post(reverse("useraccounts:login"), data).status_code == 302
    return client


def sending(client: Client, path: str, **data: str) -> Act:
    return partial(client.post, path, data)


def opened(client: Client, purpose: Purpose) -> str:
    """Open the newest link, and return the path of its page."""
    row = OneTimeSecret.objects.filter(purpose=purpose.name).latest("created_at")
    path = reverse(f"useraccounts:{purpose.name}", args=[link_of(row)])
    return str(client.get(path)["Location"])


@page(log_in)
def with_the_password() -> Act:
    make_user("maria")
    path = reverse("useraccounts:login")
    return sending(browser_of(), path, identifier="maria", password=PASSWORD, remember="on")


@page(log_out)
def with_another_browser_that_stays() -> Act:
    maria = make_user("maria")
    browser_of(maria)
    return sending(browser_of(maria), reverse("useraccounts:logout"))


@page(confirm_identity)
def with_the_password_again() -> Act:
    client = browser_of(make_user("maria"))
    return sending(client, reverse("useraccounts:confirm_identity"), old_password=PASSWORD)


@page(register)
def and_wait_for_the_mail() -> Act:
    return sending(browser_of(), reverse("useraccounts:register"), **FRIDA)


@page(register, CONFIRM_EMAIL_BEFORE_LOGIN=False)
def and_be_logged_in_at_once() -> Act:
    return sending(browser_of(), reverse("useraccounts:register"), **FRIDA)


@page(register, EMAIL="off")
def without_an_address_and_be_logged_in() -> Act:
    return sending(browser_of(), reverse("useraccounts:register"), **FRIDA)


@page(register)
def and_confirm_and_be_logged_in_with_one_click() -> Act:
    client = browser_of()
    client.post(reverse("useraccounts:register"), FRIDA)
    return sending(client, opened(client, CONFIRM_EMAIL), answer="confirm")


@page(add_email)
def and_confirm_it() -> Act:
    maria = make_user("maria")
    client = browser_of(maria)
    add_email(maria, "second@example.com")
    return sending(client, opened(client, CONFIRM_EMAIL), answer="confirm")


@page(change_password)
def with_a_session_that_goes_on_and_one_that_ends() -> Act:
    maria = make_user("maria")
    browser_of(maria)
    return sending(browser_of(maria), reverse("useraccounts:change_password"), **CHANGE)


def adopt() -> None:
    """Give a row to the session that has none, as the middleware does."""
    maria = get_user_model().objects.get()
    LoginSession.objects.create(
        user=maria, epoch=maria.session_epoch, device_key="set", client_address="127.0.0.1"
    )


def touch() -> None:
    """Write down that the session is used."""
    LoginSession.objects.update(seen_at=timezone.now())


@page(set_password, between=(adopt,))
def for_the_first_time() -> Act:
    maria = make_user("maria")
    client = browser_of(maria)
    maria.set_unusable_password()
    maria.save()
    client.force_login(maria)
    session = client.session
    session["useraccounts_proved_at"] = int(time.time())
    session.save()
    return sending(client, reverse("useraccounts:set_password"), new_password=NEW_PASSWORD)


@page(reset_password)
def by_link() -> Act:
    maria = make_user("maria")
    client = browser_of(maria)
    issue(RESET_PASSWORD, address=maria.emails.get())
    return sending(client, opened(client, RESET_PASSWORD), new_password=NEW_PASSWORD)


@page(close_account)
def with_two_browsers_that_are_logged_out() -> Act:
    maria = make_user("maria")
    browser_of(maria)
    return sending(browser_of(maria), reverse("useraccounts:close_account"), reason="Too loud.")


@page(edit_profile, between=(touch,))
def in_a_session_that_was_not_used_for_hours() -> Act:
    client = browser_of(make_user("maria"))
    LoginSession.objects.update(seen_at=timezone.now() - timedelta(hours=3))
    return sending(client, reverse("useraccounts:edit_profile"), first_name="Maria")


@page(end_session)
def of_another_browser() -> Act:
    maria = make_user("maria")
    browser_of(maria)
    row = LoginSession.objects.get()
    return sending(browser_of(maria), reverse("useraccounts:end_session", args=[row.pk]))


@page(end_other_sessions)
def of_two_other_browsers() -> Act:
    maria = make_user("maria")
    for _ in range(2):
        browser_of(maria)
    return sending(browser_of(maria), reverse("useraccounts:end_other_sessions"))


@page(disown_login)
def from_a_device_that_is_new() -> Act:
    maria = make_user("maria")
    client = browser_of(maria)
    browser_of(maria)
    return sending(client, opened(client, DISOWN_LOGIN))


@page(log_in)
def after_the_account_was_closed() -> Act:
    close_account(make_user("maria"))
    path = reverse("useraccounts:login")
    return sending(browser_of(), path, identifier="maria", password=PASSWORD)


@page(add_email)
def and_have_it_taken_back() -> Act:
    maria = make_user("maria")
    add_email(maria, "evil@example.com", confirmed=True)
    client = browser_of()
    return sending(client, opened(client, UNDO_EMAIL_CHANGE))


@page(register_identity, SOCIAL=PROVIDERS)
def and_be_logged_in_by_the_provider() -> Act:
    path = reverse("useraccounts:complete_registration")
    return sending(come_back_as(IDENTITY), path, username="maria", email=IDENTITY.email)


@page(connect, SOCIAL=PROVIDERS)
def to_an_account_that_the_password_proves() -> Act:
    make_user("maria")
    client = come_back_as(IDENTITY)
    data = {"identifier": "maria", "password": PASSWORD, "identity": IDENTITY.key}
    return sending(client, reverse("useraccounts:connect_account"), **data)


@page(connect_by_link, SOCIAL=PROVIDERS)
def and_be_logged_in_where_it_began() -> Act:
    address = make_user("maria").emails.get()
    client = come_back_as(IDENTITY)
    issue(CONNECT_BY_LINK, address=address, pending=json.dumps(IDENTITY.as_kept()))
    return sending(client, opened(client, CONNECT_BY_LINK))


@page(disconnect, SOCIAL=PROVIDERS)
def with_a_session_that_stays_and_one_that_goes() -> Act:
    maria = make_user("maria")
    row = connect(maria, IDENTITY)
    browser_of(maria)
    path = reverse("useraccounts:disconnect_provider", args=[row.pk])
    return sending(browser_of(maria), path)


def come_back_as(identity: Identity) -> Client:
    """Return a browser that has come back from a provider and belongs to no account yet."""
    client = browser_of()
    session = client.session
    request = HttpRequest()
    request.session = session
    keep_arrival(Arrival(identity), request=request)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.mark.asvs("2.3.3")
@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("case", PAGES, ids=str)
def test_a_fault_anywhere_in_a_request_is_told_or_made_good(
    case: Case, set_conf: Callable[..., None]
) -> None:
    set_conf(**case.conf)

    faults = [
        f"{where}: {what}"
        for where, way, right, outcome in run_through(case, tuple(Way))
        for what in wrong(way, right, outcome)
    ]

    assert not faults, "\n".join([f"{len(faults)} faults, such as", *faults[:3]])


def wrong(way: Way, right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with the answer to a request that met a fault, and with what is left."""
    status, rows = outcome.answer.status_code, outcome.rows
    # What is noted of the session alone is no change that anybody has asked for.
    right = Right([rows if rows in right.states[:-1] else right.before, right.after], right.done)
    is_done = rows == right.after
    if status == INTERRUPTED or way is Way.COMMIT_UNHEARD:
        # Nothing of ours runs any more: all is done, and the browser knows nothing of its session.
        is_done = without_sessions(rows) == without_sessions(right.after)
        if rows != right.before and not can_log_in():
            yield "nobody can log in any more"
    if status not in {right.done.answer.status_code, 503, INTERRUPTED}:
        yield f"answered {status}"
    if not is_done and rows != right.before:
        yield f"in between\n{difference(right.after, rows)}"
    if status == 503 and way is Way.UNDONE:
        yield "it was not tried once more"
    if status == 503 and rows != right.before and not way.is_unheard:
        yield "it says that nothing was changed, but all is"
    if status != 503 and not is_done:
        yield "it looks done, and is not"
    yield from wrong_news(right, outcome)
    if status == 503:
        yield from wrong_with_another_try(right, outcome)


def wrong_with_another_try(right: Right, outcome: Outcome) -> Iterator[str]:
    was_before = outcome.rows == right.before
    again = outcome.act()
    if again.status_code >= 500:
        yield f"another try is answered {again.status_code}"
    if was_before and snapshot() != right.after:
        yield f"another try does not lead there\n{difference(right.after, snapshot())}"


def can_log_in() -> bool:
    """Say whether a password of the user lets in, if there is one: else it has been mailed a link."""
    user = get_user_model().objects.earliest("pk")
    path = reverse("useraccounts:login")
    tries = ({"identifier": str(user), "password": text} for text in (PASSWORD, NEW_PASSWORD))
    logged_in = any(Client().post(path, data).status_code == 302 for data in tries)
    return logged_in or not user.has_usable_password()


def without_sessions(rows: Rows) -> Rows:
    return {name: texts for name, texts in rows.items() if name != "sessions.Session"}
