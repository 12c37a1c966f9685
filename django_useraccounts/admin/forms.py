"""The forms of the administration: they clean, and the flows say what cannot be."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminEmailInputWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..emails.flows import add_email, make_primary, remove_email
from ..fields import EmailField, UsernameField
from ..identity import has_emails, has_usernames
from ..models import AbstractUser, UserEmail
from .bases import ModelForm, RefusableForm, RowForm, RowFormSet, named


class UserForm(RefusableForm):
    """What the administration may change of a user; it checks only what was changed."""

    def _get_validation_exclusions(self) -> set[str]:
        # A name that today's rules would refuse is no reason to refuse a change of something else.
        same: set[str] = set(self.fields).difference(self.changed_data)
        excluded: set[str] = super()._get_validation_exclusions()
        return excluded | same


def absent_names() -> set[str]:
    """Return the fields for what the people of this site do not have."""
    absent = set() if has_usernames() else {"username"}
    return absent if has_emails() else absent | {"email", "confirmed"}


class AddUserForm(UserForm):
    """Somebody who gets an account, and sets the password by a mailed link."""

    username = UsernameField(widget=AdminTextInputWidget)
    email = EmailField(widget=AdminEmailInputWidget)
    confirmed = forms.BooleanField(
        label=_("The address is known to be right"),
        required=False,
        help_text=_(
            "If it is, the mail to it has a link to set a password. "
            "If not, it has one to confirm the address."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].required = conf.USERNAME == "required"
        self.fields["email"].required = not has_usernames()
        for name in absent_names():
            del self.fields[name]

    def _post_clean(self) -> None:
        """Leave the instance as it is: the flow makes the user."""


class AddressForm(RowForm):
    email = EmailField(widget=AdminEmailInputWidget)
    confirmed = forms.BooleanField(label=_("confirmed"), required=False)
    is_primary = forms.BooleanField(label=_("primary"), required=False)

    class Meta:
        model = UserEmail
        fields = ("email", "confirmed", "is_primary")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row: UserEmail = self.instance
        if row.pk:
            # The text of an address never changes: another address is another row.
            self.fields["email"] = forms.CharField(
                disabled=True, required=False, widget=AdminTextInputWidget
            )
            self.initial.update(email=row.shown, confirmed=row.is_confirmed)
            # What was proved stays proved; remove the address instead.
            self.fields["confirmed"].disabled = row.is_confirmed


class AddressFormSet(RowFormSet):
    def clean(self) -> None:
        if any(self.errors):
            return
        marked = [form for form in self.kept if form.cleaned_data.get("is_primary")]
        if len(marked) > 1:
            raise ValidationError(
                _("An account has one primary address. You have marked %(addresses)s."),
                params={"addresses": ", ".join(form.cleaned_data["email"] for form in marked)},
                code="primaries",
            )
        if not marked and any(form.instance.is_primary for form in self.kept):
            raise ValidationError(
                _("Mark the address that is to be primary, instead of unmarking the one that is."),
                code="no_primary",
            )

    def apply(self, *, by: AbstractUser, request: HttpRequest) -> None:
        self.start()
        for form in self.initial_forms:
            # Not loaded anew: the flows compare with the account as this request has found it.
            form.instance.user = self.instance
        primary: UserEmail | None = None
        for form in [form for form in self.kept if form.has_changed()]:
            with named(form.cleaned_data["email"]):
                row = self._write(form, by=by, request=request)
            # The one that was unmarked has changed, too.
            if "is_primary" in form.changed_data and form.cleaned_data["is_primary"]:
                primary = row
        if primary:
            with named(primary.shown):
                make_primary(primary, by=by, request=request)
        # At last: the other address may have been the only confirmed one before.
        for form in self.deleted_forms:
            row = form.instance
            if row.pk:
                with named(row.shown):
                    remove_email(row, by=by, request=request)
                self.deleted_objects.append(row)

    def _write(self, form: ModelForm, *, by: AbstractUser, request: HttpRequest) -> UserEmail:
        row: UserEmail = form.instance
        is_new, confirmed = not row.pk, form.cleaned_data["confirmed"]
        if is_new or "confirmed" in form.changed_data:
            email = form.cleaned_data["email"] if is_new else row.email
            user = self.instance
            row = add_email(user, email, confirmed=confirmed, by=by, request=request)
        if is_new:
            self.new_objects.append(row)
        else:
            self.changed_objects.append((row, form.changed_data))
        return row
