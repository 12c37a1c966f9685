"""Register with an invitation: let in where registration is closed, and with the address proved."""

import re

import pytest
from django.contrib.auth import get_user, get_user_model
from django.test import Client
from django.urls import reverse

from django_useraccounts.browser import COOKIE
from django_useraccounts.errors import EmailTaken, RegistrationClosed
from django_useraccounts.invitations.admission import InvitationAdmission
from django_useraccounts.invitations.errors import InvitationVoid
from django_useraccounts.invitations.flows import invite, withdraw_invitation
from django_useraccounts.invitations.models import InvitationUse
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user
from tests.invitations.policies import AnyRole

FRIDA = "frida@example.com"
REGISTER = "/accounts/register/"
CLOSED = "Registration is closed"


class InvitedOnly(AnyRole):
    def may_register(self, *, request):
        return False


class Shut(InvitedOnly):
    def may_log_in(self, user, *, request):
        return user.username == "maria"


@pytest.fixture
def closed(set_conf):
    set_conf(POLICY=f"{__name__}.InvitedOnly")


def come_by(client, invitation):
    """Open the link of an invitation, and press "Register"."""
    path = reverse("useraccounts:accept_invitation", args=[str(link_of(invitation.link))])
    page = client.get(path)["Location"]
    return client.post(page)


def fill_in(client, username="frida", email=FRIDA):
    data = {"username": username, "email": email, "password": PASSWORD}
    return client.post(REGISTER, data)


def is_in(client):
    user = get_user(client)
    return user.username if user.is_authenticated else None


# With the page


def test_the_mailed_link_proves_the_address_and_logs_in(client, maria, sent, closed):
    with sent():
        invite(FRIDA, by=maria, roles=["artist"])
    page = client.get(link_in(mails_to(FRIDA)[0]))["Location"]
    assert client.post(page)["Location"] == REGISTER
    form = client.get(REGISTER).content.decode()
    assert f'value="{FRIDA}"' in form
    assert "Your address is confirmed already" in form
    assert "We will send you a mail" not in form

    with sent():
        response = fill_in(client)

    assert response["Location"] == "/accounts/profile/"
    assert is_in(client) == "frida"
    address = UserEmail.objects.get(email=FRIDA)
    assert address.is_confirmed and address.is_primary
    assert address.user.email == FRIDA
    assert address.user.role_names == {"artist"}
    assert [mail.subject for mail in mails_to(FRIDA)][1:] == ["Welcome to testserver"]
    assert "We have sent a mail" not in client.get("/accounts/profile/").content.decode()


def test_the_events_tell_how_somebody_came_in(client, maria):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    come_by(client, invitation)
    fill_in(client)

    frida = get_user_model().objects.get(username="frida")
    events = {event.kind: event for event in AccountEvent.objects.filter(user=frida)}
    assert set(events) == {
        *("registered", "email_confirmed", "role_granted"),
        *("invitation_accepted", "logged_in"),
    }
    assert events["registered"].details == {"admission": f"invitation {invitation.pk}"}
    assert events["invitation_accepted"].details["invited_by"] == maria.pk
    assert events["role_granted"].actor == maria


def test_another_address_needs_a_proof_of_its_own(client, maria, sent, closed):
    come_by(client, invite(FRIDA, by=maria, roles=["artist"]))

    with sent():
        response = fill_in(client, email="kahlo@example.com")

    assert response["Location"].startswith("/accounts/mail-sent/")
    assert is_in(client) is None
    address = UserEmail.objects.get(email="kahlo@example.com")
    assert not address.is_confirmed
    assert address.user.role_names == {"artist"}
    page = client.get(link_in(mails_to("kahlo@example.com")[0]))["Location"]
    client.post(page, {"answer": "confirm"})
    assert is_in(client) == "frida"


def test_the_same_address_in_another_spelling_is_the_same(client, maria):
    come_by(client, invite("Frida@Example.com", by=maria))

    fill_in(client, email=" FRIDA@example.COM")

    assert UserEmail.objects.get(email_key=FRIDA).is_confirmed


