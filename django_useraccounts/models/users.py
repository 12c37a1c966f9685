"""The user: who it is and how it proves it. Addresses and roles point here, never the reverse."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.apps import apps
from django.contrib.auth.models import BaseUserManager, PermissionsMixin
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..canonical import KEY_MAX_LENGTH, email_key, username_key
from ..conf import conf
from ..errors import EmailTaken
from ..identity import has_username_column, has_usernames, login_names
from ..requirements import Need, Requirement
from .columns import EraseAtField, UniqueEmailField, UsernameKeyField, validate_username
from .passwords import AbstractPasswordUser

if TYPE_CHECKING:
    from .emails import UserEmail


#: In the words of Django, which it has in more languages than we.
_SUPERUSER = PermissionsMixin._meta.get_field("is_superuser")
#: How long the name of a version of the terms of service may be.
TERMS_MAX_LENGTH = 40


class RequiredFields:
    """What ``createsuperuser`` asks for besides: the address, on a site that has addresses."""

    def __get__(self, instance: object, owner: type) -> list[str]:
        return [] if conf.EMAIL == "off" else ["email"]


def _unreachable(**of: object) -> models.QuerySet["UserEmail"]:
    """Return the primary address of a user if no mail goes there."""
    dead = apps.get_model("useraccounts", "UndeliverableAddress").objects.taking_no_mail()
    addresses: models.QuerySet[UserEmail] = apps.get_model(
        "useraccounts", "UserEmail"
    ).objects.all()
    return addresses.filter(is_primary=True, email_key__in=dead.values("email_key"), **of)


class UserQuerySet(models.QuerySet["AbstractUser"]):
    def update(self, **columns: Any) -> int:
        """Change rows; a password ends what rests on the old one, as ``save`` has it, unnoted."""
        if "password" in columns:
            columns.setdefault("session_epoch", F("session_epoch") + 1)
        return super().update(**columns)

    update.alters_data = True  # type: ignore[attr-defined]

    def with_roles(self, *needs: Need) -> Self:
        """Return the active users who meet the requirement now: ``with_roles("a", ["b", "c"])``."""
        return self.filter(Requirement(*needs).to_q())

    def without_role(self, name: str) -> Self:
        """Return the users who do not have the role now; all others are ``with_roles(name)``."""
        return self.exclude(Requirement(name).to_q())

    def called(self, text: str) -> Self:
        """Return who has this username, or this proved address: what has an @ is one."""
        if "@" in text:
            # verified_key, not email_key: a claim that nobody has proved names nobody.
            return self.filter(emails__verified_key=email_key(text))
        if not has_username_column():
            return self.none()
        return self.filter(username_key=username_key(text))

    def not_gone(self, moment: Any = None) -> Self:
        """Leave out closed accounts that cannot be opened any more, though not erased yet."""
        return self.exclude(erase_at__lte=moment or timezone.now())

    def with_proof(self) -> Self:
        """Load ``has_confirmed_email`` in the same statement."""
        addresses = apps.get_model("useraccounts", "UserEmail").objects
        proved = addresses.confirmed().filter(user=OuterRef("pk"))
        return self.annotate(_has_confirmed_email=Exists(proved))

    def with_reach(self) -> Self:
        """Load ``is_reachable`` in the same statement."""
        return self.annotate(_is_unreachable=Exists(_unreachable(user=OuterRef("pk"))))


class UserManager(BaseUserManager["AbstractUser"].from_queryset(UserQuerySet)):
    """Users are made here by code; people register through ``registration.flows.register``."""

    def get_by_natural_key(self, username: str | None) -> "AbstractUser":
        by = self.model.USERNAME_FIELD
        keys = {
            "username": {"username_key": username_key(username or "")},
            "email": {"emails__verified_key": email_key(username or "")},
        }
        user: AbstractUser = self.get(**keys.get(by, {by: username}))
        return user

    def create_user(
        self,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> "AbstractUser":
        """
        Make a user whose address needs no proof, since code vouches for it: no mail, no event.

        Raises IntegrityError for a username or address that is taken.
        """
        user: AbstractUser = self.model(**fields)
        # Set, not passed on: a model without usernames has no such argument.
        user.username = username or None
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            if email:
                addresses = apps.get_model("useraccounts", "UserEmail").objects
                addresses.using(self._db).add_proved_primary(user, email)
        return user

    def create_superuser(
        self,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> "AbstractUser":
        """
        Make a user who may do everything, roles excepted: those are granted to everybody.

        Raises EmailTaken for an address that has an owner, which ``createsuperuser`` tells as a
        sentence, and IntegrityError for a username that is taken.
        """
        fields = {"is_staff": True, "is_superuser": True, **fields}
        try:
            with transaction.atomic(using=self._db):
                user = self.create_user(username, email, password, **fields)
                events = apps.get_model("useraccounts", "AccountEvent").objects
                events.db_manager(self._db).record("superuser_made", user=user)
                return user
        except IntegrityError:
            addresses = apps.get_model("useraccounts", "UserEmail").objects.using(self._db)
            if email and addresses.confirmed().addressed(email).exists():
                raise EmailTaken from None
            raise


class AbstractUser(AbstractPasswordUser, PermissionsMixin):
    """
    What every user of the accounts has; subclass it for more columns::

        class Member(AbstractUser):
            birthday = models.DateField(null=True)

        AUTH_USER_MODEL = "members.Member"
    """

    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        null=True,  # several users without one must not collide
        blank=True,
        validators=[validate_username],
        error_messages={"unique": _("This username is taken. Please choose another one.")},
    )
    username_key = UsernameKeyField(
        max_length=KEY_MAX_LENGTH, unique=True, null=True, editable=False
    )
    #: A copy of the primary address, "" until one is proved. UserEmail is the truth.
    email = models.EmailField(_("e-mail address"), default="")
    first_name = models.CharField(_("first name"), max_length=150, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=150, blank=True, default="")
    # Each of the three by index: few are what is asked for, among millions.
    is_superuser = models.BooleanField(
        _SUPERUSER.verbose_name, default=False, db_index=True, help_text=_SUPERUSER.help_text
    )
    is_staff = models.BooleanField(
        _("staff status"),
        default=False,
        db_index=True,
        help_text=_("May log in to the administration."),
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        db_index=True,
        help_text=_("Switch this off instead of deleting an account."),
    )
    date_joined = models.DateTimeField(_("date joined"), default=timezone.now)
    #: What the person reads, as a language code; noted at registration, "" for unknown.
    language = models.CharField(
        _("language"), max_length=16, blank=True, default="", editable=False
    )
    #: When a closed account is erased; NULL while it is open. A login before opens it again.
    erase_at = EraseAtField(_("to be erased"), null=True, db_index=True, editable=False)
    #: Which version of the terms of service the person has accepted last, "" for none, and when.
    terms_version = models.CharField(
        _("accepted terms"), max_length=TERMS_MAX_LENGTH, blank=True, default="", editable=False
    )
    terms_accepted_at = models.DateTimeField(_("terms accepted"), null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[Any] = RequiredFields()
    #: What people may edit in their profile; a subclass adds columns of its own.
    PROFILE_FIELDS: ClassVar[tuple[str, ...]] = ("first_name", "last_name")

    class Meta:
        abstract = True
        verbose_name = _("user")
        verbose_name_plural = _("users")

    if TYPE_CHECKING:
        emails: models.Manager["UserEmail"]
        role_grants: models.Manager[Any]
        roles: models.Manager[Any]

    def __str__(self) -> str:
        return self.shown_username or self.email or f"#{self.pk}"

    def clean(self) -> None:
        """Leave the username as typed, short of spaces around: keys compare, not texts."""
        self.username = self.username.strip() or None if self.username else None

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        columns = None if update_fields is None else {*update_fields}
        if columns is not None and "username" in columns:
            columns.add("username_key")
        super().save(update_fields=columns, **kwargs)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.forget_loaded()

    def get_full_name(self) -> str:
        """Return first and last name, or what the account is called by."""
        # A user model may do without one of them, or both: then it is None.
        return " ".join(filter(None, (self.first_name, self.last_name))) or str(self)

    def get_short_name(self) -> str:
        """Return the first name, or what the account is called by."""
        return self.first_name or str(self)

    @property
    def shown_username(self) -> str:
        """The username, "" on a site that has none: one from before, or of a command, is hidden."""
        return (self.username or "") if has_usernames() else ""

    @property
    def login_name(self) -> str:
        """What the user types to log in here; pages tell it to password managers."""
        names = {"username": self.username, "email": self.email}
        return next((name for by in login_names() if (name := names[by])), "")

    # Leaving

    #: Whether the login of this request has opened the account again; for the page after it.
    is_reopened = False

    #: What let the user in for the login of this request, if no password: such as a provider.
    login_source = ""

    @property
    def is_closed(self) -> bool:
        """Whether the account was closed; a login opens it again until ``erase_at``."""
        return self.erase_at is not None

    @property
    def is_gone(self) -> bool:
        """Whether a closed account can be opened no more: it counts as erased already."""
        return self.erase_at is not None and self.erase_at <= timezone.now()

    # Roles and proof: loaded with the user of a request, asked for once elsewhere

    def set_role_names(self, names: frozenset[str]) -> None:
        """Keep the roles in force that the statement which loaded the user has read beside it."""
        self._role_names = names

    def forget_loaded(self) -> None:
        """Ask the database again at the next question; whoever changes roles or proof calls it."""
        self.__dict__.pop("_role_names", None)
        self.__dict__.pop("_has_confirmed_email", None)
        self.__dict__.pop("_is_unreachable", None)
        # What Django's backend keeps: roles carry permissions.
        for name in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
            self.__dict__.pop(name, None)

    @property
    def is_loaded(self) -> bool:
        """Say whether roles and proof are known without a query."""
        return "_role_names" in self.__dict__ and "_has_confirmed_email" in self.__dict__

    def load(self) -> None:
        """Ask the database now for what is not known yet; for a thread beside an async view."""
        _known = self.role_names, self.has_confirmed_email

    @property
    def role_names(self) -> frozenset[str]:
        """The names of the roles in force; none for an account that is switched off or closed."""
        if not self.is_active or self.is_closed:
            return frozenset()
        if "_role_names" not in self.__dict__:
            grants = apps.get_model("useraccounts", "RoleGrant").objects.in_force()
            names = grants.filter(user=self).values_list("role__name", flat=True)
            self._role_names = frozenset(names)
        return self._role_names

    @property
    def has_confirmed_email(self) -> bool:
        """Whether an address of the account has been proved."""
        if "_has_confirmed_email" not in self.__dict__:
            addresses = apps.get_model("useraccounts", "UserEmail").objects
            self._has_confirmed_email = addresses.confirmed().filter(user=self).exists()
        return self._has_confirmed_email

    @property
    def is_reachable(self) -> bool:
        """Whether mail goes to the primary address, as far as anybody has reported."""
        if "_is_unreachable" not in self.__dict__:
            self._is_unreachable = _unreachable(user=self).exists()
        return not self._is_unreachable

    def roles_at(self, moment: datetime) -> frozenset[str]:
        """Return the names of the roles that were, or will be, in force at a moment."""
        grants = apps.get_model("useraccounts", "RoleGrant").objects.in_force(moment)
        return frozenset(grants.filter(user=self).values_list("role__name", flat=True))

    def has_roles(self, *needs: Need) -> bool:
        """Say whether the user meets every need: ``("a", ["b", "c"])`` is a AND (b OR c)."""
        return Requirement(*needs).matches(self.role_names)


class User(AbstractUser):
    """The user for a project that needs no columns of its own."""

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"


class AbstractEmailUser(AbstractUser):
    """A user without username, whom the proved address names; subclass it for more columns."""

    username = None
    username_key = None
    email = UniqueEmailField(_("e-mail address"), unique=True, null=True, default="")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[Any] = []

    class Meta(AbstractUser.Meta):
        abstract = True


class EmailUser(AbstractEmailUser):
    """The user for a project without usernames that needs no columns of its own."""

    class Meta(AbstractEmailUser.Meta):
        swappable = "AUTH_USER_MODEL"
