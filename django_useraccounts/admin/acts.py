"""What an action of a list does: the same flow with each of the rows that were ticked."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from ..errors import AccountError
from .bases import ModelAdmin


def act_on_each(
    model_admin: ModelAdmin,
    request: HttpRequest,
    rows: Iterable[Any],
    flow: Callable[..., object],
    *,
    done: Callable[[int], str],
) -> None:
    """
    Call ``flow`` with each row, and tell of every one with which it cannot be done.

    ``done`` returns the sentence about how many it was done with.
    """
    number = 0
    for row in rows:
        try:
            flow(row, by=request.user, request=request)
            number += 1
        except AccountError as error:
            model_admin.message_user(request, f"{row}: {error.messages[0]}", messages.ERROR)
    if number:
        model_admin.message_user(request, done(number), messages.SUCCESS)
