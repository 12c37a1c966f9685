"""The page of the own account."""

from typing import Any

from django.views.generic import TemplateView

from ..mixins import AllowUnconfirmedEmailMixin
from ..models import Role, RoleGrant, UserEmail
from ..views import AccountPage


class ProfileView(AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """What the account is: its names, addresses and roles, and where to change them."""

    template_name = "useraccounts/profile/profile.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.user
        roles = Role.objects.filter(grants__in=RoleGrant.objects.in_force().filter(user=user))
        return super().get_context_data(
            addresses=UserEmail.objects.filter(user=user).order_by("-is_primary", "email"),
            role_labels=[str(role) for role in roles.distinct()],
            **kwargs,
        )
