"""What somebody types about an invitation."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ..fields import AccountForm, EmailField
from ..identity import has_emails
from ..models import AbstractUser, Role
from ..roles.rights import roles_to_give
from .models import MAX_AGE, MOST_USES, NOTE_MAX_LENGTH, clean_note

#: For how many days an invitation may last, on the page.
DAYS = (3, 7, 14, 30, 90)


def _in_days(days: int) -> Any:
    return format_lazy(ngettext_lazy("{days} day", "{days} days", days), days=days)


class NoteField(forms.CharField):
    """A few lines of plain text, without links."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": _("A few words of yours"),
                "help_text": _("Plain text, without links."),
                "required": False,
                "widget": forms.Textarea(attrs={"rows": 4, "maxlength": NOTE_MAX_LENGTH}),
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        return clean_note(super().clean(value))


class InvitationFields(forms.Form):
    """The fields of an invitation, for the page and for the administration."""

    email = EmailField(
        label=_("E-mail address"),
        required=False,
        help_text=_(
            "We mail the invitation there. Leave it empty to get a link that you hand out yourself."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    uses = forms.IntegerField(
        label=_("For how many people"),
        help_text=_("More than one only for a link that you hand out."),
        initial=1,
        min_value=1,
        max_value=MOST_USES,
    )
    roles = forms.ModelMultipleChoiceField(
        Role.objects.none(),
        label=_("Roles that they get"),
        to_field_name="name",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = NoteField()
    days = forms.TypedChoiceField(
        label=_("How long it lasts"),
        choices=[(days, _in_days(days)) for days in DAYS],
        coerce=int,
        initial=MAX_AGE.days,
    )

    #: Who invites; the roles to choose from are those that this user may give.
    inviter: AbstractUser

    def offer_roles(self) -> None:
        """Leave the roles that the inviter may give."""
        field: Any = self.fields["roles"]
        field.queryset = roles_to_give(self.inviter)

    def as_wanted(self) -> dict[str, Any]:
        """Return what the flow takes."""
        given = self.cleaned_data
        return {
            "email": given.get("email", ""),
            "uses": given["uses"],
            "roles": [role.name for role in given.get("roles", ())],
            "note": given["note"],
            "max_age": timedelta(days=given["days"]),
        }


class InviteForm(InvitationFields, AccountForm):
    """Whom to invite, as what, and in what words."""

    def __init__(self, *args: Any, inviter: AbstractUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inviter = inviter
        self.offer_roles()
        roles: Any = self.fields["roles"]
        if not roles.queryset:
            del self.fields["roles"]
        if not has_emails():
            del self.fields["email"]


class ResendInvitationForm(AccountForm):
    """A button: mail it once more."""


class WithdrawInvitationForm(AccountForm):
    """A button: let nobody accept it any more."""


class AcceptInvitationForm(AccountForm):
    """A button: I accept."""
