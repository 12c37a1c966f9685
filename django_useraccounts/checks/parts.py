"""The parts that a project puts together: user model, backends, middleware, rooms, templates."""

from collections.abc import Collection, Iterator
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group
from django.core import checks
from django.core.checks import CheckMessage
from django.db import DEFAULT_DB_ALIAS, router
from django.db.models import Field, Model
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.backends.django import DjangoTemplates
from django.template.loader import get_template
from django.utils.module_loading import import_string

from ..backends import AccountsBackend
from ..conf import conf
from ..models import AbstractUser
from ..personal_data import profile_fields
from ..room import rooms
from .database import all_models

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite

_BACKEND = "django_useraccounts.backends.AccountsBackend"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_USER_IN_TEMPLATES = "django.contrib.auth.context_processors.auth"
_TERMS = "useraccounts/terms/text.html"
_OUR_TEMPLATES = Path(__file__).parents[1] / "templates"
#: Fields of AbstractUser that flows write or ask the database for.
_NEEDED = (
    *("password", "email", "is_active", "is_staff", "is_superuser", "session_epoch"),
    *("erase_at", "terms_version", "terms_accepted_at", "last_login", "date_joined", "language"),
)

#: Columns that have flows of their own, or give rights.
_OWNED = {
    *("username", "email", "password", "last_login", "date_joined"),
    *("is_active", "is_staff", "is_superuser", "session_epoch"),
    *("erase_at", "terms_version", "terms_accepted_at"),
}


def user_model() -> Iterator[CheckMessage]:
    """Yield what is wrong with AUTH_USER_MODEL."""
    model = get_user_model()
    if issubclass(model, AbstractUser):
        yield from fields_of(model)
        return
    yield checks.Error(
        f"AUTH_USER_MODEL is {settings.AUTH_USER_MODEL!r}, which is no user of the accounts.",
        hint='Write AUTH_USER_MODEL = "useraccounts.User", or a subclass of '
        "django_useraccounts.models.AbstractUser.",
        id="useraccounts.E004",
    )


def administration() -> Iterator[CheckMessage]:
    """Yield what shows users or groups to staff, and does not call our flows."""
    if not apps.is_installed("django.contrib.admin"):
        return
    users = import_string("django_useraccounts.admin.UserAdmin")
    groups = import_string("django_useraccounts.admin.GroupAdmin")
    for site in import_string("django.contrib.admin.sites.all_sites"):
        yield from _administered(
            site,
            get_user_model(),
            "administers the users, and is no UserAdmin of the accounts: what is changed there is "
            "proved by nobody, told to nobody, and in no history.",
            by=users,
        )
        yield from _administered(
            site,
            Group,
            "administers the groups, and is no GroupAdmin of the accounts: whoever may change one "
            "there may give every permission to everybody, and no event tells of it.",
            by=groups,
        )


def _administered(
    site: "AdminSite", model: type[Model], problem: str, *, by: type
) -> Iterator[CheckMessage]:
    """Yield that a site administers a model, be it by a proxy, by another class than ours."""
    owns = [type(own) for shown, own in site._registry.items() if issubclass(shown, model)]
    for own in owns:
        if not issubclass(own, by):
            yield checks.Warning(
                f"{own.__module__}.{own.__qualname__} {problem}",
                hint=f"Inherit from django_useraccounts.admin.{by.__name__}.",
                id="useraccounts.W016",
            )


def fields_of(model: type[Model]) -> Iterator[CheckMessage]:
    """Yield the fields that a subclass of AbstractUser has taken away from itself."""
    has = {field.name for field in model._meta.fields}
    for name in _NEEDED:
        if name not in has:
            yield checks.Error(
                f'The user model {model._meta.label} has no field "{name}", which the accounts '
                "need.",
                hint=f'Take "{name} = …" out of the class {model.__name__}, so that it inherits '
                "the field of AbstractUser.",
                id="useraccounts.E010",
            )
    yield from _profile_fields(model)
    yield from _emptied_profiles(model)
    pair = {"username", "username_key"}
    if len(has & pair) == 1:
        (there,), (lacking,) = has & pair, pair - has
        yield checks.Error(
            f'The user model {model._meta.label} has the field "{there}" without "{lacking}".',
            hint=f"Write both into the class {model.__name__}, username = None and "
            "username_key = None, or neither.",
            id="useraccounts.E011",
        )


