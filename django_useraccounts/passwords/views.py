"""The pages about passwords."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from ..canonical import shown_email
from ..mixins import AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin
from ..secrets import RESET_PASSWORD
from ..views import EmailPage, FlowView, LinkView, safe_next, with_next
from .flows import change_password, forgot_password, reset_password, set_password
from .forms import ChangePasswordForm, ForgotPasswordForm, ResetPasswordForm, SetPasswordForm


class ChangePasswordView(AllowUnconfirmedEmailMixin, FlowView):
    """Change the own password; other devices are logged out."""

    template_name = "useraccounts/passwords/change_password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("useraccounts:profile")
    success_message = _("Your password is changed. Other devices are logged out.")

    def turn_away(self) -> HttpResponse | None:
        return None if self.user.has_usable_password() else redirect("useraccounts:set_password")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.user}

    def perform(self, form: forms.Form) -> None:
        change_password(
            self.user,
            old_password=form.cleaned_data["old_password"],
            new_password=form.cleaned_data["new_password"],
            request=self.request,
        )


class SetPasswordView(AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView):
    """Set a first password, for somebody who has none."""

    template_name = "useraccounts/passwords/set_password.html"
    form_class = SetPasswordForm
    success_url = reverse_lazy("useraccounts:profile")
    success_message = _("Your password is set.")

    def turn_away(self) -> HttpResponse | None:
        return redirect("useraccounts:change_password") if self.user.has_usable_password() else None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.user}

    def perform(self, form: forms.Form) -> None:
        new_password = form.cleaned_data["new_password"]
        set_password(self.user, new_password=new_password, request=self.request)


class ForgotPasswordView(EmailPage, FlowView):
    """Ask for a link that sets a new password."""

    is_public = True
    template_name = "useraccounts/passwords/forgot_password.html"
    form_class = ForgotPasswordForm
    success_url = reverse_lazy("useraccounts:mail_sent")
    success_message = _("We have sent a mail to %(email)s.")

    def perform(self, form: forms.Form) -> None:
        email = form.cleaned_data["email"]
        forgot_password(email, next_url=self.next_url, request=self.request)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"email": shown_email(form.cleaned_data["email"])})


class ResetPasswordView(EmailPage, LinkView):
    """Set a new password, by a mailed link."""

    is_public = True
    template_name = "useraccounts/passwords/reset_password.html"
    form_class = ResetPasswordForm
    purpose = RESET_PASSWORD
    new_link = "useraccounts:forgot_password"
    success_url = reverse_lazy("useraccounts:login")
    success_message = _("Your new password is set. Please log in with it.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.secret.user}

    def get_success_url(self) -> str:
        return with_next(super().get_success_url(), safe_next(self.secret.next_url))

    def perform(self, form: forms.Form) -> None:
        new_password = form.cleaned_data["new_password"]
        reset_password(self.secret, new_password=new_password, request=self.request)
