"""What projects write their tests with."""

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives

from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.limits import spend
from django_useraccounts.models import AttemptCounter, Role, User
from django_useraccounts.signals import registered
from django_useraccounts.testing import (
    PASSWORD,
    html_of,
    lifted_limits,
    link_in,
    log_in,
    mails_to,
    make_user,
)
from tests.readme import block

pytestmark = pytest.mark.django_db


def test_a_user_is_ready_to_log_in_at_once(client):
    user = make_user()

    assert (user.username, user.email) == ("maria", "maria@example.com")
    assert user.has_confirmed_email
    login = {"identifier": "maria", "password": PASSWORD}
    assert client.post("/accounts/login/", login).status_code == 302


def test_a_user_may_be_made_to_measure():
    user = make_user("frida", "f@example.org", "secret", roles=["artist"], is_staff=True)

    assert user.email == "f@example.org"
    assert user.check_password("secret")
    assert user.has_roles("artist")
    assert user.is_staff


def test_a_user_may_wait_for_confirmation():
    user = make_user(confirmed=False)

    assert not user.has_confirmed_email
    assert user.email == ""
    assert user.emails.get().email == "maria@example.com"


def test_a_user_may_have_no_password():
    assert not make_user(password=None).has_usable_password()


def test_roles_are_made_at_need_and_found_otherwise():
    role = Role.objects.create(name="artist", label="Artist")

    user = make_user(roles=("artist", "starving"))

    assert user.role_names == {"artist", "starving"}
    assert Role.objects.count() == 2
    assert user.roles.get(name="artist") == role


def test_a_user_that_cannot_be_made_leaves_nothing_behind():
    with pytest.raises(Exception, match="role"):
        make_user(roles=["artist", "Not A Role"])

    assert not User.objects.exists()
    assert not Role.objects.exists()


def test_a_client_is_logged_in_without_a_form(client):
    user = make_user()

    assert log_in(client, user) is client

    assert client.get("/accounts/profile/").context["user"] == user


def test_the_link_of_a_mail_is_a_path_for_the_client():
    message = EmailMessage(body=f"Open\nhttps://guild.example/a/b-c/{'x-_9' * 16}/\nplease.")

    assert link_in(message) == f"/a/b-c/{'x-_9' * 16}/"


@pytest.mark.parametrize("body", ["", "https://guild.example/", f"/a/{'x' * 64}/", "http://a/b/x/"])
def test_a_mail_without_a_link_says_so(body):
    with pytest.raises(LookupError, match=r"No link in the mail “Hello”\."):
        link_in(EmailMessage(subject="Hello", body=body))


def test_mails_are_found_by_their_reader(send_mail_by):
    send_mail_by("django.core.mail.backends.locmem.EmailBackend")
    for number, to in enumerate(["a@example.com", "b@example.com", "a@example.com"]):
        EmailMultiAlternatives(subject=str(number), to=[to]).send()

    assert [message.subject for message in mails_to("a@example.com")] == ["0", "2"]
    assert mails_to("c@example.com") == []
    assert len(mail.outbox) == 3


def test_the_html_of_a_mail_is_its_html():
    message = EmailMultiAlternatives(body="text")
    message.attach_alternative("<p>html</p>", "text/html")

    assert html_of(message) == "<p>html</p>"


def test_lifted_limits_count_nothing_and_hold_again_afterwards():
    with lifted_limits():
        for _ in range(50):
            spend("register", identifier="a@example.com", request=None).forgive()

    assert not AttemptCounter.objects.exists()
    with pytest.raises(TooManyAttempts):
        for _ in range(6):
            spend("register", identifier="a@example.com", request=None)


def test_the_page_shows_how_a_receiver_is_tested(
    client, settings, django_capture_on_commit_callbacks
):
    code: dict = {}
    exec(block("python", "on_commit", "docs/testing.rst"), code)
    test = code["test_the_desk_is_told_of_a_newcomer"]
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "thread"}
    commits = django_capture_on_commit_callbacks

    test(client, None, settings, commits)

    # It fails where nobody listens.
    registered.disconnect(code["tell_the_desk"])
    mail.outbox.clear()
    with pytest.raises(ValueError, match="not enough values"):
        test(client, None, settings, commits)
