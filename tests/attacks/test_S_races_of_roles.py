"""S. Races about roles: given, extended, taken and reminded of at one moment."""

import threading
from datetime import timedelta
from typing import NamedTuple

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
    rename_role,
    revoke_grant,
    revoke_role,
    sync_roles,
)
from django_useraccounts.testing import make_user
from tests.admin.pages import page
from tests.attacks.races import PATIENCE, at_once
from tests.attacks.test_S_races import posting, repeatedly, surfers

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()
DAY = timedelta(days=1)


class Post(NamedTuple):
    """What was to be written, how it was answered, and whether the role was taken before it began."""

    name: str
    status: int
    is_late: bool


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


def test_S_a_role_that_is_renamed_beside_a_deployment_keeps_its_holders(set_conf):
    """The deployment finds it by its old name, or makes another one of that name."""
    set_conf(ROLES={"member": "Member"})
    for grant in rounds():
        at_once(calling(sync_roles), calling(rename_role, grant.role, "patron"))

        assert RoleGrant.objects.get().role.name == "patron"
        names = Role.objects.order_by("name").values_list("name", flat=True)
        assert [*names] in (["patron"], ["member", "patron"])
        assert events("role_made") == len(names) - 1


def test_S_a_role_that_is_deleted_beside_a_deployment_goes_or_is_made_anew(surfers, set_conf):
    [office] = surfers(1)
    permissions = ["useraccounts.view_role", "useraccounts.change_role"]
    set_conf(ROLES={"artist": {"label": "Artist", "permissions": permissions}})
    for _grant in rounds():
        office.be(make_user("boss", is_staff=True, is_superuser=True))
        artist = Role.objects.create(name="artist")

        _sync, deleted = at_once(
            calling(sync_roles),
            posting(office, page("delete", artist.pk, model="role"), post="yes"),
        )

        assert deleted.status == 302
        assert events("role_deleted") == 1
        found = Role.objects.filter(name="artist")
        assert [role.permissions.count() for role in found] == [2] * events("role_made")


@pytest.mark.urls("tests.attacks.urls")
def test_S11_no_post_that_begins_after_the_role_was_taken_writes_anything(surfers):
    """Whoever has passed the guard by then writes to its end, and is told so."""
    [surfer] = surfers(1)
    for grant in rounds():
        grant_role(grant.user, Role.objects.create(name="secret"))
        surfer.be(grant.user)
        posts, has_written, is_revoked = [], threading.Event(), threading.Event()

        def post_until_it_is_revoked(posts=posts, has_written=has_written, is_revoked=is_revoked):
            is_last = False
            while not is_last:
                is_last, name = is_revoked.is_set(), f"written-{len(posts)}"
                status = surfer.post("/write/", {"name": name}).status
                posts.append(Post(name, status, is_late=is_last))
                has_written.set()

        def revoke_in_the_midst(user=grant.user, has_written=has_written, is_revoked=is_revoked):
            has_written.wait(PATIENCE)
            revoke_role(user, "secret")
            is_revoked.set()
            connections.close_all()

        at_once(post_until_it_is_revoked, revoke_in_the_midst)

        written = Role.objects.filter(name__startswith="written-").values_list("name", flat=True)
        assert [post.status for post in posts if post.is_late] == [403]
        assert posts[0].status == 200
        assert set(written) == {post.name for post in posts if post.status == 200}
