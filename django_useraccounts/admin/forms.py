"""The forms of the administration: they clean, and the flows say what cannot be."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminEmailInputWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..emails.flows import add_email, make_primary, remove_email
from ..errors import AccountError
from ..fields import EmailField, UsernameField
from ..identity import has_emails, has_usernames
from ..models import AbstractUser, RoleGrant, UserEmail
from ..roles.flows import grant_role, revoke_grant
from .bases import InlineFormSet, ModelForm, RefusableForm


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
            "Then the mail to it has a link that sets a password. "
            "Else it has one that confirms the address."
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


class RowForm(ModelForm):
    """A row beside the user, whose flow changes it."""

    def _post_clean(self) -> None:
        """Leave the instance as it is: the flow says what cannot be."""


class RowFormSet(InlineFormSet):
    """Rows beside the user, that flows make, change and end."""

    def clean(self) -> None:
        """Leave what must be unique to the flows, too."""

    def apply(self, *, by: AbstractUser, request: HttpRequest) -> None:
        """Call the flows for what was changed, in an order that loses nothing."""
        raise NotImplementedError

    def save(self, commit: bool = True) -> list[Any]:  # noqa: FBT001, FBT002
        raise NotImplementedError("apply() does it")

    def start(self) -> None:
        """Begin the lists that the admin's log is written from."""
        self.new_objects: list[Any] = []
        self.changed_objects: list[tuple[Any, list[str]]] = []
        self.deleted_objects: list[Any] = []

    @property
    def kept(self) -> list[ModelForm]:
        """The rows that stay and those that are new, without the empty ones."""
        return [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed())
        ]


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
        primary: UserEmail | None = None
        for form in [form for form in self.kept if form.has_changed()]:
            with _named(form.cleaned_data["email"]):
                row = self._write(form, by=by, request=request)
            if "is_primary" in form.changed_data:
                primary = row
        if primary:
            with _named(primary.shown):
                make_primary(primary, by=by, request=request)
        # At last: the other address may have been the only confirmed one before.
        for form in self.deleted_forms:
            row = form.instance
            if row.pk:
                with _named(row.shown):
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


class GrantForm(RowForm):
    class Meta:
        model = RoleGrant
        fields = ("role", "starts_at", "ends_at", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Links to change or delete the role itself would be taken for this grant's.
        widget: Any = self.fields["role"].widget
        widget.can_change_related = widget.can_delete_related = widget.can_view_related = False
        starts_at = self.fields["starts_at"]
        starts_at.required, starts_at.help_text = False, _("Empty: now.")
        if not self.instance.pk:
            # Not the moment when the page was opened: a row left as it is must count as empty.
            starts_at.show_hidden_initial, self.initial["starts_at"] = False, None


class GrantFormSet(RowFormSet):
    def apply(self, *, by: AbstractUser, request: HttpRequest) -> None:
        self.start()
        for form in self.kept:
            if form.instance.pk:
                continue
            given = form.cleaned_data
            with _named(given["role"]):
                grant = grant_role(
                    self.instance,
                    given["role"],
                    since=given["starts_at"],
                    until=given["ends_at"],
                    source="admin",
                    reason=given["reason"],
                    by=by,
                    request=request,
                )
            self.new_objects.append(grant)
        for form in self.deleted_forms:
            if form.instance.pk:
                revoke_grant(form.instance, by=by, request=request)
                self.deleted_objects.append(form.instance)


@contextmanager
def _named(what: object) -> Iterator[None]:
    """Say of what a flow speaks, since several rows are saved at once."""
    try:
        yield
    except AccountError as error:
        sentence: Promise | str = format_lazy("{}: {}", what, error.messages[0])
        raise AccountError(sentence) from None
