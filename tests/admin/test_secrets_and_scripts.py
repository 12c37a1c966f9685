"""No page of the administration shows a secret, or runs what somebody has typed."""

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape

from django_useraccounts.emails.flows import add_email
from django_useraccounts.mail import announce
from django_useraccounts.models import (
    AccountEvent,
    AttemptCounter,
    OneTimeSecret,
    OutgoingMail,
    Role,
    User,
)
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.profile.flows import change_username
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import make_user
from tests.admin.pages import act, page, save

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def full(office, boss, settings):
    """A site on which much has happened, not least to somebody with names that are scripts."""
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "command"}
    user = make_user("frida", first_name=SCRIPT, last_name='"><img src=x onerror=alert(1)>')
    change_username(user, "kahlo")
    # As an import might leave it: no form takes such a name.
    User.objects.filter(pk=user.pk).update(username=SCRIPT)
    user.refresh_from_db()
    add_email(user, "claim@example.com")
    forgot_password("frida@example.com")
    role = Role.objects.create(name="artist", label=SCRIPT, description=SCRIPT)
    grant_role(user, role, reason=SCRIPT, by=boss)
    AccountEvent.objects.record("told", user=user, actor=user, details={"browser": SCRIPT})
    mail = announce("welcome", to=user.email, user=user)
    OutgoingMail.objects.filter(pk=mail.pk).update(error=f"550 {SCRIPT}")
    save(office, user, first_name=f"{SCRIPT}!")
    act(office, "end_sessions", user)
    return office


def pages(client):
    """Yield the path and the HTML of every page of the administration that shows rows of ours."""
    paths = [reverse("admin:index"), reverse("admin:app_list", args=["useraccounts"])]
    for model in (m for m in admin.site._registry if m._meta.app_label == "useraccounts"):
        name = model._meta.model_name
        paths += [page("changelist", model=name), page("add", model=name)]
        for row in model.objects.all():
            for view in ("change", "history", "delete"):
                paths.append(page(view, row.pk, model=name))
    for path in paths:
        response = client.get(path, follow=True)
        if response.status_code != 403:
            assert response.status_code == 200, path
            yield path, response.content.decode()
    searched = {"q": SCRIPT}
    yield "search", client.get(page("changelist"), searched).content.decode()
    yield "action", act(client, "send_password_links", *User.objects.all()).content.decode()


@pytest.mark.asvs("15.3.1")
def test_O3_no_page_shows_a_hash_a_link_or_a_key(full):
    secrets = {
        "password": User.objects.values_list("password", flat=True),
        "hash": [password.rpartition("$")[2] for password in User.objects.values_list("password", flat=True)],
        "algorithm": ["argon2"],
        "session": [user.get_session_auth_hash() for user in User.objects.all()],
        "link": [str(link_of(secret)) for secret in OneTimeSecret.objects.all()],
        "proof": [link_of(secret).proof for secret in OneTimeSecret.objects.all()],
        "id of a link": [str(secret.pk) for secret in OneTimeSecret.objects.all()],
        "public id": [link_of(secret).public_id for secret in OneTimeSecret.objects.all()],
        "browser": [key for key in OneTimeSecret.objects.values_list("browser_key", flat=True) if key],
        "counter": AttemptCounter.objects.values_list("key", flat=True),
        "username key": User.objects.values_list("username_key", flat=True),
        "columns": ["session_epoch", "username_key", "verified_key", "email_key", "registration_key"],
    }  # fmt: skip
    assert all(list(texts) for kind, texts in secrets.items() if kind != "browser")
    visited = 0

    for path, html in pages(full):
        visited += 1
        for kind, texts in secrets.items():
            for text in texts:
                assert str(text) not in html, (path, kind)

    assert visited > 25


@pytest.mark.asvs("1.2.1", "3.2.2")
def test_O5_no_page_runs_what_somebody_has_typed(full):
    shown = 0

    for path, html in pages(full):
        assert "<script>alert" not in html, path
        assert "<img src=x" not in html, path
        shown += escape(SCRIPT) in html

    assert shown > 8


def test_no_other_table_of_ours_is_registered():
    ours = {m.__name__ for m in admin.site._registry if m._meta.app_label == "useraccounts"}

    assert ours == {
        "User",
        "Role",
        "RoleGrant",
        "AccountEvent",
        "OutgoingMail",
        "UndeliverableAddress",
    }
    for name in ("onetimesecret", "attemptcounter", "oldusername", "useremail", "emailuser"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:useraccounts_{name}_changelist")
