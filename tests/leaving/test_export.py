"""What an account holds is packed beside the request, and handed to its owner once."""

import io
import json
import logging
import threading
import zipfile
from datetime import timedelta

import pytest
from django.core import mail as outside
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_useraccounts import personal_data, signals
from django_useraccounts.administration.flows import end_sessions
from django_useraccounts.courier import courier
from django_useraccounts.emails.flows import add_email, make_primary
from django_useraccounts.errors import EmailNotConfirmed, LinkInvalid, LinkUsed, TooManyAttempts
from django_useraccounts.leaving.flows import (
    close_account,
    fetch_export,
    make_due_exports,
    request_export,
)
from django_useraccounts.leaving.flows.exporting import RETRY
from django_useraccounts.models import AccountEvent, AccountExport, OneTimeSecret, OutgoingMail
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.personal_data import register_personal_data
from django_useraccounts.profile.flows import change_username
from django_useraccounts.secrets import FETCH_EXPORT, issue
from django_useraccounts.testing import (
    PASSWORD,
    html_of,
    lifted_limits,
    link_in,
    mails_to,
    make_user,
)

pytestmark = pytest.mark.django_db

PARTS = [
    *("account", "addresses", "connections", "events", "invitations", "mails", "memberships"),
    *("roles", "sessions", "usernames"),
]


