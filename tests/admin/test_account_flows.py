"""What administrators do to accounts, by code: open, switch off and on, rights, links, sessions."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.utils import timezone

from django_useraccounts import signals
from django_useraccounts.administration.flows import (
    add_user,
    change_rights,
    end_sessions,
    send_password_link,
    switch_off,
    switch_on,
)
from django_useraccounts.errors import (
    EmailNotConfirmed,
    EmailTaken,
    InvalidEmail,
    InvalidUsername,
    LastSuperuser,
    LinkError,
    TooManyAttempts,
    UsernameTaken,
)
from django_useraccounts.models import (
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    User,
    UserEmail,
)
from django_useraccounts.passwords.flows import reset_password
from django_useraccounts.profile.flows import change_username
from django_useraccounts.roles.flows import grant_role, revoke_grant
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import link_in, log_in, mails_to, make_user
from tests.attacks.races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def hearing(django_capture_on_commit_callbacks):
    """Run a flow with its commit, and return the users of the news by one signal."""

    def listen(signal, flow, *args, **kwargs):
        heard = []

        def hear(user, **news):
            heard.append(user)

        signal.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                flow(*args, **kwargs)
        finally:
            signal.disconnect(hear)
        return heard

    return listen


# Open an account


def test_who_is_added_sets_the_first_password_by_the_mailed_link(
    boss, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        user = add_user(
            "frida", email="Frida@example.com", confirmed=True, fields={"first_name": "F"}, by=boss
        )

    assert not user.has_usable_password()
    assert (user.email, user.first_name) == ("Frida@example.com", "F")
    [mail] = mails_to("Frida@example.com")
    secret = OneTimeSecret.objects.get()
    assert link_in(mail) == f"/accounts/reset-password/{link_of(secret)}/"
    assert "frida" in str(mail.body)
    reset_password(peek(RESET_PASSWORD, link_of(secret)), new_password="a new horse, a staple")
    user.refresh_from_db()
    assert user.check_password("a new horse, a staple")


def test_who_is_added_with_an_address_to_be_confirmed_is_mailed_a_link_for_that(
    boss, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        user = add_user("frida", email="frida@example.com", by=boss)

    assert user.email == ""
    assert not user.has_confirmed_email
    [mail] = mails_to("frida@example.com")
    assert "/accounts/confirm-email/" in link_in(mail)


def test_adding_somebody_is_one_event_and_one_piece_of_news(boss, hearing):
    def add():
        add_user("frida", email="frida@example.com", confirmed=True, by=boss)

    heard = hearing(signals.user_added, add)

    event = AccountEvent.objects.get()
    assert (event.kind, event.user.username, event.actor) == ("user_added", "frida", boss)
    assert event.details == {"address": "frida@example.com", "confirmed": True}
    assert heard == [event.user]


@pytest.mark.parametrize(
    "username, email, error",
    [
        ("GERDA", "free@example.com", UsernameTaken),
        ("former", "free@example.com", UsernameTaken),
        ("frida", "gerda@example.com", EmailTaken),
        ("frida", "no address", InvalidEmail),
        ("f", "free@example.com", InvalidUsername),
        (None, None, InvalidUsername),
    ],
)
@pytest.mark.parametrize("confirmed", [True, False])
def test_what_cannot_be_is_refused_and_leaves_nothing(username, email, error, confirmed):
    make_user("gerda")
    change_username(make_user("former"), "latter")
    users, events = User.objects.count(), AccountEvent.objects.count()
    mails = OutgoingMail.objects.count()

    with pytest.raises(error):
        add_user(username, email=email, confirmed=confirmed)

    assert User.objects.count() == users
    assert AccountEvent.objects.count() == events
    assert OutgoingMail.objects.count() == mails


@pytest.mark.django_db(transaction=True)
def test_one_address_given_to_two_new_users_at_once_has_one_owner():
    def adding(username, email):
        def act():
            try:
                return bool(add_user(username, email=email, confirmed=True))
            except EmailTaken:
                return False
            finally:
                connection.close()

        return act

    for number in range(10):
        email = f"same{number}@example.com"

        done = at_once(adding(f"one{number}", email), adding(f"two{number}", email))

        assert sorted(done) == [False, True]
        assert UserEmail.objects.get(email=email).user.email == email


# Links


def test_a_link_to_set_a_password_goes_to_the_primary_address(
    boss, django_capture_on_commit_callbacks
):
    user = make_user("frida", password=None)

    with django_capture_on_commit_callbacks(execute=True):
        send_password_link(user, by=boss)

    [mail] = mails_to("frida@example.com")
    assert "/accounts/reset-password/" in link_in(mail)
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("password_link_sent", user, boss)


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ({"confirmed": False}, "There is no confirmed e-mail address to send a link to."),
        ({"is_active": False}, "The account was switched off."),
    ],
)
def test_without_a_confirmed_address_or_switched_off_nobody_gets_a_link(fields, sentence):
    user = make_user("frida", **fields)

    with pytest.raises(EmailNotConfirmed) as error:
        send_password_link(user)

    assert error.value.messages == [sentence]
    assert not OutgoingMail.objects.exists()
    assert not AccountEvent.objects.exists()


def test_even_an_administrator_floods_no_mailbox(boss):
    user = make_user("frida")
    for _ in range(5):
        send_password_link(user, by=boss)

    with pytest.raises(TooManyAttempts):
        send_password_link(user, by=boss)


# Off and on


def test_switching_off_ends_sessions_and_links_at_once(boss, hearing):
    user = make_user("frida")
    browser = log_in(Client(), user)
    link = link_of(issue(RESET_PASSWORD, address=UserEmail.objects.get(user=user)))
    AccountEvent.objects.all().delete()

    heard = hearing(signals.switched_off, switch_off, user, by=boss, reason="asked for it")

    assert not user.is_active
    assert not get_user(browser).is_authenticated
    with pytest.raises(LinkError):
        peek(RESET_PASSWORD, link)
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("switched_off", user, boss)
    assert event.details == {"reason": "asked for it"}
    assert heard == [user]


def test_what_switching_off_has_ended_stays_ended_when_on_again(boss, hearing):
    user = make_user("frida")
    browser = log_in(Client(), user)
    link = link_of(issue(RESET_PASSWORD, address=UserEmail.objects.get(user=user)))
    switch_off(user, by=boss)

    heard = hearing(signals.switched_on, switch_on, user, by=boss)

    assert user.is_active
    assert not get_user(browser).is_authenticated
    with pytest.raises(LinkError):
        peek(RESET_PASSWORD, link)
    event = AccountEvent.objects.latest("pk")
    assert (event.kind, event.actor) == ("switched_on", boss)
    assert heard == [user]


def test_switching_twice_is_switching_once():
    user = make_user("frida")

    for flow in (switch_on, switch_off, switch_off, switch_on, switch_on):
        flow(user)

    kinds = list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["switched_off", "switched_on"]


def test_the_last_active_superuser_cannot_be_switched_off(boss):
    make_user("former", is_superuser=True, is_active=False)

    with pytest.raises(LastSuperuser):
        switch_off(boss, by=boss)

    boss.refresh_from_db()
    assert boss.is_active
    assert not AccountEvent.objects.exists()


def test_one_of_two_superusers_can_be_switched_off(boss):
    switch_off(make_user("second", is_superuser=True), by=boss)

    assert User.objects.filter(is_superuser=True, is_active=True).get() == boss


@pytest.mark.django_db(transaction=True)
def test_S14_two_superusers_who_switch_each_other_off_at_once_leave_one():
    def switching(user):
        def act():
            try:
                switch_off(User.objects.get(pk=user.pk))
            except LastSuperuser:
                return False
            finally:
                connection.close()
            return True

        return act

    for number in range(10):
        pair = [make_user(f"{name}{number}", is_superuser=True) for name in ("one", "two")]

        done = at_once(*map(switching, pair))

        assert sorted(done) == [False, True]
        assert User.objects.filter(is_superuser=True, is_active=True).count() == 1
        User.objects.filter(is_superuser=True).update(is_superuser=False)


def test_ending_the_sessions_keeps_the_account(boss, hearing):
    user = make_user("frida")
    browsers = [log_in(Client(), user) for _ in range(2)]
    AccountEvent.objects.all().delete()

    heard = hearing(signals.sessions_ended, end_sessions, user, by=boss)

    assert not any(get_user(browser).is_authenticated for browser in browsers)
    assert get_user(log_in(Client(), user)).is_authenticated
    event = AccountEvent.objects.earliest("pk")
    assert (event.kind, event.user, event.actor) == ("sessions_ended", user, boss)
    assert heard == [user]


# Rights


def test_the_event_tells_what_was_given_and_what_was_taken(boss, hearing):
    user, editors = make_user("frida"), Group.objects.create(name="editors")
    view, add = (Permission.objects.get(codename=f"{verb}_role") for verb in ("view", "add"))
    user.user_permissions.set([view])

    changes = {"is_staff": True, "groups": [editors], "user_permissions": [add]}
    heard = hearing(signals.rights_changed, change_rights, user, changes, by=boss)

    user = User.objects.get(pk=user.pk)
    assert user.is_staff
    assert user.has_perm("useraccounts.add_role") and not user.has_perm("useraccounts.view_role")
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("rights_changed", user, boss)
    assert event.details == {
        "is_staff": {"from": False, "to": True},
        "groups": {"given": ["editors"]},
        "user_permissions": {"given": [str(add)], "taken": [str(view)]},
    }
    assert heard == [user]


def test_rights_that_are_there_are_no_change(boss):
    change_rights(boss, {"is_staff": True, "is_superuser": True, "groups": []}, by=boss)

    assert not AccountEvent.objects.exists()


def test_the_last_superuser_stays_one(boss):
    with pytest.raises(LastSuperuser):
        change_rights(boss, {"is_superuser": False}, by=boss)

    boss.refresh_from_db()
    assert boss.is_superuser


def test_only_rights_are_changed_as_rights(boss):
    with pytest.raises(ValueError, match="password is none of"):
        change_rights(boss, {"password": "x"})


# One grant


def test_revoking_one_grant_leaves_others_of_the_role(boss):
    user = make_user("frida")
    role = Role.objects.create(name="artist")
    first, second = grant_role(user, role), grant_role(user, role)

    assert revoke_grant(first, by=boss, reason="twice")

    first.refresh_from_db()
    assert first.ends_at <= timezone.now()
    assert User.objects.get(pk=user.pk).has_roles("artist")
    event = AccountEvent.objects.latest("pk")
    assert (event.kind, event.user, event.actor) == ("role_revoked", user, boss)
    assert event.details == {"role": "artist", "reason": "twice"}
    assert RoleGrant.objects.in_force().get() == second


def test_a_grant_to_come_goes_when_it_is_revoked():
    role = Role.objects.create(name="artist")
    tomorrow = timezone.now() + timedelta(days=1)

    assert revoke_grant(grant_role(make_user(), role, since=tomorrow))

    assert not RoleGrant.objects.exists()


def test_revoking_a_grant_twice_is_revoking_it_once():
    grant = grant_role(make_user(), Role.objects.create(name="artist"))

    assert [revoke_grant(grant), revoke_grant(grant)] == [True, False]

    assert AccountEvent.objects.filter(kind="role_revoked").count() == 1
