"""A. Registration: what a stranger may plant before the owner of an address comes."""

import sys
from base64 import b64encode
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models.signals import pre_save
from django.forms import Form
from django.urls import reverse
from django.utils import timezone
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from django_useraccounts.administration.flows import add_user
from django_useraccounts.browser import COOKIE
from django_useraccounts.emails.flows import confirm_email, disown_email
from django_useraccounts.errors import EmailTaken, RegistrationClosed, UsernameTaken
from django_useraccounts.fields import PasswordField
from django_useraccounts.models import (
    AccountEvent,
    AttemptCounter,
    OneTimeSecret,
    OutgoingMail,
    UserEmail,
)
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import CONFIRM_EMAIL, issue, link_of
from django_useraccounts.social.flows import register_identity
from django_useraccounts.social.identities import Identity, identity_key
from django_useraccounts.testing import lifted_limits, log_in, make_user
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    halves,
    last_mail,
    link_in,
    mailbox,
    mails_to,
    page_of,
    patterns,
    proof_of,
    url,
)
from tests.attacks.channels import BOSS, MALLORY, NAMING
from tests.social.visits import HANNAH, ISSUER, arrive, has_providers, provider

__all__ = ["has_providers", "provider"]  # fixtures

pytestmark = pytest.mark.django_db

User = get_user_model()
BROKEN = "tests.attacks.broken"


def test_A2_a_session_from_before_the_claim_dies_when_the_owner_sets_a_password(
    new_browser, set_conf
):
    # A site that lets people in before they confirm.
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    attacker, victim = new_browser(), new_browser()
    attacker.register()
    attacker.log_in("mallory", EVIL)
    assert attacker.user_id

    # The victim is fooled into confirming, and takes the account over by a new password.
    victim.confirm(last_mail())
    victim.forgot()
    victim.reset(last_mail(), NEW_PASSWORD)

    assert attacker.user_id is None
    attacker.log_in("mallory", EVIL)
    assert attacker.user_id is None
    victim.log_in(VICTIM, NEW_PASSWORD)
    assert victim.user_id


def test_A2_a_session_dies_even_if_it_was_confirmed_in_the_attackers_browser(browser, new_browser):
    user = make_user("mallory", VICTIM, EVIL)
    browser.log_in("mallory", EVIL)

    victim = new_browser()
    victim.forgot()
    victim.reset(last_mail())

    assert browser.user_id is None
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


def test_A3_what_a_stranger_left_on_the_account_goes_when_the_owner_resets(browser):
    user = make_user("mallory", VICTIM, EVIL)
    planted = UserEmail.objects.add_claim(user, "attacker@example.net")
    secret = issue(CONFIRM_EMAIL, address=planted)

    browser.forgot()
    browser.reset(last_mail())

    assert [address.email for address in UserEmail.objects.filter(user=user)] == [VICTIM]
    assert not OneTimeSecret.objects.filter(pk=secret.pk).exists()


@pytest.mark.asvs("7.6.2")
def test_A4_confirming_in_another_browser_than_the_one_that_registered_logs_nobody_in(
    browser, new_browser
):
    browser.register()
    victim = new_browser()

    page = victim.open(last_mail())
    victim.confirm(last_mail())

    assert b"It was not me" in page.content
    assert b"mallory" in page.content
    assert victim.user_id is None
    assert browser.user_id is None


def test_A4_not_me_takes_the_address_off_the_account(browser, new_browser):
    browser.register()
    victim = new_browser()

    response = victim.confirm(last_mail(), answer="not_me")

    assert response.status_code == 200
    assert not UserEmail.objects.exists()
    assert not User.objects.get().has_confirmed_email
    browser.log_in("mallory", EVIL)
    assert browser.user_id is None


def test_A4_a_browser_that_registered_another_account_is_not_logged_in_either(browser, new_browser):
    victim = new_browser()
    victim.register("victoria", "victoria@example.org", PASSWORD)
    browser.register()

    victim.confirm(last_mail())

    assert victim.user_id is None


def test_A4_a_token_that_the_attacker_planted_is_not_in_clear_in_any_row(browser):
    browser.register()

    token = browser.cookies[COOKIE].value

    assert token not in str(everything())


