"""The forms that give, extend and take roles: beside a user, beside a role, and for many."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextInputWidget
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..models import AbstractUser, Role, RoleGrant
from ..roles.flows import grant_role, revoke_grant
from ..roles.rights import roles_to_give
from .bases import RefusableForm, RowForm, RowFormSet, named

#: How many grants stand on one page; a link leads to all. Django reads 1,000 fields of a form.
SHOWN = 50
#: Why: for people, as long as the column of a grant is.
REASON_MAX_LENGTH = 250


class MomentField(forms.SplitDateTimeField):
    """A date and a time that there is in UTC, too, as which databases keep it."""

    widget = AdminSplitDateTime

    def compress(self, data_list: Any) -> datetime | None:
        moment: datetime | None = super().compress(data_list)
        try:
            return moment and (moment.astimezone(UTC) if timezone.is_aware(moment) else moment)
        except OverflowError:
            sentence = forms.DateTimeField.default_error_messages["invalid"]
            raise ValidationError(sentence, code="invalid") from None


class UserField(forms.CharField):
    """A user, typed as username or as confirmed address."""

    widget = AdminTextInputWidget

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        user = get_user_model()._default_manager.called(text).first() if text else None
        if text and user is None:
            raise ValidationError(
                _("There is no user with this username or confirmed address."), code="no_user"
            )
        return user


class GrantForm(RowForm):
    """A grant beside its user, where the role is chosen."""

    class Meta:
        model = RoleGrant
        fields = ("role", "starts_at", "ends_at", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            # Links to change or delete the role itself would be taken for this grant's.
            widget: Any = self.fields["role"].widget
            widget.can_change_related = widget.can_delete_related = False
            widget.can_view_related = False
        starts_at = self.fields["starts_at"]
        starts_at.required, starts_at.help_text = False, _("Leave this empty to start now.")
        if not self.instance.pk:
            # Not the moment when the page was opened: a row left as it is must count as empty.
            starts_at.show_hidden_initial, self.initial["starts_at"] = False, None


class HolderForm(GrantForm):
    """A grant beside its role, where the user is named."""

    user = UserField(label=_("user"), help_text=_("Username or confirmed address."))

    class Meta:
        model = RoleGrant
        fields = ("starts_at", "ends_at", "reason")


class GrantFormSet(RowFormSet):
    """Grants of one user, or of one role."""

    def get_queryset(self) -> QuerySet[Any]:
        is_first = not hasattr(self, "_queryset")
        rows: QuerySet[Any] = super().get_queryset()
        if is_first:
            # Django would look for what is sent among all rows, and a role may have millions.
            sent = rows.filter(pk__in=self._sent_keys()) if self.is_bound else rows[:SHOWN]
            self._queryset = rows = sent
        return rows

    def _sent_keys(self) -> list[Any]:
        key, sent = RoleGrant._meta.pk, []
        for number in range(min(self.initial_form_count(), self.total_form_count())):
            with suppress(ValidationError):
                sent.append(key.clean(self.data.get(f"{self.add_prefix(number)}-{key.name}"), None))
        return sent

    def apply(self, *, by: AbstractUser, request: HttpRequest) -> None:
        self.start()
        # A row that has ended while the page was open has no grant either, and is no new one.
        ended = self.initial_forms
        for form in self.kept:
            if not form.instance.pk and form not in ended:
                self._grant(form.cleaned_data, by=by, request=request)
        for form in self.deleted_forms:
            grant = form.instance
            if grant.pk:
                with named(getattr(grant, self._other)):
                    revoke_grant(grant, by=by, request=request)
                self.deleted_objects.append(grant)

    def _grant(self, given: dict[str, Any], *, by: AbstractUser, request: HttpRequest) -> None:
        with named(given[self._other]):
            grant = grant_role(
                given["user"],
                given["role"],
                since=given["starts_at"],
                until=given["ends_at"],
                source="admin",
                reason=given["reason"],
                by=by,
                request=request,
            )
        self.new_objects.append(grant)

    @property
    def _other(self) -> str:
        """What the page is not about, and each row tells."""
        return "role" if self.fk.name == "user" else "user"


class _ReasonField(forms.CharField):
    widget = AdminTextInputWidget

    def __init__(self, **kwargs: Any) -> None:
        most = REASON_MAX_LENGTH
        super().__init__(label=_("Reason"), max_length=most, required=False, **kwargs)


class _RoleForm(forms.Form):
    role = forms.ModelChoiceField(Role.objects.none(), label=_("Role"))

    def __init__(self, *args: Any, by: AbstractUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.queryset = roles_to_give(by)


class GrantRoleForm(_RoleForm):
    """What many users get."""

    since = MomentField(
        label=_("Starts"), required=False, help_text=_("Leave this empty to start now.")
    )
    until = MomentField(
        label=_("Ends"), required=False, help_text=_("Leave this empty to set no end.")
    )
    reason = _ReasonField()


class RevokeRoleForm(_RoleForm):
    """What is taken from many users."""

    reason = _ReasonField()


class ReasonForm(forms.Form):
    """Why it is done."""

    reason = _ReasonField()


class Extension(forms.Form):
    """How much longer a grant lasts; nothing typed must not mean for good."""

    until = MomentField(label=_("New end"), required=False)
    for_good = forms.BooleanField(label=_("For good, with no end"), required=False)
    why = _ReasonField(help_text=_("Why it lasts longer."))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "until" in cleaned and bool(cleaned["until"]) == cleaned["for_good"]:
            # Translators: “for good” is the box below, “For good, with no end”.
            self.add_error("until", _("Name the new end, or choose “for good”."))
        return cleaned


class ExtendGrantForm(Extension, RefusableForm):
    """One grant, read beside it."""

    class Meta:
        model = RoleGrant
        fields: tuple[str, ...] = ()

    def _post_clean(self) -> None:
        """Leave the instance as it is: the flow says what cannot be."""
