"""Who is it: a username or address with its password, or the user of a session with the roles."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured
from django.db.models import (
    DateTimeField,
    Exists,
    F,
    FilteredRelation,
    Model,
    OuterRef,
    Q,
    QuerySet,
)
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from .canonical import email_key, username_key
from .compiled import Slot, compiled
from .credentials import PASSWORD_MAX_LENGTH
from .devices import device_key, is_trusted_device
from .identity import login_names
from .limits import Spent, spend
from .models import AbstractUser, AccountEvent, RoleGrant, UserEmail
from .models.users import UserQuerySet
from .policy import policy


class AccountsBackend(ModelBackend):
    """Django's backend with our lookups; permissions come by roles, too, as they do by groups."""

    @sensitive_variables()
    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> AbstractUser | None:
        """
        Return the user of a username or of a proved address, if the password is right.

        Exactly one password hash on every path, so that time does not tell which names exist.
        Raises TooManyAttempts: here, so that the admin's login and every other form are limited.
        """
        if username is None:
            # By the keyword that Django calls USERNAME_FIELD: "email" where there is no other name.
            username = kwargs.get(get_user_model().USERNAME_FIELD)
        if username is None or password is None:
            return None
        # Lone surrogates, which JSON can carry, can be neither stored nor hashed.
        username, password = (
            text.encode("utf-8", "replace").decode() for text in (username, password)
        )
        # Usernames have no @, so what was typed is one or the other: one lookup by a unique key.
        by = "email" if "@" in username else "username"
        key = email_key(username) if by == "email" else username_key(username)
        user = _user_by(by, key) if by in login_names() else None
        spent = _spend(key or username, user, request=request)
        if obstacle := _obstacle(user, password, spent, request=request):
            # For unknown names, too: a row more for known ones would be a way to tell them apart.
            AccountEvent.objects.record(
                "login_failed", user=user, details={"reason": obstacle}, request=request
            )
            return None
        spent.forgive()
        return user

    @sensitive_variables()
    async def aauthenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> AbstractUser | None:
        # Arguments would lie open in the frames of asgiref, which a report of an error shows.
        @sensitive_variables()
        def ask() -> AbstractUser | None:
            return self.authenticate(request, username, password, **kwargs)

        return await sync_to_async(ask)()

    def get_user(  # type: ignore[override]
        self, user_id: Any
    ) -> AbstractUser | None:
        statement = compiled(_of_session, get_user_model())
        rows = statement.fetch(key=user_id, moment=timezone.now())
        if not rows:
            return None
        user: AbstractUser = statement.instance(rows[0])
        # The user's columns are the same in all rows, the role's name differs.
        user.set_role_names(frozenset(row[-1] for row in rows if row[-1] is not None))
        # A closed account has no sessions: whoever logs in has opened it again.
        return user if user.is_active and not user.is_closed else None

    def _get_group_permissions(self, user_obj: Any) -> QuerySet[Permission]:
        """Return the permissions of groups and of roles in force: one statement, as for groups."""
        # No part of a union may have an order.
        of_groups: QuerySet[Permission] = super()._get_group_permissions(user_obj).order_by()
        if user_obj.is_closed:
            return of_groups
        grants = RoleGrant.objects.in_force().filter(user=user_obj)
        return of_groups.union(Permission.objects.filter(roles__grants__in=grants).order_by())

    def with_perm(
        self,
        perm: str | Permission,
        is_active: bool = True,  # noqa: FBT001, FBT002
        include_superusers: bool = True,  # noqa: FBT001, FBT002
        obj: Model | None = None,
    ) -> QuerySet[Any]:
        users = super().with_perm(perm, is_active, include_superusers, obj)
        if obj is not None:
            return users
        grants = RoleGrant.objects.in_force().filter(user=OuterRef("pk"))
        if isinstance(perm, str):
            label, _dot, codename = perm.partition(".")
            grants = grants.filter(
                role__permissions__codename=codename,
                role__permissions__content_type__app_label=label,
            )
        else:
            grants = grants.filter(role__permissions=perm)
        holders = get_user_model()._default_manager.filter(Exists(grants), erase_at=None)
        # Whoever is switched off has no role in force.
        return users if is_active is False else users | holders.filter(is_active=True)

    async def aget_user(  # type: ignore[override]
        self, user_id: Any
    ) -> AbstractUser | None:
        return await sync_to_async(self.get_user)(user_id)


