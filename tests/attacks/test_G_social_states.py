"""G. Answers of a provider that come twice, too late, from elsewhere, or to somebody else."""

import pytest
from django.test import Client

from django_useraccounts.models import AccountEvent
from django_useraccounts.social import errors
from django_useraccounts.testing import log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.test_G_social import EVIL_TEXT, assert_refused, come_back, hannah, rows
from tests.social.visits import (
    HANNAH,
    ISSUER,
    OPTIONS,
    begin,
    has_providers,
    provider,
    url,
    user_of,
)

pytestmark = pytest.mark.django_db

__all__ = ["hannah", "has_providers", "provider"]  # fixtures


# States


def test_G2_an_answer_that_comes_twice_counts_once(client, provider, hannah):
    callback = provider.agree(begin(client))
    client.get(callback)
    calls = provider.calls["token"]
    client.logout()
    AccountEvent.objects.all().delete()

    response, before = come_back(client, callback)

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere)
    assert provider.calls["token"] == calls == 1


def test_G2_not_even_a_session_that_is_put_back_brings_a_state_back(client, provider):
    callback = provider.agree(begin(client))
    kept = dict(client.session.items())
    client.get(callback)
    client.logout()
    AccountEvent.objects.all().delete()
    session = client.session
    session.update(kept)
    session.save()

    response, before = come_back(client, callback)

    assert_refused(response, before, reason="replayed", error=errors.NotBegunHere)
    assert provider.calls["token"] == 1


@pytest.mark.parametrize("seconds", [601, 7200, -30])
def test_G2_an_answer_that_comes_too_late_lets_nobody_in(client, provider, seconds):
    callback = provider.agree(begin(client))
    session = client.session
    for attempt in session["useraccounts_social_attempts"].values():
        attempt["at"] -= seconds
    session.save()

    response, before = come_back(client, callback)

    assert_refused(response, before, reason="stale", error=errors.NotBegunHere)
    assert not provider.calls["token"]


@pytest.mark.asvs("10.1.2")
def test_G2_an_answer_to_another_browser_lets_nobody_in(client, provider):
    thief = Client()
    begin(client)

    response, before = come_back(client, provider.agree(begin(thief)))

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere)
    assert not provider.calls["token"]


def test_G2_a_browser_that_has_begun_nothing_is_let_in_by_nothing(client, provider):
    callback = provider.agree(begin(Client()))

    response, before = come_back(client, callback)

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere)


@pytest.mark.asvs("10.2.1")
@pytest.mark.parametrize("changed", [{"state": None}, {"state": ""}, {"state": "x" * 43}])
def test_G2_an_answer_needs_the_state_that_was_sent(client, provider, changed):
    response, before = come_back(client, provider.agree(begin(client)), **changed)

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere)
    assert not provider.calls["token"]


@pytest.mark.asvs("10.1.2")
def test_G4_a_code_that_was_stolen_is_of_no_use_in_another_browser(client, provider):
    stolen = provider.agree(begin(Client())).data["code"]

    response, before = come_back(client, provider.agree(begin(client)), code=stolen)

    assert_refused(response, before, reason="grant")


def test_G4_a_code_that_was_used_is_of_no_use(client, provider):
    used = provider.agree(begin(client))
    client.get(used)
    client.logout()
    AccountEvent.objects.all().delete()

    response, before = come_back(client, provider.agree(begin(client)), code=used.data["code"])

    assert_refused(response, before, reason="grant")


@pytest.mark.parametrize("code", [None, "", "ü", "a\nb", "x" * 17_000])
def test_G4_what_is_no_code_is_not_sent_on(client, provider, code):
    response, before = come_back(client, provider.agree(begin(client)), code=code)

    is_long = code is not None and len(code) > 8192
    error = errors.NotBegunHere if is_long else errors.BadAnswer
    assert_refused(response, before, reason="malformed" if is_long else "code", error=error)
    assert not provider.calls["token"]


