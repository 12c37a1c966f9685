"""The pages that let people in and out."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ..browser import browser_token, mark_browser
from ..errors import EmailNotConfirmed
from ..identity import has_emails
from ..mixins import AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin
from ..models import AbstractUser
from ..policy import policy
from ..views import AccountPage, FlowView, with_next
from .flows import confirm_identity, log_in, log_out
from .forms import ConfirmIdentityForm, LoginForm, LogoutForm


class GreetingMixin(AccountPage):
    """What a page tells who has just logged in there, or cannot yet."""

    #: The sentence for who had closed the account.
    reopened_message = _("Welcome back. Your account is open again, as it was.")
    #: For whom mail does not reach; the page of the addresses says more.
    undeliverable_message = _("Our mail does not reach you. Please look at your e-mail address.")

    def greet(self, user: AbstractUser, *, next_url: str) -> HttpResponse | None:
        """Tell what is new; return a response if something has to be looked at first."""
        if user.is_reopened:
            self.tell(self.reopened_message)
        if not has_emails() or user.is_reachable:
            return None
        messages.warning(self.request, self.undeliverable_message, fail_silently=True)
        return HttpResponseRedirect(with_next(reverse("useraccounts:emails"), next_url))

    def ask_to_confirm(
        self, error: EmailNotConfirmed, *, token: str, next_url: str
    ) -> HttpResponse:
        """Lead to the page that mails the link again; this browser may ask for it."""
        messages.warning(self.request, error.message, fail_silently=True)
        url = with_next(reverse("useraccounts:resend_confirmation"), next_url)
        response = HttpResponseRedirect(url)
        mark_browser(response, token, request=self.request)
        return response


class LoginView(GreetingMixin, FlowView):
    """Log in with username or e-mail address; who is logged in already goes on."""

    is_public = True
    template_name = "useraccounts/login/login.html"
    form_class = LoginForm
    follows_next = True

    def turn_away(self) -> HttpResponse | None:
        if self.request.user.is_authenticated:
            return self.send_on(self.get_success_url())
        return None

    def perform(self, form: forms.Form) -> HttpResponse | None:
        token = browser_token(self.request)
        try:
            user = log_in(
                form.cleaned_data["identifier"],
                password=form.cleaned_data["password"],
                remember=form.cleaned_data["remember"],
                browser_token=token,
                request=self.request,
            )
        except EmailNotConfirmed as error:
            return self.ask_to_confirm(error, token=token, next_url=self.next_url)
        return self.greet(user, next_url=self.get_success_url())

    def get_success_url(self) -> str:
        return self.url_after_login

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_open = policy().may_register(request=self.request)
        return super().get_context_data(registration_open=is_open, **kwargs)


class LogoutView(FlowView):
    """Log out by POST; GET asks, so that no picture or prefetch ends a session."""

    is_public = True
    template_name = "useraccounts/login/logout.html"
    form_class = LogoutForm
    follows_next = True
    success_message = _("You are logged out.")

    def perform(self, form: forms.Form) -> None:
        log_out(request=self.request)

    def get_success_url(self) -> str:
        return self.next_url or resolve_url(settings.LOGOUT_REDIRECT_URL or "useraccounts:login")


class ConfirmIdentityView(AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, FlowView):
    """Ask for the password again before something that matters."""

    template_name = "useraccounts/login/confirm_identity.html"
    form_class = ConfirmIdentityForm
    success_url = "useraccounts:profile"
    follows_next = True

    def perform(self, form: forms.Form) -> None:
        password = form.cleaned_data["old_password"]
        confirm_identity(self.user, password=password, request=self.request)
