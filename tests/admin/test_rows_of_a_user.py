"""Addresses and roles on the page of their user."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from django_useraccounts.emails.flows import add_email, make_primary
from django_useraccounts.models import AccountEvent, OutgoingMail, Role, RoleGrant, UserEmail
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import make_user
from tests.admin.pages import Form, errors_of, page, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def frida(office):
    """Somebody with a primary, a confirmed and a waiting address, in this order."""
    user = make_user("frida")
    add_email(user, "second@example.com", confirmed=True)
    UserEmail.objects.add_claim(user, "claim@example.com")
    AccountEvent.objects.all().delete()
    OutgoingMail.objects.all().delete()
    return user


def state_of(user):
    """Return each address as text, confirmed, primary."""
    rows = UserEmail.objects.filter(user=user).order_by("pk")
    return [(row.email, row.is_confirmed, bool(row.is_primary)) for row in rows]


UNCHANGED = [
    ("frida@example.com", True, True),
    ("second@example.com", True, False),
    ("claim@example.com", False, False),
]


def events():
    return [
        (event.kind, event.actor.username, event.details.get("address") or event.details.get("to"))
        for event in AccountEvent.objects.order_by("pk")
    ]


# Addresses


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_address_is_added(office, frida, confirmed):
    save(
        office,
        frida,
        emails__TOTAL_FORMS="4",
        emails__3__email="third@example.com",
        emails__3__confirmed="on" if confirmed else None,
    )

    assert state_of(frida) == [*UNCHANGED, ("third@example.com", confirmed, False)]
    assert events() == [("email_added", "boss", "third@example.com")]
    kinds = list(OutgoingMail.objects.values_list("kind", flat=True))
    # Both proved addresses are told of a third one.
    assert kinds == (["email_added"] * 2 if confirmed else ["confirm_email"])


def test_a_waiting_address_is_confirmed_and_made_primary_in_one_save(office, frida):
    save(
        office,
        frida,
        emails__0__is_primary=None,
        emails__2__confirmed="on",
        emails__2__is_primary="on",
    )

    frida.refresh_from_db()
    assert frida.email == "claim@example.com"
    assert state_of(frida) == [
        ("frida@example.com", True, False),
        ("second@example.com", True, False),
        ("claim@example.com", True, True),
    ]
    assert events() == [
        ("email_confirmed", "boss", "claim@example.com"),
        ("primary_email_changed", "boss", "claim@example.com"),
    ]


def test_an_older_address_is_made_primary_again(office, frida):
    make_primary(UserEmail.objects.get(email="second@example.com"))
    AccountEvent.objects.all().delete()

    save(office, frida, emails__0__is_primary="on", emails__1__is_primary=None)

    frida.refresh_from_db()
    assert frida.email == "frida@example.com"
    assert state_of(frida) == UNCHANGED
    assert events() == [("primary_email_changed", "boss", "frida@example.com")]


def test_an_address_is_removed(office, frida):
    save(office, frida, emails__1__DELETE="on")

    assert state_of(frida) == [UNCHANGED[0], UNCHANGED[2]]
    assert events() == [("email_removed", "boss", "second@example.com")]


def test_the_only_address_may_be_replaced_in_one_save(office):
    user = make_user("frida")

    save(
        office,
        user,
        emails__TOTAL_FORMS="2",
        emails__0__DELETE="on",
        emails__1__email="new@example.com",
        emails__1__confirmed="on",
    )

    assert state_of(user) == [("new@example.com", True, True)]


def test_E6_two_primaries_are_refused_in_one_sentence_and_nothing_is_lost(office, frida):
    response = save(
        office,
        frida,
        first_name="Frida",
        emails__TOTAL_FORMS="4",
        emails__1__is_primary="on",
        emails__3__email="third@example.com",
    )

    assert errors_of(response) == [
        "An account has one primary address. You have marked frida@example.com, second@example.com."
    ]
    data = Form(response.content.decode()).data
    assert data["first_name"] == "Frida"
    assert data["emails-1-is_primary"] == "on"
    assert data["emails-3-email"] == "third@example.com"
    assert state_of(frida) == UNCHANGED
    assert not AccountEvent.objects.exists()


def test_a_primary_address_cannot_just_be_unmarked(office, frida):
    response = save(office, frida, emails__0__is_primary=None)

    assert errors_of(response) == [
        "Mark the address that is to be primary, instead of unmarking the one that is."
    ]
    assert state_of(frida) == UNCHANGED


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (
            {"emails__0__is_primary": None, "emails__2__is_primary": "on"},
            "claim@example.com: Only a confirmed e-mail address can be the primary one. Confirm it first.",
        ),
        (
            {"emails__0__DELETE": "on", "emails__1__DELETE": "on"},
            "second@example.com: This is the only confirmed e-mail address of the account. Confirm another one first.",
        ),
        (
            {"emails__TOTAL_FORMS": "4", "emails__3__email": "boss@example.com"},
            "boss@example.com: This e-mail address belongs to another account.",
        ),
        (
            {"emails__TOTAL_FORMS": "4", "emails__3__email": "FRIDA@example.com"},
            "FRIDA@example.com: This e-mail address is part of the account already.",
        ),
    ],
)
def test_what_a_flow_refuses_is_said_and_the_whole_save_is_undone(office, frida, changes, sentence):
    response = save(office, frida, first_name="Frida", username="kahlo", **changes)

    assert errors_of(response) == [sentence]
    assert Form(response.content.decode()).data["first_name"] == "Frida"
    frida.refresh_from_db()
    assert (frida.username, frida.first_name, frida.email) == ("frida", "", "frida@example.com")
    assert state_of(frida) == UNCHANGED
    assert not AccountEvent.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_what_is_no_address_is_said_beside_it(office, frida):
    response = save(office, frida, emails__TOTAL_FORMS="4", emails__3__email="no address")

    assert errors_of(response) == ["Enter an e-mail address like name@example.com."]


def test_the_text_of_an_address_never_changes_nor_is_a_proof_taken_back(office, frida):
    save(office, frida, emails__0__email="mallory@example.com", emails__0__confirmed=None)

    assert state_of(frida) == UNCHANGED
    assert not AccountEvent.objects.exists()


def test_E7_the_rows_of_somebody_else_cannot_be_reached(office, frida):
    other = make_user("other")
    theirs = UserEmail.objects.get(user=other)

    response = save(office, frida, emails__1__id=str(theirs.pk), emails__1__DELETE="on")

    assert response.status_code in (200, 302)
    assert state_of(other) == [("other@example.com", True, True)]
    assert UserEmail.objects.filter(user=frida).count() == 3


def test_a_row_that_somebody_has_removed_meanwhile_is_no_error_page(office, frida):
    path = page("change", frida.pk)
    data = Form(office.get(path).content.decode()).data
    UserEmail.objects.get(email="second@example.com").delete()

    response = office.post(path, data)

    assert response.status_code == 200
    assert errors_of(response)


def test_an_address_is_shown_as_people_write_it(office, frida):
    add_email(frida, "post@bücher.example", confirmed=True)

    html = office.get(page("change", frida.pk)).content.decode()

    assert "post@bücher.example" in html
    assert save(office, frida, first_name="Frida").status_code == 302


# Roles


def granting(user, role, **more):
    fields = {f"role_grants__0__{name}": value for name, value in more.items()}
    return {
        "role_grants__TOTAL_FORMS": "1",
        "role_grants__0__role": str(role.pk),
        "role_grants__0__user": str(user.pk),
        **fields,
    }


@pytest.fixture
def artist():
    return Role.objects.create(name="artist", label="Artist")


def test_a_role_is_granted_from_now_on_by_the_administrator(office, boss, artist):
    user = make_user("frida")

    save(office, user, **granting(user, artist, reason="paints"))

    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.granted_by) == (user, artist, boss)
    assert (grant.source, grant.reason, grant.ends_at) == ("admin", "paints", None)
    assert user.has_roles("artist")
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("role_granted", user, boss)


def test_a_role_is_granted_for_a_time(office, artist):
    user = make_user("frida")
    times = {
        "starts_at_0": "2030-01-01",
        "starts_at_1": "10:00",
        "ends_at_0": "2031-01-01",
        "ends_at_1": "10:00",
    }

    save(office, user, **granting(user, artist, **times))

    grant = RoleGrant.objects.get()
    assert (grant.starts_at.year, grant.ends_at.year) == (2030, 2031)


@pytest.mark.asvs("2.2.3")
def test_a_role_that_ends_before_it_starts_is_refused_in_the_form(office, artist):
    user = make_user("frida")
    ends = {"ends_at_0": "2001-01-01", "ends_at_1": "10:00"}

    response = save(office, user, first_name="Frida", **granting(user, artist, **ends))

    assert errors_of(response) == ["Artist: A role has to end after it starts."]
    assert Form(response.content.decode()).data["role_grants-0-ends_at_0"] == "2001-01-01"
    user.refresh_from_db()
    assert user.first_name == ""
    assert not RoleGrant.objects.exists()


def test_taking_a_role_away_ends_this_grant_and_keeps_it_as_history(office, boss, artist):
    user = make_user("frida")
    first, second = grant_role(user, artist), grant_role(user, artist)
    AccountEvent.objects.all().delete()

    save(office, user, role_grants__0__DELETE="on")

    first.refresh_from_db()
    assert first.ends_at <= timezone.now()
    assert RoleGrant.objects.in_force().get() == second
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("role_revoked", user, boss)
    html = office.get(page("change", user.pk)).content.decode()
    assert "Past roles" in html


def test_grants_cannot_be_edited_neither_now_nor_when_they_are_history(office, artist):
    user, now = make_user("frida"), timezone.now()
    day = timedelta(days=1)
    past = grant_role(user, artist, since=now - 2 * day, until=now - day)
    running = grant_role(user, artist)
    other = Role.objects.create(name="other")
    AccountEvent.objects.all().delete()
    before = list(RoleGrant.objects.order_by("pk").values())

    save(
        office,
        user,
        role_grants__0__role=str(other.pk),
        role_grants__0__reason="forged",
        **{
            "role_grants-2-0-id": str(past.pk),
            "role_grants-2-0-DELETE": "on",
            "role_grants-2-0-ends_at_0": "2040-01-01",
            "role_grants-2-0-ends_at_1": "10:00",
        },
    )

    assert RoleGrant.objects.in_force().get() == running
    assert list(RoleGrant.objects.order_by("pk").values()) == before
    assert not AccountEvent.objects.exists()


def test_since_when_an_address_is_confirmed_reads_like_any_date(office):
    user = make_user("frida")
    UserEmail.objects.update(confirmed_at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC))

    page = office.get(f"/admin/useraccounts/user/{user.pk}/change/").content.decode()

    assert "March 1, 2026, 12:30 p.m." in page
