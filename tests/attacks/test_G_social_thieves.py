"""G. Thieves who came first: what they have left on an account lets them in no more."""

import re
import time

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured

from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.models import OneTimeSecret, OutgoingMail, Role, UserEmail
from django_useraccounts.secrets import link_of
from django_useraccounts.social.errors import NotBegunHere
from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.social.providers import OAuth2Provider
from django_useraccounts.testing import PASSWORD, mails_to, make_user
from tests.attacks.browsers import link_in
from tests.social.visits import (
    HANNAH,
    ISSUER,
    OPTIONS,
    arrive,
    begin,
    has_providers,
    path_of,
    provider,
    url,
    user_of,
)

pytestmark = pytest.mark.django_db

__all__ = ["has_providers", "provider"]  # fixtures

User = get_user_model()
VICTIM = HANNAH["email"]
#: What the thief is at the provider, which says nothing of an address of his.
THIEF = {"sub": "thief", "preferred_username": "thief"}
HIS = "thief@evil.example"
NEW_PASSWORD = "a brand new password of mine"


class Anonymous(OAuth2Provider):
    authorize_url = token_url = "https://anonymous.example/"

    def fetch_profile(self, call):
        return {}


def site_with(**changed):
    return {"SOCIAL": {"PROVIDERS": {"guild": OPTIONS}}, **changed}


def complete(browser, **data):
    return browser.post(url("complete_registration"), data)


def squat(browser, provider, **data):
    """Register as the thief with the address of the victim."""
    arrive(browser, provider, THIEF)
    complete(browser, email=VICTIM, **data)
    return User.objects.get()


def follow(browser, mail):
    """Open a mailed link; return the path of its page."""
    response = browser.get(link_in(mail), follow=True)
    return response.request["PATH_INFO"]


def confirm(browser, answer="confirm", *, to=VICTIM):
    return browser.post(follow(browser, mails_to(to)[-1]), {"answer": answer})


def reset(browser, *, by=VICTIM):
    browser.post(url("forgot_password"), {"email": by})
    return browser.post(follow(browser, mails_to(by)[-1]), {"new_password": NEW_PASSWORD})


def log_in_as_before(thief, victim):
    """Register with the address of the victim, who confirms it, and go on by that password."""
    thief.register("thief", VICTIM, PASSWORD)
    confirm(victim)
    thief.log_in("thief", PASSWORD)


# Trojan identities


@pytest.mark.parametrize("may_enter", [True, False])
def test_A3_a_thief_who_registered_by_a_provider_is_out_once_she_comes_by_hers(
    client, new_browser, provider, set_conf, may_enter
):
    set_conf(**site_with(CONFIRM_EMAIL_BEFORE_LOGIN=not may_enter))
    thief = new_browser()
    squatted = squat(thief, provider, username="thief")

    arrive(client, provider)

    assert user_of(client) == str(squatted.pk)
    assert [row.subject for row in Connection.objects.all()] == ["hannah-1"]
    assert thief.get(url("profile")).status_code == 302
    arrive(thief, provider, THIEF)
    assert user_of(thief) == ""


@pytest.mark.parametrize("may_enter", [True, False])
def test_A3_where_no_name_shows_whose_it_is_her_confirmation_is_not_his(
    new_browser, provider, set_conf, may_enter
):
    set_conf(**site_with(CONFIRM_EMAIL_BEFORE_LOGIN=not may_enter, USERNAME="off"))
    thief, victim = new_browser(), new_browser()
    squat(thief, provider)

    confirm(victim)

    assert not UserEmail.objects.confirmed().exists()
    assert victim.user_id is None


def test_A3_what_he_had_connected_before_goes_when_she_resets_the_password(
    new_browser, provider, set_conf
):
    set_conf(**site_with(CONFIRM_EMAIL_BEFORE_LOGIN=False))
    thief, victim = new_browser(), new_browser()
    squat(thief, provider, username="thief")
    confirm(victim)
    assert thief.user_id

    reset(victim)

    assert not Connection.objects.exists()
    assert thief.user_id is None
    arrive(thief, provider, THIEF)
    assert thief.user_id is None


def test_A3_what_he_connects_after_her_proof_by_what_he_had_before_goes_when_she_resets(
    new_browser, provider
):
    thief, victim, another = new_browser(), new_browser(), new_browser()
    squat(thief, provider, username="thief")
    confirm(victim)
    arrive(thief, provider, THIEF)
    arrive(thief, provider, {**THIEF, "sub": "newer"}, name="connect_provider")
    assert Connection.objects.count() == 2

    reset(victim)

    for sub in ("thief", "newer"):
        arrive(another, provider, {**THIEF, "sub": sub})
        assert another.user_id is None


