"""The code of docs/invitations.rst does what is said there."""

import pytest

from django_useraccounts.errors import RegistrationClosed
from django_useraccounts.invitations.admission import InvitationAdmission
from django_useraccounts.invitations.errors import MayNotGrant, MayNotInvite
from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.models import Role
from django_useraccounts.policy import policy
from django_useraccounts.registration.flows import register
from django_useraccounts.testing import PASSWORD, make_user
from tests.readme import block

pytestmark = pytest.mark.django_db

code: dict = {}
exec(block("python", "def may_invite", "docs/invitations.rst"), code)
exec(block("python", "def open_the_season", "docs/invitations.rst"), code)
MyPolicy = code["MyPolicy"]


def test_its_policy_lets_people_join_by_invitation_only(set_conf):
    set_conf(POLICY=f"{__name__}.MyPolicy")
    Role.objects.create(name="guest")
    host = make_user("maria", roles=["host"])

    code["open_the_season"](host)

    mailed, link = Invitation.objects.order_by("pk")
    assert (mailed.email, mailed.note, link.uses_allowed) == (
        "frida@example.com",
        "Bring cake.",
        30,
    )
    with pytest.raises(RegistrationClosed):
        register("ada", email="ada@example.com", password=PASSWORD)
    frida = register(
        "frida",
        email="frida@example.com",
        password=PASSWORD,
        admission=InvitationAdmission(mailed),
    ).user
    assert frida.has_roles("guest")
    with pytest.raises(MayNotInvite):
        invite(by=frida)
    with pytest.raises(MayNotGrant):
        invite(by=host, roles=["host"])


def test_its_policy_lets_hosts_make_guests_and_others_give_what_they_could(set_conf):
    set_conf(POLICY=f"{__name__}.MyPolicy")
    host, keeper = make_user("maria", roles=["host"]), make_user("ada", is_superuser=True)
    frida = make_user("frida")

    assert policy().may_grant(host, ["guest"])
    assert not policy().may_grant(host, ["guest", "host"])
    assert policy().may_grant(keeper, ["artist"])
    assert not policy().may_grant(frida, ["guest"])
