"""The pages of who leaves: close the account, take the data along."""

from typing import Any

from django import forms
from django.conf import settings
from django.shortcuts import resolve_url
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..mixins import AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin
from ..views import FlowView
from .flows import close_account
from .forms import CloseAccountForm


class CloseAccountView(AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView):
    """Close the account, which a login opens again for a while."""

    template_name = "useraccounts/leaving/close_account.html"
    form_class = CloseAccountForm
    success_message = _("Your account is closed. Until %(date)s you can open it again: log in.")

    def perform(self, form: forms.Form) -> None:
        close_account(self.user, reason=form.cleaned_data["reason"], request=self.request)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"date": _last_day()})

    def get_success_url(self) -> str:
        return resolve_url(settings.LOGOUT_REDIRECT_URL or "useraccounts:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(last_day=_last_day(), **kwargs)


def _last_day() -> str:
    """Return until when who closes the account now can open it again, as people read it."""
    end = timezone.localtime(timezone.now() + conf.CLOSED_ACCOUNT_KEPT)
    return formats.date_format(end, "DATE_FORMAT")
