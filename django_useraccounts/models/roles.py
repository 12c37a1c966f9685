"""Roles, and who has one from when to when."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..requirements import ROLE_NAME


def validate_role_name(name: str) -> None:
    """Refuse a name that no guard could ask for."""
    if not ROLE_NAME.fullmatch(name):
        raise ValidationError(
            _("A role name has lower-case letters a to z, digits, and the signs . _ : -"),
            code="role_name",
        )


class Role(models.Model):
    """A thing that a person may be: what guards ask for by name."""

    name = models.CharField(_("name"), max_length=64, unique=True, validators=[validate_role_name])
    label = models.CharField(_("label"), max_length=150, blank=True, default="")
    description = models.TextField(_("description"), blank=True, default="")
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="RoleGrant",
        through_fields=("role", "user"),
        related_name="roles",
        blank=True,
    )

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.label or self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        validate_role_name(self.name)
        super().save(*args, **kwargs)


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def in_force(self, at: datetime | None = None) -> Self:
        """Return the grants that count at a moment, now by default; the end is no part of one."""
        at = at or timezone.now()
        return self.filter(Q(starts_at__lte=at), Q(ends_at__isnull=True) | Q(ends_at__gt=at))


class RoleGrant(models.Model):
    """One role of one user for a time. ``roles.flows`` makes and ends them, with a history."""

    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="role_grants"
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    granted_at = models.DateTimeField(_("granted"), default=timezone.now, editable=False)
    starts_at = models.DateTimeField(_("starts"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    granted_by = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("granted by"),
    )
    #: Where it comes from, for code: "admin", "invitation", "stripe".
    source = models.CharField(_("source"), max_length=64, blank=True, default="")
    #: Why, for people.
    reason = models.CharField(_("reason"), max_length=250, blank=True, default="")

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("role grant")
        verbose_name_plural = _("role grants")
        indexes = (models.Index(fields=["user", "starts_at"], name="useraccounts_grants_of_user"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="useraccounts_grant_ends_late",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"
