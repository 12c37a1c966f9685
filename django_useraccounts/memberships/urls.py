from django.urls import path

from .views import (
    CheckoutDoneView,
    CustomerPortalView,
    MembershipView,
    PricingView,
    StartCheckoutView,
    StripeWebhookView,
)

urlpatterns = [
    path("pricing/", PricingView.as_view(), name="pricing"),
    path("membership/", MembershipView.as_view(), name="membership"),
    path("start-checkout/<slug:plan>/", StartCheckoutView.as_view(), name="start_checkout"),
    path("checkout-done/", CheckoutDoneView.as_view(), name="checkout_done"),
    path("customer-portal/", CustomerPortalView.as_view(), name="customer_portal"),
    path("stripe-webhook/", StripeWebhookView.as_view(), name="stripe_webhook"),
]
