"""The member of a club."""

from django.db import models

from django_useraccounts.models import AbstractUser


class Member(AbstractUser):
    birthday = models.DateField(null=True, blank=True)
    motto = models.CharField(max_length=100, blank=True, default="")

    PROFILE_FIELDS = ("first_name", "last_name", "birthday", "motto")
