"""For templates: ask for roles, show menus, buttons and fields, and the other ways to log in."""

import re
from collections.abc import Mapping
from typing import Any

from django import template
from django.forms.boundfield import BoundField, BoundWidget
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from .. import guards
from ..policy import policy
from ..requirements import Requirement
from ..room import rooms
from ..views import is_account_page, safe_next, with_next

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
    html = conditional_escape(text)
    # Not inside of a tag.
    kept = re.sub(r"\b\w-\w(?![^<>]*>)", r'<span class="ua-word">\g<0></span>', html)
    return mark_safe(kept)  # noqa: S308 - escaped above


@register.inclusion_tag("useraccounts/account_menu.html", takes_context=True)
def account_menu(context: Any) -> dict[str, Any]:
    """Show links to the pages of the own account: what the installed rooms put into the menu."""
    return {"entries": _menu_entries(context["request"])}


@register.inclusion_tag("useraccounts/user_menu.html", takes_context=True)
def user_menu(context: Any) -> dict[str, Any]:
    """
    Show on any page who is logged in, the pages of the own account, and a button to log out.

    A stranger is led to log in and to register, and back to this page. Empty without a request, as
    on a page that tells of an outage. It costs no query but that for the user of the session.
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None:
        return {}
    if user.is_authenticated:
        return {"user": user, "entries": _menu_entries(request, asking=False)}
    next_url = _where_to_return(context, request)
    is_open = policy().may_register(request=request)
    return {
        "login_url": with_next(reverse("useraccounts:login"), next_url),
        "register_url": with_next(reverse("useraccounts:register"), next_url) if is_open else "",
    }


def _menu_entries(request: HttpRequest, *, asking: bool = True) -> list[tuple[str, Any, bool]]:
    """Return path and label of each page, and whether it is the one that is shown."""
    user = request.user
    if not user.is_authenticated:
        return []
    entries = [
        entry for room in rooms() for entry in room.menu if asking or not entry.asks_database
    ]
    # By path: a view that a project has put in the place of ours has another name.
    return [(e.url, e.label, e.url == request.path) for e in entries if e.is_for(user)]


def _where_to_return(context: Any, request: HttpRequest) -> str:
    """Return where a stranger goes on after the login: this page, or where this one would lead."""
    match = request.resolver_match
    if match is None or request.method != "GET":
        return ""
    if is_account_page(match):
        return str(context.get("next") or "")
    return safe_next(request.get_full_path())


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


@register.simple_block_tag(takes_context=True)
def button(
    context: Any,
    content: str,
    *,
    look: str = "primary",
    to: str | None = None,
    arg: Any = None,
    next: str = "",  # noqa: A002 - as in the context of the pages
    name: str = "",
    value: str = "",
) -> SafeString:
    """
    Show a button as all pages have it: ``{% button %}{% translate "Save" %}{% endbutton %}``.

    It sends the form around it, with ``name`` and ``value`` if it has them. With ``to``, the name
    of a URL with at most one ``arg``, or a path, it is a link, which takes ``next`` along. Its look
    is "primary", "secondary", "danger", "quiet" or "link"; ``useraccounts/button.html`` shows it.
    """
    url = None if to is None else with_next(_resolve(to, arg), next)
    element = context.template.engine.get_template("useraccounts/button.html")
    shown = {"label": mark_safe(content.strip()), "look": look, "url": url}  # noqa: S308 - rendered
    with context.push(**shown, name=name, value=value):
        rendered: SafeString = element.render(context)
    return rendered


def _resolve(to: str, arg: Any) -> str:
    # No path at all is the page itself.
    is_path = not to or "/" in to
    return to if is_path else reverse(to, args=[] if arg is None else [arg])


@register.simple_tag
def widget(field: BoundField | BoundWidget, *, error_class: str = "", **attrs: str) -> SafeString:
    """
    Show the input of a field with more attributes: ``{% widget field class="form-control" %}``.

    A class stands beside those that the field has by itself, and ``error_class`` beside them when
    its value is refused. One choice of several is shown as well:
    ``{% for choice in field %}{% widget choice class="form-check-input" %}{% endfor %}``.
    """
    if isinstance(field, BoundWidget):
        own = field.data["attrs"]
        one = {**field.data, "attrs": {**own, **attrs, **_classes(own, attrs)}}
        return BoundWidget(field.parent_widget, one, field.renderer).tag()
    refused = {"class": error_class} if error_class and field.errors else {}
    return field.as_widget(attrs={**attrs, **_classes(field.field.widget.attrs, attrs, refused)})


def _classes(*given: Mapping[str, Any]) -> dict[str, str]:
    classes = [str(attrs["class"]) for attrs in given if attrs.get("class")]
    return {"class": " ".join(classes)} if classes else {}
