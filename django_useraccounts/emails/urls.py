from django.urls import path

from .views import (
    AddEmailView,
    ConfirmEmailView,
    EmailsView,
    MailSentView,
    MakePrimaryEmailView,
    RemoveEmailView,
    ResendConfirmationView,
    SendConfirmationView,
    UndoEmailChangeView,
)

urlpatterns = [
    path("mail-sent/", MailSentView.as_view(), name="mail_sent"),
    path("confirm-email/<str:link>/", ConfirmEmailView.as_view(), name="confirm_email"),
    path("resend-confirmation/", ResendConfirmationView.as_view(), name="resend_confirmation"),
    path("undo-email-change/<str:link>/", UndoEmailChangeView.as_view(), name="undo_email_change"),
    path("emails/", EmailsView.as_view(), name="emails"),
    path("add-email/", AddEmailView.as_view(), name="add_email"),
    path(
        "send-confirmation/<int:address_id>/",
        SendConfirmationView.as_view(),
        name="send_confirmation",
    ),
    path(
        "make-primary-email/<int:address_id>/",
        MakePrimaryEmailView.as_view(),
        name="make_primary_email",
    ),
    path("remove-email/<int:address_id>/", RemoveEmailView.as_view(), name="remove_email"),
]
