"""What is connected to an account: by its owner, and never its last way in."""

import time

import pytest
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.hashers import make_password
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.administration.flows import end_sessions
from django_useraccounts.emails.flows import confirm_email
from django_useraccounts.errors import LinkUsed
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail
from django_useraccounts.secrets import CONFIRM_EMAIL, link_of, peek
from django_useraccounts.social.admin import ConnectionAdmin
from django_useraccounts.social.errors import IdentityTaken, LastWayIn
from django_useraccounts.social.flows import (
    connect,
    connect_by_link,
    disconnect,
    mail_connect_link,
    register_identity,
)
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.social.visits import HANNAH, ISSUER, OPTIONS, arrive, path_of, url, user_of

pytestmark = pytest.mark.django_db

User = get_user_model()
#: She comes with an address that the provider does not prove.
UNPROVED = {**HANNAH, "email": "hannah@gmail.com"}


def identity(subject="hannah-1", **said):
    return Identity("guild", ISSUER, subject, **{"email": HANNAH["email"], **said})


def kinds():
    return [mail.kind for mail in OutgoingMail.objects.order_by("pk")]


def log_in_by_form(client, name="maria"):
    client.post(url("login"), {"identifier": name, "password": PASSWORD})


# Connect


def test_a_user_connects_a_provider_and_is_told_by_mail(client, provider):
    maria = make_user("maria")
    log_in_by_form(client)

    response = arrive(client, provider, name="connect_provider")

    assert path_of(response) == url("connections")
    connection = Connection.objects.get()
    assert (connection.user, connection.label) == (maria, HANNAH["email"])
    assert kinds() == ["provider_connected"]
    page = client.get(url("connections")).content.decode()
    assert "The Guild" in page
    assert HANNAH["email"] in page
    event = AccountEvent.objects.get(kind="provider_connected")
    assert (event.user_id, event.actor_id) == (maria.pk, maria.pk)


@pytest.mark.asvs("7.5.1")
def test_to_connect_takes_a_login_that_is_not_long_ago(client, has_providers):
    log_in(client, make_user("maria"))
    session = client.session
    session["useraccounts_proved_at"] = 0
    session.save()

    response = client.post(url("connect_provider", "guild"))

    assert path_of(response) == url("confirm_identity")


def test_to_connect_takes_a_confirmed_address(client, has_providers, set_conf):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    make_user("maria", confirmed=False)
    log_in_by_form(client)

    response = client.post(url("connect_provider", "guild"))

    assert path_of(response) == url("emails")


def test_G12_what_lets_somebody_else_in_is_not_connected(client, provider):
    other = make_user("other")
    connect(other, identity())
    make_user("maria")
    log_in_by_form(client)

    response = arrive(client, provider, name="connect_provider")

    assert response.status_code == 409
    assert Connection.objects.get().user == other


def test_to_connect_it_twice_changes_nothing(client, provider):
    maria = make_user("maria")
    first = connect(maria, identity())

    again = connect(maria, identity())

    assert again == first
    assert kinds() == ["provider_connected"]


def test_subjects_that_differ_in_case_are_two_people():
    maria, other = make_user("maria"), make_user("other")

    connect(maria, identity("aB"))
    connect(other, identity("Ab"))

    assert Connection.objects.owner_of(identity("aB")) == maria
    assert Connection.objects.owner_of(identity("Ab")) == other


def test_an_identity_lets_one_in():
    maria, other = make_user("maria"), make_user("other")
    connect(maria, identity())

    with pytest.raises(IdentityTaken):
        connect(other, identity())


# An account that nobody has ever been in


@pytest.fixture
def stub(client, provider):
    """What somebody has who has an account already, and registers by a provider, too."""
    arrive(client, provider, UNPROVED)
    client.post(url("complete_registration"), {"username": "stub", "email": UNPROVED["email"]})
    client.session.flush()
    return User.objects.get(username="stub")


def test_what_was_never_confirmed_gives_its_identity_to_who_proves_it(client, provider, stub):
    maria = make_user("maria", UNPROVED["email"])
    log_in_by_form(client)

    response = arrive(client, provider, UNPROVED, name="connect_provider")

    assert path_of(response) == url("connections")
    assert Connection.objects.get().user == maria
    taken = AccountEvent.objects.get(kind="provider_disconnected")
    assert (taken.user_id, taken.actor_id) == (stub.pk, maria.pk)
    assert User.objects.get(pk=stub.pk).session_epoch == stub.session_epoch + 1
    assert AccountEvent.objects.filter(kind="provider_connected", user=maria).exists()
    client.logout()
    arrive(client, provider, UNPROVED)
    assert user_of(client) == str(maria.pk)