def test_A5_a_claim_that_nobody_proved_does_not_keep_the_owner_out(browser, new_browser):
    browser.register()
    victim = new_browser()

    victim.register("victoria", VICTIM, PASSWORD)
    victim.confirm(last_mail())

    assert victim.user_id == str(User.objects.get(username="victoria").pk)
    # And the claim that came first is worth nothing now.
    first = mails_to(VICTIM)[0]
    assert b"belongs to another account" in new_browser().confirm(first).content
    assert UserEmail.objects.confirmed().get().user.username == "victoria"


def test_A5_who_claims_after_the_owner_does_not_get_the_links_that_the_owner_asks_for(
    browser, new_browser
):
    victim = browser
    victim.register("victoria", VICTIM, PASSWORD)
    new_browser().register("mallory", VICTIM, EVIL)

    # The mail got lost: the owner asks once more, from the browser of the registration.
    victim.resend()
    page = victim.open(last_mail())

    assert b"mallory" not in page.content
    assert b"victoria" in page.content


def test_A5_who_uses_registrations_up_keeps_the_owner_out_for_an_hour_and_there_are_ways_around(
    new_browser,
):
    for number in range(5):
        stranger = new_browser(REMOTE_ADDR=f"198.51.100.{number}")
        assert stranger.register(f"mallory{number}").status_code == 302

    victim = new_browser(REMOTE_ADDR="203.0.113.5")
    assert victim.register("victoria").status_code == 429

    # With another address, and that one added; or by an administrator.
    assert victim.register("victoria", "second@example.com", PASSWORD).status_code == 302
    victim.confirm(last_mail("second@example.com"))
    victim.post(url("add_email"), {"email": VICTIM})
    victim.confirm(last_mail())
    assert UserEmail.objects.confirmed().get(email=VICTIM).user.username == "victoria"
    UserEmail.objects.confirmed().filter(email=VICTIM).delete()
    add_user("vic", email=VICTIM, confirmed=True)
    assert UserEmail.objects.confirmed().get(email=VICTIM).user.username == "vic"

    # The owner of an account is as well off as before.
    assert victim.forgot().status_code == 302
    assert "password" in mailbox()[-1].lower()

    AttemptCounter.objects.update(ends_at=1)
    assert new_browser().register("vicky").status_code == 302


def test_A5_an_account_whose_only_address_was_disowned_does_not_keep_its_name_for_ever(
    browser, new_browser
):
    browser.register("victoria")
    new_browser().confirm(last_mail(), answer="not_me")
    User.objects.create_user("robot")  # by code, with no address either
    User.objects.update(date_joined=timezone.now() - timedelta(days=31))

    call_command("useraccounts_prune")

    assert set(User.objects.values_list("username", flat=True)) == {"robot"}
    new_browser().register("victoria")
    assert User.objects.filter(username="victoria").exists()


def test_A5_an_account_from_before_whose_address_was_disowned_stays():
    user = make_user("victoria", confirmed=False)
    secret = issue(CONFIRM_EMAIL, address=user.emails.get())
    disown_email(secret)
    User.objects.update(date_joined=timezone.now() - timedelta(days=31))

    call_command("useraccounts_prune")

    assert User.objects.filter(username="victoria").exists()


def test_A5_the_owner_gets_the_own_link_again_after_having_given_the_password(browser, new_browser):
    new_browser().register("victoria", VICTIM, PASSWORD)
    new_browser().register("mallory", VICTIM, EVIL)

    # From another device: the password tells whose claim is meant.
    response = browser.log_in("victoria", PASSWORD)
    assert response.url.startswith(url("resend_confirmation"))
    browser.resend()
    page = browser.open(last_mail())

    assert b"mallory" not in page.content
    assert b"victoria" in page.content


@pytest.mark.parametrize(
    "name",
    ["admin", "ADMIN", "Root", "null", "login", "register", "postmaster", "ａｄｍｉｎ", "\ufb06aff"]
    + [".well-known", "well-known", " admin "],
)
def test_A8_reserved_names_are_refused(browser, name):
    response = browser.register(name)

    assert response.status_code == 200
    assert b'id="id_username_error"' in response.content
    assert not User.objects.exists()