def test_A3_nor_does_it_help_him_to_disconnect_what_he_had_before(new_browser, provider):
    thief, victim, another = new_browser(), new_browser(), new_browser()
    squat(thief, provider, username="thief")
    confirm(victim)
    arrive(thief, provider, THIEF)
    arrive(thief, provider, {**THIEF, "sub": "newer"}, name="connect_provider")
    thief.post(url("disconnect_provider", Connection.objects.get(subject="thief").pk))
    assert Connection.objects.get().subject == "newer"

    reset(victim)

    arrive(another, provider, {**THIEF, "sub": "newer"})
    assert another.user_id is None


def test_A3_what_he_connects_by_the_password_that_he_has_registered_with_goes_when_she_resets(
    new_browser, provider
):
    thief, victim, another = new_browser(), new_browser(), new_browser()
    log_in_as_before(thief, victim)
    arrive(thief, provider, THIEF, name="connect_provider")
    assert Connection.objects.get().subject == "thief"

    reset(victim)

    arrive(another, provider, THIEF)
    assert another.user_id is None


def test_A3_that_he_has_reset_it_himself_by_an_address_of_his_own_keeps_nothing(
    new_browser, provider
):
    thief, victim, another = new_browser(), new_browser(), new_browser()
    log_in_as_before(thief, victim)
    thief.post(url("add_email"), {"email": HIS})
    confirm(thief, to=HIS)
    reset(thief, by=HIS)
    thief.log_in("thief", NEW_PASSWORD)
    arrive(thief, provider, THIEF, name="connect_provider")
    thief.post(url("remove_email", UserEmail.objects.get(email=HIS).pk))
    assert Connection.objects.get().subject == "thief"

    reset(victim)

    arrive(another, provider, THIEF)
    assert another.user_id is None


def test_A3_nor_does_it_help_him_to_reset_it_once_more_after_she_has(new_browser, provider):
    thief, victim, another = new_browser(), new_browser(), new_browser()
    log_in_as_before(thief, victim)
    thief.post(url("add_email"), {"email": HIS})
    confirm(thief, to=HIS)
    reset(victim)
    reset(thief, by=HIS)
    thief.log_in("thief", NEW_PASSWORD)
    arrive(thief, provider, THIEF, name="connect_provider")
    assert Connection.objects.get().subject == "thief"

    reset(victim)

    arrive(another, provider, THIEF)
    assert another.user_id is None


@pytest.mark.parametrize("by_address", [False, True], ids=["by a link", "by the address"])
def test_A3_nor_does_it_help_him_to_come_by_a_provider_with_an_address_of_his(
    new_browser, provider, set_conf, by_address
):
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}, "CONNECT_BY_EMAIL": by_address})
    # The provider vouches for addresses of its own domain.
    his = "thief@guild.example"
    thief, victim, another = new_browser(), new_browser(), new_browser()
    log_in_as_before(thief, victim)
    thief.post(url("add_email"), {"email": his})
    confirm(thief, to=his)
    reset(victim)
    comes_as = {**THIEF, "email": his, "email_verified": True}
    arrive(thief, provider, comes_as)
    if not by_address:
        thief.post(url("mail_connect_link"))
        thief.post(follow(thief, mails_to(his)[-1]))
    assert Connection.objects.get().subject == "thief"
    thief.post(url("remove_email", UserEmail.objects.get(email=his).pk))

    reset(victim)

    arrive(another, provider, comes_as)
    assert another.user_id is None


def test_A3_he_connects_nothing_before_an_address_is_proved(new_browser, provider, set_conf):
    set_conf(**site_with(CONFIRM_EMAIL_BEFORE_LOGIN=False))
    thief = new_browser()
    thief.register("thief", VICTIM)
    thief.get(url("connect_account"))
    session = thief.session
    session["useraccounts_social_arrival"] = waiting(THIEF["sub"])
    session.save()
    page = thief.get(url("connect_account"))

    assert path_of(page) == url("emails")
    assert not Connection.objects.exists()


def waiting(subject):
    identity = Identity("guild", ISSUER, subject).as_kept()
    return {"identity": identity, "next_url": "", "at": int(time.time())}


def locking_out(user):
    """Have the owner lock everybody out while the provider answers."""

    def answer(token):
        User.objects.filter(pk=user.pk).update(session_epoch=user.session_epoch + 1)
        return token

    return answer


