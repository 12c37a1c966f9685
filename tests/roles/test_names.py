"""Which roles there are: declared in the settings, stored by a command, and renamed with care."""

import io

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from django_useraccounts import requirements
from django_useraccounts.errors import InvalidRole, MayNotGrant, UnknownRole
from django_useraccounts.models import AccountEvent, Role, User
from django_useraccounts.roles.flows import rename_role, sync_roles
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db

ARTIST = {"label": "Artist", "description": "Paints.", "permissions": ["useraccounts.view_user"]}


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command("useraccounts_sync_roles", *arguments, stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def test_declared_roles_are_made(set_conf):
    set_conf(ROLES={"artist": ARTIST, "member": "Member"})
    Role.objects.create(name="old-hand")

    assert run() == "made: artist, member\nnot declared, left alone: old-hand\n"

    artist = Role.objects.get(name="artist")
    assert (artist.label, artist.description) == ("Artist", "Paints.")
    assert [p.codename for p in artist.permissions.all()] == ["view_user"]
    assert Role.objects.get(name="member").label == "Member"
    assert Role.objects.filter(name="old-hand").exists()


def test_to_declare_them_again_changes_nothing(set_conf):
    set_conf(ROLES={"artist": ARTIST, "member": "Member"})
    run()

    assert run() == "Nothing to do.\n"


def test_what_is_declared_otherwise_is_changed_and_the_rest_is_left(set_conf):
    set_conf(ROLES={"artist": ARTIST, "member": ARTIST, "guest": "Guest"})
    run()

    set_conf(ROLES={"artist": {**ARTIST, "permissions": []}, "member": "Member", "guest": "Guest"})

    assert run() == "changed: artist, member\n"
    artist, member = Role.objects.get(name="artist"), Role.objects.get(name="member")
    assert not artist.permissions.exists()
    # Nothing was said of these any more.
    assert member.description == "Paints."
    assert member.permissions.exists()


def test_a_look_before_the_leap(set_conf):
    set_conf(ROLES={"artist": "Artist"})

    with pytest.raises(CommandError, match="not those of the settings"):
        run("--check")
    assert not Role.objects.exists()

    run()
    assert run("--check") == "Nothing to do.\n"


@pytest.mark.parametrize(
    "roles, sentence",
    [
        ({"Artist": ""}, "Artist: A role name has lower-case letters"),
        ({"vipl": ""}, "vipl: “vipl” looks like the role “vip1”, which there is."),
        ({"artist": {"permissions": ["guild.fly"]}}, "There is no permission “guild.fly”."),
        ({"artist": 7}, "is 7"),
    ],
)
def test_all_of_them_are_made_or_none(roles, sentence, set_conf):
    Role.objects.create(name="vip1")
    set_conf(ROLES={"member": "Member", **roles})

    with pytest.raises(CommandError) as caught:
        run()

    assert sentence in str(caught.value)
    assert [role.name for role in Role.objects.all()] == ["vip1"]


def test_a_role_that_was_deleted_meanwhile_is_not_renamed():
    artist = Role.objects.create(name="artist")
    Role.objects.get().delete()

    with pytest.raises(UnknownRole, match="“artist”"):
        rename_role(artist, "painter")

    assert artist.name == "artist"
    assert not AccountEvent.objects.filter(kind="role_renamed").exists()


def test_a_look_at_another_name_renames_nothing(set_conf):
    Role.objects.create(name="artist")
    set_conf(ROLES={"painter": ""})
    out = io.StringIO()

    with pytest.raises(CommandError):
        call_command(
            "useraccounts_sync_roles", "--check", "--rename", "artist", "painter", stdout=out
        )

    assert out.getvalue() == "would be renamed: artist to painter\n"
    assert Role.objects.get().name == "artist"


# No look-alikes


@pytest.mark.parametrize(
    "one, other",
    [
        ("vip1", "vipl"),
        ("po0l", "pool"),
        ("post.edit", "post:edit"),
        ("post_edit", "post-edit"),
        ("modern", "modem"),
        ("savvy", "sawy"),
    ],
)
def test_of_two_names_that_look_alike_there_is_one(one, other):
    Role.objects.create(name=one)

    with pytest.raises(ValidationError, match="looks like the role"):
        Role(name=other).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(name=other)


def test_a_role_does_not_look_like_itself():
    Role.objects.create(name="vip1").full_clean()


# Another name


@pytest.fixture
def artist():
    return Role.objects.create(name="artist")


def test_who_has_a_role_has_it_by_its_new_name(artist):
    frida = make_user("frida", roles=["artist"])

    rename_role(artist, "painter")

    assert User.objects.get(pk=frida.pk).role_names == {"painter"}
    assert Role.objects.get().look == "painter"


@pytest.mark.parametrize("name", ["", "Painter", "member", "me-mber", "a b", "x" * 65])
def test_a_role_gets_no_name_that_cannot_be(artist, name):
    Role.objects.create(name="member")
    Role.objects.create(name="me_mber")

    with pytest.raises(InvalidRole):
        rename_role(artist, name)

    assert Role.objects.get(pk=artist.pk).name == "artist"


def test_nobody_opens_by_a_name_what_they_could_not_give(artist):
    clerk = make_user("clerk", roles=["artist"])
    clerk.user_permissions.add(Permission.objects.get(codename="add_rolegrant"))

    with pytest.raises(MayNotGrant):
        rename_role(artist, "boss", by=User.objects.get(pk=clerk.pk))

    assert Role.objects.get(pk=artist.pk).name == "artist"
    assert rename_role(artist, "boss", by=make_user("root", is_superuser=True)).name == "boss"


def test_the_command_renames_and_warns_of_guards_that_ask_for_the_old_name(
    artist, set_conf, monkeypatch
):
    monkeypatch.setitem(requirements.guarded_names, "artist", {"guild.views.Studio"})
    set_conf(ROLES={"painter": "Painter"})

    said = run("--rename", "artist", "painter")

    assert Role.objects.get().pk == artist.pk
    assert "renamed: artist to painter\n" in said
    assert "Guards still ask for artist, and let nobody in: guild.views.Studio" in said


def test_a_name_that_is_declared_is_not_lost_between_two_processes(set_conf, monkeypatch, artist):
    set_conf(ROLES={"artist": "Artist"})
    real = Role.objects.all
    # The other process has made it after we looked.
    monkeypatch.setattr(Role.objects, "all", lambda: real().none())

    assert sync_roles().made == ["artist"]
    assert Role.objects.get().label == "Artist"
