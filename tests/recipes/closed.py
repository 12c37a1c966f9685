"""A site where nobody registers."""

from typing import Any

from django_useraccounts.policy import Policy


class Closed(Policy):
    def may_register(self, *, request: Any) -> bool:
        return False
