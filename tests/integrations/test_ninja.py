"""Roles as a way to authenticate of django-ninja."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from django_useraccounts.integrations.ninja import RolesRequired
from django_useraccounts.requirements import guarded_names
from django_useraccounts.roles.flows import revoke_role
from django_useraccounts.testing import log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integrations.urls")]

PATHS = ["/ninja/suppers", "/ninja/async-suppers"]


@pytest.fixture(params=[Client, AsyncClient])
def visit(request):
    """Ask as a program does, over either kind of server."""

    def ask(path, user=None):
        client = request.param()
        if user:
            client.cookies = log_in(Client(), user).cookies
        get = client.get if request.param is Client else async_to_sync(client.get)
        response = get(path)
        return response.status_code, response.json()

    return ask


@pytest.mark.parametrize("path", PATHS)
def test_who_has_the_roles_is_let_in(visit, path):
    frida = make_user("frida", roles=["starving", "artist"])

    assert visit(path, frida) == (200, {"welcome": "frida"})


@pytest.mark.parametrize("path", PATHS)
def test_others_are_told_what_is_in_the_way(visit, path):
    assert visit(path) == (401, {"detail": "Unauthorized"})
    assert visit(path, make_user("a", roles=["starving"])) == (403, {"detail": "forbidden"})
    waiting = make_user("b", roles=["starving", "artist"], confirmed=False)
    assert visit(path, waiting) == (403, {"detail": "email_not_confirmed"})


@pytest.mark.parametrize("path", PATHS)
def test_a_role_that_was_revoked_is_refused_at_the_next_request(visit, path):
    frida = make_user("frida", roles=["starving", "artist"])
    assert visit(path, frida)[0] == 200

    revoke_role(frida, "artist")

    assert visit(path, frida)[0] == 403


@pytest.mark.parametrize("path, status", [("order", 403), ("order-from-elsewhere", 200)])
def test_a_form_of_another_site_is_refused_unless_it_is_meant(path, status):
    client = Client(enforce_csrf_checks=True)
    log_in(client, make_user(roles=["starving", "artist"]))

    assert client.post(f"/ninja/{path}").status_code == status


def test_a_form_of_the_site_itself_is_let_in():
    client = Client(enforce_csrf_checks=True)
    log_in(client, make_user(roles=["starving", "artist"]))
    client.get("/accounts/change-password/")
    token = client.cookies["csrftoken"].value

    response = client.post("/ninja/order", headers={"x-csrftoken": token})

    assert (response.status_code, response.json()) == (200, "ordered")


@pytest.mark.parametrize(
    "needs, error",
    [((), ValueError), (([],), ValueError), (([["a"]],), TypeError), ((7,), TypeError),
     ((None,), TypeError), ((b"a",), TypeError), (("A Role",), ValueError)],
)  # fmt: skip
def test_needs_that_cannot_be_meant_raise_where_they_are_written(needs, error):
    with pytest.raises(error):
        RolesRequired(*needs)


def test_its_roles_are_known_to_the_check():
    RolesRequired("known-to-the-check", ["artist"])

    (place,) = guarded_names.pop("known-to-the-check")
    assert place.startswith(f"{__name__}:")


def test_a_guarded_answer_costs_two_queries(client, django_assert_num_queries):
    log_in(client, make_user(roles=["starving", "artist"]))

    with django_assert_num_queries(2):
        client.get("/ninja/suppers")
