"""
Settings of Django that weaken a site in production, for ``check --deploy``.

What weakens the accounts themselves is told by ``deploy_accounts``. Django's own checks tell of
HTTPS, HSTS, DEBUG, the key, and cookies that are not Secure or HttpOnly (security.W001 to W025);
what they tell is not told again.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends.db import SessionStore as InTables
from django.core import checks
from django.core.checks import CheckMessage
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from ..compat import mail_backend, smtp_options
from ..conf import conf
from ..identity import has_emails
from ..outside.addresses import LOOPBACK
from .database import all_models

#: ASVS 5.0, 3.4.1.
_HSTS_AT_LEAST = 365 * 24 * 3600
_CACHE_ENGINES = ("cache", "cached_db")
_OWN_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")
_IDLE_MAIL = ("console", "dummy", "filebased", "locmem")


def cookies() -> Iterator[CheckMessage]:
    """Yield the cookies that other sites can have sent along, or get."""
    for name in ("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE"):
        if getattr(settings, name) not in ("Lax", "Strict"):
            yield weak(
                "useraccounts.W020",
                f"{name} is {getattr(settings, name)!r}: browsers send the cookie along with what "
                "other sites ask for.",
                f'Write {name} = "Lax", or leave it out.',
            )
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if origin.startswith("http://") or "*" in origin:
            yield weak(
                "useraccounts.W021",
                f'CSRF_TRUSTED_ORIGINS has "{origin}": whoever is on the way to it, or on any host '
                "that fits, can send the forms of this site.",
                'Write each origin in full, such as "https://example.com".',
            )
    for name in ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN"):
        domain = getattr(settings, name)
        if domain:
            yield weak(
                "useraccounts.W046",
                f'{name} is "{domain}": browsers show the cookie to every host below it, and take '
                "one from each of them.",
                f"Leave {name} out, or silence this check where all these hosts are as safe as "
                "this one.",
            )


def https() -> Iterator[CheckMessage]:
    """Yield that browsers forget too soon to come by https alone; that they never learn, W004."""
    # Django's middleware is content with text, such as a variable of the environment.
    if 0 < int(settings.SECURE_HSTS_SECONDS or 0) < _HSTS_AT_LEAST:
        yield weak(
            "useraccounts.W048",
            f"SECURE_HSTS_SECONDS is {settings.SECURE_HSTS_SECONDS}: whoever was not here for that "
            "long can be led to http, where others read and change what passes.",
            "Begin with 3600, and write SECURE_HSTS_SECONDS = 365 * 24 * 3600 once all hosts have "
            "https.",
        )


def sessions() -> Iterator[CheckMessage]:
    """Yield the sessions that go on when they have been ended."""
    engine = settings.SESSION_ENGINE.rpartition(".")[2]
    if engine == "signed_cookies":
        yield weak(
            "useraccounts.W022",
            "SESSION_ENGINE keeps sessions in cookies: who has copied one stays logged in when it "
            "was ended.",
            'Write SESSION_ENGINE = "django.contrib.sessions.backends.db", or leave it out.',
        )
    cache = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND", "")
    if engine in _CACHE_ENGINES and cache.endswith(_OWN_CACHES):
        yield weak(
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
            yield weak(
                "useraccounts.W039",
                f'DATABASE_ROUTERS has tables of {label} written to "{write}" and read from '
                f'"{read}": until that follows, ended sessions, old passwords and revoked roles '
                "go on.",
                f'Let db_for_read() return "{write}" where model._meta.app_label is "{label}".',
            )
    given = connections.settings[DEFAULT_DB_ALIAS]
    mode = given["OPTIONS"].get("transaction_mode") or "DEFERRED"
    if given["ENGINE"].endswith("sqlite3") and mode.upper() == "DEFERRED":
        yield weak(
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
        yield weak(
            "useraccounts.W024",
            f'USERACCOUNTS["ORIGIN"] is "{origin}": mailed links lead where others can read them.',
            f'Write "ORIGIN": "https{origin[4:]}".',
        )
    wide = [host for host in settings.ALLOWED_HOSTS if host.startswith(".")]
    if conf.ORIGIN is None and wide and "django.contrib.sites" not in settings.INSTALLED_APPS:
        yield weak(
            "useraccounts.W025",
            f'ALLOWED_HOSTS has "{wide[0]}" and USERACCOUNTS has no ORIGIN: mailed links lead to '
            "whichever of its hosts a request names.",
            'Write USERACCOUNTS = {"ORIGIN": "https://example.com"}.',
        )
    named = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    for name in named:
        if conf.PROXIES is None and getattr(settings, name):
            yield weak(
                "useraccounts.W026",
                f'{name} is set, and USERACCOUNTS has no "PROXIES": clients behind the proxy are '
                "not told from one another, so no limit counts for one of them.",
                'Write "PROXIES": 1, or how many proxies append to X-Forwarded-For.',
            )
            return


def mail() -> Iterator[CheckMessage]:
    """Yield that mail reaches nobody, or that anybody may say so."""
    kind = mail_backend().removeprefix("django.core.mail.backends.").partition(".")[0]
    if has_emails() and kind in _IDLE_MAIL:
        yield weak(
            "useraccounts.W029",
            f"Mail goes out by {mail_backend()}, so it reaches nobody, and links lie about where "
            "it goes.",
            "Name a mail server, or a provider, as Django's settings of mail describe.",
        )
    smtp = smtp_options() or {}
    host = smtp.get("host") or "localhost"
    is_sealed = smtp.get("use_tls") or smtp.get("use_ssl")
    if has_emails() and host.lower() not in LOOPBACK and not is_sealed:
        yield weak(
            "useraccounts.W047",
            f'Mail goes to "{host}" without TLS: whoever is on the way reads the links that let '
            "people in.",
            'Write EMAIL_USE_TLS = True, or from Django 6.1 on "use_tls": True in the OPTIONS of '
            "MAILERS.",
        )
    if _hears_anybody():
        yield weak(
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


def requests() -> Iterator[CheckMessage]:
    """Yield that a request may be of any size."""
    for part in ("MEMORY_SIZE", "NUMBER_FIELDS", "NUMBER_FILES"):
        name = f"DATA_UPLOAD_MAX_{part}"
        if getattr(settings, name) is None:
            yield weak(
                "useraccounts.W052",
                f"{name} is None: a stranger fills the memory of a process by one request, or "
                "keeps it busy.",
                "Write the number that your largest form needs, or leave it out.",
            )


def clock() -> Iterator[CheckMessage]:
    """Yield that an hour comes twice where moments are kept as a clock on the wall shows them."""
    if settings.USE_TZ or not settings.TIME_ZONE:
        return
    zone = timezone.get_default_timezone()
    year = timezone.now().year
    months = [datetime(year, month, 1, tzinfo=zone) for month in range(1, 13)]
    if len({moment.utcoffset() for moment in months}) > 1:
        yield weak(
            "useraccounts.W044",
            f"USE_TZ is False, and {settings.TIME_ZONE} sets its clocks back once a year: links, "
            "roles and limits that have ended in that hour begin again.",
            "Write USE_TZ = True, as startproject does.",
        )


def weak(name: str, message: str, hint: str) -> CheckMessage:
    """Return the warning that something is weaker than by default."""
    return checks.Warning(message, hint=hint, id=name)
