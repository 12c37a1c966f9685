"""D. Forgotten and changed passwords: who gets the link, what it opens, what ends with it."""

import contextlib
import re

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import transaction

from django_useraccounts.checks.values import limits
from django_useraccounts.errors import InvalidEmail, LinkUsed, TooManyAttempts, WrongPassword
from django_useraccounts.mail import deliver_due
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.passwords.flows import change_password, forgot_password, reset_password
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, Link, issue, link_of, peek
from django_useraccounts.testing import lifted_limits, log_in, make_user
from tests.admin.pages import act, messages_of
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    foreign_scripts,
    halves,
    last_mail,
    link_in,
    mailbox,
    mails_to,
    page_of,
    url,
)
from tests.attacks.channels import RENEWING

pytestmark = pytest.mark.django_db

User = get_user_model()
BROKEN = "tests.attacks.broken"


@pytest.fixture
def victoria(db):
    return make_user("victoria", VICTIM)


@pytest.fixture
def office(new_browser):
    """A browser in which an administrator is logged in."""
    return log_in(new_browser(), make_user("boss", is_staff=True, is_superuser=True))


def by_page(browser, email):
    browser.forgot(email)


def by_code(browser, email):
    with contextlib.suppress(InvalidEmail):
        forgot_password(email)
    deliver_due(limit=10)


ASKING = pytest.mark.parametrize("ask", [by_page, by_code])


@pytest.mark.asvs("6.4.3")
@ASKING
@pytest.mark.parametrize(
    "stored, typed",
    [
        ("mike@example.org", "mıke@example.org"),
        ("mike@example.org", "ｍike@example.org"),
        ("kate@example.org", "\u212aate@example.org"),
        ("fiona@example.org", "ﬁona@example.org"),
        ("mike@ixample.org", "mike@ıxample.org"),
        ("mike@fass.de", "mike@faß.de"),
        ("zoe@example.org", "zoë@example.org"),
        ("strasse@example.org", "straße@example.org"),
        ("mike@example.org", "mike@example.org."),
        ("mike@example.org", "mike\u200b@example.org"),
    ],
)
def test_D1_a_link_goes_to_the_stored_address_only_and_never_to_one_that_looks_like_it(
    browser, stored, typed, ask
):
    user = make_user("mike", stored)

    ask(browser, typed)

    for message in mail.outbox:
        if message.to != [stored]:
            with pytest.raises(LookupError):
                link_in(message)
    for row in OneTimeSecret.objects.filter(user=user):
        assert OutgoingMail.objects.get(secret=row).to == stored
    assert all(to.isascii() for message in mail.outbox for to in message.to)


@ASKING
@pytest.mark.parametrize(
    "typed", ["VICTIM@EXAMPLE.COM", " victim@example.com ", "victim@ＥＸＡＭＰＬＥ.com"]
)
def test_D1_another_spelling_of_the_same_address_mails_to_the_stored_one(browser, typed, ask):
    make_user("victoria", "Victim@example.com")

    ask(browser, typed)

    assert [message.to for message in mail.outbox] == [["Victim@example.com"]]


def test_D1_D11_a_link_by_the_administration_goes_to_the_stored_and_proved_address(office):
    victoria = make_user("victoria", "Victim@example.com")
    UserEmail.objects.add_claim(victoria, "typo@example.org")
    # As code of a project may leave the copy, which is no address to write to.
    User.objects.filter(pk=victoria.pk).update(email="typo@example.org")

    act(office, "send_password_links", victoria)

    assert [message.to for message in mail.outbox] == [["Victim@example.com"]]
    assert link_in(mail.outbox[0])


@pytest.mark.asvs("6.4.3")
def test_D3_a_link_sets_one_password_once(browser, new_browser, victoria):
    browser.forgot()
    link = link_in(last_mail())
    page = page_of(browser.open(link))
    browser.post(page, {"new_password": NEW_PASSWORD})

    for again in (browser, new_browser()):
        response = again.reset(link, EVIL)
        assert response.status_code == 410
    assert browser.post(page, {"new_password": EVIL}).status_code == 410

    victoria.refresh_from_db()
    assert victoria.check_password(NEW_PASSWORD)
    assert AccountEvent.objects.filter(kind="password_reset").count() == 1


