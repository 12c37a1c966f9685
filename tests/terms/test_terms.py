"""Terms of service: accepted at registration, and again when there is another version."""

import pytest
from django.core import mail
from django.core.checks import Error
from django.core.checks import Warning as Warn
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.views import View

from django_useraccounts import signals
from django_useraccounts.checks import check_useraccounts
from django_useraccounts.decorators import confirmed_email_required, roles_required
from django_useraccounts.errors import TermsChanged
from django_useraccounts.guards import Guard
from django_useraccounts.mixins import AllowOutdatedTermsMixin, RolesRequiredMixin
from django_useraccounts.models import AccountEvent, User
from django_useraccounts.registration.flows import register
from django_useraccounts.terms.flows import accept_terms
from django_useraccounts.testing import PASSWORD, link_in, log_in, make_user

pytestmark = pytest.mark.django_db

VERSION = "2026-05-01"
FORM = {"username": "nova", "email": "nova@example.com", "password": PASSWORD}


def page(name):
    return reverse(f"useraccounts:{name}")


@pytest.fixture
def with_terms(set_conf):
    set_conf(TERMS_VERSION=VERSION)


@pytest.fixture
def maria():
    return make_user("maria", roles=["starving", "artist"])


@pytest.fixture
def browser(maria):
    client = Client()
    client.post(page("login"), {"identifier": "maria", "password": PASSWORD})
    return client


# A site without terms


def test_a_site_without_terms_asks_for_none_and_has_no_such_pages(client, browser):
    assert "terms" not in client.get(page("register")).content.decode()
    assert client.get(page("terms")).status_code == 404
    assert browser.get(page("accept_terms")).status_code == 404
    assert browser.get("/garret/").status_code == 200

    client.post(page("register"), FORM)

    nova = User.objects.get(username="nova")
    assert (nova.terms_version, nova.terms_accepted_at) == ("", None)
    assert AccountEvent.objects.latest("pk").details == {}


# When somebody registers


def test_the_form_links_to_the_terms_and_wants_them_accepted(client, with_terms):
    text = client.get(page("register")).content.decode()
    assert f'I accept the <a href="{page("terms")}" target="_blank">terms of service</a>.' in text
    assert f'value="{VERSION}"' in text
    assert "checked" not in text
    # In the look of a checkbox: before its label.
    assert text.index('id="id_terms"') < text.index("I accept the")

    for answer in ({}, {"terms": ""}):
        refused = client.post(page("register"), {**FORM, **answer}).content.decode()
        assert "Please accept the terms of service." in refused
        assert 'value="nova"' in refused
    assert not User.objects.exists()


def test_registering_stores_which_version_and_when(client, with_terms):
    before = timezone.now()

    response = client.post(page("register"), {**FORM, "terms": VERSION})

    assert response.status_code == 302
    nova = User.objects.get()
    assert nova.terms_version == VERSION
    assert before <= nova.terms_accepted_at <= timezone.now()
    assert AccountEvent.objects.get(kind="registered").details == {"terms": VERSION}


@pytest.mark.parametrize("typed", ["2025-01-01", "on", "true", "x" * 5000, "a\0b"])
def test_what_was_shown_is_what_was_accepted(client, with_terms, typed):
    text = client.post(page("register"), {**FORM, "terms": typed}).content.decode()

    assert not User.objects.exists()
    assert "checked" not in text
    assert f'value="{VERSION}"' in text
    if "\0" not in typed:
        assert "The terms of service have changed. Please read them once more." in text


def test_what_was_ticked_stays_ticked_when_something_else_is_wrong(client, with_terms):
    data = {**FORM, "username": "", "terms": VERSION}

    text = client.post(page("register"), data).content.decode()

    assert "checked" in text


def test_code_that_registers_somebody_leaves_it_to_the_first_page(with_terms):
    register("nova", email="nova@example.com", password=PASSWORD)

    assert User.objects.get().terms_version == ""


# When there is another version


