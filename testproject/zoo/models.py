"""The user of a zoo."""

from django.db import models

from django_useraccounts.models import AbstractUser


class Keeper(AbstractUser):
    """A user with a column of the project's own."""

    favourite_animal = models.CharField(max_length=100, blank=True, default="")
