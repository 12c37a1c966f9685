"""A login from a browser that is new to the account: told by mail, and taken back by its link."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib import auth
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from django_useraccounts.devices import COOKIE
from django_useraccounts.emails.flows import add_email, confirm_email, make_primary, remove_email
from django_useraccounts.errors import LinkError, LinkUsed
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.sessions import signals
from django_useraccounts.sessions.flows import disown_login
from django_useraccounts.sessions.models import DISOWN_LOGIN, LoginSession
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import html_of, lifted_limits, link_in, mails_to, make_user
from tests.sessions.visits import SAFARI, age, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_engine")]

MARIA = "maria@example.com"
NEW_PASSWORD = "another horse another staple"


@pytest.fixture(autouse=True)
def _without_limits():
    with lifted_limits():
        yield


@pytest.fixture
def maria():
    return make_user("maria")


@pytest.fixture
def thief(maria, client, new_browser):
    """Somebody who knows the password, and logs in after its owner."""
    client.log_in()
    return new_browser(agent=SAFARI, address="198.51.100.1").log_in()


def told():
    return [mail for mail in mails_to(MARIA) if "new login" in mail.subject]


def test_the_first_login_of_an_account_is_no_news(maria, client):
    client.log_in()

    assert told() == []
    assert not AccountEvent.objects.filter(kind="new_login").exists()


@pytest.mark.asvs("6.3.5")
def test_a_login_from_a_new_browser_is_told(thief):
    [mail] = told()

    assert "Safari on macOS · 198.51.100.1" in mail.body
    assert f"{timezone.now():%Y}" in mail.body
    assert "(UTC)" in mail.body
    assert "maria" in mail.body
    assert "Safari on macOS · 198.51.100.1" in html_of(mail)
    assert AccountEvent.objects.get(kind="new_login").client_address == "198.51.100.1"


def test_a_browser_that_is_known_is_no_news(maria, client, new_browser):
    client.log_in()
    other = new_browser().log_in()
    for browser in (client, other, other):
        browser.post(url("logout"))
        browser.log_in()

    assert len(told()) == 1


def test_a_browser_is_known_after_its_session_was_deleted_with_its_cookie(maria, client):
    client.log_in()
    del client.cookies["sessionid"]

    client.log_in()

    assert told() == []


def test_a_browser_that_has_lost_all_its_cookies_is_a_new_one(maria, client):
    client.log_in()
    client.cookies.clear()

    client.log_in()

    assert len(told()) == 1


@pytest.mark.parametrize("kind", ["logged_in", "account_adopted"])
def test_an_account_that_was_used_before_the_room_was_there_has_had_its_first_login(
    maria, client, kind
):
    event = AccountEvent.objects.record(kind, user=maria)
    AccountEvent.objects.filter(pk=event.pk).update(at=timezone.now() - timedelta(days=2))

    client.log_in()

    assert len(told()) == 1


def test_an_account_that_was_last_used_years_ago_has_had_its_first_login(
    maria, client, new_browser
):
    client.log_in()
    years = timedelta(days=730)
    type(maria).objects.update(date_joined=timezone.now() - years)
    age(years)
    AccountEvent.objects.update(at=timezone.now() - years)
    call_command("useraccounts_prune", events_older_than=700, stdout=StringIO())
    assert not LoginSession.objects.exists() and not AccountEvent.objects.exists()

    new_browser().log_in()

    assert len(told()) == 1


def test_any_other_login_is_told_as_well(maria, client, rf):
    client.log_in()
    request = client.get("/").wsgi_request
    request.COOKIES, request.session = {}, type(request.session)()
    request.META.pop("USERACCOUNTS_DEVICE_TOKEN", None)

    auth.login(request, maria, backend="django_useraccounts.backends.AccountsBackend")

    assert OutgoingMail.objects.filter(kind="new_login", to=MARIA).count() == 1


def test_of_a_login_that_is_undone_nothing_is_told_or_kept(maria, client):
    client.log_in()
    request = client.get("/").wsgi_request
    request.COOKIES, request.session = {}, type(request.session)()
    request.META.pop("USERACCOUNTS_DEVICE_TOKEN", None)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        auth.login(request, maria, backend="django_useraccounts.backends.AccountsBackend")
        1 / 0  # noqa: B018

    assert LoginSession.objects.count() == 1
    assert not OutgoingMail.objects.filter(kind="new_login").exists()


@pytest.mark.parametrize("changed", [{"SESSIONS": {"TELL_NEW_DEVICE": False}}, {"EMAIL": "off"}])
def test_where_nobody_is_to_be_told_nobody_is(maria, client, new_browser, set_conf, changed):
    set_conf(**changed)
    client.log_in()

    new_browser().log_in()

    assert told() == []
    assert AccountEvent.objects.filter(kind="new_login").count() == 1


def test_who_knows_the_password_cannot_bury_the_mailbox(maria, client, new_browser):
    client.log_in()

    for _ in range(12):
        new_browser().log_in()

    assert len(told()) == 10


def test_it_is_told_by_signal(maria, client, new_browser):
    news = []

    def note(**said):
        news.append((said["user"], said["session"].user_agent))

    signals.new_login.connect(note)
    client.log_in()
    new_browser(agent=SAFARI).log_in()
    signals.new_login.disconnect(note)

    assert news == [(maria, SAFARI)]


# This was not me


def test_the_link_shows_and_a_post_takes_the_account_back(maria, client, thief, new_browser):
    reader = new_browser()
    page = reader.get(link_in(told()[0]), follow=True)
    assert "from a browser that had not been used for it before" in page.content.decode()
    assert thief.is_in

    answer = reader.post(page.request["PATH_INFO"], follow=True)

    assert answer.resolver_match.url_name == "reset_password"
    assert not thief.is_in
    assert not client.is_in
    maria.refresh_from_db()
    assert not maria.has_usable_password()
    reader.post(answer.request["PATH_INFO"], {"new_password": NEW_PASSWORD})
    client.log_in(password=NEW_PASSWORD)
    assert AccountEvent.objects.filter(kind="login_disowned", user=maria).count() == 1
    assert "is yours again" in mails_to(MARIA)[-3].subject


def test_the_link_works_once(maria, thief, new_browser):
    link = link_in(told()[0])
    reader = new_browser()
    page = reader.get(link, follow=True).request["PATH_INFO"]
    reader.post(page)

    again = reader.get(link, follow=True)

    assert again.status_code == 410
    assert "choose a new password" in again.content.decode()
    with pytest.raises(LinkUsed):
        disown_login(OneTimeSecret.objects.get(purpose=DISOWN_LOGIN.name))


def test_two_mails_have_two_links_that_both_work(maria, thief, new_browser):
    new_browser().log_in()

    links = [
        peek(DISOWN_LOGIN, link_of(secret))
        for secret in OneTimeSecret.objects.filter(purpose=DISOWN_LOGIN.name)
    ]

    assert len(links) == 2
    assert disown_login(links[0])


def test_what_the_thief_has_done_meanwhile_is_taken_back(maria, thief):
    link = OneTimeSecret.objects.get(purpose=DISOWN_LOGIN.name)
    evil = add_email(maria, "evil@example.com")
    confirm_email(peek(CONFIRM_EMAIL, link_of(OneTimeSecret.objects.get(address=evil))))
    make_primary(UserEmail.objects.get(email="evil@example.com"))
    remove_email(UserEmail.objects.get(email=MARIA))
    connect(maria, Identity("guild", "https://id.guild.example", "evil"))
    maria.set_password("the password of the thief")
    maria.save()
    reset = issue(RESET_PASSWORD, address=UserEmail.objects.get())

    answer = disown_login(peek(DISOWN_LOGIN, link_of(link)))

    assert [row.email for row in UserEmail.objects.all()] == [MARIA]
    assert answer.email_key == MARIA
    assert not Connection.objects.exists()
    maria.refresh_from_db()
    assert not maria.has_usable_password()
    with pytest.raises(LinkError):
        peek(RESET_PASSWORD, link_of(reset))


def test_the_thief_does_not_end_the_link_by_closing_the_account(maria, thief, new_browser):
    connect(maria, Identity("guild", "https://id.guild.example", "evil"))
    thief.post(url("close_account"))
    assert get_user_model().objects.get().is_closed
    reader = new_browser()
    page = reader.get(link_in(told()[0]), follow=True).request["PATH_INFO"]

    answer = reader.post(page, follow=True)

    assert not Connection.objects.exists()
    assert not get_user_model().objects.get().is_closed
    assert "open again" in mails_to(MARIA)[-1].subject
    reader.post(answer.request["PATH_INFO"], {"new_password": NEW_PASSWORD})
    assert new_browser().log_in(password=NEW_PASSWORD).is_in


def test_what_the_thief_had_done_before_is_taken_back_as_well(maria, thief, new_browser):
    evil = add_email(maria, "evil@example.com")
    confirm_email(peek(CONFIRM_EMAIL, link_of(OneTimeSecret.objects.get(address=evil))))
    new_browser().log_in()
    latest = OneTimeSecret.objects.filter(purpose=DISOWN_LOGIN.name).latest("created_at")

    disown_login(latest)

    assert [row.email for row in UserEmail.objects.all()] == [MARIA]


def test_the_thief_gets_no_link_by_an_address_that_he_has_added(maria, thief, new_browser):
    evil = add_email(maria, "evil@example.com")
    confirm_email(peek(CONFIRM_EMAIL, link_of(OneTimeSecret.objects.get(address=evil))))
    make_primary(UserEmail.objects.get(email="evil@example.com"))

    new_browser().log_in()

    [mail] = [mail for mail in mails_to("evil@example.com") if "new login" in mail.subject]
    with pytest.raises(LookupError):
        link_in(mail)
    assert url("forgot_password") in mail.body


def test_no_browser_is_known_any_more_afterwards(maria, client, thief):
    disown_login(OneTimeSecret.objects.get(purpose=DISOWN_LOGIN.name))
    maria.set_password(NEW_PASSWORD)
    maria.save()

    thief.log_in(password=NEW_PASSWORD)

    assert len(told()) == 2


def test_after_the_first_reset_that_browser_alone_is_known(maria, client, new_browser):
    client.log_in()
    other = new_browser().log_in()
    secret = issue(RESET_PASSWORD, address=maria.emails.get())
    page = client.get(url("reset_password", link_of(secret)), follow=True).request["PATH_INFO"]
    client.post(page, {"new_password": NEW_PASSWORD})

    client.log_in(password=NEW_PASSWORD)
    assert len(told()) == 1

    other.log_in(password=NEW_PASSWORD)
    assert len(told()) == 2


def test_a_browser_in_which_a_thief_may_have_reset_it_does_not_stay_known(maria, thief):
    evil = add_email(maria, "evil@example.com", confirmed=True)
    secret = issue(RESET_PASSWORD, address=evil)
    page = thief.get(url("reset_password", link_of(secret)), follow=True).request["PATH_INFO"]
    thief.post(page, {"new_password": NEW_PASSWORD})

    thief.log_in(password=NEW_PASSWORD)

    assert len(told()) == 2


def test_the_link_has_the_time_of_those_that_undo(maria, thief):
    secret = OneTimeSecret.objects.get(purpose=DISOWN_LOGIN.name)

    assert timedelta(days=6, hours=23) < secret.expires_at - timezone.now() <= timedelta(days=7)
    assert "7 days" in told()[0].body


def test_a_login_outside_of_the_account_pages_makes_the_browser_known(maria, client):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    data = {"username": "boss", "password": "correct horse battery staple"}
    for _ in range(2):
        client.post("/admin/login/", data)
        assert COOKIE in client.cookies
        assert client.session["_auth_user_id"] == str(boss.pk)
        age(timedelta(hours=1))
        del client.cookies["sessionid"]

    assert mails_to("boss@example.com") == []
    assert LoginSession.objects.live(boss).count() == 1
