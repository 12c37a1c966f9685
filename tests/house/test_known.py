"""What holds the names on pages of the docs knows ours and Django's, and is not content with any."""

import pytest

from tests.known import is_known, misnamed

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    "name",
    [
        "forgot_password",
        "LIMITS",
        'MEMBERSHIPS["STRIPE_SECRET_KEY"]',
        "LOGIN_REDIRECT_URL",
        "may_register",
        "lock_out",
        "login/login.html",
        "password_reset",
        "roles_required",
        "django_useraccounts.signals",
        "user.role_names",
        "manage.py migrate",
    ],
)
def test_a_name_that_is_there_is_known(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize(
    "name",
    ["nobody", "NOBODY", "mro", "__init__", "gettext_noop", "import_models", "user.nobody"],
)
def test_a_name_of_nothing_is_not_known_nor_one_that_any_class_or_module_has(name: str) -> None:
    assert not is_known(name)


def test_an_exception_has_to_be_named_and_has_to_be_one() -> None:
    named = ["LIMITS", "nobody", "--force"]

    assert misnamed(named, {"--force"}) == {"nobody"}
    assert misnamed(named, {"--force", "nobody", "LIMITS", "gone"}) == {"LIMITS", "gone"}
