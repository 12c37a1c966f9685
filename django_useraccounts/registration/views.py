"""The page where people register."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from ..backends import start_session
from ..browser import browser_token, mark_browser
from ..canonical import shown_email
from ..conf import conf
from ..identity import has_emails
from ..models import AbstractUser
from ..policy import policy
from ..room import Admission, admission_of
from ..site import site_name
from ..views import FlowView, with_next
from .flows import Registration, register
from .forms import RegisterForm


class RegisterView(FlowView):
    """Register, then wait for the mail; or go on, where nothing has to be confirmed first."""

    is_public = True
    template_name = "useraccounts/registration/register.html"
    form_class = RegisterForm
    success_url = reverse_lazy("useraccounts:mail_sent")
    success_message = _("We have sent a mail to %(email)s. Please open the link in it.")
    browser_token: str
    registrant: AbstractUser
    #: What the registrant has come by, for the audit trail.
    source = ""

    def turn_away(self) -> HttpResponse | None:
        if self.request.user.is_authenticated:
            return self.send_on(self.url_after_login)
        if not self.is_open():
            page = {"site_name": site_name(self.request)}
            return render(self.request, "useraccounts/registration/closed.html", page, status=403)
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.browser_token = browser_token(request)
        response = super().dispatch(request, *args, **kwargs)
        # With the empty form already, so that two quick clicks carry the same token.
        mark_browser(response, self.browser_token, request=request)
        return response

    def is_open(self) -> bool:
        """Say whether the visitor may register here."""
        return self.admission is not None or policy().may_register(request=self.request)

    @cached_property
    def admission(self) -> Admission | None:
        """What the visitor has brought along that lets in, such as an invitation."""
        return admission_of(self.request)

    def get_initial(self) -> dict[str, Any]:
        email = self.admission.email if self.admission else ""
        return {**super().get_initial(), "email": shown_email(email)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(admission=self.admission, **kwargs)

    def perform(self, form: forms.Form) -> None:
        registration = self.register(form)
        self.registrant = registration.user
        if not self.request.user.is_authenticated:
            # The second of two clicks has opened no account.
            self.log_in(registration.user)

    def register(self, form: forms.Form) -> Registration:
        """Call the flow; ``go_on`` belongs into its transaction."""
        return register(
            form.cleaned_data.get("username"),
            email=form.cleaned_data.get("email"),
            password=form.cleaned_data["password"],
            fields=form.user_fields() if isinstance(form, RegisterForm) else {},
            terms_version=form.cleaned_data.get("terms", ""),
            then=lambda user: self.go_on(user, form),
            browser_token=self.browser_token,
            next_url=self.next_url,
            admission=self.admission,
            request=self.request,
        )

    def save_more(self, user: AbstractUser, form: forms.Form) -> None:
        """Save what an extended form asks besides, in the transaction of the registration."""

    def get_success_message(self, form: forms.Form) -> str:
        if not has_emails() or self.registrant.email:
            return ""
        return str(self.success_message % {"email": shown_email(form.cleaned_data["email"])})

    def get_success_url(self) -> str:
        if self.request.user.is_authenticated:
            return self.url_after_login
        if self._has_to_wait(self.registrant):
            return super().get_success_url()
        return with_next(resolve_url(settings.LOGIN_URL), self.next_url)

    def go_on(self, user: AbstractUser, form: forms.Form) -> None:
        """Save what an extended form asks, and log in where nothing has to be confirmed first."""
        # In the transaction, too: a login that fails must leave no account of which nobody knows.
        self.save_more(user, form)
        self.log_in(user)

    def log_in(self, user: AbstractUser) -> None:
        """Log in at once where nothing has to be confirmed first."""
        if not self._has_to_wait(user):
            start_session(self.request, user, source=self.source)

    def _has_to_wait(self, user: AbstractUser) -> bool:
        """Say whether who has registered has to open the mail before the first login."""
        return has_emails() and conf.CONFIRM_EMAIL_BEFORE_LOGIN and not user.email
