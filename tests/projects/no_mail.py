"""A machine that has no mail server."""

from typing import NoReturn

from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    def send_messages(self, messages: object) -> NoReturn:
        raise ConnectionRefusedError("There is no mail server here.")
