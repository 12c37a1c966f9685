"""Ask for roles in templates."""

from typing import Any

from django import template

from ..requirements import Requirement

register = template.Library()


@register.filter
def has_roles(user: Any, names: str) -> bool:
    """
    Say whether the user has at least one of the roles: ``{% if user|has_roles:"artist,editor" %}``.

    All of several: ``{% if user|has_roles:"starving" and user|has_roles:"artist,programmer" %}``.
    Strangers have no roles.
    """
    requirement = Requirement.any_of(*(name.strip() for name in names.split(",")))
    return requirement.matches(getattr(user, "role_names", frozenset()))
