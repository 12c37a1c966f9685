"""V. Headers and pages: not framed, not kept, and no form that another site can send."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from django_useraccounts.invitations.flows import invite
from django_useraccounts.mail import announce
from django_useraccounts.memberships.flows import record_payment
from django_useraccounts.memberships.models import ProviderEvent, StripeCustomer
from django_useraccounts.models import AccountEvent
from django_useraccounts.secrets import PURPOSES, RESET_PASSWORD, issue, link_of
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.testing import log_in, make_user
from django_useraccounts.undeliverable import report_undeliverable
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    foreign_scripts,
    last_mail,
    link_in,
    page_of,
    rows_of_all_rooms,
    url,
)
from tests.fuzz.requests import OBJECT, admin_pages
from tests.memberships.conftest import make_plan
from tests.social.visits import has_providers, provider

__all__ = ["has_providers", "provider"]  # fixtures

pytestmark = pytest.mark.django_db

User = get_user_model()
ANONYMOUS = ["login", "register", "forgot_password", "resend_confirmation", "mail_sent", "logout"]
OWN = ["profile", "change_password", "confirm_identity", "logout"]


def every_page(browser, new_browser):
    """Yield the answer of every page of the accounts, and of every way that it refuses."""
    for name in ANONYMOUS:
        yield name, browser.get(url(name))
        yield f"{name} posted", browser.post(url(name), {"email": "no address"})
    browser.register()
    yield "taken", new_browser().register()
    link = link_in(last_mail())
    first = browser.get(link)
    yield "link", first
    yield "page of link", browser.get(first.url)
    yield "bad answer", browser.post(first.url, {"answer": "x"})
    yield "not me", browser.post(first.url, {"answer": "not_me"})
    yield "refused link", browser.get(first.url)
    yield "no link", browser.get(url("reset_password", "A" * 64))
    make_user("victoria", VICTIM)
    browser.forgot()
    yield "reset", browser.open(last_mail())
    user = new_browser()
    user.log_in("victoria")
    for name in OWN:
        yield f"own {name}", user.get(url(name))
    yield "wrong password", user.change_password("wrong")
    yield "changed", user.change_password()
    yield "405", user.delete(url("mail_sent"))
    yield "logged in already", user.get(url("login"))
    yield "registered already", user.get(url("register"))
    yield "logged out", user.post(url("logout"))
    for _ in range(12):
        limited = browser.log_in("victoria", "wrong")
    yield "limited", limited
    yield "sent to log in", browser.get(url("profile"))


@pytest.mark.parametrize("middleware", [True, False])
def test_V1_V3_no_page_is_framed_or_kept_or_told_to_others(
    browser, new_browser, settings, middleware
):
    if not middleware:
        settings.MIDDLEWARE = [
            path for path in settings.MIDDLEWARE if not re.search("XFrame|Security", path)
        ]
    for what, answer in every_page(browser, new_browser):
        if answer.status_code == 302 and what in {
            "sent to log in",
            "logged in already",
            "registered already",
        }:
            continue  # no page, and nothing that a cache may keep by itself (RFC 9111, 4.2.2)
        assert answer.headers.get("X-Frame-Options") == "DENY", what
        assert answer.headers.get("Referrer-Policy") in {"same-origin", "no-referrer"}, what
        assert "no-store" in answer.headers.get("Cache-Control", ""), what


@pytest.mark.parametrize("middleware", [True, False])
def test_V1_V3_the_page_of_a_closed_registration_is_like_the_others(
    browser, settings, set_conf, middleware
):
    set_conf(POLICY="tests.attacks.broken.ClosedPolicy")
    if not middleware:
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "XFrame" not in path]

    answer = browser.get(url("register"))

    assert answer.status_code == 403
    assert answer.headers.get("X-Frame-Options") == "DENY"
    assert "no-store" in answer.headers.get("Cache-Control", "")
    assert answer.headers.get("Referrer-Policy")


def test_V1_the_page_of_an_outage_and_the_refusal_of_a_guard_are_not_framed(browser):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")

    answer = browser.get("/cellar/")

    assert answer.status_code == 403
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.asvs("14.2.2")
def test_V3_no_cache_shows_a_guarded_page_to_others(client):
    client.force_login(make_user("user007", roles=["secret", "agent"]))

    answer = client.get("/cellar/")

    assert answer.status_code == 200
    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.asvs("7.4.1")
def test_V3_what_was_seen_is_gone_after_the_logout(browser):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")
    pages = [browser.get(url(name)) for name in OWN]
    browser.post(url("logout"))

    for page in pages:
        assert "no-store" in page.headers["Cache-Control"]
    for name in ("profile", "change_password", "confirm_identity"):
        assert browser.get(url(name)).status_code == 302


def test_pages_pass_the_strictest_policy_for_content(browser, new_browser):
    for what, answer in every_page(browser, new_browser):
        html = answer.content.decode()
        assert not foreign_scripts(html), what
        assert "<style" not in html, what
        assert not re.search(r"<[^>]+\s(on\w+|style)=", html), what
        assert not re.search(r'(src|href|action)="(https?:)?//', html), what


# V5


ORIGINS = ["https://evil.example", "null", "http://testserver.evil.example", "https://testserver"]


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("origin", [None, *ORIGINS])
@pytest.mark.parametrize("token", [None, "of another browser"])
@pytest.mark.parametrize("middleware", [True, False])
def test_V5_no_form_of_another_site_changes_anything(browser, settings, origin, token, middleware):
    if not middleware:
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "Csrf" not in path]
    make_user("victoria", VICTIM)
    browser.forgot()
    reset = link_in(last_mail())
    browser.register("mallory", "m@example.com")
    confirm = link_in(last_mail("m@example.com"))
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="victoria"))
    pages = [url(name) for name in ("change_password", "confirm_identity", "logout")]
    guest = Client(enforce_csrf_checks=True)
    pages_of_guest = [page_of(guest.get(link, follow=True)) for link in (reset, confirm)]
    pages_of_guest += [url(name) for name in ANONYMOUS if name != "mail_sent"]
    before = everything()
    headers = {} if origin is None else {"origin": origin}
    data = {
        "username": "x11",
        "email": VICTIM,
        "identifier": "victoria",
        "password": PASSWORD,
        "old_password": PASSWORD,
        "new_password": NEW_PASSWORD,
        "answer": "confirm",
    }
    if token:
        other = Client()
        other.get(url("login"))
        data["csrfmiddlewaretoken"] = (
            other.cookies["csrftoken"].value if token == "of another browser" else token
        )

    for visitor, paths in ((client, pages), (guest, pages_of_guest)):
        for path in paths:
            assert visitor.post(path, data, headers=headers).status_code == 403, path

    assert everything() == before


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("origin", ORIGINS)
def test_V5_the_right_token_does_not_help_a_wrong_origin(origin):
    make_user("victoria", VICTIM)
    client = Client(enforce_csrf_checks=True)
    client.get(url("login"))
    data = {
        "identifier": "victoria",
        "password": PASSWORD,
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
    }

    response = client.post(url("login"), data, headers={"origin": origin})

    assert response.status_code == 403
    assert not Session.objects.exists()


def test_V5_the_own_form_with_its_token_works():
    make_user("victoria", VICTIM)
    client = Client(enforce_csrf_checks=True)
    client.get(url("login"))
    data = {
        "identifier": "victoria",
        "password": PASSWORD,
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
    }

    assert client.post(url("login"), data).status_code == 302
    # The token of before the login is no longer good.
    old = {"old_password": PASSWORD, "csrfmiddlewaretoken": data["csrfmiddlewaretoken"]}
    assert client.post(url("confirm_identity"), old).status_code == 403


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_V5_no_other_method_does_what_a_post_does(method):
    user = make_user("victoria", VICTIM)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    before = everything()
    query = f"?old_password={PASSWORD}&new_password={NEW_PASSWORD}&identifier=victoria"

    for name in (*OWN, "login", "register", "forgot_password", "resend_confirmation"):
        path = f"{url(name)}{query}&username=x11&email={VICTIM}&password={EVIL}"
        assert getattr(client, method)(path).status_code < 500

    assert everything() == before
    assert client.get(url("profile")).status_code == 200


@pytest.mark.parametrize("wish", ["", "?next=//evil.com", "?next=https://evil.com/"])
@pytest.mark.parametrize("name", ["login", "register"])
def test_V5_a_stale_form_of_somebody_who_is_logged_in_by_now_leads_nowhere_else(name, wish):
    """After a login in another tab the token is old: the answer is a way on, and no deed."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("victoria", VICTIM))
    before = everything()
    data = {"identifier": "other", "password": EVIL, "username": "x11", "email": "x@example.com"}

    response = client.post(url(name) + wish, data, follow=True)

    assert all(path.startswith("/") for path, _status in response.redirect_chain)
    assert not any(path.startswith("//") for path, _status in response.redirect_chain)
    assert response.redirect_chain[-1][0] == "/accounts/profile/" or not wish
    assert everything() == before


