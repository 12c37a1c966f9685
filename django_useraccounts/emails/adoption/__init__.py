"""Take over accounts that something else has made: keys for usernames, rows for addresses."""

from .account import Finding, Rules
from .survey import Survey
from .walk import (
    Step,
    adopt_accounts,
    find_obstacles,
    last_done,
    survey_names,
    users_of_the_site,
)

__all__ = [
    "Finding",
    "Rules",
    "Step",
    "Survey",
    "adopt_accounts",
    "find_obstacles",
    "last_done",
    "survey_names",
    "users_of_the_site",
]