def test_it_gives_it_to_a_mailed_link_too(provider, stub):
    maria = make_user("maria", HANNAH["email"])
    mail_connect_link(identity(is_email_proved=True))

    connect_by_link(OneTimeSecret.objects.get(purpose="connect_by_link"))

    assert Connection.objects.get().user == maria


@pytest.mark.parametrize(
    "change",
    [
        {"last_login": timezone.now()},
        {"password": make_password(PASSWORD)},
        {"is_staff": True},
        {"is_superuser": True},
        {"is_active": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_account_that_is_more_than_that_keeps_its_identity(stub, change):
    User.objects.filter(pk=stub.pk).update(**change)

    with pytest.raises(IdentityTaken):
        connect(make_user("maria"), identity())

    assert Connection.objects.get().user == stub


def test_nor_does_one_that_has_confirmed_or_that_code_has_made(stub):
    maria = make_user("maria")
    secret = OneTimeSecret.objects.get(purpose="confirm_email")
    confirm_email(peek(CONFIRM_EMAIL, link_of(secret)))
    made = User.objects.create_user("made")
    connect(made, identity("of-made"))

    for subject in ("hannah-1", "of-made"):
        with pytest.raises(IdentityTaken):
            connect(maria, identity(subject))

    assert Connection.objects.count() == 2


def test_a_second_click_on_register_takes_it_from_nobody(provider, stub, rf):
    with pytest.raises(IdentityTaken):
        register_identity(identity(), username="again", email="b@example.com", request=rf.get("/"))

    assert User.objects.get() == stub


# Disconnect


@pytest.mark.asvs("7.4.3")
def test_a_user_disconnects_is_told_and_every_other_session_ends(client, provider):
    maria = make_user("maria")
    connection = connect(maria, identity())
    elsewhere = log_in(type(client)(), maria)
    log_in_by_form(client)
    page = client.get(url("disconnect_provider", connection.pk))

    response = client.post(url("disconnect_provider", connection.pk))

    assert page.status_code == 200
    assert path_of(response) == url("connections")
    assert not Connection.objects.exists()
    assert client.get(url("profile")).status_code == 200
    assert elsewhere.get(url("profile")).status_code == 302
    assert kinds()[-1] == "provider_disconnected"


def test_G14_the_only_way_in_stays(client, provider):
    maria = make_user("maria", password=None)
    connection = connect(maria, identity())
    arrive(client, provider)
    assert user_of(client) == str(maria.pk)

    response = client.post(url("disconnect_provider", connection.pk))

    assert str(LastWayIn.sentence) in response.content.decode()
    assert Connection.objects.exists()
    assert (
        url("disconnect_provider", connection.pk)
        not in client.get(url("connections")).content.decode()
    )


def test_what_the_site_has_no_more_is_no_way_in(set_conf, has_providers):
    maria = make_user("maria", password=None)
    connection = connect(maria, identity())
    Connection.objects.filter(pk=connect(maria, identity("old")).pk).update(provider="gone")

    with pytest.raises(LastWayIn):
        disconnect(connection)


def test_what_the_site_cannot_ask_for_now_is_no_way_in(client, provider, set_conf, settings):
    options = settings.USERACCOUNTS["SOCIAL"]["PROVIDERS"]
    set_conf(SOCIAL={"PROVIDERS": {**options, "club": {**OPTIONS, "CLIENT_SECRET": ""}}})
    maria = make_user("maria", password=None)
    connection = connect(maria, identity())
    connect(maria, Identity("club", "https://club.example", "m-1"))
    arrive(client, provider)

    response = client.post(url("disconnect_provider", connection.pk))

    assert str(LastWayIn.sentence) in response.content.decode()
    assert Connection.objects.count() == 2


def test_of_two_ways_one_may_go(has_providers):
    maria = make_user("maria", password=None)
    connection, other = connect(maria, identity()), connect(maria, identity("second"))

    disconnect(connection)

    assert Connection.objects.get() == other


def test_to_disconnect_twice_changes_nothing(has_providers):
    maria = make_user("maria")
    connection = connect(maria, identity())

    disconnect(connection)
    disconnect(connection)

    assert kinds().count("provider_disconnected") == 1


def test_the_connection_of_another_is_as_good_as_one_that_is_gone(client, has_providers):
    connection = connect(make_user("other"), identity())
    make_user("maria")
    log_in_by_form(client)

    response = client.post(url("disconnect_provider", connection.pk))

    assert path_of(response) == url("connections")
    assert Connection.objects.exists()


def test_who_has_no_password_sets_one_and_may_then_disconnect(client, provider):
    maria = make_user("maria", password=None)
    connection = connect(maria, identity())
    arrive(client, provider)
    new = "a quite new passphrase"
    client.post(url("set_password"), {"new_password": new, "retype_password": new})

    client.post(url("disconnect_provider", connection.pk))

    assert not Connection.objects.exists()


# Prove who it is


def proved_long_ago(client):
    """Log in who has no password and is connected, and return the session, whose proof is old."""
    maria = make_user("maria", password=None)
    connect(maria, identity())
    log_in(client, maria)
    session = client.session
    session["useraccounts_proved_at"] = 0
    session.save()
    return session


@pytest.mark.asvs("7.2.4")
def test_who_has_no_password_proves_it_by_the_provider(client, provider):
    session = proved_long_ago(client)
    data = {"purpose": "prove", "next": url("connections")}

    sent = client.post(url("social_login", "guild"), data)["Location"]
    response = client.get(provider.agree(sent))

    assert "prompt=login" in sent
    assert path_of(response) == url("connections")
    assert client.session.session_key != session.session_key
    assert not session.exists(session.session_key)
    assert client.session["useraccounts_proved_at"] > 0


def test_another_identity_proves_nothing(client, provider):
    proved_long_ago(client)

    sent = client.post(url("social_login", "guild"), {"purpose": "prove"})["Location"]
    response = client.get(provider.agree(sent, {**HANNAH, "sub": "somebody-else"}))

    assert response.status_code == 403
    assert client.session["useraccounts_proved_at"] == 0


@pytest.mark.asvs("6.8.4")
def test_who_is_only_remembered_there_proves_nothing(client, provider):
    proved_long_ago(client)
    provider.breaks(auth_time=int(time.time()) - 3600)

    sent = client.post(url("social_login", "guild"), {"purpose": "prove"})["Location"]
    response = client.get(provider.agree(sent))

    assert response.status_code == 400
    assert client.session["useraccounts_proved_at"] == 0
    refused = AccountEvent.objects.get(kind="social_login_refused")
    assert refused.details["reason"] == "auth_time"
    assert not AccountEvent.objects.filter(kind="identity_confirmed").exists()


@pytest.mark.asvs("7.6.1")
def test_a_session_here_ends_by_itself_and_is_renewed_there(client, provider):
    connect(make_user("hannah", HANNAH["email"], password=None), identity())
    arrive(client, provider)
    session = client.session
    session["useraccounts_proved_at"] = 0
    session.save()
    told = provider.calls.copy()

    # Pages go on, though nobody knows whether she is still logged in there.
    assert client.get(url("profile")).status_code == 200
    asked = client.post(url("connect_provider", "guild"))
    assert path_of(asked) == url("confirm_identity")
    assert "The Guild" in client.get(asked["Location"]).content.decode()
    client.post(url("logout"))

    assert user_of(client) == ""
    assert provider.calls == told


# By a mailed link


def mailed(client, provider, *, next_url="/studio/"):
    """Have the link mailed, and return it."""
    arrive(client, provider, next_url=next_url)
    client.post(url("mail_connect_link"))
    return url("connect_by_link", str(link_of(OneTimeSecret.objects.get())))


def test_a_mailed_link_proves_the_account_and_lets_the_same_browser_in(client, provider):
    maria = make_user("maria", HANNAH["email"], password=None)
    link = mailed(client, provider)
    assert kinds() == ["connect_by_link"]

    page = client.get(link, follow=True)
    response = client.post(page.redirect_chain[-1][0])

    assert "hannah@guild.example" in page.content.decode()
    assert user_of(client) == str(maria.pk)
    assert response["Location"] == "/studio/"
    assert Connection.objects.get().user == maria


def test_who_went_nowhere_sees_what_is_connected_after_a_mailed_link(client, provider):
    make_user("maria", HANNAH["email"])
    page = client.get(mailed(client, provider, next_url=""), follow=True)

    response = client.post(page.redirect_chain[-1][0])

    assert response["Location"] == url("connections")


def test_elsewhere_it_connects_and_logs_nobody_in(client, provider):
    maria = make_user("maria", HANNAH["email"])
    link = mailed(client, provider)
    elsewhere = type(client)()
    page = elsewhere.get(link, follow=True)

    response = elsewhere.post(page.redirect_chain[-1][0])

    assert response["Location"] == f"{url('login')}?next=%2Fstudio%2F"
    assert user_of(elsewhere) == ""
    assert Connection.objects.get().user == maria


def test_to_open_the_link_changes_nothing(client, provider):
    make_user("maria", HANNAH["email"])
    link = mailed(client, provider)

    client.get(link, follow=True)

    assert not Connection.objects.exists()


def test_it_connects_once(client, provider):
    maria = make_user("maria", HANNAH["email"])
    mailed(client, provider)
    secret = OneTimeSecret.objects.get()
    connect_by_link(secret)
    disconnect(Connection.objects.get())

    with pytest.raises(LinkUsed):
        connect_by_link(secret)
    assert not maria.social_connections.exists()


def test_it_connects_exactly_the_identity_it_was_asked_for(client, provider):
    make_user("maria", HANNAH["email"])
    link = mailed(client, provider)
    arrive(client, provider, {**HANNAH, "sub": "somebody-else"})

    page = client.get(link, follow=True)
    client.post(page.redirect_chain[-1][0])

    assert Connection.objects.get().subject == "hannah-1"
    assert user_of(client) == ""


def test_a_link_of_another_shape_is_refused(client, provider):
    make_user("maria", HANNAH["email"])
    mailed(client, provider)
    secret = OneTimeSecret.objects.get()
    secret.pending = '{"provider": "guild"}'

    with pytest.raises(LinkUsed):
        connect_by_link(secret)


def test_no_link_is_mailed_for_an_address_that_is_not_proved(client, provider):
    make_user("maria", HANNAH["email"])
    arrive(client, provider, {**HANNAH, "email_verified": False})

    response = client.post(url("mail_connect_link"))

    assert path_of(response) == url("connect_account")
    assert kinds() == []


# In the administration


def test_an_administrator_disconnects(admin_client, has_providers):
    maria = make_user("maria", password=None)
    connection = connect(maria, identity())
    Connection.objects.update(tokens="sealed")
    path = reverse("admin:useraccounts_social_connection_changelist")

    listed = admin_client.get(path).content.decode()
    shown = admin_client.get(
        reverse("admin:useraccounts_social_connection_change", args=[connection.pk])
    ).content.decode()
    admin_client.post(path, {"action": "disconnect", "_selected_action": [connection.pk]})

    assert HANNAH["email"] in listed
    assert "sealed" not in shown
    assert not Connection.objects.exists()
    event = AccountEvent.objects.get(kind="provider_disconnected")
    assert (event.user_id, event.actor_id) == (maria.pk, User.objects.get(username="admin").pk)
    assert event.at <= timezone.now()


def test_J_a_session_that_ends_meanwhile_disconnects_nothing_and_goes_on_nowhere(
    admin_client, has_providers, monkeypatch
):
    own = User.objects.get(username="admin")
    connection = connect(own, identity())
    path = reverse("admin:useraccounts_social_connection_changelist")
    run = ConnectionAdmin.response_action

    def after_the_end(self, request, queryset):
        end_sessions(User.objects.get(pk=own.pk))
        return run(self, request, queryset)

    monkeypatch.setattr(ConnectionAdmin, "response_action", after_the_end)
    admin_client.post(path, {"action": "disconnect", "_selected_action": [connection.pk]})

    assert Connection.objects.exists()
    assert not get_user(admin_client).is_authenticated


def test_an_administrator_disconnects_both_of_the_own_logins_at_once(admin_client, has_providers):
    own = User.objects.get(username="admin")
    keys = [connect(own, identity(subject)).pk for subject in ("hannah-1", "hannah-2")]
    path = reverse("admin:useraccounts_social_connection_changelist")

    admin_client.post(path, {"action": "disconnect", "_selected_action": keys})

    assert not Connection.objects.exists()
    assert get_user(admin_client).is_authenticated
