"""Roles, and who has one from when to when."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, Expression, F, OuterRef, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..requirements import ROLE_NAME

#: Signs that are read as one another.
_SEEN = str.maketrans({"0": "o", "1": "l", ".": "-", "_": "-", ":": "-"})


def validate_role_name(name: str) -> None:
    """Refuse a name that no guard could ask for."""
    if not ROLE_NAME.fullmatch(name):
        raise ValidationError(
            _("A role name has lower-case letters a to z, digits, and the signs . _ : -"),
            code="role_name",
        )


def look_of(name: str) -> str:
    """Return what the eye makes of a role name: ``vip1`` and ``vipl`` look the same."""
    return name.translate(_SEEN).replace("rn", "m").replace("vv", "w")


class Role(models.Model):
    """A thing that a person may be: what guards ask for by name."""

    name = models.CharField(_("name"), max_length=64, unique=True, validators=[validate_role_name])
    #: Unique, so that nobody takes one role for another.
    look = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(_("label"), max_length=150, blank=True, default="")
    description = models.TextField(_("description"), blank=True, default="")
    #: Django permissions that whoever has the role has, too, while it is in force.
    permissions = models.ManyToManyField(
        Permission, verbose_name=_("permissions"), related_name="roles", blank=True
    )
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
        self.look = look_of(self.name)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        others = Role.objects.exclude(pk=self.pk).exclude(name=self.name)
        like = others.filter(look=look_of(self.name)).first()
        if like:
            error = ValidationError(
                _("“%(name)s” looks like the role “%(like)s”, which there is."),
                code="look",
                params={"name": self.name, "like": like.name},
            )
            raise ValidationError({"name": error})


class _Now(Expression):
    """
    The moment at which a statement runs, or some time later.

    Not when it is written: ``queryset = User.objects.with_roles("member")`` of a view is written
    once, and would go on to show those who were members when the server was started. And not
    ``Now()``: MariaDB answers in a time zone of its own.
    """

    def __init__(self, later: timedelta = timedelta()) -> None:
        super().__init__(output_field=models.DateTimeField())
        self.later = later

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [connection.ops.adapt_datetimefield_value(timezone.now() + self.later)]


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def in_force(self, at: datetime | None = None) -> Self:
        """Return the grants that count at a moment, now by default; the end is no part of one."""
        return self.lasting(at).filter(starts_at__lte=at or _Now())

    def lasting(self, at: datetime | None = None) -> Self:
        """Return the grants that count at a moment, now by default, or will."""
        return self.filter(Q(counts_until__isnull=True) | Q(counts_until__gt=at or _Now()))

    def ending_within(self, days: float) -> Self:
        """
        Return the grants in force that end in these days, and after which the user has the role no
        more: another grant of the same role that goes on leaves them out.
        """
        others = RoleGrant.objects.filter(user=OuterRef("user"), role=OuterRef("role"))
        end = OuterRef("counts_until")
        longer = Q(counts_until__isnull=True) | Q(counts_until__gt=end)
        # Of two with one end, one ends.
        longer |= Q(counts_until=end, pk__gt=OuterRef("pk"))
        soon = self.filter(ends_at__gt=_Now(), ends_at__lte=_Now(timedelta(days=days)))
        return soon.in_force().exclude(Exists(others.filter(longer, starts_at__lte=end)))

    def end(self) -> int:
        """
        End the grants now, in the transaction of the caller; return how many there were to end.

        Those that have begun keep their start, as history; those that have not begun go.
        """
        _locked = list(self.order_by("pk").select_for_update().values_list("pk", flat=True))
        # Only now: who waited for the lock would else end once more what has just ended.
        at = timezone.now()
        ends_at = Case(When(ends_at__lt=at, then=F("ends_at")), default=at)
        ended = self.in_force(at).update(ends_at=ends_at, counts_until=at)
        return ended + self.filter(starts_at__gt=at).delete()[0]


class RoleGrant(models.Model):
    """One role of one user for a time. ``roles.flows`` makes and ends them, with a history."""

    # No indexes of their own: those below begin with the user and with the role.
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="role_grants",
        db_index=False,
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants", db_index=False)
    granted_at = models.DateTimeField(_("granted"), default=timezone.now, editable=False)
    starts_at = models.DateTimeField(_("starts"), default=timezone.now)
    #: The end that was promised, None for good.
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    #: When it really stops to count: the end, and the days of grace after it.
    counts_until = models.DateTimeField(_("counts until"), null=True, editable=False)
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
    #: Is a mail to tell of the end, and when was it written?
    reminds = models.BooleanField(_("remind of the end"), default=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, editable=False)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("role grant")
        verbose_name_plural = _("role grants")
        indexes = (
            models.Index(fields=["user", "starts_at"], name="useraccounts_grants_of_user"),
            # Who has a role now, among all who had it.
            models.Index(fields=["role", "counts_until"], name="useraccounts_grants_of_role"),
            models.Index(fields=["ends_at"], name="useraccounts_grants_by_end"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="useraccounts_grant_ends_late",
            ),
            models.CheckConstraint(
                # Both said in full: what compares with NULL passes a check.
                condition=Q(ends_at__isnull=True, counts_until__isnull=True)
                | Q(
                    ends_at__isnull=False,
                    counts_until__isnull=False,
                    counts_until__gte=F("ends_at"),
                ),
                name="useraccounts_grant_counts_late",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.ends_at and self.counts_until is None:
            self.counts_until = self.ends_at
        super().save(*args, **kwargs)

    @property
    def is_over(self) -> bool:
        """Say whether it counts no more, and never will."""
        return self.counts_until is not None and self.counts_until <= timezone.now()
