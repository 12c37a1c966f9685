"""What the templates of the guild need beside Django's own tags."""

from django import template
from django.urls import ResolverMatch

from django_useraccounts.guards import guard_of

from ..doors import source_of

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
