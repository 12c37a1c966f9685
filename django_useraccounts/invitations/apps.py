"""The room of invitations joins the house."""

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..personal_data import register_personal_data
from ..policy import policy
from ..room import Admission, MenuEntry, Room, later


class InvitationsConfig(Room, AppConfig):
    name = "django_useraccounts.invitations"
    label = "useraccounts_invitations"
    verbose_name = _("Invitations")
    default_auto_field = "django.db.models.BigAutoField"
    routes = ("django_useraccounts.invitations.urls",)
    needs = ("django_useraccounts",)
    sentences = {
        "invited": _("An invitation was made."),
        "invitation_resent": _("An invitation was mailed once more."),
        "invitation_withdrawn": _("An invitation was withdrawn."),
        "invitation_accepted": _("An invitation was accepted."),
    }
    menu = (
        MenuEntry(
            "invitations",
            _("Your invitations"),
            lambda user: policy().may_invite(user, request=None),
            asks_database=True,  # for a permission
        ),
    )

    def ready(self) -> None:
        register_personal_data(
            "invitations",
            export=later("invitations.parts.invitations_of"),
            erase=later("invitations.parts.forget_invitations"),
        )

    def admission(self, request: HttpRequest) -> Admission | None:
        admission: Admission | None = later("invitations.admission.carried_by")(request)
        return admission
