"""System checks of the room: what Stripe needs, said before somebody pays."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from .conf import conf

_KEYS = ("sk_", "rk_")


def check_memberships(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Run every check that reads the settings of the room."""
    given = conf.STRIPE_SECRET_KEY, conf.STRIPE_WEBHOOK_SECRET
    # What is no text is told by the check of names and types.
    if not any(given) or not all(isinstance(text, str) for text in given):
        return []
    return [*_library(), *_both(), *_kinds(), *_mode()]


def check_memberships_deployed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Run the check of what weakens a site in production."""
    return [*_play_money()]


def _library() -> Iterator[CheckMessage]:
    if find_spec("stripe") is None:
        yield checks.Error(
            "Memberships are to be sold by Stripe, and its library is not installed.",
            hint='Install it: pip install "django_useraccounts[stripe]".',
            id="useraccounts_memberships.E001",
        )


def _both() -> Iterator[CheckMessage]:
    names = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    for name, other in (names, names[::-1]):
        if getattr(conf, other) and not getattr(conf, name):
            yield checks.Error(
                f'USERACCOUNTS["MEMBERSHIPS"] has {other} without {name}: what people pay would '
                "never open anything.",
                hint=f'Add "{name}", or leave both out to do without Stripe.',
                id="useraccounts_memberships.E002",
            )


def _kinds() -> Iterator[CheckMessage]:
    key, secret = conf.STRIPE_SECRET_KEY, conf.STRIPE_WEBHOOK_SECRET
    if key and not key.startswith(_KEYS):
        yield checks.Error(
            'USERACCOUNTS["MEMBERSHIPS"]["STRIPE_SECRET_KEY"] is no secret key.',
            hint='It begins with "sk_", or "rk_" if it is a restricted one.',
            id="useraccounts_memberships.E003",
        )
    if secret and not secret.startswith("whsec_"):
        yield checks.Error(
            'USERACCOUNTS["MEMBERSHIPS"]["STRIPE_WEBHOOK_SECRET"] is no signing secret.',
            hint='It begins with "whsec_", and is shown beside the endpoint at Stripe.',
            id="useraccounts_memberships.E003",
        )


def _mode() -> Iterator[CheckMessage]:
    if settings.DEBUG and "_live_" in conf.STRIPE_SECRET_KEY:
        yield checks.Warning(
            "DEBUG is on, and the key of Stripe is one for real money.",
            hint='Use the key that begins with "sk_test_" while you develop.',
            id="useraccounts_memberships.W001",
        )


def _play_money() -> Iterator[CheckMessage]:
    # What is no text is told by the check of names and types.
    if "_test_" in str(conf.STRIPE_SECRET_KEY):
        yield checks.Warning(
            "The key of Stripe is one for tests: whoever knows the number of a card for tests has "
            "a membership for nothing.",
            hint='Use the key that begins with "sk_live_", or "rk_live_".',
            id="useraccounts_memberships.W002",
        )
