"""Revoke roles of a user."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from ...roles.flows import revoke_role
from ..arguments import find_roles, find_user, read_reason


class Command(BaseCommand):
    """For the person on duty: all of the roles are revoked, or none."""

    help = "Takes roles from a user at once, with all grants of them that run or are to come."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="The username, or a proved e-mail address.")
        parser.add_argument("roles", nargs="+", metavar="role", help="The name of a role.")
        parser.add_argument("--reason", default="", metavar="TEXT", help="Why; it is kept.")

    def handle(self, *args: Any, **options: Any) -> None:
        user, roles = find_user(options["user"]), find_roles(options["roles"])
        reason = read_reason(options["reason"])
        with transaction.atomic():
            ended = {role.name: revoke_role(user, role, reason=reason) for role in roles}
        for name, count in ended.items():
            grants = "1 grant" if count == 1 else f"{count} grants"
            self.stdout.write(
                f"{user}: {name} revoked ({grants})" if count else f"{user} did not have {name}."
            )
