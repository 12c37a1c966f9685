"""The form by which people log in to the administration."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from ..models import AccountEvent


class AdminLoginForm(AdminAuthenticationForm):
    """Django's own, which also writes down that somebody had the password of who may not enter."""

    def confirm_login_allowed(self, user: Any) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            details = {"reason": "not_allowed"}
            AccountEvent.objects.record(
                "login_failed", user=user, details=details, request=self.request
            )
            raise
