"""Roles are granted and revoked."""

from datetime import timedelta

from django.utils import timezone

from django_useraccounts.models import Role
from django_useraccounts.roles.flows import (
    extend_grant,
    grant_role,
    remind_of_ends,
    rename_role,
    revoke_grant,
    revoke_role,
    sync_roles,
)
from django_useraccounts.testing import make_user
from tests.faults.harness import Act, case


@case(grant_role)
def for_a_time() -> Act:
    maria, boss = make_user("maria"), make_user("boss", is_superuser=True)
    Role.objects.create(name="artist")
    until = timezone.now() + timedelta(days=1)
    return lambda: grant_role(maria, "artist", until=until, by=boss, reason="paints")


@case(extend_grant)
def for_another_day() -> Act:
    maria, boss = make_user("maria", roles=["artist"]), make_user("boss", is_superuser=True)
    until = timezone.now() + timedelta(days=1)
    grant = grant_role(maria, "artist", until=until)
    return lambda: extend_grant(grant, until=until + timedelta(days=1), by=boss)


@case(revoke_role)
def one_in_force_and_one_of_tomorrow() -> Act:
    maria = make_user("maria", roles=["artist"])
    grant_role(maria, "artist", since=timezone.now() + timedelta(days=1))
    return lambda: revoke_role(maria, "artist")


@case(revoke_grant)
def one_of_two() -> Act:
    maria = make_user("maria", roles=["artist"])
    grant = grant_role(maria, "artist")
    return lambda: revoke_grant(grant)


@case(rename_role)
def one_that_somebody_has() -> Act:
    boss = make_user("boss", is_superuser=True)
    make_user("maria", roles=["artist"])
    role = Role.objects.get()
    return lambda: rename_role(role, "painter", by=boss)


@case(sync_roles, ROLES={"artist": "Artist", "member": {"permissions": ["sessions.add_session"]}})
def one_that_is_there_and_one_that_is_new() -> Act:
    Role.objects.create(name="artist")
    return sync_roles


@case(remind_of_ends)
def one_that_ends_tomorrow() -> Act:
    maria = make_user("maria", roles=["artist"])
    member = Role.objects.create(name="member")
    grant_role(maria, member, until=timezone.now() + timedelta(days=1))
    return remind_of_ends
