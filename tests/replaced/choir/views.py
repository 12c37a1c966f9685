"""The choir's own pages, and account pages that do something else than usual."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from django_useraccounts.login.views import LoginView
from django_useraccounts.passwords.views import ChangePasswordView, ForgotPasswordView
from django_useraccounts.registration.views import RegisterView

from .forms import ChoirLoginForm, ChoirRegisterForm
from .models import Notice


class ChoirRegisterView(RegisterView):
    form_class = ChoirRegisterForm
    success_message = _("We have sent a letter to %(email)s.")


class ChoirLoginView(LoginView):
    form_class = ChoirLoginForm


class ChoirChangePasswordView(ChangePasswordView):
    success_url = "notices"
    success_message = _("From now on you come in by your new password.")


class ChoirForgotPasswordView(ForgotPasswordView):
    success_message = _("The postman is on the way to %(email)s.")


@login_required
def landing(request: HttpRequest) -> HttpResponse:
    is_keeper = request.user.has_roles("keeper")
    return redirect("useraccounts:keys" if is_keeper else "notices")


def notices(request: HttpRequest) -> HttpResponse:
    return render(request, "choir/notices.html", {"notices": Notice.objects.all()})
