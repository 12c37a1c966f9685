"""What manage.py check says about the settings of the room."""

import sys

import pytest
from django.core import checks
from django.core.checks import Error

from django_useraccounts.checks import check_useraccounts
from django_useraccounts.memberships.checks import check_memberships, check_memberships_deployed
from tests.memberships.bills import KEY, SECRET


@pytest.fixture
def check(set_conf):
    def found(key=KEY, secret=SECRET):
        set_conf(MEMBERSHIPS={"STRIPE_SECRET_KEY": key, "STRIPE_WEBHOOK_SECRET": secret})
        return check_memberships(None)

    return found


def test_both_keys_are_in_order_and_so_is_none(check, set_conf):
    assert check() == check("", "") == check("rk_test_1") == []
    set_conf(MEMBERSHIPS={})
    assert check_memberships(None) == []


def test_E001_the_library_is_missing(check, monkeypatch):
    monkeypatch.setitem(sys.modules, "stripe", None)

    assert check() == [
        Error(
            "Memberships are to be sold by Stripe, and its library is not installed.",
            hint='Install it: pip install "django_useraccounts[stripe]".',
            id="useraccounts_memberships.E001",
        )
    ]


@pytest.mark.parametrize(
    "key, secret, has, lacks",
    [
        (KEY, "", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),
        ("", SECRET, "STRIPE_WEBHOOK_SECRET", "STRIPE_SECRET_KEY"),
    ],
)
def test_E002_one_key_without_the_other(check, key, secret, has, lacks):
    assert check(key, secret) == [
        Error(
            f'USERACCOUNTS["MEMBERSHIPS"] has {has} without {lacks}: what people pay would never '
            "open anything.",
            hint=f'Add "{lacks}", or leave both out to do without Stripe.',
            id="useraccounts_memberships.E002",
        )
    ]


@pytest.mark.parametrize("key", ["pk_test_1", "whsec_1", "secret"])
def test_E003_a_key_that_is_none_is_not_told(check, key):
    assert check(key) == [
        Error(
            'USERACCOUNTS["MEMBERSHIPS"]["STRIPE_SECRET_KEY"] is no secret key.',
            hint='It begins with "sk_", or "rk_" if it is a restricted one.',
            id="useraccounts_memberships.E003",
        )
    ]


def test_E003_a_signing_secret_that_is_none(check):
    assert check(secret="sk_test_1") == [
        Error(
            'USERACCOUNTS["MEMBERSHIPS"]["STRIPE_WEBHOOK_SECRET"] is no signing secret.',
            hint='It begins with "whsec_", and is shown beside the endpoint at Stripe.',
            id="useraccounts_memberships.E003",
        )
    ]


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_W001_real_money_while_developing(check, settings, key):
    settings.DEBUG = True

    assert check(key) == [
        checks.Warning(
            "DEBUG is on, and the key of Stripe is one for real money.",
            hint='Use the key that begins with "sk_test_" while you develop.',
            id="useraccounts_memberships.W001",
        )
    ]
    settings.DEBUG = False
    assert check(key) == []


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1"])
def test_W002_memberships_for_nothing(check, key):
    assert check(key) == []

    assert check_memberships_deployed(None) == [
        checks.Warning(
            "The key of Stripe is one for tests: whoever knows the number of a card for tests has "
            "a membership for nothing.",
            hint='Use the key that begins with "sk_live_", or "rk_live_".',
            id="useraccounts_memberships.W002",
        )
    ]


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "", None])
def test_a_key_for_real_money_weakens_nothing(check, key):
    check(key)

    assert check_memberships_deployed(None) == []


def test_a_wrong_name_is_told_with_the_right_one_and_no_secret_is_shown(set_conf):
    set_conf(MEMBERSHIPS={"STRIPE_SECRETKEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": 7})

    wrong, no_text = check_useraccounts(None)

    assert wrong.msg == 'USERACCOUNTS["MEMBERSHIPS"] has no setting "STRIPE_SECRETKEY".'
    assert wrong.hint == 'Did you mean "STRIPE_SECRET_KEY"?'
    assert no_text.msg == 'USERACCOUNTS["MEMBERSHIPS"]["STRIPE_WEBHOOK_SECRET"] is a int.'
    assert check_memberships(None) == []
