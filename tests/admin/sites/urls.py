"""The administration, and the accounts; a project's own user model is registered in a line."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import include, path

from django_useraccounts.admin import UserAdmin


class OwnUserAdmin(UserAdmin):
    def get_fieldsets(self, request, obj=None):
        return [*super().get_fieldsets(request, obj), ("Own", {"fields": list(settings.EXTRA)})]


if not admin.site.is_registered(get_user_model()):
    admin.site.register(get_user_model(), OwnUserAdmin)

urlpatterns = [
    path("accounts/", include("django_useraccounts.urls")),
    path("admin/", admin.site.urls),
]
