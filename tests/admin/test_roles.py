"""Roles in the administration: what each is, and who has it from when to when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.admin import roles
from django_useraccounts.models import AccountEvent, Role, RoleGrant
from django_useraccounts.requirements import Requirement, guarded_names
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import (
    Form,
    act_after_asking,
    day,
    errors_of,
    listed,
    make_staff,
    page,
    save_row,
    with_changes,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def artist(db):
    return Role.objects.create(name="artist", label="Artist")


def granting(**fields):
    return {"grants__TOTAL_FORMS": "1", **{f"grants__0__{n}": v for n, v in fields.items()}}


def events():
    rows = AccountEvent.objects.order_by("pk").values_list(
        "kind", "user__username", "actor__username"
    )
    return list(rows)


# Roles


def test_the_list_of_roles_tells_how_many_hold_each_now(office):
    now = timezone.now()
    frida = make_user("frida", roles=["artist", "starving"])
    grant_role(frida, "artist")
    grant_role(make_user("diego", roles=["artist"]), "starving", since=now + DAY)
    grant_role(frida, Role.objects.create(name="former"), since=now - 2 * DAY, until=now - DAY)

    assert holders(office) == {"artist": "2", "starving": "1", "former": "0"}


def holders(office):
    changelist = office.get(page("changelist", model="role")).context["cl"]
    return {role.name: str(role.holders) for role in changelist.result_list}


def test_holders_are_counted_to_a_number_and_no_further(office, monkeypatch):
    monkeypatch.setattr(roles, "HOLDERS_COUNTED", 2)
    for name in ("frida", "diego", "ada"):
        make_user(name, roles=["artist"])
    make_user("ida", roles=["starving"])

    assert holders(office) == {"artist": "2+", "starving": "1"}


def test_a_role_that_no_guard_could_ask_for_is_refused_in_the_form(office):
    path = page("add", model="role")

    response = office.post(path, {"name": "An Artist", "label": "", "description": ""})

    assert "lower-case letters" in response.content.decode()
    assert not Role.objects.exists()


@pytest.mark.parametrize("until", [None, -DAY])
def test_a_role_that_somebody_has_or_had_cannot_be_deleted(office, until):
    now = timezone.now()
    role = Role.objects.create(name="artist")
    grant_role(make_user(), role, since=now - 2 * DAY, until=until and now + until)
    yes = {"post": "yes"}

    office.post(page("delete", role.pk, model="role"), yes)
    office.post(
        page("changelist", model="role"),
        {"action": "delete_selected", "_selected_action": [role.pk], **yes},
    )

    assert Role.objects.exists()
    assert RoleGrant.objects.exists()


@pytest.mark.parametrize("way", ["delete", "changelist"])
def test_who_deletes_a_role_as_somebody_is_given_it_is_told_so(office, monkeypatch, way):
    """The page has looked for who has it before, and found nobody."""
    role = Role.objects.create(name="artist")
    grant_role(make_user("frida"), role)
    look, looks = roles.RoleAdmin.get_deleted_objects, []

    def look_too_early(admin, *args):
        looks.append(look(admin, *args))
        return looks[-1] if len(looks) > 1 else ([], {}, set(), [])

    monkeypatch.setattr(roles.RoleAdmin, "get_deleted_objects", look_too_early)
    path = page(way, *([role.pk] if way == "delete" else []), model="role")
    chosen = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}

    answer = office.post(path, chosen)

    assert answer.status_code == 200
    assert "Cannot delete" in answer.content.decode()
    assert RoleGrant.objects.count() == 1
    kinds = AccountEvent.objects.values_list("kind", flat=True)
    assert "role_deleted" not in kinds
    assert not LogEntry.objects.filter(action_flag=DELETION).exists()


def test_a_role_that_nobody_ever_had_may_go(office):
    role = Role.objects.create(name="artist")

    office.post(page("delete", role.pk, model="role"), {"post": "yes"})

    assert not Role.objects.exists()


def test_a_role_is_made_and_described(office):
    path = page("add", model="role")
    data = Form(office.get(path).content.decode()).data
    permission = Permission.objects.get(codename="delete_role")
    told = {"name": "artist", "label": "Artist", "permissions": [permission.pk]}
    office.post(path, with_changes(data, told))
    role = Role.objects.get()
    assert list(role.permissions.all()) == [permission]

    save_row(office, role, "role", label="Painter", description="Paints.", permissions=[])

    role.refresh_from_db()
    assert (role.name, role.label, role.description) == ("artist", "Painter", "Paints.")
    assert not role.permissions.exists()


def test_a_role_is_renamed_and_the_guards_that_ask_for_it_are_named(office, artist, monkeypatch):
    monkeypatch.setitem(guarded_names, "artist", {f"gallery:{n}" for n in range(10, 30)})
    frida = make_user("frida", roles=["artist"])
    html = office.get(page("change", artist.pk, model="role")).content.decode()
    assert "gallery:10" in html and "gallery:29" in html

    response = save_row(office, artist, "role", name="painter", label="Painter")

    artist.refresh_from_db()
    assert (artist.name, artist.label) == ("painter", "Painter")
    assert Requirement("painter").matches(type(frida).objects.get(pk=frida.pk).role_names)
    [warning] = [m for m in response.context["messages"] if m.level == messages.WARNING]
    assert str(warning) == (
        "Guards still ask for “artist”, and let nobody in by this role before the code names the "
        f"new one: {', '.join(f'gallery:{n}' for n in range(10, 20))}, …"
    )


def test_a_role_that_no_guard_asks_for_is_renamed_without_a_warning(office):
    role = Role.objects.create(name="asked-for-by-nobody")

    response = save_row(office, role, "role", name="somebody-else")

    assert Role.objects.get().name == "somebody-else"

    assert not [m for m in response.context["messages"] if m.level == messages.WARNING]


def test_of_a_rename_that_is_undone_no_guard_is_named(office, artist, monkeypatch):
    monkeypatch.setitem(guarded_names, "artist", {"gallery:10"})
    make_user("frida")
    reversed_dates = {**day("starts_at", timezone.now()), **day("ends_at", timezone.now() - DAY)}

    response = save_row(
        office, artist, "role", name="painter", **granting(user="frida", **reversed_dates)
    )

    assert errors_of(response) == ["frida: A role has to end after it starts."]
    artist.refresh_from_db()
    assert artist.name == "artist"
    assert not [m for m in response.context["messages"] if m.level == messages.WARNING]


@pytest.mark.parametrize("name", ["Artist", "art1st", ""])
def test_a_name_that_cannot_be_stands_beside_its_field(office, artist, name):
    Role.objects.create(name="artlst")

    response = save_row(office, artist, "role", name=name)

    assert response.context["adminform"].form.errors["name"]
    artist.refresh_from_db()
    assert artist.name == "artist"


def test_staff_rename_no_role_into_one_that_is_not_theirs_to_give(client, artist):
    clerk = make_staff("view_role", "change_role", "add_rolegrant")
    grant_role(clerk, artist)
    log_in(client, clerk)

    response = save_row(client, artist, "role", name="treasurer", label="Changed")

    assert errors_of(response) == ["You may not grant this role, or revoke it."]
    artist.refresh_from_db()
    assert (artist.name, artist.label) == ("artist", "Artist")


def test_staff_cannot_have_a_role_carry_anything(client, artist):
    clerk = make_staff("view_role", "change_role", "add_role")
    log_in(client, clerk)
    everything = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]

    save_row(client, artist, "role", permissions=everything, label="Changed")
    path = page("add", model="role")
    data = Form(client.get(path).content.decode()).data
    client.post(path, {**data, "name": "other", "permissions": everything})

    assert {role.label for role in Role.objects.all()} == {"Changed", ""}
    assert not Role.objects.filter(permissions__isnull=False).exists()


# Who has a role, on its page


def test_a_role_is_granted_on_its_page(office, boss, artist):
    frida = make_user("frida")
    since, until = datetime(2030, 1, 1, 10, tzinfo=UTC), datetime(2031, 1, 1, 10, tzinfo=UTC)

    save_row(
        office,
        artist,
        "role",
        **granting(
            user="Frida", reason="paints", **day("starts_at", since), **day("ends_at", until)
        ),
    )

    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.granted_by) == (frida, artist, boss)
    assert (grant.starts_at, grant.ends_at) == (since, until)
    assert (grant.source, grant.reason) == ("admin", "paints")
    assert events() == [("role_granted", "frida", "boss")]


def test_whom_nobody_knows_is_said_beside_the_name(office, artist):
    waiting = make_user("waiting", confirmed=False)

    for name in ("nobody", "nobody@example.com", "waiting@example.com", "a" * 500):
        response = save_row(office, artist, "role", **granting(user=name))
        assert errors_of(response) == ["There is no user with this username or confirmed address."]
    save_row(office, artist, "role", **granting(user="waiting"))

    assert RoleGrant.objects.get().user == waiting


def test_a_role_is_taken_on_its_page(office, artist):
    frida, diego = make_user("frida"), make_user("diego")
    grant_role(diego, artist)
    grant = grant_role(frida, artist)
    AccountEvent.objects.all().delete()

    save_row(office, artist, "role", grants__0__DELETE="on")

    grant.refresh_from_db()
    assert grant.ends_at <= timezone.now()
    assert {g.user for g in RoleGrant.objects.in_force()} == {diego}
    assert events() == [("role_revoked", "frida", "boss")]


def test_what_a_flow_refuses_stands_on_the_page_of_the_role_and_nothing_is_done(office, artist):
    make_user("frida")
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)

    response = save_row(
        office,
        artist,
        "role",
        label="Changed",
        **granting(user="frida", **day("ends_at", long_ago)),
    )

    assert errors_of(response) == ["frida: A role has to end after it starts."]
    artist.refresh_from_db()
    assert artist.label == "Artist"
    assert not RoleGrant.objects.exists()


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_a_moment_that_no_database_can_keep_is_said_beside_its_field(office, artist, zone):
    frida = make_user("frida")
    edge = {"America/Los_Angeles": "9999-12-31", "Asia/Tokyo": "0001-01-01"}[zone]
    ends = {
        "grants__0__ends_at_0": edge,
        "grants__0__ends_at_1": "00:00" if edge < "1" else "23:59",
    }

    with timezone.override(zone):
        response = save_row(office, artist, "role", **granting(user="frida"), **ends)
        many = {"until_0": edge, "until_1": ends["grants__0__ends_at_1"], "role": str(artist.pk)}
        asked = act_after_asking(office, "grant_role", frida, **many)

    assert errors_of(response) == ["Enter a valid date/time."]
    assert "Enter a valid date/time." in asked.content.decode()
    assert not RoleGrant.objects.exists()


def test_a_page_shows_fifty_grants_and_leads_to_all(office, artist):
    for number in range(51):
        grant_role(make_user(f"user{number}"), artist)

    response = office.get(page("change", artist.pk, model="role"))

    assert Form(response.content.decode()).data["grants-INITIAL_FORMS"] == "50"
    link = f"{page('changelist', model='rolegrant')}?role=artist&amp;state=in_force"
    assert link in response.content.decode()
    assert len(listed(office, "rolegrant", role="artist", state="in_force")) == 51
    assert save_row(office, artist, "role", label="Changed").redirect_chain


@pytest.mark.parametrize("of", ["role", "user"])
def test_a_page_costs_the_same_for_few_grants_and_for_many(office, boss, artist, of):
    frida = make_user("frida")
    path = page("change", (artist if of == "role" else frida).pk, model=of)

    def more(*numbers):
        for n in numbers:
            user = frida if of == "user" else make_user(f"user{n}")
            role = artist if of == "role" else Role.objects.create(name=f"role{n}")
            grant_role(user, role, by=boss)
            over = timezone.now() - DAY
            grant_role(user, role, since=over - DAY, until=over, by=boss)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert office.get(path).status_code == 200
        return len(queries)

    more(1)
    cost()  # Django remembers its content types from now on.
    few = cost()
    more(*range(2, 12))

    assert cost() == few <= 25
