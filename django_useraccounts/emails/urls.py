from django.urls import path

from .views import ConfirmEmailView, MailSentView, ResendConfirmationView

urlpatterns = [
    path("mail-sent/", MailSentView.as_view(), name="mail_sent"),
    path("confirm-email/<str:link>/", ConfirmEmailView.as_view(), name="confirm_email"),
    path("resend-confirmation/", ResendConfirmationView.as_view(), name="resend_confirmation"),
]
