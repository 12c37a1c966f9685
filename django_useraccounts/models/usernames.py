"""Usernames that were given up lately, and whose they were."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from ..canonical import KEY_MAX_LENGTH
from ..conf import conf

if TYPE_CHECKING:
    from .users import AbstractUser


class OldUsernameQuerySet(models.QuerySet["OldUsername"]):
    def reserved(self) -> Self:
        """Return the names that nobody but their former owner may take now."""
        return self.filter(released_at__gt=timezone.now())

    def retire(self, user: "AbstractUser") -> None:
        """Reserve the username that ``user`` gives up."""
        released_at = timezone.now() + conf.OLD_USERNAME_RESERVED
        self.update_or_create(
            username_key=user.username_key, defaults={"user": user, "released_at": released_at}
        )


class OldUsername(models.Model):
    """So that nobody can pose as whom a name meant until yesterday."""

    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    username_key = models.CharField(max_length=KEY_MAX_LENGTH, unique=True)
    released_at = models.DateTimeField(db_index=True)

    objects = OldUsernameQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.username_key} of #{self.user_id}"
