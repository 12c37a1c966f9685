"""The settings of the project, typed, and read again when a test changes them."""

from datetime import timedelta

import pytest

from django_useraccounts.conf import RESERVED_USERNAMES, Conf, conf, problems


def test_every_setting_has_its_default(settings):
    settings.USERACCOUNTS = {}

    assert conf.ORIGIN is None
    assert conf.SITE_NAME is None
    assert conf.POLICY == "django_useraccounts.policy.Policy"
    assert conf.CONFIRM_EMAIL_BEFORE_LOGIN is True
    assert conf.LINK_MAX_AGE == timedelta(days=3)
    assert conf.RECENT_LOGIN_MAX_AGE == timedelta(minutes=15)
    assert conf.MAIL_DELIVERY == "thread"
    assert conf.LIMITS == {}
    assert conf.PROXIES is None
    assert conf.RESERVED_USERNAMES == RESERVED_USERNAMES
    assert conf.UNICODE_USERNAMES is False
    assert list(problems()) == []


def test_a_setting_is_read_again_when_a_test_changes_it(settings):
    settings.USERACCOUNTS = {"SITE_NAME": "Guild"}
    assert conf.SITE_NAME == "Guild"

    settings.USERACCOUNTS = {"SITE_NAME": "Zoo"}

    assert conf.SITE_NAME == "Zoo"


def test_another_setting_of_django_leaves_ours_alone(settings):
    settings.USERACCOUNTS = {"SITE_NAME": "Guild"}
    assert conf.SITE_NAME == "Guild"

    settings.LANGUAGE_CODE = "de"

    assert conf.SITE_NAME == "Guild"


def test_a_name_that_is_no_setting_is_no_attribute():
    with pytest.raises(AttributeError):
        _ = conf.SITENAME


def test_a_wrong_name_in_the_settings_breaks_no_page(settings):
    # the check reports it; a site that runs goes on running
    settings.USERACCOUNTS = {"SITENAME": "Guild", "PROXIES": 1}

    assert conf.PROXIES == 1


def test_settings_cannot_be_changed_by_assignment():
    with pytest.raises(AttributeError):
        Conf().PROXIES = 2


def test_there_are_few_settings():
    # law 13: at most twenty
    assert len(Conf.__dataclass_fields__) <= 20
