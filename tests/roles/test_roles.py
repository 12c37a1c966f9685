"""Grant and revoke roles, with their history."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from django_useraccounts import signals
from django_useraccounts.errors import InvalidPeriod, UnknownRole
from django_useraccounts.models import AccountEvent, Role, RoleGrant, User
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def artist():
    return Role.objects.create(name="artist", label="Artist")


def test_a_granted_role_counts_at_once_and_a_revoked_one_no_more(artist):
    user = make_user()

    grant_role(user, "artist")
    assert user.has_roles("artist")

    assert revoke_role(user, "artist") == 1
    assert not user.has_roles("artist")


@pytest.mark.parametrize(
    "since, until, counts",
    [(None, None, True), (-DAY, DAY, True), (DAY, None, False), (-2 * DAY, -DAY, False)],
)
def test_a_role_counts_between_its_start_and_its_end(artist, since, until, counts):
    user, now = make_user(), timezone.now()

    grant_role(
        user, artist, since=now + since if since else None, until=now + until if until else None
    )

    assert user.has_roles("artist") is counts
    assert User.objects.with_roles("artist").exists() is counts


def test_who_granted_and_why_is_kept_in_row_and_event(artist):
    user, boss = make_user(), make_user("boss", is_superuser=True)

    grant = grant_role(user, "artist", by=boss, source="admin", reason="paints")
    revoke_role(user, "artist", by=boss, reason="no longer paints")

    granted, revoked = AccountEvent.objects.order_by("pk")
    assert (grant.granted_by, grant.source, grant.reason) == (boss, "admin", "paints")
    assert (granted.kind, granted.user, granted.actor) == ("role_granted", user, boss)
    assert granted.details == {
        "role": "artist",
        "since": grant.starts_at.isoformat(),
        "until": None,
        "source": "admin",
        "reason": "paints",
    }
    assert revoked.details == {"role": "artist", "reason": "no longer paints"}


def test_revoking_keeps_what_was_and_removes_what_was_to_come(artist):
    user, now = make_user(), timezone.now()
    grant_role(user, artist, since=now - 3 * DAY, until=now - 2 * DAY)
    running = grant_role(user, artist, since=now - DAY)
    coming = grant_role(user, artist, since=now + DAY)

    assert revoke_role(user, "artist") == 2

    running.refresh_from_db()
    assert now <= running.ends_at <= timezone.now()
    assert not RoleGrant.objects.filter(pk=coming.pk).exists()
    assert RoleGrant.objects.count() == 2


def test_revoking_what_nobody_has_is_no_error_and_no_event(artist):
    assert revoke_role(make_user(), "artist") == 0
    assert not AccountEvent.objects.exists()


@pytest.mark.parametrize("flow", [grant_role, revoke_role])
def test_an_unknown_role_is_an_error(flow):
    with pytest.raises(UnknownRole) as error:
        flow(make_user(), "artits")

    assert error.value.messages == ["There is no role “artits”."]


def test_a_role_that_ends_before_it_starts_is_refused(artist):
    now = timezone.now()
    with pytest.raises(InvalidPeriod):
        grant_role(make_user(), artist, since=now, until=now - DAY)

    assert not RoleGrant.objects.exists()


def test_a_revoked_role_is_refused_at_the_very_next_request(client):
    user = make_user(roles=["starving", "artist"])
    log_in(client, user)
    assert client.get("/garret/").status_code == 200

    revoke_role(user, "starving")

    assert client.get("/garret/").status_code == 403


def test_the_news_comes_after_the_commit(artist, django_capture_on_commit_callbacks):
    heard = []

    def granted(user, grant, **news):
        heard.append(("granted", grant.role.name))

    def revoked(user, role, **news):
        heard.append(("revoked", role.name))

    signals.role_granted.connect(granted)
    signals.role_revoked.connect(revoked)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            user = make_user()
            grant_role(user, "artist")
            revoke_role(user, "artist")
    finally:
        signals.role_granted.disconnect(granted)
        signals.role_revoked.disconnect(revoked)

    assert heard == [("granted", "artist"), ("revoked", "artist")]


@pytest.mark.parametrize("name", ["Artist", "", "a b", "ärtist", "-a", "a" * 65, "a\n"])
def test_a_role_has_a_name_that_guards_can_ask_for(name):
    with pytest.raises(ValidationError):
        Role.objects.create(name=name)