def test_D4_a_second_use_that_looked_at_the_link_before_the_first_is_refused(victoria):
    """The simultaneous POSTs themselves are in test_S_races."""
    secret = issue(RESET_PASSWORD, address=victoria.emails.get())
    one, two = (peek(RESET_PASSWORD, link_of(secret)) for _ in range(2))

    reset_password(one, new_password=NEW_PASSWORD)
    with pytest.raises(LinkUsed):
        reset_password(two, new_password=EVIL)

    victoria.refresh_from_db()
    assert victoria.check_password(NEW_PASSWORD)


@pytest.mark.asvs("6.4.3")
@pytest.mark.parametrize(
    "event", ["password changed", "password reset", "address removed", "newer link", "epoch raised"]
)
def test_D6_a_link_dies_with_what_it_was_made_for(browser, new_browser, victoria, event):
    browser.forgot()
    link = link_in(last_mail())
    page = page_of(new_browser().open(link))
    if event == "password changed":
        browser.log_in("victoria")
        browser.change_password()
    elif event == "password reset":
        browser.reset(link)
    elif event == "address removed":
        UserEmail.objects.all().delete()
    elif event == "newer link":
        browser.forgot()
    else:
        User.objects.update(session_epoch=7)
    before = User.objects.get().password

    late = new_browser()
    assert late.reset(link, EVIL).status_code in {404, 410}
    assert late.post(page, {"new_password": EVIL}).status_code in {404, 410}

    assert User.objects.get().password == before


def test_D6_an_address_that_is_no_longer_proved_resets_nothing(victoria):
    secret = issue(RESET_PASSWORD, address=victoria.emails.get())
    UserEmail.objects.update(is_primary=None)
    UserEmail.objects.update(verified_key=None, confirmed_at=None)

    with pytest.raises(LinkUsed):
        reset_password(peek(RESET_PASSWORD, link_of(secret)), new_password=EVIL)

    victoria.refresh_from_db()
    assert victoria.check_password(PASSWORD)


@pytest.mark.asvs("3.4.5", "14.2.1", "14.2.3")
@pytest.mark.parametrize("kind", ["register", "forgot"])
def test_D7_the_secret_leaves_the_url_and_no_page_loads_anything_from_elsewhere(
    browser, victoria, kind
):
    if kind == "forgot":
        browser.forgot()
    else:
        browser.register("mallory", "m@example.com")
    link = link_in(mail.outbox[-1])

    first = browser.get(link)
    page = browser.get(first.url)

    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    html = page.content.decode()
    secret = halves(link)[1]
    for part in (secret, secret[22:], *[cookie.value for cookie in first.cookies.values()]):
        assert part not in html
        assert part not in first.url
    assert not re.findall(r"""(?:src|href|action)=["']?(?:[a-z]+:)?//""", html)
    assert not foreign_scripts(html)


@pytest.mark.asvs("14.3.2")
@pytest.mark.parametrize("kind", ["register", "forgot"])
def test_D8_nothing_of_the_way_is_kept_by_a_cache(browser, victoria, kind):
    if kind == "forgot":
        browser.forgot()
        answer = {"new_password": NEW_PASSWORD}
    else:
        browser.register("mallory", "m@example.com")
        answer = {"answer": "confirm"}
    link = link_in(mail.outbox[-1])

    redirect = browser.get(link)
    steps = [redirect, browser.get(redirect.url), browser.post(redirect.url, {})]
    steps += [browser.post(redirect.url, answer), browser.get(link), browser.get(redirect.url)]

    for step in steps:
        assert "no-store" in step.headers["Cache-Control"]
        assert "private" in step.headers["Cache-Control"]


@pytest.mark.asvs("6.4.3")
def test_D9_a_reset_logs_nobody_in(browser, victoria):
    browser.forgot()
    browser.reset(last_mail())

    assert browser.user_id is None


