"""The table of docs/architecture.rst, whole: which event ends which link, session and claim."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.db.models.signals import pre_save
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.administration.flows import end_sessions, switch_off, switch_on
from django_useraccounts.emails.flows import (
    confirm_email,
    disown_email,
    make_primary,
    resend_confirmation,
    undo_email_change,
)
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.errors import LinkError
from django_useraccounts.invitations.flows import (
    accept_invitation,
    withdraw_invitation,
)
from django_useraccounts.invitations.models import ACCEPT_INVITATION, Invitation
from django_useraccounts.leaving.flows import close_account, erase_account, reopen_account
from django_useraccounts.models import OneTimeSecret, UserEmail
from django_useraccounts.passwords.flows import (
    change_password,
    forgot_password,
    reset_password,
    set_password,
)
from django_useraccounts.profile.flows import change_username
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    issue,
    link_of,
    peek,
)
from django_useraccounts.sessions.flows import disown_login, end_other_sessions, end_session
from django_useraccounts.sessions.models import DISOWN_LOGIN, LoginSession
from django_useraccounts.social.flows import connect, connect_by_link, disconnect
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK, Connection
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.faults.cases.login import request_of

pytestmark = pytest.mark.django_db


def identity(subject):
    return Identity("guild", "https://id.guild.example", subject)


class Account:
    """
    A user with a proved address, two claims, a link for each, a session, and an invitation.

    Two links take back what a thief has done: to the addresses, and by a login. By a provider the user comes in since before the proof of the address, and since after it; a link
    waits that connects one more.
    """

    def __init__(self):
        self.user = make_user("maria")
        may_invite = Permission.objects.filter(codename="add_invitation")
        self.user.user_permissions.set(may_invite)
        self.proved = UserEmail.objects.get()
        self.claims = [
            UserEmail.objects.add_claim(self.user, f"{name}@example.com") for name in "ab"
        ]
        self.confirm = issue(CONFIRM_EMAIL, address=self.claims[0])
        self.other_confirm = issue(CONFIRM_EMAIL, address=self.claims[1])
        self.reset = issue(RESET_PASSWORD, address=self.proved)
        self.invitation = Invitation.objects.add(None, by=self.user)
        self.connect = issue(
            CONNECT_BY_LINK, address=self.proved, pending=json.dumps(identity("link").as_kept())
        )
        before = as_they_were([self.proved])
        self.undo = issue(UNDO_EMAIL_CHANGE, address=self.proved, pending=before)
        self.disown_login = issue(DISOWN_LOGIN, address=self.proved, pending=before)
        self.browser = log_in(Client(), self.user)
        for name, days in (("older", -1), ("newer", 1)):
            row = connect(self.user, identity(name))
            row.connected_at = self.proved.confirmed_at + timedelta(days=days)
            row.save()
        OneTimeSecret.objects.update(created_at=timezone.now() - timedelta(minutes=1))

    def what_is_left(self):
        def opens(purpose, secret):
            try:
                return bool(peek(purpose, link_of(secret)))
            except LinkError:
                return False

        left = {
            "confirm": opens(CONFIRM_EMAIL, self.confirm),
            "other confirm": opens(CONFIRM_EMAIL, self.other_confirm),
            "reset": opens(RESET_PASSWORD, self.reset),
            "connect": opens(CONNECT_BY_LINK, self.connect),
            "undo": opens(UNDO_EMAIL_CHANGE, self.undo),
            "disown login": opens(DISOWN_LOGIN, self.disown_login),
            "older": Connection.objects.filter(subject="older").exists(),
            "newer": Connection.objects.filter(subject="newer").exists(),
            "invitation": opens(ACCEPT_INVITATION, self.invitation.link),
            "session": get_user(self.browser).is_authenticated,
            "claim": UserEmail.objects.filter(pk=self.claims[1].pk).exists(),
        }
        return {name for name, is_left in left.items() if is_left}


def redeem_connect(account):
    connect_by_link(peek(CONNECT_BY_LINK, link_of(account.connect)))


def disconnect_one(account):
    disconnect(Connection.objects.get(subject="newer"))


def redeem_confirm(account):
    confirm_email(peek(CONFIRM_EMAIL, link_of(account.confirm)))


def disown(account):
    disown_email(peek(CONFIRM_EMAIL, link_of(account.confirm)))


def newer_confirm(account):
    resend_confirmation("a@example.com")


def newer_reset(account):
    forgot_password("maria@example.com")


def change(account):
    change_password(account.user, old_password=PASSWORD, new_password="a new horse, a staple")


def reset(account):
    secret = peek(RESET_PASSWORD, link_of(account.reset))
    reset_password(secret, new_password="a new horse, a staple")


def set_first(account):
    """By the page's flow; the account is one without password, as a login by other ways leaves it."""
    account.user.password = make_password(None)
    account.user.save()
    account.reset = issue(RESET_PASSWORD, address=account.proved)
    account.connect = issue(
        CONNECT_BY_LINK, address=account.proved, pending=json.dumps(identity("link").as_kept())
    )
    account.browser = log_in(Client(), account.user)
    set_password(account.user, new_password="a new horse, a staple")


