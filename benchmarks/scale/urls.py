"""All pages of the accounts, the administration, and pages behind guards."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("django_useraccounts.urls")),
    path("admin/", admin.site.urls),
    path("", include("benchmarks.urls")),
]
