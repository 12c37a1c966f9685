"""The command that shows every mail: of sample data, with nothing written and no link that works."""

import re
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_useraccounts.preview import mail_kinds, preview_mail
from django_useraccounts.testing import html_of, log_in, make_user

pytestmark = pytest.mark.django_db

COMMAND = "useraccounts_preview_mail"
LINK = re.compile(r"/accounts/[a-z-]+/[\w-]{64}/")
TEMPLATES = {
    "subject.txt": "Come to the party at {{ site_name }}",
    "body.txt": "Dear {{ user.first_name }}, bring your own <chair>.",
    "body.html": "<!doctype html><html><head></head><body>A chair.</body></html>",
}


@pytest.fixture
def party(settings, tmp_path):
    """A kind of mail that a project has added."""
    folder = tmp_path / "useraccounts/mails/party"
    folder.mkdir(parents=True)
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]


def test_without_a_kind_it_lists_all_that_have_templates(call):
    assert call(COMMAND) == mail_kinds()
    assert {"confirm_email", "welcome"} <= set(mail_kinds())


@pytest.mark.usefixtures("party")
def test_a_kind_of_the_project_is_listed_and_shown(call):
    assert "party" in call(COMMAND)

    shown = call(COMMAND, "party")

    assert "Subject: Come to the party at testserver" in shown
    assert shown[-1] == "Dear Frida, bring your own <chair>."


def test_an_engine_that_names_its_loaders_has_the_kinds_of_the_apps_too(settings):
    loader = "django.template.loaders.app_directories.Loader"
    options = {**settings.TEMPLATES[0]["OPTIONS"], "loaders": [loader]}
    engine = {**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": options}

    settings.TEMPLATES = [engine]

    assert "confirm_email" in mail_kinds()


def test_it_shows_headers_and_text_of_what_is_named(call, set_conf):
    set_conf(SITE_NAME="The Café")

    shown = call(COMMAND, "confirm_email", "welcome")

    assert [line for line in shown if line.startswith(("Subject:", "To:", "From:"))] == [
        "Subject: Confirm your e-mail address at The Café",
        "From: The Artists' Guild <guild@example.com>",
        "To: frida@example.com",
        "Subject: Welcome to The Café",
        "From: The Artists' Guild <guild@example.com>",
        "To: frida@example.com",
    ]
    assert "Auto-Submitted: auto-generated" in shown
    assert any("/accounts/confirm-email/" in line for line in shown)


def test_a_subject_that_is_folded_on_its_way_is_shown_as_it_was(call, set_conf):
    set_conf(SITE_NAME="Zunft der Künstlerinnen und Künstler der großen Stadt am Fluss")

    shown = call(COMMAND, "welcome")

    assert (
        "Subject: Welcome to Zunft der Künstlerinnen und Künstler der großen Stadt am Fluss"
        in shown
    )


def test_it_writes_each_as_text_html_and_message(call, tmp_path):
    folder = tmp_path / "new" / "mails"

    told = call(COMMAND, "reset_password", "--output", str(folder))

    assert told == [f"{folder}/reset_password.txt, .html, .eml"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "reset_password.eml",
        "reset_password.html",
        "reset_password.txt",
    ]
    text = (folder / "reset_password.txt").read_text(encoding="utf-8")
    html = (folder / "reset_password.html").read_text(encoding="utf-8")
    raw = message_from_bytes((folder / "reset_password.eml").read_bytes(), policy=policy.default)
    assert "frida" in text
    assert "</html>" in html
    assert raw["To"] == "frida@example.com"
    assert "/accounts/reset-password/" in raw.get_body(["plain"]).get_content()


def test_a_folder_without_a_kind_gets_them_all(call, tmp_path):
    call(COMMAND, "--output", str(tmp_path))

    assert sorted(path.stem for path in tmp_path.glob("*.eml")) == mail_kinds()


def test_it_speaks_the_language_that_is_asked_for(tmp_path):
    [(html, _type)] = preview_mail("welcome", language="de").alternatives

    assert '<html lang="de"' in html


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["wellcome"], "There is no mail “wellcome”. Did you mean “welcome”?"),
        (["../base"], "There is no mail “../base”."),
        (["welcome", "--language", "xx"], "LANGUAGES of the site have no “xx”."),
        (["--output", "/dev/null/mails"], "The mails cannot be written: "),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_line(call, arguments, sentence):
    with pytest.raises(CommandError, match=f"^{re.escape(sentence)}"):
        call(COMMAND, *arguments)


def test_a_site_without_origin_is_told_the_line_to_write(call, set_conf):
    set_conf(ORIGIN=None)

    with pytest.raises(CommandError, match="ORIGIN"):
        call(COMMAND, "welcome")


def test_nothing_is_written_and_nothing_is_sent(call, tmp_path):
    with CaptureQueriesContext(connection) as queries:
        call(COMMAND, "--output", str(tmp_path))

    # A room may look for rows that hang on the link, and finds none.
    assert [query["sql"][:6] for query in queries if query["sql"][:6] != "SELECT"] == []
    assert mail.outbox == []


@pytest.mark.parametrize("kind", mail_kinds())
def test_every_kind_is_whole_and_its_link_opens_nothing(client, kind):
    message = preview_mail(kind)
    log_in(client, make_user())  # some links ask for a login first

    text = message.subject + message.body + html_of(message)
    assert not re.search("None|{{|{%", text)
    assert 'href=""' not in text
    for link in LINK.findall(text):
        page = client.get(link, follow=True)
        assert page.status_code == 404
        assert page.templates[0].name.endswith("_refused.html")


def test_those_kinds_have_a_link_whose_mails_carry_one():
    linked = {kind for kind in mail_kinds() if LINK.search(preview_mail(kind).body)}

    assert linked >= {
        "account_opened",
        "confirm_email",
        "email_added",
        "email_change_undone",
        "email_removed",
        "export_ready",
        "primary_email_changed",
        "reset_password",
    }
