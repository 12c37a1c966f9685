"""For the mail that invites."""

from django import template
from django.utils.text import wrap

from ..models import looks_like_link

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Return a note for a mail of plain text: nobody takes its lines for those of the site."""
    return "\n".join(f"> {line}" for line in wrap(text, 66).splitlines())


@register.filter
def unless_link(name: str) -> str:
    """Return the name of who invites, "" for one that mail programs make a link of."""
    return "" if looks_like_link(name) else name
