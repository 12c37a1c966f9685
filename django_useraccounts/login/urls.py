from django.urls import path

from .views import ConfirmIdentityView, LoginView, LogoutView

urlpatterns = [
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("confirm-identity/", ConfirmIdentityView.as_view(), name="confirm_identity"),
]