def test_an_open_link_lets_in_and_proves_nothing(client, maria, sent, closed):
    invitation = invite(by=maria, roles=["artist"], uses=2)
    come_by(client, invitation)
    assert "You are invited." in client.get(REGISTER).content.decode()

    with sent():
        fill_in(client)
        fill_in(Client())

    assert is_in(client) is None
    [address] = UserEmail.objects.filter(email=FRIDA)
    assert not address.is_confirmed
    invitation.refresh_from_db()
    assert invitation.uses == 1


def test_without_an_invitation_registration_is_closed(client, maria, closed):
    invite(FRIDA, by=maria)

    assert CLOSED in client.get(REGISTER).content.decode()
    assert fill_in(client).status_code == 403
    with pytest.raises(RegistrationClosed):
        register("frida", email=FRIDA, password=PASSWORD)


def test_what_is_withdrawn_meanwhile_lets_nobody_in(client, maria, closed):
    invitation = invite(FRIDA, by=maria)
    come_by(client, invitation)
    withdraw_invitation(invitation)

    assert CLOSED in client.get(REGISTER).content.decode()
    assert fill_in(client).status_code == 403
    assert not get_user_model().objects.filter(username="frida").exists()


@pytest.mark.parametrize("is_open", [True, False])
def test_what_ends_while_the_form_is_open_is_told_once(client, maria, set_conf, is_open):
    if not is_open:
        set_conf(POLICY=f"{__name__}.InvitedOnly")
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    come_by(client, invitation)
    client.get(REGISTER)
    withdraw_invitation(invitation)

    told = fill_in(client)
    assert told.status_code == 410
    assert "This invitation was withdrawn." in told.content.decode()
    assert not get_user_model().objects.filter(username="frida").exists()
    again = fill_in(client)

    assert again.status_code == (302 if is_open else 403)
    found = get_user_model().objects.filter(username="frida").first()
    assert (found.role_names if is_open else found) == (frozenset() if is_open else None)


def test_an_invitation_that_is_gone_is_none(client, maria, closed):
    invitation = invite(FRIDA, by=maria)
    come_by(client, invitation)
    invitation.delete()

    assert CLOSED in client.get(REGISTER).content.decode()
    assert fill_in(client).status_code == 403


def test_who_has_an_account_after_all_is_led_to_the_invitation_by_the_login(client, maria):
    make_user("kahlo")
    come_by(client, invite(FRIDA, by=maria, roles=["artist"]))

    [login] = re.findall(
        r'href="(/accounts/login/\?next=[^"]+)"', client.get(REGISTER).content.decode()
    )
    page = client.post(login, {"identifier": "kahlo", "password": PASSWORD})["Location"]

    assert "Accept the invitation" in client.get(page).content.decode()
    client.post(page)
    assert get_user(client).role_names == {"artist"}


def test_without_usernames_the_address_is_enough(client, maria, set_conf, closed):
    set_conf(USERNAME="off")
    come_by(client, invite(FRIDA, by=maria))

    for _ in range(2):
        response = client.post(REGISTER, {"email": FRIDA, "password": PASSWORD})

    assert response.status_code == 302
    assert get_user(client).email == FRIDA
    assert get_user_model().objects.count() == 2


def test_the_session_holds_no_link(client, maria):
    invitation = invite(FRIDA, by=maria)
    come_by(client, invitation)

    kept = {"useraccounts_invitation": invitation.pk, "_session_expiry": 0}
    assert dict(client.session.items()) == kept


def test_a_mistake_does_not_use_the_invitation_up(client, maria, closed):
    come_by(client, invite(FRIDA, by=maria, roles=["artist"]))

    taken = fill_in(client, username="maria")
    assert "This username is taken." in taken.content.decode()
    assert not InvitationUse.objects.exists()
    assert not UserEmail.objects.filter(email=FRIDA).exists()
    fill_in(client)

    assert is_in(client) == "frida"


