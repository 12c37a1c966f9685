"""What the accounts themselves hold of a person; registered like that of any other app."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.db.models import CharField, Model, Q, Value
from django.db.models.functions import Concat

from ..models import (
    AbstractUser,
    AccountEvent,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    RoleGrant,
    UserEmail,
)
from ..undeliverable import with_trouble

#: About how many rows one statement looks for entries of a log, which no index finds.
TOGETHER = 500
#: What an account says of its user. No hash, no number of sessions, and nothing of the project's
#: own but what people edit themselves: it may hold secrets.
_COLUMNS = {
    *("username", "email", "first_name", "last_name", "date_joined", "last_login", "language"),
    *("is_active", "is_staff", "is_superuser", "terms_version", "terms_accepted_at"),
}


def account_of(user: AbstractUser) -> Mapping[str, object]:
    names = _COLUMNS.union(user.PROFILE_FIELDS)
    columns = [field for field in user._meta.concrete_fields if field.name in names]
    values: dict[str, Any] = {field.name: field.value_from_object(user) for field in columns}
    # A file by its name; everything else is for the writer of the JSON.
    files = {name: str(value) for name, value in values.items() if hasattr(value, "storage")}
    return {"id": user.pk, **values, **files}


def addresses_of(user: AbstractUser) -> list[object]:
    return [
        {
            "address": row.email,
            "primary": bool(row.is_primary),
            "added": row.created_at,
            "confirmed": row.confirmed_at,
            "trouble": getattr(row, "trouble", None),
        }
        for row in with_trouble(UserEmail.objects.filter(user=user)).order_by("pk")
    ]


def forget_addresses(user: AbstractUser) -> None:
    OneTimeSecret.objects.filter(user=user).delete()
    UserEmail.objects.filter(user=user).delete()


def usernames_of(user: AbstractUser) -> list[object]:
    rows = OldUsername.objects.filter(user=user).order_by("pk")
    # A key is the name in Punycode.
    names = [(row.username_key.encode().decode("punycode"), row.released_at) for row in rows]
    return [{"username": name, "reserved_until": released_at} for name, released_at in names]


def forget_usernames(user: AbstractUser) -> None:
    """Keep the names from others for a while, without a word whose they were."""
    if user.username_key:
        OldUsername.objects.retire(user)
    OldUsername.objects.filter(user=user).update(user=None)


def roles_of(user: AbstractUser) -> list[object]:
    return [
        {
            "role": grant.role.name,
            "label": grant.role.label,
            "granted": grant.granted_at,
            "from": grant.starts_at,
            "until": grant.ends_at,
            "counts_until": grant.counts_until,
            "source": grant.source,
            "reason": grant.reason,
        }
        for grant in RoleGrant.objects.filter(user=user).select_related("role").order_by("pk")
    ]


def end_roles(user: AbstractUser) -> None:
    """End what is in force, and leave the history of a pseudonym, without what people wrote."""
    grants = RoleGrant.objects.filter(user=user)
    grants.end()
    grants.update(reason="")


def mails_of(user: AbstractUser) -> list[object]:
    """Return the mails, but links that prove an address, or undo its end, only if it is proved."""
    # What is written to others depends on whether somebody else has proved it: nothing tells that.
    proved = UserEmail.objects.confirmed().filter(user=user).values("email")
    rows = OutgoingMail.objects.filter(user=user).order_by("pk")
    rows = rows.exclude(~Q(to__in=proved), kind__in=("confirm_email", "email_removed"))
    return [
        {"kind": row.kind, "to": row.to, "written": row.created_at, "sent": row.sent_at}
        for row in rows
    ]


def forget_mails(user: AbstractUser) -> None:
    """Delete also what went to a proved address as to a stranger, such as an invitation."""
    # Not to a claim: that is somebody else's address, as far as anybody knows.
    texts = list(UserEmail.objects.confirmed().filter(user=user).values_list("email", flat=True))
    OutgoingMail.objects.filter(Q(user=user) | Q(user=None, to__in=texts)).delete()


def events_of(user: AbstractUser) -> list[object]:
    return [
        {
            "what": event.kind,
            "when": event.at,
            # Where an administrator sat is not the person's to know.
            "from": event.client_address if event.actor_id in {None, user.pk} else None,
            "by_yourself": event.actor_id == user.pk,
            "details": event.details,
        }
        for event in AccountEvent.objects.filter(user=user).order_by("pk")
    ]


def scrub_events(user: AbstractUser) -> None:
    AccountEvent.objects.forget(user)


def scrub_admin_log(user: AbstractUser) -> None:
    scrub_log_about(type(user), [user.pk])


def scrub_log_about(model: type[Model], keys: Iterable[object]) -> None:
    """Leave in Django's log of the administration that rows were changed, not what they say."""
    if apps.is_installed("django.contrib.admin"):
        entries = apps.get_model("admin", "LogEntry").objects.filter(
            content_type__app_label=model._meta.app_label,
            content_type__model=model._meta.model_name,
        )
        names = [str(key) for key in keys]
        number = Concat(Value("#"), "object_id", output_field=CharField())
        for some in range(0, len(names), TOGETHER):
            about = entries.filter(object_id__in=names[some : some + TOGETHER])
            about.update(object_repr=number, change_message="")
