"""What somebody types who is known here."""

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from ..canonical import EMAIL_MAX_LENGTH
from ..fields import USERNAME_ATTRS, AccountForm, PasswordField
from ..identity import login_names


def _identifier_label() -> str:
    labels = {
        ("username",): _("Username"),
        ("email",): _("E-mail address"),
        ("username", "email"): _("Username or e-mail address"),
    }
    return str(labels[login_names()])


class LoginForm(AccountForm):
    """Username or address, and password; whether they belong together is the flow's to say."""

    identifier = forms.CharField(
        label=lazy(_identifier_label, str)(),
        max_length=EMAIL_MAX_LENGTH,
        widget=forms.TextInput(attrs=USERNAME_ATTRS),
    )
    # maxlength cuts what is pasted without a word; the sentence beside the field is better.
    identifier.widget.attrs.pop("maxlength")
    password = PasswordField(autocomplete="current-password")
    remember = forms.BooleanField(label=_("Stay logged in on this device"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if login_names() == ("email",):
            # For a phone, whose keyboard then has an @.
            self.fields["identifier"].widget.input_type = "email"


class LogoutForm(AccountForm):
    """Nothing to type: the button is the answer."""


class ConfirmIdentityForm(AccountForm):
    """The password once more."""

    old_password = PasswordField(label=_("Your password"), autocomplete="current-password")
