"""E. What is somebody else's is as good as nothing, on each page that takes the number of a row."""

import re
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.urls.converters import IntConverter, UUIDConverter

from django_useraccounts.invitations.flows import invite
from django_useraccounts.leaving.flows import make_due_exports, request_export
from django_useraccounts.memberships.flows import apply_event
from django_useraccounts.memberships.models import StripeCustomer
from django_useraccounts.models import AccountExport, OneTimeSecret, UserEmail
from django_useraccounts.secrets import Link, link_of
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.testing import make_user
from tests.attacks.browsers import (
    VICTIM,
    mails_to,
    page_of,
    patterns,
    rows_of_all_rooms,
    url,
)
from tests.memberships.bills import KEY, SECRET, Subscription, read
from tests.memberships.conftest import make_plan
from tests.memberships.office import open_office
from tests.sessions.visits import MIDDLEWARE
from tests.social.visits import ISSUER, OPTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def office(settings, set_conf):
    settings.MIDDLEWARE = MIDDLEWARE
    keys = {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET}
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}}, MEMBERSHIPS=keys)
    with open_office() as office:
        yield office


def somebody(name, email=""):
    """Make somebody who may invite."""
    user = make_user(name, email or None)
    user.user_permissions.add(Permission.objects.get(codename="add_invitation"))
    return user


@pytest.fixture
def victoria():
    return somebody("victoria", VICTIM)


@pytest.fixture
def owner(new_browser, victoria):
    """A browser in which she has just given her password."""
    browser = new_browser()
    browser.log_in("victoria")
    return browser


@pytest.fixture
def thief(new_browser):
    somebody("mallory", "m@example.net")
    browser = new_browser()
    browser.log_in("mallory")
    return browser


def claim_of(user, new_browser):
    return UserEmail.objects.add_claim(user, "victim.claim@example.com").pk


def second_of(user, new_browser):
    return UserEmail.objects.add_proved(user, "victim.second@example.com").pk


def session_of(user, new_browser):
    new_browser(headers={"user-agent": "Firefox/9.0"}).log_in(user.username)
    return LoginSession.objects.filter(user=user).latest("started_at").pk


def connection_of(user, new_browser):
    return connect(user, Identity("guild", ISSUER, "1", email="victim@guild.example")).pk


def invitation_of(user, new_browser):
    return invite("victims.guest@example.com", by=user).pk


#: The pages of one row, and what makes one that its owner can use there.
PAGES = {
    "send_confirmation": claim_of,
    "make_primary_email": second_of,
    "remove_email": second_of,
    "end_session": session_of,
    "disconnect_provider": connection_of,
    "resend_invitation": invitation_of,
    "withdraw_invitation": invitation_of,
}


def test_E7_these_are_the_pages_of_one_row():
    numbers = {IntConverter, UUIDConverter}

    assert PAGES.keys() == {
        page.name for page in patterns() if numbers & {*map(type, page.pattern.converters.values())}
    }


def told(response, key):
    """Return all that an answer tells, but for the number that was asked for."""
    text = re.sub(r'value="[^"]{64}"', "", response.content.decode()).replace(str(key), "")
    headers = {name: value for name, value in response.headers.items() if name != "Expires"}
    return response.status_code, headers, text


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("page", PAGES)
def test_E7_a_row_of_somebody_else_looks_like_one_that_never_was(
    victoria, owner, thief, new_browser, page
):
    theirs = PAGES[page](victoria, new_browser)
    missing = UUID(int=theirs.int ^ 1) if isinstance(theirs, UUID) else theirs + 1000
    before = rows_of_all_rooms()

    for ask in (thief.get, thief.post):
        foreign, none = (told(ask(url(page, key)), key) for key in (theirs, missing))
        assert foreign == none

    assert rows_of_all_rooms() == before
    owner.post(url(page, theirs))
    assert rows_of_all_rooms() != before


@pytest.mark.asvs("8.2.2")
def test_E7_the_export_of_somebody_else_looks_like_one_that_never_was(victoria, owner, thief):
    request_export(victoria)
    make_due_exports(limit=1)
    secret = OneTimeSecret.objects.get(purpose="fetch_export")
    theirs, none = link_of(secret), Link(UUID(int=secret.pk.int ^ 1), "A" * 43)

    answers = []
    for link in (theirs, none):
        page = page_of(thief.open(url("fetch_export", str(link))))
        answers.append(told(thief.post(page), link.public_id))

    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert AccountExport.objects.get().content
    page = page_of(owner.open(url("fetch_export", str(theirs))))
    assert owner.post(page)["Content-Type"] == "application/zip"


@pytest.mark.asvs("8.2.2")
def test_E7_nobody_is_led_to_the_bills_of_somebody_else(victoria, owner, thief, office):
    StripeCustomer.objects.create(user=victoria, customer_id="cus_victoria")

    answer = thief.post(url("customer_portal"), {"customer": "cus_victoria", "user": victoria.pk})

    assert answer["Location"] == url("membership")
    assert office.asked == []
    assert "victoria" in str(owner.post(url("customer_portal"))["Location"]) + str(office.asked)


@pytest.mark.asvs("8.2.2")
def test_E7_no_page_shows_what_is_of_somebody_else(victoria, owner, thief, new_browser):
    make_plan()
    StripeCustomer.objects.create(user=victoria, customer_id="cus_maria")
    apply_event(read(Subscription(str(victoria.pk)).paid()))
    request_export(victoria)
    for make in (claim_of, second_of, session_of, connection_of, invitation_of):
        make(victoria, new_browser)
    names = [page.name for page in patterns() if not page.pattern.converters]

    def seen(browser):
        pages = {name: browser.get(url(name), {"before": 10_000_000}) for name in names}
        return {name: page.content.decode().lower() for name, page in pages.items()}

    shown = [name for name, text in seen(thief).items() if "vict" in text or "firefox/9" in text]
    assert shown == []
    own = {name for name, text in seen(owner).items() if "vict" in text}
    assert own >= {"profile", "emails", "connections", "invitations", "export_account"}
    assert mails_to("m@example.net") == []
