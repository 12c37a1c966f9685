"""Roles that know time: overlapping grants, ends, days of grace, and what was when."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from django_useraccounts import signals
from django_useraccounts.errors import GrantOver, InvalidPeriod, UserVanished
from django_useraccounts.models import AccountEvent, Role, RoleGrant, User
from django_useraccounts.policy import Policy
from django_useraccounts.roles.flows import extend_grant, grant_role, revoke_grant, revoke_role
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class ThreeDays(Policy):
    def grace(self, role_name):
        return 3 * DAY if role_name == "member" else timedelta()


@pytest.fixture(autouse=True)
def member():
    return Role.objects.create(name="member", label="Member")


@pytest.fixture
def frida():
    return make_user("frida")


def has(user):
    """Ask everybody who can tell, and have them agree."""
    fresh = User.objects.get(pk=user.pk)
    answers = {
        fresh.has_roles("member"),
        "member" in fresh.roles_at(timezone.now()),
        User.objects.with_roles("member").filter(pk=user.pk).exists(),
        not User.objects.without_role("member").filter(pk=user.pk).exists(),
    }
    assert len(answers) == 1
    return answers.pop()


# Overlaps and ends


@pytest.mark.parametrize(
    "periods, is_one",
    [
        ([(-9, -5), (-2, None)], True),
        ([(-9, -5), (-2, 3)], True),
        ([(-9, 5), (-2, -1)], True),
        ([(-9, -5), (-4, -1)], False),
        ([(-9, -5), (1, None)], False),
        ([(-9, None), (-9, None)], True),
        ([], False),
    ],
)
def test_what_counts_is_whether_one_of_the_grants_is_in_force(frida, periods, is_one):
    now = timezone.now()
    for start, end in periods:
        until = None if end is None else now + end * DAY
        grant_role(frida, "member", since=now + start * DAY, until=until)

    assert has(frida) is is_one


def test_an_end_needs_no_job(client):
    log_in(client, make_user(roles=["starving", "artist"]))
    assert client.get("/guards/function/").status_code == 200

    # The clock goes on, and nothing else happens.
    a_moment_ago = timezone.now() - timedelta(microseconds=1)
    RoleGrant.objects.filter(role__name="artist").update(
        starts_at=a_moment_ago - DAY, ends_at=a_moment_ago, counts_until=a_moment_ago
    )

    assert client.get("/guards/function/").status_code == 403


def test_it_is_known_who_had_which_role_when(frida):
    now = timezone.now()
    Role.objects.create(name="artist")
    grant_role(frida, "artist", since=now - 9 * DAY, until=now - 6 * DAY)
    grant_role(frida, "member", since=now - 7 * DAY)
    grant_role(frida, "artist", since=now + DAY)

    assert frida.roles_at(now - 10 * DAY) == frozenset()
    assert frida.roles_at(now - 8 * DAY) == {"artist"}
    assert frida.roles_at(now - 7 * DAY) == {"artist", "member"}
    assert frida.roles_at(now - 6 * DAY) == {"member"}
    assert frida.roles_at(now + DAY) == {"artist", "member"}


def test_what_was_stays_when_a_role_is_revoked(frida):
    yesterday = timezone.now() - DAY
    grant_role(frida, "member", since=yesterday - DAY, until=timezone.now() + DAY)

    revoke_role(frida, "member")

    assert not has(frida)
    assert frida.roles_at(yesterday) == {"member"}


@pytest.mark.parametrize("since, until", [(0, 0), (2, 1), (-1, -1), (-1, -2)])
def test_a_period_that_ends_before_it_begins_is_refused(frida, since, until):
    now = timezone.now()

    with pytest.raises(InvalidPeriod):
        grant_role(frida, "member", since=now + since * DAY, until=now + until * DAY)

    assert not RoleGrant.objects.exists()
    assert not AccountEvent.objects.exists()


def test_an_end_beyond_all_calendars_is_refused(frida):
    far = timezone.now().replace(year=9999, month=12, day=31)

    with pytest.raises(InvalidPeriod):
        grant_role(frida, "member", until=far, grace=2 * DAY)


def test_a_user_who_is_gone_gets_no_role(frida):
    User.objects.filter(pk=frida.pk).delete()

    with pytest.raises(UserVanished):
        grant_role(frida, "member")

    assert not RoleGrant.objects.exists()
    assert not AccountEvent.objects.filter(kind="role_granted").exists()


@pytest.mark.parametrize("has_end, has_count", [(True, False), (False, True)])
def test_the_database_knows_no_end_by_halves(frida, member, has_end, has_count):
    now = timezone.now()
    grant = RoleGrant(user=frida, role=member, starts_at=now - DAY)
    grant.ends_at = now if has_end else None
    grant.counts_until = now if has_count else None

    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.bulk_create([grant])


def test_the_database_lets_no_grant_count_less_than_it_says(frida, member):
    now = timezone.now()

    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.create(
            user=frida, role=member, starts_at=now - DAY, ends_at=now, counts_until=now - DAY
        )


# Grace


def test_a_role_counts_through_the_days_of_grace_that_policy_gives(frida, set_conf):
    set_conf(POLICY=f"{__name__}.ThreeDays")
    now = timezone.now()

    grant = grant_role(frida, "member", since=now - 9 * DAY, until=now - 2 * DAY)

    assert grant.counts_until == grant.ends_at + 3 * DAY
    assert has(frida)
    assert frida.roles_at(now + 2 * DAY) == frozenset()
    event = AccountEvent.objects.get()
    assert event.details["until"] == grant.ends_at.isoformat()
    assert event.details["counts_until"] == grant.counts_until.isoformat()


def test_who_grants_may_say_another_grace(frida, set_conf):
    set_conf(POLICY=f"{__name__}.ThreeDays")
    now = timezone.now()

    grant_role(frida, "member", since=now - 9 * DAY, until=now - 2 * DAY, grace=timedelta())

    assert not has(frida)


def test_grace_before_the_end_is_refused(frida):
    with pytest.raises(InvalidPeriod):
        grant_role(frida, "member", until=timezone.now() + DAY, grace=-DAY)


@pytest.mark.parametrize("revoke", [revoke_grant, lambda g: revoke_role(g.user, g.role)])
def test_a_role_that_is_revoked_in_its_grace_ended_when_it_said(frida, revoke):
    now = timezone.now()
    grant = grant_role(frida, "member", since=now - 9 * DAY, until=now - DAY, grace=3 * DAY)

    assert revoke(grant)

    assert not has(frida)
    ended = RoleGrant.objects.get()
    assert ended.ends_at == now - DAY
    assert now <= ended.counts_until <= timezone.now()


# Longer


def test_a_grant_is_extended(frida, django_capture_on_commit_callbacks):
    news = []
    signals.role_extended.connect(
        lambda sender, user, grant, **kwargs: news.append((user, grant.ends_at)), weak=False
    )
    now, boss = timezone.now(), make_user("boss", is_superuser=True)
    grant = grant_role(frida, "member", until=now + DAY)
    RoleGrant.objects.update(reminded_at=now)

    with django_capture_on_commit_callbacks(execute=True):
        extended = extend_grant(grant, until=now + 5 * DAY, grace=DAY, by=boss, reason="paid")

    assert (extended.ends_at, extended.counts_until) == (now + 5 * DAY, now + 6 * DAY)
    assert RoleGrant.objects.get().reminded_at is None
    event = AccountEvent.objects.get(kind="role_extended")
    assert (event.user, event.actor) == (frida, boss)
    assert event.details == {
        "role": "member",
        "until": (now + 5 * DAY).isoformat(),
        "counts_until": (now + 6 * DAY).isoformat(),
        "reason": "paid",
    }
    assert news == [(frida, now + 5 * DAY)]


def test_a_grant_is_extended_for_good(frida):
    grant = grant_role(frida, "member", until=timezone.now() + DAY)

    assert extend_grant(grant, until=None).counts_until is None


def test_a_grant_is_extended_in_its_grace(frida):
    now = timezone.now()
    grant = grant_role(frida, "member", since=now - 9 * DAY, until=now - DAY, grace=3 * DAY)

    extend_grant(grant, until=now + DAY)

    assert RoleGrant.objects.get().ends_at == now + DAY


def test_what_is_over_is_not_extended(frida):
    now = timezone.now()
    over = grant_role(frida, "member", since=now - 9 * DAY, until=now - DAY)
    revoked = grant_role(frida, "member", until=now + DAY)
    revoke_grant(revoked)

    for grant in (over, revoked):
        with pytest.raises(GrantOver):
            extend_grant(grant, until=now + 5 * DAY)

    assert not has(frida)


@pytest.mark.parametrize("until", [0.5, 1])
def test_a_grant_is_not_extended_to_an_earlier_moment(frida, until):
    now = timezone.now()
    grant = grant_role(frida, "member", until=now + DAY)

    with pytest.raises(InvalidPeriod):
        extend_grant(grant, until=now + until * DAY)

    assert RoleGrant.objects.get().ends_at == now + DAY


def test_what_is_for_good_is_not_extended(frida):
    with pytest.raises(InvalidPeriod):
        extend_grant(grant_role(frida, "member"), until=timezone.now() + DAY)


# Soon over


def ending(days):
    return set(RoleGrant.objects.ending_within(days))


def test_grants_that_end_within_some_days_are_found(frida):
    now = timezone.now()
    soon = grant_role(frida, "member", until=now + 2 * DAY)
    grant_role(make_user("ada"), "member", until=now + 9 * DAY)
    grant_role(make_user("over"), "member", since=now - 2 * DAY, until=now - DAY, grace=9 * DAY)
    grant_role(make_user("later"), "member", since=now + DAY, until=now + 2 * DAY)
    grant_role(make_user("for good"[:3]), "member")

    assert ending(3) == {soon}
    assert ending(1) == set()


@pytest.mark.parametrize(
    "start, end, goes_on",
    [(0, None, True), (0, 9, True), (2, 9, True), (3, 9, False), (0, 1, False), (-5, -1, False)],
)
def test_a_role_that_goes_on_by_another_grant_does_not_end(frida, start, end, goes_on):
    now = timezone.now()
    first = grant_role(frida, "member", until=now + 2 * DAY)
    until = None if end is None else now + end * DAY

    grant_role(frida, "member", since=now + start * DAY, until=until)

    assert (first not in ending(3)) is goes_on


def test_of_two_grants_with_one_end_one_ends(frida):
    end = timezone.now() + DAY
    grant_role(frida, "member", until=end)
    last = grant_role(frida, "member", until=end)

    assert ending(3) == {last}


def test_another_role_does_not_go_on_for_it(frida):
    Role.objects.create(name="artist")
    grant_role(frida, "artist")

    assert ending(3) == set()
    assert ending(3) | {grant_role(frida, "member", until=timezone.now() + DAY)} == ending(3)
