"""Prove an account to connect an identity to it, and manage what is connected."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ...backends import start_session
from ...browser import browser_token
from ...canonical import shown_email
from ...errors import EmailNotConfirmed
from ...guards import Guard
from ...login.flows import log_in
from ...login.views import GreetingMixin
from ...mixins import (
    AllowUnconfirmedEmailMixin,
    ConfirmedEmailRequiredMixin,
    RecentLoginRequiredMixin,
)
from ...models import AbstractUser, UserEmail
from ...views import AccountPage, FlowView, LinkView, safe_next, with_next
from ..attempts import arrival_of, forget_arrival
from ..flows import (
    begin_login,
    connect,
    connect_by_link,
    disconnect,
    has_password_way_in,
    identity_in,
    label_of,
    mail_connect_link,
    owner_of_address,
)
from ..forms import (
    ConnectAccountForm,
    ConnectByLinkForm,
    ConnectKnownForm,
    ConnectProviderForm,
    DisconnectProviderForm,
    MailConnectLinkForm,
)
from ..models import CONNECT_BY_LINK, Connection
from ..providers import all_providers
from .pages import ArrivalPage, ProviderPage, offered_page

CONNECTED = _("You can log in with %(provider)s from now on.")
#: What an account has to be proved by before something is connected to it.
_GUARD = Guard(recent_login=True)


class ConnectAccountView(ArrivalPage, GreetingMixin, FlowView):
    """Say which account an identity belongs to: by its password, or being logged in to it."""

    is_public = True
    template_name = "useraccounts/social/connect_account.html"
    form_class = ConnectAccountForm
    success_message = CONNECTED

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        page = super().dispatch
        if request.user.is_authenticated:
            return _GUARD.call(page, request, *args, **kwargs)
        return page(request, *args, **kwargs)

    def get_form_class(self) -> type[forms.Form]:
        is_known = self.request.user.is_authenticated
        return ConnectKnownForm if is_known else ConnectAccountForm

    def get_initial(self) -> dict[str, Any]:
        address = self.address
        identifier = shown_email(address.email) if address else ""
        return {"identity": self.identity.key, "identifier": identifier}

    @cached_property
    def address(self) -> UserEmail | None:
        """The confirmed address of an account that the provider has proved to be the visitor's."""
        return owner_of_address(self.identity)

    def perform(self, form: forms.Form) -> HttpResponse | None:
        self.refuse_another(form)
        token = browser_token(self.request)
        try:
            self.prove_and_connect(form, token=token)
        except EmailNotConfirmed as error:
            return self.ask_to_confirm(error, token=token, next_url=self.next_url)
        forget_arrival(self.request)
        return None

    def prove_and_connect(self, form: forms.Form, *, token: str) -> None:
        """Connect it to the account of who is logged in, or has given its password just now."""
        identity, request = self.identity, self.request
        if request.user.is_authenticated:
            connect(self.user, identity, request=request)
            return
        log_in(
            form.cleaned_data["identifier"],
            password=form.cleaned_data["password"],
            remember=form.cleaned_data["remember"],
            browser_token=token,
            then=lambda user: connect(user, identity, request=request),
            request=request,
        )

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"provider": label_of(self.identity.provider)})

    def get_success_url(self) -> str:
        wanted = offered_page(self.request) or self.next_url
        return wanted or reverse("useraccounts:connections")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        others = all_providers().keys() - {self.identity.provider}
        # Not the page to log in: a password there would leave the identity behind.
        has_other_ways = bool(others) and not self.request.user.is_authenticated
        return super().get_context_data(
            address=self.address, has_other_ways=has_other_ways, **kwargs
        )


class MailConnectLinkView(ArrivalPage, FlowView):
    """Have a link mailed that proves the account of the identity's address."""

    is_public = True
    template_name = "useraccounts/social/mail_connect_link.html"
    form_class = MailConnectLinkForm
    success_url = reverse_lazy("useraccounts:connect_account")
    success_message = _("We have mailed the link to %(email)s. Open it in this browser to go on.")

    def turn_away(self) -> HttpResponse | None:
        if response := super().turn_away():
            return response
        if owner_of_address(self.identity) is None:
            return HttpResponseRedirect(reverse("useraccounts:connect_account"))
        return None

    def perform(self, form: forms.Form) -> None:
        mail_connect_link(self.identity, next_url=self.next_url, request=self.request)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"email": shown_email(self.identity.email)})

    def get_success_url(self) -> str:
        # Where to go on afterwards the session knows.
        return str(self.success_url)


