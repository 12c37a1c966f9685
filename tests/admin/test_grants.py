"""Grants in the administration: listed, extended and ended."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from django_useraccounts.models import AccountEvent, Role, RoleGrant
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import (
    act,
    act_after_asking,
    day,
    errors_of,
    listed,
    make_staff,
    messages_of,
    page,
    save_row,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def artist(db):
    return Role.objects.create(name="artist", label="Artist")


def events():
    rows = AccountEvent.objects.order_by("pk").values_list(
        "kind", "user__username", "actor__username"
    )
    return list(rows)


def test_grants_are_revoked_from_their_list_with_one_event_each(office, boss, artist):
    grants = [grant_role(make_user(name), artist) for name in ("frida", "ada")]
    now = timezone.now()
    over = grant_role(make_user("former"), artist, since=now - DAY, until=now)
    AccountEvent.objects.all().delete()

    response = act_after_asking(
        office, "revoke", *grants, over, model="rolegrant", reason="closed the gallery"
    )

    assert messages_of(response) == [
        "former: Artist: This grant has ended already.",
        "2 grants were revoked.",
    ]
    assert not RoleGrant.objects.in_force().exists()
    assert RoleGrant.objects.count() == 3
    written = [
        (event.kind, event.actor, event.details["reason"]) for event in AccountEvent.objects.all()
    ]
    assert written == [("role_revoked", boss, "closed the gallery")] * 2


def test_nothing_is_revoked_before_the_question_is_answered(office, artist):
    grant = grant_role(make_user("frida"), artist)

    response = act(office, "revoke", grant, model="rolegrant")

    assert "frida: Artist" in response.content.decode()
    assert RoleGrant.objects.in_force().exists()


def test_grants_are_extended_from_their_list(office, artist):
    now = timezone.now().replace(microsecond=0)
    short = grant_role(make_user("frida"), artist, until=now + DAY)
    endless = grant_role(make_user("ada"), artist)
    AccountEvent.objects.all().delete()

    response = act_after_asking(
        office,
        "extend",
        short,
        endless,
        model="rolegrant",
        why="paints on",
        **day("until", now + 9 * DAY),
    )

    assert messages_of(response) == [
        "ada: Artist: A role has to end after it starts.",
        "1 grant was extended.",
    ]
    short.refresh_from_db()
    assert short.ends_at == now + 9 * DAY
    event = AccountEvent.objects.get()
    assert (event.kind, event.details["reason"]) == ("role_extended", "paints on")


@pytest.mark.parametrize(
    "answers", [{}, {"for_good": "on", **day("until", datetime(2040, 1, 1, tzinfo=UTC))}]
)
def test_how_much_longer_has_to_be_said(office, artist, answers):
    grant = grant_role(make_user("frida"), artist, until=timezone.now() + DAY)

    response = act_after_asking(office, "extend", grant, model="rolegrant", **answers)

    assert "Name the new end, or choose “for good”." in response.content.decode()
    single = save_row(office, grant, "rolegrant", **answers)
    assert errors_of(single) == ["Name the new end, or choose “for good”."]
    assert RoleGrant.objects.get().ends_at == grant.ends_at


def test_a_grant_is_extended_on_its_page_to_which_its_user_leads(office, boss, artist):
    frida = make_user("frida")
    grant = grant_role(frida, artist, until=timezone.now() + DAY, reason="paints")
    path = page("change", grant.pk, model="rolegrant")
    assert f'<a href="{path}">' in office.get(page("change", frida.pk)).content.decode()
    AccountEvent.objects.all().delete()

    save_row(office, grant, "rolegrant", for_good="on", why="paints well")

    grant.refresh_from_db()
    assert (grant.ends_at, grant.counts_until, grant.reason) == (None, None, "paints")
    assert events() == [("role_extended", "frida", "boss")]


def test_a_shorter_end_is_refused_beside_the_field_of_the_grant(office, artist):
    grant = grant_role(make_user("frida"), artist, until=timezone.now() + 9 * DAY)

    response = save_row(office, grant, "rolegrant", **day("until", timezone.now() + DAY))

    assert response.context["adminform"].form.errors["until"]
    assert RoleGrant.objects.get().ends_at == grant.ends_at


def test_a_grant_is_only_read_when_it_has_no_end_or_is_over(office, artist):
    now = timezone.now()
    endless = grant_role(make_user("frida"), artist)
    over = grant_role(make_user("ada"), artist, since=now - 2 * DAY, until=now - DAY)

    for grant in (endless, over):
        path = page("change", grant.pk, model="rolegrant")
        assert "for_good" not in office.get(path).content.decode()
        assert office.post(path, {"for_good": "on"}).status_code == 403


def test_staff_extend_only_what_is_theirs_to_give(client, artist):
    grant = grant_role(make_user("frida"), artist, until=timezone.now() + DAY)
    names = ("view_rolegrant", "add_rolegrant")

    log_in(client, make_staff("view_rolegrant", "change_rolegrant", username="reader"))
    path = page("change", grant.pk, model="rolegrant")
    assert client.post(path, {"for_good": "on"}).status_code == 403
    log_in(client, make_staff(*names))
    response = save_row(client, grant, "rolegrant", for_good="on")
    assert errors_of(response) == ["You may not grant this role, or revoke it."]
    assert RoleGrant.objects.get().ends_at

    senior = make_staff(*names, username="senior")
    grant_role(senior, artist)
    log_in(client, senior)
    save_row(client, grant, "rolegrant", for_good="on")
    grant.refresh_from_db()
    assert grant.ends_at is None


def test_grants_are_found_by_their_user_and_state_and_role_and_source(office, artist):
    now = timezone.now()
    other = Role.objects.create(name="agent")
    running = grant_role(make_user("frida"), artist, source="stripe")
    over = grant_role(make_user("ada"), artist, since=now - 2 * DAY, until=now - DAY)
    later = grant_role(make_user("ida"), other, since=now + DAY)
    ending = grant_role(make_user("eva"), other, until=now + DAY)
    in_grace = grant_role(
        make_user("gil"), other, since=now - 2 * DAY, until=now - DAY, grace=9 * DAY
    )

    def found(**asked):
        return set(listed(office, "rolegrant", **asked))

    assert found(q="frid") == {running}
    assert found(state="in_force") == {running, ending, in_grace}
    assert found(state="ending") == {ending}
    assert found(state="in_grace") == {in_grace}
    assert found(state="to_come") == {later}
    assert found(state="over") == {over}
    assert found(state="nonsense") == found()
    assert found(role="artist") == {running, over}
    assert found(role="nonsense") == set()
    assert found(source="stripe") == {running}
    words = {str(admin_state(office, grant)) for grant in (running, over, later, ending, in_grace)}
    assert words == {"In force", "Ended", "Not begun yet", "In the days of grace"}


def admin_state(client, grant):
    response = client.get(page("changelist", model="rolegrant"), {"q": grant.user.username})
    return response.context["cl"].model_admin.state(grant)