@pytest.mark.asvs("6.4.3")
@pytest.mark.parametrize("where", ["login", "administration"])
def test_D9_a_second_factor_of_the_site_is_asked_after_a_reset_as_before(browser, settings, where):
    settings.AUTHENTICATION_BACKENDS = [
        "tests.attacks.broken.SecondFactor",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    user = make_user("victoria", VICTIM, is_staff=True)
    browser.forgot()
    browser.reset(last_mail())
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)

    def log_in_with(**more):
        names = {"username": "victoria", "identifier": "victoria", "password": NEW_PASSWORD}
        path = url("login") if where == "login" else "/admin/login/"
        return browser.post(path, {**names, **more})

    log_in_with()
    assert browser.user_id is None
    log_in_with(code="123456")
    assert browser.user_id == str(user.pk)


@pytest.mark.parametrize("state", ["inactive", "no password", "active"])
def test_D10_the_answer_is_the_same_and_the_mail_tells_the_owner(browser, state):
    user = make_user("victoria", VICTIM, None if state == "no password" else PASSWORD)
    User.objects.update(is_active=state != "inactive")
    answers = [browser.forgot("nobody@example.com"), browser.forgot()]

    assert len({(answer.status_code, answer.url) for answer in answers}) == 1
    assert len(mailbox()) == 1
    if state == "inactive":
        with pytest.raises(LookupError):
            link_in(last_mail())
        assert not OneTimeSecret.objects.filter(user=user).exists()
    else:
        assert browser.reset(last_mail()).status_code == 302
        user.refresh_from_db()
        assert user.check_password(NEW_PASSWORD)


@pytest.mark.parametrize("state", ["inactive", "no password", "active", "nobody"])
def test_D10_code_is_answered_the_same_and_the_mail_tells_the_owner(browser, state):
    if state != "nobody":
        make_user("victoria", VICTIM, None if state == "no password" else PASSWORD)
        User.objects.update(is_active=state != "inactive")

    assert forgot_password(VICTIM) is None
    deliver_due(limit=10)

    assert len(mailbox()) == 1
    opens = state in {"no password", "active"}
    assert OneTimeSecret.objects.filter(user__isnull=False).exists() is opens
    assert ("/reset-password/" in last_mail().body) is opens


@pytest.mark.parametrize("state", ["inactive", "no password"])
def test_D10_a_link_by_the_administration_opens_no_account_that_is_off(office, browser, state):
    user = make_user("victoria", VICTIM, None if state == "no password" else PASSWORD)
    User.objects.filter(pk=user.pk).update(is_active=state != "inactive")

    answer = act(office, "send_password_links", user)

    if state == "inactive":
        assert messages_of(answer) == ["victoria: The account was switched off."]
        assert not mail.outbox
        assert not OneTimeSecret.objects.exists()
    else:
        assert browser.reset(last_mail()).status_code == 302
        user.refresh_from_db()
        assert user.check_password(NEW_PASSWORD)


@ASKING
def test_D11_a_claim_that_nobody_proved_gets_no_link(browser, victoria, ask):
    mallory = make_user("mallory", "m@example.net")
    UserEmail.objects.add_claim(mallory, VICTIM)
    UserEmail.objects.add_claim(victoria, "typo@example.org")

    ask(browser, VICTIM)
    ask(browser, "typo@example.org")

    assert {row.user_id for row in OneTimeSecret.objects.all()} == {victoria.pk, None}
    assert [message.subject[:10] for message in mails_to("typo@example.org")] == ["No account"]


@pytest.mark.asvs("7.4.3")
def test_D12_a_change_ends_every_other_session_and_renews_this_one(browser, new_browser, victoria):
    others = [new_browser(), new_browser()]
    for each in (browser, *others):
        each.log_in("victoria", remember="on")
    key = browser.session.session_key

    browser.change_password()

    assert browser.user_id == str(victoria.pk)
    assert browser.session.session_key != key
    assert [other.user_id for other in others] == [None, None]
    thief = new_browser()
    thief.cookies["sessionid"] = key
    assert thief.user_id is None


