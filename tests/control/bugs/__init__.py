"""The bugs that the suite has to catch, from what others have had to mend."""

from tests.control.bug import Bug
from tests.control.bugs import (
    addresses,
    administration,
    entering,
    invitations,
    leaving,
    links,
    mail,
    memberships,
    pages,
    passwords,
    providers,
    roles,
    sessions,
    text,
)

BUGS: tuple[Bug, ...] = (
    *entering.BUGS,
    *sessions.BUGS,
    *links.BUGS,
    *passwords.BUGS,
    *addresses.BUGS,
    *roles.BUGS,
    *pages.BUGS,
    *mail.BUGS,
    *administration.BUGS,
    *invitations.BUGS,
    *providers.BUGS,
    *text.BUGS,
    *leaving.BUGS,
    *memberships.BUGS,
)
