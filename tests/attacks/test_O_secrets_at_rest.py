"""O. What is shown of secrets where rows are listed: in str, repr, logs and tables."""

import base64
import contextlib
import logging
import pickle
import re
import zlib

import pytest
from django.contrib.auth import get_user_model

from django_useraccounts.models import AttemptCounter, OneTimeSecret, OutgoingMail
from django_useraccounts.secrets import Link, link_of
from django_useraccounts.testing import make_user
from tests.attacks.browsers import (
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    halves,
    last_mail,
    link_in,
    page_of,
    url,
)

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def link(browser):
    make_user("victoria", VICTIM)
    browser.forgot()
    return Link.parse(halves(link_in(last_mail()))[1])


def test_O3_no_str_or_repr_of_a_row_tells_a_secret(browser, link):
    browser.log_in("victoria")
    user = User.objects.get()
    rows = [user, *OneTimeSecret.objects.all(), *OutgoingMail.objects.all()]
    rows += [*AttemptCounter.objects.all(), *user.emails.all()]

    for row in rows:
        for text in (str(row), repr(row)):
            assert link.proof not in text
            assert str(link) not in text
            assert user.password not in text


def test_O3_a_link_does_not_tell_itself_in_a_repr(link):
    assert link.proof not in repr(link)
    assert str(link) not in repr(link)
    assert link.proof not in f"{[link]}"


def test_O3_no_table_holds_a_link_or_the_half_that_opens(browser, link):
    page = page_of(browser.open(url("reset_password", str(link))))
    browser.post(page, {"new_password": "short"})

    rows = str(everything())

    assert link.proof not in rows
    assert str(link) not in rows
    assert PASSWORD not in rows


@pytest.mark.asvs("11.5.1")
def test_O3_a_stolen_table_opens_nothing_without_the_key(browser, link, settings):
    row = OneTimeSecret.objects.get(purpose="reset_password")
    settings.SECRET_KEY = "what a thief guesses"
    forged = link_of(row)
    settings.SECRET_KEY = "a secret of the tests"

    assert browser.get(url("reset_password", str(forged)), follow=True).status_code == 404


@pytest.mark.asvs("16.2.5")
def test_O3_nothing_that_is_typed_or_mailed_is_logged(browser, caplog):
    caplog.set_level(logging.DEBUG)
    browser.register("victoria", VICTIM, PASSWORD)
    link = halves(link_in(last_mail()))[1]
    browser.confirm(last_mail())
    browser.post(url("logout"))
    browser.log_in("victoria", PASSWORD)
    browser.change_password(PASSWORD, "another long password")
    browser.post(url("logout"))
    browser.log_in("victoria", "a wrong but dear password")
    browser.get(url("confirm_email", link), follow=True)

    # Django logs the SQL of a test; a site does not.
    told = [r.getMessage() for r in caplog.records if not r.name.startswith("django.db")]
    for secret in (PASSWORD, "another long password", "a wrong but dear password"):
        assert not any(secret in text for text in told)
    assert not any(Link.parse(link).proof in text for text in told)


def test_O3_a_session_holds_no_password_and_no_link(browser, link):
    browser.open(url("reset_password", str(link)))
    browser.log_in("victoria", PASSWORD)

    values = str(dict(browser.session.items()))
    assert PASSWORD not in values
    assert link.proof not in values
    assert User.objects.get().password not in values


def readable(value):
    """Return what can be read in a cookie: as it is, and where it is base64, or packed."""
    yield value
    for part in re.split("[.:]", value):
        with contextlib.suppress(ValueError):
            raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            yield raw.decode("utf-8", "replace")
            with contextlib.suppress(zlib.error):
                yield zlib.decompress(raw).decode("utf-8", "replace")


@pytest.mark.asvs("14.3.3")
def test_O3_no_cookie_tells_who_somebody_is_or_what_was_typed(browser, settings):
    # Django's default keeps messages, with addresses in them, in a cookie.
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
    kept = set()

    for act in (
        lambda: browser.register("victoria", VICTIM, PASSWORD),
        lambda: browser.confirm(last_mail()),
        lambda: browser.change_password(PASSWORD, NEW_PASSWORD),
        lambda: browser.post(url("add_email"), {"email": "victoria@example.org"}),
        lambda: browser.post(url("logout")),
        browser.forgot,
        lambda: browser.open(last_mail()),
        lambda: browser.log_in("victoria", NEW_PASSWORD),
    ):
        act()
        kept |= {(name, cookie.value) for name, cookie in browser.cookies.items()}

    tokens = {"useraccounts_browser_token", "useraccounts_device_token", "useraccounts_link_token"}
    assert {name for name, _value in kept} >= {"sessionid", *tokens}
    told = {text for _name, value in kept for text in readable(value)}
    for secret in ("victoria", VICTIM, PASSWORD, NEW_PASSWORD):
        assert not [text for text in told if secret in text]


def test_a_user_that_is_pickled_into_a_cache_takes_its_roles_along_but_not_for_ever():
    user = make_user("agent", roles=["secret"])
    assert user.has_roles("secret")
    user.role_grants.all().delete()

    copy = pickle.loads(pickle.dumps(user))
    copy.refresh_from_db()

    assert not copy.has_roles("secret")
