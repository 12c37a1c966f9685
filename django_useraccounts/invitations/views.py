"""The pages of who invites, and the one of who is invited."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..errors import LinkError, LinkExpired, LinkInvalid, LinkUsed
from ..mixins import (
    AllowUnconfirmedEmailMixin,
    ConfirmedEmailRequiredMixin,
    RecentLoginRequiredMixin,
)
from ..models import OneTimeSecret
from ..policy import policy
from ..proof import is_proof_recent
from ..secrets import Link, link_of
from ..site import site_name, site_origin
from ..views import AccountPage, FlowView, LinkView, with_next
from .admission import carry
from .errors import InvitationVoid
from .flows import (
    accept_invitation,
    has_accepted,
    invite,
    resend_invitation,
    standing,
    withdraw_invitation,
)
from .forms import AcceptInvitationForm, InviteForm, ResendInvitationForm, WithdrawInvitationForm
from .models import ACCEPT_INVITATION, Invitation

#: How many invitations a page shows.
PAGE = 20


class InvitationsView(AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """The own invitations, newest first, what has become of each, and what can be done."""

    template_name = "useraccounts/invitations/invitations.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Invitation.objects.filter(invited_by=self.user).order_by("-pk")
        before = self.request.GET.get("before", "")
        # A number that a key can be: the databases take no longer ones.
        if before.isascii() and before.isdecimal() and len(before) < 19:
            rows = rows.filter(pk__lt=int(before))
        # One more than shown tells whether there are others, without a count.
        found = list(rows.select_related("link").prefetch_related("roles")[: PAGE + 1])
        origin = site_origin(self.request)
        shown = [(row, self._link(row, origin)) for row in found[:PAGE]]
        return super().get_context_data(
            invitations=shown,
            before=found[PAGE - 1].pk if len(found) > PAGE else None,
            may_invite=policy().may_invite(self.user, request=self.request),
            **kwargs,
        )

    def _link(self, invitation: Invitation, origin: str) -> str | None:
        """
        Return the link to hand out; of one that is mailed, only who reads the mail has it.

        None for one that is kept back: it gives roles, see ``InviteView``.
        """
        if invitation.email or invitation.state != "waiting":
            return ""
        if invitation.roles.all() and not is_proof_recent(self.request):
            return None
        path = reverse("useraccounts:accept_invitation", args=[str(link_of(invitation.link))])
        return origin + path


class InviteView(ConfirmedEmailRequiredMixin, RecentLoginRequiredMixin, FlowView):
    """
    Invite somebody by mail, or make a link to hand out.

    By who has just given the password: a session that somebody has stolen could else give roles to
    an account of the thief, who then keeps them.
    """

    template_name = "useraccounts/invitations/invite.html"
    form_class = InviteForm
    success_url = reverse_lazy("useraccounts:invitations")
    success_message = _("Your invitation to %(email)s is on its way.")
    #: The sentence about a link that is handed out.
    link_message: ClassVar[Any] = _("Here is your link. Whoever has it can accept.")

    def turn_away(self) -> HttpResponse | None:
        if policy().may_invite(self.user, request=self.request):
            return None
        page = {"site_name": site_name(self.request)}
        return render(self.request, "useraccounts/forbidden.html", page, status=403)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "inviter": self.user}

    def perform(self, form: forms.Form) -> None:
        wanted = form.as_wanted() if isinstance(form, InviteForm) else {}
        self.invitation = invite(by=self.user, request=self.request, **wanted)

    def get_success_message(self, form: forms.Form) -> Any:
        email = self.invitation.shown_email
        return self.success_message % {"email": email} if email else self.link_message


class InvitationPage(AllowUnconfirmedEmailMixin, FlowView):
    """A page about one invitation of the visitor that waits; others are as good as none."""

    success_url = reverse_lazy("useraccounts:invitations")
    invitation: Invitation

    def turn_away(self) -> HttpResponse | None:
        rows = Invitation.objects.filter(invited_by=self.user, pk=self.kwargs["invitation_id"])
        invitation = rows.select_related("link").first()
        if invitation is None or invitation.state != "waiting":
            # As after a second click, or on the way back to a page that has done its work.
            return HttpResponseRedirect(self.get_success_url())
        self.invitation = invitation
        self.invitation.invited_by = self.user  # type: ignore[assignment]
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(invitation=self.invitation, **kwargs)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"email": self.invitation.shown_email})


class ResendInvitationView(InvitationPage):
    """Have the same link mailed once more."""

    template_name = "useraccounts/invitations/resend_invitation.html"
    form_class = ResendInvitationForm
    success_message = _("We have sent the invitation to %(email)s again.")

    def perform(self, form: forms.Form) -> None:
        resend_invitation(self.invitation, request=self.request)


class WithdrawInvitationView(InvitationPage):
    """Let nobody accept it any more."""

    template_name = "useraccounts/invitations/withdraw_invitation.html"
    form_class = WithdrawInvitationForm
    success_message = _("The invitation is withdrawn.")

    def perform(self, form: forms.Form) -> None:
        withdraw_invitation(self.invitation, request=self.request)


class AcceptInvitationView(LinkView):
    """Accept as who is logged in; anybody else logs in first, or registers with the invitation."""

    is_public = True
    template_name = "useraccounts/invitations/accept_invitation.html"
    refused_template = "useraccounts/invitations/invitation_refused.html"
    form_class = AcceptInvitationForm
    purpose = ACCEPT_INVITATION
    success_message = _("You have accepted the invitation.")
    invitation: Invitation

    def look_up(self, link: Link) -> OneTimeSecret:
        try:
            secret = super().look_up(link)
        except (LinkUsed, LinkExpired):
            # The proof is right, so its reader may know what has become of it.
            self._find(link)
            raise
        self._find(link)
        return secret

    def _find(self, link: Link) -> None:
        invitation = Invitation.objects.filter(link=link.id).first()
        if invitation is None:
            raise LinkInvalid
        self.invitation = invitation
        if self._has_accepted():
            raise InvitationVoid("accepted")
        self.invitation = standing(invitation)

    def perform(self, form: forms.Form) -> HttpResponse | None:
        if self.request.user.is_authenticated:
            accept_invitation(self.invitation, user=self.user, request=self.request)
            return None
        carry(self.invitation, request=self.request)
        return HttpResponseRedirect(reverse("useraccounts:register"))

    def get_success_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            invitation=self.invitation,
            is_own=self.invitation.invited_by == self.request.user,
            login_url=with_next(resolve_url(settings.LOGIN_URL), self.request.path),
            **kwargs,
        )

    def refuse(self, error: LinkError) -> HttpResponse:
        # The second of two clicks finds that the first one has accepted.
        if self._has_accepted():
            return HttpResponseRedirect(self.get_success_url())
        return super().refuse(error)

    def _has_accepted(self) -> bool:
        """Say whether the visitor has accepted this invitation before."""
        invitation = getattr(self, "invitation", None)
        is_user = self.request.user.is_authenticated
        return bool(invitation and is_user and has_accepted(self.user, invitation))

    def get_refusal(self, error: LinkError) -> dict[str, Any]:
        return {
            "reason": error.reason,
            "sentence": error.messages[0],
            "site_name": site_name(self.request),
        }
