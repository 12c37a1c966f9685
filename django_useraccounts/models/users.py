"""The user: who it is and how it proves it. Addresses and roles point here, never the reverse."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import IntegrityError, models, router, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.query_utils import DeferredAttribute
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ..canonical import KEY_MAX_LENGTH, clean_username, email_key, username_key
from ..conf import conf
from ..errors import EmailTaken, InvalidUsername
from ..identity import has_username_column, has_usernames, login_names
from ..requirements import Need, Requirement

if TYPE_CHECKING:
    from .emails import UserEmail

    Text = models.CharField[str, str]
    NullableText = models.CharField[str | None, str | None]
    EmailColumn = models.EmailField[str, str]
    PositiveNumber = models.PositiveIntegerField[int, int]
    NullableMoment = models.DateTimeField[datetime | None, datetime | None]
else:
    # They take no parameters when they run.
    Text, NullableText, EmailColumn = models.CharField, models.CharField, models.EmailField
    PositiveNumber, NullableMoment = models.PositiveIntegerField, models.DateTimeField


#: In the words of Django, which it has in more languages than we.
_SUPERUSER = PermissionsMixin._meta.get_field("is_superuser")
_PASSWORD = AbstractBaseUser._meta.get_field("password")
#: How long the name of a version of the terms of service may be.
TERMS_MAX_LENGTH = 40


def validate_username(value: str) -> None:
    """Refuse a username that nobody may have; for admin, createsuperuser and model forms."""
    clean_username(value)


class UsernameKeyField(NullableText):
    """The key of the username beside it, computed whenever the row is written."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # noqa: FBT001
        username = getattr(model_instance, "username", None)
        key = username_key(username) if username else None
        if key == "":
            raise InvalidUsername
        setattr(model_instance, self.attname, key)
        return key


class Kept:
    """
    What a column has already, and a number added to it, as the value that ``save()`` writes.

    Of an ``F()`` Django reads back what it became, from 6.0 on: who had come in by the old
    password, and was saved before the session began, would have the hash and epoch of the new one.
    """

    def __init__(self, field: "models.Field[Any, Any]", *, plus: int = 0) -> None:
        self.field, self.plus = field, plus

    def as_sql(self, _compiler: object, connection: Any) -> tuple[str, list[object]]:
        column = connection.ops.quote_name(self.field.column)
        return (f"{column} + %s", [self.plus]) if self.plus else (column, [])


class PasswordAttribute(DeferredAttribute):
    def fetch_many(self, instances: Iterable[Any]) -> None:
        """Load the column of several; Django's, from 6.1 on, tells them nothing of it."""
        lacking = [user for user in instances if self.field.attname not in user.__dict__]
        super().fetch_many(instances)
        for user in lacking:
            user.note_stored_password()


class PasswordColumn(Text):
    """
    A hash that a saved row keeps, unless code has set another password on this very instance.

    A copy that was loaded before its owner changed the password would bring the old one back.
    """

    descriptor_class = PasswordAttribute

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        is_kept = not add and getattr(model_instance, "has_stored_password", False)
        return Kept(self) if is_kept else super().pre_save(model_instance, add)

    def deconstruct(self) -> Any:
        # The column is Django's, and a project's migrations need not tell it from that.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class SessionEpochField(PositiveNumber):
    """
    A number that a saved row only ever raises, by one when its password was set.

    What an instance holds in memory is never written: a copy that was loaded before the sessions of
    the user ended would give them back their lives.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        if add:
            return super().pre_save(model_instance, add)
        return Kept(self, plus=int(not getattr(model_instance, "has_stored_password", True)))


class EraseAtField(NullableMoment):
    """
    A moment that a saved row keeps: flows change it by an UPDATE of their own.

    A copy that was loaded before the account was opened again would have it erased after all.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        return super().pre_save(model_instance, add) if add else Kept(self)


class UniqueEmailField(EmailColumn):
    """An address that is unique where there is one: "" in Python is NULL in the database."""

    def from_db_value(self, value: str | None, *_args: object) -> str:
        return value or ""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(value) or None


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


def _events(using: str | None) -> Any:
    return apps.get_model("useraccounts", "AccountEvent").objects.db_manager(using)


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
                _events(self._db).record("superuser_made", user=user)
                return user
        except IntegrityError:
            addresses = apps.get_model("useraccounts", "UserEmail").objects.using(self._db)
            if email and addresses.confirmed().addressed(email).exists():
                raise EmailTaken from None
            raise


