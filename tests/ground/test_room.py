"""The door by which rooms join."""

from importlib.util import find_spec, module_from_spec

import pytest
from django.apps import AppConfig, apps
from django.test import override_settings
from django.urls import clear_url_caches, include, path, reverse

from django_useraccounts.room import Room, rooms


@pytest.fixture
def annex(settings, alone):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.ground.annex"]
    return apps.get_app_config("useraccounts_annex")


@pytest.fixture(autouse=True)
def alone(settings):
    """The house without the optional rooms."""
    installed = [name for name in settings.INSTALLED_APPS if "useraccounts." not in name]
    settings.INSTALLED_APPS = installed


def test_the_house_itself_is_the_only_room_where_no_other_is_installed():
    assert [room.label for room in rooms()] == ["useraccounts"]


def test_an_installed_room_is_found_behind_the_house(annex):
    assert [room.label for room in rooms()] == ["useraccounts", "useraccounts_annex"]
    assert list(rooms())[1] is annex


def test_apps_that_are_no_rooms_are_left_alone(annex):
    assert all(isinstance(room, Room) and isinstance(room, AppConfig) for room in rooms())
    assert "guild" not in [room.label for room in rooms()]


def test_a_room_without_pages_and_needs_says_nothing():
    assert Room.routes == ()
    assert Room.needs == ()


def test_the_pages_of_a_room_stand_among_those_of_the_accounts(annex, client):
    # urls.py reads the rooms once, when a project starts: here it is read again
    spec = find_spec("django_useraccounts.urls")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    accounts = include((module.urlpatterns, module.app_name))

    class URLs:
        urlpatterns = [path("accounts/", accounts)]

    with override_settings(ROOT_URLCONF=URLs):
        assert reverse("useraccounts:winter_garden") == "/accounts/winter-garden/"
        assert reverse("useraccounts:login") == "/accounts/login/"
        assert client.get("/accounts/winter-garden/").content == b"Palms."
    clear_url_caches()
