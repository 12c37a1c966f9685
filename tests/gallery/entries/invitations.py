"""Invite somebody, and be invited."""

from typing import Any

from django.contrib.auth.models import Permission
from django.utils import timezone

from django_useraccounts.canonical import clean_email
from django_useraccounts.invitations.flows import accept_invitation as accept
from django_useraccounts.invitations.flows import withdraw_invitation as withdraw
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.models import AbstractUser, OneTimeSecret, Role
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import PASSWORD
from testproject.guild.people import expire
from tests.gallery.entries.refusals import NO_LINK, too_late
from tests.gallery.stage import LONG_EMAIL, Stage, entry

ANY_ROLE = "tests.invitations.policies.AnyRole"
NOTE = "Saturdays, after supper.\nBring what you are working on."


def host(stage: Stage, **fields: Any) -> AbstractUser:
    """Make somebody who may invite, and roles to give."""
    for name in ("artist", "member"):
        Role.objects.get_or_create(name=name, label=name.title())
    user = stage.user("gertrude", **fields)
    names = ["add_invitation", "add_rolegrant"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return type(user).objects.get(pk=user.pk)


def write(by: AbstractUser, email: str = "alice@guild.example", **fields: Any) -> Invitation:
    to = clean_email(email) if email else None
    given = {"roles": Role.objects.filter(name="artist"), "note": NOTE, **fields}
    return Invitation.objects.add(to, by=by, **given)


@entry(POLICY=ANY_ROLE)
def invitations(stage: Stage) -> None:
    gertrude = stage.log_in(host(stage))
    write(gertrude, "ernest@guild.example")
    withdraw(Invitation.objects.get())
    expire(write(gertrude, "ezra@guild.example"))
    OneTimeSecret.objects.filter(pk=write(gertrude, "lost@guild.example").link_id).update(
        redeemed_at=timezone.now()
    )
    link, nova = write(gertrude, "", uses=10), stage.user("nova")
    accept(link, user=nova)
    accept(write(gertrude, ""), user=nova)
    write(gertrude)
    write(gertrude, LONG_EMAIL)
    stage.get("invitations")


@entry(POLICY=ANY_ROLE)
def invitations_later(stage: Stage) -> None:
    """Links that give roles are shown to who has just given the password."""
    gertrude = stage.log_in(host(stage))
    write(gertrude, "", uses=10)
    stage.prove(at=0)
    stage.get("invitations")


@entry(POLICY=ANY_ROLE)
def invitations_none(stage: Stage) -> None:
    stage.log_in(host(stage))
    stage.get("invitations")


@entry(POLICY=ANY_ROLE)
def invitations_many(stage: Stage) -> None:
    gertrude = stage.log_in(host(stage))
    for number in range(22):
        write(gertrude, f"guest-{number}@guild.example")
    stage.get("invitations")


@entry(POLICY=ANY_ROLE)
def invite(stage: Stage) -> None:
    stage.log_in(host(stage))
    stage.get("invite")


@entry(POLICY=ANY_ROLE)
def invite_refused(stage: Stage) -> None:
    stage.log_in(host(stage))
    stage.post(
        "invite", email="alice@", note="See https://evil.example/", uses="0", roles=["x"], days="0"
    )


@entry(POLICY=ANY_ROLE)
def invite_by_link_done(stage: Stage) -> None:
    stage.log_in(host(stage))
    stage.post("invite", note=NOTE, uses="3", days="7")


@entry()
def invite_forbidden(stage: Stage) -> None:
    stage.log_in()
    stage.get("invite")


@entry(POLICY=ANY_ROLE)
def resend_invitation(stage: Stage) -> None:
    stage.get("resend_invitation", write(stage.log_in(host(stage))).pk)


@entry(POLICY=ANY_ROLE)
def withdraw_invitation(stage: Stage) -> None:
    stage.get("withdraw_invitation", write(stage.log_in(host(stage))).pk)


@entry(POLICY=ANY_ROLE)
def withdraw_link(stage: Stage) -> None:
    gertrude = stage.log_in(host(stage))
    link = write(gertrude, "", uses=10)
    accept(link, user=stage.user("nova"))
    stage.get("withdraw_invitation", link.pk)


def open_link(stage: Stage, invitation: Invitation) -> None:
    stage.get("accept_invitation", link_of(invitation.link))


@entry(POLICY=ANY_ROLE)
def accept_invitation(stage: Stage) -> None:
    open_link(stage, write(host(stage)))


@entry(POLICY=ANY_ROLE)
def accept_invitation_as_user(stage: Stage) -> None:
    stage.log_in()
    open_link(stage, write(host(stage), roles=Role.objects.all()))


@entry(POLICY=ANY_ROLE, USERNAME="off")
def accept_invitation_of_nobody(stage: Stage) -> None:
    open_link(stage, write(host(stage), note=""))


@entry(POLICY=ANY_ROLE)
def accept_own_invitation(stage: Stage) -> None:
    gertrude = stage.log_in(host(stage))
    open_link(stage, write(gertrude))


@entry(POLICY=ANY_ROLE)
def accept_own_invitation_refused(stage: Stage) -> None:
    accept_own_invitation(stage)
    stage.post(stage.here)


@entry(POLICY=ANY_ROLE)
def register_by_invitation(stage: Stage) -> None:
    accept_invitation(stage)
    stage.post(stage.here)


@entry(POLICY=ANY_ROLE)
def register_by_invitation_done(stage: Stage) -> None:
    register_by_invitation(stage)
    stage.post("register", username="alice", email="alice@guild.example", password=PASSWORD)


@entry(POLICY=ANY_ROLE)
def invitation_withdrawn(stage: Stage) -> None:
    stage.log_in()
    invitation = write(host(stage))
    withdraw(invitation)
    open_link(stage, invitation)


@entry(POLICY=ANY_ROLE)
def invitation_expired(stage: Stage) -> None:
    open_link(stage, write(host(stage)))
    too_late(stage, days=60)


@entry()
def invitation_invalid(stage: Stage) -> None:
    stage.get("accept_invitation", NO_LINK)
