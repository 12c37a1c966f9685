"""G. Visitors who are made to begin, to come back, or to connect what is not theirs."""

import pytest
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail
from django_useraccounts.policy import Policy
from django_useraccounts.secrets import link_of
from django_useraccounts.social import errors
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import foreign_scripts
from tests.attacks.test_G_social import assert_refused, rows
from tests.attacks.test_L_next import EVIL_URLS
from tests.social.presets import APPLE_PEM
from tests.social.visits import (
    HANNAH,
    ISSUER,
    OPTIONS,
    arrive,
    begin,
    has_providers,
    path_of,
    provider,
    url,
    user_of,
)

pytestmark = pytest.mark.django_db

__all__ = ["has_providers", "provider"]  # fixtures

User = get_user_model()
APPLE = {"CLIENT_ID": "the-site", "TEAM_ID": "T", "KEY_ID": "K", "PRIVATE_KEY": APPLE_PEM}


class MayNotLogIn(Policy):
    def may_log_in(self, user, *, request):
        return False


def identity(subject="hannah-1", **said):
    return Identity("guild", ISSUER, subject, **{"email": HANNAH["email"], **said})


def log_in_by_form(client, name):
    client.post(url("login"), {"identifier": name, "password": PASSWORD})
    assert user_of(client)


def shown_identity(client):
    return client.get(url("connect_account")).context["form"]["identity"].value()


def connect_link(client, provider, person=None):
    """Come back, have a link mailed, and open it; return the path of its page."""
    arrive(client, provider, person)
    client.post(url("mail_connect_link"))
    return opened(client)


def opened(client):
    link = link_of(OneTimeSecret.objects.filter(purpose="connect_by_link").latest("created_at"))
    return path_of(client.get(url("connect_by_link", str(link))))


# How it begins


def test_G_a_look_at_the_pages_changes_nothing(client, provider):
    make_user("hannah", HANNAH["email"])
    before = rows()

    for method in (client.get, client.head, client.options):
        assert method(url("social_login", "guild")).status_code == 200

    assert "useraccounts_social_attempts" not in client.session
    assert rows() == before
    assert not provider.calls


@pytest.mark.asvs("7.6.2")
@pytest.mark.parametrize("page", ["social_login", "connect_provider"])
def test_G_another_site_begins_no_login(page, has_providers):
    browser = Client(enforce_csrf_checks=True)
    log_in(browser, make_user("hannah"))

    response = browser.post(url(page, "guild"))

    assert response.status_code == 403
    assert "useraccounts_social_attempts" not in browser.session


@pytest.mark.parametrize("page", ["complete_registration", "connect_account", "mail_connect_link"])
def test_G_another_site_ends_no_login(page, provider):
    make_user("hannah", HANNAH["email"])
    browser = Client(enforce_csrf_checks=True)
    token = browser.get(url("social_login", "guild")).context["csrf_token"]
    sent = browser.post(url("social_login", "guild"), {"csrfmiddlewaretoken": str(token)})
    browser.get(provider.agree(sent["Location"]))
    before = rows()

    response = browser.post(url(page), {"username": "eve", "email": HANNAH["email"]})

    assert response.status_code == 403
    assert rows() == before


@pytest.mark.parametrize("page", ["social_login", "social_callback"])
@pytest.mark.parametrize("name", ["nobody", "Guild", "google", "guild-"])
def test_G_a_provider_that_the_site_does_not_have_has_no_page(client, has_providers, page, name):
    for method in (client.get, client.post, client.head):
        assert method(url(page, name)).status_code == 404

    assert not AccountEvent.objects.exists()


def test_G_too_many_beginnings_are_told_to_wait(client, provider, set_conf):
    social = site.USERACCOUNTS["SOCIAL"]
    set_conf(SOCIAL=social, LIMITS={"social": {"client": "2/5m"}})
    begin(client)
    begin(client)

    response = client.post(url("social_login", "guild"))

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert len(client.session["useraccounts_social_attempts"]) == 2


def test_G_a_session_keeps_a_handful_of_beginnings(client, provider):
    for _ in range(8):
        begin(client)

    assert len(client.session["useraccounts_social_attempts"]) == 5


def test_G_a_flood_of_refusals_is_noted_so_often_and_no_more(client, provider, set_conf):
    social = site.USERACCOUNTS["SOCIAL"]
    set_conf(SOCIAL=social, LIMITS={"social_refused": {"client": "3/5m"}})

    answers = [client.get(url("social_callback", "guild"), {"state": str(n)}) for n in range(9)]

    assert {answer.status_code for answer in answers} == {400}
    assert AccountEvent.objects.filter(kind="social_login_refused").count() == 3


