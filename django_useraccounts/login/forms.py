"""What somebody types who is known here."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ..canonical import EMAIL_MAX_LENGTH
from ..fields import USERNAME_ATTRS, AccountForm, PasswordField


class LoginForm(AccountForm):
    """Username or address, and password; whether they belong together is the flow's to say."""

    identifier = forms.CharField(
        label=_("Username or e-mail address"),
        max_length=EMAIL_MAX_LENGTH,
        widget=forms.TextInput(attrs=USERNAME_ATTRS),
    )
    password = PasswordField(autocomplete="current-password")
    remember = forms.BooleanField(label=_("Stay logged in on this device"), required=False)


class LogoutForm(AccountForm):
    """Nothing to type: the button is the answer."""


class ConfirmIdentityForm(AccountForm):
    """The password once more."""

    old_password = PasswordField(label=_("Your password"), autocomplete="current-password")
