"""Roles as a permission of Django REST framework."""

import subprocess
import sys
from base64 import b64encode

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as StockUser
from django.db import connection
from rest_framework.permissions import IsAdminUser

from django_useraccounts.integrations.rest_framework import RolesRequired
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.models import AccountEvent
from django_useraccounts.requirements import Requirement, guarded_names
from django_useraccounts.roles.flows import revoke_role
from django_useraccounts.testing import PASSWORD, lifted_limits, log_in, make_user
from tests.readme import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integrations.urls")]


def basic(user):
    given = b64encode(f"{user.username}:{PASSWORD}".encode()).decode()
    return {"headers": {"authorization": f"Basic {given}"}}


def test_who_has_the_roles_is_let_in(client):
    log_in(client, make_user("frida", roles=["starving", "artist"]))

    response = client.get("/rest/")

    assert (response.status_code, response.json()) == (200, {"welcome": "frida"})


def test_who_lacks_one_is_forbidden(client):
    log_in(client, make_user(roles=["starving"]))

    response = client.get("/rest/")

    assert response.status_code == 403
    assert response.json() == {"detail": "You do not have permission to perform this action."}


@pytest.mark.parametrize("path, status", [("/rest/", 403), ("/rest/basic/", 401)])
def test_a_stranger_gets_what_the_framework_gives(client, path, status):
    # a session has no header that asks for credentials, Basic has
    response = client.get(path)

    assert response.status_code == status
    assert response.json() == {"detail": "Authentication credentials were not provided."}


def test_it_does_not_matter_how_the_framework_knows_the_user(client):
    artist, other = make_user("frida", roles=["starving", "artist"]), make_user("other")

    with lifted_limits():
        assert client.get("/rest/basic/", **basic(artist)).status_code == 200
        assert client.get("/rest/basic/", **basic(other)).status_code == 403
        revoke_role(artist, "artist")
        assert client.get("/rest/basic/", **basic(artist)).status_code == 403


def test_M7_guesses_are_limited_with_the_budget_of_the_page_to_log_in(client):
    frida = make_user("frida", roles=["starving", "artist"])
    for _ in range(5):
        client.post("/accounts/login/", {"identifier": "frida", "password": "wrong"})

    response = client.get("/rest/basic/", **basic(frida))

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    assert response.json()["detail"].startswith("Request was throttled.")


@pytest.mark.django_db(transaction=True)
def test_M7_atomic_requests_do_not_undo_the_count_of_views_that_are_left_out(client, monkeypatch):
    # as the check W040 wants it; the framework undoes what the others have counted
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    frida = make_user("frida", roles=["starving", "artist"])
    wrong = {"headers": {"authorization": f"Basic {b64encode(b'frida:wrong').decode()}"}}

    for _ in range(5):
        assert client.get("/rest/basic/non-atomic/", **wrong).status_code == 401

    assert client.get("/rest/basic/non-atomic/", **basic(frida)).status_code == 429
    assert AccountEvent.objects.filter(kind="login_failed", user=frida).count() == 5


def test_a_closed_account_is_let_in_nowhere_and_stays_closed(client):
    frida = make_user("frida")
    open_to = client.get("/rest/anybody/", **basic(frida)).status_code
    close_account(frida)

    response = client.get("/rest/anybody/", **basic(frida))

    assert (open_to, response.status_code) == (200, 401)
    frida.refresh_from_db()
    assert frida.is_closed


def test_a_form_of_another_site_is_refused_as_by_the_framework():
    from django.test import Client

    client = log_in(Client(enforce_csrf_checks=True), make_user(roles=["starving", "artist"]))

    assert client.post("/rest/").status_code == 403


@pytest.mark.parametrize(
    "path, roles, fields, status",
    [
        ("either", ["artist"], {}, 200),
        ("either", ["programmer"], {}, 200),
        ("either", ["starving"], {}, 403),
        ("both", ["artist", "starving"], {}, 200),
        ("both", ["artist"], {}, 403),
        ("both", ["starving"], {}, 403),
        ("staff-or-artist", ["artist"], {}, 200),
        ("staff-or-artist", [], {"is_staff": True}, 200),
        ("staff-or-artist", [], {}, 403),
        ("staff-or-artist", ["artist"], {"confirmed": False}, 403),
    ],
)
def test_it_combines_with_other_permissions(client, path, roles, fields, status):
    log_in(client, make_user(roles=roles, **fields))

    assert client.get(f"/rest/{path}/").status_code == status


def test_it_cannot_be_denied():
    with pytest.raises(TypeError, match="Roles cannot be denied"):
        ~RolesRequired("artist")


def test_without_brackets_nobody_is_let_in(client):
    log_in(client, make_user(roles=["starving", "artist"], is_superuser=True, is_staff=True))

    with pytest.raises(ValueError, match="Name at least one role"):
        client.get("/rest/forgotten-brackets/")


@pytest.mark.parametrize("user", [None, AnonymousUser(), StockUser(username="stock"), object()])
def test_who_is_no_user_of_the_accounts_is_refused(rf, user):
    request = rf.get("/")
    request.user = user

    assert not RolesRequired("artist").has_permission(request, None)


@pytest.mark.parametrize(
    "needs, error",
    [((), ValueError), (([],), ValueError), (([["a"]],), TypeError), ((7,), TypeError),
     ((None,), TypeError), ((b"a",), TypeError), (("A Role",), ValueError),
     ((IsAdminUser,), TypeError)],
)  # fmt: skip
def test_needs_that_cannot_be_meant_raise_where_they_are_written(needs, error):
    with pytest.raises(error):
        RolesRequired(*needs)


def test_a_requirement_is_a_need_here_too(rf):
    request = rf.get("/")
    request.user = make_user(roles=["artist"])

    assert RolesRequired(Requirement("artist") | Requirement("chief")).has_permission(request, None)
    assert not RolesRequired(Requirement("chief"), "artist").has_permission(request, None)


def test_its_roles_are_known_to_the_check():
    RolesRequired("known-to-the-check", ["artist"])

    (place,) = guarded_names.pop("known-to-the-check")
    assert place.startswith(f"{__name__}:")


def test_a_setting_can_name_its_classes():
    # In another process: the framework reads them once, while its views are imported.
    classes = {
        "DEFAULT_AUTHENTICATION_CLASSES": [f"{RolesRequired.__module__}.BasicAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    }
    script = (
        "import django; from django.conf import settings; settings.REST_FRAMEWORK = "
        f"{classes}; django.setup(); import {RolesRequired.__module__}; import rest_framework.views"
    )

    imported = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True)

    assert imported.returncode == 0, imported.stderr.decode()


def test_a_guarded_answer_costs_two_queries(client, django_assert_num_queries):
    log_in(client, make_user(roles=["starving", "artist"]))

    with django_assert_num_queries(2):
        client.get("/rest/")
