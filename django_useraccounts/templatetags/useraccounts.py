"""For templates: ask for roles, show the menu of the account, and the other ways to log in."""

import re
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from .. import guards
from ..requirements import Requirement
from ..room import rooms

register = template.Library()


@register.filter
def has_roles(user: Any, names: str | Requirement) -> bool:
    """
    Say whether the user has at least one of the roles: ``{% if user|has_roles:"artist,editor" %}``.

    All of several: ``{% if user|has_roles:"starving" and user|has_roles:"artist,programmer" %}``.
    A ``Requirement`` of the context can stand for the names. Strangers have no roles.
    """
    if not isinstance(names, Requirement):
        names = Requirement.any_of(*(name.strip() for name in names.split(",")))
    return names.matches(getattr(user, "role_names", frozenset()))


@register.filter
def may_visit(user: Any, url_name: str) -> bool:
    """
    Say whether the page of that URL is open to the user: ``{% if user|may_visit:"treasury" %}``.

    As ``guards.may_visit`` does, for a URL without arguments.
    """
    return guards.may_visit(user, url_name)


@register.filter
def unbroken(text: str) -> SafeString:
    """Keep the one letter before a hyphen on the line of its word: ``{% filter unbroken %}``."""
    kept = re.sub(r"\b\w-\w", r'<span class="ua-word">\g<0></span>', conditional_escape(text))
    return mark_safe(kept)  # noqa: S308 - escaped above


@register.inclusion_tag("useraccounts/account_menu.html", takes_context=True)
def account_menu(context: Any) -> dict[str, Any]:
    """Show links to the pages of the own account: what the installed rooms put into the menu."""
    user = context["request"].user
    if not user.is_authenticated:
        return {"entries": []}
    entries = [entry for room in rooms() for entry in room.menu if entry.is_for(user)]
    links = [(reverse(f"useraccounts:{entry.name}"), entry.label) for entry in entries]
    # By path: a view that a project has put in the place of ours has another name.
    here = context["request"].path
    return {"entries": [(url, label, url == here) for url, label in links]}


@register.simple_tag(takes_context=True)
def ways_in(context: Any, *, purpose: str = "") -> SafeString:
    """
    Show the other ways to log in that the installed rooms have: ``{% ways_in as other_ways %}``.

    Their templates see the page's context. ``purpose`` is "prove" where nobody logs in, but who is
    logged in shows once more who it is. Empty if there is no other way.
    """
    templates = [room.ways_in for room in rooms() if room.ways_in]
    engine = context.template.engine
    with context.push(purpose=purpose):
        ways = [engine.get_template(name).render(context) for name in templates]
    # Escaped by those templates. A room with nothing to show still leaves white space.
    return mark_safe("".join(ways).strip())  # noqa: S308
