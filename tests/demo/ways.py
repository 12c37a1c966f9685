"""The ways to run the demo, and which of them a run of the tests has."""

import os
from zlib import crc32

from django.urls import reverse
from pytest_django import Settings

from testproject import settings as demo
from testproject.guild.places import ANYONE
from tests.choosing import today

OTHERS = [name for name in demo.IDENTITIES if name != "both"]


def others_for(key: str) -> list[str]:
    """Return the other ways to try something in: all, or one by the day where tests are dealt."""
    if os.environ.get("USERACCOUNTS_TESTS") != "today":
        return OTHERS
    return [OTHERS[(crc32(key.encode()) + today()) % len(OTHERS)]]


def run_as(site: Settings, identity: str) -> None:
    """Let the demo call its people in one of the ways of GUILD_IDENTITY."""
    site.IDENTITY = identity
    site.USERACCOUNTS = {**site.USERACCOUNTS, **demo.IDENTITIES[identity]}


def visit(client, place):
    """Go to a place by its link or its button, and on to where that leads."""
    if not place.needs_switch:
        return client.get(place.url, follow=True)
    form = {"person": place.person, "next": place.url}
    return client.post(reverse("borrow"), form, follow=True)


def path_of(response):
    return response.request["PATH_INFO"]


def who_sees(page, place):
    """Return who has gone to a place, if it matters there."""
    # Nobody has the name "", as STRANGER.
    return page.wsgi_request.user.get_username() if place.needs_switch else ANYONE