@pytest.mark.parametrize("channel", NAMING)
@pytest.mark.parametrize("name", ["Admin", "ｎｕｌｌ", "well-known"])
def test_A8_nobody_gets_a_reserved_name_by_another_way(client, channel, name):
    channel(client, name)

    assert set(User.objects.values_list("username", flat=True)) <= {MALLORY, BOSS}


@pytest.mark.parametrize("channel", NAMING)
def test_A8_any_other_name_is_given_by_each_way(client, channel):
    channel(client, "victoria")

    assert User.objects.filter(username="victoria").exists()


def test_A9_sending_the_same_form_twice_makes_one_account_and_the_same_answer(browser):
    browser.get(url("register"))

    answers = [browser.register(), browser.register()]

    assert [(a.status_code, a.url) for a in answers] == [(302, url("mail_sent"))] * 2
    assert User.objects.count() == 1
    assert len(mailbox()) == 1


def test_A9_the_second_form_does_not_change_the_password_of_the_first(browser):
    browser.register(password=PASSWORD)
    browser.register(password=EVIL)

    assert User.objects.get().check_password(PASSWORD)


def test_A9_another_browser_that_repeats_the_form_gets_nothing_of_the_account(browser, new_browser):
    browser.register()

    other = new_browser().register()

    assert b"This username is taken" in other.content
    assert User.objects.count() == 1
    with pytest.raises(UsernameTaken):
        register("mallory", email=VICTIM, password=EVIL)


@pytest.mark.parametrize("token", [{}, {"token": ""}, {"token[]": ["a", "b"]}, {"invitation": "1"}])
def test_A10_a_closed_registration_lets_nobody_in_by_a_direct_post(browser, set_conf, token):
    set_conf(POLICY=f"{BROKEN}.ClosedPolicy")

    response = browser.register(**token)

    assert response.status_code == 403
    assert browser.get(url("register")).status_code == 403
    assert browser.put(url("register"), "username=x").status_code == 403
    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("when", ["before the login there", "after it"])
def test_A10_nor_who_comes_by_a_provider(browser, provider, set_conf, when):
    if when == "after it":
        arrive(browser, provider)
    set_conf(POLICY=f"{BROKEN}.ClosedPolicy")
    if when != "after it":
        arrive(browser, provider)

    response = browser.post(
        url("complete_registration"), {"username": "hannah", "email": HANNAH["email"]}
    )

    assert response.status_code == 403
    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()
    assert "_auth_user_id" not in browser.session


@pytest.mark.usefixtures("has_providers")
def test_A10_nor_by_code(rf, set_conf):
    set_conf(POLICY=f"{BROKEN}.ClosedPolicy")
    identity, request = Identity("guild", ISSUER, "1", email=VICTIM), rf.post("/")

    with pytest.raises(RegistrationClosed):
        register("mallory", email=VICTIM, password=EVIL)
    with pytest.raises(RegistrationClosed):
        register_identity(identity, username="mallory", email=VICTIM, request=request)

    assert not User.objects.exists()


@pytest.mark.asvs("2.2.3", "6.2.11")
@pytest.mark.parametrize(
    "password",
    ["victoria-hope", "Victoria-Hope", "victoria.hope@example.com", "victoria.hope", "12345678901"],
)
def test_A11_a_password_that_is_the_name_or_the_address_is_refused(browser, password):
    response = browser.register("victoria-hope", "victoria.hope@example.com", password)

    assert response.status_code == 200
    assert b'id="id_password_error"' in response.content
    assert not User.objects.exists()


@pytest.mark.asvs("6.2.11")
def test_A11_a_password_that_is_the_name_or_address_is_refused_at_reset_and_change_too(browser):
    make_user("victoria-hope", VICTIM)
    browser.forgot()
    assert b'id="id_new_password_error"' in browser.reset(last_mail(), "victoria-hope").content
    browser.log_in("victoria-hope")
    assert b'id="id_new_password_error"' in browser.change_password(new="Victoria-Hope").content

    assert User.objects.get().check_password(PASSWORD)


