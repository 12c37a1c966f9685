"""How people log in to the administration: its own page, with the limits of the accounts."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial, wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from ..devices import remember_device
from ..emails.flows import has_to_confirm
from ..errors import EmailNotConfirmed, TooManyAttempts
from ..models import AccountEvent
from ..timing import in_step
from ..views import repeating
from .bases import protected

Login = Callable[..., HttpResponse]


class AdminLoginForm(AdminAuthenticationForm):
    """
    Django's own, which asks for a confirmed address as our page does.

    It also writes down that somebody had the password of who may not enter.
    """

    def confirm_login_allowed(self, user: Any) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            self._note_refusal(user, "not_allowed")
            raise
        if has_to_confirm(user):
            self._note_refusal(user, "unconfirmed")
            raise EmailNotConfirmed

    def _note_refusal(self, user: Any, reason: str) -> None:
        request, details = self.request, {"reason": reason}
        AccountEvent.objects.record("login_failed", user=user, details=details, request=request)


def answering_as_ours(login: Login) -> Login:
    """
    Have the page answer as that of the accounts does: 429 beyond a limit, and remember the browser.

    So strangers who use up all attempts keep nobody out of a browser that has logged in there. And
    nobody keeps or frames it, since it has a form for a password. What the database undoes, or
    finds erased at this moment, is tried once more.
    """

    @protected
    @wraps(login)
    def answering(site: AdminSite, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view: Any = repeating(partial(login, site))
        with in_step() if request.method == "POST" else nullcontext():
            response: HttpResponse = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        for error in form.non_field_errors().data if form else ():
            if isinstance(error, TooManyAttempts):
                response.status_code = error.status
                response.headers["Retry-After"] = str(error.retry_after)
        remember_device(response, request)
        return response

    return answering
