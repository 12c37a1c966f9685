"""For the mail that invites."""

from django import template
from django.utils.text import wrap

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Return a note for a mail of plain text: nobody takes its lines for those of the site."""
    return "\n".join(f"> {line}" for line in wrap(text, 66).splitlines())