def test_A3_what_he_has_begun_connects_nothing_once_she_has_locked_him_out(new_browser, provider):
    victim = make_user("hannah", VICTIM)
    thief = new_browser()
    thief.log_in("hannah")
    callback = provider.agree(begin(thief, name="connect_provider"), THIEF)
    provider.answers("token", locking_out(victim))

    response = thief.get(callback)

    assert response.status_code == 400
    assert not Connection.objects.exists()


def test_A3_nor_does_any_other_way_that_he_was_on(has_providers):
    hannah = make_user("hannah", VICTIM)
    User.objects.filter(pk=hannah.pk).update(session_epoch=hannah.session_epoch + 1)

    with pytest.raises(NotBegunHere):
        connect(hannah, Identity("guild", ISSUER, THIEF["sub"]))

    assert not Connection.objects.exists()


def test_A3_what_he_has_written_into_the_profile_is_not_hers(
    client, provider, set_conf, new_browser, monkeypatch
):
    # It stands for any column of a project, such as where money is sent to.
    monkeypatch.setattr(User, "PROFILE_FIELDS", ("first_name", "date_joined"))
    set_conf(**site_with(CONFIRM_EMAIL_BEFORE_LOGIN=False))
    squatted = squat(new_browser(), provider, username="thief")
    User.objects.filter(pk=squatted.pk).update(date_joined="2001-01-01T00:00Z")

    arrive(client, provider)

    squatted.refresh_from_db()
    assert user_of(client) == str(squatted.pk)
    assert squatted.date_joined.year != 2001


# Invitations


def test_A3_what_he_has_invited_to_before_it_was_hers_lets_nobody_in(
    client, new_browser, provider, set_conf
):
    set_conf(
        **site_with(CONFIRM_EMAIL_BEFORE_LOGIN=False, POLICY="tests.invitations.policies.AnyRole")
    )
    squatted = squat(new_browser(), provider, username="thief")
    squatted.user_permissions.add(Permission.objects.get(codename="add_invitation"))
    invitation = invite(by=User.objects.get(pk=squatted.pk))
    link = url("accept_invitation", str(link_of(OneTimeSecret.objects.get(invitation=invitation))))
    assert new_browser().get(link, follow=True).status_code == 200

    arrive(client, provider)

    assert user_of(client) == str(squatted.pk)
    assert new_browser().get(link, follow=True).status_code == 410


@pytest.fixture
def invited(new_browser, set_conf):
    """A browser whose visitor has opened the invitation that was mailed to frida@example.com."""
    set_conf(**site_with(POLICY="tests.invitations.policies.AnyRole"))
    Role.objects.create(name="artist")
    owner = make_user("owner", is_superuser=True)
    invite("frida@example.com", by=owner, roles=["artist"])
    browser = new_browser()
    invitation = Invitation.objects.get()
    link = str(link_of(OneTimeSecret.objects.get(invitation=invitation)))
    page = browser.get(url("accept_invitation", link), follow=True).request["PATH_INFO"]
    browser.post(page)
    return browser


def test_F_an_invitation_and_a_provider_prove_what_each_of_them_proves(invited, provider):
    arrive(invited, provider)

    complete(invited, username="frida", email="somebody@else.example")

    user = User.objects.get(username="frida")
    assert user.roles.get().name == "artist"
    assert not UserEmail.objects.confirmed().filter(user=user).exists()
    assert user_of(invited) == ""


@pytest.mark.parametrize("email", [VICTIM, "frida@example.com"])
def test_F_either_address_is_confirmed_and_no_other(invited, provider, email):
    arrive(invited, provider)

    complete(invited, username="frida", email=email)

    user = User.objects.get(username="frida")
    proved = UserEmail.objects.confirmed().filter(user=user)
    assert [row.email for row in proved] == [email]
    assert Invitation.objects.get().state == "accepted"


def test_F_no_invitation_is_used_up_by_who_has_an_account(invited, provider):
    hannah = make_user("hannah", VICTIM)
    connect(hannah, Identity("guild", ISSUER, HANNAH["sub"]))

    arrive(invited, provider)

    assert user_of(invited) == str(hannah.pk)
    assert Invitation.objects.get().uses == 0
    assert not hannah.roles.exists()


# Look-alikes


@pytest.fixture
def connects_by_email(set_conf):
    options = {**OPTIONS, "DOMAINS": ("*",)}
    set_conf(SOCIAL={"PROVIDERS": {"guild": options}, "CONNECT_BY_EMAIL": True})