def set_by_code(account):
    account.user.set_password("a new horse, a staple")
    account.user.save()


def set_by_code_and_logged_in_before_it_is_written(account):
    account.user.set_password("a new horse, a staple")
    account.user.save(update_fields=["last_login"])
    account.user.save()


def set_by_update(account):
    type(account.user).objects.update(password=make_password("a new horse, a staple"))


def set_by_bulk_update(account):
    account.user.password = make_password("a new horse, a staple")
    type(account.user).objects.bulk_update([account.user], ["password"])


def set_as_a_hash(account):
    """As who imports accounts, or writes a serializer by hand."""
    account.user.password = make_password("a new horse, a staple")
    account.user.save()


def made_unusable(account):
    account.user.set_unusable_password()
    account.user.save()


def set_where_it_was_not_loaded(account):
    user = type(account.user).objects.only("username").get()
    user.set_password("a new horse, a staple")
    user.save()


def set_and_read_again_but_for_it(account):
    account.user.set_password("a new horse, a staple")
    account.user.refresh_from_db(fields=["email"])
    account.user.save()


def set_on_a_user_that_was_not_read(account):
    user = type(account.user)(pk=account.user.pk)
    user.set_password("a new horse, a staple")
    user.save(update_fields=iter(["password"]))


def set_by_a_receiver(account):
    def receive(instance, **_more):
        instance.set_password("a new horse, a staple")

    pre_save.connect(receive, sender=type(account.user))
    try:
        account.user.save()
    finally:
        pre_save.disconnect(receive, sender=type(account.user))


def renew_the_hash(account):
    """As a login does since the site's hashes cost more."""
    before = account.user.password
    with override_settings(PASSWORD_HASHERS=["tests.attacks.broken.StrongerHasher"]):
        assert account.user.check_password(PASSWORD)
    assert account.user.password != before
    account.user.save()


def log_in_once_more(account):
    browser = Client()
    browser.post(reverse("useraccounts:login"), {"identifier": "maria", "password": PASSWORD})
    assert get_user(browser) == account.user


def make_another_one_primary(account):
    other = UserEmail.objects.add_proved(account.user, "new@example.com")
    make_primary(other)


def rename(account):
    change_username(account.user, "curie")


def remove_proved(account):
    account.proved.delete()


def turn_off(account):
    switch_off(account.user)


def turn_off_and_on(account):
    switch_off(account.user)
    switch_on(account.user)


def end_all_sessions(account):
    end_sessions(account.user)


def withdraw(account):
    withdraw_invitation(account.invitation)


def accept(account):
    accept_invitation(account.invitation, user=make_user("frida"))


