from django.urls import path

from .views import (
    AcceptInvitationView,
    InvitationsView,
    InviteView,
    ResendInvitationView,
    WithdrawInvitationView,
)

urlpatterns = [
    path("invitations/", InvitationsView.as_view(), name="invitations"),
    path("invite/", InviteView.as_view(), name="invite"),
    path(
        "resend-invitation/<int:invitation_id>/",
        ResendInvitationView.as_view(),
        name="resend_invitation",
    ),
    path(
        "withdraw-invitation/<int:invitation_id>/",
        WithdrawInvitationView.as_view(),
        name="withdraw_invitation",
    ),
    path("accept-invitation/<str:link>/", AcceptInvitationView.as_view(), name="accept_invitation"),
]
