"""The doors of the guild, as the page that lists them tells of them; the guards are in views.py."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getsource, unwrap

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.urls import resolve, reverse

from django_useraccounts.guards import may_visit
from django_useraccounts.models import AbstractUser
from django_useraccounts.requirements import Need


@dataclass(frozen=True)
class Door:
    """What stands on the sign of a door, and whom its guard is meant to let in."""

    url_name: str
    title: str
    sign: str
    #: The roles it takes, as ``has_roles`` takes them; none: an account is enough.
    needs: tuple[Need, ...] = ()
    for_anyone: bool = False

    @property
    def code(self) -> str:
        """The view behind the door: so the sign cannot be wrong about it."""
        return source_of(resolve(reverse(self.url_name)).func)

    def opens_for(self, user: AbstractUser | AnonymousUser) -> bool:
        """Say whether the guard will let ``user`` in."""
        # Django's LoginRequiredMixin, which the common room has, is none that may_visit could read.
        return (self.for_anyone or user.is_authenticated) and may_visit(user, self.url_name)

    def people(self) -> QuerySet[AbstractUser]:
        """Return everybody who meets the needs of the door now."""
        return get_user_model().objects.with_roles(*self.needs).order_by("username")


def source_of(view: Callable[..., object]) -> str:
    """Return the source of a view, a function or a class, with the guard that stands on it."""
    return getsource(getattr(view, "view_class", None) or unwrap(view)).strip()


DOORS = (
    Door("gallery", "The gallery", "Open to the street.", for_anyone=True),
    Door("members", "The common room", "For everybody in the guild."),
    Door("studio", "The studio", "Artists only. Wipe your feet afterwards.", ("artist",)),
    Door("supper_club", "The supper club", "For members who have paid their fee.", ("member",)),
    Door(
        "cellar",
        "The cellar",
        "Sworn to secrecy, and an agent or a keeper of the sauce.",
        ("secret", ["sauce", "agent"]),
    ),
    Door(
        "back_stairs",
        "The cellar, by the back stairs",
        "The same lock, on a class-based view.",
        ("secret", ["sauce", "agent"]),
    ),
    Door(
        "garret",
        "The garret",
        "For those who starve, for art or for programs.",
        ("starving", ["artist", "programmer"]),
    ),
    Door(
        "stage",
        "The little stage",
        "Be funny, witty or hilarious: one is enough.",
        (["funny", "witty", "hilarious"],),
    ),
)
