"""Invitations in the administration."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.invitations.flows import (
    accept_invitation,
    invite,
    withdraw_invitation,
)
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail
from django_useraccounts.testing import lifted_limits, log_in, make_user

FRIDA = "frida@example.com"


def page(name, *args):
    return reverse(f"admin:useraccounts_invitations_invitation_{name}", args=args)


@pytest.fixture
def boss(db):
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def office(client, boss):
    return log_in(client, boss)


def typed(**changes):
    return {"email": FRIDA, "uses": "1", "note": "", "days": "14", **changes}


def act(client, action, *rows):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(page("changelist"), data, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_somebody_is_invited_by_the_flow(office, boss, maria):
    assert 'name="roles"' in office.get(page("add")).content.decode()

    response = office.post(page("add"), typed(roles=["artist"], note="Bring cake."))

    assert response.status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.invited_by, invitation.email, invitation.note) == (
        boss,
        FRIDA,
        "Bring cake.",
    )
    assert [role.name for role in invitation.roles.all()] == ["artist"]
    assert OutgoingMail.objects.get().kind == "accept_invitation"
    assert AccountEvent.objects.filter(kind="invited", actor=boss).count() == 1


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (
            {"email": "boss@example.com"},
            "This is an address of your own. Please enter the address of somebody else.",
        ),
        ({"email": "frida"}, "Enter an e-mail address like name@example.com."),
        ({"uses": "3"}, "is for one person"),
        ({"note": "www.evil"}, "A note may have no links"),
        ({"roles": ["emperor"]}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_stands_in_the_form(office, maria, wrong, sentence):
    response = office.post(page("add"), typed(**wrong))

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Invitation.objects.exists()


def test_an_invitation_is_read_and_never_changed(office, maria):
    invitation = invite(FRIDA, by=maria, roles=["artist"], note="Bring cake.")
    accept_invitation(invitation, user=make_user("frida"))

    text = office.get(page("change", invitation.pk)).content.decode()

    for word in (FRIDA, "maria", "artist", "Bring cake.", "frida", "Accepted"):
        assert word in text
    assert 'name="note"' not in text
    assert office.post(page("change", invitation.pk), typed()).status_code == 403
    assert office.post(page("delete", invitation.pk), {"post": "yes"}).status_code == 403


def test_invitations_are_sent_again_and_withdrawn(office, boss, maria):
    mailed, link = invite(FRIDA, by=maria), invite(by=maria)

    sent = act(office, "resend", mailed, link)
    withdrawn = act(office, "withdraw", mailed, link)

    assert sent == [
        f"#{link.pk}: This invitation has no address: hand out its link.",
        "Done for 1 invitation.",
    ]
    assert withdrawn == ["Done for 2 invitations."]
    assert {row.state for row in Invitation.objects.all()} == {"withdrawn"}
    assert AccountEvent.objects.filter(kind="invitation_withdrawn", actor=boss).count() == 2


def test_who_may_only_look_does_nothing_else(client, maria):
    invitation = invite(FRIDA, by=maria)
    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_invitation"))
    log_in(client, clerk)

    assert FRIDA in client.get(page("changelist")).content.decode()
    assert client.get(page("add")).status_code == 403
    client.post(page("changelist"), {"action": "withdraw", "_selected_action": [invitation.pk]})

    assert Invitation.objects.get().state == "waiting"


def test_who_may_add_invites_without_roles_to_give(client, maria):
    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="add_invitation"))
    log_in(client, clerk)

    refused = client.post(page("add"), typed(roles=["artist"]))
    assert "Select a valid choice." in refused.content.decode()
    client.post(page("add"), typed())

    assert Invitation.objects.get().invited_by == clerk


def test_it_is_found_by_address_and_by_who_invited(office, maria, let_invite):
    invite(FRIDA, by=maria)
    invite("zoe@straße.example", by=let_invite("ada"))

    def found(text):
        rows = office.get(page("changelist"), {"q": text}).context["cl"].queryset
        return {row.email_key for row in rows}

    assert found("fri") == found("Maria") == {FRIDA}
    assert found("zoe@straße.example") == {"zoe@xn--strae-oqa.example"}
    assert found("nobody") == found("é") == set()
    assert len(found(" ")) == 2


@pytest.mark.parametrize("state", ["waiting", "accepted", "withdrawn", "expired", "ended"])
def test_it_is_found_by_its_state(office, maria, state):
    with lifted_limits():
        invite("waiting@example.com", by=maria)
        accept_invitation(invite("accepted@example.com", by=maria), user=make_user("ada"))
        withdraw_invitation(invite("withdrawn@example.com", by=maria))
        ended = invite("ended@example.com", by=maria)
        OneTimeSecret.objects.filter(pk=ended.link_id).update(redeemed_at=timezone.now())
        late = invite("expired@example.com", by=maria)
        Invitation.objects.filter(pk=late.pk).update(expires_at=timezone.now())

    rows = office.get(page("changelist"), {"state": state}).context["cl"].queryset

    assert [(row.email, row.state) for row in rows] == [(f"{state}@example.com", state)]


def test_the_list_costs_the_same_for_any_number(office, maria):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            office.get(page("changelist"))
        return len(queries)

    with lifted_limits():
        invite(FRIDA, by=maria)
        few = cost()
        for number in range(30):
            invite(f"a{number}@example.com", by=maria)

    assert cost() == few


def test_where_nobody_has_an_address_the_form_asks_for_none(office, maria, set_conf):
    set_conf(EMAIL="off")

    assert 'name="email"' not in office.get(page("add")).content.decode()
    office.post(page("add"), {"uses": "3", "note": "", "days": "3"})

    assert Invitation.objects.get().uses_allowed == 3
