"""How the book is built: ``make docs``."""

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.test_settings")

import django  # noqa: E402  # after the path
from sphinx.application import Sphinx  # noqa: E402

django.setup()

project = "django_useraccounts"
author = "The django_useraccounts authors"
project_copyright = author
version = release = version_of(project)

extensions = ["plain_links", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
highlight_language = "python"
# A reference that leads nowhere is a warning, and make docs fails of one. The build asks no other
# site, so what belongs to Django or to Python is known by name only.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!django_useraccounts).*"),
    # What stands in for a type, what is nobody's to use, and what Stripe has told the webhook.
    ("py:.*", r"django_useraccounts[\w.]*\.(?:[A-Z]|_\w+)"),
    ("py:class", r"django_useraccounts\.memberships\.stripe\.events\.Event"),
]
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"User accounts {release}"
html_show_sphinx = False
html_copy_source = False


def without_anything(*details: object) -> tuple[str, None] | None:
    """Leave out the arguments of a class that takes any, such as a model: they tell nothing."""
    *_what, arguments, _result = details
    return ("", None) if arguments == "(*args, **kwargs)" else None


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-signature", without_anything)
