"""What the templates of the guild need beside Django's own tags."""

from django import template
from django.template import RequestContext
from django.urls import ResolverMatch

from django_useraccounts.guards import guard_of

from ..doors import source_of
from ..places import ANYONE, Place

register = template.Library()


@register.filter
def source(match: ResolverMatch) -> str:
    """Return the code of the view that answers: ``{{ request.resolver_match|source }}``."""
    return source_of(match.func)


@register.filter
def asks(match: ResolverMatch) -> str:
    """Return the roles that the view asks for, in words, wherever its guard is written."""
    guard = guard_of(match.func)
    return str(guard.requirement or "") if guard else ""


@register.inclusion_tag("guild/go.html", takes_context=True)
def go(context: RequestContext, place: Place, verb: str, what: str) -> dict[str, object]:
    """
    Lead to a page as the person who is to see it: by a link, or by a form that logs in first.

    ``verb`` and the person are what the button says; ``what`` is added for those who hear it.
    """
    user = context["request"].user
    here = user.get_username() if user.is_authenticated else ""
    is_link = place.person in {ANYONE, here}
    return {"place": place, "verb": verb, "what": what, "is_link": is_link}
