"""The faults of Flask-User, each by its name, and that none of them is here again."""

from dataclasses import fields
from itertools import permutations
from pathlib import Path

import pytest
from django.core import mail
from django.urls import get_resolver

import django_useraccounts
from django_useraccounts.conf import Conf
from django_useraccounts.decorators import roles_accepted, roles_required
from django_useraccounts.errors import LinkInvalid
from django_useraccounts.mail import announce, deliver_due
from django_useraccounts.mixins import RolesAcceptedMixin, RolesRequiredMixin
from django_useraccounts.models import OutgoingMail, UserEmail
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    FETCH_EXPORT,
    PURPOSES,
    RESET_PASSWORD,
    issue,
    link_of,
    peek,
)
from django_useraccounts.testing import PASSWORD, log_in, mails_to, make_user
from tests.attacks.browsers import EVIL, NEW_PASSWORD, everything, link_in, page_of, url
from tests.behaviours.links import good_link

pytestmark = pytest.mark.django_db

MAILS = Path(django_useraccounts.__file__).parent / "templates/useraccounts/mails"
KINDS = sorted(folder.name for folder in MAILS.iterdir() if folder.is_dir())
ANSWERS = {"answer": "confirm", "new_password": NEW_PASSWORD}


# One token format for all purposes: an invitation could reset another user's password


@pytest.mark.parametrize("made_for, used_for", list(permutations(PURPOSES, 2)))
def test_one_token_format_for_all_purposes(browser, made_for, used_for):
    user = make_user("maria")
    UserEmail.objects.add_claim(user, "second@example.com")
    if used_for == FETCH_EXPORT.name:
        log_in(browser, user)  # its page asks for a login before it looks at the link
    for address in UserEmail.objects.all():
        link = link_of(issue(PURPOSES[made_for], address=address))
        before = everything()

        shown = browser.open(url(used_for, str(link)))
        posted = browser.post(page_of(shown), ANSWERS)

        assert (shown.status_code, posted.status_code) == (404, 404)
        assert everything() == before
        assert peek(PURPOSES[made_for], link)
        with pytest.raises(LinkInvalid):
            peek(PURPOSES[used_for], link)


# Reusable reset links


@pytest.mark.parametrize("who", ["the same browser", "another browser"])
def test_reusable_reset_links(browser, new_browser, who):
    user = make_user("maria")
    browser.forgot("maria@example.com")
    link = link_in(mails_to("maria@example.com")[0])
    assert browser.reset(link).status_code == 302

    again = browser if who == "the same browser" else new_browser()
    response = again.reset(link, EVIL)

    assert (response.status_code, response.context["reason"]) == (410, "used")
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


# Confirmation by GET: programs that look at links in mails confirmed for people


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("purpose", [CONFIRM_EMAIL, RESET_PASSWORD], ids=lambda p: p.name)
def test_confirmation_by_get(browser, method, purpose):
    address = UserEmail.objects.get(user=make_user("maria", confirmed=purpose is RESET_PASSWORD))
    link = good_link(purpose, address)
    page = page_of(browser.open(link))
    before = everything()

    for path in (link, page):
        for query in ("", "?answer=confirm", f"?new_password={NEW_PASSWORD}"):
            assert getattr(browser, method)(path + query).status_code in {200, 302}

    assert everything() == before
    assert browser.post(page, ANSWERS).status_code == 302


# Wildcards in lookups: a_b found axb


@pytest.mark.asvs("1.2.4")
@pytest.mark.parametrize("typed", ["m_ria", "mari%", "%", "*", "mar*", "m.ria", "[m]aria"])
def test_wildcards_in_lookups_of_usernames(browser, typed):
    make_user("maria")

    assert browser.log_in(typed).status_code == 200
    assert browser.user_id is None


def test_wildcards_in_lookups_of_usernames_that_are_taken(browser):
    make_user("axb")

    assert browser.register("a_b", "a_b@example.com").status_code == 302
    assert browser.register("a.b", "a.b@example.com").status_code == 302


@pytest.mark.parametrize("local", ["m_ria", "mari%", "%", "*", "mar*", "?????", "[m]aria", "m.ria"])
def test_wildcards_in_lookups_of_addresses(browser, local):
    make_user("maria")
    typed = f"{local}@example.com"

    assert browser.log_in(typed).status_code == 200
    browser.register("frida", typed)
    browser.forgot(typed)
    browser.resend(typed)

    assert browser.user_id is None
    assert not mails_to("maria@example.com")
    assert {message.to[0] for message in mail.outbox} <= {typed}


# roles_required() that lets everybody in


def required_by_mixin(*needs):
    return type("Page", (RolesRequiredMixin,), {"roles_required": needs})


def accepted_by_mixin(*names):
    return type("Page", (RolesAcceptedMixin,), {"roles_accepted": names})


GUARDS = [roles_required, roles_accepted, required_by_mixin, accepted_by_mixin]


