"""What a mailed link stands for. The secret itself is in no table, see ``secrets``."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from ..canonical import EMAIL_MAX_LENGTH
from .emails import UserEmail


class OneTimeSecret(models.Model):
    """
    One link: for one purpose, one user and one address, once, until a moment.

    A row without user is what a request for an unknown address leaves, so that it costs what a
    known one costs; nothing redeems it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=40)
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    #: Removing the address voids its links.
    address = models.ForeignKey(UserEmail, on_delete=models.CASCADE, null=True, related_name="+")
    #: Whose key has to be that of the address still.
    email_key = models.CharField(max_length=EMAIL_MAX_LENGTH, blank=True, default="")
    #: The user's ``session_epoch`` when the link was made.
    epoch = models.PositiveIntegerField(default=0)
    #: Digest of a cookie of the browser that asked, "" for none.
    browser_key = models.CharField(max_length=64, blank=True, default="")
    #: What the link brings about beyond its purpose, such as the addresses that it puts back.
    pending = models.TextField(blank=True, default="")
    #: Where the reader wanted to go; checked again when used.
    next_url = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    redeemed_at = models.DateTimeField(null=True)
    #: When it was first met after its end: it stays expired, wherever the clock goes.
    found_expired_at = models.DateTimeField(null=True)

    class Meta:
        # For who forgot a password, and whose address was taken off.
        indexes = (models.Index(fields=["email_key", "purpose"], name="useraccounts_links_to"),)

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
