"""The addresses of a user: the truth about what is claimed, what is proved, what is primary."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..canonical import EMAIL_MAX_LENGTH, clean_email, email_key, shown_email

if TYPE_CHECKING:
    from .users import AbstractUser


#: How the registration key of a claim begins whose account is older than the accounts of this app:
#: it waits for as long as its user takes.
ADOPTED = "adopted "


class UserEmailQuerySet(models.QuerySet["UserEmail"]):
    def confirmed(self) -> Self:
        """Return the addresses that their user has proved."""
        return self.filter(verified_key__isnull=False)

    def claims(self) -> Self:
        """Return the addresses that somebody wrote down and nobody has proved."""
        return self.filter(verified_key__isnull=True)

    def addressed(self, email: str) -> Self:
        """Return the rows of one address: at most one is proved, any number are claims."""
        return self.filter(email_key=email_key(email))

    def not_gone(self, moment: Any = None) -> Self:
        """Leave out those of accounts that were closed and cannot be opened any more."""
        return self.exclude(user__erase_at__lte=moment or timezone.now())

    def add_claim(
        self, user: "AbstractUser", email: str, *, registration_key: str | None = None
    ) -> "UserEmail":
        """Write down an address for ``user``; it blocks nobody and opens nothing until proved."""
        name = clean_email(email)
        return self.create(
            user=user, email=name.text, email_key=name.key, registration_key=registration_key
        )

    def add_proved(
        self,
        user: "AbstractUser",
        email: str,
        *,
        is_primary: bool = False,
        confirmed_at: datetime | None = None,
    ) -> "UserEmail":
        """Write down an address that needs no proof; IntegrityError if it has an owner."""
        name = clean_email(email)
        return self.create(
            user=user,
            email=name.text,
            email_key=name.key,
            verified_key=name.key,
            is_primary=is_primary or None,
            confirmed_at=confirmed_at or timezone.now(),
        )

    def add_proved_primary(self, user: "AbstractUser", email: str) -> "UserEmail":
        """Give a new user a proved primary address; IntegrityError if it has an owner."""
        with transaction.atomic(using=self.db):
            address = self.add_proved(user, email, is_primary=True)
            address.copy_to_user()
        return address


class UserEmail(models.Model):
    """One address of one user. Its text never changes: another address is another row."""

    # No index of its own: those of the constraints begin with the user.
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="emails", db_index=False
    )
    #: As mail is sent to it: the local part as typed, the domain in the ASCII of IDNA.
    email = models.CharField(_("e-mail address"), max_length=EMAIL_MAX_LENGTH)
    email_key = models.CharField(max_length=EMAIL_MAX_LENGTH, editable=False, db_index=True)
    #: The key once more when the address is proved, else NULL: proof is unique, claims are not.
    verified_key = models.CharField(
        max_length=EMAIL_MAX_LENGTH, null=True, blank=True, editable=False
    )
    #: True or NULL, since a unique pair admits any number of NULLs on every database.
    is_primary = models.BooleanField(_("primary"), null=True, blank=True, default=None)
    #: Digest of the browser and the names that have registered, while the address waits: unique, so
    #: that a second click opens no second account. It stays where registering has proved the
    #: address. Of one that came with its account from elsewhere, ADOPTED and a digest of both.
    registration_key = models.CharField(max_length=64, null=True, editable=False)
    created_at = models.DateTimeField(_("added"), default=timezone.now)
    confirmed_at = models.DateTimeField(
        pgettext_lazy("point in time", "confirmed"), null=True, blank=True
    )
    #: Whether its readers have put everybody else out, and no other address has let in since:
    #: registering, or a provider, has proved it, or a password was reset by a link to it.
    is_owned = models.BooleanField(default=False, editable=False)

    objects = UserEmailQuerySet.as_manager()

    class Meta:
        verbose_name = _("e-mail address")
        verbose_name_plural = _("e-mail addresses")
        constraints = (
            # Not unique=True, which on PostgreSQL makes an index more, for LIKE.
            models.UniqueConstraint(fields=["verified_key"], name="useraccounts_one_owner"),
            models.UniqueConstraint(fields=["registration_key"], name="useraccounts_one_opened"),
            models.UniqueConstraint(fields=["user", "is_primary"], name="useraccounts_one_primary"),
            models.UniqueConstraint(fields=["user", "email_key"], name="useraccounts_email_once"),
            models.CheckConstraint(
                condition=Q(is_primary__isnull=True)
                | Q(is_primary=True, verified_key__isnull=False),
                name="useraccounts_primary_is_proved",
            ),
            models.CheckConstraint(
                condition=Q(verified_key__isnull=True) | Q(verified_key=models.F("email_key")),
                name="useraccounts_verified_is_key",
            ),
        )

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """The address as people write it, with its domain in Unicode."""
        return shown_email(self.email)

    @property
    def is_confirmed(self) -> bool:
        """Whether the user has proved the address."""
        return self.verified_key is not None

    def copy_to_user(self) -> None:
        """Make this primary address the one that ``user.email`` shows."""
        self.user.email = self.email
        self.user.save(update_fields=["email"])
