"""What every template of the choir can show, those of mails included."""

from django import template

register = template.Library()


@register.simple_tag
def next_rehearsal() -> str:
    return "Thursday at seven"
