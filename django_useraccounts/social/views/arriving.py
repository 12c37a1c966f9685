"""Go to a provider, come back, and have what lacks for an account asked."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    QueryDict,
)
from django.http.response import HttpResponseBase
from django.urls import resolve, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from ...backends import start_session
from ...browser import browser_token
from ...canonical import shown_email
from ...conf import conf
from ...errors import AccountError, EmailNotConfirmed
from ...identity import has_emails, has_usernames
from ...login.views import GreetingMixin
from ...registration.flows import Registration
from ...registration.views import RegisterView
from ...room import admission_of
from ...views import FlowView, with_next
from ..attempts import Aim, Arrival, Attempt, arrival_of, forget_arrival, keep_arrival
from ..errors import AlreadyLoggedIn, NotBegunHere, SocialLoginError
from ..flows import (
    begin_login,
    claim_again,
    claim_of,
    confirm_identity_by,
    connect,
    is_waiting,
    log_in_by,
    owner_of_address,
    receive_answer,
    record_refusal,
    register_identity,
    suggested_username,
)
from ..forms import CompleteRegistrationForm, SocialLoginForm
from ..identities import Identity
from ..models import Connection
from .pages import ArrivalPage, ProviderPage, offered_page

#: What a provider may send back with a browser (RFC 6749, 4.1.2; RFC 9207; "user" is Apple's).
ANSWER = ("state", "code", "iss", "error", "user")
#: Characters that no part of an answer comes near to.
ANSWER_MAX_LENGTH = 8192


class SocialLoginView(ProviderPage, FlowView):
    """Go to a provider to log in, or to register: by POST, so that no other site sends people."""

    is_public = True
    template_name = "useraccounts/social/social_login.html"
    form_class = SocialLoginForm

    @property
    def is_proof(self) -> bool:
        """Whether somebody who is logged in shall prove it once more."""
        is_asked = self.request.POST.get("purpose") == "prove"
        return is_asked and self.request.user.is_authenticated

    def turn_away(self) -> HttpResponse | None:
        if self.request.user.is_authenticated and not self.is_proof:
            return self.send_on(self.url_after_login)
        return None

    def perform(self, form: forms.Form) -> HttpResponse:
        aim: Aim = "prove" if self.is_proof else "login"
        name = self.provider.name
        return HttpResponseRedirect(
            begin_login(name, aim=aim, next_url=self.next_url, request=self.request)
        )


@method_decorator(csrf_exempt, name="dispatch")
class SocialCallbackView(ProviderPage, GreetingMixin, TemplateView):
    """Where a provider sends people back to; what is wrong with its answer is said here."""

    is_public = True
    #: No HEAD: it would log in, and use the state up, for who only looks whether the page is there.
    http_method_names = ["get", "post", "options"]
    template_name = "useraccounts/social/social_callback.html"
    connected_message = _("You can log in with %(provider)s from now on.")
    #: For who gets an account that was registered with the address, and never confirmed.
    handed_over_message = _(
        "Somebody, perhaps you, had registered with your address and never confirmed it. That "
        "account is yours now, and its old password no longer works."
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer = _answer(request.GET)
            attempt, identity = receive_answer(self.provider.name, answer, request=request)
            return self.go_on(attempt, identity)
        except SocialLoginError as error:
            record_refusal(self.provider.name, error, request=request)
            context = self.get_context_data(error=error)
            return self.render_to_response(context, status=error.status)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """
        Have the browser come once more, by GET.

        With the form of another site it sends no session, whose cookie is "Lax".
        """
        if self.provider.response_mode != "form_post":
            return HttpResponseNotAllowed(["GET"])
        given = [(name, text) for name in ANSWER for text in request.POST.getlist(name)[:2]]
        response = HttpResponseRedirect(f"{request.path}?{urlencode(given)}")
        response.status_code = 303
        return response

    def go_on(self, attempt: Attempt, identity: Identity) -> HttpResponse:
        """Do what the browser had begun, with who has come back."""
        user, next_url = self.request.user, attempt.next_url
        key = str(user.pk) if user.is_authenticated else ""
        if key != attempt.user_key:
            # Another tab has logged in meanwhile; as the same person, all is well.
            if attempt.aim == "login" and Connection.objects.owner_of(identity) == user:
                return HttpResponseRedirect(self.where(next_url))
            raise AlreadyLoggedIn if key else NotBegunHere("ended")
        if attempt.aim == "connect":
            connect(self.user, identity, request=self.request)
            self.tell(self.connected_message % {"provider": self.provider.label})
            return HttpResponseRedirect(with_next(reverse("useraccounts:connections"), next_url))
        if attempt.aim == "prove":
            confirm_identity_by(self.user, identity, request=self.request)
            return HttpResponseRedirect(next_url or reverse("useraccounts:profile"))
        return self.enter(identity, next_url)

    def enter(self, identity: Identity, next_url: str) -> HttpResponse:
        """Log in whom the identity belongs to; else open an account, or ask what lacks for it."""
        token, waiting = browser_token(self.request), arrival_of(self.request)
        try:
            entrance = log_in_by(identity, browser_token=token, request=self.request)
        except EmailNotConfirmed as error:
            response = self.ask_to_confirm(error, token=token, next_url=next_url)
            return self.ask_again(identity, response, next_url=next_url)
        if entrance:
            if waiting and next_url == reverse("useraccounts:connect_account"):
                # To connect it is what this login is for.
                keep_arrival(waiting, request=self.request)
                where = next_url
            else:
                where = offered_page(self.request) or self.where(next_url)
            if entrance.is_handed_over:
                self.tell(self.handed_over_message)
            return self.greet(entrance.user, next_url=where) or HttpResponseRedirect(where)
        keep_arrival(Arrival(identity, next_url), request=self.request)
        if owner_of_address(identity):
            return HttpResponseRedirect(reverse("useraccounts:connect_account"))
        if self.register_at_once(identity, next_url):
            return HttpResponseRedirect(self.where(next_url))
        return HttpResponseRedirect(reverse("useraccounts:complete_registration"))

    def ask_again(
        self, identity: Identity, response: HttpResponse, *, next_url: str
    ) -> HttpResponse:
        """Have who has never been in confirm another address: the first may be mistyped."""
        if is_waiting(identity):
            arrival = Arrival(identity, next_url, is_registered=True)
            keep_arrival(arrival, request=self.request)
            response["Location"] = reverse("useraccounts:complete_registration")
        return response

    def register_at_once(self, identity: Identity, next_url: str) -> bool:
        """Open an account if the page that completes a registration has nothing to ask."""
        if not _is_complete(identity):
            return False
        try:
            register_identity(
                identity,
                email=identity.email,
                then=lambda user: start_session(self.request, user, source=identity.provider),
                admission=admission_of(self.request),
                next_url=next_url,
                request=self.request,
            )
        except AccountError:
            # The page says what it is.
            return False
        forget_arrival(self.request)
        return True

    def where(self, next_url: str) -> str:
        return next_url or self.url_after_login


class CompleteRegistrationView(ArrivalPage, RegisterView):
    """
    Open the account of who has come from a provider, with what that one cannot tell.

    Who has registered, and waits for the mail, has it sent again, also to another address.
    """

    template_name = "useraccounts/social/complete_registration.html"
    form_class = CompleteRegistrationForm

    @property
    def source(self) -> str:  # type: ignore[override]
        return self.identity.provider

    def is_open(self) -> bool:
        return self.arrival.is_registered or super().is_open()

    def get_form(self, form_class: type[forms.Form] | None = None) -> forms.Form:
        form = super().get_form(form_class)
        if self.arrival.is_registered:
            # The address may be mistyped; whatever else the form asks was told by registering.
            for name in form.fields.keys() - {"email", "identity"}:
                del form.fields[name]
        return form

    def get_initial(self) -> dict[str, Any]:
        initial = super().get_initial()
        claim = claim_of(self.identity) if self.arrival.is_registered else None
        email = shown_email(claim.email if claim else self.identity.email) or initial["email"]
        name = suggested_username(self.identity)
        return {**initial, "identity": self.identity.key, "email": email, "username": name}

    def perform(self, form: forms.Form) -> None:
        self.refuse_another(form)
        try:
            super().perform(form)
        except AccountError:
            # The first of two clicks has opened the account already, or it was confirmed meanwhile.
            owner = Connection.objects.owner_of(self.identity)
            if owner is None or (self.arrival.is_registered and not owner.email):
                raise
            self.registrant = owner
            self.log_in(owner)
        forget_arrival(self.request)

    def register(self, form: forms.Form) -> Registration:
        if self.arrival.is_registered:
            return claim_again(
                self.identity,
                email=form.cleaned_data["email"],
                browser_token=self.browser_token,
                next_url=self.next_url,
                request=self.request,
            )
        return register_identity(
            self.identity,
            username=form.cleaned_data.get("username"),
            email=form.cleaned_data.get("email"),
            fields=form.user_fields() if isinstance(form, CompleteRegistrationForm) else {},
            terms_version=form.cleaned_data.get("terms", ""),
            then=lambda user: self.go_on(user, form),
            browser_token=self.browser_token,
            next_url=self.next_url,
            admission=self.admission,
            request=self.request,
        )


def _answer(given: QueryDict) -> Mapping[str, str]:
    """Return the parameters of an answer; NotBegunHere for what no provider sends."""
    texts = {name: given.getlist(name) for name in ANSWER if name in given}
    if any(len(all_of) > 1 or len(all_of[0]) > ANSWER_MAX_LENGTH for all_of in texts.values()):
        raise NotBegunHere("malformed")
    return {name: all_of[0] for name, all_of in texts.items()}


def _is_complete(identity: Identity) -> bool:
    """Say whether our own page would ask for nothing: a project's may ask for more."""
    page = resolve(reverse("useraccounts:complete_registration")).func
    asks_name = has_usernames() and (conf.USERNAME == "required" or not has_emails())
    knows_email = not has_emails() or identity.is_email_proved
    is_ours = getattr(page, "view_class", None) is CompleteRegistrationView
    return is_ours and not asks_name and knows_email and not conf.TERMS_VERSION
