"""What is for sale, the own membership, the ways to Stripe, and how Stripe tells of payments."""

import logging
from hashlib import sha256
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView, View

from ..errors import AccountError
from ..mixins import (
    AllowUnconfirmedEmailMixin,
    ConfirmedEmailRequiredMixin,
    RecentLoginRequiredMixin,
)
from ..views import OUTAGES, AccountPage, FlowView
from .conf import conf
from .errors import MalformedEvent
from .flows import apply_event, customer_portal, start_checkout
from .forms import CustomerPortalForm, StartCheckoutForm
from .models import Membership, Plan, StripeCustomer
from .stripe.client import is_live, verify
from .stripe.events import read_event

logger = logging.getLogger("django_useraccounts.memberships")

#: Bytes that an event of Stripe stays far below.
BODY_MAX_LENGTH = 512 * 1024


class PricingView(AccountPage, TemplateView):
    """What can be bought, by anybody; who is a member sees which plan is the own."""

    is_public = True
    template_name = "useraccounts/memberships/pricing.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = list(self._own())
        has = {membership.plan_id for membership in own}
        # Who pays for a role through Stripe changes the plan there, and does not buy it twice.
        charged = {membership.plan.role_id for membership in own if membership.subscription_id}
        plans = [
            (plan, plan.pk in has, bool(plan.price_id) and plan.role_id not in charged)
            for plan in Plan.objects.offered()
        ]
        return super().get_context_data(
            plans=plans, has_stripe=bool(conf.STRIPE_SECRET_KEY), **kwargs
        )

    def _own(self) -> QuerySet[Membership]:
        rows = Membership.objects.held().select_related("plan")
        is_user = self.request.user.is_authenticated
        return rows.filter(user=self.user) if is_user else rows.none()


class MembershipView(AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """What the visitor is a member of, until when, and what was paid for it."""

    template_name = "useraccounts/memberships/membership.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Membership.objects.of(self.user).prefetch_related("payments")
        has_portal = bool(conf.STRIPE_SECRET_KEY) and any(row.subscription_id for row in rows)
        return super().get_context_data(memberships=rows, has_portal=has_portal, **kwargs)


class StartCheckoutView(ConfirmedEmailRequiredMixin, FlowView):
    """Say what is bought, and lead to the page of Stripe where it is paid."""

    template_name = "useraccounts/memberships/start_checkout.html"
    form_class = StartCheckoutForm
    plan: Plan

    def turn_away(self) -> HttpResponse | None:
        plan = Plan.objects.offered().filter(name=self.kwargs["plan"]).first()
        if plan is None:
            raise Http404
        self.plan = plan
        return None

    def perform(self, form: forms.Form) -> HttpResponse:
        return HttpResponseRedirect(start_checkout(self.user, self.plan, request=self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(plan=self.plan, **kwargs)


class CheckoutDoneView(ConfirmedEmailRequiredMixin, AccountPage, TemplateView):
    """
    Where Stripe leads back to: whether its word has come, too.

    What the browser brings along says nothing of it, since anybody can open this page; the plan in
    the URL says which of the own memberships was bought.
    """

    template_name = "useraccounts/memberships/checkout_done.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own, plan = Membership.objects.of(self.user).lasting(), self.request.GET.get("plan")
        bought = (row for row in own if plan in {None, row.plan.name})
        again = self.request.get_full_path()
        return super().get_context_data(membership=next(bought, None), again=again, **kwargs)


class CustomerPortalView(AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView):
    """
    Lead to the page of Stripe where the card is changed, and subscriptions are cancelled.

    By who has just given the password: bills there tell where somebody lives.
    """

    template_name = "useraccounts/memberships/customer_portal.html"
    form_class = CustomerPortalForm
    success_url = reverse_lazy("useraccounts:membership")

    def turn_away(self) -> HttpResponse | None:
        has_portal = conf.STRIPE_SECRET_KEY and StripeCustomer.objects.filter(user=self.user)
        return None if has_portal else HttpResponseRedirect(self.get_success_url())

    def perform(self, form: forms.Form) -> HttpResponse:
        return HttpResponseRedirect(customer_portal(self.user, request=self.request))


@method_decorator([csrf_exempt, login_not_required, never_cache], name="dispatch")
class StripeWebhookView(View):
    """
    Hear what Stripe tells: 200 when it was done or does not matter, 400 when it is refused.

    Stripe tells what was refused, or met an outage, again for some days.
    """

    http_method_names: ClassVar[list[str]] = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        if not (conf.STRIPE_SECRET_KEY and conf.STRIPE_WEBHOOK_SECRET):
            raise Http404
        try:
            return self.hear(request)
        except AccountError as error:
            # Its name only: what came may be anybody's words.
            logger.warning("A webhook of Stripe was refused: %s.", type(error).__name__)
            return HttpResponse(status=error.status if error.status >= 400 else 400)
        except OUTAGES:
            logger.exception("A webhook of Stripe has met an outage.")
            return HttpResponse(status=503)

    def hear(self, request: HttpRequest) -> HttpResponse:
        """Act on the event, whoever sends it; raise for what Stripe has not signed."""
        body = _body(request)
        signature = request.headers.get("Stripe-Signature", "")
        verify(body, signature)
        event = read_event(body, is_live=is_live())
        if event is not None:
            apply_event(event, delivery=sha256(signature.encode()).hexdigest(), request=request)
        return HttpResponse()


def _body(request: HttpRequest) -> str:
    """Return the body as text, unless it is longer than any event, or no text."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
        if length > BODY_MAX_LENGTH:
            raise MalformedEvent
        body = request.read(BODY_MAX_LENGTH + 1)
        if len(body) > BODY_MAX_LENGTH:
            raise MalformedEvent
        return body.decode()
    except (ValueError, OSError):
        raise MalformedEvent from None