def test_A11_nor_is_it_one_of_who_came_by_a_provider(browser, provider):
    arrive(browser, provider)
    data = {"username": "victoria-hope", "email": HANNAH["email"], "password": "victoria-hope"}
    browser.post(url("complete_registration"), data)
    # No password is taken on the way, so the first one is chosen here.
    assert not User.objects.get().has_usable_password()

    for password in ("Victoria-Hope", HANNAH["email"]):
        response = browser.post(url("set_password"), {"new_password": password})
        assert b'id="id_new_password_error"' in response.content

    assert not User.objects.get().has_usable_password()


def test_A11_nor_is_it_one_by_the_command(monkeypatch, capsys):
    user = make_user("victoria-hope", VICTIM)
    monkeypatch.setattr("getpass.getpass", lambda *_args, **_kwargs: "Victoria-Hope")

    with pytest.raises(CommandError, match="Aborting password change"):
        call_command("changepassword", "victoria-hope")

    assert "too similar to the username" in capsys.readouterr().err
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_A12_a_blank_password_is_no_password_anywhere(browser, new_browser, blank):
    assert b'id="id_password_error"' in browser.register("mallory", VICTIM, blank).content
    assert browser.post(url("register"), {"username": "m", "email": VICTIM}).status_code == 200
    assert not User.objects.exists()
    user = make_user("victoria", VICTIM)
    browser.log_in("victoria")
    browser.change_password(new=blank)
    browser.forgot()
    reset = new_browser().reset(last_mail(), blank)

    assert b'id="id_new_password_error"' in reset.content
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("made_by", ["flow", "create_user", "administration"])
def test_A12_who_has_no_password_logs_in_by_none(browser, new_browser, made_by):
    if made_by == "flow":
        confirm_email(
            issue(CONFIRM_EMAIL, address=register("victoria", email=VICTIM, password=None).address)
        )
    elif made_by == "create_user":
        make_user("victoria", VICTIM, None)
    else:
        office = log_in(new_browser(), make_user("boss", is_staff=True, is_superuser=True))
        data = {"username": "victoria", "email": VICTIM, "confirmed": "on"}
        office.post("/admin/useraccounts/user/add/", data)
    user = User.objects.get(username="victoria")

    assert not user.has_usable_password()
    for typed in ("", " ", "!", user.password, user.password[1:], "None", "null"):
        with lifted_limits():
            browser.log_in("victoria", typed)
            browser.post("/admin/login/", {"username": "victoria", "password": typed})
        assert browser.user_id is None
        assert authenticate(None, username="victoria", password=typed) is None
    assert authenticate(None, username="victoria", password=None) is None


# A13: the exception may come from anywhere below a page that takes a password.


class Away(RuntimeError):
    pass


def _fail(**kwargs):
    raise Away


@pytest.fixture
def breaking(settings, set_conf):
    """Break one part of the site."""

    def do(part):
        if part == "validator":
            settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{BROKEN}.BrokenValidator"}]
        elif part == "hasher":
            settings.PASSWORD_HASHERS = [f"{BROKEN}.BrokenHasher"]
        elif part == "policy":
            set_conf(POLICY=f"{BROKEN}.BrokenPolicy")
        else:
            pre_save.connect(_fail, sender=AccountEvent)

    yield do
    pre_save.disconnect(_fail, sender=AccountEvent)


TYPED = "Xyzzy-plugh-4711"


def logged_in(browser, provider):
    browser.log_in("victoria", TYPED)


def without_password(browser, provider):
    log_in(browser, make_user("frida", password=None))


def by_reset_link(browser, provider):
    browser.forgot()
    return page_of(browser.open(last_mail()))


def by_confirmation_link(browser, provider):
    # No name tells whose account it is, so the password has to.
    frida = make_user(None, "frida@example.com", TYPED, confirmed=False)
    secret = issue(CONFIRM_EMAIL, address=frida.emails.get())
    return page_of(browser.open(url("confirm_email", str(link_of(secret)))))


def from_provider(browser, provider):
    arrive(browser, provider)


