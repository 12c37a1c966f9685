from django.urls import path

from .views import (
    CompleteRegistrationView,
    ConnectAccountView,
    ConnectByLinkView,
    ConnectionsView,
    ConnectProviderView,
    DisconnectProviderView,
    MailConnectLinkView,
    SocialCallbackView,
    SocialLoginView,
)

urlpatterns = [
    path("social-login/<slug:provider>/", SocialLoginView.as_view(), name="social_login"),
    path("social-callback/<slug:provider>/", SocialCallbackView.as_view(), name="social_callback"),
    path(
        "complete-registration/", CompleteRegistrationView.as_view(), name="complete_registration"
    ),
    path("connect-account/", ConnectAccountView.as_view(), name="connect_account"),
    path("mail-connect-link/", MailConnectLinkView.as_view(), name="mail_connect_link"),
    path("connect-by-link/<str:link>/", ConnectByLinkView.as_view(), name="connect_by_link"),
    path("connections/", ConnectionsView.as_view(), name="connections"),
    path(
        "connect-provider/<slug:provider>/", ConnectProviderView.as_view(), name="connect_provider"
    ),
    path(
        "disconnect-provider/<int:connection_id>/",
        DisconnectProviderView.as_view(),
        name="disconnect_provider",
    ),
]
