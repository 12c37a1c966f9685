"""Django's own bases, which have parameters for type checkers only, and what a refusal shows."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from ..transactions import repeat_undone

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
    InlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline
    ModelForm, InlineFormSet = forms.ModelForm, forms.BaseInlineFormSet


class RefusableForm(ModelForm):
    """A form that says what a flow has refused, beside the field that the error names."""

    #: What a flow has refused when this form was saved: the form is then shown once more.
    refusal: ValidationError | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.refusal:
            field = getattr(self.refusal, "field", None)
            self.add_error(field if field in self.fields else None, self.refusal)
        return cleaned


class RefusableAdmin(ModelAdmin):
    """Saving calls flows: what one refuses rolls everything back, and stands in the form."""

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "useraccounts_refusal", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        view = partial(super().changeform_view, request, *args, **kwargs)
        try:
            return repeat_undone(view, restore=lambda: None)
        except ValidationError as refusal:
            # Everything is rolled back. The form is shown once more with the sentence of the flow.
            request.useraccounts_refusal = refusal  # type: ignore[attr-defined]
            return view()
