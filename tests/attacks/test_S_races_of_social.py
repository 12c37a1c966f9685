"""S. Races about logins by a provider: come back, opened, connected and cut at the same moment."""

import re
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from django_useraccounts.administration.flows import switch_off as switch_account_off
from django_useraccounts.emails.flows import claim_to_hand_over, hand_over
from django_useraccounts.leaving.flows import close_account, erase_account
from django_useraccounts.models import AccountEvent, OneTimeSecret, UserEmail
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import CONFIRM_EMAIL, issue
from django_useraccounts.social.flows import connect, mail_connect_link
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import url
from tests.attacks.races import at_once
from tests.attacks.test_S_races import posting, repeatedly, surfers
from tests.social.visits import HANNAH, ISSUER, OPTIONS

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()
VICTIM = HANNAH["email"]


@pytest.fixture(autouse=True)
def provider(site_has):
    """The guild's provider, which answers all threads."""
    site_has()
    with FakeProvider(issuer=ISSUER, person=HANNAH) as fake:
        yield fake


@pytest.fixture
def site_has(set_conf):
    def change(**changed):
        set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}}, **changed)

    return change


def rounds():
    """Yield as ``repeatedly`` does, without what hangs on the rows that it deletes."""
    Connection.objects.all().delete()
    for number in repeatedly():
        yield number
        Connection.objects.all().delete()


def identity(subject=HANNAH["sub"]):
    return Identity("guild", ISSUER, subject, email=VICTIM, is_email_proved=True)


def leave(browser, provider, page="social_login", person=None):
    """Go to the provider and agree there; return where the browser comes back."""
    browser.get(url("register" if page == "social_login" else "profile"))
    begun = browser.post(url(page, "guild"), {})
    assert begun.status == 302, begun.text
    return str(provider.agree(begun.location, person))


def coming_back(browser, callback):
    return lambda: browser.get(callback)


def stranger(browser):
    browser.be(None)
    browser.get(url("register"))
    return browser


def user_behind(browser):
    """Return whose session it is, as the server sees it."""
    page = browser.get(url("profile"))
    return page.status == 200