@pytest.mark.parametrize("next_url", EVIL_URLS)
def test_G_the_way_leads_nowhere_else(client, provider, next_url):
    connect(make_user("hannah", HANNAH["email"]), identity())
    before = client.post(url("social_login", "guild"), {"next": next_url})

    response = client.get(f"{provider.agree(before['Location'])}&next={ISSUER}")

    assert response["Location"] == site.LOGIN_REDIRECT_URL


# How it comes back


def test_G_a_look_ahead_of_the_browser_uses_nothing_up(client, provider):
    hannah = make_user("hannah", HANNAH["email"])
    connect(hannah, identity())
    callback = provider.agree(begin(client))
    before = rows()

    response = client.head(callback)

    assert response.status_code == 405
    assert rows() == before
    assert not provider.calls["token"]
    client.get(callback)
    assert user_of(client) == str(hannah.pk)


def test_G_an_answer_by_a_form_is_for_those_who_send_forms(client, provider):
    callback = provider.agree(begin(client))
    before = rows()

    response = client.post(callback.path, callback.data)

    assert response.status_code == 405
    assert response["Allow"] == "GET"
    assert rows() == before
    assert not provider.calls["token"]


@pytest.fixture
def apple(set_conf):
    set_conf(SOCIAL={"PROVIDERS": {"apple": APPLE}})
    issuer = "https://appleid.apple.com"
    person = {**HANNAH, "email": "hannah@icloud.com"}
    metadata = {"authorization_response_iss_parameter_supported": False}
    with FakeProvider(
        issuer=issuer, person=person, client_secret=None, metadata=metadata
    ) as provider:
        yield provider


def test_G_an_answer_by_a_form_comes_without_a_session_and_goes_on_with_it(apple):
    browser, without = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    token = browser.get(url("social_login", "apple")).context["csrf_token"]
    begun = browser.post(url("social_login", "apple"), {"csrfmiddlewaretoken": str(token)})
    callback = apple.agree(begun["Location"])

    posted = without.post(callback.path, {**callback.data, "evil": "x", "next": "//evil.com"})

    assert posted.status_code == 303
    assert path_of(posted) == callback.path
    assert "evil" not in posted["Location"]
    assert not without.cookies
    assert "no-store" in posted["Cache-Control"]
    assert posted["Referrer-Policy"] == "same-origin"
    back = browser.get(posted["Location"])
    assert path_of(back) == url("complete_registration")


def test_G_a_form_of_another_site_lets_nobody_in(client, apple):
    callback = apple.agree(begin_apple(Client()))
    before = rows()

    response = client.post(callback.path, callback.data, follow=True)

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere, source="apple")


def begin_apple(browser):
    return str(browser.post(url("social_login", "apple"))["Location"])


def test_G_a_form_that_is_huge_breaks_nothing(client, apple):
    data = dict.fromkeys(("state", "code", "user"), "x" * 20_000)

    response = client.post(url("social_callback", "apple"), data)

    assert response.status_code in (303, 400)


# Who waits


def test_G13_an_identity_waits_for_one_account_and_then_no_more(client, provider):
    make_user("hannah", HANNAH["email"])
    arrive(client, provider)
    form = {"identity": shown_identity(client), "identifier": "hannah", "password": PASSWORD}
    client.post(url("connect_account"), form)
    before = rows()

    response = client.post(url("connect_account"), form)

    assert response.status_code == 302
    assert rows() == before


def test_G13_an_identity_does_not_outwait_a_logout(client, provider):
    eve = make_user("eve")
    log_in_by_form(client, "eve")
    session = client.session
    session["useraccounts_social_arrival"] = {"identity": identity().as_kept(), "next_url": ""}
    session.save()

    client.post(url("logout"))

    assert "useraccounts_social_arrival" not in client.session
    assert not eve.social_connections.exists()


def test_G13_an_identity_does_not_come_along_to_the_next_user(client, provider):
    make_user("eve")
    arrive(client, provider)
    log_in_by_form(client, "eve")
    make_user("hannah", HANNAH["email"])

    log_in(client, User.objects.get(username="hannah"))

    assert path_of(client.get(url("connect_account"))) != url("connect_account")
    assert "useraccounts_social_arrival" not in client.session


def test_G13_an_identity_that_waits_too_long_is_forgotten(client, provider):
    make_user("hannah", HANNAH["email"])
    arrive(client, provider)
    shown = shown_identity(client)
    session = client.session
    session["useraccounts_social_arrival"]["at"] -= 1801
    session.save()

    for page in ("connect_account", "complete_registration", "mail_connect_link"):
        assert path_of(client.get(url(page))) == url("login")
    client.post(
        url("connect_account"), {"identity": shown, "identifier": "hannah", "password": PASSWORD}
    )

    assert not Connection.objects.exists()


