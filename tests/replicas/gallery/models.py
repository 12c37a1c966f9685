"""Pictures, which many look at."""

from django.conf import settings
from django.db import models


class Picture(models.Model):
    title = models.CharField(max_length=100)
    painter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pictures")

    def __str__(self) -> str:
        return self.title
