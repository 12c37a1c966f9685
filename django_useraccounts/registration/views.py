"""The page where people register."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from ..browser import browser_token, mark_browser
from ..canonical import shown_email
from ..policy import policy
from ..site import site_name
from ..views import FlowView, public
from .flows import register
from .forms import RegisterForm


@public
class RegisterView(FlowView):
    """Register, then wait for the mail."""

    template_name = "useraccounts/registration/register.html"
    form_class = RegisterForm
    success_url = reverse_lazy("useraccounts:mail_sent")
    browser_token: str

    def turn_away(self) -> HttpResponse | None:
        if self.request.user.is_authenticated:
            return HttpResponseRedirect(self.next_url or resolve_url(settings.LOGIN_REDIRECT_URL))
        if not policy().may_register(request=self.request):
            page = {"site_name": site_name(self.request)}
            return render(self.request, "useraccounts/registration/closed.html", page, status=403)
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.browser_token = browser_token(request)
        response = super().dispatch(request, *args, **kwargs)
        # With the empty form already, so that two quick clicks carry the same token.
        mark_browser(response, self.browser_token, request=request)
        return response

    def perform(self, form: forms.Form) -> None:
        register(
            form.cleaned_data["username"],
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            browser_token=self.browser_token,
            next_url=self.next_url,
            request=self.request,
        )
        sentence = _("We have sent a mail to %(email)s. Please open the link in it.")
        self.tell(sentence % {"email": shown_email(form.cleaned_data["email"])})
