"""Who is it: one statement for the user of a session, one hash for every attempt to log in."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts import backends
from django_useraccounts.backends import AccountsBackend, start_session
from django_useraccounts.compiled import _compiled_once, compiled
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.models import Role, RoleGrant, User, UserEmail, UserManager
from django_useraccounts.policy import Policy
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import PASSWORD, lifted_limits, log_in, make_user

from .doubles import CountingArgon2

pytestmark = pytest.mark.django_db


def loaded(user):
    return AccountsBackend().get_user(user.pk)


def grant(user, name, *, starts, ends=None):
    """Write a grant whose times are hours from now."""
    now = timezone.now()
    RoleGrant.objects.create(
        user=user,
        role=Role.objects.get_or_create(name=name)[0],
        starts_at=now + timedelta(hours=starts),
        ends_at=now + timedelta(hours=ends) if ends is not None else None,
    )


# The user of a session


@pytest.mark.parametrize("roles", [[], ["artist"], [f"role-{number}" for number in range(30)]])
@pytest.mark.parametrize("confirmed", [True, False])
def test_the_user_comes_with_roles_and_proof_in_one_statement(
    roles, confirmed, django_assert_num_queries
):
    user = make_user(roles=roles, confirmed=confirmed, first_name="María", is_staff=True)

    with django_assert_num_queries(1):
        same = loaded(user)
        assert same.is_loaded
        assert same.role_names == set(roles)
        assert same.has_confirmed_email is confirmed

    for field in User._meta.concrete_fields:
        assert getattr(same, field.attname) == getattr(User.objects.get(), field.attname)
    assert not same._state.adding
    assert same._state.db == "default"


def test_only_roles_in_force_are_loaded():
    user = make_user()
    grant(user, "past", starts=-2, ends=-1)
    grant(user, "running", starts=-2, ends=1)
    grant(user, "open", starts=-2)
    grant(user, "future", starts=1)
    grant(user, "future-and-past", starts=1, ends=2)
    grant(user, "future-and-past", starts=-2, ends=-1)

    assert loaded(user).role_names == {"running", "open"}


def test_a_role_that_is_granted_twice_over_is_one_role():
    user = make_user(roles=["artist"])
    grant(user, "artist", starts=-5, ends=5)
    grant(user, "artist", starts=-1)

    assert loaded(user).role_names == {"artist"}


def test_the_roles_of_others_are_not_loaded():
    make_user("other", roles=["chief"])

    assert loaded(make_user()).role_names == frozenset()


def test_several_proved_addresses_make_no_second_row():
    user = make_user(roles=["artist", "starving"])
    UserEmail.objects.add_claim(user, "second@example.com")
    claim = UserEmail.objects.add_claim(user, "third@example.com")
    UserEmail.objects.filter(pk=claim.pk).update(verified_key=claim.email_key)

    assert loaded(user).has_confirmed_email
    assert loaded(user).role_names == {"artist", "starving"}


def test_inactive_and_unknown_users_have_no_session():
    user = make_user(roles=["artist"])
    User.objects.update(is_active=False)

    assert loaded(user) is None
    assert AccountsBackend().get_user(user.pk + 1) is None
    assert AccountsBackend().get_user(-1) is None


def test_the_key_of_a_session_may_be_a_string():
    user = make_user()

    assert AccountsBackend().get_user(str(user.pk)) == user


def test_async_views_get_the_same_user():
    user = make_user(roles=["artist"])

    same = async_to_sync(AccountsBackend().aget_user)(user.pk)

    assert same == user
    assert same.role_names == {"artist"}


def test_a_revoked_role_is_refused_at_the_very_next_request(client):
    user = make_user(roles=["starving", "artist"])
    log_in(client, user)
    assert client.get("/guards/function/").status_code == 200

    revoke_role(user, "artist")

    assert client.get("/guards/function/").status_code == 403
    grant_role(user, "artist")
    assert client.get("/guards/function/").status_code == 200


def test_a_user_who_is_switched_off_is_out_at_the_very_next_request(client):
    log_in(client, make_user(roles=["starving", "artist"]))
    assert client.get("/guards/function/").status_code == 200

    User.objects.update(is_active=False)

    assert client.get("/guards/function/").status_code == 302
    assert not get_user(client.get("/accounts/login/").wsgi_request).is_authenticated


def test_the_statement_is_compiled_once_and_asks_the_moment_anew():
    user = make_user()
    first = compiled(backends._of_session, User)
    grant(user, "soon", starts=0.0001)  # in 0.36 seconds
    before = loaded(user).role_names

    RoleGrant.objects.update(starts_at=timezone.now())

    assert before == frozenset()
    assert loaded(user).role_names == {"soon"}
    assert compiled(backends._of_session, User) is first


def test_the_manager_of_a_project_decides_who_there_is(monkeypatch):
    # and by the moment, as one does that asks for which site a request is
    gone = ["left"]

    class Present(UserManager):
        def get_queryset(self):
            return super().get_queryset().exclude(last_name__in=gone).order_by("pk")

    def found(user):
        logged_in = authenticate(None, username=user.username, password=PASSWORD)
        by_address = authenticate(None, username=user.emails.get().email, password=PASSWORD)
        assert logged_in == by_address == loaded(user)
        return logged_in

    manager = Present()
    manager.model, manager.name = User, "present"
    monkeypatch.setitem(User._meta.__dict__, "default_manager", manager)
    stays, leaves = make_user("stays"), make_user("leaves", last_name="left")
    assert found(stays) == stays
    assert found(leaves) is None
    gone.clear()
    assert found(leaves) == leaves


def test_columns_are_converted_as_the_orm_converts_them(monkeypatch):
    # a column with a converter of its own, as a project's user model may have
    class Loud(models.CharField):
        def from_db_value(self, value, expression, connection):
            return value.upper()

    field = User._meta.get_field("first_name")
    monkeypatch.setattr(field, "__class__", Loud)
    _compiled_once.cache_clear()
    user = make_user(first_name="maria", roles=["artist", "starving"])

    try:
        same = loaded(user)
        assert authenticate(None, username=user.username, password=PASSWORD).first_name == "MARIA"
    finally:
        _compiled_once.cache_clear()

    assert same.first_name == "MARIA"
    assert same.role_names == {"artist", "starving"}
    assert same.date_joined == User.objects.get().date_joined


def test_permissions_and_groups_stay_those_of_django():
    user = make_user()
    permission = Permission.objects.first()
    user.user_permissions.add(permission)

    name = f"{permission.content_type.app_label}.{permission.codename}"
    assert loaded(user).has_perm(name)


# Username or address, and password


@pytest.mark.parametrize(
    "identifier",
    ["Frida", "frida", " FRIDA ", "frida@example.com", "Frida@EXAMPLE.com", " frida@example.com "],
)
def test_username_and_address_are_taken_in_any_case(identifier):
    user = make_user("Frida", "frida@example.com")

    assert authenticate(None, username=identifier, password=PASSWORD) == user


@pytest.mark.parametrize("identifier", ["frida@example.com", "mıke@example.com", "frıda", "zoe"])
def test_a_look_alike_is_somebody_else(identifier):
    make_user("frida", "f@example.com")
    make_user("zoë", "mike@example.com")

    assert authenticate(None, username=identifier, password=PASSWORD) is None


def test_an_address_that_nobody_has_proved_logs_nobody_in():
    user = make_user("frida", "frida@example.com", confirmed=False)

    assert authenticate(None, username="frida@example.com", password=PASSWORD) is None
    assert authenticate(None, username="frida", password=PASSWORD) == user


def test_of_two_who_claim_an_address_the_one_who_proved_it_logs_in():
    make_user("stranger", "frida@example.com", "another password", confirmed=False)
    owner = make_user("frida", "frida@example.com")

    assert authenticate(None, username="frida@example.com", password=PASSWORD) == owner
    assert authenticate(None, username="frida@example.com", password="another password") is None


@pytest.mark.parametrize("credentials", [{}, {"username": "frida"}, {"password": PASSWORD}])
def test_without_username_or_password_nothing_is_tried(credentials, django_assert_num_queries):
    make_user("frida")

    with django_assert_num_queries(0):
        assert AccountsBackend().authenticate(None, **credentials) is None


def test_credentials_of_another_kind_are_for_another_backend():
    assert authenticate(None, token="abc") is None


def test_async_views_log_in_by_the_same_rules():
    user = make_user("frida")

    assert async_to_sync(aauthenticate)(None, username="frida", password=PASSWORD) == user
    assert async_to_sync(AccountsBackend().aauthenticate)(None, "frida", "wrong") is None


class NoMallory(Policy):
    def may_log_in(self, user, *, request):
        return user.username != "mallory"


@pytest.mark.parametrize(
    "username, password, comes_in",
    [
        ("frida", PASSWORD, True),
        ("frida", "wrong", False),
        ("frida", "", False),
        ("frida", "x" * 100_000, False),
        ("frida@example.com", PASSWORD, True),
        ("frida@example.com", "wrong", False),
        ("nobody", PASSWORD, False),
        ("nobody@example.com", PASSWORD, False),
        ("no address @@", PASSWORD, False),
        ("", PASSWORD, False),
        ("x" * 100_000, PASSWORD, False),
        ("claim@example.com", PASSWORD, False),
        # lone surrogates and NUL, as JSON can carry them
        ("\ud800", PASSWORD, False),
        ("frida", "\ud800", False),
        ("\0", PASSWORD, False),
        ("frida\0", PASSWORD, False),
        ("frida@exam\0ple.com", PASSWORD, False),
        ("frida", "\0", False),
        ("inactive", PASSWORD, False),
        ("inactive", "wrong", False),
        ("inactive@example.com", PASSWORD, False),
        ("passwordless", PASSWORD, False),
        ("passwordless", "", False),
        ("passwordless@example.com", PASSWORD, False),
        ("mallory", PASSWORD, False),
        ("unconfirmed", PASSWORD, True),
    ],
)
def test_every_attempt_costs_exactly_one_hash_and_three_queries(
    settings, set_conf, username, password, comes_in
):
    settings.PASSWORD_HASHERS = ["tests.ground.doubles.CountingArgon2"]
    set_conf(POLICY=f"{__name__}.NoMallory")
    make_user("frida")
    make_user("inactive", is_active=False)
    make_user("passwordless", password=None)
    make_user("mallory")
    make_user("unconfirmed", "claim@example.com", confirmed=False)
    CountingArgon2.hashes = 0

    with CaptureQueriesContext(connection) as queries:
        user = authenticate(None, username=username, password=password)

    assert (user is not None) is comes_in
    assert CountingArgon2.hashes == 1
    # look up, count, and forgive or write down
    assert len(queries) == 3


def test_too_many_attempts_are_refused_for_known_and_unknown_alike(settings, rf):
    settings.PASSWORD_HASHERS = ["tests.ground.doubles.CountingArgon2"]
    make_user("frida")
    request = rf.post("/")

    for username in ("frida", "nobody", "nobody@example.com"):
        for _ in range(5):
            assert authenticate(request, username=username, password="wrong") is None
        CountingArgon2.hashes = 0
        with pytest.raises(TooManyAttempts):
            authenticate(request, username=username, password=PASSWORD)
        assert CountingArgon2.hashes == 0


def test_spellings_of_one_name_share_one_limit():
    make_user("frida")

    for username in ("frida", "FRIDA", " Frida ", "ｆrida") * 3:
        try:
            authenticate(None, username=username, password="wrong")
        except TooManyAttempts:
            return
    pytest.fail("Twelve attempts were let through.")


def test_a_login_that_succeeds_is_not_counted():
    make_user("frida")

    for _ in range(30):
        assert authenticate(None, username="frida", password=PASSWORD)


def test_a_login_that_succeeds_forgives_no_failure_of_others():
    make_user("frida")
    for _ in range(10):
        authenticate(None, username="frida", password="wrong")

    with pytest.raises(TooManyAttempts):
        authenticate(None, username="frida", password=PASSWORD)


def test_limits_can_be_lifted_for_a_test():
    make_user("frida")

    with lifted_limits():
        for _ in range(30):
            authenticate(None, username="frida", password="wrong")

    assert authenticate(None, username="frida", password=PASSWORD)


# A session is started by the backend that the project lists


class OwnBackend(AccountsBackend):
    """A project's own, as its settings may name it."""


def test_a_session_is_of_the_backend_that_the_project_lists(settings, client):
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.OwnBackend",
    ]
    request = client.get("/accounts/login/").wsgi_request

    start_session(request, make_user())

    assert request.session["_auth_user_backend"] == f"{__name__}.OwnBackend"
    assert request.user.is_authenticated


def test_without_our_backend_no_session_is_started(settings, rf):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

    with pytest.raises(ImproperlyConfigured) as caught:
        start_session(rf.get("/"), make_user())

    assert str(caught.value) == "AUTHENTICATION_BACKENDS has no AccountsBackend."
