"""The message of a mail: in the language of its reader, from the sender of its kind."""

import re

import pytest
from anymail.backends import test as anymail_test
from anymail.exceptions import AnymailRecipientsRefused
from django.core import mail as outside
from django.utils import timezone, translation

from django_useraccounts.mail import DELAYS, announce, deliver
from django_useraccounts.message import compose
from django_useraccounts.models import OutgoingMail, UndeliverableAddress, User, UserEmail
from django_useraccounts.policy import Policy
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import CONFIRM_EMAIL, issue
from django_useraccounts.testing import html_of, make_user
from django_useraccounts.undeliverable import is_undeliverable

pytestmark = pytest.mark.django_db


class GuildPolicy(Policy):
    def mail_sender(self, kind):
        return "Security <security@example.com>" if kind == "password_changed" else None


def language_of(message):
    [(html, _type)] = message.alternatives
    return html.partition('lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    "kept, moment, sent",
    [("de", "fr", "de"), ("", "fr", "fr"), ("xx", "fr", "fr"), ("de-at", "en", "de")],
)
def test_a_mail_is_in_the_language_of_its_reader_else_of_the_moment(kept, moment, sent):
    frida = make_user("frida", language=kept)

    with translation.override(moment):
        mail = announce("welcome", to="frida@example.com", user=frida)

    assert language_of(compose(mail)) == sent


def test_without_a_user_the_moment_decides():
    with translation.override("de"):
        mail = announce("no_account", to="nobody@example.com")

    assert language_of(compose(mail)) == "de"


def test_a_kind_may_have_a_sender_of_its_own(settings, set_conf):
    set_conf(POLICY=f"{__name__}.GuildPolicy")
    settings.DEFAULT_FROM_EMAIL = "guild@example.com"

    senders = [
        compose(announce(kind, to="frida@example.com")).from_email
        for kind in ("password_changed", "welcome")
    ]

    assert senders == ["Security <security@example.com>", "guild@example.com"]


@pytest.mark.parametrize("code", ["de", "en"])
def test_who_registers_is_written_to_in_the_language_of_that_moment(client, code):

    with translation.override(code):
        register("frida", email="frida@example.com", password="correct horse battery")

    assert User.objects.get().language == code


# The name of the reader


@pytest.mark.parametrize(
    "first_name, greeting",
    [("Frida", "Hello Frida,"), ("", "Hello frida,"), (" Fri\nda ", "Hello Fri da,")],
)
def test_a_reader_is_greeted_by_name_in_text_and_html(first_name, greeting):
    frida = make_user("frida", first_name=first_name)

    message = compose(announce("password_changed", to=frida.email, user=frida))

    assert message.body.startswith(f"{greeting}\n\n")
    assert greeting in html_of(message)


def test_a_name_is_escaped_in_html_and_cut_where_it_is_no_name_any_more():
    frida = make_user("frida", first_name="<b>" + "x" * 100)

    message = compose(announce("password_changed", to=frida.email, user=frida))

    assert f"Hello <b>{'x' * 57}," in message.body
    assert f"Hello &lt;b&gt;{'x' * 57}," in html_of(message)


def test_nobody_has_us_mail_words_of_his_own_to_a_stranger():
    # somebody registers with the address of another one and calls himself what she shall read
    thief = make_user("thief", first_name="You have won, go to evil.example")
    claim = UserEmail.objects.add_claim(thief, "victim@example.com")
    secret = issue(CONFIRM_EMAIL, address=claim)

    message = compose(announce("confirm_email", to=claim.email, user=thief, secret=secret))

    assert "won" not in message.subject + message.body + html_of(message)
    assert "Hello" not in message.body


def test_who_is_nobody_here_is_not_greeted():
    assert "Hello" not in compose(announce("no_account", to="nobody@example.com")).body


# What the mail is called


def test_a_mail_has_one_name_at_every_attempt_and_another_than_its_neighbour(settings):
    settings.DEFAULT_FROM_EMAIL = "The Guild <hello@Gärten.example>"
    first, second = (announce("no_account", to="frida@example.com") for _ in range(2))

    names = [
        compose(OutgoingMail.objects.get(pk=mail.pk)).message()["Message-ID"]
        for mail in (first, first, second)
    ]

    assert names[0] == names[1] != names[2]
    # RFC 5322, 3.6.4, in ASCII, and not to be guessed from the number of the row
    assert re.fullmatch(r"<[0-9a-f]{32}@xn--grten-gra\.example>", names[0])