def start_session(request: HttpRequest, user: AbstractUser, *, source: str = "") -> bool:
    """
    Log the browser in until it is closed, as ``user``, who has been proved without a login form.

    ``source`` names what has proved it, for the audit trail.

    Return whether that was done: not for an account that is switched off or can be opened no more,
    or that policy refuses.
    """
    if not user.is_active or user.is_gone or not policy().may_log_in(user, request=request):
        return False
    user.login_source = source
    for path in settings.AUTHENTICATION_BACKENDS:
        if issubclass(import_string(path), AccountsBackend):
            login(request, user, backend=path)  # type: ignore[arg-type]
            request.session.set_expiry(0)
            return True
    raise ImproperlyConfigured("AUTHENTICATION_BACKENDS has no AccountsBackend.")


def _spend(typed: str, user: AbstractUser | None, *, request: HttpRequest | None) -> Spent:
    """Count an attempt to log in, in as many places for a name that nobody has."""
    account = f"of {user.pk}" if user else f"none {typed}"
    device = ""
    # Only its owner can have such a browser: no stranger uses up what is tried there.
    if is_trusted_device(request, user) and request is not None:
        device = f"{device_key(request)} {account}"
    return spend("login", identifier=typed, account=account, device=device, request=request)


def _user_by(name: str, key: str) -> AbstractUser | None:
    statement = compiled(_of_address if name == "email" else _of_username, get_user_model())
    user: AbstractUser | None = statement.first(key=key, moment=timezone.now())
    return user


def _of_username(users: UserQuerySet) -> UserQuerySet:
    key = users.model._meta.get_field("username_key")
    return _not_gone(users).filter(username_key=Slot("key", key))


def _of_address(users: UserQuerySet) -> UserQuerySet:
    # verified_key, not email_key: a claim that nobody has proved logs nobody in.
    key = UserEmail._meta.get_field("verified_key")
    return _not_gone(users).filter(emails__verified_key=Slot("key", key))


def _not_gone(users: UserQuerySet) -> UserQuerySet:
    moment = Slot("moment", DateTimeField())
    return users.not_gone(moment).with_proof().with_reach().order_by()


def _of_session(users: UserQuerySet) -> UserQuerySet:
    """Make a row of a user for each role in force, or one without, and the proof beside it."""
    moment = Slot("moment", DateTimeField())
    in_force = Q(role_grants__starts_at__lte=moment) & (
        Q(role_grants__counts_until__isnull=True) | Q(role_grants__counts_until__gt=moment)
    )
    return (
        users.filter(pk=Slot("key", users.model._meta.pk))
        .with_proof()
        .annotate(grant_in_force=FilteredRelation("role_grants", condition=in_force))
        .annotate(_role_name=F("grant_in_force__role__name"))
        .order_by()
    )


@sensitive_variables()
def _obstacle(
    user: AbstractUser | None, password: str, spent: Spent, *, request: HttpRequest | None
) -> str:
    """Return why the password lets nobody in, in a word of code, or ""; it costs one hash."""
    if user is None or spent.is_in_vain:
        make_password(password[:PASSWORD_MAX_LENGTH])
        return "unknown" if user is None else "budget"
    # What is too long is nobody's: its beginning costs the one hash, and may even be right.
    is_right = user.check_password(password[:PASSWORD_MAX_LENGTH])
    if not is_right or len(password) > PASSWORD_MAX_LENGTH:
        return "wrong_password"
    if not user.is_active:
        return "inactive"
    return "" if policy().may_log_in(user, request=request) else "not_allowed"