def test_V5_a_stale_form_of_a_stranger_is_refused_and_shows_nothing_of_what_was_sent():
    client = Client(enforce_csrf_checks=True)
    path = f"{url('login')}?next=/%22%3E%3Cscript%3E"

    response = client.post(path, {"identifier": "<b>", "password": PASSWORD})

    assert response.status_code == 403
    html = response.content.decode()
    assert not foreign_scripts(html)
    assert PASSWORD not in html
    assert "<b>" not in html
    assert response.headers["X-Frame-Options"] == "DENY"


def test_V5_a_stale_confirmation_of_somebody_else_who_is_logged_in_confirms_nothing(browser):
    browser.register()
    link = link_in(last_mail())
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("victoria", "victoria@example.com"))
    page = page_of(client.get(link, follow=True))
    before = everything()

    for answer in ("confirm", "not_me"):
        assert client.post(page, {"answer": answer}).status_code in {302, 403}

    assert everything() == before


# Every URL, whoever comes and however


METHODS = ["get", "post", "head", "put", "delete", "options"]
#: It is for a machine, and shows nothing.
NO_PAGE = {"stripe_webhook"}


def every_path():
    """Yield the name and a path of each URL of the accounts, of core and of all rooms."""
    wildcards = {
        "link": "A" * 64,
        "slug": "guild",
        "int": "1",
        "uuid": "5b2d6d1c-0f3a-4c5e-9d0e-2f6f1c7a8b90",
    }
    for pattern in get_resolver("django_useraccounts.urls").url_patterns:
        for route in getattr(pattern, "url_patterns", [pattern]):
            path = re.sub(
                r"<(\w+):(\w+)>",
                lambda match: wildcards.get(match[2]) or wildcards[match[1]],
                str(route.pattern),
            )
            yield route.name, f"/accounts/{path}"


