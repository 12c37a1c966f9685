"""Views and forms, as the URLs lead to them."""

from collections.abc import Iterator
from typing import Any

from django.forms import BaseForm
from django.urls import URLPattern, URLResolver, get_resolver

from tests.reference.writing import code, first_sentence, table

PACKAGE = "django_useraccounts."


def patterns() -> Iterator[URLPattern]:
    """Yield the URLs of the accounts, without those that the project of the tests puts there."""
    for found in _below(get_resolver("django_useraccounts.urls")):
        if found.lookup_str.startswith(PACKAGE):
            yield found


def _below(resolver: URLResolver) -> Iterator[URLPattern]:
    for found in resolver.url_patterns:
        if isinstance(found, URLResolver):
            yield from _below(found)
        else:
            yield found


def views() -> str:
    """Return each page by its URL name: the class, the form, the template."""
    rows = []
    for pattern in patterns():
        view = _view_of(pattern)
        form, template = getattr(view, "form_class", None), getattr(view, "template_name", None)
        words = [f"{code(_path(view))}: {_sentence(view)}"]
        if form:
            words.append(f"Form: {code(form.__name__)}.")
        if template:
            words.append(f"Template: {code(template)}.")
        rows.append((code(pattern.name), " ".join(words)))
    return table(("URL name", "The view"), (26, 74), rows)


def forms() -> str:
    """Return each form, its fields and the pages that show it."""
    shown: dict[type[BaseForm], list[str]] = {}
    for pattern in patterns():
        form = getattr(_view_of(pattern), "form_class", None)
        if form:
            shown.setdefault(form, []).append(str(pattern.name))
    rows = [
        (
            f"{code(_path(form))}: {_sentence(form)}",
            code(*form.base_fields),  # type: ignore[attr-defined]
            code(*names),
        )
        for form, names in sorted(shown.items(), key=lambda item: _path(item[0]))
    ]
    return table(("Form", "Fields", "Pages"), (50, 27, 23), rows)


def _view_of(pattern: URLPattern) -> Any:
    return getattr(pattern.callback, "view_class", pattern.callback)


def _path(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}".removeprefix(PACKAGE)


def _sentence(thing: Any) -> str:
    # A class without words of its own would tell those of Django's.
    return (
        first_sentence(thing)
        if thing.__dict__.get("__doc__") or not isinstance(thing, type)
        else ""
    )
