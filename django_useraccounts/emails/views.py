"""The pages about an address that is to be proved."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..backends import start_session
from ..browser import COOKIE, is_same_browser
from ..canonical import shown_email
from ..credentials import check_own_password
from ..errors import LinkError, LinkUsed
from ..models import AbstractUser, OneTimeSecret, UserEmail
from ..secrets import CONFIRM_EMAIL, parse_public_id
from ..views import EmailPage, FlowView, LinkView, safe_next, with_next
from .flows import confirm_email, disown_email, resend_confirmation
from .forms import ConfirmEmailForm, ResendConfirmationForm


class MailSentView(EmailPage, TemplateView):
    """Wait here for the mail; the same page whatever the mail says."""

    is_public = True
    template_name = "useraccounts/emails/mail_sent.html"


class ResendConfirmationView(EmailPage, FlowView):
    """Ask for the confirmation mail once more; guards send unconfirmed users here."""

    is_public = True
    template_name = "useraccounts/emails/resend_confirmation.html"
    form_class = ResendConfirmationForm
    success_url = reverse_lazy("useraccounts:mail_sent")
    success_message = _("We have sent a mail to %(email)s.")

    def get_initial(self) -> dict[str, Any]:
        user = self.request.user
        claim = (
            UserEmail.objects.claims().filter(user=user).first() if user.is_authenticated else None
        )
        return {"email": claim.shown if claim else ""}

    def perform(self, form: forms.Form) -> None:
        email = form.cleaned_data["email"]
        resend_confirmation(
            email,
            browser_token=self.request.COOKIES.get(COOKIE, ""),
            next_url=self.next_url,
            request=self.request,
        )

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"email": shown_email(form.cleaned_data["email"])})


class ConfirmEmailView(EmailPage, LinkView):
    """Confirm the address, or say that it was not me."""

    is_public = True
    template_name = "useraccounts/emails/confirm_email.html"
    form_class = ConfirmEmailForm
    purpose = CONFIRM_EMAIL
    new_link = "useraccounts:resend_confirmation"
    success_message = _("Your e-mail address is confirmed.")
    #: The sentence for who has to log in now.
    log_in_message: ClassVar[Any] = _(
        "Your e-mail address is confirmed. Now log in with your password."
    )
    is_logged_in: bool

    def perform(self, form: forms.Form) -> HttpResponse | None:
        if form.cleaned_data["answer"] == "not_me":
            disown_email(self.secret, request=self.request)
            context = self.get_context_data()
            return render(self.request, "useraccounts/emails/not_me.html", context)
        if self.asks_password:
            password = form.cleaned_data["old_password"]
            check_own_password(self.registrant, password, request=self.request)
        self.is_logged_in = self._confirm_and_log_in()
        return None

    @property
    def registrant(self) -> AbstractUser:
        """Whose link it is."""
        user: AbstractUser = self.secret.user  # type: ignore[assignment]
        return user

    @property
    def is_at_home(self) -> bool:
        """Whether this is the browser that has registered."""
        return is_same_browser(self.request, self.secret.browser_key)

    @property
    def asks_password(self) -> bool:
        """
        Whether it takes the password to confirm here.

        Of several accounts that claim an address the page shows which one it is, by its username.
        Without one, a stranger who has registered the address of his victim could have it proved
        by her, for an account whose password he knows.
        """
        has_name = bool(self.registrant.shown_username)
        return not has_name and not self.is_at_home and self.registrant.has_usable_password()

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "asks_password": self.asks_password}

    def get_success_message(self, form: forms.Form) -> Any:
        return self.success_message if self.is_logged_in else self.log_in_message

    @transaction.atomic  # both or neither: a login that fails must not use the link up
    def _confirm_and_log_in(self) -> bool:
        user = confirm_email(self.secret, request=self.request).user
        # Only the browser that registered, or who knows the password: else whoever opens the mail
        # of an account that somebody else made with their address would go on in that account,
        # under that one's eyes.
        is_known = self.asks_password or self.is_at_home
        if not is_known or self.request.user.is_authenticated:
            return False
        return start_session(self.request, user)

    def refuse(self, error: LinkError) -> HttpResponse:
        # The second of two clicks finds the link used by the first, which logged the browser in.
        if isinstance(error, LinkUsed) and self.request.user.is_authenticated:
            mine = OneTimeSecret.objects.filter(pk=parse_public_id(self.kwargs["link"]))
            mine = mine.filter(user=self.user, redeemed_at__isnull=False)
            secret = mine.filter(address__verified_key__isnull=False).first()
            if secret:
                self.secret = secret
                return HttpResponseRedirect(self.get_success_url())
        return super().refuse(error)

    def get_success_url(self) -> str:
        # Checked again: what was safe when it was stored has to be safe when it is used.
        wanted = safe_next(self.secret.next_url)
        if self.request.user.is_authenticated:
            return wanted or resolve_url(settings.LOGIN_REDIRECT_URL)
        return with_next(resolve_url(settings.LOGIN_URL), wanted)
