"""The outbox: no mail of what was rolled back, and none that is lost."""

import re
import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core import mail as outside
from django.db import DataError, connection, transaction
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation

from django_useraccounts.courier import courier
from django_useraccounts.errors import AccountError
from django_useraccounts.invitations.models import ACCEPT_INVITATION
from django_useraccounts.mail import (
    DELAYS,
    _claim,
    announce,
    deliver,
    deliver_due,
)
from django_useraccounts.message import _context, compose
from django_useraccounts.models import OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.policy import Policy
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    FETCH_EXPORT,
    RESET_PASSWORD,
    issue,
    link_of,
    redeem,
)
from django_useraccounts.sessions.models import DISOWN_LOGIN
from django_useraccounts.social.models import CONNECT_BY_LINK
from django_useraccounts.testing import html_of, link_in, mails_to, make_user

pytestmark = pytest.mark.django_db

KINDS = {
    "confirm_email": CONFIRM_EMAIL,
    "reset_password": RESET_PASSWORD,
    "already_registered": None,
    "no_account": None,
    "account_closed": None,
    "account_erased": None,
    "account_opened": RESET_PASSWORD,
    "account_reopened": None,
    "email_added": None,
    "email_change_undone": RESET_PASSWORD,
    "email_removed": None,
    "accept_invitation": ACCEPT_INVITATION,
    "connect_by_link": CONNECT_BY_LINK,
    "export_ready": FETCH_EXPORT,
    "login_disowned": RESET_PASSWORD,
    "new_login": DISOWN_LOGIN,
    "membership_ended": None,
    "membership_ending": None,
    "membership_started": None,
    "password_changed": None,
    "payment_failed": None,
    "primary_email_changed": None,
    "provider_connected": None,
    "provider_disconnected": None,
    "role_ending": None,
    "username_changed": None,
    "welcome": None,
}
TWO_PARTS = re.compile("multipart/alternative")


def announced(kind="welcome", to="frida@example.com", **kwargs):
    return announce(kind, to=to, **kwargs)


def with_link(username="frida", purpose=RESET_PASSWORD):
    user = make_user(username)
    secret = issue(purpose, address=user.emails.get())
    return announce(purpose.name, to=user.email, user=user, secret=secret)


def secret_half():
    """Return what opens the page: the link without the id of its row."""
    return str(link_of(OneTimeSecret.objects.get()))[22:50]


# In the transaction, and after it


def test_a_mail_is_a_row_first_and_leaves_after_the_commit(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mail = announced()
        assert outside.outbox == []
        assert mail.sent_at is None

    mail.refresh_from_db()
    assert [message.to for message in outside.outbox] == [["frida@example.com"]]
    assert mail.sent_at
    assert (mail.due_at, mail.attempts, mail.error) == (None, 1, "")


def test_what_was_rolled_back_is_told_to_nobody(django_capture_on_commit_callbacks):
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(AccountError),
        transaction.atomic(),
    ):
        announced()
        raise AccountError("no")

    assert outside.outbox == []
    assert not OutgoingMail.objects.exists()


