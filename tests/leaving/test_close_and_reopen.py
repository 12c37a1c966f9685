"""Who closes the account is logged out everywhere, and comes back by a login as long as there is time."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate, get_user, get_user_model
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from django_useraccounts import signals
from django_useraccounts.administration.flows import send_password_link
from django_useraccounts.decorators import confirmed_email_required
from django_useraccounts.emails.flows import (
    add_email,
    confirm_email,
    make_primary,
    undo_email_change,
)
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.errors import (
    AccountGone,
    EmailNotConfirmed,
    EmailTaken,
    LastSuperuser,
    LinkUsed,
)
from django_useraccounts.leaving.flows import close_account, reopen_account
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.passwords.flows import forgot_password, reset_password
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    issue,
    link_of,
    peek,
)
from django_useraccounts.testing import (
    PASSWORD,
    html_of,
    lifted_limits,
    link_in,
    log_in,
    mails_to,
    make_user,
)

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


def login(client, identifier="maria", password=PASSWORD, **more):
    return client.post(
        page("login"), {"identifier": identifier, "password": password}, follow=True, **more
    )


@pytest.fixture
def maria():
    return make_user("maria", roles=["artist"])


@pytest.fixture
def browser(maria):
    """A browser in which maria has just given her password."""
    client = Client()
    login(client)
    OutgoingMail.objects.all().delete()
    return client


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    """Send what is announced in a block, and the signals."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def news():
    """What receivers hear of this room."""
    heard = []
    receivers = {
        name: lambda name=name, **told: heard.append((name, told["user"]))
        for name in ("account_closed", "account_reopened")
    }
    for name, receiver in receivers.items():
        getattr(signals, name).connect(receiver)
    yield heard
    for name, receiver in receivers.items():
        getattr(signals, name).disconnect(receiver)


def let_it_be_too_late(user):
    """Let the time to come back be over, and no job have run."""
    get_user_model().objects.filter(pk=user.pk).update(
        erase_at=timezone.now() - timedelta(seconds=1)
    )
    user.refresh_from_db()


def kinds():
    return list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))


# Closing


def test_the_page_tells_what_will_happen_and_asks_why(browser, set_conf):
    set_conf(CLOSED_ACCOUNT_KEPT=timedelta(days=10))

    text = browser.get(page("close_account")).content.decode()

    day = timezone.now() + timedelta(days=10)
    assert f"{day:%b}. {day.day}, {day.year}" in text or f"{day:%B} {day.day}, {day.year}" in text
    assert "What made you leave?" in text


def test_an_account_is_closed_by_its_page(browser, maria, sent, news):
    elsewhere = log_in(Client(), maria)

    with sent():
        response = browser.post(page("close_account"), {"reason": "Too loud."}, follow=True)

    maria.refresh_from_db()
    assert "Your account is closed." in response.content.decode()
    assert timedelta(days=29) < maria.erase_at - timezone.now() <= timedelta(days=30)
    assert maria.is_active
    assert not get_user(browser).is_authenticated
    assert not get_user(elsewhere).is_authenticated
    assert news == [("account_closed", maria)]
    event = AccountEvent.objects.get(kind="account_closed")
    assert (event.user, event.actor) == (maria, maria)
    assert event.details == {"reason": "Too loud.", "erase_at": maria.erase_at.isoformat()}


def test_a_site_without_time_zones_closes_an_account_by_its_page(without_time_zones):
    without_time_zones("Europe/Berlin")
    maria, client = make_user("maria"), Client()
    login(client)

    shown = client.get(page("close_account")).content.decode()
    told = client.post(page("close_account"), follow=True).content.decode()

    day = date_format(timezone.now() + timedelta(days=30))
    assert f"Until <strong>{day}</strong> you can change your mind" in shown
    assert f"Your account is closed. Until {day} you can open it again" in told
    assert get_user_model().objects.get(pk=maria.pk).is_closed


@pytest.mark.parametrize("confirmed", [True, False])
def test_the_page_leads_to_the_own_data_only_who_may_have_them(set_conf, confirmed):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    make_user("maria", confirmed=confirmed)
    client = Client()
    login(client)

    shown = client.get(page("close_account")).content.decode()

    assert (page("export_account") in shown) is confirmed


def test_the_page_asks_for_the_password_again_after_a_while(maria):
    client = log_in(Client(), maria)
    session = client.session
    session["useraccounts_proved_at"] = 1
    session.save()

    response = client.post(page("close_account"))

    assert response["Location"].startswith(page("confirm_identity"))
    assert not get_user_model().objects.get().is_closed


