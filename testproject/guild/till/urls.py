"""Where the till is: below ``/till/``, and only where DEBUG is on."""

from django.urls import path

from ..debugging import debug_only
from . import api, views

pages = (
    ("v1/customers", api.Customers, ""),
    ("v1/checkout/sessions", api.CheckoutSessions, ""),
    ("v1/checkout/sessions/<str:session_id>", api.CheckoutSession, ""),
    ("v1/checkout/sessions/<str:session_id>/expire", api.ExpireCheckoutSession, ""),
    ("v1/billing_portal/sessions", api.PortalSessions, ""),
    ("v1/invoice_payments", api.InvoicePayments, ""),
    ("v1/invoices", api.Invoices, ""),
    ("v1/invoices/<str:invoice_id>/void", api.VoidInvoice, ""),
    ("v1/subscriptions", api.Subscriptions, ""),
    ("v1/subscriptions/<str:subscription_id>", api.Subscription, ""),
    ("checkout/<str:session_id>/", views.Checkout, "till_checkout"),
    ("portal/<str:customer_id>/", views.Portal, "till_portal"),
)
urlpatterns = [path(route, debug_only(view.as_view()), name=name) for route, view, name in pages]
