"""A mail server that writes down who gets mail, and takes its time."""

import os
import time
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend


class Lines(BaseEmailBackend):
    """Each mail is one line of a file; two processes may write it at once."""

    def send_messages(self, email_messages: Any) -> int:
        for message in email_messages:
            time.sleep(float(os.environ.get("MAIL_TAKES", "0.005")))
            name = message.extra_headers["Message-ID"]
            line = f"{os.getpid()} {message.to[0]} {name} {message.subject}\n"
            with open(os.environ["MAILS"], "a", encoding="utf-8") as file:
                file.write(line)
        return len(email_messages)
