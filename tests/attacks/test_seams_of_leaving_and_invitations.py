"""What leaving, invitations and undeliverable mail have let through between them."""

import json
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from django_useraccounts import personal_data
from django_useraccounts.administration.flows import switch_off, switch_on
from django_useraccounts.emails.flows import add_email, confirm_email, send_confirmation
from django_useraccounts.invitations.errors import MayNotInvite
from django_useraccounts.invitations.flows import accept_invitation, invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.leaving.flows import (
    close_account,
    erase_account,
    erase_due,
    request_export,
)
from django_useraccounts.leaving.parts import events_of
from django_useraccounts.mail import announce, deliver
from django_useraccounts.models import (
    AccountEvent,
    OldUsername,
    OutgoingMail,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.passwords.flows import change_password
from django_useraccounts.personal_data import register_personal_data
from django_useraccounts.policy import Policy
from django_useraccounts.secrets import CONFIRM_EMAIL, issue
from django_useraccounts.testing import log_in, make_user
from django_useraccounts.undeliverable import note_tracking_event, report_undeliverable
from tests.attacks.browsers import PASSWORD, VICTIM, last_mail, page_of, url

pytestmark = pytest.mark.django_db

User = get_user_model()


class Keeping(Policy):
    def leaving(self, user):
        return "anonymise"


@pytest.fixture
def maria(db):
    """Somebody who may invite."""
    maria = make_user("maria", roles=["artist", "member"])
    names = ["add_invitation", "add_rolegrant"]
    maria.user_permissions.set(Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=maria.pk)


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def let_time_pass(user):
    close_account(user)
    User.objects.filter(pk=user.pk).update(erase_at=timezone.now() - timedelta(minutes=1))
    return User.objects.get(pk=user.pk)


def once_after(words, act):
    """Do ``act`` as soon as a statement with these words has been answered."""
    acts = [act]

    def execute_then_act(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if words in sql.partition(" WHERE ")[2] and acts:
            acts.pop()()
        return answer

    return execute_then_act


# Accounts that are gone, and not erased yet


def test_who_is_invited_gets_an_address_whose_account_is_gone(new_browser, maria, sent):
    let_time_pass(make_user("victoria", VICTIM))
    with sent():
        invite(VICTIM, by=maria)
    browser = new_browser()

    browser.post(page_of(browser.open(last_mail())))
    browser.register("vera")

    assert UserEmail.objects.get(verified_key=VICTIM).user.username == "vera"


def test_who_waits_for_an_address_whose_account_is_gone_gets_the_link(sent):
    let_time_pass(make_user("victoria", VICTIM))
    claim = UserEmail.objects.add_claim(make_user("vera"), VICTIM)

    with sent():
        send_confirmation(claim)

    assert OutgoingMail.objects.filter(to=VICTIM).latest("pk").kind == "confirm_email"


# What is left of who was erased


def test_who_is_erased_while_somebody_gets_the_address_leaves_no_trace_of_it():
    let_time_pass(make_user("victoria", VICTIM))
    claim = UserEmail.objects.add_claim(make_user("vera"), VICTIM)
    link = issue(CONFIRM_EMAIL, address=claim)

    with connection.execute_wrapper(once_after("erase_at", partial(erase_due, batch=9))):
        confirm_email(link)

    assert not User.objects.filter(username="victoria").exists()
    assert UserEmail.objects.get(verified_key=VICTIM).user.username == "vera"
    [event] = AccountEvent.objects.exclude(details={}).filter(details__icontains=VICTIM)
    assert event.kind == "email_confirmed"


@pytest.mark.parametrize("policy", [None, f"{__name__}.Keeping"])
def test_nothing_tells_of_any_address_of_who_was_erased(maria, set_conf, sent, policy):
    if policy:
        set_conf(POLICY=policy)
    frida = make_user("frida", "frida@example.com")
    add_email(frida, "second@example.com", confirmed=True)
    for email in ("frida@example.com", "second@example.com"):
        with sent():
            invitation = invite(email, by=maria, note="For Frida.")
        LogEntry.objects.create(
            user=maria,
            content_type=ContentType.objects.get_for_model(Invitation),
            object_id=invitation.pk,
            object_repr=str(invitation),
            action_flag=ADDITION,
        )

    erase_account(frida)

    told = [
        *Invitation.objects.values_list("email", "link__pending"),
        *LogEntry.objects.values_list("object_repr"),
        *OutgoingMail.objects.exclude(kind="account_erased").values_list("to", "about"),
    ]
    assert not any(word in str(told).lower() for word in ("frida", "second@"))


def test_who_only_claims_an_address_takes_no_invitation_of_its_owner_away(maria, sent):
    mallory = make_user("mallory")
    UserEmail.objects.add_claim(mallory, VICTIM)
    invite(VICTIM, by=maria)

    erase_account(mallory)

    assert Invitation.objects.get().email == VICTIM
    assert OutgoingMail.objects.filter(to=VICTIM).exists()


def test_the_note_of_a_link_for_several_stays_when_one_of_them_leaves(maria):
    invitation = invite(by=maria, uses=3, note="See you on Friday.")
    frida = make_user("frida")
    accept_invitation(invitation, user=frida)

    erase_account(frida)

    assert Invitation.objects.get().note == "See you on Friday."


def test_a_name_that_people_cannot_edit_is_forgotten_too(set_conf, monkeypatch):
    set_conf(POLICY=f"{__name__}.Keeping")
    monkeypatch.setattr(User, "PROFILE_FIELDS", ())
    frida = make_user("frida", first_name="Frida", last_name="Kahlo")

    erase_account(frida)

    frida = User.objects.get(pk=frida.pk)
    assert (frida.first_name, frida.last_name) == ("", "")


def test_the_last_mail_to_a_dead_mailbox_does_not_keep_the_address_for_good():
    erase_account(make_user("frida", "frida@example.com"))
    long_ago = timezone.now() - timedelta(days=31)
    OutgoingMail.objects.update(due_at=None, created_at=long_ago)

    call_command("useraccounts_prune", stdout=StringIO())

    assert not OutgoingMail.objects.exists()


# Exports


def test_an_export_does_not_tell_where_an_administrator_sits(rf, maria):
    frida = make_user("frida")
    request = rf.post("/", REMOTE_ADDR="203.0.113.7")
    request.user = maria
    switch_off(frida, by=maria, request=request)
    switch_on(frida, by=maria, request=request)

    assert "203.0.113.7" not in json.dumps(events_of(frida), default=str)


@pytest.mark.parametrize("email", ["required", "off"])
def test_the_page_offers_no_download_that_a_new_password_has_ended(client, set_conf, sent, email):
    set_conf(EMAIL=email)
    frida = make_user("frida")
    with sent():
        request_export(frida)
    log_in(client, frida)
    assert b"Your data are ready" in client.get(url("export_account")).content

    change_password(frida, old_password=PASSWORD, new_password="a brand new password of mine")
    log_in(client, frida)

    assert b"Your data are ready" not in client.get(url("export_account")).content


# Reports of providers


@pytest.mark.parametrize("reason", ["no\0body", "no\ud800body"])
def test_whatever_a_provider_says_is_kept(reason):
    report_undeliverable(VICTIM, state="bounced", reason=reason)

    assert UndeliverableAddress.objects.get().reason.startswith("no")


def test_no_link_is_kept_that_a_server_quotes():
    link = "https://example.com/accounts/reset-password/" + "Ab3_" * 16 + "/"
    event = AnymailTrackingEvent(
        event_type=EventType.BOUNCED,
        recipient=VICTIM,
        reject_reason=RejectReason.OTHER,
        mta_response=f"550 5.7.1 refused because of {link}",
        esp_event={},
    )

    note_tracking_event(event=event)

    assert "Ab3_Ab3_" not in UndeliverableAddress.objects.get().reason


def test_mail_that_a_provider_takes_has_not_arrived(send_mail_by):
    """Each mail is taken by the API of the provider, and bounces softly afterwards."""
    frida = make_user("frida", VICTIM)
    send_mail_by("anymail.backends.test.EmailBackend")
    for _ in range(5):
        deliver(announce("welcome", to=VICTIM, user=frida).pk)
        report_undeliverable(VICTIM, state="failing", reason="451 later")
        UndeliverableAddress.objects.update(reported_at=timezone.now() - timedelta(hours=2))

    assert UndeliverableAddress.objects.get().takes_no_mail


def test_a_site_that_has_no_addresses_any_more_leads_to_no_page_about_them(client, set_conf):
    frida = make_user("frida", VICTIM)
    report_undeliverable(VICTIM, state="bounced")
    set_conf(EMAIL="off")

    answer = client.post(url("login"), {"identifier": frida.username, "password": PASSWORD})

    assert client.get(answer["Location"]).status_code == 200


# Lists


def test_a_line_that_is_too_long_to_be_read_does_not_keep_the_others_out(maria, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("a@example.com\n" + "x" * 200_000 + "\nb@example.com\n")

    errors = StringIO()
    with pytest.raises(CommandError, match="2 invited, 1 not"):
        call_command("useraccounts_invite", str(file), "--by", "maria", stderr=errors)
    assert len(errors.getvalue()) < 1000


def test_a_list_does_not_steer_the_terminal(maria, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("\x1b[2Jno address\n")

    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("useraccounts_invite", str(file), "--by", "maria", stderr=errors)
    assert errors.getvalue().startswith("Line 1: [2Jno address: ")


@pytest.mark.asvs("1.4.2")
def test_a_number_of_days_beyond_all_calendars_is_told(maria, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("a@example.com\n")

    with pytest.raises(CommandError):
        call_command(
            "useraccounts_invite",
            str(file),
            "--by",
            "maria",
            "--days",
            "99999999999",
            stderr=StringIO(),
        )


# Who invites


def test_who_has_closed_the_account_invites_nobody(maria):
    close_account(maria)

    with pytest.raises(MayNotInvite):
        invite(by=maria)


@pytest.mark.parametrize("name", ["casino-bonus.com", "www.maria"])
def test_nobody_has_us_mail_a_link_of_his_own_as_a_username(maria, sent, name):
    User.objects.filter(pk=maria.pk).update(username=name, username_key=f"{name}-")

    with sent():
        invite(VICTIM, by=maria)

    message = last_mail().message()
    assert name not in f"{message['Subject']} {last_mail().body} {last_mail().alternatives[0]}"
    assert "Somebody who knows you invites you" in last_mail().body


def test_a_mailed_link_leaves_no_proof_behind_when_the_browser_is_closed(new_browser, maria, sent):
    with sent():
        invite(VICTIM, by=maria)
    browser = new_browser()

    browser.post(page_of(browser.open(last_mail())))

    assert browser.session.get_expire_at_browser_close()


@pytest.fixture
def registry(monkeypatch):
    """A registry to which a test may add."""
    monkeypatch.setattr(personal_data, "_registered", dict(personal_data._registered))


def never_confirmed(username):
    user = make_user(username, confirmed=False)
    AccountEvent.objects.record("registered", user=user)
    long_ago = timezone.now() - timedelta(days=31)
    User.objects.filter(pk=user.pk).update(date_joined=long_ago)
    UserEmail.objects.filter(user=user).update(created_at=long_ago)


def test_apps_forget_who_has_never_confirmed_as_they_forget_who_has_left(registry):
    addresses = []

    def take_keys_back(user):
        addresses.extend(user.emails.values_list("email", flat=True))

    register_personal_data("keys", erase=take_keys_back)
    never_confirmed("frida")

    call_command("useraccounts_prune", stdout=StringIO())

    assert addresses == ["frida@example.com"]
    assert not User.objects.exists()
    # Her name is as free as if she had never come.
    assert not OldUsername.objects.exists()


def test_an_app_that_refuses_to_forget_keeps_only_that_account(registry, caplog):
    def refuse(user):
        if user.username == "frida":
            raise ValueError("She owes us a book.")

    register_personal_data("books", erase=refuse)
    for username in ("frida", "ada"):
        never_confirmed(username)

    call_command("useraccounts_prune", stdout=StringIO())

    assert [user.username for user in User.objects.all()] == ["frida"]
    assert UserEmail.objects.get().email == "frida@example.com"
    assert "She owes us a book." in caplog.text
    # And only as long as it refuses.
    del personal_data._registered["books"]
    call_command("useraccounts_prune", stdout=StringIO())
    assert not User.objects.exists()
