"""What people do, by real servers: every page, and async views of a project."""

import csv
import io
from uuid import UUID

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, get_resolver, reverse

from django_useraccounts.models import AccountEvent, RoleGrant, User
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import PASSWORD, make_user
from tests.asgi.site import Browser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

NEW_PASSWORD = "another garden of lilies"


def url(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


def log_in(browser, identifier="frida", password=PASSWORD):
    browser.get(url("login"))
    return browser.post(url("login"), identifier=identifier, password=password)


def test_somebody_registers_confirms_and_goes_through_all_that_an_account_can_do(site, browser):
    # registers, and comes by the link that the thread has mailed
    browser.get(url("register"))
    asked = browser.post(
        url("register"), username="frida", email="frida@example.com", password=PASSWORD
    )
    assert asked.url.endswith(url("mail_sent"))
    link = site.link("confirm-email")
    assert browser.get(link).status_code == 200
    confirmed = browser.post(browser.get(link).url, answer="confirm")
    assert (confirmed.url, confirmed.status_code) == (site.origin + "/async/studio/", 403)
    frida = User.objects.get()
    assert frida.emails.confirmed().count() == 1

    # a role opens an async view at the next request, and shuts it
    assert browser.get("/async/studio/").status_code == 403
    make_user("ada", roles=["artist"])
    grant_role(frida, "artist")
    assert browser.get("/async/studio/").text == "Paint, frida."
    assert browser.get("/async/gallery/").status_code == 200
    assert browser.get("/async/safe/").text == "Gold, frida."
    revoke_role(frida, "artist")
    assert browser.get("/async/studio/").status_code == 403

    # a new password, the other browser has to log in anew
    other = Browser(site)
    assert log_in(other, "frida@example.com").status_code in (200, 403)
    assert "frida" in other.get(url("profile")).text
    browser.get(url("change_password"))
    browser.post(url("change_password"), old_password=PASSWORD, new_password=NEW_PASSWORD)
    assert "frida" in browser.get(url("profile")).text
    assert other.get(url("profile")).url.startswith(site.origin + url("login"))

    # the page of sessions, another address, and out
    assert LoginSession.objects.filter(ended_at=None, user=frida).exists()
    assert browser.get(url("sessions")).status_code == 200
    browser.get(url("add_email"))
    browser.post(url("add_email"), email="frida@example.net")
    assert frida.emails.count() == 2
    browser.post(url("logout"))
    assert browser.get(url("profile")).url.startswith(site.origin + url("login"))
    assert log_in(browser, password=PASSWORD).url.endswith(url("login"))
    assert not log_in(browser, password=NEW_PASSWORD).url.endswith(url("login"))


def test_somebody_comes_by_a_provider_that_the_site_calls_from_within_a_request(site, browser):
    browser.get(url("login"))

    asked = browser.post(url("social_login", "guild"))
    assert asked.url.startswith(f"{site.origin}/provider/authorize?")
    came_back = browser.post(asked.url, person="hannah")
    assert came_back.url.endswith(url("complete_registration"))
    browser.post(came_back.url, username="hannah", email="hannah@guild.example")

    assert "hannah" in browser.get(url("profile")).text
    assert User.objects.get().emails.confirmed().get().email == "hannah@guild.example"
    assert browser.get(url("connections")).status_code == 200


SAMPLES = {"int": 0, "str": "nothing", "slug": "nobody", "uuid": UUID(int=4, version=4)}


def pages():
    """Return the paths of all pages of all rooms, with things that are not there."""
    for name in {entry for entry in _names(get_resolver("django_useraccounts.urls")) if entry}:
        for args in ((), *((sample,) for sample in SAMPLES.values())):
            try:
                yield reverse(f"useraccounts:{name}", args=args)
            except NoReverseMatch:
                continue


def _names(resolver):
    for entry in resolver.url_patterns:
        yield from _names(entry) if hasattr(entry, "url_patterns") else [entry.name]


def test_every_page_answers_strangers_and_users_and_nothing_is_logged(site, browser):
    paths = sorted(set(pages()))
    make_user("frida")
    assert len(paths) > 50

    for _who in ("stranger", "user"):
        statuses = {path: browser.get(path, allow_redirects=False).status_code for path in paths}
        assert {path: status for path, status in statuses.items() if status >= 500} == {}
        if _who == "stranger":
            log_in(browser)
    assert statuses[url("profile")] == 200


def test_the_administration_opens_and_sends_its_files(site, browser):
    make_user("boss", is_staff=True, is_superuser=True, roles=["artist"])
    log_in(browser, "boss")

    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert browser.get(reverse(name)).status_code == 200
    grants = reverse("admin:useraccounts_rolegrant_changelist")
    row = str(RoleGrant.objects.get().pk)
    sent = browser.post(grants, action="export", _selected_action=row)
    assert (
        next(iter(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig")))))["role"]
        == "artist"
    )

    frida = make_user("frida")
    browser.get(reverse("admin:useraccounts_user_change", args=[frida.pk]))
    assert browser.get(reverse("admin:index")).status_code == 200


def test_djangos_own_async_functions_log_in_and_out_by_the_same_rules(site, browser):
    frida = make_user("frida", roles=["artist"])

    assert browser.post("/async/enter/", username="frida", password="wrong").status_code == 401
    assert browser.post("/async/enter/", username="frida", password=PASSWORD).text == "In, frida."
    assert browser.get("/async/studio/").text == "Paint, frida."
    assert LoginSession.objects.get().ended_at is None
    assert browser.post("/async/leave/").text == "Out, AnonymousUser."

    assert browser.get("/async/studio/").url.startswith(site.origin + url("login"))
    assert LoginSession.objects.get().ended_at is not None
    kinds = ["login_failed", "logged_in", "logged_out"]
    assert (
        list(AccountEvent.objects.filter(user=frida).order_by("pk").values_list("kind", flat=True))[
            -3:
        ]
        == kinds
    )


def test_a_flow_that_an_async_view_awaits_is_done_as_a_whole(site, browser):
    answer = browser.post(
        "/async/open-account/", username="ada", email="ada@example.com", password=PASSWORD
    )

    assert answer.text == "ada"
    assert site.link("confirm-email")
