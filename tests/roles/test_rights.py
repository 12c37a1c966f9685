"""Who may give and take which roles, in code as in every flow; and what roles carry."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.administration.flows import add_user
from django_useraccounts.backends import AccountsBackend
from django_useraccounts.errors import MayNotGrant
from django_useraccounts.models import AccountEvent, Role, RoleGrant, User
from django_useraccounts.policy import Policy
from django_useraccounts.registration.flows import register
from django_useraccounts.roles.flows import extend_grant, grant_role, revoke_grant, revoke_role
from django_useraccounts.roles.rights import may_grant, roles_to_give
from django_useraccounts.testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class Everybody(Policy):
    def may_grant(self, user, role_names):
        return True


class Newcomers(Policy):
    def default_roles(self, user):
        return ("artist", "unheard-of")


class Careless(Policy):
    def default_roles(self, user):
        return "artist"


@pytest.fixture(autouse=True)
def artist():
    return Role.objects.create(name="artist")


def fresh(user):
    return User.objects.get(pk=user.pk)


def permission(name):
    label, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


def make_clerk(*roles, username="clerk", permissions=("useraccounts.add_rolegrant",), **fields):
    clerk = make_user(username, roles=roles, **fields)
    clerk.user_permissions.set(map(permission, permissions))
    return fresh(clerk)


# Nobody grants above themselves


@pytest.mark.parametrize(
    "clerk, may",
    [
        (lambda: make_clerk("artist"), True),
        (lambda: make_clerk("artist", is_superuser=True), True),
        (lambda: make_clerk(is_superuser=True), True),
        (make_clerk, False),
        (lambda: make_clerk("member"), False),
        (lambda: make_clerk("artist", permissions=()), False),
        (lambda: make_clerk("artist", is_active=False), False),
        (lambda: make_clerk(is_superuser=True, is_active=False), False),
        (lambda: make_clerk(is_superuser=True, erase_at=timezone.now() + DAY), False),
    ],
)
def test_who_may_give_a_role(clerk, may, artist):
    clerk, frida = clerk(), make_user("frida")

    if may:
        grant_role(frida, "artist", by=clerk)
    else:
        with pytest.raises(MayNotGrant):
            grant_role(frida, "artist", by=clerk)

    assert fresh(frida).has_roles("artist") is may
    assert AccountEvent.objects.filter(kind="role_granted", user=frida).exists() is may
    assert (artist in roles_to_give(clerk)) is may


@pytest.mark.parametrize(
    "take",
    [
        lambda grant, clerk: revoke_grant(grant, by=clerk),
        lambda grant, clerk: revoke_role(grant.user, grant.role, by=clerk),
        lambda grant, clerk: extend_grant(grant, until=None, by=clerk),
    ],
    ids=["revoke_grant", "revoke_role", "extend_grant"],
)
def test_who_may_not_give_a_role_may_not_take_or_extend_it(take):
    grant = grant_role(make_user("frida"), "artist", until=timezone.now() + DAY)

    with pytest.raises(MayNotGrant):
        take(grant, make_clerk())

    assert RoleGrant.objects.in_force().get() == grant
    take(grant, make_clerk("artist", username="senior"))


def test_nobody_gives_a_role_to_oneself(set_conf):
    set_conf(POLICY=f"{__name__}.Everybody")
    clerk = make_clerk()

    with pytest.raises(MayNotGrant):
        grant_role(clerk, "artist", by=clerk)

    assert not fresh(clerk).has_roles("artist")


def test_everybody_may_give_up_a_role_of_their_own():
    frida = make_user("frida", roles=["artist"])

    assert revoke_role(frida, "artist", by=frida) == 1


def test_the_site_itself_gives_what_it_likes():
    assert grant_role(make_user(), "artist").granted_by is None


@pytest.mark.parametrize("has_permission", [True, False])
def test_whatever_policy_says_nobody_gives_a_permission_that_they_lack(
    set_conf, artist, has_permission
):
    set_conf(POLICY=f"{__name__}.Everybody")
    artist.permissions.add(permission("useraccounts.delete_user"))
    held = ("useraccounts.delete_user",) if has_permission else ()
    clerk = make_clerk(permissions=held)

    assert may_grant(clerk, [artist]) is has_permission
    assert (artist in roles_to_give(clerk)) is has_permission
    if not has_permission:
        with pytest.raises(MayNotGrant):
            grant_role(make_user("frida"), "artist", by=clerk)


def test_to_offer_a_thousand_roles_costs_what_one_costs(django_assert_max_num_queries):
    Role.objects.bulk_create(Role(name=f"role-{n}", look=f"role-{n}") for n in range(1000))
    boss = make_user("boss", is_superuser=True)

    with django_assert_max_num_queries(5):
        assert len(roles_to_give(boss)) == 1001


# Django's permissions


@pytest.fixture
def painter(artist):
    artist.permissions.add(permission("useraccounts.view_user"))
    return make_user("painter", roles=["artist"])


def test_a_role_carries_permissions(painter):
    assert fresh(painter).has_perm("useraccounts.view_user")
    assert fresh(painter).has_module_perms("useraccounts")
    assert fresh(painter).get_group_permissions() == {"useraccounts.view_user"}
    assert not fresh(painter).has_perm("useraccounts.delete_user")
    assert not make_user("other").has_perm("useraccounts.view_user")


def test_permissions_by_roles_cost_no_query(painter):
    def cost(user):
        with CaptureQueriesContext(connection) as queries:
            assert user.has_perm("useraccounts.view_user")
            assert not user.has_perm("useraccounts.delete_user")
        return len(queries)

    own = make_user("own")
    own.user_permissions.add(permission("useraccounts.view_user"))

    # Two, those of Django's own backend: the user's, and those of groups.
    assert cost(fresh(painter)) == cost(fresh(own)) == 2


def test_a_permission_goes_with_the_role(painter):
    painter = fresh(painter)
    assert painter.has_perm("useraccounts.view_user")

    revoke_role(painter, "artist")

    assert not painter.has_perm("useraccounts.view_user")
    assert not fresh(painter).has_perm("useraccounts.view_user")


@pytest.mark.parametrize(
    "fields", [{"is_active": False}, {"erase_at": timezone.now() + DAY}], ids=["off", "closed"]
)
def test_who_is_not_here_has_no_permission_by_a_role(painter, fields):
    User.objects.filter(pk=painter.pk).update(**fields)

    assert not fresh(painter).has_perm("useraccounts.view_user")


@pytest.mark.parametrize("since, until", [(-2, -1), (1, 2)])
def test_a_role_that_is_not_in_force_carries_nothing(artist, since, until):
    artist.permissions.add(permission("useraccounts.view_user"))
    now, user = timezone.now(), make_user()

    grant_role(user, "artist", since=now + since * DAY, until=now + until * DAY)

    assert not fresh(user).has_perm("useraccounts.view_user")


def test_who_has_a_permission_is_found_by_roles_too(painter, artist):
    make_user("off", roles=["artist"], is_active=False)
    make_user("closed", roles=["artist"], erase_at=timezone.now() + DAY)
    make_user("other")
    own = make_user("own")
    own.user_permissions.add(permission("useraccounts.view_user"))
    boss = make_user("boss", is_superuser=True)
    backend = AccountsBackend()

    for perm in ("useraccounts.view_user", permission("useraccounts.view_user")):
        assert set(backend.with_perm(perm)) == {painter, own, boss}
        assert set(backend.with_perm(perm, include_superusers=False)) == {painter, own}
        assert set(backend.with_perm(perm, is_active=None)) == {painter, own, boss}
        assert set(backend.with_perm(perm, is_active=False)) == set()
        assert set(backend.with_perm(perm, obj=artist)) == set()
    assert set(backend.with_perm("useraccounts.delete_user")) == {boss}


def test_the_groups_of_django_count_beside_roles(painter, django_user_model):
    from django.contrib.auth.models import Group

    group = Group.objects.create(name="clerks")
    group.permissions.add(permission("useraccounts.change_user"))
    painter.groups.add(group)

    assert fresh(painter).get_all_permissions() == {
        "useraccounts.view_user",
        "useraccounts.change_user",
    }


# Roles of newcomers


def test_a_new_user_has_the_roles_that_policy_gives(set_conf, caplog):
    set_conf(POLICY=f"{__name__}.Newcomers")

    made = register("frida", email="frida@example.com", password=PASSWORD).user
    added = add_user("ada", email="ada@example.com")

    for user in (made, added):
        assert fresh(user).role_names == {"artist"}
        assert user.role_grants.get().source == "default"
    # A name that is missing keeps nobody from registering.
    assert "names “unheard-of”, and there is no such role" in caplog.text


def test_a_string_in_the_place_of_a_list_is_told_as_such_and_gives_no_role(set_conf, caplog):
    set_conf(POLICY=f"{__name__}.Careless")

    made = register("frida", email="frida@example.com", password=PASSWORD).user

    assert fresh(made).role_names == frozenset()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "Policy.default_roles returns the string “artist”: it has to return a list of names."
    ]


def test_by_default_a_new_user_has_no_role():
    made = register("frida", email="frida@example.com", password=PASSWORD).user

    assert fresh(made).role_names == frozenset()
