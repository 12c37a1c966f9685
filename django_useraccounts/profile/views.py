"""The pages of the own account."""

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..identity import has_usernames
from ..mixins import AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin
from ..models import Role, RoleGrant, UserEmail
from ..undeliverable import with_trouble
from ..views import AccountPage, FlowView
from .flows import change_username, edit_profile
from .forms import ChangeUsernameForm, EditProfileForm


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