def test_G13_a_waiting_identity_of_another_shape_is_none(client, provider):
    arrive(client, provider)
    session = client.session
    session["useraccounts_social_arrival"]["identity"]["of_another_release"] = "x"
    session.save()

    response = client.get(url("complete_registration"))

    assert path_of(response) == url("login")


def test_G12_what_lets_somebody_else_in_by_now_is_not_connected(client, provider):
    make_user("hannah", HANNAH["email"])
    eve = make_user("eve")
    arrive(client, provider)
    shown = shown_identity(client)
    connect(eve, identity())

    response = client.post(
        url("connect_account"), {"identity": shown, "identifier": "hannah", "password": PASSWORD}
    )

    assert response.status_code == 409
    assert Connection.objects.get().user == eve
    assert user_of(client) == ""


def test_G_guessing_a_password_there_is_counted_as_at_the_login(client, provider, set_conf):
    social = {"PROVIDERS": {"guild": OPTIONS}}
    set_conf(SOCIAL=social, LIMITS={"login": {"identifier": "2/5m"}})
    make_user("hannah", HANNAH["email"])
    client.post(url("login"), {"identifier": "hannah", "password": "wrong"})
    arrive(client, provider)
    form = {"identity": shown_identity(client), "identifier": "hannah"}
    client.post(url("connect_account"), {**form, "password": "wrong"})

    response = client.post(url("connect_account"), {**form, "password": PASSWORD})

    assert response.status_code == 429
    assert user_of(client) == ""
    assert not Connection.objects.exists()


# The mailed link


def test_G13_the_link_is_used_once(client, provider):
    make_user("hannah", HANNAH["email"])
    page = connect_link(client, provider)
    client.post(page)
    Connection.objects.all().delete()

    assert client.post(page).status_code == 410
    assert not Connection.objects.exists()


def test_G13_the_link_ends(client, provider):
    make_user("hannah", HANNAH["email"])
    page = connect_link(client, provider)
    OneTimeSecret.objects.update(expires_at=timezone.now())

    # Its end is signed, too: what was moved opens nothing.
    assert client.post(page).status_code in (404, 410)
    assert not Connection.objects.exists()


def test_G13_a_new_password_ends_the_link(client, provider):
    hannah = make_user("hannah", HANNAH["email"])
    page = connect_link(client, provider)
    User.objects.filter(pk=hannah.pk).update(session_epoch=hannah.session_epoch + 1)

    assert client.post(page).status_code == 410
    assert not Connection.objects.exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"erase_at": timezone.now()}])
def test_G13_the_link_opens_no_account_that_is_shut(client, provider, change):
    hannah = make_user("hannah", HANNAH["email"])
    page = connect_link(client, provider)
    User.objects.filter(pk=hannah.pk).update(**change)

    assert client.post(page).status_code == 410
    assert not Connection.objects.exists()
    assert user_of(client) == ""


def test_G13_who_is_logged_in_as_somebody_else_stays_that(client, provider):
    hannah, eve = make_user("hannah", HANNAH["email"]), make_user("eve")
    connect_link(Client(), provider)
    log_in(client, eve)

    client.post(opened(client))

    assert Connection.objects.get().user == hannah
    assert user_of(client) == str(eve.pk)


def test_G13_the_link_connects_nothing_that_lets_somebody_else_in(client, provider):
    make_user("hannah", HANNAH["email"])
    eve = make_user("eve")
    page = connect_link(client, provider)
    connect(eve, identity())

    response = client.post(page)

    assert response.status_code == 409
    assert Connection.objects.get().user == eve
    assert user_of(client) == ""
    assert not OneTimeSecret.objects.filter(redeemed_at__isnull=False).exists()


def test_G13_the_link_is_bound_to_what_was_asked_for(client, provider):
    make_user("hannah", HANNAH["email"])
    page = connect_link(client, provider)
    secret = OneTimeSecret.objects.get(purpose="connect_by_link")
    secret.pending = secret.pending.replace("hannah-1", "eve-1")
    secret.save()

    assert client.post(page).status_code in (404, 410)
    assert not Connection.objects.exists()


# Ways in


@pytest.mark.asvs("8.2.2")
def test_G14_the_connection_of_another_is_not_mine_to_cut(client, has_providers):
    connection = connect(make_user("hannah"), identity())
    make_user("eve")
    log_in_by_form(client, "eve")

    theirs = client.post(url("disconnect_provider", connection.pk))
    nobodys = client.post(url("disconnect_provider", connection.pk + 1000))

    assert theirs.status_code == nobodys.status_code
    assert theirs["Location"] == nobodys["Location"]
    assert Connection.objects.get() == connection