def test_all_proved_addresses_are_told_until_when_it_can_be_opened(maria, sent):
    add_email(maria, "second@example.com", confirmed=True)
    UserEmail.objects.add_claim(maria, "claim@example.com")

    with sent():
        close_account(maria)

    for address in ("maria@example.com", "second@example.com"):
        told = mails_to(address)[-1]
        assert told.subject == "Your account at testserver is closed"
        for text in (told.body, html_of(told)):
            assert str(maria.erase_at.year) in text
            assert "just log in" in text
    assert not mails_to("claim@example.com")


def test_closing_twice_changes_nothing_and_tells_nobody_again(maria):
    close_account(maria)
    before = (maria.erase_at, maria.session_epoch)

    close_account(maria)

    maria.refresh_from_db()
    assert (maria.erase_at, maria.session_epoch) == before
    assert kinds().count("account_closed") == 1
    assert OutgoingMail.objects.filter(kind="account_closed").count() == 1


def test_who_is_no_superuser_waits_for_none_and_has_none_wait(maria):
    make_user("boss", is_superuser=True)

    with CaptureQueriesContext(connection) as asked:
        close_account(maria)

    conditions = [row["sql"].partition(" WHERE ")[2] for row in asked.captured_queries]
    assert not any("is_superuser" in condition for condition in conditions)


def test_who_was_made_the_last_superuser_meanwhile_stays(maria):
    get_user_model().objects.filter(pk=maria.pk).update(is_superuser=True)

    with pytest.raises(LastSuperuser):
        close_account(maria)


def test_the_last_superuser_stays_and_a_closed_one_does_not_count(maria):
    boss = make_user("boss", is_superuser=True)
    with pytest.raises(LastSuperuser):
        close_account(boss)
    other = make_user("other", is_superuser=True)

    close_account(boss)

    with pytest.raises(LastSuperuser):
        close_account(other)
    close_account(maria)


def test_the_last_superuser_reads_why_not(sent):
    boss = make_user("boss", is_superuser=True)
    client = Client()
    login(client, "boss")

    response = client.post(page("close_account"))

    assert "nobody could manage the site any more" in response.content.decode()
    boss.refresh_from_db()
    assert not boss.is_closed
    assert get_user(client).is_authenticated


def test_a_reason_may_be_left_out_and_is_not_endless(browser, maria):
    refused = browser.post(page("close_account"), {"reason": "x" * 501})
    assert "at most 500 characters" in refused.content.decode()

    browser.post(page("close_account"), {"reason": ["a", "b\0c"]})
    maria.refresh_from_db()
    assert not maria.is_closed

    browser.post(page("close_account"), {})
    maria.refresh_from_db()
    assert maria.is_closed


def test_a_closed_account_has_no_roles_and_is_found_by_none(maria):
    close_account(maria)

    users = get_user_model().objects
    assert not users.get().has_roles("artist")
    assert not users.with_roles("artist").exists()

    reopen_account(maria)
    assert maria.has_roles("artist")
    assert users.with_roles("artist").exists()


def test_a_copy_that_was_loaded_before_neither_opens_nor_closes_it(maria):
    users = get_user_model().objects
    open_copy = users.get()
    close_account(maria)
    closed_copy = users.get()

    open_copy.save()
    assert users.get().is_closed

    reopen_account(maria)
    closed_copy.save()
    assert not users.get().is_closed


def test_where_another_backend_knows_the_user_guards_refuse_a_closed_account(rf, maria):
    close_account(maria)
    request = rf.get("/", headers={"accept": "application/json"})
    request.user = maria

    response = confirmed_email_required(lambda request: HttpResponse())(request)

    assert response.status_code == 403


# The links of a closed account


def test_links_from_before_end_and_new_ones_work(maria):
    claim = UserEmail.objects.add_claim(maria, "claim@example.com")
    proved = UserEmail.objects.get(is_primary=True)
    before = [issue(CONFIRM_EMAIL, address=claim), issue(RESET_PASSWORD, address=proved)]

    close_account(maria)

    for purpose, secret in zip((CONFIRM_EMAIL, RESET_PASSWORD), before, strict=True):
        with pytest.raises(LinkUsed):
            peek(purpose, link_of(secret))
    forgot_password("maria@example.com")
    secret = OneTimeSecret.objects.get(purpose="reset_password", redeemed_at=None)
    reset_password(peek(RESET_PASSWORD, link_of(secret)), new_password="a new horse, a staple")
    assert get_user_model().objects.get().is_closed
    client = Client()
    text = login(client, password="a new horse, a staple").content.decode()
    assert "Your account is open again" in text


