"""What somebody types about an address."""

from django import forms

from ..fields import AccountForm, EmailField


class ResendConfirmationForm(AccountForm):
    """The address whose confirmation mail did not arrive."""

    email = EmailField()


class ConfirmEmailForm(AccountForm):
    """One of two buttons: it was me, it was not."""

    answer = forms.ChoiceField(
        choices=[("confirm", "confirm"), ("not_me", "not_me")], widget=forms.HiddenInput
    )
