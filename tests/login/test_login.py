"""Log in, log out, and prove once more who it is."""

import re

import pytest
from django.contrib.auth import get_user, get_user_model
from django.test import Client

from django_useraccounts.credentials import check_own_password
from django_useraccounts.devices import is_trusted_device
from django_useraccounts.emails.flows import disown_email, remove_email
from django_useraccounts.errors import TooManyAttempts, UsernameTaken, WrongPassword
from django_useraccounts.login import flows
from django_useraccounts.models import AccountEvent, AttemptCounter, OneTimeSecret, UserEmail
from django_useraccounts.policy import Policy
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import CONFIRM_EMAIL, link_of, peek
from django_useraccounts.testing import PASSWORD, log_in, make_user

pytestmark = pytest.mark.django_db

URL = "/accounts/login/"
#: LOGIN_REDIRECT_URL, where Django leaves it.
HOME = "/accounts/profile/"
REFUSED = (
    "The username or e-mail address and the password do not match. "
    "If you have just registered, confirm your e-mail address first."
)


class NobodyPolicy(Policy):
    def may_log_in(self, user, *, request):
        return False


def fill(client, identifier="maria", password=PASSWORD, query="", **more):
    return client.post(URL + query, {"identifier": identifier, "password": password, **more})


def kinds():
    return list(AccountEvent.objects.values_list("kind", flat=True).order_by("pk"))


@pytest.mark.parametrize(
    "identifier",
    ["maria", " MARIA ", "maria@example.com", "Maria@EXAMPLE.com", "maria@example。com"],
)
def test_a_username_or_a_proved_address_logs_in(client, identifier):
    user = make_user("Maria", "maria@example.com")

    response = fill(client, identifier)

    assert response["Location"] == HOME
    assert get_user(client) == user
    assert kinds() == ["logged_in"]


