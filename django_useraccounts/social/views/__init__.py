"""The pages on the way to a provider and back, and those of what is connected."""

from .arriving import CompleteRegistrationView, SocialCallbackView, SocialLoginView
from .connecting import (
    ConnectAccountView,
    ConnectByLinkView,
    ConnectionsView,
    ConnectProviderView,
    DisconnectProviderView,
    MailConnectLinkView,
)

__all__ = [
    "CompleteRegistrationView",
    "ConnectAccountView",
    "ConnectByLinkView",
    "ConnectProviderView",
    "ConnectionsView",
    "DisconnectProviderView",
    "MailConnectLinkView",
    "SocialCallbackView",
    "SocialLoginView",
]