@pytest.mark.parametrize("needs", [(), ([],), ((),), ("a", []), ("",), (None,), ([""],), ([None],)])
@pytest.mark.parametrize("guard", GUARDS)
def test_roles_required_that_lets_everybody_in(guard, needs):
    with pytest.raises((ValueError, TypeError)):
        guard(*needs)


# Endless redirects of the unconfirmed: the page that refused them was the one they were sent to

PAGES = sorted(
    f"/accounts/{pattern.pattern}"
    for route in get_resolver("django_useraccounts.urls").url_patterns
    for pattern in route.url_patterns
    # A webhook is no page: it answers to nobody with a browser.
    if "<" not in str(pattern.pattern) and "webhook" not in str(pattern.pattern)
)
CONFIRM = "/accounts/resend-confirmation/"
GUARDED = ["/guards/function/", "/guards/mixin/", "/guards/unconfirmed/", "/guards/recent/"]


@pytest.mark.parametrize("confirm_first", [True, False])
@pytest.mark.parametrize("start", [*PAGES, *GUARDED])
def test_endless_redirects_of_the_unconfirmed(browser, set_conf, settings, start, confirm_first):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=confirm_first, TERMS_VERSION="1")
    # The worst that a project can write: the way out leads to a page that refuses.
    settings.LOGIN_REDIRECT_URL = "/guards/function/"
    log_in(browser, make_user("maria", confirmed=False, terms_version="1"))

    for wish in ("", "/guards/function/", CONFIRM, start):
        response = browser.get(start, {"next": wish}, follow=True)

        assert response.status_code == 200
        assert len(response.redirect_chain) <= 2


# Mail that is lost when another kind of mail is switched off


def everything_that_is_mailed(browser):
    browser.register("maria", "maria@example.com", PASSWORD)
    browser.confirm(mails_to("maria@example.com")[0])
    browser.log_in("maria")
    browser.change_password()
    browser.forgot("maria@example.com")
    browser.resend("maria@example.com")
    browser.resend("nobody@example.com")
    sent = OutgoingMail.objects.exclude(sent_at=None).order_by("pk")
    return list(sent.values_list("kind", "to"))


SWITCHES = [field.name for field in fields(Conf) if field.type is bool]


@pytest.mark.parametrize("switch", SWITCHES)
def test_mail_lost_when_another_is_switched_off(browser, set_conf, switch):
    set_conf(**{switch: not getattr(Conf(), switch)})
    to = "maria@example.com"

    mailed = everything_that_is_mailed(browser)

    assert mailed == [
        ("confirm_email", to),
        ("welcome", to),
        ("password_changed", to),
        ("reset_password", to),
        ("already_registered", to),
        ("no_account", "nobody@example.com"),
    ]


@pytest.mark.parametrize("broken", KINDS)
def test_mail_lost_when_another_cannot_be_sent(settings, set_conf, broken):
    template = {f"useraccounts/mails/{broken}/body.txt": "{% include 'gone.txt' %}"}
    loaders = [("django.template.loaders.locmem.Loader", template)]
    loaders.append("django.template.loaders.app_directories.Loader")
    options = {**settings.TEMPLATES[0]["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": options}]
    set_conf(MAIL_DELIVERY="command")
    user = make_user("maria")
    for kind in KINDS:
        announce(kind, to="maria@example.com", user=user)

    deliver_due(limit=100)

    waiting = OutgoingMail.objects.get(sent_at=None)
    assert waiting.kind == broken
    assert waiting.due_at is not None
    assert len(mail.outbox) == len(KINDS) - 1


# Logging out by GET: a picture in a forum logged everybody out


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_logging_out_by_get(browser, method):
    user = make_user("maria")
    browser.log_in("maria")

    for query in ("", "?next=/", "?logout=1"):
        getattr(browser, method)(url("logout") + query)

    assert browser.user_id == str(user.pk)


# Messages that print the path unescaped

MARKUP = "<script>alert(1)</script>"


@pytest.mark.parametrize("visitor", ["anonymous", "unconfirmed", "confirmed", "staff"])
def test_messages_that_print_the_path_unescaped(browser, visitor):
    if visitor != "anonymous":
        user = make_user("maria", confirmed=visitor != "unconfirmed", is_staff=visitor == "staff")
        log_in(browser, user)
    wish = f'/guards/function/?q="{MARKUP}'

    for path in (wish, *(f"{page}?next={wish}" for page in PAGES)):
        page = browser.get(path, follow=True).content.decode()

        assert MARKUP not in page


@pytest.mark.asvs("1.2.1", "3.2.2")
@pytest.mark.parametrize("page", ["register", "forgot_password", "resend_confirmation"])
def test_messages_that_print_what_was_typed_unescaped(browser, page):
    typed = {"username": "oneil", "email": "o'neil&copy@example.com", "password": PASSWORD}

    shown = browser.post(url(page), typed, follow=True).content.decode()

    assert "o&#x27;neil&amp;copy@example.com" in shown
    assert typed["email"] not in shown
