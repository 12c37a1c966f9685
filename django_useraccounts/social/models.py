"""Which identities at providers are whose."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..models import AbstractUser
from ..secrets import Purpose, register_purpose
from .identities import Identity
from .providers import NAME_MAX_LENGTH, all_providers

#: How long a link lasts that proves an account, to connect an identity to it.
LINK_MAX_AGE = timedelta(hours=1)
#: Made here, so that whoever delivers mail knows it: models are imported in every process.
CONNECT_BY_LINK = register_purpose(
    Purpose("connect_by_link", lambda: LINK_MAX_AGE, voided_by_epoch=True)
)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def of(self, user: AbstractUser) -> Self:
        """Return the connections of a user, oldest first."""
        return self.filter(user=user).order_by("pk")

    def usable(self) -> Self:
        """Return those whose provider the site has, and can ask."""
        return self.filter(provider__in=list(all_providers()))

    def owner_of(self, identity: Identity) -> AbstractUser | None:
        """Return the user whom an identity lets in, with proof and reach, in one statement."""
        users = get_user_model()._default_manager.not_gone().with_proof().with_reach().order_by()
        owner: AbstractUser | None = users.filter(social_connections__key=identity.key).first()
        return owner


class Connection(models.Model):
    """An identity at a provider that lets its owner in; issuer and subject never change."""

    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="social_connections",
        verbose_name=_("user"),
    )
    #: The name of the provider in the settings of the site.
    provider = models.SlugField(_("provider"), max_length=NAME_MAX_LENGTH)
    # Translators: who vouches for the identity: an address such as https://accounts.google.com.
    issuer = models.CharField(_("issuer"), max_length=255)
    # Translators: the number or key by which the provider knows the person.
    subject = models.CharField(_("subject"), max_length=255)
    #: One ASCII key of both: databases take "Ab" and "aB" for one text, and they are two people.
    key = models.CharField(max_length=64, unique=True, editable=False)
    #: What its owner knows it by: the address or name there, as of when it was connected.
    label = models.CharField(_("name there"), max_length=255)
    #: Tokens that the site has asked to keep, encrypted; see ``sealing``.
    tokens = models.TextField(blank=True, default="", editable=False)
    connected_at = models.DateTimeField(_("connected"), default=timezone.now)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")

    def __str__(self) -> str:
        return f"{self.provider}: {self.label}"
