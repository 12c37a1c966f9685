"""
Links between pages are written as a code host reads them: ```scaling <scaling.rst#size>`__``.

So every page is plain text that can be read, and followed, without a build. Here they become links
of the book, and one that leads nowhere, to no page or to no heading, is a warning, as for any other
reference.
"""

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Have the links of each page resolved when all pages are read."""
    app.connect("doctree-resolved", lead_to_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def lead_to_pages(app: Sphinx, tree: nodes.document, docname: str) -> None:
    """Lead every link of a page that names an ``.rst`` file to the page that is made of it."""
    pages = _pages_by_path(app.env)
    for link in tree.findall(nodes.reference):
        name, _, heading = link.get("refuri", "").partition("#")
        if not name.endswith(".rst") or ":" in name:
            continue
        target = pages.get(os.path.normpath(_folder_of(link, app.env) / name))
        if target is None:
            log.warning("no page is made of %s", name, location=link)
        elif heading and heading not in app.env.get_doctree(target).ids:
            log.warning("%s has no heading %s", name, heading, location=link)
        else:
            uri = app.builder.get_relative_uri(docname, target)
            link["refuri"] = f"{uri}#{heading}" if heading else uri
            link["internal"] = True
            if link.astext().endswith(".rst"):
                # The name of a file says nothing to whoever reads the book.
                link.children = [nodes.inline(text=app.env.titles[target].astext())]


def _pages_by_path(env: BuildEnvironment) -> dict[str, str]:
    """Return the pages by their files, and by those outside of ``docs`` that they include."""
    included = {
        os.path.normpath(Path(env.srcdir) / path): docname
        for docname, paths in env.dependencies.items()
        for path in paths
        if str(path).endswith(".rst")
    }
    return included | {str(env.doc2path(docname)): docname for docname in env.found_docs}


def _folder_of(link: nodes.Element, env: BuildEnvironment) -> Path:
    """Return where a link is written: in the file that is included, if there is one."""
    node: nodes.Node | None = link
    while node is not None and not node.source:
        node = node.parent
    source = (node.source if node else "") or ""
    return Path(source.partition(":docstring")[0]).resolve().parent
