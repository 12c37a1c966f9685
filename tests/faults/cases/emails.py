"""Addresses are proved, added, changed, taken back and pruned."""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from django_useraccounts.emails.drift import mend_drift
from django_useraccounts.emails.flows import (
    add_email,
    confirm_email,
    disown_email,
    make_primary,
    note_browser,
    prune_unconfirmed,
    remove_email,
    resend_confirmation,
    send_confirmation,
    undo_email_change,
)
from django_useraccounts.models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    UNDO_EMAIL_CHANGE,
    Purpose,
    issue,
    link_of,
    peek,
)
from django_useraccounts.testing import make_user
from django_useraccounts.undeliverable import report_undeliverable
from tests.faults.harness import Act, case

SECOND = "second@example.com"


def opened(purpose: Purpose, **which: object) -> OneTimeSecret:
    """Return the row of the newest link, as the page of the link has it."""
    row = OneTimeSecret.objects.filter(purpose=purpose.name, **which).latest("created_at")
    return peek(purpose, link_of(row))


def claim(username: str, email: str = "") -> AbstractUser:
    """Make somebody whose address waits, and whose link was mailed."""
    user = make_user(username, email or None, confirmed=False)
    issue(CONFIRM_EMAIL, address=user.emails.get())
    return user


def maria_with_two() -> UserEmail:
    """Make maria, and return the second of her addresses."""
    return add_email(make_user("maria"), SECOND, confirmed=True)


def boss() -> AbstractUser:
    return make_user("boss", is_staff=True, is_superuser=True)


# Confirming


@case(resend_confirmation)
def of_an_address_that_waits() -> Act:
    claim("frida")
    return lambda: resend_confirmation("frida@example.com", next_url="/gallery/")


@case(resend_confirmation)
def of_an_address_that_is_confirmed() -> Act:
    make_user("frida")
    return lambda: resend_confirmation("frida@example.com")


@case(resend_confirmation)
def of_an_address_that_nobody_has() -> Act:
    return lambda: resend_confirmation("nobody@example.com")


@case(send_confirmation)
def of_an_own_address() -> Act:
    address = UserEmail.objects.add_claim(make_user("maria"), SECOND)
    return lambda: send_confirmation(address)


@case(send_confirmation)
def of_an_address_that_another_one_owns() -> Act:
    make_user("owner", SECOND)
    address = UserEmail.objects.add_claim(make_user("maria"), SECOND)
    return lambda: send_confirmation(address)


@case(note_browser)
def whose_password_was_given() -> Act:
    frida = claim("frida")
    return lambda: note_browser(frida, "the key of a browser")


@case(confirm_email)
def the_first_one() -> Act:
    claim("frida")
    secret = opened(CONFIRM_EMAIL)
    return lambda: confirm_email(secret)


@case(confirm_email)
def a_further_one() -> Act:
    add_email(make_user("maria"), SECOND)
    secret = opened(CONFIRM_EMAIL)
    return lambda: confirm_email(secret)


@case(confirm_email, EMAILS_PER_USER=1)
def one_that_takes_the_place_of_the_only_one() -> Act:
    add_email(make_user("maria"), SECOND)
    secret = opened(CONFIRM_EMAIL)
    return lambda: confirm_email(secret)


@case(confirm_email)
def by_the_second_who_claims_it() -> Act:
    claim("frida", SECOND)
    maria = claim("maria", SECOND)
    secret = opened(CONFIRM_EMAIL, user=maria)
    return lambda: confirm_email(secret)


@case(disown_email)
def that_a_stranger_has_claimed() -> Act:
    claim("frida")
    secret = opened(CONFIRM_EMAIL)
    return lambda: disown_email(secret)


# Adding and changing


@case(add_email)
def that_is_free() -> Act:
    maria = make_user("maria")
    return lambda: add_email(maria, SECOND, next_url="/gallery/")


