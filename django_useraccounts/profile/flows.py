"""Change what an account is called, and what it says of its user."""

from collections.abc import Mapping
from copy import copy

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from .. import signals
from ..canonical import Name, clean_username
from ..emails.flows.rows import locked
from ..errors import UsernameTaken, ValueTaken
from ..identity import has_emails
from ..limits import spend
from ..mail import announce
from ..models import AbstractUser, AccountEvent, OldUsername
from ..personal_data import drop_replaced_files


def change_username(
    user: AbstractUser,
    username: str,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """
    Give ``user`` another username, and keep the old one from others for OLD_USERNAME_RESERVED.

    The user is told by mail. ``by`` is who does it, if not the user. Raises UsernameTaken,
    InvalidUsername, UserVanished, SessionEnded for what a session of the user does after its end,
    and, for users who do it themselves, TooManyAttempts.
    """
    name = clean_username(username)
    if name.text == user.username:
        return
    spent = None
    if by is None or by == user:
        # Every change reserves a name: nobody shall hoard them.
        spent = spend("username", identifier=str(user.pk), request=request)
    try:
        _change_username(user, name, by=by or user, request=request)
    except UsernameTaken:
        if spent:
            spent.forgive()
        raise
    user.username, user.username_key = name.text, name.key


def _change_username(
    user: AbstractUser, name: Name, *, by: AbstractUser, request: HttpRequest | None
) -> None:
    old_username = user.username
    try:
        with transaction.atomic():
            locked(user, request=request)
            _rename(user, name)
            details = {"from": old_username, "to": name.text}
            AccountEvent.objects.record(
                "username_changed", user=user, actor=by, details=details, request=request
            )
            if user.email and has_emails():
                announce("username_changed", to=user.email, user=user, request=request)
            signals.send_on_commit(
                signals.username_changed,
                user=user,
                old_username=old_username,
                request=request,
            )
    except IntegrityError:
        raise UsernameTaken from None


def _rename(user: AbstractUser, name: Name) -> None:
    users = get_user_model()._default_manager.filter(pk=user.pk, username_key=user.username_key)
    # Nothing is written when another change was first: what that reserved would be wrong.
    if not users.update(username=name.text, username_key=name.key):
        raise UsernameTaken
    old_names = OldUsername.objects.filter(username_key=name.key)
    if old_names.reserved().exclude(user=user).exists():
        raise UsernameTaken
    old_names.delete()
    if user.username_key and user.username_key != name.key:
        OldUsername.objects.retire(user)


def edit_profile(
    user: AbstractUser,
    changes: Mapping[str, object],
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """
    Change columns that the user model names in PROFILE_FIELDS.

    A file that another one takes the place of is deleted, as is one that is taken off. The event
    tells which columns, not what they held. ``by`` is who does it, if not the user.
    Raises ValueError for other columns, ValidationError for values that they do not take,
    ValueTaken, UserVanished, and SessionEnded for what a session of the user does after its end.
    """
    foreign = set(changes).difference(user.PROFILE_FIELDS)
    if foreign:
        raise ValueError(f"PROFILE_FIELDS does not name {', '.join(sorted(foreign))}.")
    fresh = copy(user)
    for field in user._meta.concrete_fields:
        if field.name in changes:
            field.save_form_data(fresh, changes[field.name])
    # A new file may be called like the old one.
    uploads = {name for name, value in changes.items() if isinstance(value, UploadedFile)}
    changed = [n for n in sorted(changes) if n in uploads or getattr(fresh, n) != getattr(user, n)]
    if not changed:
        return
    fresh.full_clean(exclude={f.name for f in user._meta.fields}.difference(changed))
    try:
        _save_profile(fresh, changed, by=by or user, request=request)
    except IntegrityError:
        raise ValueTaken from None
    for name in changed:
        setattr(user, name, getattr(fresh, name))


def _save_profile(
    user: AbstractUser, changed: list[str], *, by: AbstractUser, request: HttpRequest | None
) -> None:
    with transaction.atomic():
        before = locked(user, request=request)
        user.save(update_fields=changed)
        drop_replaced_files(user, before=before, columns=changed)
        AccountEvent.objects.record(
            "profile_edited",
            user=user,
            actor=by,
            details={"fields": changed},
            request=request,
        )
        signals.send_on_commit(signals.profile_edited, user=user, fields=changed, request=request)