def lacking(answer):
    """Return the headers that an answer lacks, or has otherwise."""
    wanted = {
        "X-Frame-Options": {"DENY"},
        "X-Content-Type-Options": {"nosniff"},
        "Referrer-Policy": {"same-origin", "no-referrer"},
    }
    wrong = [name for name, allowed in wanted.items() if answer.headers.get(name) not in allowed]
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        wrong.append("Cache-Control")
    if answer.content and answer.headers.get("Content-Type") != "text/html; charset=utf-8":
        wrong.append("Content-Type")
    return wrong


@pytest.fixture
def bare(settings):
    """A project without the middleware that would set these headers for everybody."""
    settings.MIDDLEWARE = [
        path for path in settings.MIDDLEWARE if not re.search("XFrame|Security", path)
    ]


@pytest.mark.asvs("3.2.1", "3.4.4", "3.4.5", "4.1.1", "14.3.2")
@pytest.mark.one_database
@pytest.mark.usefixtures("bare", "provider")
@pytest.mark.parametrize("who", ["stranger", "user", "unconfirmed"])
def test_V1_V3_no_url_answers_without_its_headers(who):
    client = Client(raise_request_exception=False)
    wrong, walked = [], set()

    for name, path in every_path():
        user = who != "stranger" and make_user(
            name.replace("_", "-"), confirmed=who != "unconfirmed"
        )
        for method in METHODS:
            if user:  # again, in case the last page has logged out
                client.force_login(user)
            answer = getattr(client, method)(path)
            walked.add((name, answer.status_code))
            if name not in NO_PAGE and answer.status_code != 404 and lacking(answer):
                wrong.append((name, method, answer.status_code, lacking(answer)))

    assert wrong == []
    assert len({name for name, _status in walked}) > 40
    assert not [name for name, status in walked if status >= 500]


