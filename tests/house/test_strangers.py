"""benchmarks/strangers.py takes the time of every page for strangers, or tells why not."""

import pytest
from django.test import Client
from django.urls import resolve

from benchmarks.strangers import ACTS, PROVIDER, UNASKED, _use_up
from tests.attacks.strangers import is_refused, masked
from tests.house.test_names import patterns

pytestmark = pytest.mark.django_db

ASKED = {act.page.removeprefix("useraccounts:") for act in ACTS.values()}
#: Where an act leads that sends on.
LEADS_TO = {
    "register": "mail_sent",
    "forgot_password": "mail_sent",
    "resend_confirmation": "mail_sent",
    "complete_registration": "mail_sent",
    "mail_connect_link": "connect_account",
}


@pytest.mark.one_database
def test_every_page_for_strangers_is_asked_or_has_a_reason():
    unasked = " ".join(UNASKED.values()).split()
    public = [
        entry.name
        for _route, entry in patterns()
        if not getattr(entry.callback, "login_required", True)
    ]

    assert sorted([*unasked, *(ASKED - {"admin:login"})]) == sorted(public)


@pytest.mark.parametrize("name", ACTS)
def test_each_act_comes_as_far_as_it_is_meant_to(name, set_conf):
    """Else the times would be equal, since nothing is looked up."""
    set_conf(SOCIAL={"PROVIDERS": {"guild": PROVIDER}})
    act, client = ACTS[name], Client()
    if act.used_up:
        _use_up(act.used_up, ["frida@example.com"])
    act.prepare(client, "frida", "frida@example.com")

    response = act.perform(client, "frida", "frida@example.com")

    assert is_refused(masked(response)) is bool(act.used_up)
    if not act.used_up:
        said = "enter the correct" if act.page == "admin:login" else "do not match"
        leads_to = response.status_code == 302 and resolve(response["Location"]).url_name
        assert leads_to == LEADS_TO[name] if name in LEADS_TO else said in response.content.decode()
