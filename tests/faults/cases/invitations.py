"""People are invited, and accept."""

from django.contrib.auth.models import Permission

from django_useraccounts.invitations.admission import InvitationAdmission
from django_useraccounts.invitations.flows import (
    accept_invitation,
    invite,
    resend_invitation,
    withdraw_invitation,
)
from django_useraccounts.models import AbstractUser
from django_useraccounts.registration.flows import register
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.cases.login import request_of
from tests.faults.harness import Act, case

FRIDA = "frida@example.com"


def host() -> AbstractUser:
    """Make somebody who may invite artists."""
    maria = make_user("maria", roles=["artist"])
    names = ("add_invitation", "add_rolegrant")
    maria.user_permissions.set(Permission.objects.filter(codename__in=names))
    return maria


@case(invite)
def an_address_by_mail() -> Act:
    maria = host()
    return lambda: invite(FRIDA, by=maria, roles=["artist"], note="Bring cake.")


@case(invite)
def an_address_from_a_page() -> Act:
    maria = host()
    request = request_of(maria)
    return lambda: invite(FRIDA, by=maria, request=request)


@case(invite)
def thirty_people_by_a_link() -> Act:
    maria = host()
    return lambda: invite(by=maria, roles=["artist"], uses=30)


@case(resend_invitation)
def one_that_waits() -> Act:
    invitation = invite(FRIDA, by=host())
    return lambda: resend_invitation(invitation)


@case(withdraw_invitation)
def one_that_was_mailed() -> Act:
    invitation = invite(FRIDA, by=host(), roles=["artist"])
    return lambda: withdraw_invitation(invitation)


@case(accept_invitation)
def with_an_account_that_is_there() -> Act:
    invitation, frida = invite(FRIDA, by=host(), roles=["artist"]), make_user("frida")
    return lambda: accept_invitation(invitation, user=frida)


@case(accept_invitation)
def the_first_of_some() -> Act:
    invitation, frida = invite(by=host(), roles=["artist"], uses=5), make_user("frida")
    return lambda: accept_invitation(invitation, user=frida)


@case(register)
def with_an_invitation_that_proves_the_address() -> Act:
    admission = InvitationAdmission(invite(FRIDA, by=host(), roles=["artist"]))
    return lambda: register("frida", email=FRIDA, password=PASSWORD, admission=admission)


@case(register)
def with_an_invitation_and_another_address() -> Act:
    admission = InvitationAdmission(invite(by=host(), roles=["artist"]))
    return lambda: register("frida", email=FRIDA, password=PASSWORD, admission=admission)
