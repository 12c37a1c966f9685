"""Whether a name that a page of the docs writes down exists: in this app, or in Django."""

import ast
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from functools import cache
from importlib.util import find_spec

from django.apps import apps
from django.conf import global_settings
from django.contrib.auth import get_user_model
from django.core.management import get_commands
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.loader import get_template
from django.urls import get_resolver
from django.utils.module_loading import import_string
from docutils import nodes

from django_useraccounts.conf import Conf
from django_useraccounts.policy import Policy
from django_useraccounts.room import Room
from tests.readme import ROOT

PACKAGE = ROOT / "django_useraccounts"


def is_known(name: str) -> bool:
    """Say whether a literal names something that is there."""
    return any(knows(name) for knows in _WAYS)


def misnamed(
    named: Collection[str],
    exceptions: Collection[str],
    *,
    is_there: Callable[[str], bool] = is_known,
) -> set[str]:
    """Return names of what is not there, and exceptions that are none: unnamed, or there by now."""
    wrong = {name for name in named if name not in exceptions and not is_there(name)}
    return wrong | {name for name in exceptions if name not in named or is_there(name)}


def literals(node: nodes.Node) -> Iterator[str]:
    """Yield what a part of a page has in double backticks."""
    for literal in node.findall(nodes.literal):
        yield " ".join(literal.astext().split())


def _is_page(name: str) -> bool:
    return name in _pages()


@cache
def _pages() -> frozenset[str]:
    names = get_resolver("django_useraccounts.urls").reverse_dict
    return frozenset(name for name in names if isinstance(name, str))


def _is_setting(name: str) -> bool:
    room = re.fullmatch(r'([A-Z]+)\["([A-Z_]+)"\]', name)
    if room:
        return room[2] in {field.name for field in fields(_rooms()[room[1]])}
    of_django = name.isupper() and hasattr(global_settings, name)
    return of_django or name in {field.name for field in fields(Conf)}


@cache
def _rooms() -> dict[str, type]:
    configs = [config.conf for config in apps.get_app_configs() if getattr(config, "conf", None)]
    return {conf.room: conf.kind for conf in configs}


def _is_attribute(name: str) -> bool:
    # Their own: those of every class say nothing.
    return not name.startswith("_") and name in {*vars(Policy), *vars(Room)}


def _is_template(name: str) -> bool:
    if not name.endswith((".html", ".txt")):
        return False
    for folder in ("", "mails/"):
        try:
            return bool(get_template(f"useraccounts/{folder}{name}"))
        except TemplateDoesNotExist:
            continue
    return False


def _is_mail(name: str) -> bool:
    return any(PACKAGE.glob(f"**/templates/useraccounts/mails/{name}/subject.txt"))


def _is_defined(name: str) -> bool:
    """Say whether a module of ours has a class, a function or a signal of this name."""
    return name in _definitions()


@cache
def _definitions() -> frozenset[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in found if not name.startswith("_"))


def _is_importable(name: str) -> bool:
    if not re.fullmatch(r"[\w.]+\.\w+", name):
        return False
    for path in (name, f"django_useraccounts.{name}"):
        try:
            import_string(path)
        except ImportError:
            continue
        return True
    return name.startswith("django_useraccounts.") and find_spec(name) is not None


def _is_of_the_user(name: str) -> bool:
    owner, _, attribute = name.rpartition(".")
    owners = {"user": get_user_model(), "User.objects": get_user_model().objects}
    return owner in owners and hasattr(owners[owner], attribute)


def _is_command(name: str) -> bool:
    command = name.removeprefix("manage.py ").split(" ")[0]
    return command in get_commands() and (name.startswith("manage.py ") or "useraccounts" in name)


def _is_tag(name: str) -> bool:
    try:
        engines["django"].from_string("{% load useraccounts %}" + name + "{% endif %}")
    except TemplateSyntaxError:
        return False
    return name.startswith("{% if ")


_WAYS = (
    _is_page,
    _is_setting,
    _is_attribute,
    _is_template,
    _is_mail,
    _is_defined,
    _is_importable,
    _is_of_the_user,
    _is_command,
    _is_tag,
)