LOOK_ALIKES = {
    "mike@guild.example": "mıke@guild.example",
    "hannah@guild.example": "hannah@guild.example.evil.example",
    "hannah@guild.example ": "hannah@guild.example@evil.example",
    "hannah@fass.example": "hannah@faß.example",
    "kim@guild.example": "\N{KELVIN SIGN}im@guild.example",
    "hannah@gmail.com": "hannah+x@gmail.com",
    "h.a@gmail.com": "ha@gmail.com",
    "zoe@guild.example": "zoë@guild.example",
    "victim@guild.example": '"victim@guild.example"@evil.example',
    "ada@guild.example": "ada@guild.example,eve@evil.example",
}


@pytest.mark.parametrize("address", LOOK_ALIKES)
def test_D1_an_address_that_looks_alike_is_another(client, provider, connects_by_email, address):
    make_user("hannah", address.strip())

    arrive(client, provider, {**HANNAH, "email": LOOK_ALIKES[address]})

    assert user_of(client) == ""
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "address", ["HANNAH@Guild.Example", "hannah@GUILD.example", "hannah@guild。example"]
)
def test_D1_an_address_that_is_spelled_apart_is_the_same(
    client, provider, connects_by_email, address
):
    hannah = make_user("hannah", VICTIM)

    arrive(client, provider, {**HANNAH, "email": address})

    assert user_of(client) == str(hannah.pk)
    assert [mail.to for mail in OutgoingMail.objects.all()] == [VICTIM]


@pytest.mark.parametrize("is_owned", [True, False])
def test_G17_an_address_that_a_provider_tells_later_is_nobodys_here(client, provider, is_owned):
    if is_owned:
        make_user("hannah", VICTIM)
    eve = make_user("eve", "eve@example.com")
    connect(eve, Identity("guild", ISSUER, THIEF["sub"]))
    before = list(UserEmail.objects.order_by("pk").values())

    arrive(client, provider, {**THIEF, "email": VICTIM, "email_verified": True})

    assert user_of(client) == str(eve.pk)
    eve.refresh_from_db()
    assert eve.email == "eve@example.com"
    assert list(UserEmail.objects.order_by("pk").values()) == before


def test_G19_the_new_owner_of_an_address_is_not_the_one_before(client, provider, connects_by_email):
    hannah = make_user("hannah", VICTIM)
    connect(hannah, Identity("guild", ISSUER, "the-owner-before", email=VICTIM))

    response = arrive(client, provider)

    assert path_of(response) == url("connect_account")
    assert user_of(client) == ""
    assert Connection.objects.get().subject == "the-owner-before"


# Accounts that are never handed over


@pytest.mark.parametrize("privilege", ["is_staff", "is_superuser"])
def test_A3_no_account_of_the_staff_is_handed_over(client, provider, privilege):
    make_user("staff", VICTIM, confirmed=False, **{privilege: True})

    response = arrive(client, provider)

    assert path_of(response) == url("complete_registration")
    assert user_of(client) == ""


def test_A3_no_account_with_another_proved_address_is_handed_over(client, provider):
    eve = make_user("eve", "eve@example.com")
    UserEmail.objects.add_claim(eve, VICTIM)

    arrive(client, provider)

    assert user_of(client) == ""
    assert eve.has_usable_password()


# Providers that share something


def test_G_a_provider_without_an_issuer_would_share_its_people_with_every_other(set_conf):
    options = {"CLIENT_ID": "x", "CLIENT_SECRET": "x"}

    with pytest.raises(ImproperlyConfigured, match="issuer"):
        Anonymous("anonymous", options)


def test_G_a_provider_by_another_name_lets_the_same_people_in(client, set_conf, provider):
    hannah = make_user("hannah", VICTIM)
    connect(hannah, Identity("old-name", ISSUER, HANNAH["sub"]))

    arrive(client, provider)

    assert user_of(client) == str(hannah.pk)


@pytest.mark.asvs("6.8.1")
def test_G_another_provider_by_the_same_name_lets_nobody_else_in(client, provider):
    hannah = make_user("hannah", "hannah@example.com")
    connect(hannah, Identity("guild", "https://id.before.example", HANNAH["sub"]))

    response = arrive(client, provider)

    assert path_of(response) == url("complete_registration")
    assert user_of(client) == ""


