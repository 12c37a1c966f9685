"""What the choir asks, beside what everybody asks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from django_useraccounts.fields import EmailField
from django_useraccounts.login.forms import LoginForm
from django_useraccounts.registration.forms import RegisterForm

from .models import Singer


class ChoirRegisterForm(RegisterForm):
    email = EmailField(label=_("Where our letters reach you"))
    voice = forms.ChoiceField(label=_("Your voice"), choices=Singer.Voice)


class ChoirLoginForm(LoginForm):
    is_quiet = forms.BooleanField(label=_("I will be quiet on the stairs"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["identifier"].label = _("The name you sing under")
