"""The pages about where one is logged in, and the one for who was not it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..emails.views import UndoEmailChangeView
from ..mixins import (
    AllowOutdatedTermsMixin,
    AllowUnconfirmedEmailMixin,
    RecentLoginRequiredMixin,
)
from ..models import OneTimeSecret
from ..views import AccountPage, FlowView
from .agents import in_words
from .flows import disown_login, end_other_sessions, end_session
from .forms import DisownLoginForm, EndOtherSessionsForm, EndSessionForm
from .keeping import SEEN_EVERY, row_of
from .models import DISOWN_LOGIN, LoginSession

#: How many sessions the page names, those that were used last; all others are ended at once.
SHOWN = 25


@dataclass(frozen=True)
class Shown:
    """A session as people read of it."""

    row: LoginSession
    is_this: bool

    @property
    def browser(self) -> str:
        return in_words(self.row.user_agent)

    @property
    def began(self) -> str:
        """How long ago it began, "" for just now."""
        return _time_since(self.row.started_at, timedelta(minutes=1))

    @property
    def used(self) -> str:
        """How long ago it was used, "" for just now: no more exactly than it is written down."""
        return "" if self.is_this else _time_since(self.row.seen_at, 2 * SEEN_EVERY)


def _time_since(moment: datetime, now_lasts: timedelta) -> str:
    return timesince(moment, depth=1) if timezone.now() - moment >= now_lasts else ""


class SessionsView(AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """Where one is logged in, this browser first."""

    template_name = "useraccounts/sessions/sessions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = LoginSession.objects.live(self.user).order_by("-seen_at")[: SHOWN + 1]
        own = row_of(self.request)
        sessions = [Shown(row, is_this=row.pk.hex == own) for row in rows]
        sessions.sort(key=lambda session: not session.is_this)
        has_others = any(not session.is_this for session in sessions)
        return super().get_context_data(
            sessions=sessions[:SHOWN],
            has_others=has_others,
            has_more=len(sessions) > SHOWN,
            **kwargs,
        )


class EndSessionView(
    AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView
):
    """End one session; another's is as good as none."""

    template_name = "useraccounts/sessions/end_session.html"
    form_class = EndSessionForm
    success_url = reverse_lazy("useraccounts:sessions")
    success_message = _("This browser is logged out: %(browser)s.")
    session: LoginSession

    def turn_away(self) -> HttpResponse | None:
        row = LoginSession.objects.filter(user=self.user, pk=self.kwargs["session_id"]).first()
        if row is None:
            raise Http404
        if row.pk.hex == row_of(self.request):
            return HttpResponseRedirect(reverse("useraccounts:logout"))
        if row.ended_at:
            # As after a second click.
            return HttpResponseRedirect(self.get_success_url())
        self.session = row
        self.session.user = self.user  # type: ignore[assignment]
        return None

    def perform(self, form: forms.Form) -> None:
        end_session(self.session, request=self.request)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"browser": in_words(self.session.user_agent)})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(session=Shown(self.session, is_this=False), **kwargs)


class EndOtherSessionsView(
    AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView
):
    """End every session but this one."""

    template_name = "useraccounts/sessions/end_other_sessions.html"
    form_class = EndOtherSessionsForm
    success_url = reverse_lazy("useraccounts:sessions")
    success_message = _("You are logged out everywhere else.")

    def perform(self, form: forms.Form) -> None:
        end_other_sessions(self.user, request=self.request)


class DisownLoginView(UndoEmailChangeView):
    """Take the account back from whoever has logged in."""

    template_name = "useraccounts/sessions/disown_login.html"
    refused_template = "useraccounts/sessions/disown_refused.html"
    form_class = DisownLoginForm
    purpose = DISOWN_LOGIN

    def take_back(self) -> OneTimeSecret | None:
        return disown_login(self.secret, request=self.request)
