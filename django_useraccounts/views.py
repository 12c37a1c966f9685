"""What the pages share: FlowView, the one path from a form through a flow to the next page."""

import hashlib
import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import ResolverMatch, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.csrf import csrf_failure as django_csrf_failure
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import FormView, View
from django.views.generic.base import ContextMixin

from .cookies import read_cookie, write_cookie
from .devices import forget_notes, remember_device
from .errors import LinkError, TooManyAttempts
from .guards import forbid
from .headers import protect
from .identity import has_emails
from .models import AbstractUser, OneTimeSecret
from .secrets import LINK_LENGTH, Link, Purpose, parse_public_id, peek
from .site import site_name
from .timing import in_step
from .transactions import repeat_undone

if TYPE_CHECKING:
    FormBase = FormView[forms.Form]
else:
    FormBase = FormView  # it takes no parameters when it runs

logger = logging.getLogger("django_useraccounts.views")

#: Longer ones are nobody's bookmark; they would only bloat pages and rows.
NEXT_MAX_LENGTH = 2000
#: Django's error reports hide cookies that are called a token.
LINK_COOKIE = "useraccounts_link_token"
#: Which page has just sent a browser on, as often as it has, and for how many seconds that counts.
SENT_ON_COOKIE, SENT_ON_MAX_AGE = "useraccounts_sent_on", 10
#: How often a page sends a browser on meanwhile: two clicks on one link are no circle.
SENT_ON_TIMES = 3


#: What database drivers raise when the server is away, or gives up on us.
OUTAGES = (OperationalError, InterfaceError)


def safe_next(url: str | None) -> str:
    """
    Return ``url`` if it is a path of this site, else "".

    Only with a leading slash: ".evil.com" joined to an origin is another host. It is never decoded
    again, since "/%5cevil.com" would then become a backslash, which browsers take for a host.
    """
    if not url or len(url) > NEXT_MAX_LENGTH or not url.isprintable():
        return ""
    # Browsers read a backslash as a slash.
    if not url.startswith("/") or url.startswith("//") or "\\" in url:
        return ""
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""


def with_next(url: str, next_url: str) -> str:
    """Return ``url``, which may have a query, with where the visitor wants to go, if anywhere."""
    if not next_url:
        return url
    before, mark, fragment = url.partition("#")
    join = "&" if "?" in before else "?"
    return f"{before}{join}{urlencode({'next': next_url})}{mark}{fragment}"


