"""The router of docs/scaling.rst: accounts are read where they are written, the rest from a copy."""

from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Model


class AccountsFromThePrimary:
    #: Whose tables say who somebody is, and what they may.
    APPS = frozenset({"admin", "auth", "contenttypes", "sessions"})

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        label = model._meta.app_label
        users = settings.AUTH_USER_MODEL.partition(".")[0]
        if label in self.APPS or label == users or label.startswith("useraccounts"):
            return "default"
        # Who is about to write has to see what is there now.
        return "default" if connections["default"].in_atomic_block else "replica"

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "default"
