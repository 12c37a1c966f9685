"""Somebody who gives to a museum."""

from django.db import models

from django_useraccounts.models import AbstractEmailUser


class Patron(AbstractEmailUser):
    salutation = models.CharField(max_length=50, blank=True, default="")

    PROFILE_FIELDS = ("salutation", "first_name", "last_name")
