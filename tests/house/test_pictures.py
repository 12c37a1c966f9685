"""The pictures of docs/architecture.rst are current, whole, and told in words."""

from xml.etree import ElementTree

import pytest
from docutils import nodes

from tests.house import test_imports as table
from tests.pictures import FOLDER, PICTURES, WIDTH
from tests.readme import document

pytestmark = pytest.mark.one_database

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str) -> ElementTree.Element:
    return ElementTree.fromstring(PICTURES[name]())


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_current(name: str) -> None:
    kept = (FOLDER / name).read_text()

    assert kept == PICTURES[name](), "python -m tests.pictures"


@pytest.mark.parametrize("name", PICTURES)
def test_it_says_what_it_shows(name: str) -> None:
    picture = drawn(name)

    assert picture.get("role") == "img"
    told = [
        picture.find(f"{SVG}*[@id='{word}']") for word in picture.get("aria-labelledby").split()
    ]
    assert len(told) == 2 and all(part.text for part in told)


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_stands_out_of_it(name: str) -> None:
    picture = drawn(name)
    height = float(picture.get("viewBox").split()[-1])

    for box in picture.iter(f"{SVG}rect"):
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert 0 <= x <= x + float(box.get("width")) <= WIDTH
        assert 0 <= y <= y + float(box.get("height")) <= height
    for text in picture.iter(f"{SVG}text"):
        half = 4 * len(text.text)
        left = {None: 0, "middle": half, "end": 2 * half}[text.get("text-anchor")]
        assert 0 <= float(text.get("x")) - left <= float(text.get("x")) - left + 2 * half <= WIDTH


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_told_beside_it_too(name: str) -> None:
    images = document("docs/architecture.rst", level=2).findall(nodes.image)
    told = {image["uri"]: image.get("alt", "") for image in images}

    assert len(told[f"pictures/{name}"]) > 20


def test_the_house_has_every_name_and_every_way() -> None:
    picture = drawn("house.svg")

    words = " ".join(text.text for text in picture.iter(f"{SVG}text")).split()
    everybody = table.LEVEL_0 | table.LEVEL_1 | set(table.ROOMS) | table.OPTIONAL | table.LEVEL_4
    assert everybody <= set(words)
    ways = [path[0].text for path in picture.iter(f"{SVG}path") if len(path)]
    imports = [f"{name} imports {other}" for name in table.ROOMS for other in table.ROOMS[name]]
    assert sorted(way for way in ways if " imports " in way) == sorted(imports)
    assert ways.count("imports go down") == 4