@pytest.mark.asvs("7.4.3")
def test_D12_a_reset_ends_every_session_this_one_too(browser, new_browser, victoria):
    thief = new_browser()
    for each in (browser, thief):
        each.log_in("victoria")

    browser.forgot()
    browser.reset(last_mail())

    assert thief.user_id is None
    assert browser.user_id is None


def test_D12_changing_to_the_same_password_ends_the_others_too(browser, new_browser, victoria):
    thief = new_browser()
    for each in (browser, thief):
        each.log_in("victoria")

    browser.change_password(new=PASSWORD)

    assert browser.user_id
    assert thief.user_id is None


@pytest.mark.asvs("7.4.3")
@pytest.mark.parametrize("renew", RENEWING, ids=lambda renew: renew.__name__)
def test_D12_a_new_password_ends_every_other_session_however_it_is_set(browser, victoria, renew):
    browser.log_in("victoria", remember="on")

    renew(victoria)

    assert User.objects.get().check_password(NEW_PASSWORD)
    assert browser.user_id is None


def test_D12_a_first_password_ends_every_other_session_and_not_this_one(browser, new_browser):
    user = make_user("victoria", VICTIM, None)
    thief = new_browser()
    for each in (browser, thief):
        log_in(each, user)

    browser.post(url("set_password"), {"new_password": NEW_PASSWORD})

    assert browser.user_id == str(user.pk)
    assert thief.user_id is None


def test_D13_a_mail_server_that_is_away_answers_the_same_for_known_and_unknown(
    browser, new_browser, victoria, send_mail_by
):
    send_mail_by(f"{BROKEN}.RefusingMail")

    answers = [new_browser().forgot(address) for address in (VICTIM, "nobody@example.com")]

    assert [(a.status_code, a.url) for a in answers] == [(302, url("mail_sent"))] * 2
    assert OutgoingMail.objects.filter(due_at__isnull=False).count() == 2


@pytest.mark.parametrize("known", [True, False])
def test_D14_asking_again_and_again_sends_few_mails(browser, known):
    if known:
        make_user("victoria", VICTIM)

    answers = [browser.forgot().status_code for _ in range(12)]

    assert answers == [302] * 5 + [429] * 7
    assert len(mail.outbox) == 5


def test_D14_one_client_cannot_mail_to_many_either(browser):
    answers = [browser.forgot(f"user{number}@example.com").status_code for number in range(25)]

    assert answers == [302] * 20 + [429] * 5
    assert len(mail.outbox) == 20


def test_D14_registering_is_no_way_around_the_limit_of_mails_to_an_address(browser, new_browser):
    # Each from another client and under another name.
    codes = []
    for number in range(12):
        stranger = new_browser(REMOTE_ADDR=f"203.0.113.{number}")
        codes.append(stranger.register(f"user{number}", VICTIM).status_code)

    assert 429 in codes
    assert len(mailbox()) <= 5


@pytest.mark.parametrize(
    "purpose, ask",
    [
        ("register", lambda browser, n: browser.register(f"mallory{n}", f"victim+{n}@example.com")),
        ("mail", lambda browser, n: browser.resend(f"victim+{n}@example.com")),
        ("reset", lambda browser, n: browser.forgot(f"victim+{n}@example.com")),
    ],
)
def test_D14_a_crowd_has_no_more_mails_sent_than_the_whole_site_may(
    new_browser, set_conf, purpose, ask
):
    set_conf(LIMITS={purpose: {"global": "3/1h"}})
    assert [*limits()] == []  # there is such a budget, by default too

    codes = [ask(new_browser(REMOTE_ADDR=f"2001:db8:0:{n:x}::1"), n).status_code for n in range(6)]

    assert codes == [302] * 3 + [429] * 3
    assert len(mail.outbox) == 3


