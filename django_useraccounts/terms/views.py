"""The pages of the terms of service: to read them, and to accept them."""

from typing import Any

from django import forms
from django.views.generic import TemplateView

from ..conf import conf
from ..mixins import AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin
from ..views import AccountPage, FlowView
from .flows import accept_terms
from .forms import AcceptTermsForm


class TermsPage(AccountPage):
    """A page that a site has only if it has terms of service."""

    def is_here(self) -> bool:
        return bool(conf.TERMS_VERSION)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(terms_version=conf.TERMS_VERSION, **kwargs)


class TermsView(TermsPage, TemplateView):
    """The terms, for everybody."""

    is_public = True
    template_name = "useraccounts/terms/terms.html"


class AcceptTermsView(AllowOutdatedTermsMixin, AllowUnconfirmedEmailMixin, TermsPage, FlowView):
    """Accept the terms, then go on to where the visitor was held up."""

    template_name = "useraccounts/terms/accept_terms.html"
    form_class = AcceptTermsForm

    def perform(self, form: forms.Form) -> None:
        accept_terms(self.user, form.cleaned_data["terms"], request=self.request)

    def get_success_url(self) -> str:
        return self.url_after_login
