"""What the pages share: where next may lead, what headers say, what an outage looks like."""

from http.cookies import SimpleCookie

import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import include, path
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_useraccounts.errors import AccountError, LinkUsed, TooManyAttempts
from django_useraccounts.login.views import LoginView
from django_useraccounts.models import OneTimeSecret, UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of
from django_useraccounts.testing import PASSWORD, log_in, make_user
from django_useraccounts.views import (
    LINK_COOKIE,
    NEXT_MAX_LENGTH,
    FlowView,
    safe_next,
    with_next,
)

pytestmark = pytest.mark.django_db

PUBLIC_PAGES = [
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/register/",
    "/accounts/mail-sent/",
    "/accounts/resend-confirmation/",
    "/accounts/forgot-password/",
]
OWN_PAGES = [
    "/accounts/profile/",
    "/accounts/change-password/",
    "/accounts/confirm-identity/",
]

#: Those of both that have a form.
FORMS = sorted({*PUBLIC_PAGES, *OWN_PAGES} - {"/accounts/mail-sent/", "/accounts/profile/"})

# Where next may lead

ELSEWHERE = [
    "//evil.com",
    "///evil.com",
    "////evil.com",
    "//evil.com/%2f..",
    "//evil.com:80",
    "//user@evil.com",
    "//user:password@evil.com/",
    "//testserver@evil.com",
    "//testserver",
    "//[::1]",
    "//[",
    "//%65vil.com",
    "//ev\u0131l.com",
    "//evil。com",
    "//",
    "///",
    "/\\",
    "/\\#",
    "\\\\evil.com",
    "\\/evil.com",
    "/\\evil.com",
    "/\\/evil.com",
    "/\\\\evil.com",
    "\\evil.com",
    "http://evil.com",
    "HTTP://EVIL.COM",
    "https://evil.com",
    "https:evil.com",
    "https:/evil.com",
    "https:///evil.com",
    "http:\\\\evil.com",
    "http://testserver",
    "http://testserver@evil.com/",
    "ftp://evil.com",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "javascript://%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "mailto:x@evil.com",
    ".evil.com",
    "@evil.com",
    "evil.com",
    ":80",
    "?next=//evil.com",
    "#",
    "..",
    "",
    " ",
    " /members/",
    " //evil.com",
    "\t//evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "/\r\n/evil.com",
    "/\0/evil.com",
    "/a\r\nSet-Cookie: x=1",
    "/a\tb",
    "\x08//evil.com",
    "\x1f/members/",
    "\u00a0//evil.com",
    "\u2028/members/",
    "/a\u2028b",
    "/a\u202eb",
    "/a\u200bb",
    "\ufeff/members/",
    "／/evil.com",
    "／／evil.com",
    "⁄⁄evil.com",
    "//evil.com\\@testserver",
    "/" + "x" * NEXT_MAX_LENGTH,
]
HERE = [
    "/",
    "/members/",
    "/members/?page=2&q=%C3%A4",
    "/members/?to=http://evil.com",
    "/members/?to=//evil.com",
    "/members/#top",
    "/%5cevil.com",
    "/%5c%5cevil.com",
    "/%2f%2fevil.com",
    "/%09/evil.com",
    "/%00",
    "/@evil.com",
    "/.evil.com",
    "/:80",
    "/a//b",
    "/javascript:alert(1)",
    "/ä",
    "/a b",
    "/" + "x" * (NEXT_MAX_LENGTH - 1),
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_next_leads_to_no_other_place(url):
    assert safe_next(url) == ""


def test_no_page_leads_to_another_place(client):
    user = make_user()

    log_in(client, user)
    for url in ELSEWHERE:
        asked = client.get("/accounts/login/", {"next": url})
        assert asked["Location"] == settings.LOGIN_REDIRECT_URL, url
    for url in ELSEWHERE[::9]:
        log_in(client, user)
        left = client.post("/accounts/logout/", {"next": url})
        assert left["Location"] == "/accounts/login/", url


@pytest.mark.parametrize("url", HERE)
def test_next_may_be_a_path_of_this_site(url):
    assert safe_next(url) == url


def test_next_is_not_decoded(client):
    log_in(client, make_user())

    for url in HERE:
        location = client.get("/accounts/login/", {"next": url})["Location"]
        # as it came, with what a header cannot hold in percent signs
        assert location == url.replace("ä", "%C3%A4").replace(" ", "%20")


def test_who_wants_nowhere_goes_nowhere():
    assert safe_next(None) == safe_next("") == ""
    assert safe_next("/\ud800") == ""  # no header can hold it


@given(st.text(st.characters(exclude_categories=()), max_size=40).map("/{}".format) | st.text())
@example("//")
@example("/\\")
@example("//?@evil.com")
@hypothesis_settings(deadline=None, max_examples=300)
def test_whatever_is_wanted_a_browser_stays_on_this_site(url):
    safe = safe_next(url)

    assert safe in {"", url}
    if safe:
        assert safe[0] == "/"
        assert safe[1:2] not in {"/", "\\"}
        assert safe.isprintable()


@pytest.mark.parametrize("page", [page for page in PUBLIC_PAGES if page in FORMS])
def test_next_is_kept_in_the_form(client, page):
    html = client.get(page, {"next": '/a"b?c=<d>&e'}).content.decode()

    assert '<input type="hidden" name="next" value="/a&quot;b?c=&lt;d&gt;&amp;e">' in html
    assert "evil" not in client.get(page, {"next": "//evil.com"}).content.decode()


def test_what_is_posted_counts_before_what_stands_in_the_address(client):
    make_user("frida")

    response = client.post(
        "/accounts/login/?next=/one/",
        {"identifier": "frida", "password": PASSWORD, "next": "/two/"},
    )

    assert response["Location"] == "/two/"


def test_next_goes_along_as_one_parameter():
    assert with_next("/accounts/login/", "/a/?b=c&d") == (
        "/accounts/login/?next=%2Fa%2F%3Fb%3Dc%26d"
    )
    assert with_next("/accounts/login/", "") == "/accounts/login/"


@pytest.mark.parametrize(
    "url, url_with_next",
    [
        ("/login/?way=mail", "/login/?way=mail&next=%2Fa%2F"),
        ("/login/#form", "/login/?next=%2Fa%2F#form"),
        ("https://id.example/?a=b#c", "https://id.example/?a=b&next=%2Fa%2F#c"),
        ("", "?next=%2Fa%2F"),
    ],
)
def test_next_is_one_more_of_what_a_url_says_already(url, url_with_next):
    assert with_next(url, "/a/") == url_with_next


@pytest.mark.parametrize("url", ["/accounts/login/", "/accounts/login/?next=/accounts/login/"])
def test_next_does_not_lead_round_in_circles(client, url):
    log_in(client, make_user())

    location = client.get("/accounts/login/", {"next": url})["Location"]

    assert not location.startswith("/accounts/login/")


# What headers say


@pytest.mark.parametrize("page", PUBLIC_PAGES + OWN_PAGES)
def test_pages_are_not_kept_not_framed_and_not_told_to_others(page):
    client = Client()
    if page in OWN_PAGES:
        log_in(client, make_user())

    response = client.get(page)

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("page", OWN_PAGES)
def test_pages_of_ones_own_are_for_who_is_logged_in(client, page):
    response = client.get(page)

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={page}"


@pytest.mark.parametrize("page", FORMS)
def test_a_form_from_another_site_is_refused(page):
    client = Client(enforce_csrf_checks=True)
    if page in OWN_PAGES:
        log_in(client, make_user())

    assert client.post(page, {"identifier": "frida", "password": PASSWORD}).status_code == 403


def test_forms_of_the_accounts_are_protected_where_the_project_protects_none(settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    client = Client(enforce_csrf_checks=True)

    assert client.post("/accounts/login/", {}).status_code == 403


# A form whose token is old


@pytest.fixture
def strict_client():
    """A client that is asked for the token of its forms, as every browser is."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("page", [page for page in PUBLIC_PAGES if page in FORMS])
def test_who_sends_an_old_form_is_asked_to_send_it_once_more(strict_client, page):
    response = strict_client.post(f"{page}?next=/members/", {"identifier": "frida"})

    html = response.content.decode()
    assert response.status_code == 403
    assert "Please send this once more" in html
    assert f'href="{page}?next=/members/"' in html


@pytest.mark.parametrize("page", ["/accounts/login/", "/accounts/register/"])
def test_who_has_logged_in_by_a_first_click_goes_on_with_the_second(strict_client, page):
    log_in(strict_client, make_user())

    response = strict_client.post(f"{page}?next=/members/", {"identifier": "frida"})

    assert response.status_code == 302
    assert response["Location"] == f"{page}?next=/members/"
    assert strict_client.get(response["Location"])["Location"] == "/members/"


@pytest.mark.parametrize("page", OWN_PAGES[1:])
def test_what_matters_is_never_done_without_a_token(strict_client, page):
    log_in(strict_client, make_user())

    response = strict_client.post(page, {"old_password": PASSWORD, "new_password": PASSWORD * 2})

    assert response.status_code == 403
    assert "Please send this once more" in response.content.decode()


def test_pages_of_the_project_keep_the_answer_of_django(strict_client):
    for page in ("/guards/class/", "/no-such-page/"):
        response = strict_client.post(page, {})
        assert "once more" not in response.content.decode()
    assert "CSRF verification failed" in strict_client.post("/guards/class/").content.decode()


def test_an_old_form_during_an_outage_is_answered(strict_client, database_away):
    log_in(strict_client, make_user())

    with database_away():
        response = strict_client.post("/accounts/login/", {"identifier": "frida"})

    assert response.status_code in {403, 503}


@pytest.mark.parametrize("page", PUBLIC_PAGES)
def test_pages_work_where_the_project_shows_no_messages(settings, client, page):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Message" not in name]
    settings.INSTALLED_APPS = [n for n in settings.INSTALLED_APPS if n != "django.contrib.messages"]
    settings.TEMPLATES = [
        {
            **settings.TEMPLATES[0],
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ]
            },
        }
    ]

    assert client.get(page).status_code == 200
    sent = client.post("/accounts/forgot-password/", {"email": "frida@example.com"})
    assert sent.status_code == 302


# What an outage looks like


@pytest.mark.parametrize("page", OWN_PAGES)
@pytest.mark.parametrize("error", ["OperationalError", "InterfaceError"])
def test_who_is_logged_in_reads_that_the_database_will_be_back(client, database_away, page, error):
    log_in(client, make_user())

    with database_away(error):
        response = client.get(page)

    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "Back in a moment" in response.content.decode()
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("page", PUBLIC_PAGES)
def test_a_page_whose_template_asks_the_database_meets_the_outage_as_well(
    client, database_away, page, settings, tmp_path
):
    # a project's own base template greets who is logged in; it is rendered after the view
    (tmp_path / "useraccounts").mkdir()
    (tmp_path / "useraccounts" / "base.html").write_text(
        "{% if user.is_authenticated %}Hello {{ user }}{% endif %}{% block content %}{% endblock %}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    log_in(client, make_user())

    with database_away():
        response = client.get(page)

    assert response.status_code == 503
    assert "Back in a moment" in response.content.decode()


@pytest.mark.parametrize(
    "page, data",
    [
        ("login", {"identifier": "frida", "password": PASSWORD}),
        ("register", {"username": "diego", "email": "d@example.com", "password": PASSWORD}),
        ("forgot-password", {"email": "frida@example.com"}),
        ("resend-confirmation", {"email": "frida@example.com"}),
        (f"confirm-email/{'A' * 22}", {"answer": "confirm"}),
        (f"reset-password/{'A' * 22}", {"new_password": PASSWORD}),
    ],
)
def test_a_form_that_meets_an_outage_does_nothing_by_halves(client, database_away, page, data):
    make_user("frida")

    with database_away():
        response = client.post(f"/accounts/{page}/", data)

    assert response.status_code == 503
    assert "Nothing was changed" in response.content.decode()
    assert UserEmail.objects.count() == 1
    assert not OneTimeSecret.objects.exists()


@pytest.mark.parametrize("page", PUBLIC_PAGES)
def test_strangers_can_read_the_pages_while_the_database_is_away(client, database_away, page):
    with database_away():
        assert client.get(page).status_code == 200


def test_any_other_error_stays_an_error(client):
    def broken(execute, sql, params, many, context):
        raise ZeroDivisionError

    with connection.execute_wrapper(broken), pytest.raises(ZeroDivisionError):
        client.post("/accounts/login/", {"identifier": "frida", "password": "x"})


# What a refusal looks like


def test_too_many_attempts_are_told_above_the_form_that_keeps_what_was_typed(client, set_conf):
    set_conf(LIMITS={"login": {"identifier": "1/10m"}})
    login = {"identifier": "frida", "password": "wrong words", "next": "/members/"}
    client.post("/accounts/login/", login)

    response = client.post("/accounts/login/", login)

    html = response.content.decode()
    assert response.status_code == 429
    assert 590 <= int(response["Retry-After"]) <= 600
    assert "Too many attempts. Please try again in 10 minutes." in html
    assert 'value="frida"' in html
    assert 'value="/members/"' in html
    assert "wrong words" not in html
    assert response["Cache-Control"]


class AskForm(forms.Form):
    name = forms.CharField()


class BesideTheField(AccountError):
    sentence = "This name is odd."
    field = "name"
    status = 409


class OfAnotherForm(AccountError):
    sentence = "This address is odd."
    field = "email"


class AskView(FlowView):
    """A project's own page, with a flow of its own."""

    is_public = True
    template_name = "useraccounts/passwords/forgot_password.html"
    form_class = AskForm
    success_message = "Thank you."
    follows_next = True

    def perform(self, form):
        errors = {
            "beside": BesideTheField(),
            "above": OfAnotherForm(),
            "often": TooManyAttempts(90),
            "link": LinkUsed(),
            "broken": ValueError("x"),
        }
        if form.cleaned_data["name"] in errors:
            raise errors[form.cleaned_data["name"]]


class AskWithoutFlow(FlowView):
    form_class = AskForm


@pytest.fixture
def ask(settings, client):
    class URLs:
        urlpatterns = [path("ask/", AskView.as_view()), path("", include("tests.urls"))]

    settings.ROOT_URLCONF = URLs
    return lambda name, **data: client.post("/ask/", {"name": name, **data})


def test_an_error_of_the_flow_stands_beside_the_field_that_it_names(ask):
    response = ask("beside")

    assert response.status_code == 409
    assert response.context["form"].errors == {"name": ["This name is odd."]}


def test_an_error_that_names_no_field_of_the_form_stands_above_it(ask):
    response = ask("above")

    assert response.status_code == 200
    assert response.context["form"].errors == {"__all__": ["This address is odd."]}
    assert "Retry-After" not in response


def test_a_refusal_tells_when_to_come_back(ask):
    response = ask("often")

    assert response.status_code == 429
    assert response["Retry-After"] == "90"


def test_an_error_about_a_link_stands_above_a_form_that_no_link_leads_to(ask):
    response = ask("link")

    assert response.status_code == 410
    assert response.context["form"].errors == {"__all__": [str(LinkUsed.sentence)]}


def test_what_is_no_refusal_of_a_form_is_raised(ask):
    with pytest.raises(ValueError):
        ask("broken")


def test_a_flow_that_is_done_leads_on_with_a_sentence(ask, client):
    assert ask("frida")["Location"] == "/"
    assert ask("frida", next="/members/")["Location"] == "/members/"

    sentences = [str(m) for m in client.get("/accounts/login/").context["messages"]]
    assert sentences == ["Thank you.", "Thank you."]


def test_a_page_without_a_flow_is_not_finished(rf):
    request = rf.post("/", {"name": "x"})
    request._dont_enforce_csrf_checks = True

    with pytest.raises(NotImplementedError):
        AskWithoutFlow.as_view()(request)


def test_an_account_error_is_an_error_that_any_form_can_show():
    error = BesideTheField()

    assert isinstance(error, ValidationError)
    assert error.code == "BesideTheField"
    assert error.messages == ["This name is odd."]
    assert BesideTheField("Another sentence.").messages == ["Another sentence."]


# Mailed links


@pytest.fixture
def link():
    address = make_user("frida").emails.get()
    return link_of(issue(RESET_PASSWORD, address=address))


def test_the_secret_leaves_the_address_at_once(client, link):
    response = client.get(f"/accounts/reset-password/{link}/")

    path = f"/accounts/reset-password/{link.public_id}/"
    assert response.status_code == 302
    assert response["Location"] == path
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    cookie = response.cookies[LINK_COOKIE]
    assert cookie.value == link.proof
    assert cookie["path"] == path
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == ""  # for as long as the browser is open
    assert not cookie["secure"]
    assert client.get(f"/accounts/reset-password/{link}/", secure=True).cookies[LINK_COOKIE][
        "secure"
    ]


def test_what_is_left_in_the_address_opens_nothing(client, link):
    page = client.get(f"/accounts/reset-password/{link}/")["Location"]
    assert client.get(page).status_code == 200

    stranger = Client()

    assert stranger.get(page).status_code == 404
    assert stranger.post(page, {"new_password": "another long password"}).status_code == 404
    assert make_user("other").check_password(PASSWORD)


def test_opening_a_link_again_and_again_changes_nothing(client, link):
    before = OneTimeSecret.objects.values().get()

    for _ in range(3):
        client.get(f"/accounts/reset-password/{link}/", follow=True)
        client.head(f"/accounts/reset-password/{link}/")
        client.options(f"/accounts/reset-password/{link}/")

    assert OneTimeSecret.objects.values().get() == before


def test_looking_at_an_unopened_link_asks_the_database_only_whether_there_is_one(
    client, link, django_assert_num_queries
):
    # so that programs that look into mails cost next to nothing
    with django_assert_num_queries(1):
        client.get(f"/accounts/reset-password/{link}/")


@pytest.mark.parametrize(
    "text",
    ["x", "A" * 22, "A" * 63, "A" * 64, "A" * 65, "A" * 5000, "%00" * 22, "ä" * 22, "ä" * 64, "-"],
)
@pytest.mark.parametrize("page", ["confirm-email", "reset-password"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_or_cut_link_gets_a_page_that_offers_a_new_one(client, page, text, method):
    response = getattr(client, method)(f"/accounts/{page}/{text}/", follow=True)

    new = {"confirm-email": "resend-confirmation", "reset-password": "forgot-password"}[page]
    html = response.content.decode()
    assert response.status_code == 404
    assert f'href="/accounts/{new}/"' in html
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("proof", ["", "x", "A" * 43, "ä" * 43, "A" * 8000])
def test_a_forged_cookie_opens_nothing(client, link, proof):
    client.cookies = SimpleCookie({LINK_COOKIE: proof})

    response = client.get(f"/accounts/reset-password/{link.public_id}/")

    assert response.status_code == 404


def test_a_link_of_one_purpose_opens_no_page_of_another(client, link):
    response = client.get(f"/accounts/confirm-email/{link}/", follow=True)

    assert response.status_code == 404


def test_a_used_link_says_that_it_is_used(client):
    user = make_user(confirmed=False)
    link = link_of(issue(CONFIRM_EMAIL, address=user.emails.get()))
    page = client.get(f"/accounts/confirm-email/{link}/")["Location"]
    assert client.post(page, {"answer": "confirm"}).status_code == 302

    for response in (client.get(page), client.post(page, {"answer": "confirm"})):
        assert response.status_code == 410
        assert response.context["reason"] == "used"
        assert response.context["purpose"] == "confirm_email"


def test_two_links_in_one_browser_do_not_disturb_one_another(client):
    pages = []
    for name in ("frida", "diego"):
        address = make_user(name).emails.get()
        link = link_of(issue(RESET_PASSWORD, address=address))
        pages.append(client.get(f"/accounts/reset-password/{link}/")["Location"])

    # the test client sends every cookie everywhere, a browser by its path
    assert pages[0] != pages[1]
    assert client.get(pages[1]).context["secret"].user.username == "diego"


class OwnLoginView(LoginView):
    """As a project writes it that wants to see every request to its login page."""

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)


urlpatterns = [
    path("own-login/", OwnLoginView.as_view(), name="own_login"),
    path("accounts/", include("django_useraccounts.urls")),
]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("page", ["/own-login/", "/accounts/login/", "/accounts/register/"])
def test_a_login_that_is_required_everywhere_lets_strangers_to_its_page(client, settings, page):
    middleware = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]

    assert client.get(page).status_code == 200
    assert client.get("/accounts/profile/").status_code == 302
