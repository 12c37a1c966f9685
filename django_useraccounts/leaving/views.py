"""The pages of who leaves: take the data along, close the account."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse_lazy
from django.utils import formats, timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..identity import has_emails
from ..mixins import AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin
from ..models import AccountExport, OutgoingMail
from ..secrets import FETCH_EXPORT, LINK_LENGTH, link_of
from ..site import site_name
from ..views import FlowView, LinkView
from .flows import close_account, fetch_export, request_export
from .forms import CloseAccountForm, ExportAccountForm, FetchExportForm


class ExportAccountView(AllowOutdatedTermsMixin, RecentLoginRequiredMixin, FlowView):
    """Ask for what the account holds, and see how far it is."""

    template_name = "useraccounts/leaving/export_account.html"
    form_class = ExportAccountForm
    success_url = reverse_lazy("useraccounts:export_account")

    def perform(self, form: forms.Form) -> None:
        request_export(self.user, request=self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        exports = AccountExport.objects.defer("content").select_related("secret")
        # Another address may be the primary one by now.
        mails = OutgoingMail.objects.filter(secret=OuterRef("secret")).order_by()
        exports = exports.annotate(mailed_to=Subquery(mails.values("to")[:1]))
        # Not one whose link a new password has ended: it is to be packed again.
        still = {"secret__expires_at__gt": timezone.now(), "secret__epoch": self.user.session_epoch}
        export = exports.filter(user=self.user, **still).last()
        is_made = export is not None and export.made_at is not None
        # Where there is mail, the link is only there: it takes the mailbox beside the password.
        link = str(link_of(export.secret)) if export and is_made and not has_emails() else ""
        return super().get_context_data(export=export, is_made=is_made, link=link, **kwargs)


class FetchExportView(AllowOutdatedTermsMixin, RecentLoginRequiredMixin, LinkView):
    """Hand out the ZIP, once, to who has the link and the password."""

    template_name = "useraccounts/leaving/fetch_export.html"
    form_class = FetchExportForm
    purpose = FETCH_EXPORT
    new_link = "useraccounts:export_account"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if len(kwargs["link"]) == LINK_LENGTH:
            # Before the guard, which would carry the secret along in the URL of the login page.
            return self.take_out_of_url(kwargs["link"])
        return super().dispatch(request, *args, **kwargs)

    def perform(self, form: forms.Form) -> HttpResponse:
        content = fetch_export(self.secret, self.user, request=self.request)
        name = slugify(f"{site_name(self.request)} {_day_of(timezone.now())}")
        disposition = content_disposition_header(as_attachment=True, filename=f"{name}.zip")
        return HttpResponse(
            content,
            content_type="application/zip",
            headers={"Content-Disposition": str(disposition)},
        )


class CloseAccountView(
    AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView
):
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
    end = timezone.now() + conf.CLOSED_ACCOUNT_KEPT
    return formats.date_format(_day_of(end), "DATE_FORMAT")


def _day_of(moment: datetime) -> date:
    """Return the day of a moment in the time zone in force; without USE_TZ it is told in that."""
    return (timezone.localtime(moment) if timezone.is_aware(moment) else moment).date()
