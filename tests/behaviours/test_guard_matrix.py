"""Who sees which page: every visitor, with every role, at every guard, as one table of words."""

from urllib.parse import quote

import pytest
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.views import View

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    confirmed_email_required,
    roles_accepted,
    roles_required,
)
from django_useraccounts.mixins import (
    AllowUnconfirmedEmailMixin,
    ConfirmedEmailRequiredMixin,
    RolesAcceptedMixin,
    RolesRequiredMixin,
)
from django_useraccounts.testing import log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.urls(__name__)]

# page: the page. login: sent to log in. confirm: sent to confirm the address. forbidden: refused.
# login*: Django's own guard sends programs to the page for people; ours answer them in JSON.
# Django's login_required lets in who has yet to confirm; confirmed_email_required does not.
TABLE = """
visitors                    anonymous|                           unconfirmed|                             confirmed
roles                            none|     none         A         B       A+B|     none         A         B       A+B
plain                            page|     page      page      page      page|     page      page      page      page
login_required                 login*|     page      page      page      page|     page      page      page      page
confirmed_email_required        login|  confirm   confirm   confirm   confirm|     page      page      page      page
accepted                        login|  confirm   confirm   confirm   confirm|forbidden      page      page      page
required                        login|  confirm   confirm   confirm   confirm|forbidden forbidden forbidden      page
unconfirmed                     login|     page      page      page      page|     page      page      page      page
unconfirmed_above_accepted      login|forbidden      page      page      page|forbidden      page      page      page
unconfirmed_below_accepted      login|forbidden      page      page      page|forbidden      page      page      page
unconfirmed_above_required      login|forbidden forbidden forbidden      page|forbidden forbidden forbidden      page
unconfirmed_below_required      login|forbidden forbidden forbidden      page|forbidden forbidden forbidden      page
"""
A, B = "artist", "editor"
ROLES = {"none": [], "A": [A], "B": [B], "A+B": [A, B]}
VISITORS = ["anonymous", *(f"{who} {r}" for who in ("unconfirmed", "confirmed") for r in ROLES)]
LINES = [line.replace("|", " ").split() for line in TABLE.strip().splitlines()[2:]]
EXPECTED = {
    visitor: {name: words[column] for name, *words in LINES}
    for column, visitor in enumerate(VISITORS)
}


def page(request):
    return HttpResponse(f"Welcome, {request.user}.")


FUNCTIONS = {
    "plain": page,
    "login_required": login_required(page),
    "confirmed_email_required": confirmed_email_required(page),
    "accepted": roles_accepted(A, B)(page),
    "required": roles_required(A, B)(page),
    "unconfirmed": allow_unconfirmed_email(page),
    "unconfirmed_above_accepted": allow_unconfirmed_email(roles_accepted(A, B)(page)),
    "unconfirmed_below_accepted": roles_accepted(A, B)(allow_unconfirmed_email(page)),
    "unconfirmed_above_required": allow_unconfirmed_email(roles_required(A, B)(page)),
    "unconfirmed_below_required": roles_required(A, B)(allow_unconfirmed_email(page)),
}


class Page(View):
    def get(self, request):
        return page(request)


def mixing(*mixins, **roles):
    return type("Mixed", (*mixins, Page), roles)


BOTH = (A, B)
UNCONFIRMED, ACCEPTED, REQUIRED = AllowUnconfirmedEmailMixin, RolesAcceptedMixin, RolesRequiredMixin
CLASSES = {
    "plain": Page,
    "login_required": mixing(LoginRequiredMixin),
    "confirmed_email_required": mixing(ConfirmedEmailRequiredMixin),
    "accepted": mixing(ACCEPTED, roles_accepted=BOTH),
    "required": mixing(REQUIRED, roles_required=BOTH),
    "unconfirmed": mixing(UNCONFIRMED),
    "unconfirmed_above_accepted": mixing(UNCONFIRMED, ACCEPTED, roles_accepted=BOTH),
    "unconfirmed_below_accepted": mixing(ACCEPTED, UNCONFIRMED, roles_accepted=BOTH),
    "unconfirmed_above_required": mixing(UNCONFIRMED, REQUIRED, roles_required=BOTH),
    "unconfirmed_below_required": mixing(REQUIRED, UNCONFIRMED, roles_required=BOTH),
}

urlpatterns = [
    *(path(f"functions/{name}/", view) for name, view in FUNCTIONS.items()),
    *(path(f"classes/{name}/", view.as_view()) for name, view in CLASSES.items()),
    path("accounts/", include("django_useraccounts.urls")),
]


def in_a_word(response, url):
    """Return the word of the table for what a browser gets."""
    if response.status_code != 302:
        return {200: "page", 403: "forbidden"}[response.status_code]
    helper, _, query = response["Location"].partition("?")
    assert query == f"next={quote(url)}"
    return {"/accounts/login/": "login", "/accounts/emails/": "confirm"}[helper]


def in_a_word_for_programs(response, url):
    """Return the word of the table for what a client gets that prefers JSON."""
    if response.status_code == 302:
        return f"{in_a_word(response, url)}*"
    if response.status_code == 200:
        return "page"
    return {
        (401, "login_required"): "login",
        (403, "email_not_confirmed"): "confirm",
        (403, "forbidden"): "forbidden",
    }[response.status_code, response.json()["error"]]


def user_of(visitor):
    """Make the user of a column; None is the anonymous visitor."""
    if visitor == "anonymous":
        return None
    who, roles = visitor.split()
    return make_user("maria", confirmed=who == "confirmed", roles=ROLES[roles])


def answers(client, views, accept):
    """Return what the visitor gets, in words; a page that shows the user costs two queries."""
    words = {}
    for name in FUNCTIONS:
        url = f"/{views}/{name}/"
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url, headers={"accept": accept})
        read = in_a_word_for_programs if accept == "application/json" else in_a_word
        words[name] = read(response, url)
        assert (b"Welcome" in response.content) is (words[name] == "page")
        if words[name] == "page" and client.cookies:
            assert len(queries) == 2, [query["sql"] for query in queries]
    return words


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("before_login", [True, False], ids=["confirm first", "confirm later"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("views", ["functions", "classes"])
@pytest.mark.parametrize("visitor", VISITORS)
def test_every_visitor_gets_what_the_table_says(
    client, set_conf, visitor, views, accept, before_login
):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=before_login)
    user = user_of(visitor)
    if user:
        log_in(client, user)

    words = answers(client, views, accept)

    expected = EXPECTED[visitor]
    if accept == "text/html":
        expected = {name: word.rstrip("*") for name, word in expected.items()}
    assert words == expected


@pytest.mark.parametrize("roles", ROLES)
def test_where_people_have_no_addresses_nobody_is_asked_to_confirm_one(client, set_conf, roles):
    log_in(client, user_of(f"unconfirmed {roles}"))

    set_conf(EMAIL="off")

    for views in ("functions", "classes"):
        assert answers(client, views, "text/html") == EXPECTED[f"confirmed {roles}"]


def test_the_table_has_a_line_for_every_view_and_a_word_for_every_visitor():
    assert [line[0] for line in LINES] == list(FUNCTIONS) == list(CLASSES)
    assert {len(line) for line in LINES} == {1 + len(VISITORS)}
