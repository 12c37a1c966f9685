"""What people read is marked for translation, whole; what only developers read is not."""

import ast
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

import django_useraccounts

pytestmark = pytest.mark.one_database

PACKAGE = Path(django_useraccounts.__file__).parent
TEMPLATES = sorted(p for p in PACKAGE.rglob("templates/**/*") if p.suffix in {".html", ".txt"})
#: Letters in templates that are no words: a class of the page, the end of a file's name.
NO_WORDS = {"app- model-", ".json"}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts)
#: Attributes of HTML that browsers show or read out.
READ_OUT = {"alt", "title", "placeholder", "aria-label", "aria-description", "label"}
#: What marks a text, and how many of its first arguments are texts.
MARKS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1}
MARKS |= {"ngettext": 2, "ngettext_lazy": 2, "pgettext": 2, "pgettext_lazy": 2, "npgettext": 3}
#: Names of arguments and attributes whose text is shown.
SHOWN = {"label", "help_text", "verbose_name", "verbose_name_plural", "description", "empty_label"}
SHOWN |= {"sentence", "success_message", "search_help_text", "short_description", "title"}
#: Errors that only who writes code or runs commands meets.
FOR_DEVELOPERS = {"ImproperlyConfigured", "CommandError", "TypeError", "RuntimeError"}


parsed = cache(ast.parse)


def unmarked_in(template):
    """Return the text of a template that would be the same in every language."""
    seen, skipping = [], None
    for token in Lexer(template).tokenize():
        first, *more = token.contents.split() if token.token_type == TokenType.BLOCK else ("",)
        if skipping:
            skipping = None if first == f"end{skipping}" else skipping
        elif first in {"blocktranslate", "comment"}:
            skipping = first
        elif token.token_type == TokenType.TEXT:
            seen.append(token.contents)
        elif first == "include":
            # What is handed on with a space or a capital letter is text; names and paths are not.
            seen += re.findall(r'=("[^"]*[A-Z ][^"]*")', " ".join(more))
    return _words("".join(seen))


def _words(html):
    found = []

    class Reader(HTMLParser):
        hidden = False

        def handle_starttag(self, tag, attrs):
            self.hidden = tag in {"style", "script"}
            shown = READ_OUT | (
                {"value"} if tag == "input" and ("type", "submit") in attrs else set()
            )
            found.extend(value or "" for name, value in attrs if name in shown)

        def handle_endtag(self, tag):
            self.hidden = False

        def handle_data(self, data):
            found.append("" if self.hidden else data)

    reader = Reader()
    reader.feed(html)
    reader.close()
    texts = [text.strip() for text in found if re.search(r"[^\W\d_]", text)]
    return [text for text in texts if text not in NO_WORDS]


def calls_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            name = node.func.attr if isinstance(node.func, ast.Attribute) else name
            yield name, node


def is_text(node):
    """Say whether it is a text that somebody reads: an f-string, or with a space or a capital."""
    if isinstance(node, ast.JoinedStr):
        return any(is_text(part) or _is_word(part) for part in node.values)
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return constant and bool(re.search(r"\w[ ]\w|^[A-Z]", node.value))


def _is_word(part):
    return isinstance(part, ast.Constant) and bool(re.search(r"[A-Za-z]{2}", part.value))


def unmarked_of(module):
    """Return the lines where a text is shown that is not marked."""
    lines = []
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.keyword) and node.arg in SHOWN and is_text(node.value):
            lines.append(node.value.lineno)
        elif isinstance(node, ast.Assign) and is_text(node.value):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            lines += [node.lineno] if names & SHOWN else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            is_shown = node.func.id in {"ValidationError", "MenuEntry"}
            lines += [node.lineno] if is_shown and any(map(is_text, node.args)) else []
    return lines


def lost_in(module):
    """Return the lines whose mark the extraction does not see: of no literal, or in an f-string."""
    tree = parsed(module)
    in_f_strings = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for inner in ast.walk(node)
    }
    return [
        node.lineno
        for name, node in calls_in(tree)
        if name in MARKS
        and (
            id(node) in in_f_strings
            or not all(isinstance(text, ast.Constant) for text in node.args[: MARKS[name]])
        )
    ]


def marked_for_developers_in(module):
    """Return the lines where an error for developers is marked."""
    return [
        node.lineno
        for name, node in calls_in(parsed(module))
        if name in FOR_DEVELOPERS
        and any(isinstance(inner, ast.Call) and _marks(inner) for inner in ast.walk(node))
    ]


def _marks(call):
    return isinstance(call.func, ast.Name) and call.func.id in MARKS


def _name(path):
    return str(path.relative_to(PACKAGE))


def test_all_text_of_the_templates_is_marked():
    found = {_name(path): unmarked_in(path.read_text()) for path in TEMPLATES}

    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    "template, unmarked",
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<a title="Hello">{% translate "Hello" %}</a>', ["Hello"]),
        ('<input type="submit" value="Go">', ["Go"]),
        ('{% include "a/b.html" with label="Go on" %}', ['"Go on"']),
        ("{% blocktranslate %}Hello <b>you</b>{% endblocktranslate %}, {{ name }}", []),
        ("{# Hello #}{% comment %}Hello{% endcomment %}<style>a { b: c }</style> · ", []),
        ("Hello {% translate 'you' %}", ["Hello"]),
    ],
)
def test_unmarked_text_is_found(template, unmarked):
    assert unmarked_in(template) == unmarked


def test_all_text_of_the_code_is_marked():
    # A provider is called by its own name in every language.
    modules = [path for path in MODULES if path.parent.name != "providers"]
    found = {_name(path): unmarked_of(path.read_text()) for path in modules}

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert unmarked_of('CharField(label="Your name")') == [1]
    assert unmarked_of('sentence = "This is taken."') == [1]
    assert unmarked_of('raise ValidationError(f"{name} is taken.")') == [1]
    assert unmarked_of('CharField(label=_("Your name"))') == []


def test_every_mark_is_seen_by_the_extraction():
    found = {_name(path): lost_in(path.read_text()) for path in MODULES}

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert lost_in("f\" {_('and')} \"") == [1]
    assert lost_in("_(word)") == [1]


def test_what_only_developers_read_is_not_marked():
    found = {_name(path): marked_for_developers_in(path.read_text()) for path in MODULES}
    for path in MODULES:
        if {"checks", "management"} & {*path.relative_to(PACKAGE).with_suffix("").parts}:
            calls = calls_in(parsed(path.read_text()))
            found[_name(path)] += [node.lineno for name, node in calls if name in MARKS]

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert marked_for_developers_in('ImproperlyConfigured(_("No."))') == [1]
