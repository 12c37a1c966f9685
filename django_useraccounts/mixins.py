"""Guards for class-based views: name them before the View."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from .guards import Guard
from .requirements import Need, Requirement

if TYPE_CHECKING:
    ViewBase = View
else:
    ViewBase = object


#: The attributes that name roles, and how each is read.
_READERS: dict[str, Callable[..., Requirement]] = {
    "roles_required": Requirement,
    "roles_accepted": Requirement.any_of,
}


_OF_THE_CLASS = {
    *_READERS,
    *("guard", "allow_unconfirmed_email", "allow_outdated_terms", "recent_login_required"),
}


def roles_of(cls: type, name: str) -> Requirement | None:
    """
    Return what a class asks by its attribute ``roles_required`` or ``roles_accepted``.

    None while the attribute is None: such a class leaves the roles to its children. Raises
    TypeError or ValueError when a need cannot be meant, such as none at all, and TypeError where
    two parents have the attribute: Python would ask for the roles of the first alone.
    """
    value = getattr(cls, name)
    if value is None:
        return None
    first, *others = (parent for parent in cls.__mro__ if vars(parent).get(name) is not None)
    for other in others:
        if not issubclass(first, other) and vars(other)[name] != value:
            raise TypeError(
                f"{cls.__name__}: {first.__name__} and {other.__name__} both have {name}; "
                "write there what is asked of both."
            )
    if isinstance(value, Requirement):
        value = (value,)
    # roles_required = ("secret") is a string, and would be read letter by letter.
    if not isinstance(value, tuple | list):
        raise TypeError(f"{cls.__name__}.{name}: write a tuple, one with a comma for one.")
    return _READERS[name](*value).noted_for_check(f"{cls.__module__}.{cls.__qualname__}")


class GuardMixin(ViewBase):
    """What the mixins share: one guard, made of their attributes when the class is made."""

    #: What the mixins ask. None while an attribute is not set: such a class is no page yet.
    guard: ClassVar[Guard | None]
    allow_unconfirmed_email: ClassVar[bool] = False
    allow_outdated_terms: ClassVar[bool] = False
    recent_login_required: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        # The other way round, the View would answer before the guard is asked.
        if View in order and order.index(View) < order.index(GuardMixin):
            raise TypeError(f"{cls.__name__}: name the guard mixins before the View.")
        cls.guard = cls._make_guard()

    @classmethod
    def _make_guard(cls) -> Guard | None:
        requirements = []
        for name in _READERS:
            if hasattr(cls, name):
                requirement = roles_of(cls, name)
                if requirement is None:
                    return None
                requirements.append(requirement)
        return Guard(
            Requirement(*requirements) if requirements else None,
            allow_unconfirmed_email=cls.allow_unconfirmed_email,
            allow_outdated_terms=cls.allow_outdated_terms,
            recent_login=cls.recent_login_required,
        )

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        for name in _OF_THE_CLASS.intersection(initkwargs):
            raise TypeError(f"{cls.__name__}: set {name} on a class, not in as_view().")
        # Once more, should somebody have set the attributes after the class was made.
        cls.guard = cls._make_guard()
        _guard_of(cls)
        return super().as_view(**initkwargs)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        guard = _guard_of(type(self))
        call: Any = guard.acall if self.view_is_async else guard.call
        answer: HttpResponseBase = call(super().dispatch, request, *args, **kwargs)
        return answer


class RolesRequiredMixin(GuardMixin):
    """
    Show the view to users who meet every need; a list is met by one of its roles::

        class SecretPage(RolesRequiredMixin, TemplateView):
            roles_required = ("secret", ["sauce", "agent"])
    """

    roles_required: ClassVar[tuple[Need, ...] | Requirement | None] = None


class RolesAcceptedMixin(GuardMixin):
    """Show the view to users with at least one of ``roles_accepted = ("artist", "editor")``."""

    roles_accepted: ClassVar[tuple[str, ...] | None] = None


class AllowUnconfirmedEmailMixin(GuardMixin):
    """Show the view to logged-in users whose address is not confirmed, too."""

    allow_unconfirmed_email = True


class AllowOutdatedTermsMixin(GuardMixin):
    """Show the view to logged-in users who have yet to accept the terms of service, too."""

    allow_outdated_terms = True


class ConfirmedEmailRequiredMixin(GuardMixin):
    """Show the view to logged-in users with a confirmed address, whatever their roles."""


class RecentLoginRequiredMixin(GuardMixin):
    """Show the view to users who logged in lately (RECENT_LOGIN_MAX_AGE); others prove it again."""

    recent_login_required = True


def _guard_of(cls: type[GuardMixin]) -> Guard:
    if cls.guard is None:
        raise ImproperlyConfigured(f"{cls.__name__} has to set roles_required or roles_accepted.")
    return cls.guard