@pytest.mark.parametrize("name", ["access_token", "id_token", "credential", "token"])
@pytest.mark.parametrize("page", ["social_login", "social_callback", "connect_account"])
def test_G15_a_token_of_another_app_is_taken_nowhere(client, provider, hannah, name, page):
    """No page takes a token from a browser: each comes from the provider, for a code."""
    token = "EAAB.of.another.app"
    if page == "social_login":
        response = client.post(url(page, "guild"), {name: token})
        assert token not in response["Location"]
    else:
        callback = provider.agree(begin(client))
        path = callback.path if page == "social_callback" else url(page)
        sent = {"state": callback.data["state"], name: token, "email": HANNAH["email"]}
        client.post(path, sent, follow=True)
        client.get(path, sent)

    assert user_of(client) == ""
    assert not provider.calls["userinfo"]
    assert not provider.calls["token"]


@pytest.mark.asvs("10.2.2")
@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}/", "", None])
def test_G3_the_answer_of_another_provider_is_sent_no_code(client, provider, issuer):
    response, before = come_back(client, provider.agree(begin(client)), iss=issuer)

    assert_refused(response, before, reason="issuer")
    assert not provider.calls["token"]


def test_G3_a_state_is_good_at_the_provider_alone_that_it_was_made_for(client, set_conf):
    evil = {**OPTIONS, "ISSUER": "https://id.evil.example", "DOMAINS": ()}
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS, "evil": evil}})
    with FakeProvider(issuer=ISSUER, person=HANNAH) as fake:
        callback = fake.agree(begin(client))
        callback.path = url("social_callback", "evil")

        response, before = come_back(client, callback)

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere, source="evil")
    assert not fake.calls["token"]


# Errors


def test_G24_an_error_that_nobody_has_asked_for_leaves_what_was_begun(client, provider, hannah):
    callback = provider.agree(begin(client))
    forged = {"error": "access_denied", "error_description": EVIL_TEXT}

    before = rows()
    response = client.get(callback.path, forged)
    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere)
    client.get(callback)

    assert user_of(client) == str(hannah.pk)


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize(
    "word, reason, error",
    [
        ("access_denied", "denied", errors.ConsentDenied),
        ("temporarily_unavailable", "provider", errors.ProviderUnreachable),
        (EVIL_TEXT, "error", errors.BadAnswer),
        ("", "error", errors.BadAnswer),
    ],
)
def test_G18_the_words_of_a_provider_are_shown_nowhere(
    client, provider, word, reason, error, caplog
):
    callback = provider.deny(begin(client), word, error_description=EVIL_TEXT, error_uri=EVIL_TEXT)

    response, before = come_back(client, callback)

    assert_refused(response, before, reason=reason, error=error)
    assert EVIL_TEXT not in caplog.text


def test_G18_an_error_beside_a_code_is_an_error(client, provider):
    response, before = come_back(client, provider.agree(begin(client)), error="access_denied")

    assert_refused(response, before, reason="denied", error=errors.ConsentDenied)
    assert not provider.calls["token"]


# Parameters


@pytest.mark.asvs("15.3.7")
@pytest.mark.parametrize("name", ["state", "code", "iss"])
def test_G_a_parameter_that_comes_twice_is_no_answer(client, provider, name):
    callback = provider.agree(begin(client))
    before = rows()

    response = client.get(f"{callback}&{name}={callback.data[name]}")

    assert_refused(response, before, reason="malformed", error=errors.NotBegunHere)


STRANGE = ["%00", "%ED%A0%80", "%FF", "a" * 9000, "%F0%9F%92%A9", "..%2F", "%0d%0aSet-Cookie:x=1"]


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("name", ["state", "code", "iss", "error", "user"])
def test_G_strange_letters_break_nothing(client, provider, name, text):
    callback = provider.agree(begin(client))
    others = {key: value for key, value in callback.data.items() if key != name}
    query = "&".join(f"{key}={value}" for key, value in others.items())

    response = client.get(f"{callback.path}?{name}={text}&{query}")

    assert response.status_code in ((302, 400) if name == "user" else (400,))


def test_G_who_is_logged_in_stays_so_whatever_comes(client, provider):
    eve = make_user("eve")
    log_in(client, eve)
    before, events = rows(), AccountEvent.objects.count()

    response = client.get(provider.agree(begin(Client())))

    assert_refused(response, before, reason="unbound", error=errors.NotBegunHere)
    assert AccountEvent.objects.count() == events + 1
    assert user_of(client) == str(eve.pk)