@pytest.mark.asvs("3.2.1", "3.4.4", "14.3.2")
@pytest.mark.one_database
@pytest.mark.usefixtures("bare", "has_providers")
@pytest.mark.parametrize("who", ["owner", "stranger"])
@pytest.mark.parametrize("name", sorted(PURPOSES))
def test_V1_V3_no_page_of_a_link_that_is_good_answers_without_its_headers(
    browser, new_browser, links, name, who
):
    visitor = browser if who == "owner" else new_browser()
    opening = visitor.get(url(name, links[name]))
    page = opening["Location"]

    answers = {"opening": opening}
    for method in ("head", "options", "put", "delete", "get"):
        answers[method] = getattr(visitor, method)(page)
    answers["incomplete"] = visitor.post(page)
    answers["sent"] = visitor.post(page, {"answer": "confirm", "new_password": NEW_PASSWORD})
    answers["used"] = visitor.get(page)

    # Who is to log in first, for what an account holds, is sent to the login.
    is_led_on = (name, who) == ("fetch_export", "stranger")
    assert answers["get"].status_code == (302 if is_led_on else 200)
    assert {what: lacking(answer) for what, answer in answers.items()} == {
        what: [] for what in answers
    }


def rows_for_the_administration(boss):
    """Make a row for each page of the administration of the accounts; that of a login is made."""
    maria = make_user("maria", roles=["artist"])
    Group.objects.create(name="painters")
    AccountEvent.objects.record("logged_out", user=maria)
    announce("welcome", to=maria.email, user=maria)
    report_undeliverable("gone@example.com", state="bounced")
    invite("frida@example.com", by=boss)
    LoginSession.objects.create(user=maria, epoch=maria.session_epoch)
    connect(maria, Identity("guild", "https://id.guild.example", "m-1"))
    tomorrow = timezone.now() + timedelta(days=1)
    record_payment(maria, make_plan(), tomorrow, by=boss)
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    ProviderEvent.objects.create(
        event_id="evt_1", kind="x", customer_id="cus_maria", created_at=tomorrow
    )


def every_admin_path():
    """Yield the name and a path of each page of our administration, of a row if it is about one."""
    for name, path in admin_pages().items():
        # Where Django says goodbye there is no form, and nothing about anybody.
        if name != "admin:logout":
            model = name != "admin:login" and apps.get_model(*path.split("/")[2:4])
            yield name, path.replace(OBJECT, str(model.objects.latest("pk").pk) if model else "")


@pytest.mark.asvs("3.4.4", "3.4.5", "4.1.1", "14.3.2")
@pytest.mark.one_database
@pytest.mark.usefixtures("bare", "has_providers")
@pytest.mark.parametrize(
    "who, shown",
    [
        ("stranger", ("login",)),
        ("boss", ("_changelist", "_change", "_history")),
        ("proved long ago", ("_changelist", "_history")),
    ],
)
def test_V1_V3_no_page_of_the_administration_answers_without_its_headers(who, shown):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    rows_for_the_administration(boss)
    client = Client(raise_request_exception=False)
    if who != "stranger":
        log_in(client, boss)
    if who == "proved long ago":
        session = client.session
        session["useraccounts_proved_at"] = 0
        session.save()
    wrong, walked = [], set()

    for name, path in every_admin_path():
        for method in METHODS:
            answer = getattr(client, method)(path)
            walked.add((name, answer.status_code))
            # What nobody may do at all Django refuses by a page of its own, which tells nothing.
            if answer.status_code != 403 and lacking(answer):
                wrong.append((name, method, answer.status_code, lacking(answer)))

    assert wrong == []
    seen = {name for name, status in walked if status == 200}
    assert {name for name in admin_pages() if name.endswith(shown)} <= seen


