"""P. Mail: one reader, the right one, and nothing in it that a stranger wrote."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from django_useraccounts.administration.flows import add_user
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import InvalidEmail
from django_useraccounts.invitations.flows import invite
from django_useraccounts.mail import announce, deliver
from django_useraccounts.message import compose
from django_useraccounts.models import OutgoingMail, Role
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.registration.flows import register
from django_useraccounts.roles.flows import grant_role, remind_of_ends
from django_useraccounts.testing import html_of, log_in, make_user
from tests.admin.pages import errors_of, save
from tests.attacks.browsers import EVIL, PASSWORD, VICTIM, last_mail, link_in, url
from tests.attacks.channels import address_by_adding_in_administration

pytestmark = pytest.mark.django_db

User = get_user_model()


def headers_of(message: EmailMessage) -> list[tuple[str, str]]:
    """Return the headers as they go over the wire."""
    parsed = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    return [(name, str(value)) for name, value in parsed.items()]


NASTY_NAMES = [
    "Guild\r\nBcc: evil@example.com",
    "Guild\nBcc: evil@example.com",
    "Guild\rBcc: evil@example.com",
    "Guild\u2028Bcc: evil@example.com",
    "Guild\x0bBcc: evil@example.com",
    "Guild\x85Bcc: evil@example.com",
]


@pytest.mark.asvs("1.3.11")
@pytest.mark.parametrize("name", NASTY_NAMES, ids=ascii)
def test_P1_a_line_break_in_the_name_of_the_site_makes_no_header(browser, set_conf, name):
    set_conf(SITE_NAME=name)

    browser.forgot()

    (message,) = mail.outbox
    assert "Bcc" not in dict(headers_of(message))
    assert message.recipients() == [VICTIM]
    assert "\n" not in message.subject
    assert "\r" not in message.subject


@pytest.mark.asvs("1.3.3", "1.3.11")
@pytest.mark.parametrize("name", ["mallory\r\nBcc: x@y.z", "mallory\nSubject: hi", "mal\rlory"])
def test_P1_a_line_break_in_a_username_is_refused(browser, name):
    assert browser.register(name).status_code == 200
    assert not mail.outbox
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "email",
    [
        "a@b.com,c@d.com",
        "a@b.com;c@d.com",
        "a@b.com c@d.com",
        "a@b.com\nc@d.com",
        "a@b.com\r\nBcc: c@d.com",
        "a@b.com%0aBcc:c@d.com",
        "a@b.com\x00",
        "a@b.com>,<c@d.com",
        '"a@b.com, c"@d.com',
        "a@b.com(c@d.com)",
        "undisclosed-recipients:;",
        "a@b.com\u2028c@d.com",
        "a@b.com、c@d.com",
        "@a.com:b@c.com",
    ],
    ids=ascii,
)
def test_P2_two_addresses_are_none(browser, email):
    for send in (browser.forgot, browser.resend):
        assert send(email).status_code == 200
    assert browser.register("mallory", email).status_code == 200
    for flow in (forgot_password, lambda e: register("mallory", email=e, password=EVIL)):
        with pytest.raises(InvalidEmail):
            flow(email)

    assert not OutgoingMail.objects.exists()


def by_code(email):
    for make in (User.objects.create_user, User.objects.create_superuser):
        with pytest.raises(InvalidEmail):
            make("mallory", email, EVIL)


def by_commands(email):
    with pytest.raises(CommandError):
        call_command("createsuperuser", "--noinput", "--username", "mallory", "--email", email)


def by_flows(email):
    boss = make_user("boss", is_superuser=True)
    for flow in (
        lambda: add_email(boss, email),
        lambda: invite(email, by=boss),
        lambda: add_user("mallory", email=email, by=boss),
        lambda: add_email(boss, email, confirmed=True, by=boss),
    ):
        with pytest.raises(InvalidEmail):
            flow()


def by_administration(email):
    client = Client()
    assert errors_of(address_by_adding_in_administration(client, email))
    user = User.objects.get(username="boss")
    assert errors_of(save(client, user, emails__TOTAL_FORMS="2", emails__1__email=email))


@pytest.mark.parametrize("channel", [by_code, by_commands, by_flows, by_administration])
@pytest.mark.parametrize(
    "email", ["a@b.com,c@d.com", "a@b.com\nBcc: c@d.com", '"a@b.com, c"@d.com']
)
def test_P2_two_addresses_are_none_whoever_writes_them_down(channel, email):
    channel(email)

    assert not OutgoingMail.objects.exists()
    assert not User.objects.filter(username__in=["mallory", "another"]).exists()


@pytest.mark.asvs("15.3.7")
@pytest.mark.parametrize("key", ["email", "email[]", "email[0]", "email.0"])
def test_P2_of_several_values_one_is_taken(browser, key):
    make_user("victoria", VICTIM)
    browser.post(url("forgot_password"), {key: [VICTIM, "evil@example.net"]})
    browser.post(url("forgot_password"), {key: ["evil@example.net", VICTIM]})

    for message in mail.outbox:
        assert len(message.recipients()) == 1
        if message.recipients() != [VICTIM]:
            with pytest.raises(LookupError):
                link_in(message)


def test_P2_a_file_is_no_address(browser):
    from django.core.files.uploadedfile import SimpleUploadedFile

    response = browser.post(
        url("forgot_password"), {"email": SimpleUploadedFile("a@b.com", b"victim@example.com")}
    )

    assert response.status_code == 200
    assert not mail.outbox


def test_P3_no_header_holds_a_name_that_somebody_chose(browser):
    make_user("victoria", VICTIM, first_name="Evil <evil@example.net>", last_name="\u202etxt")
    browser.forgot()
    browser.register("mallory", "m@example.com")

    for message in mail.outbox:
        text = "".join(value for name, value in headers_of(message))
        for word in ("Evil", "evil@example.net", "\u202e", "victoria", "mallory"):
            assert word not in text


@pytest.mark.parametrize("name", ["www.evil.com", "visit.evil.com", "free-money.example"])
def test_P4_a_mail_to_an_address_that_nobody_proved_holds_no_text_of_a_stranger(browser, name):
    browser.register(name)
    browser.resend()

    for message in mail.outbox:
        assert name not in f"{message.subject}{message.body}{html_of(message)}"


def test_P4_a_mail_to_the_owner_of_a_taken_address_names_no_stranger(browser):
    make_user("victoria", VICTIM)

    browser.register("www.evil.com")

    message = last_mail()
    assert "evil" not in f"{message.subject}{message.body}{html_of(message)}"


def test_P4_nor_does_it_when_somebody_adds_it_to_the_own_account(browser):
    make_user("victoria", VICTIM)
    evil = make_user("mallory", "m@example.net", first_name="Visit www.evil.com")
    log_in(browser, evil)

    browser.post(url("add_email"), {"email": VICTIM})

    message = last_mail()
    assert "evil" not in f"{message.subject}{message.body}{html_of(message)}"
    assert "mallory" not in message.body


@pytest.mark.asvs("1.1.2", "1.2.1", "3.2.2")
def test_P4_markup_in_names_is_text_in_the_html(browser, set_conf):
    set_conf(SITE_NAME="<b>Guild</b> & <img src=//evil.com>")
    user = make_user("victoria", VICTIM)
    User.objects.filter(pk=user.pk).update(username='<a href="//evil.com">x</a>')
    browser.forgot()

    html = html_of(last_mail())

    assert "<img" not in html
    assert '<a href="//evil.com"' not in html
    assert "&lt;b&gt;Guild" in html
    # Plain text is not HTML: nothing is escaped twice for its reader.
    assert "<b>Guild</b> &" in last_mail().body
    assert "&amp;" not in last_mail().subject


@pytest.mark.asvs("1.2.4", "1.3.7", "1.3.10")
@pytest.mark.parametrize(
    "local",
    ["{{7*7}}", "{user.password}", "%s%s%s%n", "{%load%}", "{0}", "${7*7}", "{{user.password}}"]
    + ["#{7*7}", "`id`", "a'--", "'or'1'='1", "*", "?", "/etc/passwd"],
)
def test_P5_an_address_that_looks_like_a_template_is_text(browser, local):
    address = f"{local}@x.com"

    registered = browser.register("mallory", address, PASSWORD)
    page = browser.get(url("mail_sent"))
    forgotten = browser.forgot(address)

    assert registered.status_code == 302
    assert forgotten.status_code == 302
    for message in mail.outbox:
        assert message.to == [address]
        assert "49" not in re.sub(r"/[\w-]{64}/|#\w+|\d+px", "", message.subject + message.body)
        assert "argon2" not in message.body
    assert b"argon2" not in page.content
    browser.confirm(next(message for message in mail.outbox if "Confirm" in message.subject))
    assert browser.user_id
    assert address.encode() in browser.get(url("profile")).content.replace(b"&#x27;", b"'")


def test_P5_a_mail_is_whole_whatever_the_names_are(browser, set_conf):
    set_conf(SITE_NAME="{{ user.password }} {% now 'Y' %} %(x)s {0}")
    user = make_user("victoria", VICTIM)
    browser.forgot()

    message = last_mail()
    assert "{{ user.password }} {% now 'Y' %} %(x)s {0}" in message.subject
    assert user.password not in message.body


@pytest.mark.parametrize("name", ["{{ user.password }}", "%(x)s %s", "{0}{user.password}"])
def test_P5_a_name_that_looks_like_a_template_is_text(browser, name):
    user = make_user("victoria", VICTIM, first_name=name)
    browser.forgot()

    message = last_mail()
    assert name in message.body
    assert name in html_of(message)
    assert user.password not in f"{message.body}{html_of(message)}"


def test_P1_a_line_break_in_the_name_of_a_role_makes_no_header():
    role = Role.objects.create(name="artist", label="Artist\r\nBcc: evil@example.com")
    grant = grant_role(
        make_user("victoria", VICTIM), role, until=timezone.now() + timedelta(days=3)
    )
    remind_of_ends()

    message = compose(OutgoingMail.objects.get(grant=grant))

    assert "Artist Bcc: evil@example.com" in dict(headers_of(message))["Subject"]
    assert "Bcc" not in dict(headers_of(message))


@pytest.mark.django_db(transaction=True)
def test_P7_work_that_is_undone_sends_no_mail():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        register("mallory", email=VICTIM, password=EVIL)
        _ = 1 / 0

    assert not mail.outbox
    assert not OutgoingMail.objects.exists()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_P7_no_mail_leaves_before_the_commit():
    with transaction.atomic():
        register("mallory", email=VICTIM, password=EVIL)
        assert not mail.outbox
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_P7_a_mail_that_cannot_be_written_undoes_the_work(monkeypatch):
    from django.db.models.signals import pre_save

    def full(**kwargs):
        raise ZeroDivisionError

    pre_save.connect(full, sender=OutgoingMail)
    try:
        with pytest.raises(ZeroDivisionError):
            register("mallory", email=VICTIM, password=EVIL)
    finally:
        pre_save.disconnect(full, sender=OutgoingMail)

    assert not User.objects.exists()


# Seams


def test_a_mail_goes_to_the_address_it_was_written_to_whatever_the_user_became(db, set_conf):
    set_conf(MAIL_DELIVERY="command")
    user = make_user("victoria", VICTIM)
    row = announce("password_changed", to=user.email, user=user)
    User.objects.filter(pk=user.pk).update(email="evil@example.net", username="evil")

    assert deliver(row.pk)

    assert [message.to for message in mail.outbox] == [[VICTIM]]


def test_no_answer_to_a_mail_is_asked_from_robots(browser):
    browser.forgot()

    assert dict(headers_of(last_mail()))["Auto-Submitted"] == "auto-generated"


def test_a_mail_in_another_language_of_the_asker_stays_a_mail_of_the_site(browser):
    for language in ("xx", "de", "../../etc/passwd", "en;q=nan", "zh-hant-" + "x" * 500):
        response = browser.post(
            url("forgot_password"),
            {"email": f"user{len(mail.outbox)}@example.com"},
            headers={"accept-language": language},
        )
        assert response.status_code == 302

    assert len(mail.outbox) == 5


def test_the_link_of_a_used_secret_is_not_mailed_late(browser, set_conf):
    set_conf(MAIL_DELIVERY="command")
    make_user("victoria", VICTIM)
    browser.forgot()
    row = OutgoingMail.objects.get()
    link = link_in(compose(row))
    browser.reset(link)

    assert not deliver(row.pk)
    assert not mail.outbox


def test_the_link_is_on_the_origin_of_the_site_in_text_and_html(browser):
    make_user("victoria", VICTIM)
    browser.forgot()

    message = last_mail()
    hosts = set(re.findall(r"https?://([^/\s\"'<>]+)", message.body + html_of(message)))
    assert hosts == {"testserver"}
