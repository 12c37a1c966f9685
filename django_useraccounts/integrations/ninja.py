"""Roles in django-ninja; needs ``django-useraccounts[ninja]``."""

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import SessionAuth

from ..guards import Guard
from ..models import AbstractUser
from ..requirements import Need, Requirement


class RolesRequired(SessionAuth):
    """
    Let in who is logged in and meets every need; a list is met by one of its roles::

        @api.get("/suppers", auth=RolesRequired("starving", ["artist", "programmer"]))

    For sync and async operations. Forms of other sites are refused, as by ``SessionAuth``, and
    ``csrf=False`` lets them in. Strangers get 401 and others 403, so it stands last in a list of
    several ways to authenticate. ``request.auth`` is the user. Raises TypeError or ValueError when
    a need cannot be meant.
    """

    def __init__(self, *needs: Need, csrf: bool = True) -> None:
        self.guard = Guard(Requirement(*needs).noted_for_check())
        super().__init__(csrf=csrf)

    def authenticate(self, request: HttpRequest, key: str | None) -> AbstractUser | None:
        user: AbstractUser = request.user  # type: ignore[assignment]
        obstacle = self.guard.obstacle_for(user)
        if obstacle == "login_required":
            return None
        if obstacle:
            raise HttpError(403, obstacle)
        return user
