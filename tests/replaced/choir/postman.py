"""The choir's own way to send mail."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

#: What the postman has carried, for the tests to see.
carried: list[EmailMessage] = []


class Postman(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        carried.extend(email_messages)
        return len(email_messages)
