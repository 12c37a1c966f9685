"""A user whose key is a UUID: in sessions, links, grants and events."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_useraccounts.emails.flows import prune_unconfirmed
from django_useraccounts.invitations.flows import accept_invitation, invite
from django_useraccounts.leaving.flows import erase_account
from django_useraccounts.leaving.parts import account_of
from django_useraccounts.memberships.models import Membership, StripeCustomer
from django_useraccounts.models import AccountEvent, RoleGrant
from django_useraccounts.profile.flows import edit_profile
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.memberships.bills import KEY, SECRET, Subscription, post
from tests.memberships.conftest import make_plan, opens
from tests.social.visits import HANNAH, ISSUER, OPTIONS, arrive

pytestmark = pytest.mark.django_db


def test_the_user_of_a_session_and_the_roles_come_in_one_statement(client):
    holder = make_user("frida", roles=["keyholder", "starving"])
    assert isinstance(holder.pk, uuid.UUID)
    log_in(client, holder)
    client.get("/vault/")  # a session that was not begun by a page gets its row

    with CaptureQueriesContext(connection) as captured:
        response = client.get("/vault/")

    assert response.content == b"The vault is open."
    assert len(captured) == 3  # the session, its user, and whether the session was ended
    assert response.wsgi_request.user.pk == holder.pk
    assert response.wsgi_request.user.role_names == {"keyholder", "starving"}


def test_what_points_at_a_user_holds_the_uuid(frida):
    frida.arrives()
    chief = make_user("chief", roles=["keyholder"])

    user = get_user_model().objects.get(username="frida")
    assert {event.user_id for event in AccountEvent.objects.filter(user=user)} == {user.pk}
    assert [type(grant.user_id) for grant in RoleGrant.objects.filter(user=chief)] == [uuid.UUID]
    assert get_user_model().objects.with_roles("keyholder").get() == chief


@pytest.mark.parametrize("name", ["frida", "frida@example.com"])
def test_a_login_finds_the_user_by_one_key(client, name):
    holder = make_user("frida")

    client.post("/accounts/login/", {"identifier": name, "password": PASSWORD})

    assert client.session["_auth_user_id"] == str(holder.pk)


def test_a_session_that_names_no_user_is_nobodys(client):
    log_in(client, make_user("frida"))
    session = client.session
    session["_auth_user_id"] = str(uuid.uuid4())
    session.save()

    response = client.get("/waiting-room/")

    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/waiting-room/"


def test_an_invitation_is_accepted_and_the_event_names_who_invited():
    chief, holder = make_user("chief", is_superuser=True), make_user("frida")
    invitation = invite(by=chief)

    accept_invitation(invitation, user=holder)

    event = AccountEvent.objects.get(kind="invitation_accepted")
    assert event.details["invited_by"] == str(chief.pk)


@pytest.mark.parametrize("how", ["erase", "anonymise"])
def test_the_portrait_goes_with_the_person(set_conf, django_capture_on_commit_callbacks, how):
    set_conf(POLICY=f"tests.projects.walk.walk_leaving.{how.title()}")
    holder = make_user("frida")
    edit_profile(holder, {"portrait": ContentFile(b"a face", name="frida.png")})
    assert account_of(holder)["portrait"] == holder.portrait.name
    assert default_storage.exists(holder.portrait.name)

    with django_capture_on_commit_callbacks(execute=True):
        erase_account(holder)

    assert not default_storage.exists(holder.portrait.name)
    assert [user.portrait.name for user in get_user_model().objects.all()] in ([], [""])


def face(name):
    return SimpleUploadedFile(name, b"a face")


def test_another_portrait_takes_the_place_of_the_file_before(django_capture_on_commit_callbacks):
    holder = make_user("frida")
    edit_profile(holder, {"portrait": face("before.png")})

    with django_capture_on_commit_callbacks(execute=True):
        edit_profile(holder, {"portrait": face("after.png")})
        assert default_storage.exists("before.png")

    assert not default_storage.exists("before.png")
    assert default_storage.exists("after.png")


def test_a_portrait_that_is_taken_off_is_deleted(django_capture_on_commit_callbacks, client):
    holder = make_user("frida")
    edit_profile(holder, {"portrait": face("taken_off.png")})

    with django_capture_on_commit_callbacks(execute=True):
        log_in(client, holder).post("/accounts/edit-profile/", {"portrait-clear": "on"})

    assert get_user_model().objects.get().portrait.name == ""
    assert not default_storage.exists("taken_off.png")


def test_of_two_portraits_at_once_the_one_that_is_shown_stays(django_capture_on_commit_callbacks):
    make_user("frida")
    here, there, elsewhere = (get_user_model().objects.get() for _ in range(3))

    with django_capture_on_commit_callbacks(execute=True):
        edit_profile(here, {"portrait": face("first.png")})
        edit_profile(there, {"portrait": face("second.png")})
        edit_profile(elsewhere, {"first_name": "Frida"})

    assert get_user_model().objects.get().portrait.name == "second.png"
    assert default_storage.exists("second.png")
    assert not default_storage.exists("first.png")


def test_a_storage_that_writes_over_a_file_keeps_it(
    django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(default_storage._wrapped, "get_available_name", lambda name, **_: name)
    holder = make_user("frida")
    edit_profile(holder, {"portrait": face("always.png")})

    with django_capture_on_commit_callbacks(execute=True):
        edit_profile(holder, {"portrait": face("always.png")})

    assert default_storage.exists("always.png")


def test_the_portrait_goes_with_who_never_confirmed(django_capture_on_commit_callbacks):
    holder = make_user("frida", confirmed=False)
    AccountEvent.objects.record("registered", user=holder)
    edit_profile(holder, {"portrait": ContentFile(b"a face", name="frida.png")})

    with django_capture_on_commit_callbacks(execute=True):
        assert prune_unconfirmed(older_than=timedelta(0)) == (1, 0)

    assert not default_storage.exists(holder.portrait.name)


def test_what_stripe_tells_finds_its_user_by_a_uuid(set_conf, client):
    set_conf(MEMBERSHIPS={"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET})
    make_plan()
    holder, other = make_user("frida"), make_user("ada")
    StripeCustomer.objects.create(user=holder, customer_id="cus_maria")

    assert post(client, Subscription(str(other.pk)).paid()) == 400
    assert post(client, Subscription(str(holder.pk)).paid()) == 200

    assert opens(holder)
    assert not opens(other)
    erase_account(holder)
    assert Membership.objects.get().user is None


def test_a_session_is_ended_from_another_browser(frida, somebody_else):
    frida.arrives()
    somebody_else.logs_in("frida")  # she herself, elsewhere
    user = get_user_model().objects.get()
    assert set(LoginSession.objects.values_list("user_id", flat=True)) == {user.pk}
    page = frida.get("/accounts/sessions/").content.decode()
    [end] = [path for path in page.split('"') if path.startswith("/accounts/end-session/")]

    frida.post(end, {})

    assert frida.get("/accounts/profile/").request["PATH_INFO"] == "/accounts/profile/"
    assert somebody_else.get("/accounts/profile/").request["PATH_INFO"] == "/accounts/login/"
    disowning = LoginSession.objects.exclude(ended_at=None).get()
    assert disowning.user_id == user.pk


def test_who_comes_from_a_provider_has_an_account_that_a_uuid_names(set_conf, client):
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}})
    with FakeProvider(issuer=ISSUER, person=HANNAH) as provider:
        arrive(client, provider)
        data = {"username": "hannah", "email": HANNAH["email"]}
        client.post("/accounts/complete-registration/", data)
        client.post("/accounts/logout/")

        arrive(client, provider)

    user = get_user_model().objects.get()
    assert Connection.objects.get().user_id == user.pk
    assert client.session["_auth_user_id"] == str(user.pk)
