"""Accept an invitation with an account that is there already."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.administration.flows import switch_off, switch_on
from django_useraccounts.invitations.errors import InvitationVoid, OwnInvitation
from django_useraccounts.invitations.flows import (
    accept_invitation,
    invite,
    withdraw_invitation,
)
from django_useraccounts.invitations.models import Invitation, InvitationUse
from django_useraccounts.invitations.signals import invitation_accepted
from django_useraccounts.models import AccountEvent, OneTimeSecret, RoleGrant
from django_useraccounts.policy import Policy
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.secrets import UNDO_EMAIL_CHANGE, issue, link_of
from django_useraccounts.testing import PASSWORD, log_in, make_user

FRIDA = "frida@example.com"


@pytest.fixture
def frida(db):
    return make_user("frida")


def path_of(invitation):
    return reverse("useraccounts:accept_invitation", args=[str(link_of(invitation.link))])


def open_link(client, invitation):
    """Open a link, and return the path of its page and what it says."""
    page = client.get(path_of(invitation))["Location"]
    return page, client.get(page).content.decode()


# By the flow


def test_the_roles_are_granted_by_who_invited(maria, frida):
    invitation = invite(FRIDA, by=maria, roles=["artist", "member"])

    accept_invitation(invitation, user=frida)

    assert frida.role_names == {"artist", "member"}
    for grant in RoleGrant.objects.all():
        assert (grant.granted_by, grant.source) == (maria, "invitation")
    invitation.refresh_from_db()
    assert (invitation.state, invitation.uses) == ("accepted", 1)
    assert InvitationUse.objects.get().user == frida


def test_an_event_and_a_signal_tell_of_it(maria, frida, sent):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    heard = []

    def hear(**news):
        heard.append(news)

    invitation_accepted.connect(hear)

    with sent():
        accept_invitation(invitation, user=frida)
    invitation_accepted.disconnect(hear)

    assert [(news["user"], news["invitation"]) for news in heard] == [(frida, invitation)]
    event = AccountEvent.objects.get(kind="invitation_accepted")
    assert (event.user, event.actor) == (frida, frida)
    assert event.details == {
        "invitation": invitation.pk,
        "invited_by": maria.pk,
        "roles": ["artist"],
    }


def test_accepting_twice_changes_nothing(maria, frida):
    invitation = invite(by=maria, roles=["artist"], uses=2)

    for _ in range(2):
        accept_invitation(invitation, user=frida)

    invitation.refresh_from_db()
    assert invitation.uses == 1
    assert RoleGrant.objects.count() == 1


def test_a_mailed_invitation_is_for_one(maria, frida):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    accept_invitation(invitation, user=frida)
    ada = make_user("ada")

    with pytest.raises(InvitationVoid, match="accepted already"):
        accept_invitation(invitation, user=ada)

    assert ada.role_names == frozenset()


def test_an_open_invitation_is_for_as_many_as_it_says(maria):
    invitation = invite(by=maria, roles=["artist"], uses=2)
    for name in ("ada", "frida"):
        accept_invitation(invitation, user=make_user(name))

    with pytest.raises(InvitationVoid, match="accepted already"):
        accept_invitation(invitation, user=make_user("pablo"))

    assert RoleGrant.objects.count() == InvitationUse.objects.count() == 2


def test_a_role_that_is_there_for_good_is_not_granted_once_more(maria, frida):
    grant_role(frida, "artist")
    grant_role(frida, "member", until=timezone.now() + timedelta(days=1))

    accept_invitation(invite(FRIDA, by=maria, roles=["artist", "member"]), user=frida)

    assert RoleGrant.objects.filter(role__name="artist").count() == 1
    assert RoleGrant.objects.filter(role__name="member", ends_at=None).count() == 1


def test_nobody_accepts_the_own_invitation(maria):
    invitation = invite(by=maria, roles=["artist"])

    with pytest.raises(OwnInvitation):
        accept_invitation(invitation, user=maria)

    assert maria.role_names == frozenset()


def drop(*codenames):
    def act(maria, invitation):
        maria.user_permissions.remove(*maria.user_permissions.filter(codename__in=codenames))

    return act


def expire(maria, invitation):
    past = timezone.now().replace(microsecond=0) - timedelta(seconds=1)
    Invitation.objects.update(expires_at=past)
    # As an older row would be: the link covers its end.
    OneTimeSecret.objects.filter(invitation=invitation).update(expires_at=past)


VOID = {
    "who invited may no longer invite": (drop("add_invitation"), "ended"),
    "who invited may no longer give roles": (drop("add_rolegrant"), "ended"),
    "who invited is switched off": (lambda maria, _: switch_off(maria), "ended"),
    "it is withdrawn": (lambda _, invitation: withdraw_invitation(invitation), "withdrawn"),
    "it is over": (expire, "expired"),
    "it is gone": (lambda _, invitation: invitation.delete() and None, "ended"),
}


@pytest.mark.parametrize("what", VOID)
def test_an_invitation_is_void_when(maria, frida, what):
    happen, reason = VOID[what]
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    copy = Invitation.objects.get()

    happen(maria, invitation)

    with pytest.raises(InvitationVoid) as refused:
        accept_invitation(copy, user=frida)
    assert refused.value.reason == reason
    assert frida.role_names == frozenset()


class Everybody(Policy):
    def may_invite(self, user, *, request):
        return True

    def may_grant(self, user, role_names):
        return True


def test_whatever_policy_says_nobody_invites_whose_account_is_off(maria, frida, set_conf):
    set_conf(POLICY=f"{__name__}.Everybody")
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    switch_off(maria)

    with pytest.raises(InvitationVoid):
        accept_invitation(invitation, user=frida)


def test_an_invitation_without_roles_needs_no_right_to_give_any(maria, frida):
    invitation = invite(FRIDA, by=maria)
    drop("add_rolegrant")(maria, invitation)

    accept_invitation(invitation, user=frida)

    assert InvitationUse.objects.count() == 1


def test_what_a_thief_has_sent_ends_when_the_owner_takes_the_account_back(maria, frida):
    # The thief is in the account of maria, and has invited himself.
    from django_useraccounts.emails.flows import undo_email_change
    from django_useraccounts.emails.flows.rows import as_they_were

    invitation = invite(by=maria, roles=["artist"])
    address = maria.emails.get()
    address.user = maria
    undo_email_change(issue(UNDO_EMAIL_CHANGE, address=address, pending=as_they_were([address])))

    with pytest.raises(InvitationVoid) as refused:
        accept_invitation(invitation, user=frida)

    assert refused.value.reason == "ended"


# By the page


def test_who_is_logged_in_accepts_with_a_button(client, maria, frida):
    invitation = invite(FRIDA, by=maria, roles=["artist"], note="Bring cake.")
    log_in(client, frida)
    page, text = open_link(client, invitation)

    for word in ("<bdi>maria</bdi></strong> invites you", "Bring cake.", "Artist", "<bdi>frida"):
        assert word in text
    assert not InvitationUse.objects.exists()
    response = client.post(page)

    assert response["Location"] == "/accounts/profile/"
    assert frida.role_names == {"artist"}


@pytest.mark.parametrize("uses", [1, 5])
def test_a_second_click_leads_where_the_first_one_did(client, maria, frida, uses):
    invitation = invite(by=maria, uses=uses)
    log_in(client, frida)
    page, _text = open_link(client, invitation)

    assert client.post(page)["Location"] == client.post(page)["Location"]
    assert client.get(page)["Location"] == "/accounts/profile/"
    assert InvitationUse.objects.count() == 1


def test_who_logs_in_first_comes_back_to_the_invitation(client, maria, frida):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    page, text = open_link(client, invitation)
    login = f"/accounts/login/?next={quote(page, safe='')}"
    assert f'href="{login}"' in text

    response = client.post(login, {"identifier": "frida", "password": PASSWORD})

    assert response["Location"] == page
    assert "Accept the invitation" in client.get(page).content.decode()
    client.post(page)
    assert frida.role_names == {"artist"}


def test_the_link_leaves_the_url_at_once_and_opens_nothing_by_its_public_half(client, maria):
    invitation = invite(FRIDA, by=maria)
    path = path_of(invitation)

    response = client.get(path)
    page = response["Location"]

    assert len(page) < len(path)
    assert response["Referrer-Policy"] == "no-referrer"
    assert Client().get(page).status_code == 404
    assert Client().post(page).status_code == 404


def test_the_own_invitation_has_no_button(client, maria):
    log_in(client, maria)

    page, text = open_link(client, invite(FRIDA, by=maria))

    assert "an invitation of your own" in text
    assert "Accept the invitation" not in text
    assert "an invitation of your own" in client.post(page).content.decode()


SENTENCES = {
    "who invited may no longer invite": "may not invite you any more",
    "who invited may no longer give roles": "may not invite you any more",
    "who invited is switched off": "may not invite you any more",
    "it is withdrawn": "This invitation was withdrawn.",
    "it is gone": "This link is not valid.",
}


@pytest.mark.parametrize("what", SENTENCES)
def test_the_page_of_a_void_invitation_says_why(client, maria, frida, what):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    log_in(client, frida)
    page, _text = open_link(client, invitation)

    VOID[what][0](maria, invitation)

    for response in (client.get(page), client.post(page)):
        assert response.status_code == (404 if what == "it is gone" else 410)
        assert SENTENCES[what] in response.content.decode()
    assert frida.role_names == frozenset()


def test_the_page_of_an_invitation_that_is_over_says_so(client, maria, frida):
    invitation = invite(FRIDA, by=maria)
    expire(maria, invitation)
    invitation.link.refresh_from_db()

    response = client.get(client.get(path_of(invitation))["Location"])

    assert response.status_code == 410
    assert "This invitation has expired." in response.content.decode()


def test_the_page_of_an_accepted_invitation_says_so(client, maria, frida):
    invitation = invite(FRIDA, by=maria)
    accept_invitation(invitation, user=frida)

    response = client.get(client.get(path_of(invitation))["Location"])

    assert response.status_code == 410
    assert "This invitation was accepted already." in response.content.decode()


@pytest.mark.parametrize("link", ["x", "x" * 22, "x" * 64, "é" * 64, "x" * 500])
def test_what_is_no_link_is_refused(client, db, link):
    response = client.get(reverse("useraccounts:accept_invitation", args=[link]), follow=True)

    assert response.status_code == 404
    assert "This invitation cannot be accepted" in response.content.decode()


def test_an_invitation_comes_back_to_life_with_who_made_it(maria, frida):
    invitation = invite(FRIDA, by=maria)
    switch_off(maria)
    switch_on(maria)

    accept_invitation(invitation, user=frida)

    assert InvitationUse.objects.count() == 1
