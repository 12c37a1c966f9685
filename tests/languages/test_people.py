"""People are written to in their language, whoever causes the mail, and whichever process sends it."""

import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from django_useraccounts.leaving.flows.exporting import _pack
from django_useraccounts.mail import announce
from django_useraccounts.message import compose
from django_useraccounts.models import AccountEvent, Role, User
from django_useraccounts.policy import Policy
from django_useraccounts.preview import mail_kinds, preview_mail
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import PASSWORD, html_of, log_in, mails_to, make_user
from tests.readme import ROOT

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


class GermanPolicy(Policy):
    def language(self, user):
        return "de"


@pytest.fixture
def elsewhere(set_conf):
    """Leave the mail to a process of its own."""
    set_conf(MAIL_DELIVERY="command")


@pytest.fixture
def post(client, django_capture_on_commit_callbacks):
    """Return a function that sends a form, and the mail that comes of it."""

    def post(url_name, data, client=client, **headers):
        with django_capture_on_commit_callbacks(execute=True):
            url = reverse(f"useraccounts:{url_name}")
            return client.post(
                url, data, headers={k.replace("_", "-"): v for k, v in headers.items()}
            )

    return post


@pytest.fixture
def worker(tmp_path):
    """Return a function that sends the mail as a worker of a site that speaks ``language``."""

    def work(language):
        lines = tmp_path / "mails"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        environment |= {
            "DJANGO_SETTINGS_MODULE": "tests.workers.child_settings",
            "WORKER_DATABASE": str(connection.settings_dict["NAME"]),
            "WORKER_LANGUAGE": language,
            "MAILS": str(lines),
        }
        command = [sys.executable, "-m", "django", "useraccounts_send_mail"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        subjects = (line.split(" ", 3) for line in lines.read_text().splitlines())
        return {to: subject for _pid, to, _id, subject in subjects}

    return work


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_speaks_another_language_writes_in_that_of_each_reader(elsewhere, worker):
    # given two who read two languages, and mail that a third one has caused
    for name, language in (("greta", "de"), ("emma", "en")):
        make_user(name, f"{name}@example.com", language=language)
    with translation.override("fr"):
        for user in User.objects.all():
            announce("password_changed", to=user.email, user=user)

    # when a process sends it that speaks a fourth one
    sent = worker("ru")

    # then each reads her own
    assert sent == {
        "greta@example.com": "Ihr Passwort bei testserver wurde geändert",
        "emma@example.com": "Your password at testserver was changed",
    }


@pytest.mark.django_db
def test_who_registers_is_written_to_in_the_language_of_the_page(post):
    data = {"username": "greta", "email": "greta@example.com", "password": PASSWORD}

    post("register", data, accept_language="de-AT,en")

    assert User.objects.get().language == "de"
    assert mails_to("greta@example.com")[-1].subject.startswith("Bestätigen Sie")


@pytest.mark.django_db
def test_a_login_keeps_the_language_that_the_pages_are_read_in(post):
    greta = make_user("greta", language="en")

    post("login", {"identifier": "greta", "password": PASSWORD}, accept_language="de")

    greta.refresh_from_db()
    assert greta.language == "de"
    post("forgot_password", {"email": greta.email}, client=Client(), accept_language="en")
    assert mails_to(greta.email)[-1].subject.startswith("Wählen Sie ein neues Passwort")


@pytest.mark.django_db
def test_a_stranger_is_answered_by_mail_in_the_language_of_the_page(post):
    post("forgot_password", {"email": "nobody@example.com"}, accept_language="de")

    assert (
        mails_to("nobody@example.com")[-1].subject == "Kein Konto bei testserver mit dieser Adresse"
    )


@pytest.mark.django_db
def test_policy_says_another_language(set_conf):
    set_conf(POLICY=f"{__name__}.GermanPolicy")
    emma = make_user("emma", language="en")

    message = compose(announce("password_changed", to=emma.email, user=emma))

    assert message.subject == "Ihr Passwort bei testserver wurde geändert"


@pytest.mark.django_db
def test_what_a_mail_quotes_is_in_the_language_of_its_reader_too(post, set_conf, settings):
    middleware = "django_useraccounts.sessions.middleware.SessionsMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]
    set_conf(POLICY=f"{__name__}.GermanPolicy")
    emma = make_user("emma")
    for agent in ("curl", FIREFOX):
        data = {"identifier": "emma", "password": PASSWORD}
        post("login", data, client=Client(), accept_language="en", user_agent=agent)

    [told] = [mail for mail in mails_to(emma.email) if "Anmeldung" in mail.subject]
    assert "Firefox" in told.body
    assert " unter " in told.body


@pytest.mark.django_db
def test_the_text_beside_an_export_is_in_the_language_of_its_reader():
    greta = make_user("greta", language="de")

    with translation.override("en"):
        packed = _pack(greta)

    readme = zipfile.ZipFile(io.BytesIO(packed)).read("README.txt").decode()
    assert "Ihr Passwort ist nicht dabei" in readme


# Dates, times, numbers


MOMENT = datetime(2031, 3, 4, 15, 6, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "language, date", [("en", "March 4, 2031"), ("de", "4. März 2031"), ("he", "4 במרץ 2031")]
)
def test_a_date_in_a_mail_is_written_as_its_reader_writes_it(language, date):
    user = make_user("frida", language=language)
    Role.objects.create(name="artist")
    grant = grant_role(user, "artist", until=MOMENT)

    message = compose(announce("role_ending", to=user.email, user=user, grant=grant))

    assert date in message.body
    assert date in html_of(message)


@pytest.mark.django_db
def test_a_date_on_a_page_is_written_as_its_reader_writes_it(client):
    frida = make_user("frida")
    log_in(client, frida)
    AccountEvent.objects.filter(user=frida).update(at=MOMENT)

    pages = {
        language: client.get(
            reverse("useraccounts:history"), headers={"accept-language": language}
        ).content.decode()
        for language in ("en", "de")
    }

    assert "March 4, 2031, 3:06 p.m." in pages["en"]
    assert "4. März 2031 15:06" in pages["de"]


@pytest.mark.django_db
def test_how_long_ago_is_said_in_words_of_the_language(client, settings):
    middleware = "django_useraccounts.sessions.middleware.SessionsMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]
    frida = make_user("frida")
    log_in(client, frida)
    client.get(reverse("useraccounts:sessions"))
    LoginSession.objects.update(started_at=timezone.now() - timedelta(days=3, hours=1))

    page = client.get(reverse("useraccounts:sessions"), headers={"accept-language": "de"})

    assert "Zeit seit der Anmeldung: 3\xa0Tage." in page.content.decode()


# One process, many languages


PAGES = ("login", "register", "forgot_password", "resend_confirmation", "mail_sent")


@pytest.mark.django_db
@pytest.mark.parametrize("url_name", PAGES)
def test_a_page_in_one_language_leaves_no_word_of_it_in_the_next(client, url_name):
    url = reverse(f"useraccounts:{url_name}")

    def read(language, method):
        page = getattr(client, method)(url, headers={"accept-language": language})
        return re.sub(r'value="[^"]{64}"', "", page.content.decode())

    for method in ("get", "post"):
        if url_name == "mail_sent" and method == "post":
            continue
        first = read("en", method)
        german = read("de", method)
        assert first != german
        assert read("en", method) == first
        assert read("de", method) == german


@pytest.mark.parametrize("language", ["de"])
def test_every_kind_of_mail_is_translated_whole(language, db, settings):
    for kind in mail_kinds():
        texts = {}
        for spoken in ("en", language):
            message = preview_mail(kind, language=spoken)
            texts[spoken] = {line.strip() for line in message.body.splitlines() if " " in line}
        # What the sample of a new login quotes is no text of ours.
        kept = {line for line in texts["en"] & texts[language] if "Firefox" not in line}
        assert not {line for line in kept if re.search(r"[a-z]{3,} [a-z]{2,} ", line)}, kind
