"""S. Races about invitations: accepted, registered with, and withdrawn at the same moment."""

from itertools import islice

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation, InvitationUse
from django_useraccounts.models import AccountEvent, OneTimeSecret, Role, RoleGrant
from django_useraccounts.testing import PASSWORD, make_user
from tests.admin.pages import page
from tests.attacks.browsers import url
from tests.attacks.races import at_once
from tests.attacks.test_S_races import posting, repeatedly, surfers

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()
FRIDA = "frida@example.com"


@pytest.fixture(autouse=True)
def _any_role(set_conf):
    set_conf(POLICY="tests.invitations.policies.AnyRole")


def rounds():
    """Yield who may invite, once for each repetition of a race."""
    for _ in repeatedly_empty():
        maria = make_user("maria")
        Role.objects.get_or_create(name="artist")
        names = ["add_invitation", "add_rolegrant"]
        maria.user_permissions.set(Permission.objects.filter(codename__in=names))
        yield maria


def repeatedly_empty():
    """Yield as ``repeatedly`` does, without what hangs on the rows that it deletes."""
    clear()
    for number in repeatedly():
        yield number
        clear()


def clear():
    RoleGrant.objects.all().delete()
    Invitation.objects.all().delete()
    User.objects.all().delete()


def open_link(browser, invitation):
    """Have opened the link of an invitation; return the path of its page."""
    return browser.hold(OneTimeSecret.objects.get(invitation=invitation))


def come_by(browser, invitation):
    """Be a stranger who has opened the link of an invitation, and pressed "Register"."""
    browser.be(None)
    browser.get(url("register"))  # after a login the token is another one
    assert browser.post(open_link(browser, invitation), {}).location == url("register")


def registering(browser, username, email=FRIDA):
    return posting(browser, url("register"), username=username, email=email, password=PASSWORD)


def statuses(answers):
    return sorted(answer.status for answer in answers)


def test_S3_F1_one_mailed_invitation_accepted_by_two_is_accepted_by_one(surfers):
    one, two = surfers(2)
    for maria in rounds():
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        one.be(make_user("ada"))
        two.be(make_user("frida"))

        answers = at_once(
            posting(one, open_link(one, invitation)), posting(two, open_link(two, invitation))
        )

        assert statuses(answers) == [302, 410]
        assert InvitationUse.objects.count() == RoleGrant.objects.count() == 1
        assert Invitation.objects.get().state == "accepted"


def test_S3_an_invitation_accepted_by_one_in_two_tabs_is_accepted_once(surfers):
    one, two = surfers(2)
    for maria in rounds():
        invitation = invite(by=maria, roles=["artist"], uses=5)
        frida = make_user("frida")
        for browser in (one, two):
            browser.be(frida)

        answers = at_once(
            posting(one, open_link(one, invitation)), posting(two, open_link(two, invitation))
        )

        assert statuses(answers) == [302, 302]
        assert InvitationUse.objects.count() == RoleGrant.objects.count() == 1
        assert Invitation.objects.get().uses == 1


@pytest.mark.asvs("2.3.4")
def test_S3_a_link_for_three_is_accepted_by_three_of_six(surfers):
    browsers = surfers(6)
    for maria in rounds():
        invitation = invite(by=maria, roles=["artist"], uses=3)
        for number, browser in enumerate(browsers):
            browser.be(make_user(f"ada{number}"))

        answers = at_once(
            *(posting(browser, open_link(browser, invitation)) for browser in browsers)
        )

        assert statuses(answers) == [302] * 3 + [410] * 3
        assert InvitationUse.objects.count() == RoleGrant.objects.count() == 3
        assert Invitation.objects.get().state == "accepted"


