"""How often something was tried lately. ``limits`` counts, in one statement of its own."""

from django.db import models


class AttemptCounter(models.Model):
    """Attempts of one key in one window; both times are seconds since the epoch."""

    #: SHA-256 of purpose and subject: nothing of an identifier or a client can be read from it.
    key = models.CharField(max_length=64, primary_key=True)
    attempts = models.PositiveIntegerField()
    ends_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key[:8]}…: {self.attempts}"
