from django.urls import path

from .views import ChangePasswordView, ForgotPasswordView, ResetPasswordView, SetPasswordView

urlpatterns = [
    path("change-password/", ChangePasswordView.as_view(), name="change_password"),
    path("set-password/", SetPasswordView.as_view(), name="set_password"),
    path("forgot-password/", ForgotPasswordView.as_view(), name="forgot_password"),
    path("reset-password/<str:link>/", ResetPasswordView.as_view(), name="reset_password"),
]
