"""The columns of a user that a save does not simply write: kept, computed, or raised."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from ..canonical import clean_username, username_key
from ..errors import InvalidUsername

if TYPE_CHECKING:
    Text = models.CharField[str, str]
    NullableText = models.CharField[str | None, str | None]
    EmailColumn = models.EmailField[str, str]
    PositiveNumber = models.PositiveIntegerField[int, int]
    NullableMoment = models.DateTimeField[datetime | None, datetime | None]
else:
    # They take no parameters when they run.
    Text, NullableText, EmailColumn = models.CharField, models.CharField, models.EmailField
    PositiveNumber, NullableMoment = models.PositiveIntegerField, models.DateTimeField


def validate_username(value: str) -> None:
    """Refuse a username that nobody may have; for admin, createsuperuser and model forms."""
    clean_username(value)


class UsernameKeyField(NullableText):
    """The key of the username beside it, computed whenever the row is written."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # noqa: FBT001
        username = getattr(model_instance, "username", None)
        key = username_key(username) if username else None
        if key == "":
            raise InvalidUsername
        setattr(model_instance, self.attname, key)
        return key


class Kept:
    """
    What a column has already, and a number added to it, as the value that ``save()`` writes.

    Of an ``F()`` Django reads back what it became, from 6.0 on: who had come in by the old
    password, and was saved before the session began, would have the hash and epoch of the new one.
    """

    def __init__(self, field: "models.Field[Any, Any]", *, plus: int = 0) -> None:
        self.field, self.plus = field, plus

    def as_sql(self, _compiler: object, connection: Any) -> tuple[str, list[object]]:
        column = connection.ops.quote_name(self.field.column)
        return (f"{column} + %s", [self.plus]) if self.plus else (column, [])


class PasswordAttribute(DeferredAttribute):
    def fetch_many(self, instances: Iterable[Any]) -> None:
        """Load the column of several; Django's, from 6.1 on, tells them nothing of it."""
        lacking = [user for user in instances if self.field.attname not in user.__dict__]
        super().fetch_many(instances)
        for user in lacking:
            user.note_stored_password()


class PasswordColumn(Text):
    """
    A hash that a saved row keeps, unless code has set another password on this very instance.

    A copy that was loaded before its owner changed the password would bring the old one back.
    """

    descriptor_class = PasswordAttribute

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        is_kept = not add and getattr(model_instance, "has_stored_password", False)
        return Kept(self) if is_kept else super().pre_save(model_instance, add)

    def deconstruct(self) -> Any:
        # The column is Django's, and a project's migrations need not tell it from that.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class SessionEpochField(PositiveNumber):
    """
    A number that a saved row only ever raises, by one when its password was set.

    What an instance holds in memory is never written: a copy that was loaded before the sessions of
    the user ended would give them back their lives.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        if add:
            return super().pre_save(model_instance, add)
        return Kept(self, plus=int(not getattr(model_instance, "has_stored_password", True)))


class EraseAtField(NullableMoment):
    """
    A moment that a saved row keeps: flows change it by an UPDATE of their own.

    A copy that was loaded before the account was opened again would have it erased after all.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        return super().pre_save(model_instance, add) if add else Kept(self)


class UniqueEmailField(EmailColumn):
    """An address that is unique where there is one: "" in Python is NULL in the database."""

    def from_db_value(self, value: str | None, *_args: object) -> str:
        return value or ""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(value) or None
