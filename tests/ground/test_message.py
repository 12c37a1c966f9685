"""The message of a mail: in the language of its reader, from the sender of its kind."""

import pytest
from django.utils import translation

from django_useraccounts.mail import announce
from django_useraccounts.message import compose
from django_useraccounts.models import User
from django_useraccounts.policy import Policy
from django_useraccounts.registration.flows import register
from django_useraccounts.testing import make_user

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
