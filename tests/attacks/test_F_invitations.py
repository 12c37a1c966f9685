"""F. Invitations: used again, for more than was meant, by others, and to trouble strangers."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_useraccounts.administration.flows import switch_off
from django_useraccounts.errors import AccountError
from django_useraccounts.invitations.flows import accept_invitation, invite, withdraw_invitation
from django_useraccounts.invitations.models import Invitation, InvitationUse
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, Role, UserEmail
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import html_of, lifted_limits, link_in, log_in, make_user
from django_useraccounts.views import with_next
from tests.attacks.browsers import (
    PASSWORD,
    VICTIM,
    clear_mailbox,
    everything,
    last_mail,
    mails_to,
    page_of,
    url,
)

pytestmark = pytest.mark.django_db

User = get_user_model()
ADD = "/admin/useraccounts_invitations/invitation/add/"


@pytest.fixture
def maria(set_conf):
    """Somebody who may invite as an artist, and as nothing else."""
    set_conf(POLICY="tests.attacks.broken.ArtistsOnlyPolicy")
    for name in ("artist", "boss"):
        Role.objects.create(name=name)
    user = make_user("maria", is_staff=True)
    names = ["add_invitation", "add_rolegrant"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.fixture
def inviting(browser, maria):
    """A browser in which maria has just given her password."""
    browser.log_in("maria")
    return browser


def wish(**changes):
    return {"email": VICTIM, "uses": "1", "note": "", "days": "14", **changes}


# The channels by which somebody invites; each returns what its user reads.


def by_page(browser, tmp_path, **changes):
    return browser.post(url("invite"), wish(**changes), follow=True).content.decode()


def by_administration(browser, tmp_path, **changes):
    return browser.post(ADD, wish(**changes), follow=True).content.decode()


def by_command(browser, tmp_path, *, email=VICTIM, note="", roles=(), **_others):
    (tmp_path / "list").write_text(email)
    out = StringIO()
    options = [part for role in roles for part in ("--role", role)]
    try:
        call_command(
            *("useraccounts_invite", str(tmp_path / "list"), "--by", "maria"),
            *("--note", note, *options),
            stdout=out,
            stderr=out,
        )
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def by_code(browser, tmp_path, *, email=VICTIM, note="", roles=(), **_others):
    maria = User.objects.get(username="maria")
    try:
        invite(email, by=maria, roles=roles, note=note)
    except AccountError as error:
        return " ".join(error.messages)
    return "invited"


CHANNELS = pytest.mark.parametrize(
    "invite_by", [by_page, by_administration, by_command, by_code], ids=lambda by: by.__name__
)


def mailed(invitation):
    return url("accept_invitation", str(link_of(OneTimeSecret.objects.get(invitation=invitation))))


def come_by(browser, invitation):
    """Open a link, and press its button, which leads a stranger to the page to register."""
    return browser.post(page_of(browser.open(mailed(invitation))))


def test_F1_an_invitation_for_one_is_used_once_in_whatever_way(maria, new_browser):
    invitation = invite(VICTIM, by=maria, roles=["artist"])
    first, second, member = new_browser(), new_browser(), log_in(new_browser(), make_user("ada"))
    for browser in (first, second):
        assert come_by(browser, invitation)["Location"] == url("register")
    page = page_of(member.open(mailed(invitation)))
    first.register("frida", VICTIM, PASSWORD)

    late = second.register("mallory", "m@example.net", PASSWORD)
    again = member.post(page)

    assert first.user_id == str(User.objects.get(username="frida").pk)
    # Registration is open here: who comes too late is told so, and may then register without.
    assert (late.status_code, again.status_code) == (410, 410)
    assert not User.objects.filter(username="mallory").exists()
    assert InvitationUse.objects.get().user.username == "frida"
    assert not User.objects.get(username="ada").role_names
    assert member.open(mailed(invitation)).status_code == 410


@CHANNELS
def test_F3_nobody_invites_as_what_they_may_not_make_of_people(inviting, tmp_path, invite_by):
    before = everything()

    invite_by(inviting, tmp_path, roles=["boss"])

    assert not Invitation.objects.exists()
    assert everything()["OutgoingMail"] == before["OutgoingMail"]
    invite_by(inviting, tmp_path, roles=["artist"])
    assert Invitation.objects.get().roles.get().name == "artist"


@pytest.mark.parametrize("is_member", [True, False])
def test_F3_nothing_that_is_sent_along_makes_more_of_who_is_invited(maria, new_browser, is_member):
    invitation, browser = invite(VICTIM, by=maria, roles=["artist"]), new_browser()
    more = {"roles": ["boss"], "role": "boss", "invitation": "1", "is_staff": "on"}
    if is_member:
        frida = make_user("frida", VICTIM)
        log_in(browser, frida)

    page = page_of(browser.open(f"{mailed(invitation)}?roles=boss"))
    browser.post(f"{page}?roles=boss", more)
    if not is_member:
        browser.register("frida", VICTIM, PASSWORD, **more)

    frida = User.objects.get(username="frida")
    assert frida.role_names == {"artist"}
    assert not frida.is_staff


def take_the_right_to_invite(maria, invitation):
    maria.user_permissions.remove(Permission.objects.get(codename="add_invitation"))


def take_the_right_to_give(maria, invitation):
    maria.user_permissions.remove(Permission.objects.get(codename="add_rolegrant"))


def make_it_a_role_that_she_may_not_give(maria, invitation):
    Invitation.objects.get().roles.add(Role.objects.get(name="boss"))


def withdraw(maria, invitation):
    withdraw_invitation(invitation)


def let_it_expire(maria, invitation):
    past = timezone.now().replace(microsecond=0) - timedelta(seconds=1)
    Invitation.objects.update(expires_at=past)


def switch_her_off(maria, invitation):
    switch_off(maria)


def let_her_leave(maria, invitation):
    close_account(maria)


def delete_it(maria, invitation):
    Invitation.objects.all().delete()


@pytest.mark.parametrize(
    "event",
    [
        take_the_right_to_invite,
        take_the_right_to_give,
        make_it_a_role_that_she_may_not_give,
        withdraw,
        let_it_expire,
        switch_her_off,
        let_her_leave,
        delete_it,
    ],
    ids=lambda event: event.__name__,
)
@pytest.mark.parametrize("to", [VICTIM, ""])
def test_F3_F4_what_has_ended_meanwhile_is_accepted_in_no_way(
    maria, new_browser, set_conf, event, to
):
    invitation = invite(to, by=maria, roles=["artist"])
    copy = Invitation.objects.get()
    stranger, member = new_browser(), log_in(new_browser(), make_user("ada"))
    link = mailed(invitation)
    assert come_by(stranger, invitation)["Location"] == url("register")
    page = page_of(member.open(link))

    event(maria, invitation)

    assert member.post(page).status_code in {404, 410}
    assert new_browser().open(link).status_code in {404, 410}
    # Registration is closed to whoever has no invitation that still stands.
    set_conf(POLICY="tests.attacks.broken.ArtistsInvitedOnlyPolicy")
    assert stranger.register("frida", VICTIM, PASSWORD).status_code in {403, 410}
    with pytest.raises(AccountError):
        accept_invitation(copy, user=User.objects.get(username="ada"))
    assert not User.objects.filter(username="frida").exists()
    assert not User.objects.get(username="ada").role_names
    assert not InvitationUse.objects.exists()


STATES = {
    "owned": lambda: make_user("victoria", VICTIM),
    "claimed": lambda: make_user("victoria", VICTIM, confirmed=False),
    "off": lambda: make_user("victoria", VICTIM, is_active=False),
    "closed": lambda: close_account(make_user("victoria", VICTIM)),
}


@CHANNELS
@pytest.mark.parametrize("state", STATES)
def test_F5_who_invites_does_not_learn_whose_address_it_is(inviting, tmp_path, invite_by, state):
    STATES[state]()
    clear_mailbox()

    said = []
    for email in ("nobody@example.com", VICTIM):
        text = invite_by(inviting, tmp_path, email=email)
        text += inviting.get(url("invitations")).content.decode()
        said.append(re.sub(r"\d+|nobody@|victim@|value=\"\w{64}\"", "", text))
        Invitation.objects.all().delete()
        # What the administration shows of what one has done oneself.
        LogEntry.objects.all().delete()

    assert said[0] == said[1]
    kinds = OutgoingMail.objects.filter(to__in=[VICTIM, "nobody@example.com"], user=None)
    assert set(kinds.values_list("kind", flat=True)) == {"accept_invitation"}


@CHANNELS
@pytest.mark.parametrize(
    "note", ["see http://evil.example/", "win at evil.example", "write to me@evil", "x" * 501]
)
def test_F6_nobody_has_us_mail_a_link_of_his_own(inviting, tmp_path, invite_by, note):
    said = invite_by(inviting, tmp_path, note=note)

    assert "no links" in said or "too long" in said
    assert not Invitation.objects.exists()
    assert not mails_to(VICTIM)


def test_F6_markup_in_a_note_is_text(inviting):
    inviting.post(url("invite"), wish(note='<a href="x">Win</a> {{ user }} %s'))

    message = last_mail()
    assert '<a href="x">Win</a> {{ user }} %s' in message.body
    assert '<a href="x">' not in html_of(message)
    assert "&lt;a href" in html_of(message)


@pytest.mark.parametrize("path", ["page", ADD])
def test_F6_who_invites_a_thousand_is_stopped(inviting, set_conf, path):
    set_conf(LIMITS={"invite": {"identifier": "3/1d"}})

    answers = [
        inviting.post(
            url("invite") if path == "page" else ADD, wish(email=f"a{number}@example.com")
        )
        for number in range(6)
    ]

    assert [answer.status_code for answer in answers[:3]] == [302] * 3
    assert all("Too many attempts" in answer.content.decode() for answer in answers[3:])
    assert Invitation.objects.count() == 3


def test_F6_a_mailbox_is_not_flooded_by_many_who_invite_nor_by_sending_again(inviting, maria):
    first = invite(VICTIM, by=maria)

    for _ in range(10):
        inviting.post(url("resend_invitation", first.pk))

    assert OutgoingMail.objects.filter(to=VICTIM).count() == 5


def test_F7_a_link_that_is_opened_in_the_session_of_somebody_gives_nothing_by_itself(
    maria, new_browser
):
    invitation = invite(VICTIM, by=maria, roles=["artist"])
    ada = make_user("ada")
    browser = log_in(new_browser(enforce_csrf_checks=True), ada)
    before = everything()

    page = browser.open(mailed(invitation))
    for method in (browser.get, browser.head, browser.options, browser.put, browser.delete):
        method(page_of(page))
        method(mailed(invitation))
    # Neither does a form of another site.
    assert browser.post(page_of(page)).status_code == 403

    assert everything() == before
    text = page.content.decode()
    assert "<bdi>ada" in text
    assert "Accept the invitation" in text
    assert not InvitationUse.objects.exists()


def test_F7_accepting_proves_no_address_and_switches_nobody(maria, new_browser):
    invitation, ada = invite(VICTIM, by=maria, roles=["artist"]), make_user("ada")
    browser = log_in(new_browser(), ada)

    come_by(browser, invitation)

    assert browser.user_id == str(ada.pk)
    assert [row.email for row in UserEmail.objects.filter(user=ada)] == ["ada@example.com"]
    assert User.objects.get(pk=ada.pk).role_names == {"artist"}


def test_F8_a_link_that_was_passed_on_works_once_and_it_is_written_down_for_whom(
    maria, new_browser
):
    with lifted_limits():
        invitation = invite(VICTIM, by=maria, roles=["artist"])
    stranger, guest = new_browser(), new_browser()
    come_by(stranger, invitation)

    stranger.register("mallory", "m@example.net", PASSWORD)

    # Another address than the invited one has to be proved like any.
    assert stranger.user_id is None
    mallory = User.objects.get(username="mallory")
    assert not mallory.has_confirmed_email
    assert link_in(last_mail("m@example.net"))
    late = guest.open(mailed(invitation))
    assert late.status_code == 410
    assert "This invitation was accepted already." in late.content.decode()
    event = AccountEvent.objects.get(kind="invitation_accepted")
    assert (event.user, event.details["invited_by"]) == (mallory, maria.pk)
    assert event.details["invitation"] == invitation.pk
    assert InvitationUse.objects.get().user == mallory


def test_C4_a_planted_session_is_not_that_of_who_comes_by_an_invitation(maria, new_browser):
    with lifted_limits():
        invitation = invite(VICTIM, by=maria)
    thief, guest = new_browser(), new_browser()
    session = thief.session
    session["cart"] = ["brush"]
    session.save()
    thief.cookies["sessionid"] = guest.cookies["sessionid"] = session.session_key

    come_by(guest, invitation)
    thief.register("mallory", VICTIM, PASSWORD)

    assert not UserEmail.objects.confirmed().filter(email=VICTIM).exists()
    guest.register("victoria", VICTIM, PASSWORD)
    assert UserEmail.objects.confirmed().get(email=VICTIM).user.username == "victoria"


def test_F3_a_stolen_session_reads_no_link_that_gives_a_role(maria, inviting):
    with lifted_limits():
        plain, for_artists = invite(by=maria), invite(by=maria, roles=["artist"])
    assert mailed(for_artists) in inviting.get(url("invitations")).content.decode()

    session = inviting.session
    session["useraccounts_proved_at"] = 0
    session.save()

    page = inviting.get(url("invitations")).content.decode()
    assert mailed(plain) in page
    assert mailed(for_artists) not in page
    assert f'href="{with_next(url("confirm_identity"), url("invitations"))}"' in page
