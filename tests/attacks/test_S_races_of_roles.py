"""S. Races about roles: given, extended, taken and reminded of at one moment."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone

from django_useraccounts.errors import GrantOver
from django_useraccounts.models import AccountEvent, OutgoingMail, Role, RoleGrant
from django_useraccounts.roles.flows import (
    extend_grant,
    grant_role,
    remind_of_ends,
    revoke_grant,
    revoke_role,
    sync_roles,
)
from django_useraccounts.testing import make_user
from tests.attacks.races import at_once
from tests.attacks.test_S_races import repeatedly, surfers

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()
DAY = timedelta(days=1)


def rounds():
    """Yield a member whose role ends in three days, once for each repetition of a race."""
    clear()
    for _ in repeatedly():
        maria = make_user("maria")
        role, _is_new = Role.objects.get_or_create(name="member")
        yield grant_role(maria, role, until=timezone.now() + 3 * DAY)
        clear()


def clear():
    OutgoingMail.objects.all().delete()
    RoleGrant.objects.all().delete()
    Role.objects.all().delete()
    User.objects.all().delete()


def calling(flow, *args, refusals=(), **kwargs):
    """Call a flow with a connection of its own; return what it returns, or its refusal."""

    def call():
        try:
            return flow(*args, **kwargs)
        except refusals as refusal:
            return refusal
        finally:
            connections.close_all()

    return call


def events(kind):
    return AccountEvent.objects.filter(kind=kind).count()


def test_S_a_role_that_is_taken_while_it_is_extended_is_taken():
    for grant in rounds():
        later = timezone.now() + 30 * DAY

        extended, revoked = at_once(
            calling(extend_grant, grant, until=later, refusals=GrantOver),
            calling(revoke_grant, grant),
        )

        assert revoked is True
        assert not RoleGrant.objects.lasting().exists()
        was_first = not isinstance(extended, GrantOver)
        assert events("role_extended") == was_first


def test_S_two_who_extend_a_role_leave_the_later_end():
    for grant in rounds():
        now = timezone.now()

        at_once(
            calling(extend_grant, grant, until=now + 10 * DAY, refusals=Exception),
            calling(extend_grant, grant, until=now + 20 * DAY, refusals=Exception),
        )

        assert RoleGrant.objects.get().ends_at == now + 20 * DAY


def test_S_a_role_that_two_take_ends_once():
    for grant in rounds():
        done = at_once(
            calling(revoke_role, grant.user, "member"), calling(revoke_role, grant.user, "member")
        )

        assert sorted(done) == [0, 1]
        assert events("role_revoked") == 1
        assert not grant.user.has_roles("member")


def test_S_two_reminders_at_once_are_one_mail():
    for _grant in rounds():
        done = at_once(calling(remind_of_ends), calling(remind_of_ends))

        assert sorted(done) == [0, 1]
        assert OutgoingMail.objects.filter(kind="role_ending").count() == 1


def test_S_two_deployments_at_once_make_each_role_once(set_conf):
    set_conf(ROLES={f"role-{letter}": letter for letter in "abcdefgh"})
    for _grant in rounds():
        at_once(calling(sync_roles), calling(sync_roles))

        assert Role.objects.filter(name__startswith="role-").count() == 8


def test_S11_a_page_that_is_asked_for_while_the_role_is_taken_is_shown_before_or_refused(surfers):
    [surfer] = surfers(1)
    for grant in rounds():
        for name in ("starving", "artist"):
            grant_role(grant.user, Role.objects.get_or_create(name=name)[0])
        surfer.be(grant.user)

        at_once(calling(revoke_role, grant.user, "starving"), lambda: surfer.get("/garret/"))

        # Whatever that one saw: the very next request is refused.
        assert surfer.get("/garret/").status == 403
