"""What the page templates can say, and what of it was said: so that no state is forgotten."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.apps import apps
from django.template import engines
from django.template.base import Node
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

FOLDER = "templates/useraccounts"
#: Mails have pictures of their own, and what the administration shows stands in Django's pages.
OTHERS = ("mails", "admin")

#: A sentence by its template, its line there, and its words.
Place = tuple[str, int, str]


def page_templates() -> list[str]:
    """Return the names of all templates of the installed rooms that pages are made of."""
    folders = (
        Path(config.path) / FOLDER
        for config in apps.get_app_configs()
        if config.name.startswith("django_useraccounts")
    )
    paths = ((folder, path) for folder in folders for path in folder.rglob("*.html"))
    names = (path.relative_to(folder) for folder, path in paths)
    return sorted(f"useraccounts/{name}" for name in names if name.parts[0] not in OTHERS)


def sentences_of(names: Iterable[str]) -> set[Place]:
    """Return the places of all sentences that stand in templates."""
    templates = (engines["django"].get_template(name).template for name in names)
    return {_place(node) for template in templates for node in _nodes(template)}


@contextmanager
def listening() -> Iterator[set[Place]]:
    """Note the place of every sentence that is rendered meanwhile."""
    heard: set[Place] = set()

    def noting(kind: type[Node]) -> Any:
        render = kind.render

        def noting_render(node: Node, context: Any, *args: Any, **kwargs: Any) -> Any:
            heard.add(_place(node))
            return render(node, context, *args, **kwargs)

        return mock.patch.object(kind, "render", noting_render)

    with noting(TranslateNode), noting(BlockTranslateNode):
        yield heard


def _nodes(template: Any) -> Iterator[Node]:
    for kind in (TranslateNode, BlockTranslateNode):
        yield from template.nodelist.get_nodes_by_type(kind)


def _place(node: Any) -> Place:
    return node.origin.template_name, node.token.lineno, _text(node)


def _text(node: Any) -> str:
    if isinstance(node, TranslateNode):
        return str(node.filter_expression)
    return "".join(token.contents for token in node.singular)
