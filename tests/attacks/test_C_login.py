"""C. Login and logout: who gets in, with what, and what is left afterwards."""

import re
from base64 import b64encode

import pytest
from django.contrib.auth import authenticate, get_user_model, login
from django.contrib.sessions.models import Session
from django.test import Client

from django_useraccounts.leaving.flows import close_account
from django_useraccounts.models import AccountEvent, UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, issue, link_of
from django_useraccounts.testing import make_user
from tests.attacks.broken import CountingHasher
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    last_mail,
    url,
)
from tests.attacks.channels import ENTERING

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def victoria(db):
    return make_user("victoria", VICTIM)


@pytest.mark.parametrize("claims", [0, 1, 3])
def test_C2_one_hash_however_many_rows_an_address_has(browser, settings, claims):
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.CountingHasher"]
    for number in range(claims):
        user = make_user(f"user{number}", f"user{number}@example.net")
        UserEmail.objects.add_claim(user, VICTIM)
    CountingHasher.work.clear()

    browser.log_in(VICTIM, EVIL)

    assert len(CountingHasher.work) == 1


@pytest.mark.asvs("7.2.2")
def test_C4_a_planted_session_is_worth_nothing_after_the_login(browser, new_browser, victoria):
    browser.get(url("login"))
    session = browser.session
    session["cart"] = ["brush"]
    session.save()
    planted = session.session_key
    browser.cookies["sessionid"] = planted

    browser.log_in("victoria")

    assert browser.user_id == str(victoria.pk)
    assert browser.session.session_key != planted
    thief = new_browser()
    thief.cookies["sessionid"] = planted
    assert thief.user_id is None
    assert not Session.objects.filter(session_key=planted).exists()


def test_C4_nothing_of_another_users_session_goes_over(browser, victoria):
    # The page refuses a second login, so the flow is asked: as another page of a project would.
    make_user("other")
    browser.log_in("other")
    session = browser.session
    session["secret of other"] = "x"
    session.save()

    request = browser.get(url("profile")).wsgi_request
    user = authenticate(request, username="victoria", password=PASSWORD)
    login(request, user)

    assert "secret of other" not in request.session


def test_C4_the_csrf_token_is_renewed_by_a_login(browser, victoria):
    browser.get(url("login"))
    before = browser.cookies["csrftoken"].value

    browser.log_in("victoria")

    assert browser.cookies["csrftoken"].value != before


@pytest.mark.parametrize("name", ["login", "register", "forgot_password", "resend_confirmation"])
@pytest.mark.parametrize("csrf_middleware", [True, False])
def test_C5_a_form_of_another_site_does_nothing(settings, victoria, name, csrf_middleware):
    if not csrf_middleware:
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "Csrf" not in path]
    client = Client(enforce_csrf_checks=True)
    fields = {"identifier": "victoria", "password": PASSWORD, "username": "x", "email": VICTIM}

    response = client.post(url(name), fields, headers={"origin": "https://evil.example"})

    assert response.status_code == 403
    assert not Session.objects.exists()
    assert User.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_C6_a_picture_cannot_log_anybody_out(browser, victoria, method):
    browser.log_in("victoria")

    getattr(browser, method)(url("logout"))

    assert browser.user_id == str(victoria.pk)


def test_C6_a_form_of_another_site_cannot_log_anybody_out(victoria):
    client = Client(enforce_csrf_checks=True)
    client.force_login(victoria)

    assert client.post(url("logout")).status_code == 403
    assert client.get(url("profile")).status_code == 200


@pytest.mark.asvs("7.4.1")
def test_C7_logout_leaves_nothing_of_the_session(browser, victoria):
    browser.log_in("victoria", remember="on")
    session = browser.session
    session["half a login"] = "pending"
    session.save()
    key = session.session_key

    browser.post(url("logout"))

    assert not Session.objects.filter(session_key=key).exists()
    assert "half a login" not in browser.session
    assert "useraccounts_proved_at" not in browser.session
    assert browser.user_id is None


def test_C7_logging_out_twice_or_as_nobody_is_harmless(browser, victoria):
    assert browser.post(url("logout")).status_code == 302
    browser.log_in("victoria")
    browser.post(url("logout"))
    assert browser.post(url("logout")).status_code == 302

    assert AccountEvent.objects.filter(kind="logged_out").count() == 1