def _profile_fields(model: type[Model]) -> Iterator[CheckMessage]:
    """Yield what people may edit and the profile cannot save, or another flow owns."""
    editable = {f.name for f in model._meta.concrete_fields if f.editable} - _OWNED
    # A model without names need not say so twice.
    editable.update(AbstractUser.PROFILE_FIELDS)
    for name in getattr(model, "PROFILE_FIELDS", ()):
        if name not in editable:
            yield checks.Error(
                f'{model.__name__}.PROFILE_FIELDS has "{name}", which is no column that people may '
                "edit.",
                hint=f'Take "{name}" out of PROFILE_FIELDS; names, addresses, passwords and rights '
                "have flows of their own, and relations a page of yours.",
                id="useraccounts.E015",
            )


def _emptied_profiles(model: type[Model]) -> Iterator[CheckMessage]:
    """Yield what of the profile cannot be emptied, or not for a second account."""
    emptied = {field.name: field for field in profile_fields(model)}
    # NULL is like no other NULL, and a default that is called may be another one each time.
    alike = {name for name, field in emptied.items() if not (field.null or _calls_default(field))}
    for name in sorted(alike):
        if emptied[name].get_default() is None:
            yield checks.Warning(
                f"{model.__name__}.{name} is part of the profile, never NULL, and has no default: "
                "no account can be anonymised, or handed over.",
                hint=f'Write null=True, or a default, into the column "{name}".',
                id="useraccounts.W019",
            )
            alike.remove(name)
    unique = [{name} for name, field in emptied.items() if field.unique]
    unique += [set(rule.fields) for rule in model._meta.total_unique_constraints]
    for names in unique:
        columns = sorted(names & emptied.keys())
        if columns and alike.issuperset(columns):
            yield checks.Warning(
                f"{model.__name__}.{columns[0]} is part of the profile, unique, and never NULL: of "
                "two accounts that are anonymised, or handed over, only one can be emptied.",
                hint=f'Write null=True into the column "{columns[0]}".',
                id="useraccounts.W019",
            )


def _calls_default(field: "Field[Any, Any]") -> bool:
    return field.has_default() and callable(field.default)


def backends() -> Iterator[CheckMessage]:
    """Yield what is wrong with AUTHENTICATION_BACKENDS."""
    given = settings.AUTHENTICATION_BACKENDS
    if not any(is_subclass(path, AccountsBackend) for path in given):
        yield checks.Error(
            "AUTHENTICATION_BACKENDS has no backend of the accounts: nobody can log in by e-mail "
            "address, and logins are not limited.",
            hint=f'Write AUTHENTICATION_BACKENDS = ["{_BACKEND}"], or leave it out.',
            id="useraccounts.E005",
        )
        return
    for path in given:
        beside = (
            f"AUTHENTICATION_BACKENDS has {path.rpartition('.')[2]} beside that of the accounts"
        )
        taken = _taken_with_a_password(path)
        if "password" in taken:
            yield checks.Warning(
                f"{beside}: it lets in whom Policy.may_log_in refuses, does not count attempts, "
                "and makes every wrong password cost two hashes.",
                hint=f'Take "{path}" out: permissions and groups work without it. What gives '
                "permissions alone is derived from BaseBackend.",
                id="useraccounts.W008",
            )
        elif taken:
            yield checks.Warning(
                f"{beside}, and it takes whatever there is: if it asks for passwords, it lets in "
                "whom Policy.may_log_in refuses, and does not count attempts.",
                hint=f'Take "{path}" out if it asks for passwords. If it lets in by what a '
                "provider has sent alone, silence this check.",
                id="useraccounts.W045",
            )


def _taken_with_a_password(path: str) -> Collection[str]:
    """
    Return what a backend that knows nothing of our rules would take a password by: its parameters.

    None if it asks no users of Django's, or Django passes it over, since it takes no password.
    """
    if not is_subclass(path, ModelBackend) or is_subclass(path, AccountsBackend):
        return ()
    takes = signature(import_string(path).authenticate)
    try:
        return takes.bind(None, None, username="", password="").arguments.keys()
    except TypeError:
        return ()


