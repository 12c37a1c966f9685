"""A user's password: that a save brings no old one back, and what ends with a new one."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Self

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser
from django.db import router, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from .columns import PasswordColumn, SessionEpochField

#: In the words of Django, which it has in more languages than we.
_PASSWORD = AbstractBaseUser._meta.get_field("password")


class AbstractPasswordUser(AbstractBaseUser):
    """The password of a user and its sessions, which rest on it; a part of ``AbstractUser``."""

    password = PasswordColumn(_PASSWORD.verbose_name, max_length=_PASSWORD.max_length)
    #: Raising it ends every session and every link that rests on the old one.
    session_epoch = SessionEpochField(default=0, editable=False)

    class Meta:
        abstract = True

    #: The hash of the password that the row is known to have: "" while its column is deferred, None
    #: where it was not read. What differs from it is a new one, in whatever way code has set it.
    _stored_password: str | None = None

    def save(
        self, *, using: str | None = None, update_fields: Iterable[str] | None = None, **kwargs: Any
    ) -> None:
        columns = None if update_fields is None else {*update_fields}
        if columns is None:
            self._save_with_password(using, **kwargs)
        elif "password" in columns:
            self._save_with_password(using, update_fields={*columns, "session_epoch"}, **kwargs)
        else:
            super().save(using=using, update_fields=columns, **kwargs)

    def _save_with_password(self, using: str | None, **kwargs: Any) -> None:
        """Ask the row for its hash if this may be another one: what was written may be undone."""
        known, held = self._stored_password, self._held_password
        is_copy = using is not None and self._state.db not in {None, using}
        is_asked = is_copy or not self.has_stored_password
        using = using or router.db_for_write(type(self), instance=self)
        if is_asked:
            self._stored_password = self._read_hash(using)
        is_new_row = self._stored_password is None
        try:
            if is_new_row or self.has_stored_password:
                super().save(using=using, **kwargs)
            else:
                self._save_new_password(using, **kwargs)
        finally:
            self._stored_password = known
        if is_new_row:
            self._stored_password = held
        elif is_asked:
            note = partial(setattr, self, "_stored_password", held)
            transaction.on_commit(note, using=using)

    def _save_new_password(self, using: str, **kwargs: Any) -> None:
        """End what rests on the old one: code sets it, as ``manage.py changepassword`` does."""
        epoch = self.session_epoch  # where it was deferred, it would not be written
        with transaction.atomic(using=using):
            super().save(using=using, **kwargs)
            events: Any = apps.get_model("useraccounts", "AccountEvent").objects
            events.db_manager(using).record("password_set_by_code", user=self)
        self.session_epoch = epoch + 1

    def _read_hash(self, using: str) -> str | None:
        has_default = self._meta.pk.has_default()
        if self.pk is None or (self._state.adding and has_default):
            # Django inserts it, and looks for no row of that key.
            return None
        rows = type(self)._base_manager.using(using).filter(pk=self.pk)
        return rows.values_list("password", flat=True).first()

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        user = super().from_db(*args, **kwargs)
        # As note_stored_password does; without its call, since each request loads a user.
        user._stored_password = user.__dict__.get("password", "")
        return user

    def note_stored_password(self) -> None:
        """Take the hash in memory for the one of the row; for who has just written it there."""
        self._stored_password = self._held_password

    @property
    def has_stored_password(self) -> bool:
        """Whether the hash in memory, if there is one, is what the row is known to have."""
        return self._held_password == self._stored_password

    @property
    def _held_password(self) -> str:
        held: str = self.__dict__.get("password", "")
        return held

    @sensitive_variables()
    def check_password(self, raw_password: str | None) -> bool:
        return check_password(raw_password, self.password, self._renew_hash)

    @sensitive_variables()
    async def acheck_password(self, raw_password: str | None) -> bool:
        # No argument, which a report of an error would show in the frames of asgiref.
        ask = sensitive_variables()(lambda: self.check_password(raw_password))
        return await sync_to_async(ask)()

    @sensitive_variables()
    def _renew_hash(self, raw_password: str) -> None:
        """
        Write the hash that the first hasher makes now, which is no new password.

        Unlike Django's, only over the hash that was checked: a new password that was set meanwhile
        stays, or a thief's login with the old one would bring that back.
        """
        renewed = make_password(raw_password)
        row = type(self)._base_manager.filter(pk=self.pk, password=self.password)
        if row.update(password=renewed, session_epoch=F("session_epoch")):
            self.password = renewed
            self.note_stored_password()

    def refresh_from_db(
        self, using: Any = None, fields: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        super().refresh_from_db(using, fields, *args, **kwargs)
        if fields is None or "password" in fields:
            self.note_stored_password()

    # Sessions

    def get_session_auth_hash(self) -> str:
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None) -> str:
        # Beside the password its epoch, so that sessions can be ended without a new password.
        salt = "django_useraccounts.session"
        value = f"{self.session_epoch}:{self.password}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()
