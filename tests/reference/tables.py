"""The models and their columns."""

from django.apps import apps
from django.db.models import Field

from tests.reference.writing import code, heading, table

PACKAGE = "django_useraccounts"


def columns() -> str:
    """Return the columns of each model, core first."""
    parts = []
    for config in apps.get_app_configs():
        if config.name.partition(".")[0] != PACKAGE:
            continue
        for model in config.get_models():
            rows = [(code(field.name), _kind(field), _words(field)) for field in _own(model)]
            parts += [
                heading(model.__name__, "~"),
                f".. autoclass:: {model.__module__}.{model.__name__}\n",
                table(("Column", "Kind", "Called"), (28, 44, 28), rows),
            ]
    return "\n".join(parts)


def _own(model: type) -> list["Field[object, object]"]:
    meta = model._meta  # type: ignore[attr-defined]
    return [*meta.fields, *meta.many_to_many]


def _kind(field: "Field[object, object]") -> str:
    base = type(field)
    # Columns of ours say by their class what Django's does not know.
    while base.__module__.startswith(PACKAGE):
        base = base.__mro__[1]
    words = [code(base.__name__)]
    if field.related_model:
        words.append(f"to {code(field.related_model.__name__)}")  # type: ignore[union-attr]
    words += [word for word, holds in (("unique", field.unique), ("null", field.null)) if holds]
    return ", ".join(words)


def _words(field: "Field[object, object]") -> str:
    return str(field.verbose_name)
