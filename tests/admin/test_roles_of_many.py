"""Roles of many users at once, what happened to the roles of one, and who has one as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.admin import exports
from django_useraccounts.models import AccountEvent, Role, RoleGrant, User
from django_useraccounts.roles.flows import extend_grant, grant_role, revoke_grant
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import (
    Form,
    act,
    act_after_asking,
    day,
    make_staff,
    messages_of,
    page,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def artist(db):
    return Role.objects.create(name="artist", label="Artist")


def listed(client, **asked):
    return {user.username for user in client.get(page("changelist"), asked).context["cl"].queryset}


# Given and taken


def test_many_get_a_role_for_a_time(office, boss, artist):
    users = [make_user("frida"), make_user("diego")]
    since, until = datetime(2030, 1, 1, 10, tzinfo=UTC), datetime(2031, 1, 1, 10, tzinfo=UTC)
    times = {**day("since", since), **day("until", until)}
    AccountEvent.objects.all().delete()

    response = act_after_asking(
        office, "grant_role", *users, role=str(artist.pk), reason="exhibition", **times
    )

    assert messages_of(response) == ["Done for 2 accounts."]
    for grant in RoleGrant.objects.all():
        assert (grant.role, grant.granted_by, grant.source) == (artist, boss, "admin")
        assert (grant.starts_at, grant.ends_at, grant.reason) == (since, until, "exhibition")
    assert {grant.user for grant in RoleGrant.objects.all()} == set(users)
    assert [event.kind for event in AccountEvent.objects.all()] == ["role_granted"] * 2


def test_a_role_is_taken_from_many_and_those_without_it_are_named(office, artist):
    users = [make_user("frida"), make_user("diego"), make_user("ada")]
    for user in users[:2]:
        grant_role(user, artist)

    response = act_after_asking(office, "revoke_role", *users, role=str(artist.pk), reason="over")

    assert messages_of(response) == [
        "ada: This account does not have the role.",
        "Done for 2 accounts.",
    ]
    assert not RoleGrant.objects.in_force().exists()
    reasons = AccountEvent.objects.filter(kind="role_revoked").values_list(
        "details__reason", flat=True
    )
    assert list(reasons) == ["over", "over"]


@pytest.mark.parametrize("action", ["grant_role", "revoke_role"])
def test_first_it_is_asked_which_role_and_who_is_meant_is_named(office, artist, action):
    frida, diego = make_user("frida"), make_user("diego")
    grant_role(frida, artist)

    for answers in ({}, {"apply": "yes"}, {"role": "0"}):
        response = act_after_asking(office, action, frida, diego, **answers)

        assert "frida" in response.content.decode()
        assert Form(response.content.decode()).data["_selected_action"] == [
            str(frida.pk),
            str(diego.pk),
        ]
    assert RoleGrant.objects.in_force().count() == 1


def test_a_whole_list_is_meant_where_all_of_it_was_chosen(office, artist):
    for number in range(30):
        make_user(f"user{number}")
    boss = User.objects.get(username="boss")
    path = f"{page('changelist')}?is_staff__exact=0"
    chosen = {"action": "grant_role", "select_across": "1", "_selected_action": [boss.pk]}

    asked = office.post(path, chosen).content.decode()
    assert "and 10 more" in asked
    office.post(path, {**Form(asked).data, "role": str(artist.pk)})

    assert RoleGrant.objects.in_force().count() == 30
    assert not User.objects.get(pk=boss.pk).has_roles("artist")


def test_an_end_before_the_start_is_told_for_twenty_and_counted_for_the_rest(office, artist):
    users = [make_user(f"user{number:02}") for number in range(23)]

    response = act_after_asking(
        office,
        "grant_role",
        *users,
        role=str(artist.pk),
        **day("until", datetime(2001, 1, 1, tzinfo=UTC)),
    )

    told = messages_of(response)
    assert len(told) == 21
    assert {text.partition(": ")[2] for text in told[:20]} == {"A role has to end after it starts."}
    assert told[20] == "3 more entries were refused."
    assert not RoleGrant.objects.exists()


def test_staff_are_offered_only_what_is_theirs_to_give(client, artist):
    Role.objects.create(name="treasurer")
    frida = make_user("frida")
    senior = make_staff("view_user", "add_rolegrant", username="senior")
    grant_role(senior, artist)
    log_in(client, senior)

    asked = act(client, "grant_role", frida, senior).content.decode()
    assert "Artist" in asked and "treasurer" not in asked
    role = str(Role.objects.get(name="treasurer").pk)
    assert (
        "Select a valid choice"
        in act_after_asking(client, "grant_role", frida, role=role).content.decode()
    )
    response = act_after_asking(client, "grant_role", frida, senior, role=str(artist.pk))

    assert sorted(messages_of(response)) == [
        "Done for 1 account.",
        "senior: You may not grant this role, or revoke it.",
    ]
    assert RoleGrant.objects.get(user=frida).granted_by == senior


def test_staff_who_may_neither_give_nor_take_are_offered_neither(client, artist):
    frida = make_user("frida")
    log_in(client, make_staff("view_user", "change_user"))

    html = client.get(page("changelist")).content.decode()
    for action in ("grant_role", "revoke_role"):
        assert f'value="{action}"' not in html
        act_after_asking(client, "switch_on", frida)
        data = {"action": action, "_selected_action": [frida.pk], "apply": "yes", "role": artist.pk}
        client.post(page("changelist"), data)
    assert not RoleGrant.objects.exists()


# Found


def test_a_filter_shows_who_loses_a_role_soon(office, artist):
    now = timezone.now()
    other = Role.objects.create(name="agent")
    grant_role(make_user("soon"), artist, until=now + 3 * DAY)
    grant_role(make_user("later"), artist, until=now + 60 * DAY)
    both = make_user("both")
    grant_role(both, artist)
    grant_role(both, other, until=now + 3 * DAY)
    longer = make_user("longer")
    grant_role(longer, artist, until=now + 3 * DAY)
    grant_role(longer, artist)

    assert listed(office, ends="soon") == {"soon", "both"}
    assert listed(office, ends="soon", role="artist") == {"soon"}
    assert listed(office, ends="soon", role="agent") == {"both"}
    assert listed(office, ends="nonsense") == {"boss", "soon", "later", "both", "longer"}


def test_a_filter_offers_a_hundred_roles_and_knows_all(office):
    roles = [Role(name=f"role{n:03}", look=f"{n:03}") for n in range(120)]
    Role.objects.bulk_create(roles)
    grant_role(make_user("frida"), "role119")

    html = office.get(page("changelist")).content.decode()

    assert "role099" in html and "role100" not in html
    assert listed(office, role="role119") == {"frida"}


# What happened


def test_the_page_of_a_user_tells_what_happened_to_the_roles_newest_first(office, boss, artist):
    frida = make_user("frida")
    since = datetime(2026, 1, 2, 10, tzinfo=UTC)
    until = datetime(2040, 3, 4, 10, tzinfo=UTC)
    grant = grant_role(
        frida, artist, since=since, until=until, grace=DAY, source="stripe", reason="has paid"
    )
    extend_grant(grant, until=None, by=boss, reason="has paid for ever")
    revoke_grant(grant, by=boss, reason="was paid back")

    html = office.get(page("change", frida.pk)).content.decode()

    told = html[html.index("What happened to the roles") :]
    order = ["reason: was paid back", "reason: has paid for ever", "reason: has paid<"]
    assert [told.index(text) for text in order] == sorted(told.index(text) for text in order)
    for text in (
        "The role “artist” was revoked. · by boss",
        "The role “artist” was extended. · for good · by boss",
        "The role “artist” was granted. · from Jan. 2, 2026, 10 a.m. · until March 4, 2040",
        "with grace until March 5, 2040, 10 a.m. · source: stripe · reason: has paid",
    ):
        assert text in told


def test_fifty_events_are_told_and_a_link_leads_to_all(office, artist):
    frida = make_user("frida")
    for number in range(51):
        grant_role(frida, artist, reason=f"number {number:02}")
    grant_role(make_user("diego"), artist)

    html = office.get(page("change", frida.pk)).content.decode()
    told = html[html.index("What happened to the roles") :].split("</fieldset>")[0]
    assert "number 50" in told and "number 01" in told and "number 00" not in told
    kinds = "role_granted%2Crole_extended%2Crole_revoked"
    link = f"{page('changelist', model='accountevent')}?user={frida.pk}&amp;kind__in={kinds}"
    assert link in told
    rows = office.get(link.replace("&amp;", "&")).context["cl"].queryset
    grants = office.get(f"{page('changelist', model='rolegrant')}?user={frida.pk}")

    assert {row.user for row in rows} == {frida} and rows.count() == 51
    assert grants.context["cl"].queryset.count() == 51


@pytest.mark.parametrize(
    "names, is_told, is_linked",
    [
        ((), False, False),
        (("view_rolegrant",), True, False),
        (("view_rolegrant", "view_accountevent"), True, True),
    ],
)
def test_history_is_for_who_may_see_grants(client, artist, names, is_told, is_linked):
    frida = make_user("frida")
    grant_role(frida, artist, reason="paints")
    log_in(client, make_staff("view_user", *names))

    html = client.get(page("change", frida.pk)).content.decode()

    assert ("What happened to the roles" in html) is is_told
    assert ("kind__in" in html) is is_linked


# Taken away as a file


def rows_of(response):
    text = b"".join(response.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def export(client, *rows, model="rolegrant", action="export"):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(page("changelist", model=model), data)


@pytest.mark.asvs("5.4.1")
def test_grants_become_a_file_for_a_spreadsheet(office, boss, artist):
    until = datetime(2040, 1, 1, 10, tzinfo=UTC)
    since = datetime(2026, 1, 1, 10, tzinfo=UTC)
    grant = grant_role(
        make_user("frida"), artist, since=since, until=until, grace=DAY,
        source="admin", reason='paints, and "how"', by=boss,
    )  # fmt: skip
    AccountEvent.objects.all().delete()

    response = export(office, grant)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="role-grants.csv"'
    head, row = rows_of(response)
    told = dict(zip(head, row, strict=True))
    assert told.pop("granted_at")[:4] == f"{timezone.now():%Y}"
    assert told == {
        "role": "artist",
        "username": "frida",
        "email": "frida@example.com",
        "starts_at": "2026-01-01T10:00:00+00:00",
        "ends_at": "2040-01-01T10:00:00+00:00",
        "counts_until": "2040-01-02T10:00:00+00:00",
        "granted_by": "boss",
        "source": "admin",
        "reason": 'paints, and "how"',
    }
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.details) == ("grants_exported", boss, {"rows": 1})


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_O6_nothing_in_the_file_is_a_formula(office, artist, sign):
    formula = f"{sign}HYPERLINK(A1)"
    user = make_user("frida")
    User.objects.filter(pk=user.pk).update(username=formula, email=formula)
    grant = grant_role(user, artist, reason=formula, source=formula)

    response = export(office, grant)

    text = b"".join(response.streaming_content).decode()
    assert text.count(f'"\'{formula}"') == 4
    assert f'"{formula}' not in text


def test_who_has_a_role_now_is_a_file_from_the_list_of_roles(office, artist):
    now = timezone.now()
    grant_role(make_user("frida"), artist)
    grant_role(make_user("gil"), artist, since=now - 2 * DAY, until=now - DAY, grace=9 * DAY)
    grant_role(make_user("former"), artist, since=now - 2 * DAY, until=now - DAY)
    grant_role(make_user("later"), artist, since=now + DAY)
    grant_role(make_user("other"), Role.objects.create(name="agent"))

    _head, *rows = rows_of(export(office, artist, model="role", action="export_holders"))

    assert [row[1] for row in rows] == ["frida", "gil"]


def test_a_file_of_any_size_is_read_in_batches_while_it_is_sent(office, artist, monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 4)
    for number in range(9):
        grant_role(make_user(f"user{number}"), artist)
    response = export(office, artist, model="role", action="export_holders")
    lines = iter(response.streaming_content)

    with CaptureQueriesContext(connection) as queries:
        next(lines)
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        for _number in range(4):
            next(lines)
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        rest = list(lines)
    assert (len(rest), len(queries)) == (5, 2)


def test_a_file_needs_the_permissions_to_see_grants_and_users(client, artist):
    grant = grant_role(make_user("frida"), artist)

    for number, names in enumerate([("view_rolegrant", "view_role"), ("view_user", "view_role")]):
        log_in(client, make_staff(*names, username=f"clerk{number}"))
        assert not getattr(export(client, grant), "streaming", False)
        response = export(client, artist, model="role", action="export_holders")
        assert not getattr(response, "streaming", False)
    log_in(client, make_staff("view_rolegrant", "view_user", username="senior"))

    assert export(client, grant).streaming
