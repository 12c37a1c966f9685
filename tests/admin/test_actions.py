"""What the list of users does to many at once."""

from contextlib import contextmanager
from unittest import mock

import pytest
from django.contrib import admin
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import OperationalError, connection
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from django_useraccounts.admin import UserAdmin
from django_useraccounts.mail import announce
from django_useraccounts.models import AccountEvent, OutgoingMail
from django_useraccounts.testing import link_in, log_in, mails_to, make_user
from tests.admin.pages import act, make_staff, messages_of, page

pytestmark = pytest.mark.django_db


def written():
    rows = AccountEvent.objects.order_by("user_id").values_list(
        "kind", "user__username", "actor__username"
    )
    return list(rows)


@contextmanager
def before_each_event(act):
    """Call ``act`` with each event of the history, in the flow that writes it."""

    def receive(instance, **kwargs):
        act(instance)

    pre_save.connect(receive, sender=AccountEvent)
    try:
        yield
    finally:
        pre_save.disconnect(receive, sender=AccountEvent)


@pytest.mark.asvs("6.4.6")
def test_a_link_to_set_a_password_goes_to_whom_it_can_reach(
    office, django_capture_on_commit_callbacks
):
    frida = make_user("frida", password=None)
    waiting = make_user("waiting", confirmed=False)

    with django_capture_on_commit_callbacks(execute=True):
        response = act(office, "send_password_links", frida, waiting)

    [mail] = mails_to("frida@example.com")
    assert "/reset-password/" in link_in(mail)
    assert not mails_to("waiting@example.com")
    assert sorted(messages_of(response)) == [
        "Done for 1 account.",
        "waiting: There is no confirmed e-mail address to send a link to.",
    ]
    assert written() == [("password_link_sent", "frida", "boss")]


def test_a_mailbox_is_not_flooded_by_clicks(office):
    frida = make_user("frida")
    for _ in range(5):
        act(office, "send_password_links", frida)

    response = act(office, "send_password_links", frida)

    assert messages_of(response)[-1].startswith("frida: Too many attempts.")
    assert OutgoingMail.objects.count() == 5


def test_accounts_are_switched_off_and_on(office):
    users = [make_user("frida"), make_user("diego")]
    browser = log_in(Client(), users[0])
    AccountEvent.objects.all().delete()

    response = act(office, "switch_off", *users)

    assert messages_of(response) == ["Done for 2 accounts."]
    assert not get_user(browser).is_authenticated
    assert written() == [("switched_off", "frida", "boss"), ("switched_off", "diego", "boss")]

    AccountEvent.objects.all().delete()
    act(office, "switch_on", users[0])

    users[0].refresh_from_db()
    assert users[0].is_active
    assert written() == [("switched_on", "frida", "boss")]