def test_a_site_may_leave_the_mails_to_a_command(set_conf, django_capture_on_commit_callbacks):
    set_conf(MAIL_DELIVERY="command")

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        announced()

    assert callbacks == []
    assert outside.outbox == []
    assert deliver_due(limit=10) == 1
    assert len(outside.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_thread_delivers_beside_the_request_and_takes_along_what_had_failed(set_conf):
    set_conf(MAIL_DELIVERY="command")
    announced(to="earlier@example.com")
    set_conf(MAIL_DELIVERY="thread")

    announced()

    assert courier.finish(seconds=20)
    assert sorted(message.to[0] for message in outside.outbox) == [
        "earlier@example.com",
        "frida@example.com",
    ]
    assert OutgoingMail.objects.filter(sent_at=None).count() == 0


# A server of mail that refuses


def test_a_mail_that_is_refused_stays_and_is_tried_again(send_mail_by, caplog):
    mail = announced()
    send_mail_by("tests.ground.doubles.Refusing")

    assert deliver(mail.pk) is False

    row = OutgoingMail.objects.get()
    assert row.sent_at is None
    assert row.attempts == 1
    assert "ConnectionRefusedError" in row.error
    assert "550 5.7.1 I know nobody like that." in row.error
    assert len(row.error) <= 250
    assert timedelta(minutes=1) < row.due_at - timezone.now() < timedelta(minutes=3)
    assert "was not sent" in caplog.text

    send_mail_by("django.core.mail.backends.locmem.EmailBackend")
    OutgoingMail.objects.update(due_at=timezone.now())
    assert deliver(mail.pk) is True
    row.refresh_from_db()
    assert (row.attempts, row.error, row.due_at) == (2, "", None)


@pytest.mark.usefixtures("caplog")
def test_the_delays_grow_and_after_the_last_one_the_mail_is_given_up(send_mail_by):
    mail = announced()
    send_mail_by("tests.ground.doubles.Refusing")
    waits = []

    for _ in DELAYS:
        OutgoingMail.objects.update(due_at=timezone.now())
        deliver(mail.pk)
        row = OutgoingMail.objects.get()
        if row.due_at:
            waits.append(row.due_at - timezone.now())

    assert waits == sorted(waits)
    assert len(set(waits)) == len(waits) == len(DELAYS) - 1
    assert row.due_at is None
    assert row.sent_at is None
    assert row.attempts == len(DELAYS)
    assert row.error
    assert deliver(mail.pk) is False
    assert deliver_due(limit=10) == 0


@pytest.mark.usefixtures("caplog")
def test_a_mail_that_waits_is_not_tried_before_its_time(send_mail_by):
    mail = announced()
    send_mail_by("tests.ground.doubles.Refusing")
    deliver(mail.pk)
    send_mail_by("django.core.mail.backends.locmem.EmailBackend")

    assert deliver(mail.pk) is False
    assert deliver_due(limit=10) == 0
    assert outside.outbox == []


def test_a_server_that_quotes_the_mail_writes_no_link_into_the_table_or_the_log(
    send_mail_by, caplog
):
    mail = with_link()
    send_mail_by("tests.ground.doubles.QuotesLinks")

    assert deliver(mail.pk) is False

    assert secret_half() not in OutgoingMail.objects.get().error
    assert secret_half() not in caplog.text


def test_a_page_that_is_missing_writes_no_link_into_the_table_or_the_log(settings, caplog):
    # a project may leave out pages; Django's NoReverseMatch quotes the arguments
    mail = with_link()
    settings.ROOT_URLCONF = "testproject.guild.urls"

    assert deliver(mail.pk) is False

    assert secret_half() not in OutgoingMail.objects.get().error
    assert secret_half() not in caplog.text


@pytest.mark.usefixtures("caplog")
def test_a_kind_without_templates_is_kept_like_any_mail_that_fails():
    mail = announced("no_such_kind")

    assert deliver(mail.pk) is False
    assert "TemplateDoesNotExist" in OutgoingMail.objects.get().error


# Once, and the longest waiting first


def test_what_is_sent_is_not_sent_again():
    mail = announced()

    assert deliver(mail.pk) is True
    assert deliver(mail.pk) is False

    assert len(outside.outbox) == 1


def test_a_mail_that_is_not_there_is_not_sent():
    assert deliver(4711) is False


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_mail_send_it_once(set_conf, at_once):
    set_conf(MAIL_DELIVERY="command")
    mail = announced()

    sent = at_once([lambda: deliver(mail.pk)] * 6)

    assert sorted(sent) == [False] * 5 + [True]
    assert len(outside.outbox) == 1
    assert OutgoingMail.objects.get().attempts == 1


def test_a_worker_that_read_the_row_before_another_one_took_it_does_not_get_it():
    announced()
    one, other, slow = (OutgoingMail.objects.get() for _ in range(3))

    assert _claim(one) is True
    assert _claim(other) is False
    OutgoingMail.objects.update(due_at=timezone.now())
    assert _claim(slow) is False  # due again, but not what it has read


def test_the_mail_of_a_worker_that_died_is_due_again_after_the_wait():
    mail = announced()
    assert _claim(OutgoingMail.objects.get())  # and then the process is killed

    assert deliver(mail.pk) is False
    OutgoingMail.objects.update(due_at=timezone.now())
    assert deliver(mail.pk) is True


def test_a_mail_whose_every_worker_dies_is_given_up_after_as_many_attempts():
    mail = announced()
    for _ in DELAYS:
        OutgoingMail.objects.update(due_at=timezone.now())
        assert _claim(OutgoingMail.objects.get())
    OutgoingMail.objects.update(due_at=timezone.now())

    assert deliver(mail.pk) is False

    row = OutgoingMail.objects.given_up().get()
    assert row.error == "The last attempt was broken off."
    assert outside.outbox == []


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_a_database_refuses_to_note_keeps_no_other_one_waiting(set_conf, caplog):
    set_conf(MAIL_DELIVERY="command")
    first, second = announced(to="one@example.com"), announced(to="two@example.com")

    def refuse(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "one@example.com" in params:
            raise DataError("value too long")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert deliver_due(limit=10) == 1

    assert OutgoingMail.objects.exclude(sent_at=None).get() == second
    assert f"Mail {first.pk} could not be handled." in caplog.text


def test_those_that_have_waited_longest_go_first_and_no_more_than_asked_for(set_conf):
    set_conf(MAIL_DELIVERY="command")
    now = timezone.now()
    for number in (3, 1, 2, 0):
        mail = announced(to=f"user{number}@example.com")
        OutgoingMail.objects.filter(pk=mail.pk).update(due_at=now - timedelta(hours=9 - number))

    assert deliver_due(limit=3) == 3

    assert [message.to[0] for message in outside.outbox] == [
        "user0@example.com",
        "user1@example.com",
        "user2@example.com",
    ]


# Links


def test_the_table_holds_no_secret_and_a_retried_mail_has_the_same_link(send_mail_by, caplog):
    mail = with_link()
    first = link_in(compose(OutgoingMail.objects.get()))
    send_mail_by("tests.ground.doubles.Refusing")
    deliver(mail.pk)
    send_mail_by("django.core.mail.backends.locmem.EmailBackend")
    OutgoingMail.objects.update(due_at=timezone.now(), error="")

    deliver(mail.pk)

    assert link_in(mails_to("frida@example.com")[0]) == first
    half = secret_half()
    assert half in first
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert half not in repr(cursor.fetchall())


@pytest.mark.parametrize("purpose", [CONFIRM_EMAIL, RESET_PASSWORD])
def test_the_link_leads_to_the_page_of_its_purpose(purpose):
    with_link(purpose=purpose)

    message = compose(OutgoingMail.objects.get())

    link = str(link_of(OneTimeSecret.objects.get()))
    path = f"/accounts/{purpose.name.replace('_', '-')}/{link}/"
    assert link_in(message) == path
    assert f"http://testserver{path}" in message.body
    assert f'href="http://testserver{path}"' in html_of(message)


@pytest.mark.parametrize("death", ["redeemed", "expired"])
def test_a_link_that_works_no_more_is_not_sent(death):
    mail = with_link()
    secret = OneTimeSecret.objects.get()
    if death == "redeemed":
        redeem(secret)
    else:
        OneTimeSecret.objects.update(expires_at=timezone.now())

    assert deliver(mail.pk) is False

    row = OutgoingMail.objects.get()
    assert outside.outbox == []
    assert (row.due_at, row.sent_at) == (None, None)
    assert row.error == "The link of this mail is no longer valid."


def test_a_link_that_a_newer_one_has_replaced_is_not_sent(set_conf):
    # else the reader opens the mail that comes late, and is refused
    set_conf(MAIL_DELIVERY="command")
    older = with_link()
    user = older.user
    newer = issue(RESET_PASSWORD, address=user.emails.get())
    announce("reset_password", to=user.email, user=user, secret=newer)

    deliver_due(limit=10)

    assert [link_in(message) for message in outside.outbox] == [
        f"/accounts/reset-password/{link_of(newer)}/"
    ]


@pytest.mark.usefixtures("caplog")
def test_a_link_of_an_app_that_is_gone_is_tried_like_any_mail_that_fails(set_conf):
    set_conf(MAIL_DELIVERY="command")
    with_link()
    OneTimeSecret.objects.update(purpose="of_an_app_that_is_gone")
    announced(to="second@example.com")

    assert deliver_due(limit=10) == 1

    [row] = OutgoingMail.objects.filter(sent_at=None)
    assert row.error == "KeyError('of_an_app_that_is_gone')"
    assert row.due_at - timezone.now() < timedelta(minutes=3)


def test_a_mail_goes_when_its_address_is_removed():
    with_link()

    UserEmail.objects.all().delete()

    assert not OutgoingMail.objects.exists()
    assert deliver_due(limit=10) == 0


def test_the_lifetime_of_the_link_is_told(set_conf):
    set_conf(LINK_MAX_AGE=timedelta(days=3))
    with_link(purpose=CONFIRM_EMAIL)

    assert "3 days" in compose(OutgoingMail.objects.get()).body.replace("\n", " ")


# What is sent


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_subject_text_and_html_for_one_reader(kind, set_conf):
    set_conf(SITE_NAME="The Guild")
    user = make_user("frida", "Frida@example.com")
    purpose = KINDS[kind]
    secret = issue(purpose, address=user.emails.get()) if purpose else None
    announce(kind, to=user.email, user=user, secret=secret)

    assert deliver_due(limit=1) == 1

    [message] = outside.outbox
    html = html_of(message)
    assert message.recipients() == ["Frida@example.com"]
    assert "The Guild" in message.subject
    assert message.body.strip()
    assert html.strip().startswith("<!doctype html>")
    assert "</html>" in html
    assert "{{" not in message.body + html + message.subject
    assert "<" not in message.body
    assert set(message.extra_headers) == {"Auto-Submitted", "Message-ID"}

    raw = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert raw["To"].addresses[0].addr_spec == "Frida@example.com"
    assert raw["Auto-Submitted"] == "auto-generated"
    assert TWO_PARTS.match(raw.get_content_type())
    assert [part.get_content_type() for part in raw.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_well_for_nobody_in_particular(kind):
    purpose = KINDS[kind]
    secret = issue(purpose, address=make_user().emails.get()) if purpose else None
    announce(kind, to="stranger@example.com", secret=secret)

    message = compose(OutgoingMail.objects.get())

    assert message.to == ["stranger@example.com"]
    assert "None" not in message.subject + message.body + html_of(message)


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_never_has_a_line_break(kind, set_conf):
    set_conf(SITE_NAME="Guild\r\nBcc: eve@example.com\u2028x\x0bx\x85x")
    purpose = KINDS[kind]
    secret = issue(purpose, address=make_user().emails.get()) if purpose else None
    announced(kind, secret=secret)

    assert deliver_due(limit=1) == 1

    [message] = outside.outbox
    assert message.subject.isprintable()
    assert message.recipients() == ["frida@example.com"]
    assert message_from_bytes(message.message().as_bytes())["Bcc"] is None


def test_the_text_is_as_it_is_written_and_the_html_is_escaped(set_conf):
    set_conf(SITE_NAME="Tom & <b>Jerry</b>'s")
    announced(user=make_user("frida"))

    message = compose(OutgoingMail.objects.get())

    assert "Tom & <b>Jerry</b>'s" in message.subject
    assert "Tom & <b>Jerry</b>'s" in message.body
    assert "&amp;" not in message.body
    assert "<b>Jerry</b>" not in html_of(message)
    assert "Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;&#x27;s" in html_of(message)


@pytest.mark.parametrize("address", ["{{7*7}}@example.com", "%s@example.com", "{user}@example.com"])
@pytest.mark.parametrize("kind", ["no_account", "already_registered", "welcome"])
def test_what_a_stranger_typed_is_data_and_no_template(kind, address):
    announced(kind, to=address)

    message = compose(OutgoingMail.objects.get())

    assert message.to == [address]
    assert "49@" not in message.body + html_of(message)


def test_a_confirmation_mail_has_no_name_that_a_stranger_has_chosen():
    user = make_user("visit-evil.example", "victim@example.com", confirmed=False)
    secret = issue(CONFIRM_EMAIL, address=user.emails.get())
    announce("confirm_email", to="victim@example.com", user=user, secret=secret)

    message = compose(OutgoingMail.objects.get())

    assert "evil" not in message.subject + message.body + html_of(message)


def test_an_address_is_used_in_ascii_and_shown_in_unicode():
    mail = announced("no_account", to="x@xn--fa-hia.de")

    assert compose(mail).to == ["x@xn--fa-hia.de"]
    assert _context(mail)["email"] == "x@faß.de"


class Closed(Policy):
    def may_register(self, *, request):
        return False


def test_nobody_is_sent_to_register_where_registration_is_closed(set_conf):
    announced("no_account")
    assert "/accounts/register/" in compose(OutgoingMail.objects.get()).body

    set_conf(POLICY=f"{__name__}.Closed")

    assert "/register/" not in compose(OutgoingMail.objects.get()).body
    assert "/register/" not in html_of(compose(OutgoingMail.objects.get()))


def test_a_mail_speaks_the_language_of_the_moment_in_which_it_was_written():
    with translation.override("ar"):
        mail = announced()
    assert mail.language == "ar"

    with translation.override("de"):
        html = html_of(compose(OutgoingMail.objects.get()))
        assert translation.get_language() == "de"

    assert '<html lang="ar" dir="rtl">' in html


def test_without_a_language_a_mail_speaks_that_of_the_site(settings):
    with translation.override(None):
        assert announced().language == ""

    html = html_of(compose(OutgoingMail.objects.get()))

    assert "<html" in html


@pytest.fixture
def under_a_prefix():
    set_script_prefix("/shop/")
    yield
    set_script_prefix("/")


@pytest.mark.usefixtures("under_a_prefix")
def test_a_site_below_a_path_is_linked_below_its_path(client):
    with_link()
    set_script_prefix("/")  # as in a thread or a command

    message = compose(OutgoingMail.objects.get())

    assert link_in(message).startswith("/shop/accounts/reset-password/")
    assert get_script_prefix() == "/"


def test_another_thread_resolves_links_as_the_request_did(under_a_prefix):
    with_link()
    row, messages = OutgoingMail.objects.select_related("user", "secret__address").get(), []

    thread = threading.Thread(target=lambda: messages.append(compose(row)))
    thread.start()
    thread.join()

    assert "http://testserver/shop/accounts/reset-password/" in messages[0].body
    assert get_script_prefix() == "/shop/"


def test_links_lead_where_the_configuration_says_and_not_the_header(rf, set_conf, settings):
    settings.ALLOWED_HOSTS = ["*"]
    set_conf(ORIGIN="https://guild.example")
    announced(request=rf.get("/", HTTP_HOST="evil.example"))

    message = compose(OutgoingMail.objects.get())

    assert "evil" not in message.body + html_of(message)
    assert "https://guild.example/accounts/login/" in message.body