@case(add_email)
def that_another_one_owns() -> Act:
    make_user("owner", SECOND)
    maria = make_user("maria")
    return lambda: add_email(maria, SECOND)


@case(add_email, EMAILS_PER_USER=1)
def in_the_place_of_one_that_waits() -> Act:
    maria = make_user("maria")
    add_email(maria, "third@example.com")
    return lambda: add_email(maria, SECOND)


@case(add_email)
def that_an_administrator_vouches_for() -> Act:
    maria, by = make_user("maria"), boss()
    return lambda: add_email(maria, SECOND, confirmed=True, by=by)


@case(add_email)
def the_first_one_that_an_administrator_vouches_for() -> Act:
    frida, by = claim("frida"), boss()
    return lambda: add_email(frida, "frida@example.com", confirmed=True, by=by)


@case(make_primary)
def by_the_user() -> Act:
    address = maria_with_two()
    return lambda: make_primary(address)


@case(make_primary)
def by_an_administrator() -> Act:
    address, by = maria_with_two(), boss()
    return lambda: make_primary(address, by=by)


@case(remove_email)
def the_primary_one() -> Act:
    maria = maria_with_two().user
    address = UserEmail.objects.get(user=maria, is_primary=True)
    return lambda: remove_email(address)


@case(remove_email)
def another_one() -> Act:
    address = maria_with_two()
    return lambda: remove_email(address)


@case(remove_email)
def one_that_waits() -> Act:
    address = add_email(make_user("maria"), SECOND)
    return lambda: remove_email(address)


@case(undo_email_change)
def after_a_thief() -> Act:
    maria = make_user("maria")
    evil = add_email(maria, "evil@example.com")
    confirm_email(opened(CONFIRM_EMAIL))
    evil.refresh_from_db()
    make_primary(evil)
    remove_email(UserEmail.objects.get(user=maria, is_primary=None))
    add_email(maria, "worse@example.com")
    secret = opened(UNDO_EMAIL_CHANGE, email_key="maria@example.com")
    return lambda: undo_email_change(secret)


# Pruning and mending: each account in a transaction of its own

MONTH = timedelta(days=30)


def age(user: AbstractUser) -> None:
    then = timezone.now() - 2 * MONTH
    type(user).objects.filter(pk=user.pk).update(date_joined=then)
    UserEmail.objects.filter(user=user).update(created_at=then)


def drop(username: str) -> Act:
    def act() -> None:
        user = get_user_model().objects.get(username=username)
        AccountEvent.objects.record("account_pruned", user=user)
        user.delete()

    return act


def drop_the_claim_and(*usernames: str) -> Act:
    def act() -> None:
        for username in usernames:
            drop(username)()
        UserEmail.objects.get(email=SECOND).delete()

    return act


@case(
    prune_unconfirmed,
    between=(drop("ada"), drop("frida")),
    apart=(drop_the_claim_and("ada"), drop_the_claim_and("frida"), drop_the_claim_and()),
)
def two_accounts_and_an_address() -> Act:
    maria = make_user("maria")
    UserEmail.objects.add_claim(maria, SECOND)
    for user in (maria, *(make_user(name, confirmed=False) for name in ("ada", "frida"))):
        AccountEvent.objects.record("registered", user=user)
        age(user)
    return lambda: prune_unconfirmed(older_than=MONTH, window=1)


@case(mend_drift)
def a_copy_and_a_key_that_disagree() -> Act:
    maria = maria_with_two().user
    type(maria).objects.filter(pk=maria.pk).update(email=SECOND, username_key="other")
    return lambda: list(mend_drift())


@case(send_confirmation)
def to_an_address_that_bounced() -> Act:
    address = make_user("maria").emails.get()
    report_undeliverable(address.email, state="bounced")
    return lambda: send_confirmation(address)


@case(confirm_email)
def an_address_that_bounced_once_more() -> Act:
    to_an_address_that_bounced()()
    secret = opened(CONFIRM_EMAIL)
    return lambda: confirm_email(secret)