@pytest.mark.parametrize(
    "changes",
    [
        {"session_epoch": 1},
        {"is_active": False},
        {"is_staff": False},
        {"erase_at": timezone.now()},
        # Still let in, but no superuser any more.
        {"is_superuser": False},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_S11_an_action_stops_when_its_administrator_loses_the_right_to_it(office, boss, changes):
    users = [make_user(name, roles=["artist"]) for name in ("frida", "diego", "lupe")]
    AccountEvent.objects.all().delete()

    def take_it_away(event):
        get_user_model().objects.filter(pk=boss.pk).update(**changes)

    with before_each_event(take_it_away):
        act(office, "switch_off", *users)

    assert len(written()) == 1


@pytest.mark.parametrize("by", ["permission", "group"])
def test_S11_an_action_stops_when_the_permission_for_it_is_taken(client, by):
    clerk = make_staff("view_outgoingmail")
    change = Permission.objects.get(codename="change_outgoingmail")
    group = Group.objects.create(name="post office")
    group.permissions.add(change)
    given = {"permission": (clerk.user_permissions, change), "group": (clerk.groups, group)}
    rights, right = given[by]
    rights.add(right)
    frida = make_user("frida")
    mails = [announce("welcome", to=frida.email, user=frida) for _ in range(3)]
    OutgoingMail.objects.update(due_at=None)
    log_in(client, clerk)
    AccountEvent.objects.all().delete()

    with before_each_event(lambda event: rights.remove(right)):
        response = act(client, "send_again", *mails, model="outgoingmail")

    assert written() == [("mail_sent_again", "frida", "clerk")]
    assert messages_of(response) == [
        "You may not do this any more.",
        "1 mail is on its way again.",
    ]


def test_S11_an_action_stops_at_a_row_of_the_own_account_as_at_any_other(office, boss):
    mails = [announce("welcome", to=boss.email, user=boss) for _ in range(3)]
    OutgoingMail.objects.update(due_at=None)
    AccountEvent.objects.all().delete()

    def lock_out(event):
        get_user_model().objects.filter(pk=boss.pk).update(session_epoch=1)

    with before_each_event(lock_out):
        act(office, "send_again", *mails, model="outgoingmail")

    assert written() == [("mail_sent_again", "boss", "boss")]


@contextmanager
def before_it_is_done_to(user, act):
    """Call ``act`` between the question whether an account may be changed and the flow."""
    may_change = UserAdmin.has_change_permission

    def ask(self, request, asked=None):
        if asked == user:
            act()
        return may_change(self, request, asked)

    with mock.patch.object(UserAdmin, "has_change_permission", ask):
        yield


@pytest.mark.parametrize("name", ["end_sessions", "switch_off", "close"])
def test_S11_an_action_stops_when_the_flow_finds_the_own_sessions_ended(client, name):
    clerk = make_staff("change_user", "view_user")
    others = [make_user("frida"), make_user("diego")]
    log_in(client, clerk)
    AccountEvent.objects.all().delete()

    def lock_out():
        get_user_model().objects.filter(pk=clerk.pk).update(session_epoch=1)

    with before_it_is_done_to(clerk, lock_out):
        act(client, name, clerk, *others)

    assert written() == []


@pytest.mark.parametrize("name", ["end_sessions", "switch_off", "switch_on", "close"])
def test_an_account_that_is_erased_meanwhile_stops_no_action(office, name):
    users = [make_user(word, is_active=name != "switch_on") for word in ("frida", "diego", "lupe")]

    with before_it_is_done_to(users[1], get_user_model().objects.filter(username="diego").delete):
        response = act(office, name, *users)

    assert messages_of(response) == [
        "diego: This account does not exist any more.",
        "Done for 2 accounts.",
    ]


def second_factor(get_response):
    """As django-otp's middleware does, put on the user whether there was one."""

    def middleware(request):
        request.user.is_verified = lambda: True
        return get_response(request)

    return middleware


def test_an_action_leaves_what_a_middleware_has_put_on_its_user(office, settings, monkeypatch):
    users = [make_user("frida"), make_user("diego")]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.second_factor"]
    monkeypatch.setattr(admin.site, "has_permission", lambda request: request.user.is_verified())

    response = act(office, "switch_off", *users)

    assert messages_of(response) == ["Done for 2 accounts."]


def test_an_administrator_among_many_ends_all_their_sessions(office, boss):
    users = [make_user("frida"), boss, make_user("lupe")]

    act(office, "end_sessions", *users)

    assert sorted(written()) == sorted(("sessions_ended", user.username, "boss") for user in users)


@pytest.mark.django_db(transaction=True)
def test_what_the_database_undoes_with_one_account_is_done_again(office):
    users, undone = [make_user(name) for name in ("frida", "diego", "lupe")], []

    def undo(event):
        if event.user == users[1] and not undone:
            undone.append(True)
            error = OperationalError(1213, "deadlock")
            raise error

    with before_each_event(undo):
        response = act(office, "switch_off", *users)

    assert undone and messages_of(response) == ["Done for 3 accounts."]
    assert written() == [("switched_off", user.username, "boss") for user in users]


@contextmanager
def one_commit_undone():
    """Have the database undo one transaction with an event as it commits, as Galera does."""
    commit, writes, undone = connection._commit, [], []

    def undo():
        if writes and not undone:
            undone.append(True)
            error = OperationalError(1213, "deadlock")
            raise error
        commit()

    with before_each_event(writes.append), mock.patch.object(connection, "_commit", undo):
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name, kind, is_let_go_on",
    [
        ("end_sessions", "sessions_ended", True),
        ("switch_off", "switched_off", False),
        ("close", "account_closed", False),
    ],
)
def test_what_the_database_undoes_with_the_own_account_is_done_again(
    client, name, kind, is_let_go_on
):
    clerk = make_staff("change_user", "view_user")
    frida = make_user("frida")
    log_in(client, clerk)
    AccountEvent.objects.all().delete()

    with one_commit_undone():
        act(client, name, clerk, frida)

    done = [event for event in written() if event[0] == kind]
    assert done == [(kind, user.username, "clerk") for user in [clerk, frida][: 1 + is_let_go_on]]


def test_the_last_superuser_is_left_out_and_said_so(office, boss):
    frida = make_user("frida")

    response = act(office, "switch_off", frida, boss)

    boss.refresh_from_db()
    frida.refresh_from_db()
    assert (boss.is_active, frida.is_active) == (True, False)
    assert sorted(messages_of(response)) == [
        "Done for 1 account.",
        "boss: This is the last active superuser: nobody could manage the site any more.",
    ]


@pytest.mark.asvs("7.4.5")
def test_all_sessions_of_a_user_are_ended(office):
    frida = make_user("frida")
    browser = log_in(Client(), frida)
    AccountEvent.objects.all().delete()

    act(office, "end_sessions", frida)

    assert not get_user(browser).is_authenticated
    assert written() == [("sessions_ended", "frida", "boss")]


def test_accounts_are_closed_and_opened_again(office):
    users = [make_user("frida"), make_user("diego")]
    browser = log_in(Client(), users[0])
    AccountEvent.objects.all().delete()

    response = act(office, "close", *users)

    assert messages_of(response) == ["Done for 2 accounts."]
    assert not get_user(browser).is_authenticated
    assert written() == [("account_closed", "frida", "boss"), ("account_closed", "diego", "boss")]
    assert OutgoingMail.objects.filter(kind="account_closed").count() == 2

    AccountEvent.objects.all().delete()
    act(office, "reopen", *users)

    for user in users:
        user.refresh_from_db()
        assert not user.is_closed
    assert written() == [
        ("account_reopened", "frida", "boss"),
        ("account_reopened", "diego", "boss"),
    ]


def test_who_closes_the_own_account_among_many_does_no_more(client):
    clerk = make_staff("change_user", "view_user")
    others = [make_user("frida"), make_user("diego")]
    log_in(client, clerk)

    act(client, "close", clerk, *others)

    closed = get_user_model().objects.filter(erase_at__isnull=False)
    assert list(closed) == [clerk]
    assert not get_user(client).is_authenticated


def test_what_is_closed_for_too_long_is_not_opened(office):
    frida = make_user("frida")
    act(office, "close", frida)
    get_user_model().objects.filter(pk=frida.pk).update(erase_at=timezone.now())

    response = act(office, "reopen", frida)

    assert messages_of(response) == [
        "frida: This account was closed too long ago to be opened again."
    ]


def test_nobody_closes_the_account_of_who_may_do_more(client, boss):
    clerk = make_staff("change_user", "view_user")
    log_in(client, clerk)
    make_user("other", is_superuser=True)

    response = act(client, "close", boss, make_user("frida"))

    boss.refresh_from_db()
    assert not boss.is_closed
    assert sorted(messages_of(response)) == [
        "Done for 1 account.",
        "boss: You may not change this account.",
    ]


def test_the_list_shows_who_is_closed_and_until_when(office):
    frida = make_user("frida")
    make_user("diego")
    act(office, "close", frida)
    frida.refresh_from_db()

    def listed(**query):
        return {u.username for u in office.get(page("changelist"), query).context["cl"].queryset}

    assert listed(closed="yes") == {"frida"}
    assert listed(closed="no") == {"boss", "diego"}
    assert listed(closed="nonsense") == {"boss", "frida", "diego"}
    day = f"{frida.erase_at.day}, {frida.erase_at.year}"
    assert day in office.get(page("changelist")).content.decode()
    assert day in office.get(page("change", frida.pk)).content.decode()