def test_who_has_stolen_an_account_cannot_close_it_to_keep_it(maria, sent, news):
    with sent():
        thiefs = add_email(maria, "thief@example.com", confirmed=True)
        make_primary(thiefs)
    link = link_in(mails_to("maria@example.com")[-1])
    close_account(maria)

    client = Client()
    path = client.get(link)["Location"]
    assert client.get(path).status_code == 200
    secret = OneTimeSecret.objects.filter(purpose=UNDO_EMAIL_CHANGE.name).latest("created_at")
    with sent():
        undo_email_change(peek(UNDO_EMAIL_CHANGE, link_of(secret)))

    assert not get_user_model().objects.get().is_closed
    assert kinds()[-2:] == ["email_change_undone", "account_reopened"]
    assert news[-1] == ("account_reopened", maria)
    link = OneTimeSecret.objects.get(purpose="reset_password", redeemed_at=None)
    reset_password(peek(RESET_PASSWORD, link_of(link)), new_password="a new horse, a staple")

    login(client, "maria@example.com", "a new horse, a staple")
    assert get_user(client) == maria


def test_what_is_closed_for_too_long_is_not_taken_back(maria):
    address = UserEmail.objects.get()
    secret = issue(UNDO_EMAIL_CHANGE, address=address, pending=as_they_were([address]))
    link = peek(UNDO_EMAIL_CHANGE, link_of(secret))
    close_account(maria)
    get_user_model().objects.update(erase_at=timezone.now())

    with pytest.raises(LinkUsed):
        undo_email_change(link)

    assert "email_change_undone" not in kinds()


# Coming back


@pytest.mark.parametrize("identifier", ["maria", "maria@example.com"])
def test_a_login_opens_it_again_as_it_was(maria, sent, news, identifier):
    close_account(maria)

    client = Client()
    with sent():
        response = login(client, identifier)

    maria.refresh_from_db()
    assert not maria.is_closed
    assert get_user(client) == maria
    assert "Welcome back. Your account is open again, as it was." in response.content.decode()
    assert kinds()[-3:] == ["account_closed", "logged_in", "account_reopened"]
    assert news == [("account_reopened", maria)]
    [told] = [m for m in mails_to("maria@example.com") if "open again" in m.subject]
    assert "If it was not you, choose a new password" in told.body
    assert "/accounts/forgot-password/" in html_of(told)


def test_a_usual_login_says_nothing_of_it(maria):
    text = login(Client()).content.decode()

    assert "open again" not in text
    assert "account_reopened" not in kinds()


def test_a_login_by_the_page_of_the_administration_opens_it_too():
    make_user("other", is_staff=True, is_superuser=True)
    boss = make_user("boss", is_staff=True, is_superuser=True)
    close_account(boss)

    client = Client()
    client.post("/admin/login/", {"username": "boss", "password": PASSWORD})

    boss.refresh_from_db()
    assert not boss.is_closed
    assert get_user(client) == boss


def test_a_wrong_password_opens_nothing(maria):
    close_account(maria)

    login(Client(), password="wrong")

    maria.refresh_from_db()
    assert maria.is_closed


def test_a_copy_from_before_another_closing_opens_nothing(maria):
    close_account(maria)
    in_flight = get_user_model().objects.get()
    reopen_account(maria)
    close_account(maria)

    reopen_account(in_flight)

    maria.refresh_from_db()
    assert maria.is_closed
    assert kinds().count("account_reopened") == 1


def test_an_open_account_is_opened_without_a_word(maria):
    reopen_account(maria)

    assert kinds() == ["role_granted"]
    assert not OutgoingMail.objects.exists()


def test_confirming_an_address_in_the_same_browser_opens_it_again():
    register("nova", email="nova@example.com", password=PASSWORD, browser_token="t" * 43)
    nova = get_user_model().objects.get()
    close_account(nova)
    client = Client()
    client.cookies["useraccounts_browser_token"] = "t" * 43
    client.post(page("resend_confirmation"), {"email": "nova@example.com"})
    secret = OneTimeSecret.objects.get(purpose="confirm_email", redeemed_at=None)
    path = client.get(page("confirm_email", link_of(secret)))["Location"]

    client.post(path, {"answer": "confirm"})

    nova.refresh_from_db()
    assert not nova.is_closed
    assert get_user(client) == nova


