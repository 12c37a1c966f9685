"""The tables: what always holds, on every database."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from django_useraccounts.errors import InvalidEmail, InvalidUsername
from django_useraccounts.models import (
    AccountEvent,
    AttemptCounter,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    User,
    UserEmail,
)
from django_useraccounts.testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def refused_by_the_database():
    """Expect an IntegrityError, in a savepoint so that the test can go on."""
    return _Both(pytest.raises(IntegrityError), transaction.atomic())


class _Both:
    def __init__(self, outer, inner):
        self.outer, self.inner = outer, inner

    def __enter__(self):
        self.outer.__enter__()
        return self.inner.__enter__()

    def __exit__(self, *error):
        self.inner.__exit__(*error)
        return self.outer.__exit__(*error)


# Users


def test_code_makes_a_user_whose_address_needs_no_proof():
    user = User.objects.create_user("Frida", "Frida@Example.com", PASSWORD, first_name="Frida")

    assert user.username == "Frida"
    assert user.username_key == "frida-"
    assert user.email == "Frida@example.com"
    assert user.check_password(PASSWORD)
    assert user.has_confirmed_email
    address = user.emails.get()
    assert address.is_primary is True
    assert address.is_confirmed
    assert address.confirmed_at
    assert not user.is_staff
    assert not user.is_superuser
    user.full_clean()


def test_a_superuser_may_do_everything_and_has_no_role():
    chief = User.objects.create_superuser("chief", "chief@example.com", PASSWORD)

    assert chief.is_staff
    assert chief.is_superuser
    assert chief.has_confirmed_email
    assert chief.role_names == frozenset()


def test_createsuperuser_leaves_a_superuser_who_can_log_in(client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    options = {"username": "chief", "email": "chief@example.com"}

    call_command("createsuperuser", interactive=False, verbosity=0, **options)

    login = {"identifier": "chief@example.com", "password": PASSWORD}
    assert client.post("/accounts/login/", login).status_code == 302
    assert User.objects.get().is_superuser


def test_a_user_may_have_neither_name_nor_address_nor_password():
    one, other = User.objects.create_user(), User.objects.create_user()

    assert one.username is other.username is None
    assert one.username_key is None
    assert not one.has_usable_password()
    assert str(one) == f"#{one.pk}"


@pytest.mark.parametrize("username", ["FRIDA", " frida ", "ｆrida"])
def test_spellings_of_one_username_are_one_username(username):
    make_user("Frida")

    with refused_by_the_database():
        User.objects.create_user(username)


def test_a_user_whose_address_is_taken_is_not_made_at_all():
    make_user("frida", "frida@example.com")

    with refused_by_the_database():
        User.objects.create_user("diego", "FRIDA@example.com")

    assert not User.objects.filter(username="diego").exists()


def test_a_user_whose_address_is_none_is_not_made_at_all():
    with pytest.raises(InvalidEmail), transaction.atomic():
        User.objects.create_user("diego", "no address")

    assert not User.objects.exists()


def test_a_username_that_no_key_can_be_made_of_is_refused():
    with pytest.raises(InvalidUsername):
        User.objects.create_user("x" * 300)


def test_the_key_follows_the_username():
    user = make_user("frida")

    user.username = "Diego"
    user.save()
    assert User.objects.get(username_key="diego-") == user
    user.username = "Maria"
    user.save(update_fields=["username"])
    assert User.objects.get(username_key="maria-") == user
    user.username = None
    user.save(update_fields=["username"])
    assert User.objects.get(username_key=None) == user


def test_the_key_is_written_for_many_users_at_once():
    User.objects.bulk_create([User(username="Frida"), User(username="Diego")])

    assert set(User.objects.values_list("username_key", flat=True)) == {"frida-", "diego-"}


@pytest.mark.parametrize("username", ["frida", "FRIDA", " Frida "])
def test_django_finds_a_user_by_the_name_in_any_case(username):
    user = make_user("Frida")

    assert User.objects.get_by_natural_key(username) == user
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key("nobody")
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(None)


@pytest.mark.parametrize("username", ["ab", "admin", "a b c", "аdmin", "x" * 65])
def test_forms_of_others_refuse_usernames_that_nobody_may_have(username):
    with pytest.raises(ValidationError) as caught:
        User(username=username, password="x").full_clean(exclude=["email"])

    assert list(caught.value.message_dict) == ["username"]


def test_forms_of_others_say_that_a_username_is_taken():
    make_user("frida")

    with pytest.raises(ValidationError) as caught:
        User(username="frida", password="x").full_clean()

    assert caught.value.message_dict["username"] == [
        "This username is taken. Please choose another one."
    ]


@pytest.mark.parametrize("typed, kept", [("  Frida ", "Frida"), ("   ", None), ("", None)])
def test_spaces_around_a_username_are_not_kept(typed, kept):
    user = User(username=typed)

    user.clean()

    assert user.username == kept


def test_a_user_is_called_by_what_is_known():
    user = make_user("frida", "f@example.com", first_name="Frida", last_name="Kahlo")
    assert (str(user), user.get_full_name(), user.get_short_name()) == (
        "frida",
        "Frida Kahlo",
        "Frida",
    )

    user.first_name = user.last_name = ""
    assert (user.get_full_name(), user.get_short_name()) == ("frida", "frida")
    user.username = None
    assert str(user) == "f@example.com"


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_a_user_model_without_one_of_the_names_shows_the_other_one(name):
    user = User(first_name="Kahlo", last_name="Kahlo")
    setattr(user, name, None)

    assert user.get_full_name() == "Kahlo"
    assert admin.site.get_model_admin(User).full_name(user) == "Kahlo"


def test_inactive_users_have_no_roles():
    user = make_user(roles=["artist"])
    user.is_active = False

    assert user.role_names == frozenset()
    assert not user.has_roles("artist")


def test_raising_the_epoch_or_setting_a_password_ends_sessions():
    user = make_user()
    before = user.get_session_auth_hash()

    user.session_epoch += 1
    after = user.get_session_auth_hash()
    user.set_password("another")

    assert len({before, after, user.get_session_auth_hash()}) == 3
    assert PASSWORD not in before


def test_sessions_outlive_a_new_key_until_the_old_one_is_retired(settings, client):
    client.force_login(make_user())
    old = settings.SECRET_KEY

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [old]
    assert client.get("/accounts/profile/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/accounts/profile/").status_code == 200  # renewed under the new key

    settings.SECRET_KEY = "another new key"
    assert client.get("/accounts/profile/").status_code == 302


def test_the_user_declares_no_relation_to_our_tables():
    # law 4: else a project's own user model makes migrate fail
    ours = {m for m in User._meta.get_fields() if m.is_relation and not m.auto_created}

    assert {field.name for field in ours} == {"groups", "user_permissions"}


def test_another_user_model_can_take_the_place():
    assert User._meta.swappable == "AUTH_USER_MODEL"
    assert get_user_model() is User


# Addresses


def test_any_number_of_people_may_claim_an_address_and_one_may_own_it():
    one, other, third = make_user("one"), make_user("other"), make_user("third")
    for user in (one, other, third):
        UserEmail.objects.add_claim(user, "Shared@example.com")

    UserEmail.objects.filter(user=one, email_key="shared@example.com").update(
        verified_key="shared@example.com"
    )

    assert UserEmail.objects.addressed("SHARED@example.com").count() == 3
    assert UserEmail.objects.addressed("shared@EXAMPLE.com").confirmed().get().user == one
    assert UserEmail.objects.addressed("shared@example.com").claims().count() == 2
    with refused_by_the_database():
        UserEmail.objects.filter(user=other).claims().update(verified_key="shared@example.com")


def test_what_is_no_address_belongs_to_nobody():
    make_user()

    assert not UserEmail.objects.addressed("no address").exists()
    assert not UserEmail.objects.addressed("").exists()


def test_an_address_is_noted_once_for_a_user():
    user = make_user("frida", "frida@example.com")

    with refused_by_the_database():
        UserEmail.objects.add_claim(user, "FRIDA@example.com")


def test_a_user_has_one_primary_address():
    user = make_user()
    second = UserEmail.objects.add_claim(user, "second@example.com")

    with refused_by_the_database():
        UserEmail.objects.filter(pk=second.pk).update(
            verified_key=second.email_key, is_primary=True
        )


def test_only_a_proved_address_can_be_primary():
    user = make_user(confirmed=False)

    with refused_by_the_database():
        UserEmail.objects.filter(user=user).update(is_primary=True)


def test_primary_is_yes_or_nothing():
    # False would take the only place that a unique pair has for it
    user = make_user(confirmed=False)

    with refused_by_the_database():
        UserEmail.objects.filter(user=user).update(is_primary=False)


def test_the_proved_key_is_the_key():
    user = make_user(confirmed=False)

    with refused_by_the_database():
        UserEmail.objects.filter(user=user).update(verified_key="another@example.com")


def test_an_address_reads_as_people_write_it():
    address = UserEmail.objects.add_claim(make_user(), "x@faß.de")

    assert address.email == "x@xn--fa-hia.de"
    assert str(address) == address.shown == "x@faß.de"
    assert not address.is_confirmed


# Roles


@pytest.mark.parametrize("name", ["Artist", "an artist", "", "-a", "ä", "a" * 65, "a\n"])
def test_a_role_that_no_guard_could_ask_for_is_not_made(name):
    with pytest.raises(ValidationError):
        Role.objects.create(name=name)
    with pytest.raises(ValidationError):
        Role(name=name).full_clean()


def test_a_role_is_called_by_its_label():
    assert str(Role(name="artist", label="Künstlerin")) == "Künstlerin"
    assert str(Role(name="artist")) == "artist"


def test_role_names_are_unique_and_sorted():
    Role.objects.create(name="b")
    Role.objects.create(name="a")

    assert [role.name for role in Role.objects.all()] == ["a", "b"]
    with refused_by_the_database():
        Role.objects.create(name="a")


def test_a_grant_does_not_end_before_it_starts():
    user, role, now = make_user(), Role.objects.create(name="artist"), timezone.now()

    RoleGrant.objects.create(user=user, role=role, starts_at=now, ends_at=now)
    with refused_by_the_database():
        RoleGrant.objects.create(
            user=user, role=role, starts_at=now, ends_at=now - timedelta(microseconds=1)
        )


def test_a_role_that_somebody_had_cannot_be_deleted():
    user = make_user(roles=["artist"])
    role = Role.objects.get()

    with pytest.raises(models.ProtectedError):
        role.delete()

    assert list(role.users.all()) == [user]
    assert list(user.roles.all()) == [role]
    assert str(user.role_grants.get()) == f"{user.pk}: artist"


# What stays and what goes with a user


def test_the_history_stays_when_a_user_goes():
    chief = make_user("chief")
    user = make_user("frida", roles=["artist"])
    AccountEvent.objects.record("tried", user=user, actor=chief, details={"a": 1})
    key = user.pk

    chief.delete()
    user.delete()

    event = AccountEvent.objects.get(kind="tried")
    assert event.user_id == key
    assert event.details == {"a": 1}
    assert str(event) == f"tried #{key}"
    assert not RoleGrant.objects.exists()
    assert not UserEmail.objects.exists()


def test_who_granted_a_role_may_go():
    chief, user = make_user("chief"), make_user("frida")
    role = Role.objects.create(name="artist")
    RoleGrant.objects.create(user=user, role=role, granted_by=chief)

    chief.delete()

    assert user.role_grants.get().granted_by is None


@pytest.mark.asvs("16.2.1")
def test_an_event_knows_where_it_came_from(rf):
    user = make_user()

    here = AccountEvent.objects.record("x", user=user, request=rf.get("/", REMOTE_ADDR="::1"))
    zone = AccountEvent.objects.record(
        "x", user=user, request=rf.get("/", REMOTE_ADDR="fe80::1%eth0")
    )
    nowhere = AccountEvent.objects.record("x", user=user)

    assert here.client_address == "::1"
    assert zone.client_address in {None, "fe80::1"}
    assert nowhere.client_address is None
    assert nowhere.details == {}


def test_rows_can_be_told_apart_in_lists():
    secret = OneTimeSecret(purpose="reset_password")

    assert str(OutgoingMail(kind="welcome", to="a@example.com")) == "welcome → a@example.com"
    assert str(AttemptCounter(key="0123456789abcdef", attempts=3)) == "01234567…: 3"
    assert str(secret) == f"reset_password {secret.pk}"


@pytest.mark.parametrize("model", [AttemptCounter, RoleGrant, UserEmail])
def test_no_index_is_there_where_another_begins_as_it_does(model):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    # PostgreSQL has a second one for searches by the beginning, in the administration.
    needed_twice = ["email_key"]
    indexes = [
        facts["columns"]
        for facts in found.values()
        if (facts["index"] or facts["unique"]) and facts["columns"] != needed_twice
    ]

    assert indexes
    assert not [one for one, other in permutations(indexes, 2) if other[: len(one)] == one]