@pytest.mark.parametrize(
    "identifier, password",
    [
        ("maria", "wrong"),
        ("maria@example.com", "wrong"),
        ("nobody", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("waiting@example.com", PASSWORD),  # an address that nobody has proved is unknown
        ("off", PASSWORD),
        ("without", ""),
        ("without", "!"),
        ("mari%", PASSWORD),
        ("maria\x00", PASSWORD),
    ],
)
def test_everything_else_is_refused_with_one_sentence(client, identifier, password):
    make_user("maria")
    make_user("waiting", confirmed=False)
    make_user("off", is_active=False)
    make_user("without", password=None)

    response = fill(client, identifier, password)

    assert response.status_code == 200
    assert get_user(client).is_anonymous
    form = response.context["form"]
    if password and "\x00" not in identifier:
        assert form.errors == {"__all__": [REFUSED]}
    assert form["identifier"].value() == identifier
    assert PASSWORD not in response.content.decode()


def test_the_right_password_of_an_unconfirmed_user_leads_to_the_confirmation_page(client):
    make_user("waiting", confirmed=False)

    response = fill(client, "waiting", query="?next=/garret/")

    assert response["Location"] == "/accounts/resend-confirmation/?next=%2Fgarret%2F"
    assert get_user(client).is_anonymous
    assert "Confirm your e-mail address first" in client.get(response["Location"]).content.decode()


def test_who_is_from_before_there_were_addresses_comes_in_and_adds_one(client, set_conf):
    set_conf(EMAIL="off")
    client.post("/accounts/register/", {"username": "maria", "password": PASSWORD})
    get_user_model().objects.create_user("imported", password=PASSWORD)
    set_conf(EMAIL="required")

    for name in ("maria", "imported"):
        browser = Client()
        assert fill(browser, name)["Location"] == HOME
        assert browser.get("/guards/function/")["Location"] == (
            "/accounts/emails/?next=/guards/function/"
        )
        browser.post("/accounts/add-email/", {"email": f"{name}@example.com"})
        assert UserEmail.objects.get(user__username=name).email == f"{name}@example.com"
        # It may be mistyped, and is mended inside.
        again = Client()
        assert fill(again, name)["Location"] == HOME
        assert again.get("/guards/function/")["Location"].startswith("/accounts/emails/")


@pytest.mark.parametrize("lost", ["disowned", "removed"])
def test_who_has_registered_with_the_address_of_somebody_else_comes_in_by_no_loss_of_it(
    client, lost
):
    register("mallory", email="victim@example.com", password=PASSWORD)
    if lost == "disowned":
        disown_email(peek(CONFIRM_EMAIL, link_of(OneTimeSecret.objects.get())))
    else:
        remove_email(UserEmail.objects.get(), by=make_user("boss", is_superuser=True))

    response = fill(client, "mallory")

    assert response["Location"] == "/accounts/resend-confirmation/"
    assert get_user(client).is_anonymous


def test_a_site_may_let_unconfirmed_users_in(client, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "CONFIRM_EMAIL_BEFORE_LOGIN": False}
    user = make_user("waiting", confirmed=False)

    fill(client, "waiting")

    assert get_user(client) == user


def test_a_policy_that_says_no_looks_like_a_wrong_password(client, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "POLICY": f"{__name__}.NobodyPolicy"}
    make_user("maria")

    response = fill(client)

    assert response.context["form"].errors == {"__all__": [REFUSED]}


@pytest.mark.parametrize("by_default", [False, True])
@pytest.mark.parametrize("more, at_close", [({}, True), ({"remember": "on"}, False)])
def test_a_session_lasts_as_long_as_was_asked_for(client, settings, more, at_close, by_default):
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = by_default
    make_user("maria")

    fill(client, **more)

    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert client.session.get_expire_at_browser_close() is at_close
    assert bool(cookie["max-age"]) is not at_close


def test_logging_in_changes_the_key_of_the_session(client):
    make_user("maria")
    client.session["planted"] = True
    session = client.session
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted

    fill(client)

    assert client.session.session_key != planted


@pytest.mark.parametrize(
    "given, location",
    [
        ("/garret/?a=1", "/garret/?a=1"),
        ("https://evil.example/", HOME),
        ("//evil.example/", HOME),
        ("/\\evil.example/", HOME),
        ("javascript:alert(1)", HOME),
        (URL, HOME),
        (f"{URL}?next={URL}", HOME),
    ],
)
def test_next_leads_to_pages_of_this_site_only(client, given, location):
    make_user("maria")

    in_query = client.post(
        URL, {"identifier": "maria", "password": PASSWORD}, query_params={"next": given}
    )
    again = client.get(URL, {"next": given})
    client.post("/accounts/logout/")
    in_form = fill(client, next=given)

    assert [answer["Location"] for answer in (in_query, again, in_form)] == [location] * 3


def test_the_form_keeps_next_for_the_way_back(client):
    page = client.get(URL, {"next": "/garret/"}).content.decode()

    assert '<input type="hidden" name="next" value="/garret/">' in page
    assert "/accounts/register/?next=/garret/" in page.replace("%2F", "/")


@pytest.mark.asvs("6.3.1")
def test_failures_are_limited_and_the_right_password_does_not_help_then(client):
    make_user("maria")
    for _attempt in range(5):
        response = fill(client, password="wrong")
        assert response.status_code == 200
        assert "You need not wait" not in response.content.decode()

    response = fill(client)

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    page = response.content.decode()
    assert "Too many attempts. Please try again in " in page
    assert (
        'You need not wait if you <a href="/accounts/forgot-password/">set a new password' in page
    )
    assert get_user(client).is_anonymous


def test_logins_that_succeed_are_not_counted(client):
    make_user("maria")

    for _attempt in range(12):
        assert fill(client).status_code == 302
        client.post("/accounts/logout/")

    assert set(AttemptCounter.objects.values_list("attempts", flat=True)) == {0}


# Log out


def test_get_asks_and_post_logs_out(client):
    log_in(client, make_user())

    page = client.get("/accounts/logout/")
    assert page.status_code == 200
    assert get_user(client).is_authenticated

    response = client.post("/accounts/logout/", {"next": "/gallery/"})
    assert response["Location"] == "/gallery/"
    assert get_user(client).is_anonymous
    assert kinds()[-1] == "logged_out"


def test_logging_out_twice_is_no_error(client):
    response = client.post("/accounts/logout/")

    assert response.status_code == 302
    assert kinds() == []


# Prove it once more


def test_the_password_proves_the_identity_for_a_while(client):
    log_in(client, make_user())
    session = client.session
    session["useraccounts_proved_at"] = 0
    session.save()

    wrong = client.post("/accounts/confirm-identity/?next=/garret/", {"old_password": "wrong"})
    right = client.post("/accounts/confirm-identity/?next=/garret/", {"old_password": PASSWORD})

    assert wrong.context["form"].errors == {"old_password": ["This is not your current password."]}
    assert right["Location"] == "/garret/"
    assert client.session["useraccounts_proved_at"] > 0
    assert kinds()[-1] == "identity_confirmed"


@pytest.mark.asvs("6.3.1")
def test_a_stolen_session_is_no_way_to_guess_the_password():
    user = make_user()
    for _attempt in range(10):
        with pytest.raises(WrongPassword):
            check_own_password(user, "wrong", request=None)

    with pytest.raises(TooManyAttempts):
        check_own_password(user, PASSWORD, request=None)


@pytest.mark.parametrize("page", ["confirm-identity", "change-password", "profile"])
def test_pages_of_the_own_account_ask_strangers_to_log_in(client, page):
    response = client.get(f"/accounts/{page}/")

    assert response["Location"] == f"{URL}?next=/accounts/{page}/"


def test_what_has_to_be_done_before_the_login_keeps_it_from_happening(client, rf):
    make_user("maria")
    request = rf.get("/")
    request.session = client.session

    def refuse(user):
        assert user.username == "maria"
        raise UsernameTaken

    with pytest.raises(UsernameTaken):
        flows.log_in("maria", password=PASSWORD, then=refuse, request=request)

    assert "_auth_user_id" not in request.session
    assert not AccountEvent.objects.filter(kind="logged_in").exists()


def test_a_login_has_its_account_trust_the_browser_and_a_wrong_password_does_not(client):
    user = make_user("maria")

    assert "useraccounts_device_token" not in fill(client, password="wrong").cookies
    request = fill(client).wsgi_request

    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    assert is_trusted_device(request, user)


def test_a_new_password_is_trusted_where_it_was_set_and_nowhere_else(client):
    user, other = make_user("maria"), Client()
    fill(client)
    fill(other)
    data = {"old_password": PASSWORD, "new_password": "a brand new password of mine"}

    client.post("/accounts/change-password/", data)

    user.refresh_from_db()
    for browser, trusted in ((client, True), (other, False)):
        request = browser.get(URL).wsgi_request
        assert is_trusted_device(request, user) is trusted


# What the browser is told


def test_the_first_field_cuts_nothing_and_is_no_text_to_correct(client):
    field = re.search(r'<input [^>]*name="identifier"[^>]*>', client.get(URL).text)[0]

    assert 'type="text"' in field
    assert 'autocomplete="username"' in field
    assert 'autocapitalize="none"' in field
    assert 'spellcheck="false"' in field
    assert "maxlength" not in field


def test_where_only_an_address_logs_in_a_phone_shows_the_keyboard_for_it(client, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "LOGIN_BY": "email"}

    assert 'type="email" name="identifier"' in client.get(URL).text


def test_a_refused_form_asks_for_the_password_again_beside_its_field(client):
    html = fill(client, "nobody", "wrong").text

    assert "Please enter it again." in html
    assert html.index("Please enter it again.") < html.index('type="password"')
    assert "Please enter it again." not in client.get(URL).text


def test_pages_with_a_form_bring_its_script_and_others_do_not(client):
    script = 'src="/static/useraccounts/useraccounts.js"'

    assert client.get(URL).text.count(script) == 1
    assert script not in client.get("/accounts/mail-sent/").text
