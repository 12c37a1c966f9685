"""The pages of the docs can be read where they stand: each is valid, and each link leads somewhere."""

import doctest
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from docutils import nodes

from tests.readme import ROOT, document, pages

pytestmark = pytest.mark.one_database

#: Sites that a link of http is for: those of the machine that reads it.
LOCAL = {"127.0.0.1", "localhost"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def ids(page: str) -> set[str]:
    return {name for node in document(page).findall(nodes.Element) for name in node["ids"]}


def folder_of(node: nodes.Element) -> Path:
    """Return where a node is written: in the file that is included, if there is one."""
    while not node.source:
        node = node.parent
    return (ROOT / node.source).parent


@pytest.mark.parametrize("page", pages())
def test_it_is_valid_and_its_links_to_files_lead_to_a_file_and_a_heading(page: str) -> None:
    tree = document(page)

    assert tree.astext() or page.endswith("index.rst")
    for link in tree.findall(nodes.reference):
        name, _, heading = link.get("refuri", "").partition("#")
        if name and not urlsplit(name).scheme:
            target = (folder_of(link) / name).resolve()
            assert target.exists(), name
            if heading:
                assert heading in ids(target.relative_to(ROOT).as_posix()), link["refuri"]


@pytest.mark.parametrize("page", [p for p in pages() if "image::" in text_of(p)])
def test_its_pictures_are_there_and_say_what_they_show(page: str) -> None:
    for picture in document(page).findall(nodes.image):
        assert (ROOT / page).parent.joinpath(picture["uri"]).exists(), picture["uri"]
        assert len(picture.get("alt", "")) > 20


def test_links_to_other_sites_are_of_https_and_spelled_in_one_way() -> None:
    by_look: dict[str, set[str]] = {}
    # To parse all pages takes seconds.
    for page in (page for page in pages() if "://" in text_of(page)):
        for link in document(page).findall(nodes.reference):
            url = link.get("refuri", "")
            parts = urlsplit(url)
            if not parts.netloc or parts.hostname in LOCAL:
                continue
            assert parts.scheme == "https", f"{page}: {url}"
            look = re.sub(r"^www\.", "", f"{parts.netloc}{parts.path}".rstrip("/").lower())
            by_look.setdefault(f"{look}?{parts.query}#{parts.fragment}", set()).add(url)

    assert len(by_look) >= 10
    assert [sorted(spellings) for spellings in by_look.values() if len(spellings) > 1] == []


@pytest.mark.parametrize("page", [p for p in pages() if ">>> " in text_of(p)])
def test_its_examples_answer_as_they_say(page: str) -> None:
    failed, tried = doctest.testfile(str(ROOT / page), module_relative=False)

    assert tried
    assert failed == 0


def test_every_page_is_in_the_table_of_contents_of_the_book() -> None:
    # make docs says the same, with Sphinx, which tests do not need.
    listed = set()
    for page in (page for page in pages() if "toctree::" in text_of(page)):
        folder = Path(page).parent
        for block in re.findall(r"\.\. toctree::\n((?:   .*\n|\n)+)", text_of(page)):
            for entry in re.findall(r"^   ([\w/*-]+)$", block, re.MULTILINE):
                listed |= {
                    path.relative_to(ROOT).as_posix()
                    for path in (ROOT / folder).glob(f"{entry}.rst")
                }
    book = {page for page in pages() if page.startswith("docs/")}

    assert book - listed == {"docs/index.rst"}
