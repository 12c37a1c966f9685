"""Memberships in the administration: plans are edited, payments recorded and given back."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..admin.acts import act_on_each
from ..admin.bases import (
    KeySelect,
    ModelAdmin,
    ProvedAdmin,
    RefusableAdmin,
    RefusableForm,
    TabularInline,
)
from ..admin.records import ReadOnly
from ..roles.rights import may_grant, roles_to_give
from .flows import end_membership, record_payment, refund_payment
from .flows.plans import note_plan, note_terms
from .models import Membership, Payment, Plan, ProviderEvent, StripeCustomer


@admin.register(Plan)
class PlanAdmin(ProvedAdmin):
    """
    What is for sale. One that somebody has bought keeps its role and price.

    A plan is a way to its role: it is for those to make and to change who may grant that role.
    """

    list_display = ("label", "name", "role", "price", "is_offered", "position")
    list_filter = ("is_offered",)
    list_select_related = ("role",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        is_bought = obj is not None and obj.is_bought
        return ("name", "role", "price_id") if is_bought else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # By a price of almost nothing, or a year of grace, a friend would have the role.
        by: Any = request.user
        is_theirs = obj is None or may_grant(by, [obj.role])
        return super().has_change_permission(request, obj) and is_theirs

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            by: Any = request.user
            kwargs["queryset"] = roles_to_give(by)
            kwargs["widget"] = KeySelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        # As it is stored: somebody else may have saved it since the form was read.
        before = Plan.objects.select_for_update().filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        by: Any = request.user
        if before is None:
            note_plan("plan_made", obj, by=by, request=request)
        else:
            note_terms(obj, before, by=by, request=request)

    def delete_model(self, request: HttpRequest, obj: Plan) -> None:
        by: Any = request.user
        note_plan("plan_deleted", obj, by=by, request=request)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Plan]) -> None:
        by: Any = request.user
        with transaction.atomic():
            for plan in queryset.select_related("role"):
                note_plan("plan_deleted", plan, by=by, request=request)
            super().delete_queryset(request, queryset)


class PaymentInline(TabularInline):
    model = Payment
    fields = ("reference", "state", "starts_at", "ends_at", "recorded_by", "reason")
    ordering = ("-pk",)
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Who is a member. To be read: payments change it, and Stripe."""

    list_display = ("user", "plan", "state_now", "paid_until", "ends_at", "subscription_id")
    list_filter = ("state", "plan")
    list_prefetch_related = ("user", "plan")
    fields = (*list_display, "started_at", "ended_at")
    ordering = ("-pk",)
    inlines = (PaymentInline,)
    actions = ("end",)

    @admin.display(description=_("state"))
    def state_now(self, membership: Membership) -> str:
        return str(Membership.State(membership.shown_state).label)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Say who may end what others have paid for."""
        return request.user.has_perm("useraccounts_memberships.change_membership")

    @admin.action(permissions=["end"], description=_("End now"))
    def end(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        _each(self, request, queryset, end_membership)


class RecordPaymentForm(RefusableForm):
    """What a bank transfer says, and what it pays for."""

    user = forms.ModelChoiceField(get_user_model()._default_manager.none(), label=_("User"))
    plan = forms.ModelChoiceField(Plan.objects.none(), label=_("Plan"))
    since = forms.SplitDateTimeField(
        label=_("From"),
        required=False,
        help_text=_(
            "Leave this empty to start where the last paid period ends, or now if there is none."
        ),
        widget=AdminSplitDateTime,
    )
    until = forms.SplitDateTimeField(label=_("Until"), widget=AdminSplitDateTime)
    reference = forms.CharField(
        label=_("Reference"),
        max_length=255,
        required=False,
        help_text=_("Such as the number of the transfer: recorded twice, it counts once."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        # Searched for, since a list to choose from would hold millions.
        column = Membership._meta.get_field("user")
        fields["user"].widget = KeySelect(column, admin.site)
        fields["user"].queryset = get_user_model()._default_manager.all()
        fields["plan"].queryset = Plan.objects.all()

    def _post_clean(self) -> None:
        """Leave the instance as it is: the flow makes the payment."""


@admin.register(Payment)
class PaymentAdmin(RefusableAdmin):
    """What was paid: recorded and given back, never edited."""

    list_display = ("recorded_at", "user", "plan", "state", "starts_at", "ends_at", "reference")
    list_filter = ("state",)
    list_prefetch_related = ("membership__user", "membership__plan")
    search_fields = ("reference__exact",)
    ordering = ("-pk",)
    actions = ("refund",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return (*self.list_display, "refunded_at", "recorded_by", "reason")
        return ("user", "plan", "since", "until", "reference", "reason")

    @admin.display(description=_("user"))
    def user(self, payment: Payment) -> str:
        return str(payment.membership.user or "-")

    @admin.display(description=_("plan"))
    def plan(self, payment: Payment) -> str:
        return str(payment.membership.plan)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_refund_permission(self, request: HttpRequest) -> bool:
        """Say who may end what others have paid for."""
        return bool(request.user.has_perm("useraccounts_memberships.change_payment"))

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        return super().get_form(request, obj, change, **{**kwargs, "form": RecordPaymentForm})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        given, by = form.cleaned_data, request.user
        payment = record_payment(
            given["user"],
            given["plan"],
            given["until"],
            since=given["since"],
            reference=given["reference"],
            reason=given["reason"],
            by=by,  # type: ignore[arg-type]
            request=request,
        )
        obj.pk, obj._state.adding = payment.pk, False
        obj.refresh_from_db()

    @admin.action(permissions=["refund"], description=_("Refunded: end its period"))
    def refund(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        _each(self, request, queryset.select_related("membership"), refund_payment)


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnly):
    """What Stripe has told, and was acted on."""

    list_display = ("received_at", "kind", "event_id", "customer_id", "created_at")
    fields = list_display
    ordering = ("-pk",)
    search_help_text = _("Enter the whole id of an event or of a customer.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if text:
            queryset = queryset.filter(Q(event_id=text) | Q(customer_id=text))
        return queryset, False


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnly):
    """Who is which customer at Stripe."""

    list_display = ("user", "customer_id")
    list_select_related = ("user",)
    fields = list_display
    ordering = ("-pk",)


def _each(
    model_admin: ModelAdmin, request: HttpRequest, rows: QuerySet[Any], flow: Callable[..., object]
) -> None:
    def done(number: int) -> str:
        return ngettext("%(number)d entry has ended.", "%(number)d entries have ended.", number) % {
            "number": number
        }

    act_on_each(model_admin, request, rows, flow, done=done)
