"""The message of a mail: its texts in the language of its reader, and its headers."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import translation
from django.utils.crypto import salted_hmac

from . import compat
from .canonical import email_key, shown_email
from .models import AbstractUser, OutgoingMail
from .policy import policy
from .secrets import CONFIRM_EMAIL, link_of

#: What django-anymail passes on to the provider, in the order in which we can do without it: no
#: link is rewritten and no picture counts readers; events tell by which mail they came about.
HINTS = (("track_clicks", "track_opens"), ("tags", "metadata"))


def compose(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return the message of a mail as it is sent: subject, text and HTML from its templates."""
    folder = f"useraccounts/mails/{mail.kind}"
    language, prefix = _language(mail.user, mail.language), urlsplit(mail.base_url).path
    with translation.override(language), _script_prefix(prefix):
        context = _context(mail)
        # A line break in a subject would start another header; names of sites may hold anything.
        subject = " ".join(render_to_string(f"{folder}/subject.txt", context).split())
        # What templates leave out leaves empty lines.
        body = render_to_string(f"{folder}/body.txt", context)
        message = EmailMultiAlternatives(
            subject=subject,
            body=re.sub(r"\n{3,}", "\n\n", body).strip() + "\n",
            from_email=policy().mail_sender(mail.kind),
            to=[mail.to],
            headers={"Auto-Submitted": "auto-generated"},  # RFC 3834: answer not, out of office
        )
        _identify(message, mail)
        message.attach_alternative(render_to_string(f"{folder}/body.html", context), "text/html")
    return message


def _identify(message: EmailMultiAlternatives, mail: OutgoingMail) -> None:
    """
    Name the mail by its row, the same at every attempt: who gets it twice can tell.

    By RFC 5322, 3.6.4, in the domain of the sender; providers give names of their own.
    """
    if compat.sends_by_anymail():
        hints = {"track_clicks": False, "track_opens": False, "tags": [mail.kind]}
        vars(message).update(hints, metadata={"useraccounts_mail": str(mail.pk)})
        return
    row = f"{mail.pk}|{mail.created_at.isoformat()}"
    name = salted_hmac("django_useraccounts.message", row, algorithm="sha256").hexdigest()[:32]
    sender = parseaddr(message.from_email)[1]
    domain = email_key(sender).rpartition("@")[2] or urlsplit(mail.base_url).hostname
    message.extra_headers["Message-ID"] = f"<{name}@{domain}>"


def in_language_of(user: AbstractUser) -> AbstractContextManager[None]:
    """Speak as mails to ``user`` do: for words that become part of one, or are read like one."""
    return translation.override(_language(user, translation.get_language() or ""))


def _language(user: AbstractUser | None, moment: str) -> str | None:
    """Return the language of the reader, else of the moment, as far as the site has it."""
    kept = policy().language(user) if user else ""
    for code in filter(None, (kept, moment)):
        with suppress(LookupError):
            return translation.get_supported_language_variant(code)
    return None


def _context(mail: OutgoingMail) -> dict[str, object]:
    parts = urlsplit(mail.base_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    secret = mail.secret
    is_open = policy().may_register(request=None)
    link, hours = "", 0
    if secret:
        link = origin + reverse(f"useraccounts:{secret.purpose}", args=[str(link_of(secret))])
        hours = round((secret.expires_at - mail.created_at) / timedelta(hours=1))
    return {
        "site_name": mail.site_name,
        "origin": origin,
        "email": shown_email(mail.to),
        "about": shown_email(mail.about),
        "what": mail.what,
        "written": mail.created_at,
        "grant": mail.grant,
        "user": mail.user,
        "name": _name(mail),
        "is_proved": bool(secret and secret.address and secret.address.is_confirmed),
        # Whose link it is, until when, and what it brings about.
        "secret": secret,
        "link": link,
        "link_hours": hours,
        "link_days": hours // 24,
        "login_url": origin + reverse("useraccounts:login"),
        "register_url": origin + reverse("useraccounts:register") if is_open else "",
        "forgot_password_url": origin + reverse("useraccounts:forgot_password"),
        "resend_confirmation_url": origin + reverse("useraccounts:resend_confirmation"),
    }


def _name(mail: OutgoingMail) -> str:
    """
    Return what the reader is called, on one line, "" where nobody has proved the address yet.

    Else a stranger could have us mail words of his own to whom he likes.
    """
    if mail.user is None or (mail.secret and mail.secret.purpose == CONFIRM_EMAIL.name):
        return ""
    return " ".join((mail.user.first_name or mail.user.shown_username).split())[:60]


@contextmanager
def _script_prefix(prefix: str) -> Iterator[None]:
    """Resolve URLs as under the prefix of the request that wrote the mail; threads start at "/"."""
    before = get_script_prefix()
    set_script_prefix(prefix or "/")
    try:
        yield
    finally:
        set_script_prefix(before)
