"""
Roles in Django's administration, besides Django's own permissions: whole sites, models, actions.

Whoever asks has to be confirmed, open and up to date with the terms, as at every guard.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.options import BaseModelAdmin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

from ..guards import Guard, guard_of, mark
from ..mixins import roles_of
from ..requirements import Need, Requirement

if TYPE_CHECKING:
    SiteBase = AdminSite
    ModelAdminBase = ModelAdmin[Any]
else:
    SiteBase = ModelAdminBase = object

#: An action of the administration: a function, or a method of a ModelAdmin.
A = TypeVar("A", bound=Callable[..., Any])


def _must_stand_before(base: type, mixin: type, cls: type) -> None:
    # The other way round, Django would answer before the roles are asked for.
    order = cls.__mro__
    if base in order and order.index(base) < order.index(mixin):
        raise TypeError(f"{cls.__name__}: name the mixin before the {base.__name__}.")


class _RolesRequired:
    """What the mixins share: ``roles_required``, which raises already when the class is made."""

    roles_required: ClassVar[tuple[Need, ...] | Requirement | None] = None
    #: The class of Django that a mixin has to stand before.
    _before: ClassVar[type]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _must_stand_before(cls._before, _RolesRequired, cls)
        roles_of(cls, "roles_required")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        requirement = roles_of(type(self), "roles_required")
        if requirement is None:
            raise ImproperlyConfigured(f"{type(self).__name__} has to set roles_required.")
        self._guard = Guard(requirement)
        super().__init__(*args, **kwargs)

    def _is_open_to(self, request: HttpRequest) -> bool:
        return not self._guard.obstacle_for(request.user)


class RolesRequiredAdminSiteMixin(_RolesRequired, SiteBase):
    """
    Show the whole site to staff who meet every need::

        class Office(RolesRequiredAdminSiteMixin, AdminSite):
            roles_required = ("staff", ["treasurer", "caretaker"])
    """

    _before = AdminSite

    def has_permission(self, request: HttpRequest) -> bool:
        return self._is_open_to(request) and super().has_permission(request)


class GuardedActionsMixin(ModelAdminBase):
    """List the actions only that the user may run: those under ``action_roles_required``."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _must_stand_before(ModelAdmin, GuardedActionsMixin, cls)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        # From Django 6.1 on there are two pages with actions, and an action is no tuple any more.
        where = {"action_location": action_location} if action_location else {}
        actions: dict[str, Any] = super().get_actions(request, **where)
        for name, action in list(actions.items()):
            guard = guard_of(action[0] if isinstance(action, tuple) else action.func)
            if guard and guard.obstacle_for(request.user):
                del actions[name]
        return actions


class RolesRequiredModelAdminMixin(_RolesRequired, GuardedActionsMixin):
    """
    Give who meets every need what Django's permissions allow, and others nothing::

        class InvoiceAdmin(RolesRequiredModelAdminMixin, ModelAdmin):
            roles_required = ("treasurer",)

    For inlines, too.
    """

    _before = BaseModelAdmin

    # Inlines are given the row that they stand below, besides.

    def has_view_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return self._is_open_to(request) and super().has_view_permission(request, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return self._is_open_to(request) and super().has_add_permission(request, *args, **kwargs)

    def has_change_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return self._is_open_to(request) and super().has_change_permission(request, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return self._is_open_to(request) and super().has_delete_permission(request, *args, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_open_to(request) and super().has_module_permission(request)


def action_roles_required(*needs: Need) -> Callable[[A], A]:
    """
    Let who meets every need run the action of the administration, and nobody else::

        class InvoiceAdmin(GuardedActionsMixin, ModelAdmin):
            actions = ("pay_back",)

            @admin.action(description="Pay back")
            @action_roles_required("treasurer")
            def pay_back(self, request, queryset): ...

    Others get a 403, and do not see it where ``GuardedActionsMixin`` stands before the ModelAdmin,
    or ``RolesRequiredModelAdminMixin``, which is one. Raises TypeError or ValueError when a need
    cannot be meant.
    """
    guard = Guard(Requirement(*needs).noted_for_check())

    def decorate(action: A) -> A:
        @wraps(action)
        def guarded(admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if guard.obstacle_for(request.user):
                raise PermissionDenied
            return action(admin, request, *args, **kwargs)

        mark(guarded, guard)
        return guarded  # type: ignore[return-value]

    return decorate
