"""
What makes it easier to come in as somebody else, on a site in production: for ``check --deploy``.

Passwords, what lasts too long or not long enough, and our own settings.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    BCryptSHA256PasswordHasher,
    MD5PasswordHasher,
)
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
    get_default_password_validators,
)
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.module_loading import import_string

from ..breached import BreachedPasswordValidator
from ..conf import conf
from ..identity import has_emails, has_usernames
from ..limits import DEFAULTS, parse_rates
from ..secrets import UNDO_MAX_AGE
from .deploy import weak

#: Memory in kibibytes and rounds, of which one pair has to be reached (OWASP Password Storage).
_ARGON2_AT_LEAST = ((47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5))
#: ASVS 5.0, 6.2.1.
_MIN_LENGTH = 8
#: The most that is no weakening, by the setting and the id of its check.
_LONGEST = (
    ("LINK_MAX_AGE", timedelta(days=7), "useraccounts.W030"),
    ("RECENT_LOGIN_MAX_AGE", timedelta(hours=1), "useraccounts.W031"),
    ("PASSWORD_RESET_TIMEOUT", timedelta(days=3), "useraccounts.W032"),
    ("SESSION_COOKIE_AGE", timedelta(days=90), "useraccounts.W033"),
)
#: How many times more than by default may be tried before that is no limit any more.
_TIMES = 10


def passwords() -> Iterator[CheckMessage]:
    """Yield what makes passwords easy to guess, online or from a stolen table."""
    hashers = [import_string(path) for path in settings.PASSWORD_HASHERS]
    for hasher in hashers[:1]:
        if issubclass(hasher, Argon2PasswordHasher) and not _is_strong(hasher):
            yield weak(
                "useraccounts.W027",
                f"{hasher.__name__} hashes with {hasher.memory_cost} KiB in {hasher.time_cost} "
                "rounds: too little to withstand guessing.",
                "Use Django's Argon2PasswordHasher as it is, or at least 19456 KiB in 2 rounds.",
            )
    for hasher in hashers:
        if issubclass(hasher, MD5PasswordHasher):
            yield weak(
                "useraccounts.W028",
                f"PASSWORD_HASHERS has {hasher.__name__}, whose hashes are guessed in no time.",
                "Take it out, and let those whose password is hashed so reset it.",
            )
        # All of bcrypt in Django inherit from this one, and say by ``digest`` what they do first.
        elif issubclass(hasher, BCryptSHA256PasswordHasher) and hasher.digest is None:
            yield weak(
                "useraccounts.W049",
                f"PASSWORD_HASHERS has {hasher.__name__}, which reads the first 72 bytes of a "
                "password alone: what follows is not asked for, or an error.",
                "Write BCryptSHA256PasswordHasher in its place, and take it out when the passwords "
                "that are hashed so have been set anew.",
            )
    yield from _validators()


def _is_strong(hasher: type[Argon2PasswordHasher]) -> bool:
    return any(
        hasher.memory_cost >= memory and hasher.time_cost >= rounds
        for memory, rounds in _ARGON2_AT_LEAST
    )


def _validators() -> Iterator[CheckMessage]:
    try:
        validators = get_default_password_validators()
    except ImproperlyConfigured:
        return  # told by E022
    if not validators:
        return  # told by W002
    if not any(
        isinstance(validator, MinimumLengthValidator) and validator.min_length >= _MIN_LENGTH
        for validator in validators
    ):
        yield weak(
            "useraccounts.W034",
            f"AUTH_PASSWORD_VALIDATORS lets passwords pass that are shorter than {_MIN_LENGTH}.",
            'Add {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}.',
        )
    if not any(
        isinstance(validator, CommonPasswordValidator | BreachedPasswordValidator)
        for validator in validators
    ):
        yield weak(
            "useraccounts.W035",
            "AUTH_PASSWORD_VALIDATORS lets the passwords pass that everybody tries first.",
            'Add {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"}.',
        )
    if alike := _likenesses(validators):
        yield weak(
            "useraccounts.W050",
            f"AUTH_PASSWORD_VALIDATORS lets passwords pass that are almost the {alike}.",
            'Add {"NAME": "django.contrib.auth.password_validation.'
            'UserAttributeSimilarityValidator"}, without OPTIONS.',
        )


def _likenesses(validators: Sequence[Any]) -> str:
    """Return what of a user may be the password, but for a digit."""
    # Others are not asked: they may ask a service, or the database.
    asked = [v for v in validators if isinstance(v, UserAttributeSimilarityValidator)]
    found = []
    if has_usernames() and _passes("fridakahlo1", asked, username="fridakahlo"):
        found.append("username")
    if has_emails() and _passes("fridakahlo1", asked, email="fridakahlo@example.com"):
        found.append("e-mail address")
    return " or the ".join(found)


def _passes(password: str, validators: Sequence[Any], **attributes: str) -> bool:
    user = get_user_model()(**attributes)
    try:
        for validator in validators:
            validator.validate(password, user)
    except ValidationError:
        return False
    return True


def lengths() -> Iterator[CheckMessage]:
    """Yield what lasts longer than is wise, or less."""
    for name, longest, check in _LONGEST:
        ours = hasattr(conf, name)
        given: Any = getattr(conf if ours else settings, name)
        lasts = given if isinstance(given, timedelta) else timedelta(seconds=given)
        if lasts > longest:
            yield weak(
                check,
                f"{name} is {lasts}: what is stolen or left open stays of use for that long.",
                f"Make it {longest} at most, or leave it out.",
            )
    if conf.CLOSED_ACCOUNT_KEPT < UNDO_MAX_AGE:
        yield weak(
            "useraccounts.W042",
            f'USERACCOUNTS["CLOSED_ACCOUNT_KEPT"] is {conf.CLOSED_ACCOUNT_KEPT}: who has taken an '
            "account can close it, and it is erased before its owner has to have read the mail "
            f"that gives it back, within {UNDO_MAX_AGE.days} days.",
            f"Make it {UNDO_MAX_AGE} at least, or leave it out.",
        )
    if has_usernames() and conf.OLD_USERNAME_RESERVED < UNDO_MAX_AGE:
        yield weak(
            "useraccounts.W051",
            f'USERACCOUNTS["OLD_USERNAME_RESERVED"] is {conf.OLD_USERNAME_RESERVED}: who has taken '
            "an account gives it another username, and takes the old one, before its owner has to "
            "have read the mail that tells of it.",
            f"Make it {UNDO_MAX_AGE} at least, or leave it out.",
        )
    if len(settings.SECRET_KEY_FALLBACKS) > 2:
        yield weak(
            "useraccounts.W036",
            f"SECRET_KEY_FALLBACKS has {len(settings.SECRET_KEY_FALLBACKS)} keys, and whoever has "
            "one of them makes links and sessions of this site.",
            "Take those out that were replaced longer ago than links and sessions last.",
        )


def accounts() -> Iterator[CheckMessage]:
    """Yield what our own settings open wider than the defaults."""
    if has_emails() and not conf.CONFIRM_EMAIL_BEFORE_LOGIN:
        yield weak(
            "useraccounts.W037",
            'USERACCOUNTS has "CONFIRM_EMAIL_BEFORE_LOGIN": False: people act here with addresses '
            "that may be somebody else's.",
            "Guard what matters by confirmed_email_required, and silence this check; or leave it "
            "out.",
        )
    if has_emails() and conf.MAIL_DELIVERY == "immediate":
        yield weak(
            "useraccounts.W053",
            'USERACCOUNTS has "MAIL_DELIVERY": "immediate": requests wait for the mail server, so '
            "one that is slow keeps visitors from every page.",
            'Write "MAIL_DELIVERY": "thread", or leave it out.',
        )
    if has_usernames() and conf.UNICODE_USERNAMES:
        yield weak(
            "useraccounts.W054",
            'USERACCOUNTS has "UNICODE_USERNAMES": True: a name of Cyrillic or Greek letters alone '
            "can look like one of Latin letters, so people can pose as others.",
            "Silence this check where people write their names in such letters; or leave it out.",
        )
    for purpose, usually in DEFAULTS.items():
        for name, given in conf.LIMITS.get(purpose, {}).items():
            usual = usually[name]
            if _per_second(given) > _TIMES * _per_second(usual):
                yield weak(
                    "useraccounts.W038",
                    f'USERACCOUNTS["LIMITS"]["{purpose}"] lets "{name}" try {given}, more than '
                    f"{_TIMES} times the default.",
                    f'Write "{name}": "{usual}", or leave it out.',
                )


def _per_second(text: str) -> float:
    """Return what several rates allow in the long run."""
    return min(rate.attempts / rate.seconds for rate in parse_rates(text))
