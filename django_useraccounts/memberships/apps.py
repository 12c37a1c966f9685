"""The room of memberships joins the house."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from ..personal_data import register_personal_data
from ..room import MenuEntry, Room, later
from .conf import conf


class MembershipsConfig(Room, AppConfig):
    name = "django_useraccounts.memberships"
    label = "useraccounts_memberships"
    verbose_name = _("Memberships")
    default_auto_field = "django.db.models.BigAutoField"
    routes = ("django_useraccounts.memberships.urls",)
    needs = ("django_useraccounts",)
    sentences = {
        "checkout_started": _("The payment for the plan “%(plan)s” was begun."),
        "payment_recorded": _("The plan “%(plan)s” was paid for."),
        "payment_refunded": _("A payment for the plan “%(plan)s” was refunded."),
        "payment_failed": _("A payment for the plan “%(plan)s” failed."),
        "membership_ended": _("The membership of the plan “%(plan)s” was ended."),
        "plan_made": _("The plan “%(plan)s” was made."),
        "plan_changed": _("The plan “%(plan)s” was changed."),
        "plan_deleted": _("The plan “%(plan)s” was deleted."),
    }
    menu = (MenuEntry("membership", _("Your membership")),)
    conf: Any = conf

    def ready(self) -> None:
        register(later("memberships.checks.check_memberships"), Tags.compatibility)
        register(later("memberships.checks.check_memberships_deployed"), Tags.security, deploy=True)
        register_personal_data(
            "memberships",
            export=later("memberships.parts.memberships_of"),
            erase=later("memberships.parts.forget_memberships"),
        )