@pytest.mark.asvs("2.4.1")
def test_D14_all_anonymous_pages_together_send_at_most_the_sum_of_their_limits(new_browser):
    for number in range(12):
        stranger = new_browser(REMOTE_ADDR=f"203.0.113.{number}")
        stranger.register(f"user{number}", VICTIM)
        stranger.forgot()
        stranger.resend()

    assert len(mailbox()) <= 15


@pytest.mark.parametrize(
    "spellings",
    [
        ["Victim@example.com", "vICTIM@example.com", "victim@EXAMPLE.com", " victim@example.com"],
        ["victim@exämple.com", "victim@EXÄMPLE.com", "victim@xn--exmple-cua.com"],
        ["victim@exa。mple.com", "victim@exa.mple.com", "victim@exa．mple.com"],
    ],
)
def test_D15_another_spelling_is_no_way_around_the_limit(browser, spellings):
    codes = [browser.forgot(address).status_code for address in spellings * 3]

    assert codes.count(302) == 5
    assert set(codes) == {302, 429}


def test_D15_another_spelling_of_the_name_is_no_way_around_the_limit_of_logins(browser, victoria):
    spellings = ["victoria", "VICTORIA", " victoria ", "Ｖictoria", "viCtoria\t"]

    codes = [browser.log_in(name, EVIL).status_code for name in spellings * 3]

    assert codes == [200] * 5 + [429] * 10


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"old_password": ""},
        {"old_password": "null"},
        {"old_password[]": PASSWORD},
        {"password": PASSWORD},
        {"old_password": EVIL},
        {"old_password": f"{PASSWORD} "},
        {"old_password": PASSWORD.upper()},
        {"old_password": [EVIL, ""]},
    ],
)
def test_D16_a_stolen_session_cannot_set_a_password_without_the_old_one(browser, victoria, data):
    browser.log_in("victoria")

    response = browser.post(url("change_password"), {"new_password": EVIL, **data})

    assert response.status_code == 200
    victoria.refresh_from_db()
    assert victoria.check_password(PASSWORD)
    assert victoria.session_epoch == 0


def test_D16_a_stolen_session_cannot_guess_the_old_one_for_long(browser, victoria):
    browser.log_in("victoria")

    pages = [lambda: browser.change_password(old=EVIL)]
    pages += [lambda: browser.post(url("confirm_identity"), {"old_password": EVIL})]
    codes = [page().status_code for page in pages * 8]

    assert codes == [200] * 10 + [429] * 6
    assert browser.change_password().status_code == 429


def test_D16_the_password_of_somebody_without_one_is_nothing_that_can_be_typed(browser):
    user = make_user("victoria", VICTIM, None)
    browser.force_login(user)

    for old in ("!", user.password, "None", " "):
        assert browser.change_password(old=old)["Location"] == url("set_password")

    user.refresh_from_db()
    assert not user.has_usable_password()


def test_D16_by_flows(victoria):
    with pytest.raises(WrongPassword):
        change_password(victoria, old_password=EVIL, new_password=NEW_PASSWORD)

    stale = User.objects.get(pk=victoria.pk)
    change_password(victoria, old_password=PASSWORD, new_password=NEW_PASSWORD)
    with pytest.raises(WrongPassword):
        change_password(stale, old_password=PASSWORD, new_password=EVIL)

    victoria.refresh_from_db()
    assert victoria.check_password(NEW_PASSWORD)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_D17_opening_a_link_changes_nothing(browser, victoria, method):
    UserEmail.objects.add_claim(victoria, "second@example.com")
    browser.forgot()
    before = everything()

    response = getattr(browser, method)(link_in(last_mail()))
    if response.status_code == 302:
        getattr(browser, method)(response.url)

    assert everything() == before


def test_D17_a_refused_new_password_uses_nothing_up(browser, victoria):
    browser.forgot()
    page = page_of(browser.open(last_mail()))

    for bad in ("", "short", "victoria", "12345678", "x" * 2000):
        assert browser.post(page, {"new_password": bad}).status_code == 200

    assert browser.post(page, {"new_password": NEW_PASSWORD}).status_code == 302


# Seams


