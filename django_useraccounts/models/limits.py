"""How often something was tried lately. ``limits`` counts, in one statement of its own."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    Text = models.CharField[str, str]
else:
    Text = models.CharField  # it takes no parameters when it runs


class DigestField(Text):
    """Text that nobody looks for by its beginning."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        # By its short name, varchar, Django makes an index more on PostgreSQL, for LIKE.
        return f"character varying({self.max_length})"


class AttemptCounter(models.Model):
    """Attempts of one key in one window; both times are seconds since the epoch."""

    #: SHA-256 of purpose and subject: nothing of an identifier or a client can be read from it.
    key = DigestField(max_length=64, primary_key=True)
    attempts = models.PositiveIntegerField()
    ends_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key[:8]}…: {self.attempts}"
