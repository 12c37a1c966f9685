from django.urls import path

from .views import KeysView, ReturnKeyView

urlpatterns = [
    path("keys/", KeysView.as_view(), name="keys"),
    path("return-key/", ReturnKeyView.as_view(), name="return_key"),
]
