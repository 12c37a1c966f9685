"""The pages about addresses: to prove one, to change the own ones, to take a change back."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..backends import start_session
from ..browser import COOKIE, is_same_browser
from ..canonical import shown_email
from ..conf import conf
from ..cookies import read_cookie
from ..credentials import check_own_password
from ..errors import LinkError, LinkInvalid, LinkUsed, LogInFirst
from ..identity import has_one_email, login_names
from ..mixins import AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin
from ..models import AbstractUser, OneTimeSecret, UserEmail
from ..room import is_let_in_by_room
from ..secrets import CONFIRM_EMAIL, UNDO_EMAIL_CHANGE, link_of, parse_public_id
from ..undeliverable import with_trouble
from ..views import EmailPage, FlowView, LinkView, safe_next, with_next
from .flows import (
    add_email,
    addresses_before,
    confirm_email,
    disown_email,
    make_primary,
    remove_email,
    resend_confirmation,
    send_confirmation,
    undo_email_change,
)
from .forms import (
    AddEmailForm,
    ConfirmEmailForm,
    MakePrimaryEmailForm,
    RemoveEmailForm,
    ResendConfirmationForm,
    SendConfirmationForm,
    UndoEmailChangeForm,
)


class MailSentView(EmailPage, TemplateView):
    """Wait here for the mail; the same page whatever the mail says."""

    is_public = True
    template_name = "useraccounts/emails/mail_sent.html"


class ResendConfirmationView(EmailPage, FlowView):
    """Ask for the confirmation mail once more, also without being logged in."""

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
            browser_token=read_cookie(self.request, COOKIE),
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
    #: The page for who says that it was not me.
    not_me_template: ClassVar[str] = "useraccounts/emails/not_me.html"
    success_message = _("Your e-mail address is confirmed.")
    #: The sentence for who has to log in now.
    log_in_message: ClassVar[Any] = _(
        "Your e-mail address is confirmed. Now log in with your password."
    )
    is_logged_in: bool
    #: Has the account had a proved address before?
    is_added = False

    def perform(self, form: forms.Form) -> HttpResponse | None:
        if form.cleaned_data["answer"] == "not_me":
            disown_email(self.secret, request=self.request)
            return render(self.request, self.not_me_template, self.get_context_data())
        if self.asks_login:
            raise LogInFirst
        if self.asks_password:
            password = form.cleaned_data["old_password"]
            check_own_password(self.registrant, password, request=self.request)
        self.is_added = bool(self.registrant.email)
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
        return self._is_elsewhere and self.registrant.has_usable_password()

    @property
    def asks_login(self) -> bool:
        """Whether it takes a login here first, for the same reason, where there is no password."""
        has_password = self.registrant.has_usable_password()
        return self._is_elsewhere and not has_password and is_let_in_by_room(self.registrant)

    @property
    def _is_elsewhere(self) -> bool:
        """Whether neither the browser nor a username tells whose account this is."""
        is_known = self.is_at_home or self.request.user == self.registrant
        return not self.registrant.shown_username and not is_known

    def get_form_kwargs(self) -> dict[str, Any]:
        own = {"asks_password": self.asks_password, "is_added": bool(self.registrant.email)}
        return {**super().get_form_kwargs(), **own}

    def get_success_message(self, form: forms.Form) -> Any:
        is_in = self.is_logged_in or self.request.user == self.registrant
        has_password = self.registrant.has_usable_password()
        return self.success_message if is_in or not has_password else self.log_in_message

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
        if self.request.POST.get("answer") == "not_me" and self._is_gone():
            # The second of two clicks: the link went with the address, as the first one wanted.
            return render(self.request, self.not_me_template, self.get_refusal(error))
        # The second of two clicks finds the link used by the first, which logged the browser in.
        if isinstance(error, LinkUsed) and self.request.user.is_authenticated:
            mine = OneTimeSecret.objects.filter(pk=parse_public_id(self.kwargs["link"]))
            mine = mine.filter(user=self.user, redeemed_at__isnull=False)
            secret = mine.filter(address__verified_key__isnull=False).first()
            if secret:
                self.secret = secret
                return HttpResponseRedirect(self.get_success_url())
        return super().refuse(error)

    def _is_gone(self) -> bool:
        try:
            key = parse_public_id(self.kwargs["link"])
        except LinkInvalid:
            return False
        return not OneTimeSecret.objects.filter(pk=key).exists()

    def get_success_url(self) -> str:
        # Checked again: what was safe when it was stored has to be safe when it is used.
        wanted = safe_next(self.secret.next_url)
        if self.request.user.is_authenticated:
            home = "useraccounts:emails" if self.is_added else settings.LOGIN_REDIRECT_URL
            return wanted or resolve_url(home)
        return with_next(resolve_url(settings.LOGIN_URL), wanted)


class UndoEmailChangeView(EmailPage, LinkView):
    """Put the addresses of the account back, since somebody else has changed them."""

    is_public = True
    template_name = "useraccounts/emails/undo_email_change.html"
    form_class: type[forms.Form] = UndoEmailChangeForm
    purpose = UNDO_EMAIL_CHANGE
    new_link = "useraccounts:forgot_password"
    success_url = reverse_lazy("useraccounts:mail_sent")

    def take_back(self) -> OneTimeSecret | None:
        """Give the account back; return the link that sets a password, if the reader gets one."""
        return undo_email_change(self.secret, request=self.request)

    def perform(self, form: forms.Form) -> HttpResponse | None:
        link = self.take_back()
        if link is None:
            return None
        # The reader has proved a mailbox of the account: on to the new password without a detour.
        return HttpResponseRedirect(reverse("useraccounts:reset_password", args=[link_of(link)]))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        texts = [shown_email(text) for text in addresses_before(self.secret)]
        return super().get_context_data(addresses_before=texts, **kwargs)


class EmailsView(AllowUnconfirmedEmailMixin, EmailPage, TemplateView):
    """All addresses of the account, what each is good for, and what can be done with it."""

    template_name = "useraccounts/emails/emails.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = with_trouble(UserEmail.objects.filter(user=self.user))
        # In Python: NULL comes first on some databases and last on others.
        addresses = sorted(rows, key=_importance)
        proved = sum(address.is_confirmed for address in addresses)
        return super().get_context_data(
            addresses=addresses,
            is_single=has_one_email(),
            has_room=has_one_email() or len(addresses) < conf.EMAILS_PER_USER,
            limit=conf.EMAILS_PER_USER,
            is_confirmed=proved > 0,
            is_last=proved < 2,
            logs_in="email" in login_names(),
            **kwargs,
        )


def _importance(address: UserEmail) -> tuple[bool, bool, int]:
    return not address.is_primary, not address.is_confirmed, address.pk


class AddEmailView(AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin, EmailPage, FlowView):
    """Write down another address, to be confirmed by the mail that goes there."""

    template_name = "useraccounts/emails/add_email.html"
    form_class = AddEmailForm
    success_url = reverse_lazy("useraccounts:emails")
    success_message = _("We have sent a mail to %(email)s. Please open the link in it.")

    def perform(self, form: forms.Form) -> None:
        email = form.cleaned_data["email"]
        add_email(self.user, email, next_url=self.next_url, request=self.request)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"email": shown_email(form.cleaned_data["email"])})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_single=has_one_email(), **kwargs)


class AddressPage(AllowUnconfirmedEmailMixin, EmailPage, FlowView):
    """A page about one address of the visitor; another's is as good as one that is gone."""

    success_url = reverse_lazy("useraccounts:emails")
    address: UserEmail

    def turn_away(self) -> HttpResponse | None:
        rows = UserEmail.objects.filter(user=self.user, pk=self.kwargs["address_id"])
        address = rows.first()
        if address is None:
            # As after a second click, or on the way back to a page that has done its work.
            return HttpResponseRedirect(self.get_success_url())
        self.address = address
        self.address.user = self.user  # type: ignore[assignment]
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(address=self.address, **kwargs)

    def get_success_message(self, form: forms.Form) -> str:
        return str(self.success_message % {"email": self.address.shown})


class SendConfirmationView(AddressPage):
    """Have the link mailed once more."""

    template_name = "useraccounts/emails/send_confirmation.html"
    form_class = SendConfirmationForm
    success_message = _("We have sent a mail to %(email)s. Please open the link in it.")

    def perform(self, form: forms.Form) -> None:
        send_confirmation(self.address, next_url=self.next_url, request=self.request)


class MakePrimaryEmailView(RecentLoginRequiredMixin, AddressPage):
    """Have mail sent to this address from now on."""

    template_name = "useraccounts/emails/make_primary_email.html"
    form_class = MakePrimaryEmailForm
    success_message = _("Your mail goes to %(email)s now.")

    def perform(self, form: forms.Form) -> None:
        make_primary(self.address, request=self.request)


class RemoveEmailView(RecentLoginRequiredMixin, AddressPage):
    """Take an address off the account."""

    template_name = "useraccounts/emails/remove_email.html"
    form_class = RemoveEmailForm
    success_message = _("%(email)s is no longer part of your account.")

    def perform(self, form: forms.Form) -> None:
        remove_email(self.address, request=self.request)
