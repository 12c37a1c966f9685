"""Invite, send again, withdraw and accept: the right of who invites is asked at both ends."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..canonical import Name, clean_email
from ..emails.flows.rows import locked
from ..errors import EmailAlreadyYours, InvalidEmail, UnknownRole
from ..identity import has_emails
from ..limits import spend
from ..mail import announce
from ..models import AbstractUser, AccountEvent, OneTimeSecret, Role, RoleGrant, UserEmail
from ..policy import policy
from ..roles.flows import grant_role
from ..roles.rights import may_grant
from ..signals import send_on_commit
from .errors import (
    AlreadyInvited,
    InvalidMaxAge,
    InvalidUses,
    InvitationVoid,
    MailedToOne,
    MayNotGrant,
    MayNotInvite,
    NotMailed,
    OwnInvitation,
)
from .models import MOST_USES, Invitation, InvitationUse, clean_note
from .signals import invitation_accepted, invitation_withdrawn, invited

LONGEST = timedelta(days=365)


def invite(
    email: str = "",
    *,
    by: AbstractUser,
    roles: Iterable[str] = (),
    note: str = "",
    max_age: timedelta | None = None,
    uses: int = 1,
    request: HttpRequest | None = None,
) -> Invitation:
    """
    Invite whoever reads ``email``, who is mailed a link, or, without address, ``uses`` people.

    Who accepts gets the roles, from ``by``; a note is plain text without links. It lasts for
    ``max_age`` (14 days). Nothing depends on whether the address has an account here.

    Raises MayNotInvite, MayNotGrant, UnknownRole, InvalidEmail, InvalidNote, InvalidUses,
    MailedToOne, InvalidMaxAge, EmailAlreadyYours, AlreadyInvited, and TooManyAttempts. The limit of
    ``by`` counts requests only: a program knows what it does.
    """
    to = _clean(email, uses, max_age)
    note, rows = clean_note(note), _roles(roles)
    _refuse_without_right(by, rows, request=request)
    _spend(by, to, request=request)
    with transaction.atomic():
        # Of two clicks at once, the second one waits here.
        locked(by, request=request)
        if to:
            _refuse_needless(by, to)
        invitation = Invitation.objects.add(
            to, by=by, roles=rows, note=note, max_age=max_age, uses=uses
        )
        if to:
            announce("accept_invitation", to=to.text, secret=invitation.link, request=request)
        _note("invited", invitation, by=by, request=request)
        send_on_commit(invited, user=by, invitation=invitation, request=request)
    return invitation


def resend_invitation(
    invitation: Invitation, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Mail the same link once more; it lasts no longer for that.

    ``by`` is who does it, if not who invited. Raises NotMailed, InvitationVoid and TooManyAttempts.
    """
    if not invitation.email:
        raise NotMailed
    inviter: AbstractUser = invitation.invited_by
    _spend(by or inviter, Name(invitation.email, invitation.email_key), request=request)
    with transaction.atomic():
        fresh = standing(invitation)
        announce("accept_invitation", to=fresh.email, secret=fresh.link, request=request)
        _note("invitation_resent", fresh, by=by or inviter, request=request)


