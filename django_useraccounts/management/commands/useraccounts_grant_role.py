"""Grant roles to a user."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ...errors import AccountError
from ...models import RoleGrant
from ...roles.flows import grant_role
from ..arguments import find_roles, find_user, read_moment, read_reason, shown_moment


class Command(BaseCommand):
    """For the person on duty: all of the roles are granted, or none."""

    help = "Grants roles to a user, all or none of them, and says from when until when."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="The username, or a proved e-mail address.")
        parser.add_argument("roles", nargs="+", metavar="role", help="The name of a role.")
        date = "as 2026-12-31, which means its midnight, or as 2026-12-31T18:00"
        parser.add_argument("--from", dest="since", metavar="DATE", help=f"When it begins, {date}.")
        parser.add_argument("--until", metavar="DATE", help=f"When it ends, {date}.")
        parser.add_argument("--reason", default="", metavar="TEXT", help="Why; it is kept.")
        parser.add_argument("--create", action="store_true", help="Make the roles that lack.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = find_user(options["user"])
        since, until = read_moment(options["since"]), read_moment(options["until"])
        reason = read_reason(options["reason"])
        try:
            with transaction.atomic():
                roles = find_roles(options["roles"], create=options["create"])
                grants = [
                    grant_role(
                        user, role, since=since, until=until, source="command", reason=reason
                    )
                    for role in roles
                ]
        except AccountError as error:
            raise CommandError(" ".join(error.messages)) from None
        for grant in grants:
            self.stdout.write(f"{user}: {grant.role.name} {_period(grant)}")
        if not user.is_active:
            self.stdout.write(f"{user} is switched off: roles count only for active users.")


def _period(grant: RoleGrant) -> str:
    end = f"until {shown_moment(grant.ends_at)}" if grant.ends_at else "for good"
    return f"from {shown_moment(grant.starts_at)} {end}"