# Too late


def test_too_late_is_like_an_account_that_never_was(maria, client):
    close_account(maria)
    let_it_be_too_late(maria)

    refused = login(client)
    unknown = login(client, "nobody")

    assert refused.context["form"].errors == unknown.context["form"].errors
    assert authenticate(None, username="maria", password=PASSWORD) is None
    with pytest.raises(AccountGone):
        reopen_account(maria)
    assert get_user_model().objects.get().is_closed


def test_a_login_that_is_late_by_a_moment_begins_a_session_that_opens_nothing(maria):
    close_account(maria)
    late = get_user_model().objects.get()
    let_it_be_too_late(late)

    client = log_in(Client(), late)

    assert not get_user(client).is_authenticated
    assert get_user_model().objects.get().is_closed


@pytest.mark.parametrize("form", ["forgot_password", "resend_confirmation"])
def test_too_late_no_mail_tells_that_there_was_an_account(maria, client, form, sent):
    close_account(maria)
    let_it_be_too_late(maria)

    with sent():
        client.post(page(form), {"email": "maria@example.com"})

    assert mails_to("maria@example.com")[-1].subject == "No account at testserver with this address"
    assert OneTimeSecret.objects.latest("created_at").user is None


def test_too_late_every_link_is_used(maria):
    proved = UserEmail.objects.get()
    close_account(maria)
    proved.user = maria
    secret = issue(RESET_PASSWORD, address=proved)
    assert peek(RESET_PASSWORD, link_of(secret))

    let_it_be_too_late(maria)

    with pytest.raises(LinkUsed):
        peek(RESET_PASSWORD, link_of(secret))


def test_too_late_the_address_is_free_for_whoever_has_the_mailbox(maria, client, sent):
    close_account(maria)
    let_it_be_too_late(maria)
    data = {"username": "newcomer", "email": "maria@example.com", "password": PASSWORD}

    with sent():
        client.post(page("register"), data)
    told = mails_to("maria@example.com")[-1]
    assert "/confirm-email/" in link_in(told)
    path = client.get(link_in(told))["Location"]
    client.post(path, {"answer": "confirm"})

    assert get_user(client).username == "newcomer"
    assert UserEmail.objects.get().user.email == "maria@example.com"
    maria.refresh_from_db()
    assert maria.email == ""


def test_in_time_the_address_is_not_free(maria):
    close_account(maria)
    with lifted_limits():
        register("newcomer", email="maria@example.com", password=PASSWORD)
    assert OutgoingMail.objects.latest("pk").kind == "already_registered"
    secret = OneTimeSecret.objects.latest("created_at")

    with pytest.raises(EmailTaken):
        confirm_email(secret)


def test_who_added_the_address_to_the_own_account_proves_it_when_it_is_too_late(maria):
    other = make_user("other")
    add_email(other, "maria@example.com")
    close_account(maria)
    let_it_be_too_late(maria)

    confirm_email(OneTimeSecret.objects.get(user=other))

    assert {row.email for row in UserEmail.objects.confirmed().filter(user=other)} == {
        "other@example.com",
        "maria@example.com",
    }


def test_too_late_no_administrator_mails_a_link(maria):
    close_account(maria)
    send_password_link(maria)
    let_it_be_too_late(maria)

    with pytest.raises(EmailNotConfirmed):
        send_password_link(maria)


def test_too_late_who_adds_the_address_is_mailed_its_link(maria):
    close_account(maria)
    let_it_be_too_late(maria)

    add_email(make_user("other"), "maria@example.com")

    assert OutgoingMail.objects.latest("pk").kind == "confirm_email"


def test_a_second_click_on_register_finds_no_account_that_is_gone(client):
    data = {"username": "nova", "email": "nova@example.com", "password": PASSWORD}
    client.get(page("register"))
    client.post(page("register"), data)
    nova = get_user_model().objects.get()
    close_account(nova)
    let_it_be_too_late(nova)

    response = client.post(page("register"), data)

    assert "is taken" in response.content.decode()


# A site without mail


def test_a_site_without_addresses_closes_and_opens_without_mail(set_conf, maria):
    set_conf(EMAIL="off")

    close_account(maria)
    login(Client())

    assert kinds()[-3:] == ["account_closed", "logged_in", "account_reopened"]
    assert not OutgoingMail.objects.exists()
