"""What every page of the choir can show."""

from django.http import HttpRequest

from .templatetags.choir import next_rehearsal


def rehearsal(request: HttpRequest) -> dict[str, str]:
    return {"rehearsal": next_rehearsal()}