#: The pages that take a password: what leads there, and the parts that work on it.
TAKING = {
    "register": (None, ("validator", "hasher", "event", "policy")),
    "login": (None, ("hasher", "event", "policy")),
    "confirm_identity": (logged_in, ("hasher", "event")),
    "change_password": (logged_in, ("validator", "hasher", "event")),
    "set_password": (without_password, ("validator", "hasher", "event")),
    "reset_password": (by_reset_link, ("validator", "hasher", "event")),
    "confirm_email": (by_confirmation_link, ("hasher", "event")),
    "connect_account": (from_provider, ("hasher", "event", "policy")),
    "admin:login": (None, ("hasher", "event", "policy")),
}


def test_A13_these_are_the_pages_that_take_a_password():
    pages = {p.name: getattr(p.callback.view_class, "form_class", Form) for p in patterns()}
    taking = {
        name
        for name, form in pages.items()
        if any(isinstance(field, PasswordField) for field in form.base_fields.values())
    }

    assert taking == TAKING.keys() - {"admin:login"}


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize(
    "page, part", [(page, part) for page, (_way, parts) in TAKING.items() for part in parts]
)
def test_A13_no_password_is_in_the_report_of_an_error(
    browser, breaking, error_reports, provider, page, part
):
    browser.raise_request_exception = False
    make_user("victoria", VICTIM, TYPED)
    way, _parts = TAKING[page]
    path = way and way(browser, provider)
    path = path or (reverse(page) if ":" in page else url(page))
    breaking(part)

    names = {"username": "victoria" if ":" in page else "mallory", "identifier": "victoria"}
    others = {"answer": "confirm", "identity": identity_key(ISSUER, HANNAH["sub"])}
    data = {**names, **others, "email": "m@example.com"}
    passwords = dict.fromkeys(("password", "old_password", "new_password"), TYPED)
    response = browser.post(path, {**data, **passwords})

    assert response.status_code == 500
    assert len(error_reports) == 1
    assert "Traceback" in error_reports[0]
    assert TYPED not in error_reports[0]


@pytest.mark.urls("tests.integrations.urls")
def test_A13_no_password_of_basic_authentication_is_in_the_report_of_an_error(
    browser, breaking, error_reports
):
    browser.raise_request_exception = False
    make_user("victoria", VICTIM)
    breaking("event")

    given = b64encode(f"victoria:{TYPED}".encode()).decode()
    response = browser.get("/rest/basic/", headers={"authorization": f"Basic {given}"})

    assert response.status_code == 500
    assert "Traceback" in error_reports[0]
    assert TYPED not in error_reports[0]
    assert given not in error_reports[0]


@sensitive_variables()
async def ask_async(user, *, alone):
    """Ask for a password as an async view does; return what Django would mail of the error."""
    try:
        if alone:
            await user.acheck_password(TYPED)
        else:
            await aauthenticate(username="victoria", password=TYPED)
    except Exception:
        return ExceptionReporter(None, *sys.exc_info(), is_email=True).get_traceback_html()


@pytest.mark.parametrize("part, alone", [("hasher", True), ("hasher", False), ("event", False)])
def test_A13_no_password_of_an_async_login_is_in_the_report_of_an_error(breaking, part, alone):
    victoria = make_user("victoria", VICTIM)
    breaking(part)

    report = async_to_sync(ask_async)(victoria, alone=alone)

    assert "asgiref" in report
    # The code of this page is shown, too.
    assert TYPED not in report.replace("acheck_password(TYPED)", "")


@pytest.mark.parametrize("page", ["confirm_email", "reset_password"])
def test_A13_no_link_is_in_the_report_of_an_error(browser, breaking, error_reports, page):
    browser.raise_request_exception = False
    if page == "confirm_email":
        browser.register()
        answer = {"answer": "confirm"}
    else:
        make_user("victoria", VICTIM)
        browser.forgot()
        answer = {"new_password": TYPED}
    link = link_in(last_mail())
    path = page_of(browser.open(link))
    proof = proof_of(browser)
    breaking("event")

    assert browser.post(path, answer).status_code == 500

    assert len(error_reports) == 1
    assert halves(link)[1] not in error_reports[0]
    assert len(proof) == 43
    assert proof not in error_reports[0]


def test_A13_no_browser_token_is_in_the_report_of_an_error(browser, breaking, error_reports):
    browser.raise_request_exception = False
    browser.get(url("register"))
    token = browser.cookies[COOKIE].value
    breaking("event")

    assert browser.register().status_code == 500

    assert len(error_reports) == 1
    assert token not in error_reports[0]