def test_who_has_not_accepted_them_is_led_there_and_back(browser, maria, with_terms):
    held_up = browser.get("/garret/?room=2")
    assert held_up["Location"] == f"{page('accept_terms')}?next=/garret/%3Froom%3D2"
    text = browser.get(held_up["Location"]).content.decode()
    assert "Our terms of service" in text
    assert "will stand here" in text

    answer = browser.post(
        page("accept_terms"), {"terms": VERSION, "next": "/garret/?room=2"}, follow=True
    )

    assert answer.redirect_chain == [("/garret/?room=2", 302)]
    assert answer.status_code == 200
    maria.refresh_from_db()
    assert maria.terms_version == VERSION
    assert maria.terms_accepted_at
    event = AccountEvent.objects.get(kind="terms_accepted")
    assert (event.user, event.actor, event.details) == (maria, maria, {"terms": VERSION})


def test_a_new_version_is_asked_for_again(browser, maria, set_conf):
    set_conf(TERMS_VERSION="1")
    browser.post(page("accept_terms"), {"terms": "1"})
    assert browser.get("/garret/").status_code == 200

    set_conf(TERMS_VERSION="2")

    assert browser.get("/garret/")["Location"].startswith(page("accept_terms"))
    text = browser.get(page("accept_terms")).content.decode()
    assert "Our terms of service have changed" in text
    assert "Version 2" in text


def test_when_terms_are_given_up_nobody_is_asked(browser, set_conf):
    set_conf(TERMS_VERSION="1")
    browser.post(page("accept_terms"), {"terms": "1"})

    set_conf(TERMS_VERSION="")

    assert browser.get("/garret/").status_code == 200


def test_without_a_tick_nothing_is_accepted(browser, maria, with_terms):
    refused = browser.post(page("accept_terms"), {})

    assert "Please accept the terms of service." in refused.content.decode()
    maria.refresh_from_db()
    assert maria.terms_version == ""


def test_a_version_that_changed_while_somebody_read_it_is_not_accepted(browser, maria, with_terms):
    refused = browser.post(page("accept_terms"), {"terms": "1"}).content.decode()

    assert "The terms of service have changed." in refused
    with pytest.raises(TermsChanged):
        accept_terms(maria, "1")
    with pytest.raises(TermsChanged):
        accept_terms(maria, "")


def test_accepting_twice_is_noted_once(maria, with_terms, django_capture_on_commit_callbacks):
    heard = []

    def hear(user, version, **news):
        heard.append((user, version))

    signals.terms_accepted.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        accept_terms(maria, VERSION)
        when = maria.terms_accepted_at
        accept_terms(maria, VERSION)
    signals.terms_accepted.disconnect(hear)

    assert maria.terms_accepted_at == when
    assert heard == [(maria, VERSION)]
    assert AccountEvent.objects.filter(kind="terms_accepted").count() == 1


@pytest.mark.parametrize("name", ["accept_terms", "export_account", "close_account"])
def test_who_does_not_agree_may_still_leave(browser, with_terms, name):
    assert browser.get(page(name)).status_code == 200


@pytest.mark.parametrize("confirmed", [True, False])
def test_the_data_are_offered_to_who_can_be_mailed_them(set_conf, confirmed):
    set_conf(TERMS_VERSION=VERSION, CONFIRM_EMAIL_BEFORE_LOGIN=False)
    client = log_in(Client(), make_user("nova", confirmed=confirmed))

    text = client.get(page("accept_terms")).content.decode()

    assert (f'href="{page("export_account")}"' in text) is confirmed
    assert f'href="{page("close_account")}"' in text


def test_who_does_not_agree_may_prove_who_it_is_and_leave(maria, with_terms):
    client = log_in(Client(), maria)
    session = client.session
    session["useraccounts_proved_at"] = 1
    session.save()

    led = client.get(page("close_account"))["Location"]
    assert client.get(led).status_code == 200
    client.post(page("confirm_identity"), {"old_password": PASSWORD, "next": page("close_account")})
    client.post(page("close_account"))

    maria.refresh_from_db()
    assert maria.is_closed


