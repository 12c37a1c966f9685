"""What a project gives its people, said by hand: the walk expects this, whatever the app thinks."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Has:
    """What people are called in a project, and what it asks of them; the default is the app's."""

    #: Does everybody have a username, who wants one, or nobody?
    username: str = "required"
    email: bool = True
    #: The names that open the door together with the password.
    logs_in_by: frozenset[str] = frozenset({"username", "email"})
    #: Do people come in before they have confirmed their address?
    at_once: bool = False
    #: What is to be typed twice.
    typed_twice: tuple[str, ...] = ()
    #: What the register page asks besides, and what is answered; "{username}" is the visitor's.
    asks: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The fields of the register page that name a person."""
        return ["username"] * (self.username != "off") + ["email"] * self.email
