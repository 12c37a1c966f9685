"""What somebody else may have connected lets in no more, once the owner of the address is there."""

import json
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from django_useraccounts.emails.flows import claim_to_hand_over, hand_over, undo_email_change
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.errors import EmailTaken, LogInFirst
from django_useraccounts.leaving.flows import close_account, erase_account
from django_useraccounts.models import AccountEvent, OneTimeSecret, UserEmail
from django_useraccounts.passwords.flows import change_password, reset_password, set_password
from django_useraccounts.secrets import (
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    issue,
    link_of,
    peek,
)
from django_useraccounts.social.flows import (
    connect,
    connect_by_link,
    drop_connections,
    log_in_by,
)
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK, Connection
from django_useraccounts.social.parts import connections_of
from django_useraccounts.social.signals import provider_disconnected
from django_useraccounts.testing import PASSWORD, make_user
from tests.social.visits import HANNAH, ISSUER, OPTIONS, arrive, path_of, url, user_of

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse another staple"


def connected(user, subject="m-1", *, tokens=""):
    return connect(user, Identity("guild", ISSUER, subject, email=user.email, tokens=tokens))


def subjects_of(user):
    return {row.subject for row in Connection.objects.of(user)}


@pytest.fixture
def maria():
    return make_user("maria")


# What takes connections away


def reset(user):
    """Set a password by a link that was mailed to the address of the user."""
    link = link_of(issue(RESET_PASSWORD, address=user.emails.get()))
    reset_password(peek(RESET_PASSWORD, link), new_password=NEW_PASSWORD)
    user.refresh_from_db()


def complete(client, **data):
    client.post(url("complete_registration"), data)


def test_the_first_reset_drops_all(maria):
    # who had the password before the proof may have connected himself after it
    connected(maria, "older")
    connected(maria, "newer")

    reset(maria)

    assert subjects_of(maria) == set()
    dropped = AccountEvent.objects.filter(kind="provider_disconnected")
    assert {(event.user_id, event.actor_id) for event in dropped} == {(maria.pk, None)}


def test_a_later_reset_drops_none_however_long_events_are_kept(maria):
    reset(maria)
    connected(maria)
    AccountEvent.objects.all().delete()

    reset(maria)

    assert subjects_of(maria) == {"m-1"}


@pytest.mark.parametrize("lacks", ["username", "nothing"])
def test_a_reset_drops_none_if_registering_has_proved_the_address(
    provider, client, set_conf, settings, lacks
):
    # nobody was in the account before
    set_conf(**settings.USERACCOUNTS, USERNAME="off" if lacks == "nothing" else "required")
    arrive(client, provider)
    if lacks == "username":
        complete(client, username="hannah", email=HANNAH["email"])

    reset(get_user_model().objects.get())

    assert Connection.objects.get().subject == "hannah-1"


def test_nor_if_the_provider_has_proved_it_once_it_was_typed_right(provider, client):
    arrive(client, provider)
    complete(client, username="hannah", email="hannah@giuld.example")
    arrive(client, provider)
    complete(client, email=HANNAH["email"])

    reset(get_user_model().objects.get())

    assert Connection.objects.get().subject == "hannah-1"


def test_other_code_hears_of_each_connection_that_is_dropped(
    maria, rf, django_capture_on_commit_callbacks
):
    connected(maria, "older")
    connected(maria, "newer")
    heard, asked = [], rf.get("/")

    def hear(user, connection, request, **kwargs):
        heard.append((user, connection.subject, request))

    provider_disconnected.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        drop_connections(maria, request=asked)
    provider_disconnected.disconnect(hear)

    assert heard == [(maria, "older", asked), (maria, "newer", asked)]


def test_the_history_tells_from_where_also_when_the_address_may_be_a_thiefs(maria, client):
    connected(maria)
    young = UserEmail.objects.add_proved(maria, "young@example.com")
    link = link_of(issue(RESET_PASSWORD, address=young))

    page = client.get(url("reset_password", link), follow=True).request["PATH_INFO"]
    client.post(page, {"new_password": NEW_PASSWORD})

    event = AccountEvent.objects.get(kind="provider_disconnected")
    assert (event.client_address, event.via) == ("127.0.0.1", "useraccounts:reset_password")


def test_a_link_that_comes_too_late_to_connect_anything_takes_nothing_from_other_addresses(maria):
    """Maria has asked for a link to another address, and gave the password instead."""
    UserEmail.objects.update(is_owned=True)
    other = UserEmail.objects.add_proved(maria, "other@example.com")
    row = connected(maria)
    pending = json.dumps(Identity("guild", ISSUER, row.subject).as_kept())
    link = issue(CONNECT_BY_LINK, address=other, pending=pending)

    assert connect_by_link(peek(CONNECT_BY_LINK, link_of(link))) == row

    assert UserEmail.objects.get(is_primary=True).is_owned