def withdraw_invitation(
    invitation: Invitation, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Let nobody accept an invitation any more; its link ends, and its mail if it has not left yet.

    Roles that were given by it stay. ``by`` is who does it, if not who invited. An invitation that
    was withdrawn before is left alone. Raises InvitationVoid for one that was accepted by all whom
    it is for.
    """
    inviter: AbstractUser = invitation.invited_by
    with transaction.atomic():
        row = Invitation.objects.filter(pk=invitation.pk)
        if not row.unused().update(withdrawn_at=timezone.now()):
            if row.filter(withdrawn_at=None).exists():
                raise InvitationVoid("accepted")
            return
        _end_link(invitation)
        _note("invitation_withdrawn", invitation, by=by or inviter, request=request)
        send_on_commit(invitation_withdrawn, user=inviter, invitation=invitation, request=request)


def accept_invitation(
    invitation: Invitation, *, user: AbstractUser, request: HttpRequest | None = None
) -> None:
    """
    Give ``user`` the roles of an invitation, once however often it is tried.

    The right of who invited is asked again. Raises InvitationVoid, and OwnInvitation.
    """
    if user.pk == invitation.invited_by_id:
        raise OwnInvitation
    if has_accepted(user, invitation):
        return
    try:
        with transaction.atomic():
            _accept(invitation, user, request=request)
    except IntegrityError:
        # The second of two clicks at once, on a link for several people.
        if not has_accepted(user, invitation):
            raise
    user.forget_loaded()


def has_accepted(user: AbstractUser, invitation: Invitation) -> bool:
    """Say whether ``user`` has accepted the invitation before."""
    return InvitationUse.objects.filter(invitation=invitation, user=user).exists()


def standing(invitation: Invitation) -> Invitation:
    """Return the invitation as stored now, if it can be accepted; else raise InvitationVoid."""
    rows = Invitation.objects.select_related("link", "invited_by")
    fresh = rows.filter(pk=invitation.pk).first()
    if fresh is None:
        raise InvitationVoid("ended")
    if fresh.state != "waiting":
        raise InvitationVoid(fresh.state)
    try:
        _refuse_without_right(fresh.invited_by, list(fresh.roles.all()), request=None)
    except (MayNotInvite, MayNotGrant):
        raise InvitationVoid("ended") from None
    return fresh


def _accept(invitation: Invitation, user: AbstractUser, *, request: HttpRequest | None) -> None:
    fresh = standing(invitation)
    # The UPDATE comes before the row that points at the invitation: two who insert first would each
    # hold what the other has to change.
    if not Invitation.objects.waiting().filter(pk=fresh.pk).update(uses=F("uses") + 1):
        # Locked, so as to read what the other one has just done, not what was when we began.
        now = Invitation.objects.select_for_update().filter(pk=fresh.pk).first()
        raise InvitationVoid(now.state if now else "ended")
    InvitationUse.objects.create(invitation=fresh, user=user)
    fresh.refresh_from_db(fields=["uses"])
    if fresh.uses >= fresh.uses_allowed:
        _end_link(fresh)
    names = _grant(fresh, user, request=request)
    inviter: AbstractUser = fresh.invited_by
    details = {"invitation": fresh.pk, "invited_by": inviter.pk, "roles": names}
    AccountEvent.objects.record(
        "invitation_accepted", user=user, actor=user, details=details, request=request
    )
    send_on_commit(invitation_accepted, user=user, invitation=fresh, request=request)


def _grant(invitation: Invitation, user: AbstractUser, *, request: HttpRequest | None) -> list[str]:
    """Grant the roles that the user does not have for good already; return their names."""
    lasting = RoleGrant.objects.in_force().filter(user=user, ends_at=None)
    has = set(lasting.values_list("role_id", flat=True))
    given = [role for role in invitation.roles.all() if role.pk not in has]
    for role in given:
        grant_role(
            user,
            role,
            source="invitation",
            reason=f"invitation {invitation.pk}",
            by=invitation.invited_by,
            request=request,
        )
    return [role.name for role in given]


def _clean(email: str, uses: int, max_age: timedelta | None) -> Name | None:
    """Return the address, if any, and refuse what cannot be meant."""
    if email and not has_emails():
        raise InvalidEmail(_("People have no e-mail addresses here. Hand out a link instead."))
    to = clean_email(email) if email else None
    if not 1 <= uses <= MOST_USES:
        raise InvalidUses
    if to and uses > 1:
        raise MailedToOne
    if max_age is not None and not timedelta() < max_age <= LONGEST:
        raise InvalidMaxAge
    return to


def _roles(names: Iterable[str]) -> list[Role]:
    wanted = list(dict.fromkeys(names))
    stored = {role.name: role for role in Role.objects.filter(name__in=wanted)} if wanted else {}
    for name in wanted:
        if name not in stored:
            raise UnknownRole(name)
    return [stored[name] for name in wanted]


def _refuse_without_right(
    user: AbstractUser, roles: Sequence[Role], *, request: HttpRequest | None
) -> None:
    # A policy that lets everybody invite means nobody whose account is off or closed.
    is_here = user.is_active and not user.is_closed
    if not is_here or not policy().may_invite(user, request=request):
        raise MayNotInvite
    if roles and not may_grant(user, roles):
        raise MayNotGrant


def _spend(by: AbstractUser, to: Name | None, *, request: HttpRequest | None) -> None:
    if request is not None:
        spend("invite", identifier=str(by.pk), request=request)
    if to:
        # No limit for the client here: that is who invites, and has one of its own.
        spend("mail", identifier=to.key, request=None)


def _refuse_needless(by: AbstractUser, to: Name) -> None:
    """Refuse the own address, and one that has an invitation by the same user already."""
    if UserEmail.objects.filter(user=by, email_key=to.key).exists():
        raise EmailAlreadyYours(
            _("This is an address of your own. Please enter the address of somebody else.")
        )
    waiting = Invitation.objects.waiting().filter(link__redeemed_at=None)
    if waiting.filter(invited_by=by, email_key=to.key).exists():
        raise AlreadyInvited


def _end_link(invitation: Invitation) -> None:
    link = OneTimeSecret.objects.filter(pk=invitation.link_id, redeemed_at=None)
    link.update(redeemed_at=timezone.now())


def _note(
    kind: str, invitation: Invitation, *, by: AbstractUser, request: HttpRequest | None
) -> None:
    """Write down what was done to an invitation, with the account of who invited."""
    details = {
        "invitation": invitation.pk,
        "roles": [role.name for role in invitation.roles.all()],
        "uses": invitation.uses_allowed,
    }
    AccountEvent.objects.record(
        kind, user=invitation.invited_by, actor=by, details=details, request=request
    )
