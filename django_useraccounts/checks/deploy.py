"""
What weakens the defaults on a site in production, for ``check --deploy``.

Django's own checks tell of HTTPS, HSTS, DEBUG, the key, and cookies that are not Secure or HttpOnly
(security.W001 to W025); what they tell is not told again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    get_default_password_validators,
)
from django.contrib.sessions.backends.db import SessionStore as InTables
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from ..breached import BreachedPasswordValidator
from ..compat import mail_backend
from ..conf import conf
from ..identity import has_emails
from ..limits import DEFAULTS, parse_rates
from ..secrets import UNDO_MAX_AGE
from .database import all_models

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
_CACHE_ENGINES = ("cache", "cached_db")
_OWN_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")
_IDLE_MAIL = ("console", "dummy", "filebased", "locmem")


def cookies() -> Iterator[CheckMessage]:
    """Yield the cookies that other sites can have sent along."""
    for name in ("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE"):
        if getattr(settings, name) not in ("Lax", "Strict"):
            yield _weak(
                "useraccounts.W020",
                f"{name} is {getattr(settings, name)!r}: browsers send the cookie along with what "
                "other sites ask for.",
                f'Write {name} = "Lax", or leave it out.',
            )
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if origin.startswith("http://") or "*" in origin:
            yield _weak(
                "useraccounts.W021",
                f'CSRF_TRUSTED_ORIGINS has "{origin}": whoever is on the way to it, or on any host '
                "that fits, can send the forms of this site.",
                'Write each origin in full, such as "https://example.com".',
            )


def sessions() -> Iterator[CheckMessage]:
    """Yield the sessions that go on when they have been ended."""
    engine = settings.SESSION_ENGINE.rpartition(".")[2]
    if engine == "signed_cookies":
        yield _weak(
            "useraccounts.W022",
            "SESSION_ENGINE keeps sessions in cookies: who has copied one stays logged in when it "
            "was ended.",
            'Write SESSION_ENGINE = "django.contrib.sessions.backends.db", or leave it out.',
        )
    cache = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND", "")
    if engine in _CACHE_ENGINES and cache.endswith(_OWN_CACHES):
        yield _weak(
            "useraccounts.W023",
            f"SESSION_ENGINE keeps sessions in {cache.rpartition('.')[2]}, which each process has "
            "for itself: one that has ended goes on in the others.",
            'Name a cache that is shared in CACHES, such as "django.core.cache.backends.redis.'
            'RedisCache".',
        )


def databases() -> Iterator[CheckMessage]:
    """Yield that accounts are read where what was written last is not known yet."""
    ways = {
        (model._meta.app_label, router.db_for_read(model), router.db_for_write(model))
        for model in all_models() | _models_of_django()
    }
    for label, read, write in sorted(ways):
        if read != write:
            yield _weak(
                "useraccounts.W039",
                f'DATABASE_ROUTERS has tables of {label} written to "{write}" and read from '
                f'"{read}": until that follows, ended sessions, old passwords and revoked roles '
                "go on.",
                f'Let db_for_read() return "{write}" where model._meta.app_label is "{label}".',
            )
    given = connections.settings[DEFAULT_DB_ALIAS]
    mode = given["OPTIONS"].get("transaction_mode") or "DEFERRED"
    if given["ENGINE"].endswith("sqlite3") and mode.upper() == "DEFERRED":
        yield _weak(
            "useraccounts.W041",
            "SQLite lets two begin to write after both have read, and refuses one of them at once: "
            'visitors read "Back in a moment" where they would only have to wait.',
            'Write "OPTIONS": {"transaction_mode": "IMMEDIATE"} into DATABASES["default"].',
        )


def _models_of_django() -> set[type[Model]]:
    """Return what says besides who somebody is and may do: permissions, and sessions in tables."""
    store: Any = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    sessions = {store.get_model_class()} if issubclass(store, InTables) else set()
    return {Group, Permission} | sessions


def hosts() -> Iterator[CheckMessage]:
    """Yield why mailed links could lead astray, and clients be taken for one another."""
    origin = conf.ORIGIN or ""
    if origin.lower().startswith("http:") and not settings.SECURE_SSL_REDIRECT:  # else W007
        yield _weak(
            "useraccounts.W024",
            f'USERACCOUNTS["ORIGIN"] is "{origin}": mailed links lead where others can read them.',
            f'Write "ORIGIN": "https{origin[4:]}".',
        )
    wide = [host for host in settings.ALLOWED_HOSTS if host.startswith(".")]
    if conf.ORIGIN is None and wide and "django.contrib.sites" not in settings.INSTALLED_APPS:
        yield _weak(
            "useraccounts.W025",
            f'ALLOWED_HOSTS has "{wide[0]}" and USERACCOUNTS has no ORIGIN: mailed links lead to '
            "whichever of its hosts a request names.",
            'Write USERACCOUNTS = {"ORIGIN": "https://example.com"}.',
        )
    named = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    for name in named:
        if conf.PROXIES is None and getattr(settings, name):
            yield _weak(
                "useraccounts.W026",
                f'{name} is set, and USERACCOUNTS has no "PROXIES": clients behind the proxy are '
                "not told from one another, so no limit counts for one of them.",
                'Write "PROXIES": 1, or how many proxies append to X-Forwarded-For.',
            )
            return


def passwords() -> Iterator[CheckMessage]:
    """Yield what makes passwords easy to guess, online or from a stolen table."""
    hashers = [import_string(path) for path in settings.PASSWORD_HASHERS]
    for hasher in hashers[:1]:
        if issubclass(hasher, Argon2PasswordHasher) and not _is_strong(hasher):
            yield _weak(
                "useraccounts.W027",
                f"{hasher.__name__} hashes with {hasher.memory_cost} KiB in {hasher.time_cost} "
                "rounds: too little to withstand guessing.",
                "Use Django's Argon2PasswordHasher as it is, or at least 19456 KiB in 2 rounds.",
            )
    for hasher in hashers:
        if issubclass(hasher, MD5PasswordHasher):
            yield _weak(
                "useraccounts.W028",
                f"PASSWORD_HASHERS has {hasher.__name__}, whose hashes are guessed in no time.",
                "Take it out, and let those whose password is hashed so reset it.",
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
        yield _weak(
            "useraccounts.W034",
            f"AUTH_PASSWORD_VALIDATORS lets passwords pass that are shorter than {_MIN_LENGTH}.",
            'Add {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}.',
        )
    if not any(
        isinstance(validator, CommonPasswordValidator | BreachedPasswordValidator)
        for validator in validators
    ):
        yield _weak(
            "useraccounts.W035",
            "AUTH_PASSWORD_VALIDATORS lets the passwords pass that everybody tries first.",
            'Add {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"}.',
        )


def mail() -> Iterator[CheckMessage]:
    """Yield that mail reaches nobody, or that anybody may say so."""
    kind = mail_backend().removeprefix("django.core.mail.backends.").partition(".")[0]
    if has_emails() and kind in _IDLE_MAIL:
        yield _weak(
            "useraccounts.W029",
            f"Mail goes out by {mail_backend()}, so it reaches nobody, and links lie about where "
            "it goes.",
            "Name a mail server, or a provider, as Django's settings of mail describe.",
        )
    if _hears_anybody():
        yield _weak(
            "useraccounts.W043",
            "anymail.urls is included and ANYMAIL has no WEBHOOK_SECRET: anybody can report that "
            "an address takes no mail, and its owner is told nothing any more.",
            'Write ANYMAIL = {"WEBHOOK_SECRET": "name:a-long-random-text"}, and both into the '
            "address at the provider.",
        )


def _hears_anybody() -> bool:
    """Say whether the webhooks of all providers are open, those without a signature, too."""
    try:
        # One that django-anymail knows by no signature; its urls hold them all.
        reverse("anymail:postmark_tracking_webhook")
    except NoReverseMatch:
        return False
    from anymail.utils import get_anymail_setting  # noqa: PLC0415

    return not get_anymail_setting("webhook_secret", default="")


def lengths() -> Iterator[CheckMessage]:
    """Yield what lasts longer than is wise, or less."""
    for name, longest, check in _LONGEST:
        ours = hasattr(conf, name)
        given: Any = getattr(conf if ours else settings, name)
        lasts = given if isinstance(given, timedelta) else timedelta(seconds=given)
        if lasts > longest:
            yield _weak(
                check,
                f"{name} is {lasts}: what is stolen or left open stays of use for that long.",
                f"Make it {longest} at most, or leave it out.",
            )
    if conf.CLOSED_ACCOUNT_KEPT < UNDO_MAX_AGE:
        yield _weak(
            "useraccounts.W042",
            f'USERACCOUNTS["CLOSED_ACCOUNT_KEPT"] is {conf.CLOSED_ACCOUNT_KEPT}: who has taken an '
            "account can close it, and it is erased before its owner has to have read the mail "
            f"that gives it back, within {UNDO_MAX_AGE.days} days.",
            f"Make it {UNDO_MAX_AGE} at least, or leave it out.",
        )
    if len(settings.SECRET_KEY_FALLBACKS) > 2:
        yield _weak(
            "useraccounts.W036",
            f"SECRET_KEY_FALLBACKS has {len(settings.SECRET_KEY_FALLBACKS)} keys, and whoever has "
            "one of them makes links and sessions of this site.",
            "Take those out that were replaced longer ago than links and sessions last.",
        )


def clock() -> Iterator[CheckMessage]:
    """Yield that an hour comes twice where moments are kept as a clock on the wall shows them."""
    if settings.USE_TZ or not settings.TIME_ZONE:
        return
    zone = timezone.get_default_timezone()
    year = timezone.now().year
    months = [datetime(year, month, 1, tzinfo=zone) for month in range(1, 13)]
    if len({moment.utcoffset() for moment in months}) > 1:
        yield _weak(
            "useraccounts.W044",
            f"USE_TZ is False, and {settings.TIME_ZONE} sets its clocks back once a year: links, "
            "roles and limits that have ended in that hour begin again.",
            "Write USE_TZ = True, as startproject does.",
        )


def accounts() -> Iterator[CheckMessage]:
    """Yield what our own settings open wider than the defaults."""
    if has_emails() and not conf.CONFIRM_EMAIL_BEFORE_LOGIN:
        yield _weak(
            "useraccounts.W037",
            'USERACCOUNTS has "CONFIRM_EMAIL_BEFORE_LOGIN": False: people act here with addresses '
            "that may be somebody else's.",
            "Guard what matters by confirmed_email_required, and silence this check; or leave it "
            "out.",
        )
    for purpose, usually in DEFAULTS.items():
        for name, given in conf.LIMITS.get(purpose, {}).items():
            usual = usually[name]
            if _per_second(given) > _TIMES * _per_second(usual):
                yield _weak(
                    "useraccounts.W038",
                    f'USERACCOUNTS["LIMITS"]["{purpose}"] lets "{name}" try {given}, more than '
                    f"{_TIMES} times the default.",
                    f'Write "{name}": "{usual}", or leave it out.',
                )


def _per_second(text: str) -> float:
    """Return what several rates allow in the long run."""
    return min(rate.attempts / rate.seconds for rate in parse_rates(text))


def _weak(name: str, message: str, hint: str) -> CheckMessage:
    return checks.Warning(message, hint=hint, id=name)
