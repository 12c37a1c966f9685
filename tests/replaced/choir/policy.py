"""Who may come in, and how the choir writes."""

from typing import Literal

from django.conf import settings
from django.http import HttpRequest

from django_useraccounts.policy import RESERVED_USERNAMES, Policy

from .models import Singer


class ChoirPolicy(Policy):
    reserved_usernames = RESERVED_USERNAMES | {"conductor"}

    def may_register(self, *, request: HttpRequest | None) -> bool:
        return not settings.CHOIR_IS_FULL

    def may_log_in(self, user: Singer, *, request: HttpRequest | None) -> bool:
        return not user.on_leave

    def leaving(self, user: Singer) -> Literal["erase", "anonymise"]:
        return "anonymise" if user.voice == Singer.Voice.BASS else "erase"

    def mail_sender(self, kind: str) -> str | None:
        return "The Keeper <keeper@choir.example>" if kind == "email_removed" else None
