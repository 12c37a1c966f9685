"""One stem for each thing that people do: url name, path, view, form and template agree."""

import re

import pytest
from django.template.loader import get_template
from django.urls import get_resolver

from django_useraccounts.emails.views import AddressPage
from django_useraccounts.invitations.views import InvitationPage
from django_useraccounts.memberships.views import StartCheckoutView, StripeWebhookView
from django_useraccounts.sessions.views import EndSessionView
from django_useraccounts.social.views import DisconnectProviderView, SocialCallbackView
from django_useraccounts.social.views.pages import ProviderPage
from django_useraccounts.views import AccountPage, FlowView, LinkView


def patterns():
    def walk(entries, prefix):
        for entry in entries:
            route = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                yield from walk(entry.url_patterns, route)
            else:
                yield route, entry

    from django_useraccounts import urls

    return list(walk(urls.urlpatterns, ""))


#: What programs call: no page for anybody to read.
FOR_PROGRAMS = {"stripe_webhook": StripeWebhookView}
PATTERNS = [
    pytest.param(route, entry, id=entry.name)
    for route, entry in patterns()
    if entry.name not in FOR_PROGRAMS
]


def snake(camel):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", camel).lower()


@pytest.mark.parametrize("route, entry", PATTERNS)
def test_path_and_view_are_called_like_the_url(route, entry):
    view = entry.callback.view_class
    link = "<str:link>/" if issubclass(view, LinkView) else ""
    link = "<int:address_id>/" if issubclass(view, AddressPage) else link
    link = "<int:invitation_id>/" if issubclass(view, InvitationPage) else link
    link = "<slug:plan>/" if issubclass(view, StartCheckoutView) else link
    link = "<slug:provider>/" if issubclass(view, ProviderPage) else link
    link = "<int:connection_id>/" if issubclass(view, DisconnectProviderView) else link
    link = "<uuid:session_id>/" if issubclass(view, EndSessionView) else link

    assert route == f"{entry.name.replace('_', '-')}/{link}"
    assert snake(view.__name__) == f"{entry.name}_view"
    assert issubclass(view, AccountPage)


@pytest.mark.parametrize("route, entry", PATTERNS)
def test_the_template_lies_in_the_folder_of_its_room(route, entry):
    view = entry.callback.view_class
    room = view.__module__.split(".")[1]

    assert view.template_name == f"useraccounts/{room}/{entry.name}.html"
    assert get_template(view.template_name)


@pytest.mark.parametrize("route, entry", PATTERNS)
def test_the_form_is_called_like_the_url(route, entry):
    view = entry.callback.view_class
    if issubclass(view, FlowView):
        assert snake(view.form_class.__name__) == f"{entry.name}_form"


@pytest.mark.parametrize("route, entry", PATTERNS)
def test_a_page_is_public_or_guarded(route, entry):
    view = entry.callback

    is_public = getattr(view, "login_required", True) is False
    is_guarded = getattr(view.view_class, "guard", None) is not None
    assert is_public is not is_guarded


def test_what_programs_call_is_public_and_no_page():
    found = {entry.name: entry.callback for _route, entry in patterns()}

    for name, view in FOR_PROGRAMS.items():
        assert found[name].view_class is view
        assert found[name].login_required is False
        assert found[name].csrf_exempt is True
        assert not issubclass(view, AccountPage)


def test_of_the_pages_one_alone_takes_forms_of_another_site():
    exempt = {
        entry.callback.view_class
        for _route, entry in patterns()
        if getattr(entry.callback, "csrf_exempt", False) and entry.name not in FOR_PROGRAMS
    }

    assert exempt == {SocialCallbackView}


def test_every_link_purpose_is_the_name_of_a_page():
    names = {entry.name for _route, entry in patterns()}
    purposes = {
        entry.callback.view_class.purpose.name
        for _route, entry in patterns()
        if issubclass(entry.callback.view_class, LinkView)
    }

    assert purposes == {
        "accept_invitation",
        "confirm_email",
        "connect_by_link",
        "disown_login",
        "fetch_export",
        "reset_password",
        "undo_email_change",
    }
    assert purposes <= names


def test_the_pages_are_reached_below_the_namespace():
    reverse_dict = get_resolver().namespace_dict["useraccounts"]

    assert reverse_dict[0] == "accounts/"
