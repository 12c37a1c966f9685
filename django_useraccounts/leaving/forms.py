"""What somebody types who leaves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ..fields import AccountForm


class CloseAccountForm(AccountForm):
    """Why, if people like to say."""

    reason = forms.CharField(
        label=_("What made you leave?"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ExportAccountForm(AccountForm):
    """A button: pack what you hold about me."""


class FetchExportForm(AccountForm):
    """A button: give it to me."""
