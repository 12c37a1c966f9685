"""The settings of the room: ``USERACCOUNTS["SESSIONS"]``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ..conf import LazyConf


@dataclass(frozen=True)
class SessionsConf:
    #: How long a session may go on that nobody uses.
    IDLE_MAX_AGE: timedelta = timedelta(days=14)
    #: How long a session may go on, however much it is used.
    MAX_AGE: timedelta = timedelta(days=90)
    #: In how many browsers somebody may be logged in: the oldest session ends for a new one. 0: in
    #: any number.
    PER_USER: int = 0
    #: Is a user told by mail of a login from a browser that the account was not used from before?
    TELL_NEW_DEVICE: bool = True


if TYPE_CHECKING:
    conf: SessionsConf = SessionsConf()
else:
    conf = LazyConf(SessionsConf, room="SESSIONS")
