from django.urls import include, path

from . import views

urlpatterns = [
    path("", views.notices, name="notices"),
    path("landing/", views.landing, name="landing"),
    path("accounts/register/", views.ChoirRegisterView.as_view(), name="register"),
    path("accounts/login/", views.ChoirLoginView.as_view(), name="login"),
    path(
        "accounts/change-password/",
        views.ChoirChangePasswordView.as_view(),
        name="change_password",
    ),
    path(
        "accounts/forgot-password/",
        views.ChoirForgotPasswordView.as_view(),
        name="forgot_password",
    ),
    path("accounts/", include("django_useraccounts.urls")),
]