def test_G14_a_provider_that_the_site_gave_up_is_no_way_in(client, provider, set_conf):
    hannah = make_user("hannah", HANNAH["email"], password=None)
    mine = connect(hannah, identity())
    connect(hannah, Identity("gone", "https://gone.example", "h", email=HANNAH["email"]))
    arrive(client, provider)

    response = client.post(url("disconnect_provider", mine.pk))

    assert str(errors.LastWayIn.sentence) in response.content.decode()
    assert hannah.social_connections.count() == 2


def test_G14_a_password_without_a_name_to_give_with_it_is_no_way_in(client, provider, set_conf):
    social = {"PROVIDERS": {"guild": OPTIONS}}
    set_conf(SOCIAL=social, CONFIRM_EMAIL_BEFORE_LOGIN=False, USERNAME="off")
    hannah = make_user(None, HANNAH["email"], confirmed=False)
    mine = connect(hannah, identity())
    arrive(client, provider)

    client.post(url("disconnect_provider", mine.pk))

    assert hannah.social_connections.exists()


# Accounts that are shut


@pytest.mark.parametrize("is_connected", [True, False])
def test_C8_an_account_that_is_switched_off_stays_shut(client, provider, is_connected, set_conf):
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}, "CONNECT_BY_EMAIL": True})
    hannah = make_user("hannah", HANNAH["email"], is_active=False)
    if is_connected:
        connect(hannah, identity())
    before, callback = rows(), provider.agree(begin(client))

    response = client.get(callback)

    assert_refused(response, before, reason="switched_off", error=errors.AccountSwitchedOff)


@pytest.mark.parametrize("is_connected", [True, False])
def test_G_whom_policy_refuses_stays_out(client, provider, is_connected, set_conf):
    policy = f"{__name__}.MayNotLogIn"
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}, "CONNECT_BY_EMAIL": True}, POLICY=policy)
    hannah = make_user("hannah", HANNAH["email"])
    if is_connected:
        connect(hannah, identity())
    before, callback = rows(), provider.agree(begin(client))

    response = client.get(callback)

    assert_refused(response, before, reason="switched_off", error=errors.AccountSwitchedOff)


def test_G_an_account_that_is_gone_is_nobodys(client, provider):
    hannah = make_user("hannah", HANNAH["email"])
    connect(hannah, identity())
    User.objects.filter(pk=hannah.pk).update(erase_at=timezone.now())

    response = arrive(client, provider)

    assert path_of(response) == url("complete_registration")
    assert user_of(client) == ""


def test_G_terms_that_have_changed_are_asked_for(client, provider, set_conf):
    connect(make_user("hannah", HANNAH["email"]), identity())
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}}, TERMS_VERSION="2026-05-01")

    arrive(client, provider)

    assert path_of(client.get(url("change_username"))) == url("accept_terms")


# What is told to whom


@pytest.mark.asvs("10.1.1")
def test_G_the_session_keeps_nothing_of_a_provider_after_a_logout(client, provider):
    connect(make_user("hannah", HANNAH["email"]), identity())
    arrive(client, provider)

    client.post(url("logout"))

    assert not client.session.keys()


def test_G_no_address_of_a_stranger_gets_into_events_or_logs(client, provider, caplog):
    callback = provider.agree(begin(client), {**HANNAH, "sub": ""})
    client.get(callback)
    arrive(client, provider)
    client.get(url("complete_registration"))

    events = str(list(AccountEvent.objects.values()))
    assert "hannah" not in events
    assert "hannah" not in caplog.text
    assert not OutgoingMail.objects.exists()


def test_V_no_page_of_a_login_by_a_provider_is_kept_framed_or_told_by_a_referer(client, provider):
    hannah = make_user("hannah", HANNAH["email"])
    mine = connect(hannah, identity("another"))
    pages = [client.get(url("social_login", "guild")), client.post(url("social_login", "guild"))]
    pages += [client.get(url("social_callback", "guild")), arrive(client, provider)]
    pages += [client.get(url(name)) for name in ("connect_account", "mail_connect_link")]
    pages += [client.get(url("complete_registration")), client.post(url("mail_connect_link"))]
    pages += [client.get(opened(client))]
    log_in_by_form(client, "hannah")
    pages += [client.get(url("connections")), client.get(url("connect_provider", "guild"))]
    pages += [client.get(url("disconnect_provider", mine.pk))]

    for page in pages:
        assert "no-store" in page["Cache-Control"], page.request["PATH_INFO"]
        assert page["Referrer-Policy"] == "same-origin"
        assert page["X-Frame-Options"] == "DENY"
        text = page.content.decode()
        assert not foreign_scripts(text)
        assert ISSUER not in text
