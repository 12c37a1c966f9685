"""What people do while the copy has not followed yet; run by test_replicas.py in a process."""

import pytest
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_useraccounts.checks.deploy import databases
from django_useraccounts.models import AccountEvent, OneTimeSecret, User, UserEmail
from django_useraccounts.roles.flows import revoke_role
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of
from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user
from tests.attacks.browsers import NEW_PASSWORD, url
from tests.replicas.follow import follow
from tests.replicas.gallery.models import Picture

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

NAIVE = "tests.replicas.follow.ReadsAllElsewhere"


@pytest.fixture
def frida():
    """Somebody whom the copy knows."""
    user = make_user("frida", roles=["starving", "artist"])
    follow()
    return user


def logged_in():
    browser = Client()
    answer = browser.post(url("login"), {"identifier": "frida", "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def is_in(browser):
    return browser.get(url("profile")).status_code == 200


def end_by_logout(browser):
    browser.post(url("logout"))


def end_by_password(browser):
    new = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert logged_in().post(url("change_password"), new).status_code == 302


def end_from_another_browser(browser):
    other = logged_in()
    page = other.get(url("sessions")).content.decode()
    [end] = [path for path in page.split('"') if path.startswith("/accounts/end-session/")]
    assert other.post(end).status_code == 302


ENDS = pytest.mark.parametrize("end", [end_by_logout, end_by_password, end_from_another_browser])


@ENDS
def test_a_session_that_has_ended_is_over_before_the_copy_follows(frida, end):
    browser = logged_in()
    follow()
    assert is_in(browser)
    cookies = browser.cookies.copy()

    end(browser)

    thief = Client()
    thief.cookies = cookies
    assert not is_in(thief)


def test_a_user_that_is_written_elsewhere_has_the_password_with_it(frida):
    frida.set_password(NEW_PASSWORD)
    frida.save()

    frida.save(using="replica")

    # Who was copied has a new epoch there, too, and not twice.
    copied, kept = User.objects.using("replica").get(), User.objects.get()
    assert copied.check_password(NEW_PASSWORD)
    assert copied.session_epoch == kept.session_epoch == 1

    kept.save(using="replica")
    assert User.objects.using("replica").get().session_epoch == 1


def test_a_password_that_is_set_elsewhere_leaves_its_event_there(frida):
    copied = User.objects.using("replica").get()

    copied.set_password(NEW_PASSWORD)
    copied.save(using="replica")

    events = AccountEvent.objects.filter(kind="password_set_by_code")
    assert not events.exists()
    assert events.using("replica").exists()
    assert User.objects.get().check_password(PASSWORD)


@ENDS
def test_with_a_router_that_knows_no_accounts_it_would_go_on(frida, end, settings):
    browser = logged_in()
    follow()
    cookies = browser.cookies.copy()
    end(browser)

    settings.DATABASE_ROUTERS = [NAIVE]

    thief = Client()
    thief.cookies = cookies
    assert is_in(thief)


def test_who_registers_is_in_at_once_and_the_copy_is_asked_for_nothing():
    browser = Client()
    data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}

    with CaptureQueriesContext(connections["replica"]) as asked:
        browser.post(url("register"), data)
        page = browser.get(link_in(mails_to("frida@example.com")[0]), follow=True)
        browser.post(page.request["PATH_INFO"], {"answer": "confirm"})
        assert is_in(browser)
        for name in ("emails", "history", "sessions", "edit_profile", "change_username"):
            assert browser.get(url(name)).status_code == 200
        browser.post(url("logout"))
        assert is_in(logged_in())

    assert not asked.captured_queries


def test_a_role_is_gone_before_the_copy_follows(frida):
    browser = logged_in()
    follow()
    assert browser.get("/garret/").status_code == 200

    revoke_role(frida, "starving")

    assert browser.get("/garret/").status_code == 403


def test_a_link_is_used_up_before_the_copy_follows(frida):
    secret = issue(RESET_PASSWORD, user=frida, address=UserEmail.objects.get())
    follow()
    answers = []
    for _time in range(2):
        page = Client()
        path = page.get(url("reset_password", link_of(secret)), follow=True).request["PATH_INFO"]
        answers.append(page.post(path, {"new_password": NEW_PASSWORD}).status_code)

    assert answers[0] == 302 != answers[1]
    assert OneTimeSecret.objects.using("replica").get().redeemed_at is None


def test_what_is_the_projects_own_is_read_from_the_copy_unless_it_is_about_to_change(frida):
    Picture.objects.create(title="Self-portrait", painter=frida)

    assert not Picture.objects.exists()
    with transaction.atomic():
        assert Picture.objects.get().painter == frida
    follow()
    assert list(frida.pictures.all()) == list(Picture.objects.all()) != []


def test_the_check_is_content_and_names_the_other_router(settings):
    assert list(databases()) == []

    settings.DATABASE_ROUTERS = [NAIVE]

    assert {warning.id for warning in databases()} == {"useraccounts.W039"}
