"""The settings of the project, typed, and read again when a test changes them."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from django_useraccounts.conf import Conf, LazyConf, Problem, conf, problems


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
    assert conf.ROLES == {}
    assert conf.UNICODE_USERNAMES is False
    assert list(problems({})) == []


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


# The settings of a room


@dataclass(frozen=True)
class GardenConf:
    GATES: int = 2
    GATE_KEY: str = ""


def test_a_room_has_settings_of_its_own(settings):
    garden = LazyConf(GardenConf, room="GARDEN")
    settings.USERACCOUNTS = {"SITE_NAME": "Guild"}
    assert garden.GATES == 2

    settings.USERACCOUNTS = {"GARDEN": {"GATES": 3, "GATEZ": 4}, "SITE_NAME": "Guild"}

    assert (garden.GATES, garden.GATE_KEY, conf.SITE_NAME) == (3, "", "Guild")
    with pytest.raises(AttributeError):
        _ = garden.SITE_NAME


@pytest.mark.parametrize(
    "given, problem",
    [
        (
            {"GARDEN": {"gate": 1}},
            Problem('USERACCOUNTS["GARDEN"] has no setting "gate".', 'Did you mean "GATES"?'),
        ),
        (
            {"GARDEN": {"palms": 1}},
            Problem(
                'USERACCOUNTS["GARDEN"] has no setting "palms".', "Known are: GATES, GATE_KEY."
            ),
        ),
        (
            {"GARDEN": {"GATES": "2"}},
            Problem(
                'USERACCOUNTS["GARDEN"]["GATES"] is \'2\'.',
                "It has to be a number, 0 or more; leave it out for the default, 2.",
            ),
        ),
        (
            {"GARDEN": {"GATE_KEY": b"swordfish"}},
            Problem(
                'USERACCOUNTS["GARDEN"]["GATE_KEY"] is a bytes.',
                "It has to be a string; leave it out for the default, ''.",
            ),
        ),
        (
            {"GARDEN": "open"},
            Problem('USERACCOUNTS["GARDEN"] is not a dictionary.', "Known are: GATES, GATE_KEY."),
        ),
        (
            {"GARDENS": {}},
            Problem('USERACCOUNTS has no setting "GARDENS".', 'Did you mean "GARDEN"?'),
        ),
    ],
)
def test_what_cannot_be_meant_in_the_settings_of_a_room_is_told(settings, given, problem):
    settings.USERACCOUNTS = given

    assert list(problems({"GARDEN": GardenConf})) == [problem]


def test_the_settings_of_a_room_that_is_not_installed_are_none(settings):
    settings.USERACCOUNTS = {"GARDEN": {"GATES": 3}}

    [problem] = problems({})

    assert problem.message == 'USERACCOUNTS has no setting "GARDEN".'
