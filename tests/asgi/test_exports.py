"""A file that is read while it is sent, by an ASGI server as by any other."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse

from django_useraccounts.admin import exports
from django_useraccounts.models import RoleGrant
from django_useraccounts.testing import log_in, make_user
from tests.asgi.hops import counted

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_an_event_loop_waits_for_a_batch_of_grants_at_a_time(monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 3)
    boss = make_user("boss", is_staff=True, is_superuser=True)
    for name in ("ada", "frida", "maria", "zoe"):
        make_user(name, roles=["artist"])
    browser = AsyncClient()
    browser.cookies = log_in(Client(), boss).cookies
    form = {"action": "export", "_selected_action": [grant.pk for grant in RoleGrant.objects.all()]}

    async def take_away():
        answer = await browser.post(reverse("admin:useraccounts_rolegrant_changelist"), form)
        with counted() as hops:
            return [line async for line in answer.streaming_content], hops

    lines, hops = async_to_sync(take_away)()

    assert [line.decode().split(",")[1] for line in lines] == [
        '"username"', '"ada"', '"frida"', '"maria"', '"zoe"',
    ]  # fmt: skip
    # three lines, two, none any more
    assert len(hops) == 3