def page(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


def logged_in(username="maria"):
    client = Client()
    client.post(page("login"), {"identifier": username, "password": PASSWORD})
    return client


@pytest.fixture
def maria():
    make_user("someone")
    return make_user("maria", roles=["artist"], first_name="María")


@pytest.fixture
def browser(maria):
    return logged_in()


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    """Do after a block what waits for its commit, and what waits for the commit of that."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(personal_data, "_registered", dict(personal_data._registered))


def opened(content):
    """Return what is in a ZIP: the data by name, and the text."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    readme = texts.pop("README.txt")
    return {name.removesuffix(".json"): json.loads(text) for name, text in texts.items()}, readme


def export_of(user, sent):
    with sent():
        request_export(user)
    return AccountExport.objects.get(user=user)


def later(delay):
    """Let so much time go by for what waits."""
    AccountExport.objects.update(due_at=F("due_at") - delay)


# By the pages


@pytest.mark.asvs("3.2.1", "5.4.1")
def test_from_the_button_to_the_file(browser, maria, sent):
    with sent():
        browser.post(page("export_account"))
    text = browser.get(page("export_account")).content.decode()
    assert "Open the link in the mail that we sent to maria@example.com" in text
    [told] = mails_to("maria@example.com")
    assert told.subject == "Your data at testserver are ready"
    assert "The link works once, and for 7 days." in told.body
    assert link_in(told) in html_of(told)

    opening = browser.get(link_in(told))
    assert opening["Referrer-Policy"] == "no-referrer"
    shown = browser.get(opening["Location"])
    assert "Your data are ready" in shown.content.decode()
    with sent():
        download = browser.post(opening["Location"])

    assert download["Content-Type"] == "application/zip"
    today = timezone.localdate()
    assert download["Content-Disposition"] == f'attachment; filename="testserver-{today}.zip"'
    assert "no-store" in download["Cache-Control"]
    data, _readme = opened(download.content)
    assert sorted(data) == PARTS
    assert data["account"]["first_name"] == "María"
    assert not AccountExport.objects.exists()
    kinds = list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["export_requested", "export_fetched"]

    again = browser.post(opening["Location"])
    assert again.status_code == 410
    assert "You can have your data packed again." in again.content.decode()


@pytest.mark.asvs("1.2.3")
@pytest.mark.parametrize("name", ['", "is_staff": true, "x": "', "\\", "'", "\u2028</script>"])
def test_what_looks_like_json_is_text_in_it(maria, sent, name):
    maria.first_name = name
    maria.save()

    data, _readme = opened(bytes(export_of(maria, sent).content))

    assert data["account"]["first_name"] == name
    assert data["account"]["is_staff"] is False


@pytest.mark.asvs("5.4.2")
@pytest.mark.parametrize(
    "name, file",
    [
        ('The "Guild"; x=y', "the-guild-xy"),
        ("Guild\r\nSet-Cookie: a=b", "guild-set-cookie-ab"),
        ("../../etc/passwd", "etcpasswd"),
        ("Künstler", "kunstler"),
    ],
)
def test_the_file_is_called_by_letters_and_digits_alone(browser, sent, set_conf, name, file):
    set_conf(SITE_NAME=name)
    with sent():
        browser.post(page("export_account"))
    link = link_in(mails_to("maria@example.com")[-1])

    download = browser.post(browser.get(link)["Location"])

    called = f'attachment; filename="{file}-{timezone.localdate()}.zip"'
    assert download["Content-Disposition"] == called


def test_a_site_without_time_zones_hands_it_out(without_time_zones, sent):
    without_time_zones("Europe/Berlin")
    maria = make_user("maria")
    with sent():
        request_export(maria)
    browser = logged_in()

    opening = browser.get(link_in(mails_to("maria@example.com")[-1]))
    download = browser.post(opening["Location"])

    assert f"testserver-{timezone.now():%Y-%m-%d}.zip" in download["Content-Disposition"]
    assert sorted(opened(download.content)[0]) == PARTS


def test_the_page_tells_that_it_is_not_made_yet(browser, set_conf):
    set_conf(MAIL_DELIVERY="command")

    text = browser.post(page("export_account"), follow=True).content.decode()

    assert "We send a mail to maria@example.com when they are ready." in text
    assert "fetch-export" not in text


@pytest.mark.parametrize("is_made", [True, False])
def test_the_page_names_the_address_that_the_mail_is_for(browser, maria, sent, set_conf, is_made):
    set_conf(MAIL_DELIVERY="immediate" if is_made else "command")
    with sent():
        request_export(maria)
    with lifted_limits():
        make_primary(add_email(maria, "new@example.com", confirmed=True))

    text = browser.get(page("export_account")).content.decode()

    assert ("Open the link" in text) is is_made
    assert "maria@example.com" in text
    assert "new@example.com" not in text


def test_the_page_costs_three_queries_and_reads_no_zip(browser, maria, sent):
    export_of(maria, sent)

    with CaptureQueriesContext(connection) as queries:
        browser.get(page("export_account"))

    assert len(queries) == 3
    assert not [q for q in queries if '"content"' in q["sql"] or "`content`" in q["sql"]]


def test_a_stranger_with_the_link_has_to_log_in_and_its_secret_is_in_no_url(maria, sent):
    export_of(maria, sent)
    link = link_in(mails_to("maria@example.com")[-1])
    client = Client()

    opening = client.get(link)
    asked = client.get(opening["Location"])

    secret = link.strip("/").split("/")[-1]
    assert asked.status_code == 302
    assert asked["Location"].startswith(page("login"))
    assert secret[22:] not in opening["Location"] + asked["Location"]
    client.post(page("login"), {"identifier": "maria", "password": PASSWORD})
    assert client.post(opening["Location"])["Content-Type"] == "application/zip"


def test_the_password_is_asked_for_again_after_a_while(browser, maria, sent):
    export_of(maria, sent)
    session = browser.session
    session["useraccounts_proved_at"] = 1
    session.save()
    path = browser.get(link_in(mails_to("maria@example.com")[-1]))["Location"]

    for answer in (browser.get(path), browser.post(path), browser.post(page("export_account"))):
        assert answer["Location"].startswith(page("confirm_identity"))
    assert AccountExport.objects.count() == 1


@pytest.mark.asvs("8.2.2")
def test_the_link_of_somebody_else_gives_nothing(maria, sent):
    export_of(maria, sent)
    other = logged_in("someone")
    path = other.get(link_in(mails_to("maria@example.com")[-1]))["Location"]

    answer = other.post(path)

    assert answer.status_code == 404
    assert AccountExport.objects.get().content
    with pytest.raises(LinkInvalid):
        fetch_export(OneTimeSecret.objects.get(), AccountEvent.objects.last().user)


@pytest.mark.parametrize("link", ["x", "x" * 64, "x" * 22, "-" * 64])
def test_what_is_no_link_is_told(browser, link):
    assert browser.get(page("fetch_export", link), follow=True).status_code == 404


def test_the_link_ends_with_the_sessions(browser, maria, sent):
    export_of(maria, sent)
    end_sessions(maria)
    client = logged_in()

    path = client.get(link_in(mails_to("maria@example.com")[-1]))["Location"]

    assert client.get(path).status_code == 410


def test_a_newer_request_takes_the_place_of_the_older_one(maria, sent):
    first = export_of(maria, sent)
    second = export_of(maria, sent)

    assert list(AccountExport.objects.all()) == [second]
    assert not OneTimeSecret.objects.filter(pk=first.secret_id).exists()


@pytest.mark.asvs("2.4.1")
def test_three_a_day(browser):
    answers = [browser.post(page("export_account")) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    assert "Too many attempts." in answers[-1].content.decode()
    assert AccountExport.objects.count() == 1


def test_who_cannot_be_mailed_to_is_led_to_the_addresses(set_conf):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    nova = make_user("nova", confirmed=False)

    answer = logged_in("nova").get(page("export_account"))

    assert answer["Location"].startswith(page("emails"))
    with pytest.raises(EmailNotConfirmed):
        request_export(nova)


def test_a_site_without_addresses_leads_to_it_from_the_page(set_conf, maria, sent):
    set_conf(EMAIL="off")
    browser = logged_in()
    with sent():
        text = browser.post(page("export_account"), follow=True).content.decode()
    assert "packed" in text

    text = browser.get(page("export_account")).content.decode()
    link = text.partition("/fetch-export/")[2].partition("/")[0]
    path = browser.get(page("fetch_export", link))["Location"]

    data, _readme = opened(browser.post(path).content)
    assert data["account"]["username"] == "maria"
    assert not OutgoingMail.objects.exists()


# What is in it


@pytest.mark.asvs("15.3.1")
def test_it_holds_what_the_app_holds_and_no_secret(maria, sent, rf):
    with lifted_limits(), sent():
        add_email(maria, "second@example.com", confirmed=True)
        change_username(maria, "curie")
        request = rf.get("/", REMOTE_ADDR="203.0.113.9")
        AccountEvent.objects.record("logged_in", user=maria, actor=maria, request=request)
        request_export(maria)
    content = AccountExport.objects.get().content
    data, readme = opened(bytes(content))

    account = data["account"]
    assert (account["id"], account["username"], account["email"]) == (
        maria.pk,
        "curie",
        "maria@example.com",
    )
    assert account["first_name"] == "María"
    assert [row["address"] for row in data["addresses"]] == [
        "maria@example.com",
        "second@example.com",
    ]
    assert [row["username"] for row in data["usernames"]] == ["maria"]
    assert [(row["role"], row["source"]) for row in data["roles"]] == [("artist", "testing")]
    assert "email_added" in {row["kind"] for row in data["mails"]}
    events = {row["what"]: row for row in data["events"]}
    assert events["logged_in"]["from"] == "203.0.113.9"
    assert events["logged_in"]["by_yourself"]
    assert not events["role_granted"]["by_yourself"]
    assert "export_requested" in events
    text = json.dumps(data)
    for secret in ("argon2", 'password"', "session_epoch", "registration_key", "browser_key"):
        assert secret not in text
    assert str(OneTimeSecret.objects.last().pk) not in text
    for name in data:
        assert f"{name}.json" in readme
    assert "someone" not in text


def test_other_apps_hand_theirs_out_too(maria, sent, registry):
    held = {"keys": ["cellar"], "since": timezone.now(), "worth": timedelta(days=1)}
    register_personal_data("keys", export=lambda user: {**held, "of": user.username})
    register_personal_data("nothing", erase=lambda user: None)

    export = export_of(maria, sent)

    data, readme = opened(bytes(export.content))
    assert data["keys"]["of"] == "maria"
    assert data["keys"]["keys"] == ["cellar"]
    assert "nothing" not in data
    assert "keys.json" in readme


def test_an_account_with_nothing_is_packed_too(sent, set_conf):
    set_conf(EMAIL="off")
    nobody = make_user("nobody")
    nobody.emails.all().delete()

    data, _readme = opened(bytes(export_of(nobody, sent).content))

    assert data["roles"] == data["addresses"] == []


# Beside the request


@pytest.mark.django_db(transaction=True)
def test_a_thread_makes_it_beside_the_request(set_conf):
    set_conf(MAIL_DELIVERY="thread")
    maria = make_user("maria")
    makers = []
    register = personal_data._registered
    before = dict(register)
    register_personal_data("maker", export=lambda _: makers.append(threading.current_thread()))
    try:
        request_export(maria)
        assert courier.finish(seconds=20)
    finally:
        register.clear()
        register.update(before)

    assert [thread.name for thread in makers] == ["useraccounts"]
    assert AccountExport.objects.get().made_at
    assert courier.finish(seconds=20)
    assert len(outside.outbox) == 1


def test_a_command_makes_what_waits_and_mails_it(maria, set_conf, sent):
    set_conf(MAIL_DELIVERY="command")
    with sent():
        request_export(maria)
    assert AccountExport.objects.get().made_at is None
    assert not outside.outbox

    with sent():
        call_command("useraccounts_send_mail")

    assert AccountExport.objects.get().made_at
    assert [m.subject for m in mails_to("maria@example.com")] == [
        "Your data at testserver are ready"
    ]
    assert make_due_exports(limit=10) == 0


def test_what_one_app_refuses_is_logged_and_tried_again(maria, sent, registry, caplog):
    def refuse(user):
        raise ValueError("The keys are away.")

    register_personal_data("keys", export=refuse)
    with caplog.at_level(logging.ERROR):
        export = export_of(maria, sent)
    assert "The keys are away." in caplog.text
    assert export.made_at is None
    assert not mails_to("maria@example.com")

    del personal_data._registered["keys"]
    later(RETRY)
    with sent():
        assert make_due_exports(limit=10) == 1

    assert len(mails_to("maria@example.com")) == 1


def refuse_of(username, error):
    """Have an app that hands out nothing of one user."""

    def refuse(user):
        if user.username == username:
            raise error

    register_personal_data("keys", export=refuse)


def test_what_the_database_refuses_of_one_zip_keeps_no_other(maria, set_conf, registry, caplog):
    set_conf(MAIL_DELIVERY="command")
    refuse_of("maria", OperationalError("Lock wait timeout exceeded"))
    frida = make_user("frida")
    for user in (maria, frida):
        request_export(user)

    assert make_due_exports(limit=10) == 1

    assert AccountExport.objects.get(user=frida).made_at
    assert "Lock wait timeout exceeded" in caplog.text


def test_no_mail_waits_for_the_zips(maria, set_conf, registry):
    set_conf(MAIL_DELIVERY="command")
    refuse_of("maria", KeyboardInterrupt())
    request_export(maria)
    forgot_password("maria@example.com")

    with pytest.raises(KeyboardInterrupt):
        call_command("useraccounts_send_mail")

    assert len(mails_to("maria@example.com")) == 1


def test_a_zip_that_could_not_be_made_is_put_off(maria, set_conf, registry, caplog):
    set_conf(MAIL_DELIVERY="command")
    refuse_of("maria", ValueError("The keys are away."))
    request_export(maria)

    for _ in range(3):
        make_due_exports(limit=10)

    assert caplog.text.count("ValueError") == 1
    later(RETRY)
    make_due_exports(limit=10)
    assert caplog.text.count("ValueError") == 2


def test_zips_that_cannot_be_made_keep_no_newer_one(maria, sent, registry):
    refuse_of("maria", ValueError("The keys are away."))
    AccountExport.objects.bulk_create(
        AccountExport(user=maria, secret=issue(FETCH_EXPORT, address=None, user=maria))
        for _ in range(10)
    )

    export = export_of(make_user("frida"), sent)

    assert export.made_at


def test_who_closes_the_account_while_it_is_packed_waits_for_nothing(maria, set_conf, registry):
    set_conf(MAIL_DELIVERY="command")
    register_personal_data("slow", export=close_account, erase=lambda user: None)
    request_export(maria)
    with CaptureQueriesContext(connection) as asked:
        assert make_due_exports(limit=10) == 0

    assert AccountEvent.objects.filter(kind="account_closed").exists()
    assert not AccountExport.objects.exists()
    before = [
        row["sql"] for row in asked.captured_queries if "useraccounts_accountexport" in row["sql"]
    ]
    assert not any("FOR UPDATE" in sql for sql in before)


def test_the_page_before_it_is_made_gives_nothing(maria, set_conf):
    set_conf(MAIL_DELIVERY="command")
    export = request_export(maria)

    with pytest.raises(LinkUsed):
        fetch_export(export.secret, maria)

    export.secret.refresh_from_db()
    assert export.secret.redeemed_at is None


def test_a_mail_that_never_became_due_is_not_sent_when_its_link_is_over(maria, set_conf):
    set_conf(MAIL_DELIVERY="command")
    request_export(maria)
    OneTimeSecret.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    OutgoingMail.objects.update(due_at=timezone.now())

    call_command("useraccounts_send_mail")

    assert not outside.outbox
    assert AccountExport.objects.get().made_at is None


def test_what_was_not_fetched_is_deleted_after_seven_days(maria, sent):
    frida = make_user("frida")
    kept = export_of(frida, sent)
    export = export_of(maria, sent)
    OneTimeSecret.objects.filter(pk=export.secret_id).update(expires_at=timezone.now())

    call_command("useraccounts_prune")

    assert list(AccountExport.objects.all()) == [kept]
    assert kept.secret.expires_at - kept.requested_at <= timedelta(days=7)


def test_closing_the_account_deletes_it(maria, sent):
    export_of(maria, sent)

    close_account(maria)

    assert not AccountExport.objects.exists()


def test_receivers_hear_of_both(maria, sent):
    heard = []

    def hear(signal, user, **news):
        heard.append((signal, user))

    both = (signals.export_requested, signals.export_fetched)
    for signal in both:
        signal.connect(hear)
    with sent():
        export = request_export(maria)
    with sent():
        fetch_export(export.secret, maria)
    for signal in both:
        signal.disconnect(hear)

    assert heard == [(signals.export_requested, maria), (signals.export_fetched, maria)]


def test_a_refused_request_leaves_nothing(maria, sent):
    for _ in range(3):
        export_of(maria, sent)
    before = AccountEvent.objects.count()

    with pytest.raises(TooManyAttempts):
        request_export(maria)

    assert AccountEvent.objects.count() == before
    assert AccountExport.objects.get().content
