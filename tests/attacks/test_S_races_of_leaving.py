"""S. Races about leaving: an account is closed, opened and erased while somebody logs in."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connections
from django.db.models.signals import pre_save
from django.utils import timezone

from django_useraccounts.administration.flows import change_rights
from django_useraccounts.errors import LastSuperuser
from django_useraccounts.leaving.flows import (
    close_account,
    erase_due,
    make_due_exports,
    reopen_account,
    request_export,
)
from django_useraccounts.models import AccountEvent, AccountExport, UserEmail
from django_useraccounts.passwords.flows import change_password
from django_useraccounts.social.flows import connect, register_identity
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, make_user
from tests.attacks.browsers import NEW_PASSWORD, VICTIM, url
from tests.attacks.races import at_once
from tests.attacks.test_S_races import posting, repeatedly, surfers

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()


def events(kind):
    return AccountEvent.objects.filter(kind=kind).count()


def calling(flow, *args, **kwargs):
    """Call a flow beside the requests, with a connection of its own."""

    def call():
        try:
            return flow(*args, **kwargs)
        finally:
            connections.close_all()

    return call


def at_the_door(*browsers):
    """Have the browsers be logged in as nobody, before the form to log in."""
    for surfer in browsers:
        surfer.be(None)
        # Each login has changed the token of the forms.
        surfer.get(url("login"))


def is_in(surfer):
    """Say whether the browser sees the pages of an account."""
    return surfer.get(url("profile")).status == 200


@pytest.mark.asvs("7.4.2")
def test_S9_closing_and_logging_in_at_once_leave_no_session_in_a_closed_account(surfers):
    owner, other = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        owner.be(maria)
        at_the_door(other)

        closed, came = at_once(
            posting(owner, url("close_account")),
            posting(other, url("login"), identifier="maria", password=PASSWORD),
        )

        assert (closed.status, came.status) == (302, 302)
        maria.refresh_from_db()
        assert not is_in(owner)
        # Either the login was first and has ended, or it came after and has opened the account.
        assert is_in(other) is not maria.is_closed
        assert events("account_closed") == 1
        assert events("account_reopened") == (0 if maria.is_closed else 1)


def test_S_two_logins_at_once_open_a_closed_account_once(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        close_account(maria)
        at_the_door(one, two)

        answers = at_once(
            *(
                posting(surfer, url("login"), identifier="maria", password=PASSWORD)
                for surfer in (one, two)
            )
        )

        assert [answer.status for answer in answers] == [302, 302]
        assert is_in(one)
        assert is_in(two)
        assert events("account_reopened") == 1


def test_S_closing_twice_at_once_closes_once(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        for surfer in (one, two):
            surfer.be(maria)

        answers = at_once(*(posting(surfer, url("close_account")) for surfer in (one, two)))

        assert [answer.status for answer in answers] == [302, 302]
        assert User.objects.get().is_closed
        assert events("account_closed") == 1


def test_S14_of_two_last_superusers_who_close_at_once_one_stays(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        for surfer, name in ((one, "boss"), (two, "chief")):
            surfer.be(make_user(name, is_superuser=True))

        answers = at_once(*(posting(surfer, url("close_account")) for surfer in (one, two)))

        assert sorted(answer.status for answer in answers) == [200, 302]
        assert User.objects.filter(is_superuser=True, erase_at=None).count() == 1


@pytest.mark.parametrize("is_the_other", [True, False])
def test_S14_of_two_last_superusers_who_are_demoted_at_once_one_stays(is_the_other):
    for _ in repeatedly():
        boss, chief = (
            make_user(name, is_staff=True, is_superuser=True) for name in ("boss", "chief")
        )
        # Each the other one, or both themselves.
        by = (chief, boss) if is_the_other else (boss, chief)

        told = at_once(*map(demoting, (boss, chief), by))

        assert Counter(told) == {None: 1, LastSuperuser: 1}
        assert User.objects.filter(is_superuser=True).count() == 1


def demoting(user, by):
    def demote():
        try:
            change_rights(user, {"is_superuser": False}, by=by)
        except LastSuperuser:
            return LastSuperuser

    return calling(demote)


def test_S_closing_while_an_address_is_added_leaves_a_closed_account(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        for surfer in (one, two):
            surfer.be(maria)

        closed, added = at_once(
            posting(one, url("close_account")),
            posting(two, url("add_email"), email="second@example.com"),
        )

        assert closed.status == 302
        assert added.status in {302, 403}
        assert User.objects.get().is_closed
        assert not is_in(two)


def test_S9_an_account_is_erased_whole_while_somebody_tries_to_get_in(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        close_account(maria)
        User.objects.update(erase_at=timezone.now() - timedelta(seconds=1))
        at_the_door(one, two)

        erased, too, came, asked = at_once(
            calling(erase_due, batch=10),
            calling(erase_due, batch=10),
            posting(one, url("login"), identifier="maria", password=PASSWORD),
            posting(two, url("forgot_password"), email="maria@example.com"),
        )

        assert sorted([erased, too]) == [(0, 0), (1, 0)]
        assert (came.status, asked.status) == (200, 302)
        assert not User.objects.exists()
        assert not UserEmail.objects.exists()
        assert events("account_erased") == 1


def test_S_who_is_erased_just_as_somebody_brings_the_same_identity_is_told_of_no_more(rf):
    victoria, identity = make_user("victoria", VICTIM), Identity("guild", "them", "1", email=VICTIM)
    connect(victoria, identity)
    close_account(victoria)
    User.objects.update(erase_at=timezone.now())
    with ThreadPoolExecutor() as others:

        def erase_first(instance, **kwargs):
            if instance.kind == "provider_disconnected":
                # Whoever holds the row of the user is not waited for.
                wait([others.submit(calling(erase_due, batch=9))], timeout=0.5)

        pre_save.connect(erase_first, sender=AccountEvent)
        register_identity(identity, username="vera", email="vera@example.com", request=rf.get("/"))
        pre_save.disconnect(erase_first, sender=AccountEvent)

    assert Connection.objects.get().user.username == "vera"
    assert not User.objects.filter(username="victoria").exists()
    told = AccountEvent.objects.filter(details__icontains=VICTIM)
    assert {str(event.user) for event in told} == {"vera"}


def test_S_a_password_and_the_opening_at_once_both_hold(surfers):
    (one,) = surfers(1)
    for _ in repeatedly():
        maria = make_user("maria")
        close_account(maria)
        at_the_door(one)
        copy = User.objects.get()

        at_once(
            posting(one, url("login"), identifier="maria", password=PASSWORD),
            calling(change_password, copy, old_password=PASSWORD, new_password=NEW_PASSWORD),
        )

        maria = User.objects.get()
        assert maria.check_password(NEW_PASSWORD)
        assert not is_in(one) or not maria.is_closed
        reopen_account(maria)
        assert not User.objects.get().is_closed


def test_S_one_link_to_the_data_used_twice_at_once_gives_them_once(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        secret = request_export(maria).secret
        for surfer in (one, two):
            surfer.be(maria)
        page, _the_same = [surfer.hold(secret) for surfer in (one, two)]

        answers = at_once(posting(one, page), posting(two, page))

        assert sorted(answer.status for answer in answers) == [200, 410]
        assert events("export_fetched") == 1
        assert not AccountExport.objects.exists()


def test_S_two_workers_at_once_make_one_export_and_mail_it_once(surfers, set_conf):
    for _ in repeatedly():
        set_conf(MAIL_DELIVERY="command")
        request_export(make_user("maria"))

        made = at_once(*[calling(make_due_exports, limit=10)] * 2)

        assert sorted(made) == [0, 1]
        assert len(mail.outbox) == 1
