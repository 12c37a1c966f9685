"""Where the pages of the showcase lead: to a page, as a person, if the guild has what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from django.urls import reverse
from django.utils.http import urlencode

from django_useraccounts.conf import conf
from django_useraccounts.identity import has_emails, has_one_email, has_usernames

#: Nobody who is logged in.
STRANGER = ""
#: Whoever is looking.
ANYONE = "*"


@dataclass(frozen=True)
class Place:
    """A page to look at, and as whom."""

    url_name: str
    person: str = ANYONE
    args: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    #: What the page answers.
    status: int = 200
    #: Where it leads, as the page that is meant, if that is another one.
    lands: str = ""

    @property
    def url(self) -> str:
        query = f"?{urlencode(self.query)}" if self.query else ""
        return reverse(self.url_name, args=self.args) + query

    @property
    def needs_switch(self) -> bool:
        """Say whether somebody has to log in, or out, to see it."""
        return self.person != ANYONE


@dataclass(frozen=True)
class Condition:
    """What some features need, which not every way to run the demo has."""

    is_met: Callable[[], bool]
    #: What to do where it is not met.
    advice: str


CONDITIONS = {
    "": Condition(lambda: True, ""),
    "emails": Condition(
        has_emails,
        "Nobody has an address in this guild: start the demo without GUILD_IDENTITY=username.",
    ),
    "several emails": Condition(
        lambda: has_emails() and not has_one_email(),
        "People have one address or none in this guild: start the demo without GUILD_IDENTITY.",
    ),
    "usernames": Condition(
        has_usernames,
        "Nobody has a username in this guild: start the demo without GUILD_IDENTITY=email.",
    ),
    "names and emails": Condition(
        lambda: has_emails() and has_usernames(),
        "People have a username or an address in this guild, not both: start the demo without "
        "GUILD_IDENTITY.",
    ),
    "terms": Condition(
        lambda: bool(conf.TERMS_VERSION),
        "This house has no rules to accept: start the demo by GUILD_TERMS=2 make demo.",
    ),
    "provider": Condition(
        lambda: bool(find_spec("authlib")),
        "Authlib is not installed: pip install authlib joserfc, and start the demo again.",
    ),
    "till": Condition(
        lambda: bool(find_spec("stripe")),
        "The library of Stripe is not installed: pip install stripe, and start the demo again.",
    ),
}


class Conditional:
    """What not every guild has: ``needs`` is a key of CONDITIONS."""

    needs: str

    @property
    def condition(self) -> Condition:
        return CONDITIONS[self.needs]

    @property
    def is_here(self) -> bool:
        return self.condition.is_met()
