"""What weakens a site, one setting at a time, and who says so."""

from datetime import timedelta

from django.contrib.auth import hashers
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.core import mail

VALIDATORS = "django.contrib.auth.password_validation"
BREACHED = "django_useraccounts.breached.BreachedPasswordValidator"
CACHE = "django.core.cache.backends"
SESSIONS = "django.contrib.sessions.backends"


def accounts(**given):
    return {"USERACCOUNTS": given}


def providers(**options):
    """Let people log in with a provider of the site's own, which has these options besides."""
    keys = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
    guild = {"ISSUER": "https://id.guild.example", **keys, **options}
    return accounts(SOCIAL={"PROVIDERS": {"guild": guild}})


def without(*words, **likeness):
    """Django's validators but for some; that of likenesses has options."""
    names = ["UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword"]
    left = [{"NAME": f"{VALIDATORS}.{name}Validator"} for name in names if name not in words]
    if likeness:
        left[0]["OPTIONS"] = likeness
    return {"AUTH_PASSWORD_VALIDATORS": left}


class OwnLikeness(UserAttributeSimilarityValidator):
    pass


class WeakArgon2(hashers.Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8192


class OwnBCrypt(hashers.BCryptPasswordHasher):
    algorithm = "own_bcrypt"


def hashing(*names):
    return {
        "PASSWORD_HASHERS": [
            name if "." in name else f"{hashers.__name__}.{name}" for name in names
        ]
    }


def sending_by(kind):
    backend = f"django.core.mail.backends.{kind}.EmailBackend"
    if hasattr(mail, "mailers"):
        options = {"file_path": "/tmp"} if kind == "filebased" else {}
        return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    return {"EMAIL_BACKEND": backend, "EMAIL_TIMEOUT": None}


def sending_to(host, **options):
    """Send mail by SMTP to a host."""
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    options = {"host": host, "timeout": 10, "use_tls": False, "use_ssl": False, **options}
    if hasattr(mail, "mailers"):
        return {"MAILERS": {"default": {"BACKEND": smtp, "OPTIONS": options}}}
    return {"EMAIL_BACKEND": smtp, **{f"EMAIL_{key.upper()}": options[key] for key in options}}


class ReadingElsewhere:
    """A router that reads some models from a copy of the database."""

    def __init__(self, *labels):
        self.labels = labels

    def db_for_read(self, model, **hints):
        return "replica" if model._meta.label in self.labels else None


def reading_elsewhere(*labels):
    return {"DATABASE_ROUTERS": [ReadingElsewhere(*labels)]}


#: What each setting weakens, and who says so.
WEAK = [
    # Django
    ("DEBUG", {"DEBUG": True}, ["security.W018"]),
    ("no https", {"SECURE_SSL_REDIRECT": False}, ["security.W008"]),
    ("no HSTS", {"SECURE_HSTS_SECONDS": 0}, ["security.W004"]),
    ("HSTS of one host", {"SECURE_HSTS_INCLUDE_SUBDOMAINS": False}, ["security.W005"]),
    ("no preload", {"SECURE_HSTS_PRELOAD": False}, ["security.W021"]),
    ("sniffing", {"SECURE_CONTENT_TYPE_NOSNIFF": False}, ["security.W006"]),
    ("framed", {"X_FRAME_OPTIONS": "SAMEORIGIN"}, ["security.W019"]),
    ("Referer", {"SECURE_REFERRER_POLICY": None}, ["security.W022"]),
    ("a short key", {"SECRET_KEY": "short"}, ["security.W009"]),
    ("short old keys", {"SECRET_KEY_FALLBACKS": ["short"]}, ["security.W025"]),
    ("any host", {"ALLOWED_HOSTS": []}, ["security.W020"]),
    ("session without Secure", {"SESSION_COOKIE_SECURE": False}, ["security.W012"]),
    ("session for scripts", {"SESSION_COOKIE_HTTPONLY": False}, ["security.W015"]),
    ("CSRF without Secure", {"CSRF_COOKIE_SECURE": False}, ["security.W016"]),
    # ours, always
    ("no Argon2", hashing("PBKDF2PasswordHasher"), ["useraccounts.W001"]),
    ("any password", {"AUTH_PASSWORD_VALIDATORS": []}, ["useraccounts.W002"]),
    (
        "any Host",
        {**accounts(ORIGIN=None), "ALLOWED_HOSTS": ["*"]},
        ["useraccounts.W003"],
    ),
    ("links to http", accounts(ORIGIN="http://example.com"), ["useraccounts.W007"]),
    (
        "Django's backend",
        {
            "AUTHENTICATION_BACKENDS": [
                "django_useraccounts.backends.AccountsBackend",
                "django.contrib.auth.backends.ModelBackend",
            ]
        },
        ["useraccounts.W008"],
    ),
    ("mail without an end", sending_by("smtp"), ["useraccounts.W004"]),
    # ours, on deployment
    ("session for others", {"SESSION_COOKIE_SAMESITE": "None"}, ["useraccounts.W020"]),
    ("session for all", {"SESSION_COOKIE_SAMESITE": False}, ["useraccounts.W020"]),
    ("CSRF for others", {"CSRF_COOKIE_SAMESITE": None}, ["useraccounts.W020"]),
    ("any origin", {"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, ["useraccounts.W021"]),
    ("plain origin", {"CSRF_TRUSTED_ORIGINS": ["http://example.com"]}, ["useraccounts.W021"]),
    (
        "sessions in cookies",
        {"SESSION_ENGINE": f"{SESSIONS}.signed_cookies"},
        ["useraccounts.W022"],
    ),
    (
        "sessions of a process",
        {"SESSION_ENGINE": f"{SESSIONS}.cache"},
        ["useraccounts.W023"],
    ),
    (
        "sessions kept by a process",
        {"SESSION_ENGINE": f"{SESSIONS}.cached_db"},
        ["useraccounts.W023"],
    ),
    (
        "sessions in no cache",
        {
            "SESSION_ENGINE": f"{SESSIONS}.cache",
            "CACHES": {"default": {"BACKEND": f"{CACHE}.dummy.DummyCache"}},
        },
        ["useraccounts.W023"],
    ),
    (
        "links to http, and no redirect",
        {**accounts(ORIGIN="http://example.com"), "SECURE_SSL_REDIRECT": False},
        ["security.W008", "useraccounts.W024"],
    ),
    (
        "any subdomain",
        {**accounts(ORIGIN=None), "ALLOWED_HOSTS": [".example.com"]},
        ["useraccounts.W025"],
    ),
    ("a proxy", accounts(PROXIES=None), ["useraccounts.W026"]),
    (
        "a proxy that names the host",
        {**accounts(PROXIES=None), "SECURE_PROXY_SSL_HEADER": None, "USE_X_FORWARDED_HOST": True},
        ["useraccounts.W026"],
    ),
    ("weak Argon2", hashing(f"{__name__}.WeakArgon2"), ["useraccounts.W027"]),
    (
        "MD5",
        hashing("Argon2PasswordHasher", "MD5PasswordHasher"),
        ["useraccounts.W028"],
    ),
    *(
        (f"mail to {kind}", sending_by(kind), ["useraccounts.W029"])
        for kind in ("console", "dummy", "filebased", "locmem")
    ),
    ("long links", accounts(LINK_MAX_AGE=timedelta(days=8)), ["useraccounts.W030"]),
    ("long proof", accounts(RECENT_LOGIN_MAX_AGE=timedelta(hours=2)), ["useraccounts.W031"]),
    ("long resets", {"PASSWORD_RESET_TIMEOUT": 4 * 86400}, ["useraccounts.W032"]),
    ("long sessions", {"SESSION_COOKIE_AGE": 91 * 86400}, ["useraccounts.W033"]),
    ("short passwords", without("MinimumLength"), ["useraccounts.W034"]),
    (
        "shorter passwords",
        {
            "AUTH_PASSWORD_VALIDATORS": [
                *without("MinimumLength")["AUTH_PASSWORD_VALIDATORS"],
                {"NAME": f"{VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 7}},
            ]
        },
        ["useraccounts.W034"],
    ),
    ("common passwords", without("CommonPassword"), ["useraccounts.W035"]),
    (
        "old keys",
        {"SECRET_KEY_FALLBACKS": [f"{n}{'abcdefghij' * 6}" for n in range(3)]},
        ["useraccounts.W036"],
    ),
    (
        "addresses of others",
        accounts(CONFIRM_EMAIL_BEFORE_LOGIN=False),
        ["useraccounts.W037"],
    ),
    (
        "many attempts",
        accounts(LIMITS={"login": {"identifier": "1000/5m"}}),
        ["useraccounts.W038"],
    ),
    (
        "a short window",
        accounts(LIMITS={"login": {"identifier": "10/1s"}}),
        ["useraccounts.W038"],
    ),
    ("a replica", reading_elsewhere("useraccounts.User"), ["useraccounts.W039"]),
    (
        "no time to come back",
        accounts(CLOSED_ACCOUNT_KEPT=timedelta(days=6)),
        ["useraccounts.W042"],
    ),
    ("session of a domain", {"SESSION_COOKIE_DOMAIN": ".example.com"}, ["useraccounts.W046"]),
    ("CSRF of a domain", {"CSRF_COOKIE_DOMAIN": "example.com"}, ["useraccounts.W046"]),
    ("mail to be read", sending_to("mail.example.com"), ["useraccounts.W047"]),
    ("HSTS of a month", {"SECURE_HSTS_SECONDS": 30 * 86400}, ["useraccounts.W048"]),
    ("HSTS of a month, as text", {"SECURE_HSTS_SECONDS": "2592000"}, ["useraccounts.W048"]),
    (
        "72 bytes",
        hashing("Argon2PasswordHasher", "BCryptPasswordHasher"),
        ["useraccounts.W049"],
    ),
    (
        "72 bytes of old hashes",
        hashing("Argon2PasswordHasher", f"{__name__}.OwnBCrypt"),
        ["useraccounts.W049"],
    ),
    ("own name", without("UserAttributeSimilarity"), ["useraccounts.W050"]),
    ("own username", without(user_attributes=("email",)), ["useraccounts.W050"]),
    ("own address", without(user_attributes=("username",)), ["useraccounts.W050"]),
    (
        "almost the own username",
        {**accounts(EMAIL="off"), **without(max_similarity=1.0)},
        ["useraccounts.W050"],
    ),
    (
        "almost the own address",
        {**accounts(USERNAME="off"), **without(max_similarity=1.0)},
        ["useraccounts.W050"],
    ),
    (
        "names to be had",
        accounts(OLD_USERNAME_RESERVED=timedelta(0)),
        ["useraccounts.W051"],
    ),
    *(
        (f"any {part}", {f"DATA_UPLOAD_MAX_{part}": None}, ["useraccounts.W052"])
        for part in ("MEMORY_SIZE", "NUMBER_FIELDS", "NUMBER_FILES")
    ),
    ("waiting for mail", accounts(MAIL_DELIVERY="immediate"), ["useraccounts.W053"]),
    ("names of any alphabet", accounts(UNICODE_USERNAMES=True), ["useraccounts.W054"]),
    (
        "sessions for years",
        accounts(SESSIONS={"MAX_AGE": timedelta(days=91)}),
        ["useraccounts_sessions.W002"],
    ),
    (
        "unused sessions",
        accounts(SESSIONS={"IDLE_MAX_AGE": timedelta(days=31)}),
        ["useraccounts_sessions.W003"],
    ),
    (
        "logins untold",
        accounts(SESSIONS={"TELL_NEW_DEVICE": False}),
        ["useraccounts_sessions.W004"],
    ),
    (
        "accounts by address",
        accounts(SOCIAL={**providers()["USERACCOUNTS"]["SOCIAL"], "CONNECT_BY_EMAIL": True}),
        ["useraccounts_social.W005"],
    ),
    ("any address", providers(DOMAINS=["*"]), ["useraccounts_social.W006"]),
    (
        "play money",
        accounts(
            MEMBERSHIPS={"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
        ),
        ["useraccounts_memberships.W002"],
    ),
]
