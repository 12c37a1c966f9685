"""What an administrator does, whatever the user model is; run by test_other_user_models."""

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from django_useraccounts.admin import GroupAdmin, UserAdmin
from django_useraccounts.identity import has_usernames
from django_useraccounts.models import AccountEvent, Role, RoleGrant, UserEmail
from django_useraccounts.testing import log_in, mails_to
from tests.admin.pages import Form, errors_of, with_changes

pytestmark = pytest.mark.django_db

User = get_user_model()
NAMES = {"username": "frida"} if has_usernames() else {}


def page(name, *args):
    options = User._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{name}", args=args)


@pytest.fixture
def office(client):
    boss = User.objects.create_superuser("boss" if has_usernames() else None, "boss@example.com")
    return log_in(client, boss)


def send(client, path, **changes):
    data = Form(client.get(path).content.decode()).data
    return client.post(path, with_changes(data, changes))


def added(client):
    given = {**NAMES, "email": "frida@example.com", "confirmed": "on", **settings.EXTRA}
    assert send(client, page("add"), **given).status_code == 302
    return User.objects.get(email="frida@example.com")


def test_the_checks_find_nothing():
    call_command("check", fail_level="WARNING")


def test_the_one_user_model_is_registered():
    reverse("admin:index")  # loads the URLs, where a project registers what it has

    users = [model for model in admin.site._registry if issubclass(model, User)]

    assert users == [User]
    assert isinstance(admin.site._registry[User], UserAdmin)


def test_the_groups_are_administered_by_ours_whichever_app_is_first():
    assert type(admin.site.get_model_admin(Group)) is GroupAdmin


def test_somebody_is_added_and_told_by_mail(office, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        user = added(office)

    assert not user.has_usable_password()
    assert len(mails_to("frida@example.com")) == 1
    for name, value in settings.EXTRA.items():
        assert getattr(user, name) == value


def test_everything_about_a_user_is_changed_in_one_save(office):
    user, role = added(office), Role.objects.create(name="artist")
    extra = {name: value.upper() for name, value in settings.EXTRA.items()}
    AccountEvent.objects.all().delete()

    response = send(
        office,
        page("change", user.pk),
        first_name="Frida",
        is_staff="on",
        is_active=None,
        emails__TOTAL_FORMS="2",
        emails__0__is_primary=None,
        emails__1__email="new@example.com",
        emails__1__confirmed="on",
        emails__1__is_primary="on",
        role_grants__TOTAL_FORMS="1",
        role_grants__0__role=str(role.pk),
        **extra,
        **({"username": "kahlo"} if NAMES else {}),
    )

    assert response.status_code == 302
    user = User.objects.get(pk=user.pk)
    assert (user.first_name, user.is_staff, user.is_active) == ("Frida", True, False)
    assert user.email == "new@example.com"
    assert RoleGrant.objects.get().user == user
    for name, value in extra.items():
        assert getattr(user, name) == value
    kinds = set(AccountEvent.objects.values_list("kind", flat=True))
    assert kinds == {
        *(["username_changed"] if NAMES else []),
        "profile_edited",
        "rights_changed",
        "switched_off",
        "email_added",
        "primary_email_changed",
        "role_granted",
    }


def test_a_taken_address_is_said_in_the_form(office):
    given = {**NAMES, "email": "BOSS@example.com", "confirmed": "on"}

    response = send(office, page("add"), **given)

    assert errors_of(response) == ["This e-mail address belongs to another account."]


def test_users_are_listed_found_and_helped(office):
    user = added(office)
    UserEmail.objects.add_claim(user, "waiting@example.com")

    for text in ("frida@", "waiting@exam", *NAMES.values()):
        listed = office.get(page("changelist"), {"q": text}).context["cl"].queryset
        assert list(listed) == [user]
    assert ("username" in office.get(page("changelist")).context["cl"].list_display) is bool(NAMES)
    for action in ("send_password_links", "end_sessions", "switch_off", "switch_on"):
        data = {"action": action, "_selected_action": [user.pk]}
        messages = office.post(page("changelist"), data, follow=True).context["messages"]
        assert [str(message) for message in messages] == ["Done for 1 account."]
    for model in ("rolegrant", "accountevent", "outgoingmail"):
        path = reverse(f"admin:useraccounts_{model}_changelist")
        assert office.get(path, {"q": "frida@"}).status_code == 200


def test_roles_are_given_extended_told_of_and_exported(office):
    user, role = added(office), Role.objects.create(name="artist")
    role_page = reverse("admin:useraccounts_role_change", args=[role.pk])
    ends = {"grants__0__ends_at_0": "2040-01-01", "grants__0__ends_at_1": "10:00"}

    for name in ("FRIDA@example.com", *NAMES.values()):
        given = {"grants__TOTAL_FORMS": "1", "grants__0__user": name, **ends}
        assert send(office, role_page, **given).status_code == 302
        grant = RoleGrant.objects.in_force().get()
        assert grant.user == user
        grant_page = reverse("admin:useraccounts_rolegrant_change", args=[grant.pk])
        assert send(office, grant_page, for_good="on").status_code == 302
        data = {
            "action": "revoke_role",
            "_selected_action": [user.pk],
            "apply": "yes",
            "role": role.pk,
        }
        messages = office.post(page("changelist"), data, follow=True).context["messages"]
        assert [str(message) for message in messages][-1] == "Done for 1 account."

    html = office.get(page("change", user.pk)).content.decode()
    for word in ("granted", "extended", "revoked"):
        assert f"The role “artist” was {word}" in html
    every = reverse("admin:useraccounts_rolegrant_changelist")
    data = {"action": "export", "_selected_action": RoleGrant.objects.values_list("pk", flat=True)}
    text = b"".join(office.post(every, data).streaming_content).decode()
    assert text.count("frida@example.com") == RoleGrant.objects.count()
    for asked in ({"role": "artist"}, {"ends": "soon"}):
        assert office.get(page("changelist"), asked).status_code == 200
    assert office.get(every, {"user": user.pk}).context["cl"].result_count
