"""What the templates of the guild need beside Django's own tags."""

from django import template
from django.urls import ResolverMatch

from ..doors import source_of

register = template.Library()


@register.filter
def source(match: ResolverMatch) -> str:
    """Return the code of the view that answers: ``{{ request.resolver_match|source }}``."""
    return source_of(match.func)
