"""What apps hold of a person: how each of them hands it out, and how it forgets it."""

import logging
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Field, FileField

logger = logging.getLogger("django_useraccounts.leaving")


@dataclass(frozen=True)
class PersonalData:
    """What one app holds; ``name`` is that of its file in an export."""

    name: str
    export: Callable[[Any], object] | None
    erase: Callable[[Any], object] | None


_registered: dict[str, PersonalData] = {}


def register_personal_data(
    name: str,
    *,
    export: Callable[[Any], object] | None = None,
    erase: Callable[[Any], object] | None = None,
) -> None:
    """
    Have an app take part when people fetch their data, and when they are erased::

        class KeysConfig(AppConfig):
            def ready(self):
                register_personal_data("keys", export=keys_of, erase=take_keys_back)

    ``export`` gets the user and returns what JSON can hold, moments and decimals included; it hands
    out no secret. ``erase`` gets the user while its row and its addresses are still there, in the
    transaction that erases the account, or prunes one that nobody has confirmed: what it raises
    keeps the whole account as it was. Both are functions of a module, so that to register them
    twice is no clash. Raises ValueError for a name that cannot be that of a file, or is that of
    another app.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise ValueError(f"{name!r} is no name: write lower-case letters, digits and underscores.")
    held = PersonalData(name, export, erase)
    if _registered.setdefault(name, held) != held:
        raise ValueError(f"Personal data of another app are called {name!r}.")


def all_personal_data() -> tuple[PersonalData, ...]:
    """Return what is registered, in the order of registration."""
    return tuple(_registered.values())


def forget(user: Any, *, but: Container[str] = ()) -> None:
    """Have each app forget what it holds of a user, ``but`` those of these names."""
    for held in all_personal_data():
        if held.erase and held.name not in but:
            held.erase(user)


def empty_profile(user: Any) -> dict[str, Any]:
    """Return the columns of a user that say who somebody is, as they are where nobody has."""
    return {
        field.attname: None if field.null else field.get_default() for field in profile_fields(user)
    }


def drop_files(user: Any) -> None:
    """Delete, after the commit, what was uploaded into the profile: rows leave files behind."""
    for field in profile_fields(user):
        if isinstance(field, FileField):
            _drop_file(field, user)


def drop_replaced_files(user: Any, *, before: Any, columns: Container[str]) -> None:
    """Delete, after the commit, what these columns named ``before``, and name no longer."""
    for field in profile_fields(user):
        # Some storages write over a file that is called like another one.
        if (
            isinstance(field, FileField)
            and field.name in columns
            and getattr(user, field.attname) != getattr(before, field.attname)
        ):
            _drop_file(field, before)


def profile_fields(user: Any) -> Iterator["Field[Any, Any]"]:
    """Yield the columns of a user, or of a model of users, that say who somebody is."""
    for field in user._meta.concrete_fields:
        # The names also where people cannot edit them: registration, or code, may have set them.
        if field.name in {"first_name", "last_name", *user.PROFILE_FIELDS}:
            yield field


def _drop_file(field: FileField, user: Any) -> None:
    name = getattr(user, field.attname).name
    # With the file that is shown for whoever has uploaded none, all of them would lose theirs.
    if name and name != field.get_default():
        _delete_after_commit(field.storage, name)


def _delete_after_commit(storage: Storage, name: str) -> None:
    def delete() -> None:
        try:
            storage.delete(name)
        except Exception:
            # Whatever the storage raises: no row names the file any more, so nobody tries again.
            logger.exception("The file %s, which is nobody's any more, was not deleted.", name)

    transaction.on_commit(delete, robust=True)
