"""Django's own bases, which have parameters for type checkers only, and what a refusal shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import Permission
from django.core.exceptions import BadRequest, ValidationError
from django.db import router, transaction
from django.db.models import Model, ProtectedError, QuerySet, RestrictedError
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy

from ..errors import AccountError
from ..guards import Guard
from ..headers import Answer, protect
from ..models import AbstractUser
from ..proof import is_proof_recent
from ..transactions import repeat_undone
from .pages import LongChangeList, LongPaginator, is_sorted_by_index, page_of

#: Neither an address nor terms: nothing else in the administration asks for them.
PROVED = Guard(recent_login=True, allow_unconfirmed_email=True, allow_outdated_terms=True)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
    InlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
    ModelMultipleChoiceField = forms.ModelMultipleChoiceField[Any]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline
    ModelForm, InlineFormSet = forms.ModelForm, forms.BaseInlineFormSet
    ModelMultipleChoiceField = forms.ModelMultipleChoiceField


def path_in(site: AdminSite, model: type[Model], view: str, *args: object) -> str:
    """Return the path of a page of a model, "" where the site does not have the model."""
    if not site.is_registered(model):
        return ""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
    return reverse(name, args=args, current_app=site.name)


def protected(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Protect every answer of a page of the administration as those of the account pages are."""

    @wraps(view)
    def answering(*args: Any, **kwargs: Any) -> Answer:
        answer = view(*args, **kwargs)
        # Some themes open frames where Django opens windows: who uses one says SAMEORIGIN. Who
        # says nothing has DENY.
        answer.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        return protect(answer)

    return answering


class KeySelect(AutocompleteSelect):
    """What is searched for. Django's asks for whatever was sent: here, no key is no choice."""

    def optgroups(self, name: Any, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [key for key in value if _is_key(self.field, key)], attr)


class KeysField(ModelMultipleChoiceField):
    """Some of many. Django's asks for any number that was sent; here, one too large is refused."""

    def clean(self, value: Any) -> Any:
        rows: Any = self.queryset
        for key in value if isinstance(value, list) else ():
            if not _is_key(rows.model._meta.pk, key):
                words = self.error_messages["invalid_pk_value"]
                raise ValidationError(words, code="invalid_pk_value", params={"pk": key})
        return super().clean(value)


def _is_key(column: Any, text: Any) -> bool:
    try:
        column.clean(text, None)
    except ValidationError:
        return False
    return True


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


class RowForm(ModelForm):
    """A row beside what a page is about, whose flow changes it."""

    def _post_clean(self) -> None:
        """Leave the instance as it is: the flow says what cannot be."""


class RowFormSet(InlineFormSet):
    """Rows beside what a page is about, that flows make, change and end."""

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


@contextmanager
def named(what: object) -> Iterator[None]:
    """Say of what a flow speaks, since several rows are saved at once."""
    try:
        yield
    except AccountError as error:
        sentence: Promise | str = format_lazy("{}: {}", what, error.messages[0])
        raise AccountError(sentence) from None


def as_by_session(user: Any, request: HttpRequest) -> Any:
    """
    Return ``user``, loaded anew, as the session knows it if it is who acts.

    So the flows see that this session has ended meanwhile, and what a thief has sent is refused.
    """
    visitor: Any = request.user
    if user == visitor:
        user.session_epoch = visitor.session_epoch
    return user


class ProvedAdmin(ModelAdmin):
    """
    Whatever is changed asks for a recent login, as the own pages do: to look at takes none.

    Else a stolen session of staff could give itself, and everybody, another address or more rights.
    """

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        for pattern in urls:
            # Django marks its pages so; what a mixin of the project adds or includes is its own.
            if getattr(pattern.callback, "model_admin", None) is self:
                pattern.callback = protected(pattern.callback)
        return urls

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        view = super().changelist_view
        if request.method != "POST":
            return view(request, extra_context)
        act = partial(PROVED.call, view, request, extra_context)
        if "delete_selected" not in request.POST.getlist("action"):
            return act()
        # As a whole: what is logged of each row is undone with it.
        return _deleting(transaction.atomic(router.db_for_write(self.model))(act))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        view = super().changeform_view
        if request.method == "POST":
            return PROVED.call(view, request, *args, **kwargs)
        return view(request, *args, **kwargs)

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,  # noqa: FBT001, FBT002
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        view = partial(
            super().render_change_form, add=add, change=change, form_url=form_url, obj=obj
        )
        # Before anything is typed, which would be lost. The proof first: it costs no statement.
        if not is_proof_recent(request) and (add or self.has_change_permission(request, obj)):
            return PROVED.call(view, request, context)
        return view(request, context)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return _deleting(partial(PROVED.call, super().delete_view, request, *args, **kwargs))


def _deleting(view: Callable[[], Any]) -> Any:
    """Answer beside others who delete the same rows, or point at them."""
    try:
        return repeat_undone(view, restore=lambda: None)
    except (ProtectedError, RestrictedError):
        # Somebody has pointed at it since the page looked for that: now the page says so.
        return view()


class ListAdmin(ProvedAdmin):
    """
    A list that is narrowed down only by what a database can be asked for, of a table that grows.

    It is not counted to its end, and sorted by nothing but what has an index. What its rows point
    at is loaded after them: of a join, MariaDB would begin with the small table, and sort all rows.
    """

    show_full_result_count = False
    #: None, and not what Django would join of all that the list shows.
    list_select_related: Any = ()
    #: The relations that each row of the list shows.
    list_prefetch_related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related(*self.list_prefetch_related)

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> Any:
        return LongPaginator(queryset, per_page, *args, shown=page_of(request), **kwargs)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        names = super().get_sortable_by(request)
        return [name for name in names if is_sorted_by_index(self.model, name)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        # As in a filter. What a field points at is searched for without the list.
        if "\0" in search_term:
            raise BadRequest("NUL in a search")
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        # PostgreSQL takes no NUL, not even in a question; filters pass on what the address says.
        if any("\0" in text for texts in request.GET.lists() for text in texts[1]):
            raise BadRequest("NUL in a filter")
        return super().changelist_view(request, extra_context)


class RefusableAdmin(ListAdmin):
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

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("form_class", KeysField)
        if db_field.remote_field.model is Permission:
            # Each tells of its content type: one statement for all, as on Django's own pages.
            kwargs.setdefault("queryset", Permission.objects.select_related("content_type"))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        view = partial(super().changeform_view, request, *args, **kwargs)
        try:
            # The first try may have moved an upload to its place: there is nothing to repeat with.
            return view() if request.FILES else repeat_undone(view, restore=lambda: None)
        except ValidationError as refusal:
            # Everything is rolled back. The form is shown once more with the sentence of the flow.
            request.useraccounts_refusal = refusal  # type: ignore[attr-defined]
            return view()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        by: Any = request.user
        if isinstance(formset, RowFormSet):
            formset.apply(by=by, request=request)
        else:
            super().save_formset(request, form, formset, change)
