"""She leaves, comes back, takes her data along and is forgotten, whatever people are called there."""

import io
import json
import re
import zipfile

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.models import AccountEvent, OldUsername, RoleGrant, UserEmail
from django_useraccounts.policy import Policy
from django_useraccounts.testing import make_user

from .visitor import FRIDA

pytestmark = pytest.mark.django_db

HAS = settings.HAS


class Erase(Policy):
    """What everybody does who says nothing."""


class Anonymise(Policy):
    def leaving(self, user):
        return "anonymise"


def the_user():
    return get_user_model().objects.get()


def leaves(visitor):
    visitor.fill("close_account", reason="")
    assert not visitor.is_logged_in


def is_forgotten(visitor):
    get_user_model().objects.update(erase_at=timezone.now())
    with visitor._committing(execute=True):
        call_command("useraccounts_prune")


def test_she_leaves_and_comes_back_by_each_of_her_names(frida):
    frida.arrives()
    for name in sorted(HAS.logs_in_by):
        leaves(frida)
        assert the_user().is_closed

        frida.logs_in(FRIDA[name])

        assert frida.is_logged_in
        assert not the_user().is_closed
        assert "Welcome back." in frida.seen[-1]


def test_she_fetches_what_the_account_holds(frida):
    frida.arrives()
    frida.fill("export_account")
    if HAS.email:
        page = frida.opens_link()
    else:
        text = frida.get(reverse("useraccounts:export_account")).content.decode()
        page = frida.get(re.search(r'href="(\S+fetch-export/\S+)"', text)[1]).request["PATH_INFO"]

    content = frida.browser.post(page).content

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        account = json.loads(packed.read("account.json"))
    assert str(account["id"]) == str(the_user().pk)
    assert {account.get(name) for name in HAS.names} <= set(FRIDA.values())


def test_she_is_forgotten_and_her_names_are_in_no_row(frida):
    frida.arrives()
    key = the_user().pk
    leaves(frida)

    is_forgotten(frida)

    assert not get_user_model().objects.exists()
    assert not UserEmail.objects.exists()
    assert "frida" not in repr(list(AccountEvent.objects.values())).lower()
    assert {event.user_id for event in AccountEvent.objects.all()} == {key}
    assert OldUsername.objects.count() == (HAS.username != "off")
    told = [mail for mail in frida.mailbox if "is erased" in mail.subject]
    assert len(told) == HAS.email


def test_or_a_row_without_a_person_is_left(frida, somebody_else, set_conf):
    set_conf(POLICY=f"{__name__}.Anonymise")
    make_user("second", roles=["keyholder"])
    frida.arrives()
    get_user_model().objects.update(first_name="Frida")
    leaves(frida)

    is_forgotten(frida)

    left = list(get_user_model().objects.all())
    assert len(left) == 2
    for user in left:
        assert (user.email, user.first_name, user.is_active) == ("", "", False)
        assert (getattr(user, "username", None) or "deleted-").startswith("deleted-")
        # Columns of the project, as far as people edit them.
        for name in user.PROFILE_FIELDS:
            assert not getattr(user, name)
    assert not UserEmail.objects.exists()
    assert RoleGrant.objects.get().ends_at <= timezone.now()
