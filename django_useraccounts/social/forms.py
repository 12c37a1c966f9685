"""What is asked of who comes back from a provider, and of who connects one."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms

from ..fields import AccountForm
from ..login.forms import LoginForm
from ..registration.forms import RegisterForm


class SocialLoginForm(AccountForm):
    """Nothing: a button."""


class CompleteRegistrationForm(RegisterForm):
    """
    What an account has here that the provider cannot tell, without a password.

    Who has registered by it, and whose address waits to be confirmed, is asked for the address
    alone once more: it may be mistyped.
    """

    retyped: ClassVar[Mapping[str, str]] = {}

    password = None  # type: ignore[assignment]
    #: Which identity the page has shown: another tab may have brought another one meanwhile.
    #: A program that was shown none may leave it out.
    identity = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)


class ConnectAccountForm(LoginForm):
    """The account that somebody has here, proved by its password."""

    #: Which identity the page has shown: another tab may have brought another one meanwhile.
    identity = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ConnectKnownForm(AccountForm):
    """For who is logged in already: which identity the page has shown."""

    identity = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ConnectByLinkForm(AccountForm):
    """Nothing: a button."""


class MailConnectLinkForm(AccountForm):
    """Nothing: a button."""


class ConnectProviderForm(AccountForm):
    """Nothing: a button."""


class DisconnectProviderForm(AccountForm):
    """Nothing: a button."""