def test_who_does_not_agree_may_fetch_the_data_and_log_out(
    browser, with_terms, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(page("export_account"))
    path = browser.get(link_in(mail.outbox[-1]))["Location"]
    assert browser.post(path)["Content-Type"] == "application/zip"

    browser.post(page("logout"))
    assert "_auth_user_id" not in browser.session


@pytest.mark.asvs("2.3.1")
@pytest.mark.parametrize("name", ["profile", "edit_profile", "emails", "change_password"])
def test_the_other_pages_of_the_account_ask_first(browser, with_terms, name):
    assert browser.get(page(name))["Location"].startswith(page("accept_terms"))


def test_who_has_neither_agreed_nor_confirmed_does_both(set_conf):
    set_conf(TERMS_VERSION=VERSION, CONFIRM_EMAIL_BEFORE_LOGIN=False)
    client = log_in(Client(), make_user("nova", confirmed=False, password=PASSWORD))

    first = client.get("/garret/")["Location"]
    assert first.startswith(page("accept_terms"))
    client.post(first, {"terms": VERSION})

    assert client.get("/garret/")["Location"].startswith(page("emails"))


@pytest.mark.parametrize("name", ["profile", "emails", "change_password", "accept_terms", "login"])
def test_nobody_is_sent_round_in_circles(set_conf, settings, name):
    set_conf(TERMS_VERSION=VERSION, CONFIRM_EMAIL_BEFORE_LOGIN=False)
    settings.LOGIN_REDIRECT_URL = "/garret/"
    client = log_in(Client(), make_user("nova", confirmed=False))

    for wish in ("", "/garret/", page("accept_terms")):
        answer = client.get(page(name), {"next": wish}, follow=True)

        assert answer.status_code == 200
        assert len(answer.redirect_chain) <= 2


# The guards


def answer_of(view, user, rf):
    request = rf.get("/", headers={"accept": "application/json"})
    request.user = user
    request.session = {}
    return view(request)


def test_a_program_is_told_what_is_missing(maria, with_terms, rf):
    view = confirmed_email_required(lambda request: HttpResponse())

    answer = answer_of(view, maria, rf)

    assert answer.status_code == 403
    assert answer.content == b'{"error": "terms_not_accepted"}'


def test_terms_are_asked_for_before_roles(maria, with_terms, rf):
    view = roles_required("secret")(lambda request: HttpResponse())

    assert b"terms_not_accepted" in answer_of(view, maria, rf).content


def test_a_page_of_a_project_may_do_without(maria, with_terms, rf):
    class Help(AllowOutdatedTermsMixin, RolesRequiredMixin, View):
        roles_required = ("artist",)

        def get(self, request):
            return HttpResponse()

    assert answer_of(Help.as_view(), maria, rf).status_code == 200
    assert answer_of(roles_required("artist")(Help).as_view(), maria, rf).status_code == 200
    assert (Guard(allow_outdated_terms=True) & Guard()).allow_outdated_terms


def test_to_ask_costs_no_query(browser, with_terms, maria):
    accept_terms(maria, VERSION)

    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/garret/").status_code == 200

    assert len(queries) == 2


# The pages and the checks


def test_everybody_can_read_them(client, with_terms):
    text = client.get(page("terms")).content.decode()

    assert "Terms of service" in text
    assert f"Version {VERSION}" in text
    assert "will stand here" in text


def test_W011_terms_that_nobody_has_written(with_terms):
    assert check_useraccounts(None) == [
        Warn(
            'USERACCOUNTS has a TERMS_VERSION, and the template "useraccounts/terms/text.html" is '
            "the one without terms.",
            hint='Write your terms of service into a template "useraccounts/terms/text.html" of '
            "your own.",
            id="useraccounts.W011",
        )
    ]


def test_terms_of_the_sites_own_are_shown_and_pass_the_checks(
    client, with_terms, settings, tmp_path
):
    folder = tmp_path / "useraccounts" / "terms"
    folder.mkdir(parents=True)
    (folder / "text.html").write_text("<p>Be nice.</p>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    assert "Be nice." in client.get(page("terms")).content.decode()
    assert check_useraccounts(None) == []


def test_E018_a_version_that_is_too_long(set_conf):
    set_conf(TERMS_VERSION="x" * 41)

    assert check_useraccounts(None)[0] == Error(
        'USERACCOUNTS["TERMS_VERSION"] has 41 characters.',
        hint='Write at most 40, such as "2026-05-01".',
        id="useraccounts.E018",
    )
