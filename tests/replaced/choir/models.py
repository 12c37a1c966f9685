"""Who sings, and the notice board."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_useraccounts.models import AbstractUser


class Singer(AbstractUser):
    """A user with two columns of the choir's own."""

    class Voice(models.TextChoices):
        SOPRANO = "soprano", _("Soprano")
        ALTO = "alto", _("Alto")
        TENOR = "tenor", _("Tenor")
        BASS = "bass", _("Bass")

    voice = models.CharField(_("voice"), max_length=10, choices=Voice, default=Voice.ALTO)
    on_leave = models.BooleanField(_("on leave"), default=False)

    PROFILE_FIELDS = ("first_name", "last_name", "voice")


class Notice(models.Model):
    """A sentence on the notice board."""

    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.text
