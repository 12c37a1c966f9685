"""What the pages of the room share."""

from copy import copy
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.functional import cached_property

from ...room import admission_of
from ...views import AccountPage
from ..attempts import Arrival, arrival_of
from ..errors import AnotherIdentity
from ..identities import Identity
from ..providers import Provider, all_providers


class ProviderPage(AccountPage):
    """A page about one provider of the site, which its path names."""

    def is_here(self) -> bool:
        return self.kwargs["provider"] in all_providers()

    @cached_property
    def provider(self) -> Provider:
        return all_providers()[self.kwargs["provider"]]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(provider=self.provider, **kwargs)


class ArrivalPage(AccountPage):
    """A page about the identity that waits in the session for its account."""

    arrival: Arrival

    def turn_away(self) -> HttpResponse | None:
        arrival = arrival_of(self.request)
        if arrival is None:
            # It has waited too long, or another tab has found its account.
            is_user = self.request.user.is_authenticated
            where = settings.LOGIN_REDIRECT_URL if is_user else settings.LOGIN_URL
            return HttpResponseRedirect(resolve_url(where))
        self.arrival = arrival
        return super().turn_away()

    @property
    def identity(self) -> Identity:
        return self.arrival.identity

    def refuse_another(self, form: forms.Form) -> None:
        """Raise AnotherIdentity unless the page has shown the one that waits: no other is meant."""
        # Taken out: it is for no column of the user that is called so, too.
        shown = form.cleaned_data.pop("identity", "")
        if shown and shown != self.identity.key:
            # The page that tells so shows the other one.
            form.data = copy(form.data)
            form.data["identity"] = self.identity.key  # type: ignore[index]
            raise AnotherIdentity

    @property
    def next_url(self) -> str:
        return self.arrival.next_url

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        provider = all_providers().get(self.identity.provider)
        return super().get_context_data(
            identity=self.identity, provider=provider, arrival=self.arrival, **kwargs
        )


def offered_page(request: HttpRequest) -> str:
    """Return where who has an account is offered what the browser has brought along, else ""."""
    admission = admission_of(request)
    return admission.page if admission else ""
