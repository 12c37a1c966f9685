"""Where the provider is: below ``/provider/``, and only where DEBUG is on."""

from django.urls import path

from ..debugging import debug_only
from . import views

pages = (
    (".well-known/openid-configuration", views.Metadata, "provider_metadata"),
    ("jwks", views.Keys, "provider_keys"),
    ("authorize", views.Authorize, "provider_authorize"),
    ("token", views.Token, "provider_token"),
    ("userinfo", views.Userinfo, "provider_userinfo"),
)
urlpatterns = [path(route, debug_only(view.as_view()), name=name) for route, view, name in pages]
