"""Roles and logins in Django REST framework; needs ``django-useraccounts[rest]``."""

from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.views.decorators.debug import sensitive_variables
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission, OperationHolderMixin
from rest_framework.request import Request

from ..errors import TooManyAttempts
from ..guards import Guard
from ..models import AbstractUser
from ..requirements import Need, Requirement
from ..timing import in_step

if TYPE_CHECKING:
    # When it runs, this module imports the classes that REST_FRAMEWORK names: those below, too.
    from rest_framework.views import APIView


class RolesRequired(OperationHolderMixin, BasePermission):
    """
    Let in who meets every need; a list is met by one of its roles::

        class Suppers(APIView):
            permission_classes = [RolesRequired("starving", ["artist", "programmer"])]

    The framework answers others by 401 or 403. Who is switched off, has closed the account, or has
    not confirmed the address or accepted the terms is one of them. Combines with other permissions
    by ``&`` and ``|``. Raises TypeError or ValueError when a need cannot be meant.
    """

    def __init__(self, *needs: Need) -> None:
        self.guard = Guard(Requirement(*needs).noted_for_check())

    def __call__(self) -> Self:
        # The framework calls what it finds in permission_classes, once for each request.
        return self

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return not self.guard.obstacle_for(request.user)

    def __invert__(self) -> NoReturn:
        # It would let in strangers, and everybody whose role has ended.
        raise TypeError("Roles cannot be denied: ask for those that may.")


class BasicAuthentication(authentication.BasicAuthentication):
    """
    The framework's own, which answers too many attempts by 429 and ``Retry-After``.

    They are those of the page to log in: whoever is refused there is refused here. So is who has
    closed the account: only a login on the pages opens it again.
    """

    @sensitive_variables()
    def authenticate(self, request: Request) -> Any:
        # The framework's own holds the header and the password while others may fail.
        return super().authenticate(request)

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> tuple[AbstractUser, None]:
        with in_step():
            try:
                found: tuple[AbstractUser, None] = super().authenticate_credentials(
                    userid, password, request
                )
            except TooManyAttempts as error:
                raise Throttled(error.retry_after) from error
            if found[0].is_closed:
                raise AuthenticationFailed
            return found
