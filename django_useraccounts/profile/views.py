"""The pages of the own account."""

import re
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..identity import has_usernames
from ..mixins import AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin
from ..models import AbstractUser, AccountEvent, Role, RoleGrant, UserEmail
from ..sentences import facts_of, sentence_of
from ..undeliverable import with_trouble
from ..views import AccountPage, FlowView
from .flows import change_username, edit_profile
from .forms import ChangeUsernameForm, EditProfileForm

#: The key of an event as it stands in a link to older ones.
KEY = re.compile(r"[0-9]{1,18}")


class ProfileView(AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """What the account is: its names, addresses and roles, and where to change them."""

    template_name = "useraccounts/profile/profile.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.user
        rows = UserEmail.objects.filter(user=user)
        roles = Role.objects.filter(grants__in=RoleGrant.objects.in_force().filter(user=user))
        return super().get_context_data(
            addresses=with_trouble(rows).order_by("-is_primary", "email"),
            role_labels=[str(role) for role in roles.distinct()],
            **kwargs,
        )


class EditProfileView(AllowUnconfirmedEmailMixin, FlowView):
    """Edit names, and what else the user model lets people edit."""

    template_name = "useraccounts/profile/edit_profile.html"
    form_class = EditProfileForm
    success_url = reverse_lazy("useraccounts:profile")
    success_message = _("Your profile is saved.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.user}

    def perform(self, form: forms.Form) -> None:
        edit_profile(self.user, form.cleaned_data, request=self.request)


class HistoryView(AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """What happened to the account, the newest first, by pages; two statements for the events."""

    template_name = "useraccounts/profile/history.html"
    #: How many events one page tells.
    paginate_by = 25

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        before = self.request.GET.get("before", "")
        events = AccountEvent.objects.filter(user=self.user)
        # By key, not by number: the thousandth page is found as quickly as the first.
        if KEY.fullmatch(before):
            events = events.filter(pk__lt=int(before))
        rows = list(events.order_by("-pk")[: self.paginate_by + 1])
        shown = rows[: self.paginate_by]
        return super().get_context_data(
            events=[told(event, self.user) for event in shown],
            before=before,
            older=shown[-1].pk if len(rows) > len(shown) else None,
            **kwargs,
        )


class ChangeUsernameView(AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView):
    """Choose another username, with a login that is not long ago."""

    template_name = "useraccounts/profile/change_username.html"
    form_class = ChangeUsernameForm
    success_url = reverse_lazy("useraccounts:profile")
    success_message = _("Your username is changed.")

    def is_here(self) -> bool:
        return has_usernames()

    def perform(self, form: forms.Form) -> None:
        change_username(self.user, form.cleaned_data["username"], request=self.request)


def _left_to_right(address: str | None) -> str:
    # Else the groups of an IPv6 address change places where people read from the right.
    return format_html('<span dir="ltr">{}</span>', address) if address else ""


def told(event: AccountEvent, reader: AbstractUser) -> dict[str, Any]:
    """Return what the person reads of an event of the own account."""
    is_others = event.actor_id not in {None, reader.pk}
    facts = list(facts_of(event))
    if is_others:
        is_admins = event.via.startswith("admin:")
        # Translators: in a line of facts: who did it.
        facts.append(str(_("by an administrator") if is_admins else _("by somebody else")))
    return {
        "at": event.at,
        "sentence": sentence_of(event),
        "facts": facts,
        # Where somebody else sat is not the person's to know.
        "client_address": None if is_others else _left_to_right(event.client_address),
    }