class ConnectByLinkView(LinkView):
    """Connect the identity that a mailed link names to the account that the link has proved."""

    is_public = True
    template_name = "useraccounts/social/connect_by_link.html"
    form_class = ConnectByLinkForm
    purpose = CONNECT_BY_LINK
    new_link = "useraccounts:login"
    success_message = CONNECTED

    @transaction.atomic  # both or neither: a login that fails must not use the link up
    def perform(self, form: forms.Form) -> None:
        connect_by_link(self.secret, request=self.request)
        arrival = arrival_of(self.request)
        # Only the browser that came from the provider goes on: whoever reads the mail elsewhere has
        # proved the mailbox, and logs in from there.
        if arrival and arrival.identity.key == self.identity_key:
            forget_arrival(self.request)
            if not self.request.user.is_authenticated:
                start_session(self.request, self.owner, source=arrival.identity.provider)

    @property
    def owner(self) -> AbstractUser:
        """Whose link it is."""
        user: AbstractUser = self.secret.user  # type: ignore[assignment]
        return user

    @property
    def identity_key(self) -> str:
        return identity_in(self.secret).key

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"provider": label_of(identity_in(self.secret).provider)})

    def get_success_url(self) -> str:
        # Checked again: what was safe when it was stored has to be safe when it is used.
        wanted = safe_next(self.secret.next_url)
        if self.request.user.is_authenticated:
            return wanted or reverse("useraccounts:connections")
        return with_next(reverse("useraccounts:login"), wanted)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        identity = identity_in(self.secret)
        return super().get_context_data(
            identity=identity, label=label_of(identity.provider), owner=self.owner, **kwargs
        )


class ConnectionsView(AllowUnconfirmedEmailMixin, AccountPage, TemplateView):
    """The ways that the visitor has of logging in."""

    template_name = "useraccounts/social/connections.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        providers = all_providers()
        rows = list(Connection.objects.of(self.user))
        usable = [row for row in rows if row.provider in providers]
        has_password = has_password_way_in(self.user)
        return super().get_context_data(
            connections=[(row, label_of(row.provider)) for row in rows],
            providers=list(providers.values()),
            has_password=has_password,
            is_last=not has_password and len(usable) == 1,
            **kwargs,
        )


class ConnectProviderView(
    ConfirmedEmailRequiredMixin, RecentLoginRequiredMixin, ProviderPage, FlowView
):
    """Go to a provider, to log in by it from then on; with a login that is not long ago."""

    template_name = "useraccounts/social/connect_provider.html"
    form_class = ConnectProviderForm

    def perform(self, form: forms.Form) -> HttpResponse:
        name, next_url = self.provider.name, self.next_url
        return HttpResponseRedirect(
            begin_login(name, aim="connect", next_url=next_url, request=self.request)
        )


class DisconnectProviderView(AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, FlowView):
    """Let an identity in no more; another's is as good as one that is gone."""

    template_name = "useraccounts/social/disconnect_provider.html"
    form_class = DisconnectProviderForm
    success_url = reverse_lazy("useraccounts:connections")
    success_message = _(
        "Nobody can log in with %(provider)s any more, and other sessions are ended."
    )
    connection: Connection

    def turn_away(self) -> HttpResponse | None:
        mine = Connection.objects.of(self.user).filter(pk=self.kwargs["connection_id"]).first()
        if mine is None:
            return HttpResponseRedirect(self.get_success_url())
        self.connection = mine
        self.connection.user = self.user  # type: ignore[assignment]
        return None

    def perform(self, form: forms.Form) -> None:
        disconnect(self.connection, request=self.request)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"provider": label_of(self.connection.provider)})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        label = label_of(self.connection.provider)
        return super().get_context_data(connection=self.connection, label=label, **kwargs)