class AbstractUser(AbstractBaseUser, PermissionsMixin):
    """
    What every user of the accounts has; subclass it for more columns::

        class Member(AbstractUser):
            birthday = models.DateField(null=True)

        AUTH_USER_MODEL = "members.Member"
    """

    password = PasswordColumn(_PASSWORD.verbose_name, max_length=_PASSWORD.max_length)
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
    #: Raising it ends every session and every link that rests on the old one.
    session_epoch = SessionEpochField(default=0, editable=False)
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

    #: The hash of the password that the row is known to have: "" while its column is deferred, None
    #: where it was not read. What differs from it is a new one, in whatever way code has set it.
    _stored_password: str | None = None

    if TYPE_CHECKING:
        emails: models.Manager["UserEmail"]
        role_grants: models.Manager[Any]
        roles: models.Manager[Any]

    def __str__(self) -> str:
        return self.shown_username or self.email or f"#{self.pk}"

    def clean(self) -> None:
        """Leave the username as typed, short of spaces around: keys compare, not texts."""
        self.username = self.username.strip() or None if self.username else None

    def save(
        self, *, using: str | None = None, update_fields: Iterable[str] | None = None, **kwargs: Any
    ) -> None:
        columns = None if update_fields is None else {*update_fields}
        if columns is not None and "username" in columns:
            columns.add("username_key")
        if columns is None:
            self._save_with_password(using, **kwargs)
        elif "password" in columns:
            self._save_with_password(using, update_fields={*columns, "session_epoch"}, **kwargs)
        else:
            super().save(using=using, update_fields=columns, **kwargs)

    def _save_with_password(self, using: str | None, **kwargs: Any) -> None:
        """Ask the row for its hash if this may be another one: what was written may be undone."""
        known, held = self._stored_password, self._held_password
        is_copy = using is not None and self._state.db not in {None, using}
        is_asked = is_copy or not self.has_stored_password
        using = using or router.db_for_write(type(self), instance=self)
        if is_asked:
            self._stored_password = self._read_hash(using)
        is_new_row = self._stored_password is None
        try:
            if is_new_row or self.has_stored_password:
                super().save(using=using, **kwargs)
            else:
                self._save_new_password(using, **kwargs)
        finally:
            self._stored_password = known
        if is_new_row:
            self._stored_password = held
        elif is_asked:
            note = partial(setattr, self, "_stored_password", held)
            transaction.on_commit(note, using=using)

    def _save_new_password(self, using: str, **kwargs: Any) -> None:
        """End what rests on the old one: code sets it, as ``manage.py changepassword`` does."""
        epoch = self.session_epoch  # where it was deferred, it would not be written
        with transaction.atomic(using=using):
            super().save(using=using, **kwargs)
            _events(using).record("password_set_by_code", user=self)
        self.session_epoch = epoch + 1

    def _read_hash(self, using: str) -> str | None:
        has_default = self._meta.pk.has_default()
        if self.pk is None or (self._state.adding and has_default):
            # Django inserts it, and looks for no row of that key.
            return None
        rows = type(self)._base_manager.using(using).filter(pk=self.pk)
        return rows.values_list("password", flat=True).first()

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        user = super().from_db(*args, **kwargs)
        # As note_stored_password does; without its call, since each request loads a user.
        user._stored_password = user.__dict__.get("password", "")
        return user

    def note_stored_password(self) -> None:
        """Take the hash in memory for the one of the row; for who has just written it there."""
        self._stored_password = self._held_password

    @property
    def has_stored_password(self) -> bool:
        """Whether the hash in memory, if there is one, is what the row is known to have."""
        return self._held_password == self._stored_password

    @property
    def _held_password(self) -> str:
        held: str = self.__dict__.get("password", "")
        return held

    @sensitive_variables()
    def check_password(self, raw_password: str | None) -> bool:
        return check_password(raw_password, self.password, self._renew_hash)

    @sensitive_variables()
    async def acheck_password(self, raw_password: str | None) -> bool:
        # No argument, which a report of an error would show in the frames of asgiref.
        ask = sensitive_variables()(lambda: self.check_password(raw_password))
        return await sync_to_async(ask)()

    @sensitive_variables()
    def _renew_hash(self, raw_password: str) -> None:
        """
        Write the hash that the first hasher makes now, which is no new password.

        Unlike Django's, only over the hash that was checked: a new password that was set meanwhile
        stays, or a thief's login with the old one would bring that back.
        """
        renewed = make_password(raw_password)
        row = type(self)._base_manager.filter(pk=self.pk, password=self.password)
        if row.update(password=renewed, session_epoch=F("session_epoch")):
            self.password = renewed
            self.note_stored_password()

    def refresh_from_db(
        self, using: Any = None, fields: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        super().refresh_from_db(using, fields, *args, **kwargs)
        if fields is None or "password" in fields:
            self.note_stored_password()
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

    # Sessions

    def get_session_auth_hash(self) -> str:
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None) -> str:
        # Beside the password its epoch, so that sessions can be ended without a new password.
        salt = "django_useraccounts.session"
        value = f"{self.session_epoch}:{self.password}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


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
