"""B. Confirmation: whose link, for what, how often, and who looks at it first."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils import timezone

from django_useraccounts.browser import COOKIE, browser_key
from django_useraccounts.emails.flows import confirm_email, disown_email
from django_useraccounts.errors import EmailTaken, LinkError
from django_useraccounts.mail import deliver_due
from django_useraccounts.models import OneTimeSecret, UserEmail
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    PURPOSES,
    Link,
    issue,
    link_of,
    peek,
)
from django_useraccounts.testing import lifted_limits, make_user
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    everything,
    last_mail,
    link_in,
    mailbox,
    mails_to,
    page_of,
    proof_of,
    url,
)

pytestmark = pytest.mark.django_db

User = get_user_model()


def test_B1_a_link_is_worth_nothing_once_its_claim_is_for_another_address(browser):
    user = make_user("mallory", "own@example.net", confirmed=False)
    claim = UserEmail.objects.get(user=user)
    browser.resend("own@example.net")

    # By the admin or a shell; no flow of ours does it.
    UserEmail.objects.filter(pk=claim.pk).update(email=VICTIM, email_key=VICTIM)
    browser.confirm(last_mail("own@example.net"))

    assert not UserEmail.objects.confirmed().exists()


def test_B1_a_mail_that_waits_carries_no_link_for_another_address(browser, set_conf):
    """The link is derived when the mail is rendered: by then the claim may be another."""
    set_conf(MAIL_DELIVERY="command")
    user = make_user("mallory", "own@example.net", confirmed=False)
    browser.resend("own@example.net")

    UserEmail.objects.filter(user=user).update(email=VICTIM, email_key=VICTIM)
    deliver_due(limit=10)
    for message in mails_to("own@example.net"):
        browser.confirm(message)

    assert not UserEmail.objects.confirmed().exists()


def test_B1_a_link_is_worth_nothing_once_its_claim_belongs_to_another_user(browser):
    user, other = make_user("mallory", VICTIM, confirmed=False), make_user("other")
    browser.resend()

    UserEmail.objects.filter(user=user).update(user=other)
    browser.confirm(last_mail())

    assert not UserEmail.objects.confirmed().filter(email_key=VICTIM).exists()


@pytest.mark.asvs("9.2.2")
@pytest.mark.parametrize("made_for", sorted(PURPOSES))
def test_B2_a_link_opens_only_the_page_that_it_was_made_for(browser, links, made_for):
    answer = {"answer": "confirm", "new_password": NEW_PASSWORD}
    before = everything()

    for used_for in PURPOSES.keys() - {made_for}:
        page = browser.get(url(used_for, links[made_for]), follow=True)
        response = browser.post(page_of(page), answer)
        assert (page.status_code, response.status_code) == (404, 404), used_for

    assert everything() == before
    assert browser.open(url(made_for, links[made_for])).status_code == 200


@pytest.mark.parametrize("made_for", sorted(PURPOSES))
def test_B2_the_half_in_the_cookie_opens_no_other_link(browser, links, made_for):
    browser.get(url(made_for, links[made_for]))
    proof, name = proof_of(browser), list(browser.cookies)[-1]
    before = everything()

    # Planted for the whole site: on the pages of the other links, and of its own as another one.
    del browser.cookies[name]
    browser.cookies[name] = proof
    for page in PURPOSES.keys() - {made_for}:
        for link in (links[page], links[made_for]):
            path = url(page, Link.parse(link).public_id)
            answer = {"answer": "confirm", "new_password": NEW_PASSWORD}
            assert browser.get(path).status_code == 404, page
            assert browser.post(path, answer).status_code == 404, page

    assert everything() == before


@pytest.mark.parametrize("made_for", sorted(PURPOSES))
def test_B2_flows_hold_the_purpose_too(links, made_for):
    link = Link.parse(links[made_for])

    for used_for in PURPOSES.keys() - {made_for}:
        with pytest.raises(LinkError):
            peek(PURPOSES[used_for], link)
    assert peek(PURPOSES[made_for], link).purpose == made_for


def test_B2_a_row_whose_purpose_was_changed_opens_nothing(browser, links):
    link = Link.parse(links["confirm_email"])
    OneTimeSecret.objects.filter(pk=link.id).update(purpose="reset_password")

    assert browser.get(url("reset_password", str(link)), follow=True).status_code == 404


def test_B2_the_row_of_a_request_for_an_unknown_address_opens_nothing(browser):
    browser.forgot("nobody@example.com")
    row = OneTimeSecret.objects.get()

    response = browser.get(url("reset_password", str(link_of(row))), follow=True)

    assert response.status_code == 404


def test_B3_a_link_cannot_be_replayed_after_the_address_went_to_somebody_else(browser, new_browser):
    browser.register()
    link = link_in(last_mail())
    browser.confirm(link)
    UserEmail.objects.all().delete()
    other = new_browser()
    other.register("victoria", VICTIM, PASSWORD)
    other.confirm(last_mail())

    response = new_browser().confirm(link)

    assert response.status_code in {404, 410}
    assert UserEmail.objects.get().user.username == "victoria"


def test_B3_a_link_works_once(browser, new_browser):
    browser.register()
    link = link_in(last_mail())

    assert browser.confirm(link).status_code == 302
    before = everything()

    stranger = new_browser()
    page = page_of(stranger.open(link))
    for again in (browser, stranger):
        for answer in ("confirm", "not_me"):
            response = again.post(page, {"answer": answer})
            # Who confirmed it and is logged in by it, as after a double click, just goes on.
            assert response.status_code == (410 if again is stranger else 302)
    assert {**everything(), "Session": []} == {**before, "Session": []}


def test_B3_after_not_me_the_link_confirms_nothing(browser):
    browser.register()
    link = link_in(last_mail())

    browser.confirm(link, answer="not_me")

    assert browser.confirm(link).status_code == 404
    assert not UserEmail.objects.exists()


def test_B3_a_link_asked_for_again_replaces_the_older_one(browser, new_browser):
    browser.register()
    old = link_in(last_mail())
    browser.resend()

    assert new_browser().confirm(old).status_code == 410
    assert new_browser().confirm(last_mail()).status_code == 302


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("method", ["get", "head", "options", "trace"])
@pytest.mark.parametrize("kind", ["register", "forgot"])
def test_B4_looking_at_a_link_changes_nothing(browser, new_browser, method, kind):
    if kind == "register":
        browser.register()
    else:
        make_user("victoria", VICTIM)
        browser.forgot()
    link = link_in(last_mail())
    before = everything()

    # As scanners do: the link, its redirect, the page, without cookies and with them.
    scanner = new_browser()
    for _ in range(3):
        response = getattr(scanner, method)(link)
        if response.status_code == 302:
            getattr(scanner, method)(response.url)
            getattr(new_browser(), method)(response.url)

    assert everything() == before


@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_B4_other_methods_on_the_mailed_address_itself_change_nothing(browser, method):
    browser.register()
    link = link_in(last_mail())
    before = everything()

    response = getattr(browser, method)(link, {"answer": "confirm"} if method == "post" else "")

    assert response.status_code in {404, 405}
    assert everything() == before


@pytest.mark.parametrize("data", [{}, {"answer": ""}, {"answer": "yes"}, {"answer[]": "confirm"}])
def test_B4_a_post_without_a_clear_answer_changes_nothing(browser, data):
    browser.register()
    page = page_of(browser.open(last_mail()))
    before = everything()

    assert browser.post(page, data).status_code == 200

    assert everything() == before


def test_B7_a_link_opened_by_another_user_confirms_for_its_owner_and_switches_nobody(
    browser, new_browser
):
    browser.register()
    visitor = new_browser()
    other = make_user("other")
    visitor.log_in("other")

    visitor.confirm(last_mail())

    assert visitor.user_id == str(other.pk)
    assert UserEmail.objects.get(email_key=VICTIM).user.username == "mallory"
    assert [address.email for address in UserEmail.objects.filter(user=other)] == [
        "other@example.com"
    ]


def test_B7_even_in_the_browser_that_registered_another_session_is_not_switched(browser):
    browser.register()
    other = make_user("other")
    browser.log_in("other")

    browser.confirm(last_mail())

    assert browser.user_id == str(other.pk)


@pytest.mark.parametrize("state", ["unknown", "unconfirmed", "confirmed"])
def test_B8_asking_again_and_again_sends_few_mails_and_tells_nothing(browser, state):
    if state != "unknown":
        make_user("victoria", VICTIM, confirmed=state == "confirmed")

    answers = [browser.resend(address) for address in [VICTIM, "Victim@EXAMPLE.com"] * 6]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429] * 7
    assert len(mail.outbox) == 5
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_B8_whoever_asks_an_address_gets_five_confirmations_and_five_links_an_hour(browser):
    make_user("victoria", VICTIM)

    answers = [ask().status_code for ask in [browser.resend, browser.forgot] * 7]

    # Apart from one another, so that no stranger leaves an owner without a link: M5.
    assert answers == [302] * 10 + [429] * 4
    assert len(mail.outbox) == 10


def test_B11_of_two_who_claim_an_address_the_first_to_prove_it_owns_it(browser, new_browser):
    browser.register()
    first = link_in(last_mail())
    other = new_browser()
    other.register("victoria", VICTIM, PASSWORD)
    second = link_in(last_mail())

    assert browser.confirm(first).status_code == 302
    told = other.confirm(second)

    assert UserEmail.objects.confirmed().get().user.username == "mallory"
    assert b"belongs to another account" in told.content
    assert other.user_id is None
    # Nothing half done: the link was not used up, and its claim is still a claim.
    assert OneTimeSecret.objects.filter(redeemed_at=None).count() == 1


def test_B11_by_flows(db):
    claims = [
        UserEmail.objects.add_claim(make_user(name, f"{name}@example.net"), VICTIM)
        for name in ("one", "two")
    ]
    one, two = [issue(CONFIRM_EMAIL, address=claim) for claim in claims]

    confirm_email(one)
    with pytest.raises(EmailTaken):
        confirm_email(two)
    # The owner of the address can still say that the second claim was not made by them.
    disown_email(two)

    assert UserEmail.objects.filter(email_key=VICTIM).get().user.username == "one"


# Seams


def test_the_key_of_a_browser_in_a_row_opens_nothing_by_itself(browser, new_browser):
    """Who can write the table makes a link log a browser in, but needs the link for it."""
    browser.register()
    stranger = new_browser()
    stranger.get(url("register"))
    OneTimeSecret.objects.update(browser_key=browser_key(stranger.cookies[COOKIE].value))

    page = browser.get(link_in(last_mail())).url
    assert stranger.post(page, {"answer": "confirm"}).status_code == 404
    assert stranger.user_id is None


def test_giving_a_wrong_password_makes_no_browser_the_one_that_registered(browser, new_browser):
    browser.register("victoria", VICTIM, PASSWORD)
    stranger = new_browser()
    stranger.get(url("register"))
    stranger.log_in("victoria", EVIL)

    stranger.confirm(last_mail())

    assert stranger.user_id is None


def test_a_stranger_who_asks_again_does_not_become_the_browser_that_registered(
    browser, new_browser
):
    browser.register("victoria", VICTIM, PASSWORD)
    stranger = new_browser()
    stranger.register("mallory", VICTIM, EVIL)
    stranger.resend()

    victim = new_browser()
    for message in mails_to(VICTIM):
        if b"victoria" in victim.open(message).content:
            victim.confirm(message)

    assert victim.user_id is None
    assert stranger.user_id is None
    assert UserEmail.objects.confirmed().get().user.username == "victoria"


def test_no_browser_token_is_no_browser(browser, new_browser):
    """Links that no browser asked for have an empty key: no visitor may match it."""
    user = make_user("victoria", VICTIM, confirmed=False)
    for cookies in ({}, {COOKIE: ""}, {COOKIE: "-"}):
        visitor = new_browser()
        visitor.cookies.load(cookies)
        visitor.resend()
        visitor.open(last_mail())
        assert OneTimeSecret.objects.filter(user=user).exclude(browser_key="").count() == 0
    visitor.confirm(last_mail())

    assert visitor.user_id is None


def test_an_expired_link_confirms_nothing_even_if_its_page_was_opened_in_time(browser):
    browser.register()
    page = page_of(browser.open(last_mail()))
    OneTimeSecret.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    # The row was changed, so its HMAC is wrong, too; by the clock alone see T6.
    assert browser.post(page, {"answer": "confirm"}).status_code in {404, 410}
    assert not UserEmail.objects.confirmed().exists()


@pytest.mark.parametrize(
    "change",
    [
        {"next_url": "/elsewhere/"},
        {"epoch": 1},
        {"expires_at": timezone.now() + timedelta(days=999)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_row_that_was_changed_in_the_database_opens_nothing(browser, change):
    browser.register()
    OneTimeSecret.objects.update(**change)

    assert browser.open(last_mail()).status_code == 404


def test_two_tabs_with_two_links_do_not_get_in_each_others_way(browser):
    browser.register("mallory", VICTIM)
    browser.register("melissa", "melissa@example.com")
    first = page_of(browser.open(last_mail()))
    second = page_of(browser.open(last_mail("melissa@example.com")))

    # The test client keeps one cookie of a name; a browser keeps one for each path.
    browser.open(last_mail())
    assert browser.post(first, {"answer": "confirm"}).status_code == 302
    browser.open(last_mail("melissa@example.com"))
    assert browser.post(second, {"answer": "confirm"}).status_code == 302

    assert UserEmail.objects.confirmed().count() == 2


def test_the_cookie_of_a_link_is_for_its_page_alone_and_no_script(browser):
    browser.register()
    response = browser.get(link_in(last_mail()), secure=True)

    cookie = next(iter(response.cookies.values()))
    assert cookie["path"] == response.url
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie.value not in response.url


@pytest.mark.parametrize("purpose", PURPOSES)
def test_links_that_nobody_was_mailed_leave_no_cookies(browser, links, purpose):
    # A browser keeps less than two hundred of a site: too many push out that of the session.
    proof = Link.parse(links[purpose]).proof

    for _ in range(9):
        made_up = Link(uuid.uuid4(), proof)
        assert not browser.get(url(purpose, made_up)).cookies
    assert browser.get(url(purpose, links[purpose])).cookies


def test_the_public_half_alone_opens_nothing(browser, new_browser):
    browser.register()
    page = browser.get(link_in(last_mail())).url

    stranger = new_browser()
    assert stranger.get(page).status_code == 404
    assert stranger.post(page, {"answer": "confirm"}).status_code == 404
    assert not UserEmail.objects.confirmed().exists()


def test_a_link_of_an_account_that_was_switched_off_confirms_nothing(browser):
    browser.register()
    User.objects.update(is_active=False)

    assert browser.confirm(last_mail()).status_code == 410
    assert browser.user_id is None
    assert not UserEmail.objects.confirmed().exists()


def test_a_person_who_may_not_log_in_is_not_logged_in_by_the_confirm_link(browser, set_conf):
    browser.register()

    set_conf(POLICY="tests.attacks.broken.NobodyPolicy")
    browser.confirm(last_mail())

    assert browser.user_id is None
    assert UserEmail.objects.confirmed().exists()


def test_confirming_gives_a_new_session_and_keeps_none_that_was_planted(browser, new_browser):
    browser.register()
    planted = browser.session
    planted["planted"] = "by a stranger"
    planted.save()
    old_key = browser.session.session_key

    browser.confirm(last_mail())

    assert browser.user_id
    assert browser.session.session_key != old_key
    thief = new_browser()
    thief.cookies["sessionid"] = old_key
    assert thief.user_id is None


def test_confirming_does_not_keep_the_person_logged_in_longer_than_they_asked_for(browser):
    browser.register()

    browser.confirm(last_mail())

    # Nobody ticked "stay logged in": the session ends with the browser, as after a login.
    assert browser.session.get_expire_at_browser_close()


def test_resending_for_an_address_claimed_twice_mails_only_to_that_address(browser, new_browser):
    browser.register("mallory", VICTIM, EVIL)
    new_browser().register("melissa", VICTIM, EVIL)
    with lifted_limits():
        browser.resend()

    assert {to for message in mail.outbox for to in message.to} == {VICTIM}
    assert len(mailbox()) == 3


def test_links_in_mails_differ_for_each_mail(browser):
    with lifted_limits():
        browser.register()
        for _ in range(3):
            browser.resend()

    assert len({link_in(message) for message in mails_to(VICTIM)}) == 4