@pytest.mark.asvs("16.5.2")
def test_A14_a_mail_server_that_is_away_leaves_the_account_whole_and_the_mail_waiting(
    browser, new_browser, send_mail_by
):
    working = new_browser().register("before", "before@example.com", PASSWORD)
    send_mail_by(f"{BROKEN}.RefusingMail")

    failing = browser.register()

    assert (failing.status_code, failing.url) == (working.status_code, working.url)
    user = User.objects.get(username="mallory")
    assert UserEmail.objects.claims().filter(user=user).count() == 1
    waiting = OutgoingMail.objects.get(user=user)
    assert waiting.due_at is not None
    assert waiting.sent_at is None
    assert "ConnectionRefused" in waiting.error


def test_A14_the_error_that_is_kept_holds_no_link(browser, send_mail_by, caplog):
    send_mail_by(f"{BROKEN}.TalkativeMail")

    browser.register()

    row = OutgoingMail.objects.get()
    assert row.error
    secret = str(link_of(row.secret))
    assert secret not in row.error
    assert secret not in caplog.text


# Seams: what else can be sent along with a registration


@pytest.mark.asvs("15.3.3")
@pytest.mark.parametrize(
    "more",
    [
        {"is_staff": "on", "is_superuser": "on", "is_active": "on"},
        {"roles": "1", "role": "agent", "session_epoch": "7", "id": "1", "pk": "1"},
        {"verified_key": VICTIM, "is_primary": "on", "confirmed_at": "2020-01-01"},
    ],
)
def test_K4_fields_that_the_form_does_not_have_change_nothing(browser, more):
    browser.register(**more)

    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser
    assert user.session_epoch == 0
    assert not user.has_confirmed_email
    assert not user.role_names


def test_a_ghost_of_a_taken_address_can_never_be_confirmed(browser, new_browser):
    make_user("victoria", VICTIM)
    with lifted_limits():
        browser.register("ghost")
        for _ in range(2):
            browser.resend()
            browser.forgot()
        browser.log_in("ghost", EVIL)

    assert all("Confirm" not in subject for subject in mailbox())
    assert browser.user_id is None
    assert UserEmail.objects.confirmed().get().user.username == "victoria"
    # Only the owner's password is reset by the owner's link.
    new_browser().reset(last_mail())
    assert User.objects.get(username="victoria").check_password(NEW_PASSWORD)
    assert User.objects.get(username="ghost").check_password(EVIL)


def test_a_ghost_that_reads_its_row_still_cannot_own_the_address(browser):
    make_user("victoria", VICTIM)
    browser.register("ghost")
    secret = OneTimeSecret.objects.get(purpose="confirm_email")

    # Even somebody with a link (a dump of the database and the key) meets the constraint.
    with pytest.raises(EmailTaken):
        confirm_email(secret)
    assert UserEmail.objects.confirmed().get().user.username == "victoria"


def test_registering_while_logged_in_makes_nothing(browser):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")

    response = browser.register("mallory", "m@example.com")

    assert response.status_code == 302
    assert User.objects.count() == 1
    assert not mail.outbox


@pytest.mark.parametrize(
    "token",
    ["a" * 43, "€" * 43, "é" * 43, '"' + "\\015\\012" * 22 + '"', "a" * 5000, "\\0" * 43],
    ids=["plain", "euro", "accent", "line breaks", "long", "zeros"],
)
def test_a_browser_cookie_that_we_did_not_write_is_replaced_or_harmless(browser, token):
    # As a server hands it over: bytes, read as latin-1.
    header = f"{COOKIE}={token}".encode().decode("latin-1")

    response = browser.post(
        url("register"),
        {"username": "mallory", "email": VICTIM, "password": EVIL},
        HTTP_COOKIE=header,
    )

    assert response.status_code == 302
    kept = response.cookies[COOKIE].value
    assert len(kept) == 43
    assert kept.isascii()
    assert kept.isprintable()
    # A server sends headers as latin-1; what is not would fail there.
    response.cookies.output().encode("latin-1")
