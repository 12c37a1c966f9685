"""Who closes the browser while the site is at work leaves nothing half done, and no transaction open."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.mail import LEASE
from django_useraccounts.models import AccountEvent, AttemptCounter, OutgoingMail, User, UserEmail
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import PASSWORD, make_user
from tests.asgi.conftest import lacks_servers
from tests.asgi.site import PATIENCE, Browser, running
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "another garden of lilies"
IN_TRANSACTION = "INSERT useraccounts_outgoingmail"


def url(name):
    return reverse(f"useraccounts:{name}")


def kinds(**of):
    return list(AccountEvent.objects.filter(**of).order_by("pk").values_list("kind", flat=True))


#: How a server tells the connections of others to the database of the test.
CONNECTIONS = {
    "postgresql": "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}


def connections(site):
    """
    Return the connections that are open, and any transactions with them.

    A server tells those of others, too: the processes of tests/fleet keep theirs.
    """
    if connection.vendor == "sqlite":
        # Linux alone tells it, as files.
        name = str(connection.settings_dict["NAME"])
        return {file for file in open_files(site.process.pid) if name in file}
    with connection.cursor() as cursor:
        cursor.execute(CONNECTIONS[connection.vendor])
        return {key for (key,) in cursor.fetchall()}


def open_files(pid):
    for file in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):
            yield str(file.readlink())


@pytest.fixture
def browser(site, browser):
    """After each test nothing is open that the site has begun."""
    before = connections(site)
    yield browser
    wait_until(lambda: connections(site) <= before)


FORM = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}


def attempts():
    return set(AttemptCounter.objects.values_list("attempts", flat=True))


@pytest.mark.parametrize("at", ["at the hash", IN_TRANSACTION])
@pytest.mark.parametrize("path", [url("register"), "/async/open-account/"])
def test_an_account_is_opened_as_a_whole_and_its_mail_sent(site, browser, path, at):
    browser.get(url("register"))

    site.send_and_hang_up(browser.as_bytes(path, **FORM), at=at)

    link = site.link("confirm-email")
    assert User.objects.get().username == "frida"
    assert not UserEmail.objects.get().is_confirmed
    assert kinds() == ["registered"]
    wait_until(lambda: OutgoingMail.objects.get().sent_at)
    assert attempts() == {1}
    assert browser.get(link).status_code == 200


def test_a_wrong_password_is_counted_and_written_down(site, browser):
    make_user("frida")
    browser.get(url("login"))

    form = {"identifier": "frida", "password": "wrong"}
    site.send_and_hang_up(browser.as_bytes(url("login"), **form), at="at the hash")

    wait_until(lambda: kinds(kind="login_failed"))
    assert attempts() == {1}
    assert "do not match" in browser.post(url("login"), **form).text
    assert max(attempts()) == 2


def test_a_login_is_written_down_with_its_session_and_the_next_one_is_as_good(site, browser):
    make_user("frida", roles=["artist"])
    browser.get(url("login"))

    form = {"identifier": "frida", "password": PASSWORD}
    site.send_and_hang_up(
        browser.as_bytes(url("login"), **form), at="INSERT useraccounts_accountevent"
    )

    wait_until(lambda: kinds(kind="logged_in"))
    assert LoginSession.objects.count() == 1
    # the cookie never came
    assert browser.get("/async/studio/").url.startswith(site.origin + url("login"))
    assert browser.post(url("login"), **form).text == "Paint, frida."


def test_a_password_is_changed_as_a_whole(site, browser):
    frida = make_user("frida", roles=["artist"])
    browser.get(url("login"))
    browser.post(url("login"), identifier="frida", password=PASSWORD)
    browser.get(url("change_password"))
    epoch = User.objects.get().session_epoch

    form = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    site.send_and_hang_up(browser.as_bytes(url("change_password"), **form), at=IN_TRANSACTION)

    wait_until(lambda: kinds(kind="password_changed"))
    frida.refresh_from_db()
    assert frida.check_password(NEW_PASSWORD)
    assert frida.session_epoch == epoch + 1
    assert len(kinds(kind="password_changed")) == 1
    wait_until(lambda: OutgoingMail.objects.get(kind="password_changed").sent_at)
    browser.get(url("login"))
    entered = browser.post(url("login"), identifier="frida", password=NEW_PASSWORD)
    assert entered.text == "Paint, frida."


def test_an_address_is_added_as_a_whole(site, browser):
    frida = make_user("frida", roles=["artist"])
    browser.get(url("login"))
    browser.post(url("login"), identifier="frida", password=PASSWORD)
    browser.get(url("add_email"))

    new = {"email": "frida@example.net"}
    site.send_and_hang_up(browser.as_bytes(url("add_email"), **new), at=IN_TRANSACTION)

    link = site.link("confirm-email")
    assert frida.emails.count() == 2
    assert kinds(kind="email_added") == ["email_added"]
    assert browser.get(link).status_code == 200


def test_behind_a_middleware_that_knows_no_async_it_is_the_same(tmp_path):
    lacks_servers()
    with running("uvicorn", tmp_path, SITE_HAS_OLD_MIDDLEWARE="1") as site:
        before = connections(site)
        browser = Browser(site)
        browser.get(url("register"))

        request = browser.as_bytes(url("register"), **FORM)
        # the thread that has begun the request waits for the one below, and is told only then
        site.send_and_hang_up(request, at=IN_TRANSACTION, is_told=False)

        assert browser.get(site.link("confirm-email")).status_code == 200
        assert kinds() == ["registered"]
        wait_until(lambda: connections(site) <= before)
        assert site.log() == ""


def test_a_mail_that_is_on_its_way_when_the_server_ends_is_sent_later(tmp_path):
    lacks_servers()
    with running("uvicorn", tmp_path) as site:
        browser = Browser(site)
        browser.get(url("register"))
        with site.slow("at the mail server"):
            browser.post(url("register"), **FORM)
            wait_until(site.waiting)
            began = time.monotonic()
            site.process.terminate()
            site.process.wait(PATIENCE)
            took = time.monotonic() - began
    assert took < PATIENCE
    mail = OutgoingMail.objects.get()
    assert (mail.sent_at, site.mails()) == (None, [])

    # due again once no mail server can be waited for any more
    assert mail.due_at <= timezone.now() + LEASE
    OutgoingMail.objects.update(due_at=timezone.now())
    call_command("useraccounts_send_mail", verbosity=0)

    mail.refresh_from_db()
    assert mail.sent_at is not None