def databases() -> Iterator[CheckMessage]:
    """Yield that accounts are written where the transactions of the flows do not reach."""
    ways = {(model._meta.app_label, router.db_for_write(model)) for model in all_models()}
    for label, alias in sorted(ways):
        if alias != DEFAULT_DB_ALIAS:
            yield checks.Error(
                f'DATABASE_ROUTERS has tables of {label} written to "{alias}": the flows begin '
                f'their transactions on "{DEFAULT_DB_ALIAS}", so what fails would be done by half.',
                hint=f'Call the database of the accounts "{DEFAULT_DB_ALIAS}" in DATABASES.',
                id="useraccounts.E023",
            )


def middleware() -> Iterator[CheckMessage]:
    """Yield what MIDDLEWARE lacks, and what stands in the wrong order there."""
    for path in (_SESSIONS, _AUTHENTICATION):
        if _position(path) is None:
            yield checks.Error(
                f"MIDDLEWARE has no {path.rpartition('.')[2]}.",
                hint=f'Add "{path}" to MIDDLEWARE.',
                id="useraccounts.E006",
            )
    for first, second in ((_SESSIONS, _AUTHENTICATION), (_AUTHENTICATION, _LOGIN_REQUIRED)):
        before, after = _position(first), _position(second)
        if before is not None and after is not None and after < before:
            early, late = settings.MIDDLEWARE[after], settings.MIDDLEWARE[before]
            yield checks.Error(
                f"MIDDLEWARE has {early.rpartition('.')[2]} before {late.rpartition('.')[2]}, "
                "without which it cannot work.",
                hint=f'Move "{late}" before "{early}".',
                id="useraccounts.E009",
            )


def _position(path: str) -> int | None:
    """Return where a middleware, or a subclass of it, stands first."""
    parent = import_string(path)
    places = (n for n, given in enumerate(settings.MIDDLEWARE) if is_subclass(given, parent))
    return next(places, None)


def needs() -> Iterator[CheckMessage]:
    """Yield the apps that rooms need and INSTALLED_APPS lacks."""
    for room in rooms():
        for name in room.needs:
            if not apps.is_installed(name):
                yield checks.Error(
                    f"{room.name} needs {name}.",
                    hint=f'Add "{name}" to INSTALLED_APPS.',
                    id="useraccounts.E008",
                )


def templates() -> Iterator[CheckMessage]:
    """Yield why the pages could not be shown."""
    try:
        engine = getattr(get_template("useraccounts/login/login.html"), "backend", None)
    except TemplateDoesNotExist:
        yield checks.Error(
            "TEMPLATES does not find the templates of the accounts.",
            hint='Write "APP_DIRS": True beside "BACKEND": '
            '"django.template.backends.django.DjangoTemplates" in TEMPLATES.',
            id="useraccounts.E012",
        )
        return
    except TemplateSyntaxError:
        return  # a template of the project's own, which Django tells of better
    if (
        isinstance(engine, DjangoTemplates)
        and _USER_IN_TEMPLATES not in engine.engine.context_processors
    ):
        yield checks.Error(
            'TEMPLATES has no context processor for "user", which the account pages show.',
            hint=f'Add "{_USER_IN_TEMPLATES}" to "context_processors" in the OPTIONS of TEMPLATES.',
            id="useraccounts.E013",
        )


def terms() -> Iterator[CheckMessage]:
    """Yield that people would have to accept a text that nobody has written."""
    try:
        origin = getattr(get_template(_TERMS), "origin", None)
    except (TemplateDoesNotExist, TemplateSyntaxError):
        return  # told by ``templates``, or by Django when the page is shown
    if conf.TERMS_VERSION and Path(getattr(origin, "name", "")).is_relative_to(_OUR_TEMPLATES):
        yield checks.Warning(
            'USERACCOUNTS has a TERMS_VERSION, and the template "useraccounts/terms/text.html" is '
            "the one without terms.",
            hint=f'Write your terms of service into a template "{_TERMS}" of your own.',
            id="useraccounts.W011",
        )


def is_subclass(path: str, parent: type) -> bool:
    """Say whether a dotted path names a class below ``parent``; what is no class is none."""
    try:
        return issubclass(import_string(path), parent)
    except (ImportError, TypeError):
        return False