@pytest.mark.asvs("6.3.4")
def test_C8_a_user_who_was_switched_off_gets_in_by_no_path(browser, new_browser):
    # Links are issued while the account is on.
    user = make_user("victoria", VICTIM)
    browser.forgot()
    reset = last_mail()
    claim = UserEmail.objects.add_claim(user, "second@example.com")
    confirm = url("confirm_email", str(link_of(issue(CONFIRM_EMAIL, address=claim))))
    logged_in = new_browser()
    logged_in.log_in("victoria")
    User.objects.update(is_active=False)

    browser.get(url("mail_sent"))  # shows, and so empties, what the pages had to say
    wrong = browser.log_in("victoria", EVIL).content
    right = browser.log_in("victoria", PASSWORD).content
    by_email = browser.log_in(VICTIM, PASSWORD)

    assert b"do not match" in right
    assert b"do not match" in by_email.content
    assert len(wrong) == len(right)
    assert logged_in.user_id is None
    assert browser.reset(reset).status_code == 410
    assert browser.confirm(confirm).status_code == 410
    browser.forgot()
    assert last_mail().subject.startswith("No account")
    assert browser.user_id is None
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.asvs("6.3.4")
def test_C8_the_administration_says_of_who_is_switched_off_what_it_says_of_nobody(new_browser):
    make_user("victoria", VICTIM, is_staff=True, is_active=False)

    answers = []
    for name, password in [("victoria", PASSWORD), (VICTIM, PASSWORD), ("nobody", EVIL)]:
        browser = new_browser()
        answer = browser.post("/admin/login/", {"username": name, "password": password})
        shown = re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", answer.content.decode())
        answers.append((answer.status_code, shown.replace(f'"{name}"', '""')))
        assert browser.user_id is None

    assert answers[0] == answers[1] == answers[2]


@pytest.mark.urls("tests.attacks.urls")
@pytest.mark.parametrize("enter", ENTERING, ids=lambda enter: enter.__name__)
def test_C8_the_right_password_of_who_is_switched_off_lets_in_nowhere(new_browser, enter):
    make_user("victoria", VICTIM, is_staff=True)
    assert enter(new_browser(), "victoria", PASSWORD)
    User.objects.update(is_active=False)

    for name in ("victoria", VICTIM):
        assert not enter(new_browser(), name, PASSWORD)


@pytest.mark.urls("tests.attacks.urls")
def test_C8_a_program_is_told_of_who_is_switched_off_what_it_is_told_of_nobody(browser):
    make_user("victoria", VICTIM, is_active=False)

    answers = []
    for name, password in [("victoria", PASSWORD), ("victoria", EVIL), ("nobody", EVIL)]:
        given = b64encode(f"{name}:{password}".encode()).decode()
        answer = browser.get("/basic/", headers={"authorization": f"Basic {given}"})
        answers.append((answer.status_code, answer.headers.items(), answer.content))

    assert answers[0][0] == 401
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.asvs("7.4.2")
def test_C8_switched_off_between_the_password_and_the_next_request(browser, victoria):
    browser.log_in("victoria", remember="on")
    User.objects.update(is_active=False)

    assert browser.user_id is None
    assert browser.change_password().status_code == 302
    victoria.refresh_from_db()
    assert victoria.check_password(PASSWORD)
    # And the session is not revived with the account unless its owner knows that.
    assert b"Log in" in browser.get(url("login")).content


# C9: a backend of the project refuses, before ours is asked


def by_name(browser):
    browser.log_in("victoria")


def by_address(browser):
    browser.log_in(VICTIM)


def in_administration(browser):
    User.objects.update(is_staff=True)
    browser.post("/admin/login/", {"username": "victoria", "password": PASSWORD})


def opening_a_closed_account(browser):
    close_account(User.objects.get())
    browser.log_in("victoria")


def registering_once_more(browser):
    # Where people have no addresses, the name with its password is the same person.
    browser.post(url("register"), {"username": "victoria", "password": PASSWORD})


def by_code(browser):
    assert authenticate(None, username="victoria", password=PASSWORD) is None


