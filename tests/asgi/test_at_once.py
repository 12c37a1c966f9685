"""Requests at one time in one process: each has its own language, visitor and paths."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.urls import reverse

from django_useraccounts.models import OutgoingMail, User
from django_useraccounts.testing import PASSWORD, make_user
from tests.asgi.site import Browser
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

#: Who speaks what, and the word that Django has for "Yes".
LANGUAGES = {"heidi": "de", "amelie": "fr", "frida": "es", "ada": "en"}
YES = {"de": "Ja", "fr": "Oui", "es": "Sí", "en": "Yes"}
#: How Django begins to say what is wrong with a password.
TOO_SHORT = {"heidi": "Dieses Passwort ist zu kurz", "amelie": "Ce mot de passe est trop court"}


def url(name):
    return reverse(f"useraccounts:{name}")


@pytest.fixture
def threads():
    with ThreadPoolExecutor(len(LANGUAGES)) as threads:
        yield threads


@pytest.fixture
def browsers(site):
    browsers = {name: Browser(site, language) for name, language in LANGUAGES.items()}
    yield browsers
    for browser in browsers.values():
        browser.session.close()


@pytest.fixture
def logged_in(browsers):
    for name, browser in browsers.items():
        make_user(name, roles=["artist"] if name != "ada" else [])
        browser.get(url("login"))
        browser.post(url("login"), identifier=name, password=PASSWORD)
    return browsers


def register(name, browser, password=PASSWORD):
    browser.get(url("register"))
    fields = {"username": name, "email": f"{name}@example.com", "password": password}
    return browser.post(url("register"), **fields).text


def test_who_register_at_one_moment_have_each_their_language(site, browsers, threads):
    with site.slow("INSERT useraccounts_attemptcounter"):
        pages = threads.map(register, browsers, browsers.values())
        wait_until(lambda: site.waiting() == len(browsers))

    for (name, language), page in zip(LANGUAGES.items(), pages, strict=True):
        assert f'<html lang="{language}"' in page
        assert User.objects.get(username=name).language == language
        assert OutgoingMail.objects.get(to=f"{name}@example.com").language == language
    wait_until(lambda: len(site.mails()) == len(browsers))
    for mail in site.mails():
        html = mail.get_body(("html",)).get_content()
        assert f'<html lang="{LANGUAGES[mail["To"].partition("@")[0]]}"' in html


def test_what_is_wrong_is_told_in_the_language_of_who_asks(browsers, threads):
    pages = threads.map(lambda name: register(name, browsers[name], "1a3"), TOO_SHORT)

    for sentence, page in zip(TOO_SHORT.values(), pages, strict=True):
        assert sentence in page


def test_async_views_keep_language_visitor_and_paths_while_others_have_their_turn(
    logged_in, threads
):
    def speak(browser):
        return browser.get("/async/speak/?seconds=0.3").json()

    everything_told = threads.map(speak, logged_in.values())

    for (name, language), told in zip(LANGUAGES.items(), everything_told, strict=True):
        as_ever = [language, YES[language], "/async/studio/", name]
        assert told == {"before": as_ever, "after": as_ever}


def test_who_is_refused_reads_so_in_the_own_language_and_the_others_enter(logged_in, threads):
    for _turn in range(3):
        pages = threads.map(lambda browser: browser.get("/async/studio/").text, logged_in.values())

        for name, page in zip(logged_in, pages, strict=True):
            assert (f"Paint, {name}." if name != "ada" else '<html lang="en"') in page