def close(account):
    close_account(account.user)


def close_and_reopen(account):
    close_account(account.user)
    reopen_account(account.user)


def erase(account):
    erase_account(account.user)


def undo(account):
    undo_email_change(peek(UNDO_EMAIL_CHANGE, link_of(account.undo)))


def disown_the_login(account):
    disown_login(peek(DISOWN_LOGIN, link_of(account.disown_login)))


def end_others(account):
    """In another browser than that of the account."""
    end_other_sessions(account.user, request=request_of(account.user))


def end_another(account):
    """Of a browser that the room knows; the one of the account has no row."""
    row = LoginSession.objects.create(user=account.user, epoch=account.user.session_epoch)
    end_session(row)


def expire(account):
    # The HMAC covers the end: a row that was changed afterwards is as good as none.
    links = (account.confirm, account.other_confirm, account.reset, account.connect)
    links = (*links, account.invitation.link, account.undo, account.disown_login)
    for secret in links:
        secret.expires_at = timezone.now().replace(microsecond=0) - timedelta(seconds=1)
        secret.save()


EVERYTHING = {
    *("confirm", "other confirm", "reset", "session", "claim", "invitation"),
    *("connect", "older", "newer", "undo", "disown login"),
}
TAKE_BACK = {"undo", "disown login"}


@pytest.mark.parametrize(
    "event, voids",
    [
        (redeem_confirm, {"confirm"}),
        (disown, {"confirm"}),
        (newer_confirm, {"confirm"}),
        (newer_reset, {"reset"}),
        (change, {"reset", "session", "connect"}),
        (set_first, {"reset", "session", "connect"}),
        (set_by_code, {"reset", "session", "connect"}),
        (set_by_code_and_logged_in_before_it_is_written, {"reset", "session", "connect"}),
        (set_by_update, {"reset", "session", "connect"}),
        (set_by_bulk_update, {"reset", "session", "connect"}),
        (set_as_a_hash, {"reset", "session", "connect"}),
        (made_unusable, {"reset", "session", "connect"}),
        (set_where_it_was_not_loaded, {"reset", "session", "connect"}),
        (set_and_read_again_but_for_it, {"reset", "session", "connect"}),
        (set_on_a_user_that_was_not_read, {"reset", "session", "connect"}),
        (set_by_a_receiver, {"reset", "session", "connect"}),
        (renew_the_hash, {"session"}),
        (log_in_once_more, set()),
        (make_another_one_primary, set()),
        (rename, set()),
        (redeem_connect, {"connect"}),
        (disconnect_one, {"newer", "reset", "session", "connect"}),
        (
            reset,
            {"confirm", "other confirm", "reset", "session", "claim", "connect", "older", "newer"},
        ),
        (remove_proved, {"reset", "connect"}),
        (end_all_sessions, {"reset", "session", "connect"}),
        (
            turn_off,
            {"confirm", "other confirm", "reset", "session", "invitation", "connect", *TAKE_BACK},
        ),
        (turn_off_and_on, {"reset", "session", "connect"}),
        (withdraw, {"invitation"}),
        (accept, {"invitation"}),
        (close, {"confirm", "other confirm", "reset", "session", "invitation", "connect"}),
        (
            close_and_reopen,
            {"confirm", "other confirm", "reset", "session", "invitation", "connect"},
        ),
        (erase, EVERYTHING),
        (undo, EVERYTHING),
        (disown_the_login, EVERYTHING),
        (end_others, {"reset", "session", "connect"}),
        (end_another, set()),
        (expire, {"confirm", "other confirm", "reset", "invitation", "connect", *TAKE_BACK}),
    ],
)
def test_an_event_voids_what_the_table_says_and_nothing_else(event, voids):
    account = Account()
    assert account.what_is_left() == EVERYTHING

    event(account)

    assert account.what_is_left() == EVERYTHING - voids
