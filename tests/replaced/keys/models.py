"""A key in somebody's pocket."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Key(models.Model):
    """A key to one door; nobody has two to the same."""

    door = models.CharField(max_length=40)
    keeper = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="keys"
    )
    lent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["keeper", "door"], name="keys_one_per_door")]

    def __str__(self) -> str:
        return f"{self.door} ({self.keeper})"