def test_a_sender_without_a_domain_leaves_that_of_the_site(settings):
    settings.DEFAULT_FROM_EMAIL = "no address"

    message = compose(announce("no_account", to="frida@example.com"))

    assert message.message()["Message-ID"].endswith("@testserver>")


@pytest.mark.parametrize("kind", ["confirm_email", "reset_password", "password_changed"])
def test_nobody_unsubscribes_from_the_safety_of_the_account(kind):
    message = compose(announce(kind, to="frida@example.com")).message()

    assert message["List-Unsubscribe"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] is None


# Providers


@pytest.fixture
def provider(send_mail_by, settings, set_conf):
    """Mail goes to the test backend of django-anymail, which keeps what the provider would get."""
    set_conf(MAIL_DELIVERY="command")
    send_mail_by("anymail.backends.test.EmailBackend")
    outside.outbox = []
    return settings


def test_a_provider_is_told_the_kind_and_the_row_and_to_track_nothing(provider):
    mail = announce("no_account", to="frida@example.com")

    assert deliver(mail.pk)

    [message] = outside.outbox
    assert message.anymail_test_params["tags"] == ["no_account"]
    assert message.anymail_test_params["metadata"] == {"useraccounts_mail": str(mail.pk)}
    assert message.anymail_test_params["track_clicks"] is False
    assert message.anymail_test_params["track_opens"] is False
    # it gives a name of its own
    assert "Message-ID" not in message.extra_headers


class OfTheSite(anymail_test.EmailBackend):
    """A backend of a provider, with something of the site's own."""


def test_a_backend_that_a_site_has_made_of_one_of_a_provider_is_told_as_much(
    provider, send_mail_by
):
    send_mail_by(f"{__name__}.OfTheSite")

    assert deliver(announce("no_account", to="frida@example.com").pk)

    assert outside.outbox[0].anymail_test_params["track_clicks"] is False


@pytest.mark.parametrize(
    "lacks, left",
    [
        ({"track_clicks"}, {"tags", "metadata"}),
        ({"metadata"}, set()),
        ({"track_opens", "tags"}, set()),
    ],
)
def test_what_a_provider_cannot_do_is_left_out(provider, monkeypatch, lacks, left):
    def refuse(self, value):
        self.unsupported_feature("what the test says")

    for name in lacks:
        monkeypatch.setattr(anymail_test.TestPayload, f"set_{name}", refuse)
    mail = announce("no_account", to="frida@example.com")

    assert deliver(mail.pk)

    [message] = outside.outbox
    hints = {"tags", "metadata", "track_clicks", "track_opens"}
    assert hints & set(message.anymail_test_params) == left


@pytest.mark.usefixtures("caplog")
def test_what_a_provider_cannot_do_at_all_is_written_beside_the_mail(provider, monkeypatch):
    def refuse(self, *args):
        self.unsupported_feature("alternatives")

    monkeypatch.setattr(anymail_test.TestPayload, "set_html_body", refuse)
    mail = announce("no_account", to="frida@example.com")

    assert not deliver(mail.pk)

    mail.refresh_from_db()
    assert "AnymailUnsupportedFeature" in mail.error
    assert mail.due_at


@pytest.mark.usefixtures("caplog")
def test_what_a_provider_refuses_is_tried_again_since_it_may_be_the_sender_that_is_wrong(
    provider, monkeypatch
):
    def refuse(self, payload, message):
        raise AnymailRecipientsRefused

    monkeypatch.setattr(anymail_test.EmailBackend, "post_to_esp", refuse)
    mail = announce("no_account", to="frida@example.com")

    for _ in DELAYS:
        OutgoingMail.objects.update(due_at=timezone.now())
        assert not deliver(mail.pk)

    mail.refresh_from_db()
    assert (mail.due_at, mail.attempts) == (None, len(DELAYS))
    assert not is_undeliverable("frida@example.com")
    assert UndeliverableAddress.objects.get().failures == 1
