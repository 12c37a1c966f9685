"""The settings of the room: ``USERACCOUNTS["MEMBERSHIPS"]``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conf import LazyConf


@dataclass(frozen=True)
class MembershipsConf:
    """Both empty, the site does without Stripe: payments are then recorded by people or by code."""

    #: The key that the site asks Stripe with: ``sk_live_…``, ``sk_test_…``, or a restricted one.
    STRIPE_SECRET_KEY: str = ""
    #: What Stripe signs its webhooks with: ``whsec_…``, shown beside the endpoint.
    STRIPE_WEBHOOK_SECRET: str = ""


if TYPE_CHECKING:
    conf: MembershipsConf = MembershipsConf()
else:
    conf = LazyConf(MembershipsConf, room="MEMBERSHIPS")
