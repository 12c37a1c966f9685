"""What an event of the audit trail is in words, for the person and for administrators alike."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .room import rooms

if TYPE_CHECKING:
    from .models import AccountEvent

#: Those of the ground floor and the core rooms, by the kind of event; an optional room has its own
#: on its AppConfig.
SENTENCES = {
    "account_adopted": gettext_lazy(
        "The account was moved here from the former accounts of the site."
    ),
    "account_closed": gettext_lazy("The account was closed."),
    "account_erased": gettext_lazy("The account was erased."),
    "account_pruned": gettext_lazy("The account was deleted: its address was never confirmed."),
    "account_reopened": gettext_lazy("The account was opened again."),
    "breach_check_failed": gettext_lazy(
        "A new password could not be compared with those known from data breaches."
    ),
    "email_added": gettext_lazy("The e-mail address %(address)s was added."),
    "email_change_undone": gettext_lazy(
        "By a mailed link, the e-mail addresses were put back to %(addresses)s, and the password "
        "was taken away."
    ),
    "email_confirmed": gettext_lazy("The e-mail address %(address)s was confirmed."),
    "email_disowned": gettext_lazy(
        "Whoever reads %(address)s said that this account is not theirs."
    ),
    "email_released": gettext_lazy(
        "The e-mail address %(address)s was confirmed for another account, since this one was "
        "closed for good."
    ),
    "email_removed": gettext_lazy("The e-mail address %(address)s was removed."),
    "email_undeliverable": gettext_lazy("No more mail goes to %(address)s: it does not arrive."),
    "emails_mended": gettext_lazy("What was stored about names and addresses was put in order."),
    "export_fetched": gettext_lazy("The data of the account was downloaded."),
    "export_requested": gettext_lazy("The data of the account was asked for."),
    "grants_exported": gettext_lazy("A list of who has which role was downloaded."),
    "handed_over": gettext_lazy(
        "The account was given to whoever has confirmed the e-mail address %(address)s, and what "
        "was on it before was taken away."
    ),
    "identity_confirmed": gettext_lazy("The identity was confirmed once more."),
    "identity_refused": gettext_lazy(
        "A wrong password was entered where it is asked for once more."
    ),
    "logged_in": gettext_lazy("Somebody logged in."),
    "logged_out": gettext_lazy("Somebody logged out."),
    "login_failed": gettext_lazy("Somebody tried to log in and was not let in."),
    "mail_let_through": gettext_lazy("Mail goes to %(address)s again."),
    "mail_sent_again": gettext_lazy("A mail to %(to)s was sent once more."),
    "password_changed": gettext_lazy("The password was changed."),
    "password_link_requested": gettext_lazy("Somebody asked for a link that sets a new password."),
    "password_link_sent": gettext_lazy("A link that sets a new password was mailed."),
    "password_reset": gettext_lazy("A new password was set by a mailed link."),
    "password_set": gettext_lazy("The first password was set."),
    "password_set_by_code": gettext_lazy("A new password was set by a program of the site."),
    "primary_email_changed": gettext_lazy("%(to)s became the primary e-mail address."),
    "profile_edited": gettext_lazy("The profile was edited."),
    "registered": gettext_lazy("The account was registered."),
    "rights_changed": gettext_lazy("Rights in the administration were changed."),
    "role_changed": gettext_lazy("The permissions of the role “%(role)s” were changed."),
    "role_deleted": gettext_lazy("The role “%(role)s” was deleted."),
    "role_extended": gettext_lazy("The role “%(role)s” was extended."),
    "role_granted": gettext_lazy("The role “%(role)s” was granted."),
    "role_made": gettext_lazy("The role “%(role)s” was made."),
    "role_renamed": gettext_lazy("The role “%(from)s” was renamed “%(to)s”."),
    "role_revoked": gettext_lazy("The role “%(role)s” was revoked."),
    "sessions_ended": gettext_lazy("All sessions were ended."),
    "superuser_made": gettext_lazy("The account was made, with all rights."),
    "switched_off": gettext_lazy("The account was switched off."),
    "switched_on": gettext_lazy("The account was switched on."),
    "terms_accepted": gettext_lazy("Version %(terms)s of the terms of service was accepted."),
    "user_added": gettext_lazy("The account was opened for its user."),
    "username_changed": gettext_lazy("The username was changed to “%(to)s”."),
}

#: Why nobody was let in, as the events have it.
REASONS = {
    "budget": gettext_lazy("there were too many attempts"),
    "inactive": gettext_lazy("the account is switched off"),
    "not_allowed": gettext_lazy("the password was right, but the rules of the site forbid it"),
    "unconfirmed": gettext_lazy("the password was right, but no e-mail address is confirmed"),
    "unknown": gettext_lazy("there is no such account"),
    "wrong_password": gettext_lazy("wrong password"),
}


def all_sentences() -> Mapping[str, Any]:
    """Return the sentences of all kinds of events that the installed rooms record."""
    return ChainMap(*(dict(room.sentences) for room in rooms()))


def sentence_of(event: "AccountEvent") -> str:
    """Return what was done, in the language of the reader; the kind itself for one of a project."""
    sentence = all_sentences().get(event.kind)
    return event.kind if sentence is None else str(sentence) % _Told(event.details)


class _Told(dict[str, Any]):
    """The details of an event as a sentence tells them."""

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "…")

    def __missing__(self, name: str) -> str:
        # Of somebody who is erased, the trail has forgotten it.
        return "…"


def facts_of(event: "AccountEvent") -> Iterator[str]:
    """Yield what belongs to the sentence: from when until when, by what, and why not."""
    told = event.details
    if since := told.get("since"):
        # Translators: in a line of facts: since when a role counts.
        yield _("from %(moment)s") % {"moment": _shown(since)}
    if until := told.get("until"):
        # Translators: in a line of facts: when a role ends.
        yield _("until %(moment)s") % {"moment": _shown(until)}
    elif "until" in told:
        # Translators: in a line of facts: a role has no end.
        yield _("for good")
    if counts_until := told.get("counts_until"):
        # Translators: in a line of facts: until when a role that has ended still counts.
        yield _("with grace until %(moment)s") % {"moment": _shown(counts_until)}
    if source := told.get("source"):
        # Translators: in a line of facts: by what a role was granted, such as "admin" or "stripe".
        yield _("source: %(source)s") % {"source": source}
    if reason := REASONS.get(str(told.get("reason"))):
        yield str(reason)


def _shown(told: object) -> str:
    try:
        moment: datetime | None = parse_datetime(told) if isinstance(told, str) else None
    except ValueError:
        moment = None
    if moment is None:
        # An event of a project may tell of other things by the same names.
        return str(told)
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return date_format(local, "DATETIME_FORMAT")
