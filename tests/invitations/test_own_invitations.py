"""The pages of who invites."""

from datetime import timedelta

import pytest
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
from django_useraccounts.models import OutgoingMail
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import lifted_limits, log_in, mails_to, make_user

FRIDA = "frida@example.com"


def page(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


@pytest.fixture
def browser(client, maria):
    """A browser in which maria is logged in."""
    return log_in(client, maria)


def typed(**changes):
    return {"email": FRIDA, "uses": "1", "note": "", "days": "14", **changes}


def test_an_invitation_is_written_mailed_and_listed(browser, sent):
    with sent():
        data = typed(note="Bring cake.", roles=["artist"], days="30")
        response = browser.post(page("invite"), data, follow=True)

    text = response.content.decode()
    assert f"Your invitation to {FRIDA} is on its way." in text
    assert f"<bdi>{FRIDA}</bdi>" in text
    assert "waiting" in text and "Artist" in text
    assert len(mails_to(FRIDA)) == 1
    invitation = Invitation.objects.get()
    assert (invitation.expires_at - timezone.now()).days in {29, 30}
    # Only who reads the mail has the link.
    assert str(link_of(invitation.link))[22:] not in text


def test_a_link_to_hand_out_is_shown_and_stays(browser):
    response = browser.post(page("invite"), typed(email="", uses="30"), follow=True)

    link = f"http://testserver/accounts/accept-invitation/{link_of(Invitation.objects.get().link)}/"
    assert "Here is your link." in response.content.decode()
    for text in (response.content.decode(), browser.get(page("invitations")).content.decode()):
        assert link in text
        assert "A link for 30 people" in text


def test_each_state_is_shown_with_what_can_be_done(browser, maria):
    with lifted_limits():
        invite("waits@example.com", by=maria)
        accept_invitation(invite("accepts@example.com", by=maria), user=make_user("ada"))
        withdraw_invitation(invite("withdrawn@example.com", by=maria))
        late = invite("late@example.com", by=maria)
        Invitation.objects.filter(pk=late.pk).update(expires_at=timezone.now())
        accept_invitation(invite(by=maria, uses=5), user=make_user("eve"))

    text = browser.get(page("invitations")).content.decode()

    for word in ("waiting", "accepted", "withdrawn", "expired", "Accepted by 1 person so far."):
        assert word in text
    assert text.count(">Send again<") == 1
    assert text.count(">Withdraw<") == 2


def test_the_list_costs_six_queries_whatever_is_in_it(browser, maria):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            browser.get(page("invitations"))
        return len(queries)

    with lifted_limits():
        invite("first@example.com", by=maria, roles=["artist"])
        few = cost()
        for number in range(60):
            invite(f"a{number}@example.com", by=maria, roles=["artist", "member"])

    # session, user, two for the right to invite, invitations, their roles
    assert few == cost() == 6


def test_the_list_goes_on_on_older_pages(browser, maria):
    with lifted_limits():
        for number in range(41):
            invite(f"a{number}@example.com", by=maria)
    seen, sizes, path = [], [], page("invitations")
    for _ in range(3):
        response = browser.get(path)
        rows = [row.email for row, _link in response.context["invitations"]]
        seen += rows
        sizes.append(len(rows))
        path = f"{page('invitations')}?before={response.context['before']}"

    assert sizes == [20, 20, 1]
    assert seen == [f"a{number}@example.com" for number in reversed(range(41))]
    assert response.context["before"] is None


@pytest.mark.parametrize("before", ["", "x", "-1", "0x1", "²", "٣", "9" * 19, "9" * 99, "1;--"])
def test_no_page_is_broken_by_what_stands_in_the_url(browser, maria, before):
    invite(FRIDA, by=maria)

    response = browser.get(page("invitations"), {"before": before})

    assert response.status_code == 200
    assert FRIDA in response.content.decode()


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"email": "frida"}, "Enter an e-mail address like name@example.com."),
        ({"email": "a@example.com, b@example.com"}, "Enter an e-mail address like"),
        (
            {"email": "MARIA@example.com"},
            "This is an address of your own. Please enter the address of somebody else.",
        ),
        ({"email": "waits@example.com"}, "You have invited this address already."),
        ({"email": "x" * 300 + "@example.com"}, "This e-mail address is too long."),
        ({"note": "See http://evil.example"}, "A note may have no links"),
        ({"note": "x" * 501}, "The note is too long."),
        ({"uses": "0"}, "greater than or equal to 1"),
        ({"uses": "1001", "email": ""}, "less than or equal to 1000"),
        ({"uses": "many"}, "Enter a whole number."),
        ({"uses": "2"}, "is for one person"),
        ({"days": "365"}, "Select a valid choice."),
        ({"days": "x"}, "Select a valid choice."),
        ({"roles": ["emperor"]}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(browser, maria, wrong, sentence):
    invite("waits@example.com", by=maria)

    response = browser.post(page("invite"), typed(**wrong))

    assert sentence in response.content.decode()
    assert Invitation.objects.count() == 1


def test_known_and_unknown_addresses_look_the_same(browser):
    make_user("ada")

    texts = []
    for email in ("ada@example.com", "bob@example.com"):
        text = browser.post(page("invite"), typed(email=email), follow=True).content.decode()
        texts.append(text.replace(email, "…").count("…"))
        last = Invitation.objects.latest("pk")
        assert (last.email, last.state) == (email, "waiting")
    assert OutgoingMail.objects.filter(user=None, kind="accept_invitation").count() == 2
    assert texts[0] == texts[1]


def test_only_roles_that_one_may_give_are_offered(browser, maria):
    assert 'value="artist"' in browser.get(page("invite")).content.decode()
    maria.user_permissions.remove(*maria.user_permissions.filter(codename="add_rolegrant"))

    assert 'name="roles"' not in browser.get(page("invite")).content.decode()
    browser.post(page("invite"), typed(roles=["artist"]))

    assert not Invitation.objects.get().roles.exists()


def test_who_may_not_invite_is_refused_and_has_no_entry_in_the_menu(browser, client, maria):
    entry = f'href="{page("invitations")}"'
    assert entry in browser.get(page("profile")).content.decode()
    log_in(client, make_user("ada"))

    for response in (client.get(page("invite")), client.post(page("invite"), typed())):
        assert response.status_code == 403
    assert entry not in client.get(page("profile")).content.decode()
    assert page("invite") not in client.get(page("invitations")).content.decode()
    assert not Invitation.objects.exists()


def test_strangers_are_sent_to_log_in(client, maria):
    invitation = invite(FRIDA, by=maria)

    for name, args in (
        ("invitations", []),
        ("invite", []),
        ("resend_invitation", [invitation.pk]),
        ("withdraw_invitation", [invitation.pk]),
    ):
        for ask in (client.get, client.post):
            assert ask(page(name, *args))["Location"].startswith("/accounts/login/?next=")


def test_who_has_no_confirmed_address_invites_nobody(client, let_invite):
    log_in(client, let_invite("ada", confirmed=False))

    assert client.get(page("invite"))["Location"].startswith(page("emails"))


def test_an_invitation_is_sent_again(browser, maria, sent):
    invitation = invite(FRIDA, by=maria)
    path = page("resend_invitation", invitation.pk)
    assert "Send this invitation again?" in browser.get(path).content.decode()
    assert OutgoingMail.objects.count() == 1

    with sent():
        response = browser.post(path, follow=True)

    assert f"We have sent the invitation to {FRIDA} again." in response.content.decode()
    assert OutgoingMail.objects.count() == 2


def test_a_link_is_not_sent_again(browser, maria):
    invitation = invite(by=maria)

    text = browser.post(page("resend_invitation", invitation.pk)).content.decode()

    assert "This invitation has no address" in text


def test_an_invitation_is_withdrawn(browser, maria):
    invitation = invite(FRIDA, by=maria)
    path = page("withdraw_invitation", invitation.pk)
    assert "Withdraw this invitation?" in browser.get(path).content.decode()
    invitation.refresh_from_db()
    assert invitation.state == "waiting"

    response = browser.post(path, follow=True)

    assert "The invitation is withdrawn." in response.content.decode()
    assert Invitation.objects.get().state == "withdrawn"
    assert browser.post(path)["Location"] == page("invitations")


def test_withdrawing_a_link_that_some_have_used_says_what_stays(browser, maria):
    invitation = invite(by=maria, uses=5)
    accept_invitation(invitation, user=make_user("ada"))

    text = browser.get(page("withdraw_invitation", invitation.pk)).content.decode()

    assert "Those who have accepted it keep the account and the roles." in text


@pytest.mark.parametrize("name", ["resend_invitation", "withdraw_invitation"])
def test_an_invitation_of_somebody_else_is_as_good_as_none(browser, let_invite, name):
    theirs = invite(FRIDA, by=let_invite("ada"))

    for ask in (browser.get, browser.post):
        for number in (theirs.pk, theirs.pk + 1000, 2**70):
            assert ask(page(name, number))["Location"] == page("invitations")
    assert Invitation.objects.get().state == "waiting"
    assert OutgoingMail.objects.count() == 1


def test_where_nobody_has_an_address_the_form_asks_for_none(browser, set_conf):
    set_conf(EMAIL="off")

    assert 'name="email"' not in browser.get(page("invite")).content.decode()
    browser.post(page("invite"), {"uses": "3", "note": "", "days": "3"})

    assert Invitation.objects.get().uses_allowed == 3


def test_who_invites_has_just_given_the_password(client, maria, set_conf):
    log_in(client, maria)
    set_conf(RECENT_LOGIN_MAX_AGE=timedelta(0))

    response = client.get(reverse("useraccounts:invite"))

    assert response["Location"].startswith(reverse("useraccounts:confirm_identity"))