@pytest.mark.parametrize(
    "way",
    [
        by_name,
        by_address,
        in_administration,
        opening_a_closed_account,
        registering_once_more,
        by_code,
    ],
    ids=lambda way: way.__name__,
)
def test_C9_whom_another_backend_refuses_no_page_lets_in(
    browser, victoria, settings, set_conf, way
):
    ours = settings.AUTHENTICATION_BACKENDS
    if way is registering_once_more:
        set_conf(EMAIL="off")
    settings.AUTHENTICATION_BACKENDS = ["tests.attacks.broken.RefusingBackend", *ours]

    way(browser)

    assert "_auth_user_id" not in browser.session
    assert not AccountEvent.objects.filter(kind="logged_in").exists()
    # The same steps let in where nobody refuses.
    settings.AUTHENTICATION_BACKENDS = ours
    if way is not by_code:
        way(browser)
        assert "_auth_user_id" in browser.session


def test_C9_whom_the_chain_has_let_in_is_asked_for_the_password_alone(browser, victoria, settings):
    """
    Whose session began before a backend refused him is asked for the password, and for no login.

    That page and the form to change the password let nobody in: they ask who sits at a browser
    that is let in already, and ending its session is the business of whoever refuses.
    """
    browser.log_in("victoria")
    ours = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = ["tests.attacks.broken.RefusingBackend", *ours]

    browser.post(url("confirm_identity"), {"old_password": PASSWORD})
    browser.change_password()
    browser.post(url("logout"))

    kinds = {"identity_confirmed", "password_changed"}
    assert AccountEvent.objects.filter(kind__in=kinds).count() == 2
    browser.log_in("victoria", NEW_PASSWORD)
    assert browser.user_id is None


@pytest.mark.parametrize("identifier", ["second@example.com", "SECOND@example.com"])
def test_C10_an_address_that_is_not_proved_logs_nobody_in(browser, victoria, identifier):
    UserEmail.objects.add_claim(victoria, "second@example.com")

    response = browser.log_in(identifier)

    assert response.status_code == 200
    assert b"do not match" in response.content
    assert browser.user_id is None


def test_C10_somebody_elses_claim_of_my_address_does_not_log_me_in_elsewhere(browser, victoria):
    mallory = make_user("mallory", "m@example.net", EVIL)
    UserEmail.objects.add_claim(mallory, VICTIM)

    browser.log_in(VICTIM, EVIL)
    assert browser.user_id is None
    browser.log_in(VICTIM, PASSWORD)
    assert browser.user_id == str(victoria.pk)


def test_C10_a_copy_in_user_email_without_a_proved_row_logs_nobody_in(browser):
    user = make_user("mallory", confirmed=False)
    User.objects.filter(pk=user.pk).update(email=VICTIM)

    browser.log_in(VICTIM)
    assert browser.user_id is None
    browser.forgot()
    assert last_mail().subject.startswith("No account")


@pytest.mark.asvs("3.3.2", "3.3.4")
def test_C13_the_session_cookie_is_out_of_reach_of_scripts_and_secure_where_set(
    browser, settings, victoria
):
    settings.SESSION_COOKIE_SECURE = True

    cookie = browser.log_in("victoria", remember="on").cookies["sessionid"]

    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == settings.SESSION_COOKIE_AGE


def test_C13_without_remember_the_cookie_ends_with_the_browser(browser, victoria):
    cookie = browser.log_in("victoria").cookies["sessionid"]

    assert cookie["max-age"] == ""
    assert cookie["expires"] == ""


@pytest.mark.asvs("7.2.2", "7.2.3")
def test_C13_every_login_has_a_session_whose_key_nobody_guesses(new_browser, victoria):
    keys = set()
    for _ in range(5):
        browser = new_browser()
        browser.log_in("victoria")
        keys.add(browser.cookies["sessionid"].value)

    # 32 of 36 signs, each drawn by itself: 165 bits.
    assert len(keys) == 5
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)


