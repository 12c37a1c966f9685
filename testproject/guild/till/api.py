"""The few addresses of Stripe's API that the accounts ask, answered as Stripe does."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from .books import Row, books, invoices_of, new_id
from .post import origin_of, subscription_changed


@method_decorator(csrf_exempt, name="dispatch")
class Api(View):
    """Ask with a key, as the library of Stripe does."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.headers.get("Authorization", "").startswith("Bearer sk_test_"):
            error = {"type": "invalid_request_error", "message": "No such key."}
            return JsonResponse({"error": error}, status=401)
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[assignment]
        return answer


class Customers(Api):
    def post(self, request: HttpRequest) -> HttpResponse:
        with books() as kept:
            key = request.headers.get("Idempotency-Key", "")
            found = (row for row in kept["customers"].values() if row["key"] == key)
            customer = next(found, None) or {"id": new_id("cus"), "object": "customer", "key": key}
            kept["customers"][customer["id"]] = customer
        return JsonResponse(customer)


class CheckoutSessions(Api):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _listed("sessions", customer=request.GET["customer"], status=request.GET["status"])

    def post(self, request: HttpRequest) -> HttpResponse:
        given = request.POST
        session = {
            "id": new_id("cs"),
            "object": "checkout.session",
            "mode": given["mode"],
            "customer": given["customer"],
            "client_reference_id": given["client_reference_id"],
            "price": given["line_items[0][price]"],
            "metadata": _metadata(request, "metadata"),
            "success_url": given["success_url"],
            "cancel_url": given["cancel_url"],
            "status": "open",
        }
        session["url"] = f"{origin_of(given['success_url'])}/till/checkout/{session['id']}/"
        with books() as kept:
            kept["sessions"][session["id"]] = session
            kept["customers"][given["customer"]]["site"] = origin_of(given["success_url"])
        return JsonResponse(session)


class CheckoutSession(Api):
    def get(self, request: HttpRequest, session_id: str) -> HttpResponse:
        with books() as kept:
            return JsonResponse(kept["sessions"][session_id])


class ExpireCheckoutSession(Api):
    def post(self, request: HttpRequest, session_id: str) -> HttpResponse:
        with books() as kept:
            session: Row = kept["sessions"][session_id]
            if session["status"] == "open":
                session["status"] = "expired"
                return JsonResponse(session)
        error = {"type": "invalid_request_error", "message": "It is open no more."}
        return JsonResponse({"error": error}, status=400)


class PortalSessions(Api):
    def post(self, request: HttpRequest) -> HttpResponse:
        return_url = request.POST["return_url"]
        url = f"{origin_of(return_url)}/till/portal/{request.POST['customer']}/"
        return JsonResponse({"id": new_id("bps"), "object": "billing_portal.session", "url": url})


class InvoicePayments(Api):
    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET["payment[payment_intent]"]
        with books() as kept:
            found = [row for row in kept["invoices"].values() if row["payment_intent"] == wanted]
        data = [{"id": "inpay_1", "object": "invoice_payment", "invoice": row} for row in found]
        return JsonResponse({"object": "list", "data": data, "has_more": False})


class Invoices(Api):
    def get(self, request: HttpRequest) -> HttpResponse:
        with books() as kept:
            found = invoices_of(kept, request.GET["subscription"], status=request.GET["status"])
        return JsonResponse({"object": "list", "data": found, "has_more": False})


class VoidInvoice(Api):
    def post(self, request: HttpRequest, invoice_id: str) -> HttpResponse:
        with books() as kept:
            invoice: Row = kept["invoices"][invoice_id]
            invoice["status"] = "void"
        return JsonResponse(invoice)


class Subscriptions(Api):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _listed("subscriptions", customer=request.GET["customer"])


class Subscription(Api):
    def get(self, request: HttpRequest, subscription_id: str) -> HttpResponse:
        with books() as kept:
            found = kept["subscriptions"].get(subscription_id)
        error = {"type": "invalid_request_error", "code": "resource_missing", "param": "id"}
        return JsonResponse(found) if found else JsonResponse({"error": error}, status=404)

    def post(self, request: HttpRequest, subscription_id: str) -> HttpResponse:
        is_to_end = request.POST.get("cancel_at_period_end") == "true"
        return self.change(subscription_id, cancel_at_period_end=is_to_end)

    def delete(self, request: HttpRequest, subscription_id: str) -> HttpResponse:
        return self.change(subscription_id, status="canceled")

    def change(self, subscription_id: str, **changes: Any) -> HttpResponse:
        with books() as kept:
            subscription: Row = kept["subscriptions"][subscription_id]
            subscription |= changes
            site = kept["customers"][subscription["customer"]]["site"]
        subscription_changed(site, subscription)
        return JsonResponse(subscription)


def _listed(table: str, **wanted: str) -> HttpResponse:
    """Answer with the rows that are wanted, the newest first."""
    with books() as kept:
        found = [row for row in kept[table].values() if wanted.items() <= row.items()]
    return JsonResponse({"object": "list", "data": found[::-1], "has_more": False})


def _metadata(request: HttpRequest, name: str) -> dict[str, str]:
    start = f"{name}["
    items = request.POST.items()
    return {key[len(start) : -1]: str(value) for key, value in items if key.startswith(start)}
