from django.urls import path

from .views import CloseAccountView

urlpatterns = [
    path("close-account/", CloseAccountView.as_view(), name="close_account"),
]