def _protected(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Protect every answer of a view, also of its guards, and the page of an outage."""

    @wraps(view)
    def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return protect(view(request, *args, **kwargs))

    return protected


def _in_step(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer forms at moments that tell nothing."""

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with in_step():
            return view(request, *args, **kwargs)

    return answering


def _answering_outage(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer 503 with a page of its own when the database is away: nothing has been half done."""

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except OUTAGES as outage:
            # A session that was ended in a transaction which is undone goes on: else the middleware
            # took its cookie away.
            _session_as_it_came(request)
            response = HttpResponse()
            _say_unavailable(response, outage)
            return response

    return answering


def repeating(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer a request from its start, guards included, when the database has undone a try."""

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.FILES:
            # The first try may have moved an upload to its place: there is nothing to repeat with.
            return view(request, *args, **kwargs)
        restore = partial(_as_it_came, request, getattr(request, "user", None))
        return repeat_undone(partial(view, request, *args, **kwargs), restore=restore)

    return answering


def _as_it_came(request: HttpRequest, user: Any) -> None:
    # A login that was undone has left its new session and user in memory only.
    forget_notes(request)
    _session_as_it_came(request)
    request.user = user
    if user == getattr(request, "_cached_user", None):
        # Whoever the session says, and nobody any more if it has ended meanwhile.
        del request._cached_user  # type: ignore[attr-defined]
        # Asked as its middleware asks, which may know more than the session.
        is_lazy = isinstance(user, SimpleLazyObject)
        ask = user._setupfunc if is_lazy else partial(auth.get_user, request)
        request.user = SimpleLazyObject(ask)  # type: ignore[assignment]
    elif user.is_authenticated:
        # A middleware of the project has said who acts here: that holds for the next try, too.
        user.refresh_from_db()


def _session_as_it_came(request: HttpRequest) -> None:
    request.session = type(request.session)(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


def _say_unavailable(response: HttpResponse, outage: Exception) -> None:
    logger.error("The database did not answer.", exc_info=outage)
    response.status_code = 503
    response.headers["Retry-After"] = "30"
    # Without the request: its session and user would ask the database again.
    response.content = render_to_string("useraccounts/unavailable.html").encode()


class AccountResponse(TemplateResponse):
    """A page that is rendered after its view, and may meet the outage only then."""

    def render(self) -> Any:
        try:
            return super().render()
        except OUTAGES as outage:
            _say_unavailable(self, outage)
            return self


class AccountPage(ContextMixin, View):
    """What holds for every page of the accounts: not to be kept, framed, or told by a Referer."""

    response_class = AccountResponse
    #: GET shows, POST acts: Django's forms take a PUT for a POST that has no fields.
    http_method_names: ClassVar[list[str]] = ["get", "post", "head", "options"]
    #: Is it for people who are not logged in? Then Django's LoginRequiredMiddleware lets them
    #: through, also to a subclass that replaces ``dispatch``.
    is_public: ClassVar[bool] = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view = _in_step(_answering_outage(repeating(super().as_view(**initkwargs))))
        view = _protected(view)
        return login_not_required(view) if cls.is_public else view

    @sensitive_variables()
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.is_here():
            raise Http404
        response = self.turn_away() or super().dispatch(request, *args, **kwargs)
        remember_device(response, request)
        return response

    def is_here(self) -> bool:
        """Say whether a site with these settings has the page at all."""
        return True

    def turn_away(self) -> HttpResponse | None:
        """Return the answer to a visitor who has no business here, else None."""
        return None

    def send_on(self, url: str) -> HttpResponse:
        """
        Send who is logged in already on to ``url``, and refuse who comes back here again and again.

        Django's ``user_passes_test`` and the like know no other way out than the login page, so who
        is logged in and lacks something else would be sent to and fro for ever.
        """
        response = HttpResponseRedirect(url)
        if not self.next_url:
            return response
        here = hashlib.sha256(self.request.get_full_path().encode()).hexdigest()[:32]
        times = read_cookie(self.request, SENT_ON_COOKIE).count(here)
        if times >= SENT_ON_TIMES:
            return forbid(self.request)
        noted = here * (times + 1)
        write_cookie(response, SENT_ON_COOKIE, noted, max_age=SENT_ON_MAX_AGE, request=self.request)
        return response

    @property
    def user(self) -> AbstractUser:
        """The visitor, on pages whose guard lets only users through."""
        visitor: AbstractUser = self.request.user  # type: ignore[assignment]
        return visitor

    @property
    def next_url(self) -> str:
        """Where the visitor wants to go: a path of this site, or ""."""
        return safe_next(self.request.POST.get("next", self.request.GET.get("next")))

    @property
    def url_after_login(self) -> str:
        """Where who is logged in goes on: next, if it is another page, or LOGIN_REDIRECT_URL."""
        # What leads back here would lead back here for ever.
        leads_on = self.next_url and self.next_url.split("?")[0] != self.request.path
        return self.next_url if leads_on else resolve_url(settings.LOGIN_REDIRECT_URL)

    def tell(self, sentence: Any) -> None:
        """Leave a sentence for the next page, if the project shows messages."""
        messages.success(self.request, sentence, fail_silently=True)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = {
            "next": self.next_url,
            "site_name": site_name(self.request),
            "has_emails": has_emails(),
        }
        return super().get_context_data(**{**page, **kwargs})


class EmailPage(AccountPage):
    """A page that a site has only if people have e-mail addresses there."""

    def is_here(self) -> bool:
        return has_emails()


@_protected
@_answering_outage
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """
    Answer a form of the account pages whose token is old; other pages get Django's own answer.

    A login in another tab, or a second click while the first one logs in, changes the token: who is
    logged in by now goes on, everybody else is asked to send the form once more.
    """
    match = request.resolver_match
    if match is None or not is_account_page(match):
        return django_csrf_failure(request, reason)
    again_url = request.get_full_path()
    if request.user.is_authenticated and match.url_name in {"login", "register", "confirm_email"}:
        return HttpResponseRedirect(again_url)
    page = {"again_url": again_url, "site_name": site_name(request)}
    return render(request, "useraccounts/once_more.html", page, status=403)


def is_account_page(match: ResolverMatch) -> bool:
    """Say whether a URL has led to a page of the accounts."""
    # A view that a project has put in the place of ours stands outside the namespace.
    view_class = getattr(match.func, "view_class", object)
    return match.namespace == "useraccounts" or issubclass(view_class, AccountPage)


@method_decorator([sensitive_post_parameters(), csrf_protect], name="dispatch")
class FlowView(AccountPage, FormBase):
    """
    A page with a form and the one flow that it performs.

    Subclasses set ``template_name``, ``form_class``, ``success_url`` (a name or a path), and write
    ``perform``. An AccountError of the flow becomes an error of the field that it names.
    """

    #: The sentence that the next page shows; one about a mail names the address: "%(email)s".
    success_message: ClassVar[Any] = ""
    #: Does ``next`` lead on once the flow is done? Otherwise it goes along to the next page.
    follows_next: ClassVar[bool] = False

    def perform(self, form: forms.Form) -> HttpResponse | None:
        """Call the flow; return a response only when it is not just the way to ``success_url``."""
        raise NotImplementedError

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            response = self.perform(form)
        except ValidationError as error:
            return self.flow_refused(form, error)
        return response or self.succeed(form)

    def succeed(self, form: forms.Form) -> HttpResponse:
        """Lead on to the next page, with the sentence for it."""
        sentence = self.get_success_message(form)
        if sentence:
            self.tell(sentence)
        return HttpResponseRedirect(self.get_success_url())

    def get_success_message(self, form: forms.Form) -> Any:
        return self.success_message

    def flow_refused(self, form: forms.Form, error: ValidationError) -> HttpResponse:
        """Show the form again with the sentence of the error where it belongs."""
        named = getattr(error, "field", None)
        by_field = {named: [error]} if named else error.update_error_dict({})
        for field, errors in by_field.items():
            form.add_error(field if field in form.fields else None, errors)
        response = self.form_invalid(form)
        response.status_code = getattr(error, "status", 200)
        if isinstance(error, TooManyAttempts):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def get_success_url(self) -> str:
        if self.follows_next and self.next_url:
            return self.next_url
        return with_next(resolve_url(self.success_url or "/"), self.next_url)


class LinkView(FlowView):
    """
    A page that a mailed link leads to: GET shows, POST acts, and the secret leaves the URL at once.

    The half of the link that proves moves into a cookie for the rest of its path alone; the half
    that is left in the URL finds the row and opens nothing.
    """

    purpose: ClassVar[Purpose]
    #: The name of the page that mails a new link.
    new_link: ClassVar[str]
    #: The page that says what is wrong with a link.
    refused_template: ClassVar[str] = "useraccounts/link_refused.html"
    secret: OneTimeSecret

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if len(kwargs["link"]) == LINK_LENGTH:
            return self.take_out_of_url(kwargs["link"])
        return self._with_secret(super().get)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._with_secret(super().post)

    def look_up(self, link: Link) -> OneTimeSecret:
        """Return the row of the link if it could be used now; a LinkError says why not."""
        return peek(self.purpose, link)

    def flow_refused(self, form: forms.Form, error: ValidationError) -> HttpResponse:
        if isinstance(error, LinkError):
            return self.refuse(error)
        return super().flow_refused(form, error)

    def refuse(self, error: LinkError) -> HttpResponse:
        """Say what is wrong with the link, and offer a new one."""
        context = self.get_refusal(error)
        return render(self.request, self.refused_template, context, status=error.status)

    def get_refusal(self, error: LinkError) -> dict[str, Any]:
        """Return what the page of a refused link shows."""
        return {
            "reason": error.reason,
            "purpose": self.purpose.name,
            "new_link_url": reverse(self.new_link),
            "site_name": site_name(self.request),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(secret=self.secret, **kwargs)

    def take_out_of_url(self, text: str) -> HttpResponse:
        """Send the browser to the path without the proving half, which becomes a cookie for it."""
        try:
            link = Link.parse(text)
        except LinkError as error:
            return self.refuse(error)
        path = reverse(f"useraccounts:{self.purpose.name}", args=[link.public_id])
        response = HttpResponseRedirect(path)
        response.headers["Referrer-Policy"] = "no-referrer"
        # A browser keeps only so many cookies of a site: another one could lead it to made-up links
        # until it has dropped that of the session.
        if OneTimeSecret.objects.filter(pk=link.id).exists():
            write_cookie(response, LINK_COOKIE, link.proof, path=path, request=self.request)
        return response

    def _with_secret(self, handle: Callable[..., HttpResponse]) -> HttpResponse:
        try:
            proof = read_cookie(self.request, LINK_COOKIE, path=self.request.path)
            link = Link(parse_public_id(self.kwargs["link"]), proof)
            self.secret = self.look_up(link)
            return handle(self.request)
        except LinkError as error:
            return self.refuse(error)