def test_S3_an_invitation_is_accepted_or_withdrawn(surfers):
    host, guest = surfers(2)
    for maria in rounds():
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        host.be(maria)
        guest.be(make_user("frida"))

        withdrawn, accepted = at_once(
            posting(host, url("withdraw_invitation", invitation.pk)),
            posting(guest, open_link(guest, invitation)),
        )

        was_accepted = accepted.status == 302
        # Who withdraws too late is told so, or led to the list, which tells it, too.
        assert withdrawn.status in ({302, 410} if was_accepted else {302})
        assert accepted.status in {302, 410}
        state = "accepted" if was_accepted else "withdrawn"
        assert Invitation.objects.get().state == state
        assert RoleGrant.objects.count() == InvitationUse.objects.count() == int(was_accepted)
        events = AccountEvent.objects.filter(kind="invitation_withdrawn")
        assert events.count() == int(not was_accepted)


def test_S_an_invitation_is_accepted_whether_or_not_its_role_is_deleted_meanwhile(surfers):
    guest, office = surfers(2)
    for maria in rounds():
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        guest.be(make_user("frida"))
        office.be(make_user("boss", is_staff=True, is_superuser=True))
        path = page("delete", Role.objects.get().pk, model="role")

        accepted, deleted = at_once(
            posting(guest, open_link(guest, invitation)), posting(office, path, post="yes")
        )

        # A role that somebody has is not deleted: the page says so.
        roles = Role.objects.count()
        assert (accepted.status, deleted.status) == (302, 200 if roles else 302)
        assert InvitationUse.objects.count() == 1
        assert RoleGrant.objects.count() == roles


def test_F1_of_twenty_who_register_with_one_invitation_one_gets_in(surfers):
    browsers = surfers(20)
    # Once: twenty requests that wait for one row take long, and are twenty tries.
    for maria in islice(rounds(), 1):
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        for browser in browsers:
            come_by(browser, invitation)

        answers = at_once(
            *(
                registering(browser, f"ada{number}", f"ada{number}@example.com")
                for number, browser in enumerate(browsers)
            )
        )

        assert statuses(answers) == [302] + [410] * 19
        assert User.objects.count() == 2
        assert InvitationUse.objects.count() == RoleGrant.objects.count() == 1


@pytest.mark.parametrize("email, late", [(FRIDA, 200), ("ada@example.com", 410)])
def test_S3_two_who_register_with_one_invitation_make_one_account(surfers, email, late):
    one, two = surfers(2)
    for maria in rounds():
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        for browser in (one, two):
            come_by(browser, invitation)

        answers = at_once(registering(one, "ada", email), registering(two, "frida", FRIDA))

        # Who comes too late is told in the form, that of the address or that of the invitation.
        assert statuses(answers) == sorted([302, late])
        assert User.objects.count() == 2
        assert InvitationUse.objects.count() == RoleGrant.objects.count() == 1


def test_S_a_form_sent_twice_at_once_makes_one_account_and_logs_it_in(surfers):
    (browser,) = surfers(1)
    for maria in rounds():
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        come_by(browser, invitation)

        answers = at_once(*[registering(browser.click(), "frida") for _ in range(2)])

        assert statuses(answers) == [302, 302]
        assert {answer.location for answer in answers} == {url("profile")}
        assert User.objects.count() == 2
        assert InvitationUse.objects.count() == RoleGrant.objects.count() == 1


def test_S3_registering_while_it_is_withdrawn_leaves_all_or_nothing(surfers):
    host, guest = surfers(2)
    for maria in rounds():
        invitation = invite(FRIDA, by=maria, roles=["artist"])
        host.be(maria)
        come_by(guest, invitation)

        at_once(
            posting(host, url("withdraw_invitation", invitation.pk)), registering(guest, "frida")
        )

        state = Invitation.objects.get().state
        uses = InvitationUse.objects.count()
        assert (state, uses) in {("accepted", 1), ("withdrawn", 0)}
        assert RoleGrant.objects.count() == uses


def test_S_two_invitations_of_one_address_sent_at_once_are_one(surfers):
    one, two = surfers(2)
    for maria in rounds():
        for browser in (one, two):
            browser.be(maria)
        data = {"email": FRIDA, "uses": "1", "note": "", "days": "14"}

        answers = at_once(*(posting(browser, url("invite"), **data) for browser in (one, two)))

        assert statuses(answers) == [200, 302]
        assert Invitation.objects.count() == 1