def test_an_address_that_has_an_account_is_to_be_logged_in_with(client, maria, sent):
    owner = make_user("kahlo", FRIDA)
    come_by(client, invite(FRIDA, by=maria, roles=["artist"]))

    text = fill_in(client).content.decode()

    assert "This e-mail address belongs to another account." in text
    assert not get_user_model().objects.filter(username="frida").exists()
    assert not InvitationUse.objects.exists()
    assert owner.role_names == frozenset()


def test_a_claim_of_somebody_else_is_in_nobodys_way(client, maria):
    stranger = make_user("mallory", FRIDA, confirmed=False)
    come_by(client, invite(FRIDA, by=maria))

    fill_in(client)

    assert UserEmail.objects.confirmed().get(email_key=FRIDA).user.username == "frida"
    assert not UserEmail.objects.get(user=stranger).is_confirmed


def test_who_is_logged_in_does_not_register(client, maria):
    invitation = invite(FRIDA, by=maria)
    client.force_login(make_user("kahlo"))

    come_by(client, invitation)

    assert client.get(REGISTER).status_code == 302
    assert InvitationUse.objects.get().user.username == "kahlo"


def test_whom_policy_does_not_let_log_in_is_told_so_at_the_login(client, maria, set_conf):
    set_conf(POLICY=f"{__name__}.Shut")
    come_by(client, invite(FRIDA, by=maria))

    assert fill_in(client)["Location"].startswith("/accounts/login/")


def test_a_second_click_on_register_makes_no_second_account(maria, closed):
    client, twin = Client(), Client()
    invitation = invite(FRIDA, by=maria)
    come_by(client, invitation)
    client.get(REGISTER)
    # The same browser, in another tab with another invitation.
    twin.cookies[COOKIE] = client.cookies[COOKIE].value
    come_by(twin, invite(by=maria))

    fill_in(client)
    response = fill_in(twin)

    assert response["Location"] == "/accounts/profile/"
    assert is_in(twin) == "frida"
    assert get_user_model().objects.count() == 2
    assert InvitationUse.objects.get().invitation == invitation


def test_the_page_costs_nothing_more_for_strangers(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(REGISTER)


# By code, as any other way to register does it


def test_any_way_to_register_takes_the_invitation_along(maria, closed):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    admission = InvitationAdmission(invitation)

    registration = register("frida", email=FRIDA, password=PASSWORD, admission=admission)

    assert registration.address.is_confirmed
    assert registration.user.role_names == {"artist"}
    assert InvitationUse.objects.get().user == registration.user


def test_an_invitation_that_is_over_takes_the_whole_registration_back(maria, closed):
    invitation = invite(FRIDA, by=maria)
    before = OutgoingMail.objects.count(), OneTimeSecret.objects.count()
    withdraw_invitation(invitation)

    with pytest.raises(InvitationVoid):
        register("frida", email=FRIDA, password=PASSWORD, admission=InvitationAdmission(invitation))

    assert not get_user_model().objects.filter(username="frida").exists()
    assert (OutgoingMail.objects.count(), OneTimeSecret.objects.count()) == before


def test_a_proved_address_is_proved_once(maria):
    make_user("kahlo", FRIDA)

    with pytest.raises(EmailTaken):
        register(
            "frida",
            email=FRIDA,
            password=PASSWORD,
            admission=InvitationAdmission(invite(FRIDA, by=maria)),
        )


def test_where_nobody_has_an_address_a_link_lets_in(client, maria, set_conf):
    set_conf(POLICY=f"{__name__}.InvitedOnly", EMAIL="off")
    come_by(client, invite(by=maria, roles=["artist"]))

    client.post(REGISTER, {"username": "frida", "password": PASSWORD})

    assert is_in(client) == "frida"
    assert get_user(client).role_names == {"artist"}
