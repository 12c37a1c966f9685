"""What somebody types about an address."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from ..fields import AccountForm, EmailField, PasswordField


class ResendConfirmationForm(AccountForm):
    """The address whose confirmation mail did not arrive."""

    email = EmailField()


class ConfirmEmailForm(AccountForm):
    """One of two buttons: it was me, with the password if the page asks for it; or it was not."""

    answer = forms.ChoiceField(
        choices=[("confirm", "confirm"), ("not_me", "not_me")], widget=forms.HiddenInput
    )
    old_password = PasswordField(
        label=_("The password that you chose when you registered"),
        autocomplete="current-password",
    )

    def __init__(
        self, *args: Any, asks_password: bool, is_added: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if is_added:
            self.fields["old_password"].label = _("Your password")
        if not asks_password:
            del self.fields["old_password"]
        elif self.data.get("answer") == "not_me":
            self.fields["old_password"].required = False


class AddEmailForm(AccountForm):
    """Another address of the own account."""

    retyped: ClassVar[Mapping[str, str]] = {"email": "email"}

    email = EmailField(label=_("New e-mail address"))


class SendConfirmationForm(AccountForm):
    """A button: mail the link once more."""


class MakePrimaryEmailForm(AccountForm):
    """A button: send my mail there."""


class RemoveEmailForm(AccountForm):
    """A button: take it off my account."""


class UndoEmailChangeForm(AccountForm):
    """A button: it was not me, put everything back."""
