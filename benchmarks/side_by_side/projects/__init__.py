"""What people do in each of the three projects, and the proof that it was done."""

from importlib import import_module
from typing import Any

from .base import Project


def project_of(kind: str, application: Any) -> Project:
    """Return one of the three; its apps have to be loaded."""
    made: Project = import_module(f"{__name__}.{kind}").Site(application)
    return made
