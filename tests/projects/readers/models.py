"""What a library knows of its readers; who they are is in the tables of the accounts."""

from django.conf import settings
from django.db import models


class Profile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    town = models.CharField(max_length=100)
    #: No two readers have the same one.
    card_number = models.CharField(max_length=20, unique=True)

    def __str__(self) -> str:
        return self.card_number