def test_a_pending_address_of_a_stranger_is_dropped_by_a_reset_and_its_link_with_it(
    browser, new_browser, victoria
):
    """D18, as far as one address goes: a claim that waits on the account of the victim."""
    planted = UserEmail.objects.add_claim(victoria, "attacker@example.net")
    link = str(link_of(issue(CONFIRM_EMAIL, address=planted)))

    browser.forgot()
    browser.reset(last_mail())
    response = new_browser().confirm(url("confirm_email", link))

    assert response.status_code == 404
    assert [address.email for address in victoria.emails.all()] == [VICTIM]


def test_a_reset_by_a_link_that_was_opened_while_logged_in_as_another_keeps_them_apart(
    browser, victoria
):
    other = make_user("other")
    browser.forgot()
    browser.log_in("other")

    browser.reset(last_mail())

    assert browser.user_id == str(other.pk)
    other.refresh_from_db()
    assert other.check_password(PASSWORD)
    victoria.refresh_from_db()
    assert victoria.check_password(NEW_PASSWORD)


def test_the_owner_is_told_of_every_new_password_and_once(browser, victoria):
    with lifted_limits():
        browser.forgot()
        browser.reset(last_mail())
        browser.log_in("victoria", NEW_PASSWORD)
        browser.change_password(NEW_PASSWORD, PASSWORD)

    assert [s for s in mailbox() if "was changed" in s] == [
        "Your password at testserver was changed"
    ] * 2
    kinds = AccountEvent.objects.filter(kind__contains="passw").values_list("kind", flat=True)
    assert sorted(kinds) == ["password_changed", "password_link_requested", "password_reset"]


def test_a_refusal_inside_another_transaction_leaves_it_usable(victoria):
    """A project that calls flows in a transaction of its own goes on after an AccountError."""
    with transaction.atomic():
        secret = issue(RESET_PASSWORD, address=victoria.emails.get())
        reset_password(secret, new_password=NEW_PASSWORD)
        with pytest.raises(LinkUsed):
            reset_password(secret, new_password=EVIL)
        assert User.objects.get().check_password(NEW_PASSWORD)


def test_the_limit_of_a_flow_counts_without_a_request_too(victoria):
    for _ in range(5):
        forgot_password(VICTIM)
    with pytest.raises(TooManyAttempts):
        forgot_password(VICTIM)


def test_a_link_under_a_retired_key_works_until_the_key_is_removed(browser, victoria, settings):
    browser.forgot()
    link = Link.parse(halves(link_in(last_mail()))[1])

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [settings.SECRET_KEY]
    assert peek(RESET_PASSWORD, link).user == victoria
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.open(last_mail()).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.com"])
def test_a_forged_host_chooses_no_link(browser, victoria, host, settings):
    settings.USERACCOUNTS = {"MAIL_DELIVERY": "immediate"}

    response = browser.post(url("forgot_password"), {"email": VICTIM}, headers={"host": host})

    assert response.status_code == 400
    assert not mail.outbox


@pytest.mark.asvs("4.1.3")
@pytest.mark.parametrize("header", ["x-forwarded-host", "x-host", "forwarded", "x-original-host"])
def test_no_other_header_chooses_a_link_either(browser, victoria, header, settings):
    settings.USERACCOUNTS = {"MAIL_DELIVERY": "immediate"}

    browser.post(url("forgot_password"), {"email": VICTIM}, headers={header: "evil.example"})

    assert "evil.example" not in last_mail().body
    assert "http://testserver/" in last_mail().body


def test_with_an_origin_the_host_is_nowhere_in_the_mail(browser, victoria, settings, set_conf):
    settings.ALLOWED_HOSTS = ["*"]
    set_conf(ORIGIN="https://guild.example")

    browser.post(url("forgot_password"), {"email": VICTIM}, headers={"host": "evil.example:8443"})

    message = last_mail()
    text = f"{message.subject}{message.body}{message.alternatives[0][0]}"
    assert "evil.example" not in text
    assert "https://guild.example/accounts/reset-password/" in text
