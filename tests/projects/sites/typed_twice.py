"""Addresses and passwords are typed twice."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "RETYPE": ("email", "password")}  # noqa: F405
HAS = Has(typed_twice=("email", "password"))
