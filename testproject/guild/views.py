"""The pages of the guild: for anyone, for the guild, for a few, and for who tries the demo."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import FormView, ListView, TemplateView

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    recent_login_required,
    roles_required,
)
from django_useraccounts.identity import login_names
from django_useraccounts.mixins import RolesRequiredMixin
from django_useraccounts.models import AbstractUser
from django_useraccounts.roles.flows import grant_role, revoke_role

from .break_in.views import ATTACKS
from .debugging import debug_only
from .doors import DOORS
from .forms import CostumeForm
from .mailbox import Mail, all_mail, samples
from .people import PASSWORD, PEOPLE, everybody
from .sources import found
from .tour.coming_in import START
from .tour.views import FEATURES

# For anyone


def home(request: HttpRequest) -> HttpResponse:
    page = {
        "people": PEOPLE,
        "password": PASSWORD,
        "login_names": login_names(),
        "identity": getattr(settings, "IDENTITY", "both"),
        "identities": getattr(settings, "IDENTITIES", {}),
        "features": len(FEATURES),
        "attacks": len(ATTACKS),
        "passages": found(START),
    }
    return render(request, "guild/home.html", page)


def doors(request: HttpRequest) -> HttpResponse:
    signs = [(door, door.opens_for(request.user)) for door in DOORS]
    return render(request, "guild/doors.html", {"signs": signs})


def gallery(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/gallery.html")


# For everybody in the guild


class Members(LoginRequiredMixin, ListView):
    template_name = "guild/members.html"
    paginate_by = 50

    def get_queryset(self) -> QuerySet[AbstractUser]:
        return everybody()


# For a few


@roles_required("artist")
def studio(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/studio.html")


@roles_required("member")
def supper_club(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/supper_club.html")


@roles_required("secret", ["sauce", "agent"])
def cellar(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/cellar.html")


class BackStairs(RolesRequiredMixin, TemplateView):
    roles_required = ("secret", ["sauce", "agent"])
    template_name = "guild/rooms/back_stairs.html"


@roles_required("starving", ["artist", "programmer"])
def garret(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/garret.html")


@roles_required(["funny", "witty", "hilarious"])
def stage(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/stage.html")


# Not about roles, but about how somebody has come in


@recent_login_required
def strongbox(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/strongbox.html")


@allow_unconfirmed_email
def porch(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/porch.html")


# For a few, by the lock on the path that leads here: see urls.py


def backstage(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/backstage.html")


def prop_room(request: HttpRequest) -> HttpResponse:
    return render(request, "guild/rooms/prop_room.html")


# For who tries the demo: no real site has pages like these


@method_decorator([debug_only, login_required], name="dispatch")
class Wardrobe(FormView):
    """Every role to put on and take off: elsewhere, an office or a shop calls these two flows."""

    form_class = CostumeForm
    template_name = "guild/wardrobe.html"
    success_url = reverse_lazy("wardrobe")

    def form_valid(self, form: CostumeForm) -> HttpResponse:
        user, role = self.request.user, form.cleaned_data["role"]
        if form.cleaned_data["action"] == "put_on":
            grant_role(user, role, source="wardrobe", request=self.request)
            messages.success(self.request, f"On it goes. You are now: {role}.")
        else:
            revoke_role(user, role, request=self.request)
            messages.success(self.request, f"Off it comes. You are no longer: {role}.")
        return super().form_valid(form)


@debug_only
def mailbox(request: HttpRequest) -> HttpResponse:
    page = Paginator(all_mail(), 20).get_page(request.GET.get("page"))
    return render(request, "guild/mailbox.html", {"page": page})


@debug_only
@xframe_options_sameorigin
def mail_html(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML of a mail, for the frame on the page of the mailbox; it may run nothing there."""
    return _framed(all_mail(), key)


@debug_only
def mails(request: HttpRequest) -> HttpResponse:
    """Every kind of mail there is, of sample data."""
    return render(request, "guild/mails.html", {"mails": samples(request)})


@debug_only
@xframe_options_sameorigin
def sample_html(request: HttpRequest, kind: str) -> HttpResponse:
    return _framed(samples(request), kind)


def _framed(mails: list[Mail], key: str) -> HttpResponse:
    mail = next((mail for mail in mails if mail.key == key), None)
    if mail is None:
        raise Http404
    response = HttpResponse(mail.framed_html)
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
        "sandbox allow-top-navigation-by-user-activation"
    )
    return response
