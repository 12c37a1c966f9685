"""What the tour and the page to break in share: to borrow a name, and to read a file of code."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from django_useraccounts.errors import AccountError
from django_useraccounts.identity import login_names
from django_useraccounts.login.flows import log_in, log_out
from django_useraccounts.views import safe_next

from .break_in.views import ATTACKS
from .debugging import debug_only
from .people import PASSWORD, PEOPLE, Person
from .sources import lines_of
from .tour.views import FEATURES


@debug_only
@require_POST
def borrow(request: HttpRequest) -> HttpResponse:
    """
    Become one of the people, or nobody, and go on to a page.

    It opens no account that the password on the home page does not open: who has chosen another
    one since is safe from it, like everybody who is not from the first day.
    """
    name = request.POST.get("person", "")
    person = next((person for person in PEOPLE if person.username == name), None)
    if name and person is None:
        raise Http404
    if request.user.is_authenticated:
        log_out(request=request)
    if person:
        _log_in_as(person, request)
    return HttpResponseRedirect(safe_next(request.POST.get("next")) or reverse("home"))


def _log_in_as(person: Person, request: HttpRequest) -> None:
    identifier = person.username if "username" in login_names() else person.email
    try:
        log_in(identifier, password=PASSWORD, request=request)
    except AccountError as error:
        messages.error(request, f"You could not become {person.username}: {error.message}")
    else:
        messages.info(request, f"You are {person.username} now, who {person.about}.")


@debug_only
def source(request: HttpRequest, file: str) -> HttpResponse:
    """Show a whole file that the pages show lines of; no other one."""
    if file not in shown_files():
        raise Http404
    try:
        lines = lines_of(file)
    except LookupError:
        # An installed demo has no tests along.
        raise Http404 from None
    return render(request, "guild/source.html", {"file": file, "lines": lines})


def shown_files() -> set[str]:
    """Return the files that the tour and the attacks name."""
    told = {excerpt.file for feature in FEATURES for excerpt in feature.code}
    return told | {test.file for attack in ATTACKS for test in attack.tests}
