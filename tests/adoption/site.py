"""An old project in a folder of its own, and the page of the docs that leads it to the accounts."""

import re
import shutil
import textwrap
from pathlib import Path

from tests.following import Project
from tests.readme import page_blocks

HERE = Path(__file__).parent

#: What the old project adds to the settings of startproject.
SETTINGS = """
import os

from testproject.test_settings import database

DATABASES = {{"default": database({url!r})}}
INSTALLED_APPS += ["shop"]
DEBUG = False
ALLOWED_HOSTS = ["testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
#: What comes with the new release; a cheap hash, as passwords of the old one have.
TESTING = """
PASSWORD_HASHERS.append("django.contrib.auth.hashers.MD5PasswordHasher")
"""

#: The migration that adds the columns, and what makes the indexes where that one does not.
COLUMNS, INDEXES = "people/migrations/0002_accounts.py", "people/migrations/0003_keys.py"


class Site(Project):
    """The old project, with the old shop in it."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.run("-m", "django", "startproject", "mysite", ".")
        shutil.copytree(HERE / "shop", folder / "shop")
        self.append("mysite/settings.py", SETTINGS.format(url=url))

    def manage(self, *arguments: str, code: int = 0) -> str:
        """Run ``manage.py`` and return what it says; it has to end with ``code``."""
        return self.run("manage.py", *arguments, code=code)

    def shell(self, script: str, *, settings: str = "mysite.settings", code: int = 0) -> str:
        """Run a script in the project and return what it prints."""
        setup = "import django; django.setup()\n"
        run = (f"{setup}{textwrap.dedent(script)}",)
        return self.run("-c", *run, settings=settings, code=code).strip()

    def keep_release(self, name: str) -> str:
        """Keep the settings as they are now, for a process that has them still; name them."""
        settings = (self.folder / "mysite/settings.py").read_text()
        self.append(f"mysite/{name}.py", settings.replace("mysite.urls", "mysite.former_urls"))
        self.append("mysite/former_urls.py", "urlpatterns = []")
        return f"mysite.{name}"

    def follow(self, *, concurrently: bool = False) -> None:
        """Write the files of the page into the project; indexes as for PostgreSQL, or all at once."""
        for block in blocks("python"):
            head, _, code = block.partition("\n")
            (path,) = re.findall(r"^# ([\w/]+\.py)$", head)
            if path == COLUMNS and concurrently:
                code = code.replace("null=True, unique=True", "null=True")
                code = re.sub(r"db_index=True,\s+", "", code)
            if path != INDEXES or concurrently:
                self.append(path, code)
        for package in ("people", "people/migrations"):
            self.append(f"{package}/__init__.py", "")
        self.append("mysite/settings.py", TESTING)


def blocks(language: str) -> list[str]:
    """Return the blocks of the page in a language, in their order."""
    return page_blocks("docs/contrib_auth.rst", language)
