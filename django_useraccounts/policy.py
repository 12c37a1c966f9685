"""The questions that a site may answer otherwise: subclass Policy and name it in the settings."""

from collections.abc import Collection
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal

from django.utils.module_loading import import_string

from .conf import conf

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .models import AbstractUser

#: Names that a visitor could mistake for the site itself, or that are words of URLs and mail hosts
#: (RFC 2142 and the usual suspects).
RESERVED_USERNAMES = frozenset(
    (
        "abuse account accounts admin administrator anonymous api billing contact everyone "
        "help hostmaster info login logout mailer-daemon me moderator news no-reply nobody "
        "noreply null none owner postmaster profile register root security settings signup "
        "staff static superuser support system undefined user useraccounts users webmaster "
        ".well-known well-known www"
    ).split()
)


class Policy:
    """
    Answers from what it is given, without reading or writing anything::

        class GuildPolicy(Policy):
            def may_register(self, *, request):
                return False

        USERACCOUNTS = {"POLICY": "guild.policy.GuildPolicy"}
    """

    #: Usernames that nobody may have, in lower case.
    reserved_usernames: Collection[str] = RESERVED_USERNAMES

    def may_register(self, *, request: "HttpRequest | None") -> bool:
        """Say whether a stranger may open an account here."""
        return True

    def may_log_in(self, user: "AbstractUser", *, request: "HttpRequest | None") -> bool:
        """Say whether a user with the right password may come in; no looks like a wrong one."""
        return True

    def may_invite(self, user: "AbstractUser", *, request: "HttpRequest | None") -> bool:
        """Say whether a user may invite people; asked when inviting, and again at acceptance."""
        return user.has_perm("useraccounts_invitations.add_invitation")

    def may_grant(self, user: "AbstractUser", role_names: Collection[str]) -> bool:
        """
        Say whether a user may give these roles, all of them, to others, and take them away.

        Whatever the answer, nobody gives a role that carries a Django permission which they lack.
        """
        is_above = user.is_superuser or user.role_names.issuperset(role_names)
        return is_above and user.has_perm("useraccounts.add_rolegrant")

    def default_roles(self, user: "AbstractUser") -> Collection[str]:
        """Return the names of the roles that a new user gets, for good."""
        return ()

    def grace(self, role_name: str) -> timedelta:
        """Return how long a role still counts after its end, where who grants it does not say."""
        return timedelta()

    def language(self, user: "AbstractUser") -> str:
        """Return the language code for mails to ``user``, "" for that of who causes the mail."""
        return user.language

    def leaving(self, user: "AbstractUser") -> Literal["erase", "anonymise"]:
        """Say what is left of an account that is erased: nothing, or a row that tells not whose."""
        return "erase"

    def mail_sender(self, kind: str) -> str | None:
        """Return the From of mails of a kind, ``Name <address>``; None for DEFAULT_FROM_EMAIL."""
        return None


def policy() -> Policy:
    """Return the policy of the site."""
    return _policy(conf.POLICY)


@cache
def _policy(path: str) -> Policy:
    policy_class: type[Policy] = import_string(path)
    return policy_class()