def test_a_change_of_addresses_that_is_undone_drops_all(maria):
    connected(maria, "older")
    connected(maria, "newer")
    address = maria.emails.get()
    row = issue(UNDO_EMAIL_CHANGE, address=address, pending=as_they_were([address]))

    undo_email_change(peek(UNDO_EMAIL_CHANGE, link_of(row)))

    assert subjects_of(maria) == set()


@pytest.mark.parametrize("event", ["changed", "first set", "closed"])
def test_what_the_owner_does_drops_none(maria, event):
    connected(maria)

    if event == "changed":
        change_password(maria, old_password=PASSWORD, new_password=NEW_PASSWORD)
    elif event == "closed":
        close_account(maria)
    else:
        maria.set_unusable_password()
        maria.save()
        set_password(maria, new_password=NEW_PASSWORD)

    assert subjects_of(maria) == {"m-1"}


def test_nobody_elses_connections_are_dropped(maria):
    frida = make_user("frida")
    connected(maria)
    connected(frida, "f-1")

    drop_connections(maria)

    assert subjects_of(frida) == {"f-1"}


# A claim that is handed over


def test_a_claim_that_somebody_proves_at_that_moment_is_not_handed_over():
    eve = make_user("eve", "maria@example.com", confirmed=False)
    claim = claim_to_hand_over("maria@example.com")
    make_user("maria")

    with pytest.raises(EmailTaken):
        hand_over(claim)

    eve.refresh_from_db()
    assert eve.has_usable_password()
    assert eve.email == ""
    assert not AccountEvent.objects.filter(kind="handed_over").exists()


def test_who_meets_such_a_moment_has_to_prove_the_account(provider, rf):
    identity = Identity("guild", ISSUER, "m-1", email="maria@example.com", is_email_proved=True)
    make_user("eve", "maria@example.com", confirmed=False)
    made = []

    def be_proved_meanwhile(execute, sql, params, many, context):
        """Prove the address for somebody else once the claims have been read."""
        answer = execute(sql, params, many, context)
        if "NOT EXISTS" in sql.upper() and not made:
            made.append("maria")
            make_user("maria")
        return answer

    with connection.execute_wrapper(be_proved_meanwhile):
        entrance = log_in_by(identity, request=rf.get("/"))

    assert made
    assert entrance is None
    assert not Connection.objects.exists()


@pytest.mark.parametrize("change", ["proved", "removed"])
def test_an_account_that_is_not_what_it_was_is_not_handed_over(change):
    eve = make_user("eve", "maria@example.com", confirmed=False)
    claim = claim_to_hand_over("maria@example.com")
    if change == "proved":
        UserEmail.objects.add_claim(eve, "eve@example.com")
        UserEmail.objects.filter(email="eve@example.com").update(
            verified_key="eve@example.com", confirmed_at=timezone.now()
        )
    else:
        UserEmail.objects.all().delete()

    assert hand_over(claim) is None

    eve.refresh_from_db()
    assert eve.has_usable_password()


@pytest.mark.parametrize("right", ["is_staff", "is_superuser", "is_switched_off"])
def test_an_account_with_rights_or_none_is_not_to_be_handed_over(right):
    eve = make_user("eve", "maria@example.com", confirmed=False)
    change = {"is_active": False} if right == "is_switched_off" else {right: True}
    type(eve).objects.update(**change)

    assert claim_to_hand_over("maria@example.com") is None


# A site without usernames, where nothing on the page of a link tells whose account it is


@pytest.fixture
def only_addresses(set_conf):
    set_conf(USERNAME="off")


def wait_for_a_mail(client, provider):
    """Register with the address of somebody else, which the provider does not prove."""
    stranger = {**HANNAH, "sub": "stranger", "email": "victim@example.com"}
    response = arrive(client, provider, stranger)
    assert path_of(response) == url("complete_registration")
    client.post(response["Location"], {"email": "victim@example.com"})
    return url("confirm_email", str(link_of(OneTimeSecret.objects.get())))


def test_the_click_of_a_victim_proves_nothing_for_the_account_of_a_stranger(
    client, provider, only_addresses
):
    link = wait_for_a_mail(client, provider)
    victim = Client()
    page = victim.get(link)["Location"]

    response = victim.post(page, {"answer": "confirm"})

    assert response.status_code == LogInFirst.status
    assert str(LogInFirst.sentence) in unescape(response.content.decode())
    assert not UserEmail.objects.confirmed().exists()
    assert user_of(victim) == ""


