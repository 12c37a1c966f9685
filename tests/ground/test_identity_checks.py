"""Settings about what people are called that contradict each other, each told with its way out."""

import pytest
from django.core import checks
from django.core.checks import Error
from django.core.checks import Warning as Warn

from django_useraccounts.checks import identities


def found():
    return list(identities.contradictions())


def error(message, hint):
    return Error(message, hint=hint, id="useraccounts.E014")


NOBODY = error(
    "People have neither usernames nor e-mail addresses.",
    'Leave out "EMAIL": "off", or give them usernames.',
)
NOT_EVERYBODY = error(
    'USERACCOUNTS["LOGIN_BY"] is "username", and not everybody has one.',
    'Write "LOGIN_BY": "username_or_email", or "USERNAME": "required".',
)
NO_ADDRESS = error(
    'USERACCOUNTS["LOGIN_BY"] is "email", and nobody has an address.',
    'Leave out "LOGIN_BY", or "EMAIL": "off".',
)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"USERNAME": "optional"},
        {"USERNAME": "off"},
        {"USERNAME": "off", "LOGIN_BY": "email"},
        {"EMAIL": "off"},
        {"EMAIL": "off", "LOGIN_BY": "username", "RETYPE": ("password",)},
        {"LOGIN_BY": "email", "USERNAME": "optional"},
        {"RETYPE": ("email", "password"), "CONFIRM_EMAIL_BEFORE_LOGIN": False},
    ],
)
def test_what_can_be_meant_is_not_complained_of(settings, given):
    settings.USERACCOUNTS = given

    assert found() == []


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"EMAIL": "off", "USERNAME": "off"}, [NOBODY]),
        (
            {"EMAIL": "off", "USERNAME": "optional"},
            [
                error(
                    'USERACCOUNTS["USERNAME"] is "optional", and there are no addresses to be '
                    "called by.",
                    'Write "USERNAME": "required", or leave out "EMAIL": "off".',
                )
            ],
        ),
        ({"LOGIN_BY": "email", "EMAIL": "off"}, [NO_ADDRESS]),
        ({"LOGIN_BY": "username", "USERNAME": "off"}, [NOT_EVERYBODY]),
        ({"LOGIN_BY": "username", "USERNAME": "optional"}, [NOT_EVERYBODY]),
    ],
)
def test_E014_settings_that_contradict_each_other(settings, given, expected):
    settings.USERACCOUNTS = given

    assert found() == expected


def test_E014_usernames_without_a_column_for_them(settings):
    settings.AUTH_USER_MODEL = "useraccounts.EmailUser"

    settings.USERACCOUNTS = {"USERNAME": "optional"}
    asked = found()
    settings.USERACCOUNTS = {"USERNAME": "off"}
    said = found()
    settings.USERACCOUNTS = {}
    left_out = found()

    assert asked == [
        error(
            'USERACCOUNTS["USERNAME"] is "optional", and useraccounts.EmailUser has no column for '
            "it.",
            'Leave "USERNAME" out, or inherit AbstractUser.',
        )
    ]
    assert said == left_out == []


@pytest.mark.parametrize(
    "name, value",
    [
        ("CONFIRM_EMAIL_BEFORE_LOGIN", True),
        ("LINK_MAX_AGE", None),
        ("EMAILS_PER_USER", 3),
        ("UNCONFIRMED_MAX_AGE", None),
        ("RETYPE", ("email",)),
    ],
)
def test_W010_a_setting_about_addresses_that_nobody_has(settings, name, value):
    settings.USERACCOUNTS = {"EMAIL": "off", name: value}

    assert found() == [
        Warn(
            f'USERACCOUNTS["{name}"] is about e-mail addresses, which nobody has with '
            '"EMAIL": "off".',
            hint=f'Leave "{name}" out.',
            id="useraccounts.W010",
        )
    ]


def test_manage_check_tells_it(settings):
    settings.USERACCOUNTS = {"EMAIL": "off", "LOGIN_BY": "email"}

    assert NO_ADDRESS in checks.run_checks()


@pytest.mark.parametrize(
    "given, message",
    [
        ({"USERNAME": "none"}, "USERACCOUNTS[\"USERNAME\"] is 'none'."),
        ({"RETYPE": ("username",)}, "USERACCOUNTS[\"RETYPE\"] is ('username',)."),
        ({"RETYPE": "password"}, "USERACCOUNTS[\"RETYPE\"] is 'password'."),
        ({"LOGIN": "email"}, 'USERACCOUNTS has no setting "LOGIN".'),
    ],
)
def test_E001_what_cannot_be_meant_is_told_first(settings, given, message):
    settings.USERACCOUNTS = given

    (told,) = [m for m in checks.run_checks() if m.id.startswith("useraccounts.")]

    assert (told.id, told.msg) == ("useraccounts.E001", message)
    if "LOGIN" in given:
        assert told.hint == 'Did you mean "LOGIN_BY"?'
    if "RETYPE" in given:
        assert told.hint == (
            'It has to be a tuple of "email" or "password"; leave it out for the default, ().'
        )
