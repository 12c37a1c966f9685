from django.urls import path

from .views import AcceptTermsView, TermsView

urlpatterns = [
    path("terms/", TermsView.as_view(), name="terms"),
    path("accept-terms/", AcceptTermsView.as_view(), name="accept_terms"),
]
