"""The settings of the room: ``USERACCOUNTS["SOCIAL"]``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..conf import LazyConf


@dataclass(frozen=True)
class SocialConf:
    #: Who people can log in with, in the order of the buttons:
    #: ``{"google": {"CLIENT_ID": "…", "CLIENT_SECRET": "…"}}``.
    PROVIDERS: Mapping[str, Any] = field(default_factory=dict)
    #: Is somebody whose provider has authority over an address let into the account that has
    #: confirmed it, without a proof of that account?
    CONNECT_BY_EMAIL: bool = False


if TYPE_CHECKING:
    conf: SocialConf = SocialConf()
else:
    conf = LazyConf(SocialConf, room="SOCIAL")
