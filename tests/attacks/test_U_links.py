"""U. Strangers learn nothing by the pages that mailed links lead to."""

import re
import uuid
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_useraccounts.invitations.flows import invite
from django_useraccounts.models import OneTimeSecret, UserEmail
from django_useraccounts.secrets import PURPOSES, Link, issue, link_of
from django_useraccounts.testing import make_user
from tests.attacks.browsers import EVIL, VICTIM, Browser, page_of, url
from tests.attacks.strangers import STATES, measure

__all__ = ["measure"]  # fixture

pytestmark = pytest.mark.django_db

User = get_user_model()
GUESSED = "A" * 43
NOBODYS = Link(uuid.UUID(int=8), GUESSED)


def with_link(browser: Browser, *, purpose: str) -> tuple[Link]:
    """
    Have a link mailed to whoever is there; to nobody, a row is written that nothing redeems.

    The stranger has read its public half, which is no secret: in a log, or over a shoulder.
    """
    user = User._base_manager.order_by("pk").first()
    address = UserEmail.objects.filter(user=user).first()
    wanted = PURPOSES[purpose]
    secret = issue(
        wanted,
        address=address if wanted.bound_to_address else None,
        user=None if wanted.bound_to_address else user,
    )
    # The same in each world, since the paths hold it.
    known = uuid.UUID(int=7)
    OneTimeSecret.objects.filter(pk=secret.pk).update(id=known)
    return (Link(known, GUESSED),)


def guess(browser: Browser, known: Link, *, purpose: str) -> list[Any]:
    """Open a link that nobody has, and one that somebody has, with a made-up proof; press on."""
    page, data = url(purpose, known.public_id), {"answer": "confirm", "new_password": EVIL}
    answers = [browser.get(url(purpose, str(link))) for link in (NOBODYS, known)]
    return [*answers, browser.get(page), browser.post(page, data)]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_U1_U4_every_state_looks_and_costs_the_same_on_the_page_of_a_link(measure, purpose):
    before, act = partial(with_link, purpose=purpose), partial(guess, purpose=purpose)
    nobody = measure("none", act, before)

    # What is packed to be fetched is for who is logged in alone.
    answers = [302, 302] if purpose == "fetch_export" else [404, 404]
    assert [status for status, *_ in nobody.answers] == [302, 302, *answers]
    for state in STATES:
        assert measure(state, act, before) == nobody, state


def with_leaked_invitation(browser: Browser) -> tuple[str]:
    """Have an invitation mailed to the address that is asked about, and its link leak."""
    owner = make_user("owner", is_superuser=True)
    invite(VICTIM, by=owner)
    return (url("accept_invitation", str(link_of(OneTimeSecret.objects.get(user=owner)))),)


def come_by_leaked_invitation(browser: Browser, link: str) -> list[Any]:
    page = browser.open(link)
    answers = [page, browser.post(page_of(page)), browser.get(url("register"))]
    answers += [browser.register("stranger", VICTIM, "short"), browser.log_in(VICTIM, EVIL)]
    answers += [browser.forgot(), browser.resend(), browser.get(page_of(page))]
    return [*answers, browser.register("stranger", "stranger@example.net", EVIL)]


def test_U1_U4_U9_every_state_looks_and_costs_the_same_by_a_leaked_invitation(measure):
    nobody = measure("none", come_by_leaked_invitation, with_leaked_invitation)

    statuses = [status for status, *_ in nobody.answers]
    assert statuses == [200, 302, 200, 200, 200, 302, 302, 200, 302]
    for state in STATES:
        assert measure(state, come_by_leaked_invitation, with_leaked_invitation) == nobody, state


@pytest.mark.parametrize("state", ["active", "inactive", "no password", "closed"])
def test_U9_by_an_invitation_to_the_address_of_an_account_nobody_gets_in(measure, state):
    """
    Who registers by it reads that there is an account, as who reads the mail may.

    By the invitation of nobody's address the account is opened at once; the two cannot be alike.
    """

    def act(browser: Browser, link: str) -> list[Any]:
        browser.post(page_of(browser.open(link)))
        return [browser.register("stranger", VICTIM, EVIL), browser.get(url("profile"))]

    told = measure("active", act, with_leaked_invitation)

    assert [status for status, *_ in told.answers] == [200, 302]
    assert re.search("already|belongs", told.answers[0][-1])
    assert measure(state, act, with_leaked_invitation) == told