def asked_from_elsewhere(client, path):
    """Yield what a script of another site is answered, beforehand and to what it wants to read."""
    origin = {"origin": "https://evil.example"}
    yield client.options(path, headers={**origin, "access-control-request-method": "POST"})
    yield client.get(path, headers={**origin, "accept": "application/json"})


@pytest.mark.asvs("3.4.2")
@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("who", ["stranger", "user"])
def test_N7_no_answer_lets_the_scripts_of_another_site_read_it(who):
    client = Client(raise_request_exception=False)
    if who == "user":
        client.force_login(make_user("victoria", VICTIM, roles=["secret", "agent"]))

    for path in ["/cellar/", *(path for _name, path in every_path())]:
        for answer in asked_from_elsewhere(client, path):
            names = {name.lower() for name in answer.headers}
            assert not {name for name in names if name.startswith("access-control-")}, path


@pytest.mark.asvs("3.4.4", "4.1.1")
@pytest.mark.usefixtures("bare")
def test_V1_V3_refusals_have_their_headers_too(browser, client):
    make_user("victoria", VICTIM)
    for _ in range(12):
        limited = browser.log_in("victoria", "wrong")
    strict = Client(enforce_csrf_checks=True)
    stale = strict.post(url("login"), {})
    client.force_login(User.objects.get(username="victoria"))
    forbidden = client.get("/cellar/")

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        away = browser.post(url("login"), {"identifier": "victoria", "password": "x"})

    answers = {429: limited, 403: stale, "guard": forbidden, 503: away}
    assert [answer.status_code for answer in answers.values()] == [429, 403, 403, 503]
    assert {what: lacking(answer) for what, answer in answers.items()} == {
        what: [] for what in answers
    }


@pytest.mark.asvs("14.2.1")
@pytest.mark.usefixtures("bare", "provider")
def test_D7_every_mailed_link_leaves_the_url_at_once_and_tells_no_referer(client):
    link = link_of(issue(RESET_PASSWORD, address=make_user("victoria", VICTIM).emails.get()))
    pages = [name for name, path in every_path() if "A" * 64 in path]
    client.force_login(make_user("other"))

    for name in pages:
        answer = client.get(url(name, str(link)))
        cookies = {cookie.key: cookie for cookie in answer.cookies.values()}

        assert answer.status_code == 302, name
        assert answer["Location"] == url(name, link.public_id)
        assert answer["Referrer-Policy"] == "no-referrer"
        assert lacking(answer) == []
        cookie = cookies["useraccounts_link_token"]
        assert (cookie.value, cookie["path"]) == (link.proof, answer["Location"])
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert len(pages) == 7, pages


#: What answers who is logged in otherwise: by leading on from a stale form, or to the page of a
#: link; and a webhook, which looks for a signature.
LED_ON = {"register", "login", "confirm_email", "fetch_export"}
ABSENT = {"stripe_webhook", "terms"}


@pytest.mark.asvs("3.5.1")
@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("middleware", [True, False])
def test_V5_no_page_of_any_room_takes_a_form_of_another_site(settings, middleware):
    if not middleware:
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "Csrf" not in path]
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    before = rows_of_all_rooms()

    answers = {
        name: client.post(path, {}, headers={"origin": "https://evil.example"}).status_code
        for name, path in every_path()
    }

    others = {name for name, status in answers.items() if status not in {403, 405}}
    assert others <= LED_ON | ABSENT
    assert {answers[name] for name in LED_ON} <= {302, 403}
    assert {answers[name] for name in ABSENT} <= {404, 403}
    assert rows_of_all_rooms() == before
    assert client.get(url("profile")).status_code == 200