def test_it_proves_nothing_either_while_the_site_cannot_ask_the_provider(
    client, provider, only_addresses, set_conf
):
    link = wait_for_a_mail(client, provider)
    set_conf(SOCIAL={"PROVIDERS": {"guild": {**OPTIONS, "CLIENT_SECRET": ""}}})
    victim = Client()

    response = victim.post(victim.get(link)["Location"], {"answer": "confirm"})

    assert response.status_code == LogInFirst.status
    assert not UserEmail.objects.confirmed().exists()


def test_the_browser_that_has_come_from_the_provider_confirms(client, provider, only_addresses):
    link = wait_for_a_mail(client, provider)
    page = client.get(link)["Location"]

    response = client.post(page, {"answer": "confirm"})

    assert response.status_code == 302
    assert UserEmail.objects.confirmed().get().email == "victim@example.com"
    assert user_of(client) == str(Connection.objects.get().user_id)


def test_the_browser_that_has_tried_to_come_in_later_confirms_too(client, provider, only_addresses):
    link = wait_for_a_mail(client, provider)
    another = Client()
    arrive(another, provider, {**HANNAH, "sub": "stranger", "email": "victim@example.com"})

    page = another.get(link)["Location"]
    response = another.post(page, {"answer": "confirm"})

    assert response.status_code == 302
    assert UserEmail.objects.confirmed().exists()


def test_a_victim_can_say_that_it_was_not_her(client, provider, only_addresses):
    link = wait_for_a_mail(client, provider)
    victim = Client()
    page = victim.get(link)["Location"]

    response = victim.post(page, {"answer": "not_me"})

    assert response.status_code == 200
    assert not UserEmail.objects.exists()


# Who leaves


def test_what_is_connected_is_a_part_of_the_data_without_its_tokens(maria):
    row = connected(maria, tokens="sealed")

    [part] = connections_of(maria)

    assert part == {
        "provider": "guild",
        "issuer": ISSUER,
        "subject": "m-1",
        "called": "maria@example.com",
        "connected": row.connected_at,
    }
    assert "sealed" not in json.dumps(part, default=str)


@pytest.mark.parametrize("leaving", ["erase", "anonymise"])
def test_who_is_erased_leaves_no_connection_behind(maria, leaving, set_conf):
    set_conf(POLICY=f"tests.social.doubles.{leaving.title()}Policy")
    connected(maria)

    erase_account(maria)

    assert not Connection.objects.exists()
    words = [str(event.details) for event in AccountEvent.objects.all()]
    assert not any("m-1" in text or "maria@" in text for text in words)


def test_a_login_by_a_provider_opens_a_closed_account_again(client, provider):
    hannah = make_user("hannah", HANNAH["email"])
    connected(hannah, HANNAH["sub"])
    close_account(hannah)

    arrive(client, provider)

    hannah.refresh_from_db()
    assert user_of(client) == str(hannah.pk)
    assert hannah.erase_at is None


@pytest.fixture
def gone():
    """Who has closed the account so long ago that it is to be erased."""
    gone = make_user("gone", HANNAH["email"])
    connected(gone, HANNAH["sub"])
    close_account(gone)
    type(gone).objects.update(erase_at=timezone.now() - timedelta(seconds=1))
    return gone


def test_who_comes_to_an_account_that_is_to_be_erased_is_new(client, provider, gone):
    response = arrive(client, provider)
    client.post(response["Location"], {"username": "hannah", "email": HANNAH["email"]})

    assert path_of(response) == url("complete_registration")
    assert Connection.objects.get().user.username == "hannah"
    assert user_of(client) == str(Connection.objects.get().user_id)
    dropped = AccountEvent.objects.get(kind="provider_disconnected")
    assert (dropped.user_id, dropped.actor_id) == (gone.pk, None)


def test_it_gives_its_identities_to_who_connects_them_too(has_providers, maria, gone):
    connection = connect(maria, Identity("guild", ISSUER, HANNAH["sub"]))

    assert Connection.objects.get() == connection


# Tokens


def test_the_tokens_that_are_kept_are_those_of_the_last_login(client, provider, set_conf):
    set_conf(SOCIAL={"PROVIDERS": {"guild": {**OPTIONS, "KEEP_TOKENS": True}}})
    hannah = make_user("hannah", HANNAH["email"])
    row = connected(hannah, HANNAH["sub"], tokens="of the first login")

    arrive(client, provider)

    row.refresh_from_db()
    assert user_of(client) == str(hannah.pk)
    assert row.tokens not in {"", "of the first login"}
