"""The room of invitations joins the house."""

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..personal_data import register_personal_data
from ..policy import policy
from ..room import Admission, MenuEntry, Room


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
        ),
    )

    def ready(self) -> None:
        from .parts import forget_invitations, invitations_of  # noqa: PLC0415

        register_personal_data("invitations", export=invitations_of, erase=forget_invitations)

    def admission(self, request: HttpRequest) -> Admission | None:
        # It needs the models, which are there only now.
        from .admission import carried_by  # noqa: PLC0415

        return carried_by(request)