@pytest.mark.asvs("7.2.1", "7.4.1")
def test_C13_a_stolen_cookie_dies_with_the_password_and_with_the_logout(
    browser, new_browser, victoria
):
    browser.log_in("victoria", remember="on")
    thief = new_browser()
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert thief.user_id

    browser.change_password()
    assert browser.user_id
    assert thief.user_id is None

    stolen = browser.cookies["sessionid"].value
    thief.cookies["sessionid"] = stolen
    assert thief.user_id
    browser.post(url("logout"))
    thief.cookies["sessionid"] = stolen
    assert thief.user_id is None


# Seams


def test_a_second_login_in_another_tab_does_not_switch_the_user(browser, victoria):
    make_user("other")
    browser.log_in("victoria")

    response = browser.log_in("other")

    assert response.status_code == 302
    assert browser.user_id == str(victoria.pk)


def test_a_hash_that_is_renewed_when_the_password_is_given_again_ends_no_session(
    browser, settings, victoria
):
    browser.log_in("victoria")
    # The site makes its hasher stronger while people are logged in.
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.StrongerHasher"]

    response = browser.post(url("confirm_identity"), {"old_password": PASSWORD})

    assert response.status_code == 302
    assert browser.user_id == str(victoria.pk)


@pytest.mark.asvs("11.2.2")
def test_a_hash_that_is_renewed_by_a_login_logs_in(browser, settings, victoria):
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.StrongerHasher"]

    browser.log_in("victoria")

    assert browser.user_id == str(victoria.pk)


@pytest.mark.asvs("2.3.1")
def test_the_right_password_of_an_unconfirmed_user_opens_nothing(browser):
    make_user("mallory", VICTIM, EVIL, confirmed=False)

    response = browser.log_in("mallory", EVIL)

    assert response.url.startswith(url("resend_confirmation"))
    assert browser.user_id is None
    assert "_auth_user_id" not in browser.session


def test_a_username_that_looks_like_an_address_is_nobodys_address(browser, victoria):
    # Code may make such a user; the form and the flow refuse it.
    trickster = User.objects.create_user("trick", "t@example.net", EVIL)
    User.objects.filter(pk=trickster.pk).update(username=VICTIM, username_key=VICTIM)

    browser.log_in(VICTIM, EVIL)

    assert browser.user_id is None


@pytest.mark.parametrize(
    "identifier",
    ["victoria\x00", "\x00", "victim@example.com\x00", "\ud800", "a" * 10_000, "@", "a@", "@b", ""],
)
@pytest.mark.parametrize("password", [PASSWORD, "\x00", "\ud800", "x" * 1_000_000])
def test_what_nobody_types_is_refused_by_the_backend_itself(victoria, identifier, password):
    assert authenticate(None, username=identifier, password=password) is None


def test_the_identity_of_one_is_not_confirmed_by_the_password_of_another(browser, victoria):
    make_user("other", password=NEW_PASSWORD)
    browser.log_in("victoria")

    response = browser.post(url("confirm_identity"), {"old_password": NEW_PASSWORD})

    assert b"not your current password" in response.content


@pytest.mark.asvs("7.2.4")
@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file"])
def test_a_session_goes_on_under_a_new_key_when_the_password_is_given_again(
    browser, new_browser, settings, tmp_path, victoria, engine
):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = tmp_path
    browser.log_in("victoria", remember="on")
    session = browser.session
    session["cart"] = ["brush"]
    session.save()
    thief, stolen = new_browser(), browser.cookies["sessionid"].value
    thief.cookies["sessionid"] = stolen
    assert thief.user_id

    cookie = browser.post(url("confirm_identity"), {"old_password": PASSWORD}).cookies["sessionid"]

    assert cookie.value != stolen
    assert cookie["max-age"] == settings.SESSION_COOKIE_AGE
    assert thief.user_id is None
    assert browser.user_id == str(victoria.pk)
    assert browser.session["cart"] == ["brush"]


def test_a_session_keeps_its_key_when_a_wrong_password_is_given(browser, victoria):
    browser.log_in("victoria")
    key = browser.cookies["sessionid"].value

    browser.post(url("confirm_identity"), {"old_password": NEW_PASSWORD})

    assert browser.cookies["sessionid"].value == key
    assert browser.user_id == str(victoria.pk)


def test_a_session_of_somebody_who_was_deleted_is_nobodys(browser, victoria):
    browser.log_in("victoria")
    User.objects.all().delete()

    assert browser.user_id is None
