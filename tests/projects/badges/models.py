"""The holder of a badge."""

import uuid

from django.db import models

from django_useraccounts.models import AbstractUser


class Holder(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portrait = models.FileField(blank=True)

    PROFILE_FIELDS = ("first_name", "last_name", "portrait")
