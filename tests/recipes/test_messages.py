"""What a page leaves to be told is told once, whoever shows it, and nothing fails where nobody does."""

import pytest
from django.urls import reverse

from django_useraccounts.testing import PASSWORD, link_in, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db

SAVED = "Your profile is saved."
MESSAGES = "django.contrib.messages"


def save_profile(client):
    data = {"first_name": "Frida", "last_name": "Kahlo"}
    return client.post(reverse("useraccounts:edit_profile"), data, follow=True).content.decode()


@pytest.mark.parametrize("site", ["bookshop", "bakery", "tailor", "painter"])
def test_a_message_is_shown_once_on_the_next_page_and_then_no_more(open_site, client, site):
    open_site(site)
    log_in(client, make_user("frida"))

    assert save_profile(client).count(SAVED) == 1
    assert SAVED not in client.get(reverse("useraccounts:profile")).content.decode()


def test_who_extends_our_base_and_shows_messages_empties_our_block(
    open_site, client, settings, tmp_path
):
    open_site("painter")
    (tmp_path / "useraccounts").mkdir()
    (tmp_path / "useraccounts" / "base.html").write_text(
        '{% extends "useraccounts/base.html" %}'
        "{% block header %}{% for message in messages %}<b>{{ message }}</b>{% endfor %}{% endblock %}"
        "{% block messages %}{% endblock %}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    log_in(client, make_user("frida"))

    assert save_profile(client).count(SAVED) == 1


@pytest.fixture
def _without_messages(open_site, settings):
    open_site("painter")
    options = settings.TEMPLATES[0]["OPTIONS"]
    kept = [path for path in options["context_processors"] if not path.startswith(MESSAGES)]
    assert len(kept) < len(options["context_processors"])
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "OPTIONS": {**options, "context_processors": kept}}
    ]
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if not path.startswith(MESSAGES)]
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app not in (MESSAGES, "django.contrib.admin")
    ]


@pytest.mark.usefixtures("_without_messages")
def test_a_site_without_messages_goes_from_register_to_a_new_password(
    client, django_capture_on_commit_callbacks
):
    def send(name, *args, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(f"useraccounts:{name}", args=args), data, follow=True)

    send("register", username="frida", email="frida@example.com", password=PASSWORD)
    link = client.get(link_in(mails_to("frida@example.com")[-1]), follow=True)
    with django_capture_on_commit_callbacks(execute=True):
        confirmed = client.post(link.request["PATH_INFO"], {"answer": "confirm"}, follow=True)
    assert confirmed.status_code == 200
    assert "frida" in save_profile(client)
    new = {"old_password": PASSWORD, "new_password": "another long sentence"}
    assert send("change_password", **new).status_code == 200
    assert send("logout").status_code == 200
    assert send("login", identifier="frida", password="wrong").status_code == 200
    inside = send("login", identifier="frida", password="another long sentence")
    assert inside.request["PATH_INFO"] == reverse("useraccounts:profile")