def switch_off(user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    connection.close()


def statuses(answers):
    return sorted(answer.status for answer in answers)


def test_S_one_answer_that_comes_twice_at_once_logs_in_once(surfers, provider):
    (one,) = surfers(1)
    for _ in rounds():
        connect(make_user("hannah", VICTIM), identity())
        callback = leave(stranger(one), provider)
        calls = provider.calls["token"]

        answers = at_once(*[coming_back(one, callback)] * 3)

        assert statuses(answers) == [302, 400, 400]
        assert provider.calls["token"] == calls + 1
        assert AccountEvent.objects.filter(kind="logged_in").count() == 1


@pytest.mark.parametrize("username", ["off", "required"])
def test_S_one_person_who_comes_first_in_two_browsers_gets_one_account(
    surfers, provider, site_has, username
):
    site_has(USERNAME=username)
    one, two = surfers(2)
    for _ in rounds():
        callbacks = [leave(stranger(browser), provider) for browser in (one, two)]

        answers = at_once(*map(coming_back, (one, two), callbacks))
        if username == "required":
            for browser in (one, two):
                browser.get(url("complete_registration"))
            form = {"username": "hannah", "email": VICTIM}
            answers = at_once(
                *(posting(browser, url("complete_registration"), **form) for browser in (one, two))
            )

        assert all(answer.status < 500 for answer in answers)
        assert User.objects.count() == Connection.objects.count() == 1
        assert UserEmail.objects.confirmed().count() == 1


def test_S_a_registration_that_is_completed_twice_at_once_opens_one_account(surfers, provider):
    (one,) = surfers(1)
    for _ in rounds():
        one.get(leave(stranger(one), provider))
        one.get(url("complete_registration"))
        clicks = [one.click(), one.click()]
        data = {"username": "hannah", "email": VICTIM}

        answers = at_once(
            *[posting(click, url("complete_registration"), **data) for click in clicks]
        )

        assert {answer.status for answer in answers} <= {302, 403}
        assert User.objects.count() == Connection.objects.count() == 1
        # From the click that came with the session that the other's login has ended, Django takes
        # the cookie away: the browser that takes this answer is at the login page.
        assert any(map(user_behind, clicks))


def test_S13_a_first_login_beside_a_registration_of_the_same_address_makes_one_owner(
    surfers, provider, site_has
):
    site_has(USERNAME="off")
    one, two = surfers(2)
    for _ in rounds():
        callback = leave(stranger(one), provider)
        stranger(two)

        answers = at_once(
            coming_back(one, callback),
            posting(two, url("register"), email=VICTIM, password=PASSWORD),
        )

        assert statuses(answers) == [302, 302]
        owned = UserEmail.objects.confirmed().get()
        assert owned.email == VICTIM
        assert Connection.objects.get().user == owned.user
        assert user_behind(one)
        assert not user_behind(two)


def test_S13_a_first_login_beside_the_confirmation_of_a_claim_makes_one_owner(surfers, provider):
    one, two = surfers(2)
    for _ in rounds():
        register("mallory", email=VICTIM, password=PASSWORD)
        secret = OneTimeSecret.objects.get()
        callback = leave(stranger(one), provider)
        stranger(two)
        page = two.hold(secret)

        came, confirmed = at_once(coming_back(one, callback), posting(two, page, answer="confirm"))

        assert came.status == 302
        assert confirmed.status in (302, 410)
        owner = UserEmail.objects.confirmed().get().user
        if confirmed.status == 302:
            # She has to prove the account that the link has confirmed.
            assert came.location in (url("connect_account"), url("complete_registration"))
            assert owner.has_usable_password()
            assert not Connection.objects.exists()
        else:
            assert not owner.has_usable_password()
            assert Connection.objects.get().user == owner
        assert User.objects.count() == 1


def test_S_two_claims_are_not_handed_over_to_two(surfers, provider):
    one, two = surfers(2)
    for _ in rounds():
        register("mallory", email=VICTIM, password=PASSWORD)
        callbacks = [leave(stranger(browser), provider) for browser in (one, two)]

        answers = at_once(*map(coming_back, (one, two), callbacks))

        assert all(answer.status < 500 for answer in answers)
        assert User.objects.count() == Connection.objects.count() == 1
        assert AccountEvent.objects.filter(kind="handed_over").count() == 1
        assert not User.objects.get().has_usable_password()


@pytest.mark.parametrize("act", [close_account, switch_account_off, erase_account])
def test_S_an_account_that_goes_a_moment_before_it_is_handed_over_stays_gone(act):
    user = make_user("mallory", VICTIM, confirmed=False)
    claim = claim_to_hand_over(VICTIM)

    act(user)

    assert hand_over(claim) is None
    assert not UserEmail.objects.confirmed().exists()


def test_S13_a_thief_who_connects_while_his_account_is_handed_over_keeps_nothing(
    surfers, provider, site_has
):
    site_has(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    one, thief = surfers(2)
    for _ in rounds():
        register("mallory", email=VICTIM, password=PASSWORD)
        callback = leave(stranger(one), provider)
        thief.get(leave(stranger(thief), provider, person={"sub": "thief"}))
        shown = re.search(r'value="(\w{64})"', thief.get(url("connect_account")).text)[1]
        form = {"identity": shown, "identifier": "mallory", "password": PASSWORD}

        came, _connected = at_once(
            coming_back(one, callback), posting(thief, url("connect_account"), **form)
        )

        assert came.status == 302
        assert [row.subject for row in Connection.objects.all()] == [HANNAH["sub"]]
        assert user_behind(one)
        assert not user_behind(thief)


def test_G12_one_identity_that_two_accounts_connect_at_once_lets_into_one(surfers, provider):
    one, two = surfers(2)
    for _ in rounds():
        callbacks = []
        for browser, name in ((one, "ada"), (two, "eve")):
            browser.be(make_user(name))
            callbacks.append(leave(browser, provider, "connect_provider"))

        answers = at_once(*map(coming_back, (one, two), callbacks))

        assert statuses(answers) == [302, 409]
        assert Connection.objects.count() == 1
        assert AccountEvent.objects.filter(kind="provider_connected").count() == 1


@pytest.mark.parametrize("beside", ["another account", "its confirmation"])
def test_G12_an_identity_that_its_account_gives_up_goes_to_one(surfers, provider, beside):
    one, two = surfers(2)
    for _ in rounds():
        stub = make_user("stub", VICTIM, password=None, confirmed=False)
        connect(stub, identity())
        one.be(make_user("ada"))
        acts = [coming_back(one, leave(one, provider, "connect_provider"))]
        if beside == "another account":
            two.be(make_user("eve"))
            acts.append(coming_back(two, leave(two, provider, "connect_provider")))
        else:
            page = stranger(two).hold(issue(CONFIRM_EMAIL, address=stub.emails.get()))
            acts.append(posting(two, page, answer="confirm"))

        answers = at_once(*acts)

        assert {answer.status for answer in answers} <= {302, 409}
        owner = Connection.objects.get().user
        if beside == "another account":
            assert statuses(answers) == [302, 409]
            assert owner != stub
        else:
            assert answers[1].status == 302
            assert (owner == stub) == (answers[0].status == 409)
        given_up = AccountEvent.objects.filter(kind="provider_disconnected", user=stub)
        assert given_up.count() == int(owner != stub)


def test_S6_of_the_last_two_ways_in_one_stays(surfers, provider):
    one, two = surfers(2)
    for _ in rounds():
        hannah = make_user("hannah", VICTIM, password=None)
        mine = [connect(hannah, identity(subject)) for subject in ("a", "b")]
        for browser in (one, two):
            browser.be(hannah)
            browser.get(url("profile"))
        pages = [url("disconnect_provider", row.pk) for row in mine]
        for browser, page in zip((one, two), pages, strict=True):
            browser.get(page)

        answers = at_once(
            *(posting(browser, page) for browser, page in zip((one, two), pages, strict=True))
        )

        assert all(answer.status < 500 for answer in answers)
        assert Connection.objects.count() == 1
        assert AccountEvent.objects.filter(kind="provider_disconnected").count() == 1


def test_S6_what_is_cut_twice_at_once_is_cut_once(surfers, provider):
    (one,) = surfers(1)
    for _ in rounds():
        hannah = make_user("hannah", VICTIM)
        page = url("disconnect_provider", connect(hannah, identity()).pk)
        one.be(hannah)
        one.get(page)

        answers = at_once(posting(one, page), posting(one, page))

        assert all(answer.status in (302, 403) for answer in answers)
        assert not Connection.objects.exists()
        assert AccountEvent.objects.filter(kind="provider_disconnected").count() == 1


def test_S_a_link_that_is_opened_twice_at_once_connects_once(surfers, provider):
    one, two = surfers(2)
    for _ in rounds():
        make_user("hannah", VICTIM)
        mail_connect_link(identity())
        secret = OneTimeSecret.objects.get()
        stranger(one)
        stranger(two)

        answers = at_once(posting(one, one.hold(secret)), posting(two, two.hold(secret)))

        assert statuses(answers) == [302, 410]
        assert Connection.objects.count() == 1
        assert AccountEvent.objects.filter(kind="provider_connected").count() == 1


def test_S9_who_is_cut_off_while_coming_back_has_no_session_after_it(surfers, provider):
    owner, thief = surfers(2)
    for _ in rounds():
        hannah = make_user("hannah", VICTIM)
        page = url("disconnect_provider", connect(hannah, identity()).pk)
        owner.be(hannah)
        owner.get(page)
        callback = leave(stranger(thief), provider, person={**HANNAH, "email": ""})

        cut, _came = at_once(posting(owner, page), coming_back(thief, callback))

        assert cut.status == 302
        assert not Connection.objects.exists()
        assert not user_behind(thief)


def test_S9_who_is_switched_off_while_coming_back_has_no_session_after_it(surfers, provider):
    (one,) = surfers(1)
    for _ in rounds():
        hannah = make_user("hannah", VICTIM)
        connect(hannah, identity())
        callback = leave(stranger(one), provider)

        at_once(coming_back(one, callback), partial(switch_off, hannah))

        assert not user_behind(one)