@pytest.mark.asvs("10.5.2")
@pytest.mark.parametrize("subject", ["Hannah-1", "hannah-1 ", "hánnah-1", "HANNAH-1"])
def test_G_a_subject_is_compared_letter_by_letter(client, provider, subject):
    connect(make_user("hannah", "h@example.com"), Identity("guild", ISSUER, HANNAH["sub"]))

    arrive(client, provider, {**HANNAH, "sub": subject, "email": ""})

    assert user_of(client) == ""


# What pages tell


@pytest.mark.parametrize("page", ["complete_registration", "connect_account"])
def test_U9_known_and_unknown_addresses_give_the_same_page(new_browser, provider, page):
    make_user("hannah", VICTIM)
    pages = []
    for email in (VICTIM, "nobody@guild.example"):
        browser = new_browser()
        person = {**HANNAH, "sub": email, "email": email, "email_verified": False}
        arrive(browser, provider, person)
        text = browser.get(url(page)).content.decode()
        pages.append(text.replace(email, ""))
    known, unknown = (re.sub(r'value="\w{64}"', "", text) for text in pages)
    assert known == unknown


def test_U9_an_unproved_address_has_no_mail_sent(client, provider):
    make_user("hannah", VICTIM)
    arrive(client, provider, {**HANNAH, "email_verified": False})

    response = client.post(url("mail_connect_link"))

    assert path_of(response) == url("connect_account")
    assert not OutgoingMail.objects.exists()


def test_P_no_text_of_a_stranger_is_mailed_to_the_address_he_claims(new_browser, provider):
    browser = new_browser()
    arrive(browser, provider, {"sub": "x", "name": "Visit https://evil.example NOW"})

    complete(browser, username="thief", email="someone@example.com")

    assert "evil.example" not in "".join(
        str(mail.message()) for mail in mails_to("someone@example.com")
    )


# Sites without mail


@pytest.mark.parametrize("how", ["required", "optional"])
def test_G_without_mail_an_address_opens_nothing(client, provider, set_conf, how):
    set_conf(**site_with(EMAIL="off", USERNAME=how))
    make_user("hannah", None)

    response = arrive(client, provider)

    assert path_of(response) == url("complete_registration")
    complete(client, username="frida")
    assert User.objects.get(username="frida").social_connections.count() == 1


@pytest.mark.parametrize("offset", ["begin", "arrive"])
def test_C4_a_planted_session_does_not_become_hers(client, new_browser, provider, offset):
    hannah = make_user("hannah", VICTIM)
    connect(hannah, Identity("guild", ISSUER, HANNAH["sub"]))
    thief = new_browser()
    begin(thief)
    if offset == "arrive":
        arrive(thief, provider, THIEF)
    client.cookies = thief.cookies.copy()

    arrive(client, provider)

    assert user_of(client) == str(hannah.pk)
    assert client.cookies["sessionid"].value != thief.cookies["sessionid"].value
    assert thief.user_id is None
    assert not client.session.get("useraccounts_social_arrival")


def test_C4_a_planted_session_learns_nothing_of_an_identity_that_waits(
    client, new_browser, provider
):
    thief = new_browser()
    begin(thief)
    client.cookies = thief.cookies.copy()

    arrive(client, provider)

    assert client.get(url("complete_registration")).status_code == 200
    page = thief.get(url("complete_registration"))
    assert path_of(page) == url("login")
    complete(thief, username="thief", email=VICTIM)
    assert not Connection.objects.exists()


def test_C4_an_identity_that_somebody_has_left_waits_for_nobody_else(client, provider):
    arrive(client, provider, THIEF)
    make_user("victoria")

    client.post(url("login"), {"identifier": "victoria", "password": PASSWORD})

    assert "_auth_user_id" in client.session
    assert client.get(url("connect_account")).status_code == 302
    assert not client.session.get("useraccounts_social_arrival")


def test_C9_whom_another_backend_refuses_connects_no_provider_by_the_password(
    new_browser, provider, settings
):
    user = make_user("hannah", VICTIM)
    browser = new_browser()
    arrive(browser, provider, THIEF)
    identity = browser.get(url("connect_account")).context["form"]["identity"].value()
    data = {"identity": identity, "identifier": "hannah", "password": PASSWORD}
    ours = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = ["tests.attacks.broken.RefusingBackend", *ours]

    browser.post(url("connect_account"), data)

    assert browser.user_id is None
    assert not Connection.objects.exists()
    # The same step connects where nobody refuses.
    settings.AUTHENTICATION_BACKENDS = ours
    browser.post(url("connect_account"), data)
    assert browser.user_id == str(user.pk)
    assert Connection.objects.get().user == user
