"""People log in by a provider, and connect and disconnect what they have there."""

import json
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from django_useraccounts.emails.flows import (
    claim_to_hand_over,
    confirm_email,
    hand_over,
    undo_email_change,
)
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.errors import EmailNotConfirmed
from django_useraccounts.login.flows import log_in
from django_useraccounts.models import AbstractUser, OneTimeSecret, UserEmail
from django_useraccounts.passwords.flows import reset_password
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    issue,
    link_of,
    peek,
)
from django_useraccounts.social.errors import BadAnswer
from django_useraccounts.social.flows import (
    claim_again,
    confirm_identity_by,
    connect,
    connect_by_link,
    disconnect,
    log_in_by,
    mail_connect_link,
    record_refusal,
    register_identity,
)
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK, Connection
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.cases.login import request_of
from tests.faults.harness import NEW_PASSWORD, Act, case
from tests.social.visits import ISSUER, OPTIONS

MARIA = "maria@example.com"
PROVIDERS = {"PROVIDERS": {"guild": OPTIONS}}
IDENTITY = Identity("guild", ISSUER, "m-1", email=MARIA, is_email_proved=True, username="maria")
OTHER = Identity("guild", ISSUER, "m-2", email="studio@example.com")


def connected(user: AbstractUser, *identities: Identity, days_ago: int = 0) -> Connection:
    """Connect identities to a user, and return the first of them."""
    rows = [connect(user, identity) for identity in identities]
    then = timezone.now() - timedelta(days=days_ago)
    Connection.objects.update(connected_at=then)
    return rows[0]


@case(log_in_by, SOCIAL=PROVIDERS)
def who_is_known() -> Act:
    connected(make_user("maria"), IDENTITY)
    request = request_of()
    return lambda: log_in_by(IDENTITY, request=request)


@case(log_in_by, SOCIAL=PROVIDERS)
def who_is_known_and_has_to_confirm_first() -> Act:
    frida = make_user("frida", confirmed=False)
    connected(frida, OTHER)
    issue(CONFIRM_EMAIL, address=frida.emails.get())
    request = request_of()

    def act() -> None:
        with suppress(EmailNotConfirmed):
            log_in_by(OTHER, browser_token="b", request=request)

    return act


@case(log_in_by, SOCIAL={**PROVIDERS, "CONNECT_BY_EMAIL": True})
def who_owns_the_address_here() -> Act:
    make_user("maria")
    request = request_of()
    return lambda: log_in_by(IDENTITY, request=request)


@case(log_in_by, SOCIAL=PROVIDERS)
def whose_address_a_stranger_has_registered() -> Act:
    connected(make_user("eve", MARIA, confirmed=False), OTHER)
    request = request_of()
    return lambda: log_in_by(IDENTITY, request=request)


@case(hand_over, SOCIAL=PROVIDERS)
def an_account_with_all_that_a_stranger_leaves() -> Act:
    eve = make_user("eve", MARIA, confirmed=False)
    request_of(eve)
    UserEmail.objects.add_claim(eve, "eve@example.com")
    issue(CONFIRM_EMAIL, address=eve.emails.earliest("pk"))
    connected(eve, OTHER)
    claim = claim_to_hand_over(MARIA)
    assert claim
    return lambda: hand_over(claim)


@case(register_identity, SOCIAL=PROVIDERS)
def with_a_proved_address() -> Act:
    request = request_of()
    return lambda: register_identity(IDENTITY, username="maria", email=MARIA, request=request)


@case(register_identity, SOCIAL=PROVIDERS)
def with_an_address_that_waits() -> Act:
    make_user("owner", "studio@example.com")
    request = request_of()
    return lambda: register_identity(
        OTHER, username="maria", email="studio@example.com", browser_token="b", request=request
    )


@case(register)
def without_a_password_by_a_way_that_proves_the_address() -> Act:
    return lambda: register("maria", email=MARIA, password=None, proved_email=MARIA, source="guild")


@case(confirm_email, SOCIAL=PROVIDERS)
def of_an_account_that_has_no_password() -> Act:
    maria = make_user("maria", password=None, confirmed=False)
    connected(maria, OTHER)
    secret = peek(CONFIRM_EMAIL, link_of(issue(CONFIRM_EMAIL, address=maria.emails.get())))
    return lambda: confirm_email(secret)


@case(confirm_identity_by, SOCIAL=PROVIDERS)
def once_more() -> Act:
    maria = make_user("maria", password=None)
    connected(maria, IDENTITY)
    request = request_of(maria)
    return lambda: confirm_identity_by(maria, IDENTITY, request=request)


@case(record_refusal, SOCIAL=PROVIDERS)
def of_an_answer_that_nobody_can_trust() -> Act:
    request = request_of(make_user("maria"))
    return lambda: record_refusal("guild", BadAnswer("nonce"), request=request)


def _waiting(identity: Identity) -> None:
    """Have somebody wait who has registered by an identity, with an address of nobody's."""
    maria = make_user("maria", "mraia@example.com", password=None, confirmed=False)
    connected(maria, identity)
    issue(CONFIRM_EMAIL, address=maria.emails.get())


@case(claim_again, SOCIAL=PROVIDERS)
def the_same_address() -> Act:
    _waiting(OTHER)
    return lambda: claim_again(OTHER, email="mraia@example.com", browser_token="b")


@case(claim_again, SOCIAL=PROVIDERS)
def another_address_which_has_an_owner() -> Act:
    _waiting(OTHER)
    make_user("owner", "studio@example.com")
    return lambda: claim_again(OTHER, email="studio@example.com", browser_token="b")


@case(claim_again, SOCIAL=PROVIDERS)
def the_one_that_the_provider_has_proved() -> Act:
    _waiting(IDENTITY)
    return lambda: claim_again(IDENTITY, email=MARIA)


@case(connect, SOCIAL=PROVIDERS)
def the_first_identity() -> Act:
    maria = make_user("maria")
    return lambda: connect(maria, IDENTITY)


@case(connect, SOCIAL=PROVIDERS)
def what_an_account_has_that_nobody_was_ever_in() -> Act:
    connected(make_user("stub", password=None, confirmed=False), IDENTITY)
    maria = make_user("maria")
    return lambda: connect(maria, IDENTITY)


@case(disconnect, SOCIAL=PROVIDERS)
def one_of_two_in_a_session_that_goes_on() -> Act:
    maria = make_user("maria", password=None)
    row = connected(maria, IDENTITY, OTHER)
    request_of(maria)
    request = request_of(maria)
    return lambda: disconnect(row, request=request)


@case(disconnect, SOCIAL=PROVIDERS)
def the_last_way_in_for_somebody_else() -> Act:
    admin, maria = make_user("admin"), make_user("maria", password=None)
    row = connected(maria, IDENTITY)
    return lambda: disconnect(row, by=admin)


@case(mail_connect_link, SOCIAL=PROVIDERS)
def to_who_owns_the_address() -> Act:
    _link_to_connect(make_user("maria"))
    return lambda: mail_connect_link(IDENTITY, next_url="/gallery/")


@case(connect_by_link, SOCIAL=PROVIDERS)
def with_a_link_that_was_mailed() -> Act:
    secret = _link_to_connect(make_user("maria"))
    return lambda: connect_by_link(secret)


@case(reset_password, SOCIAL=PROVIDERS)
def of_somebody_whose_connection_is_older_than_the_proof() -> Act:
    maria = make_user("maria")
    connected(maria, IDENTITY, days_ago=1)
    secret = peek(RESET_PASSWORD, link_of(issue(RESET_PASSWORD, address=maria.emails.get())))
    return lambda: reset_password(secret, new_password=NEW_PASSWORD)


@case(undo_email_change, SOCIAL=PROVIDERS)
def after_a_thief_who_has_connected_himself() -> Act:
    maria = make_user("maria")
    address = maria.emails.get()
    connected(maria, OTHER)
    row = issue(UNDO_EMAIL_CHANGE, address=address, pending=as_they_were([address]))
    secret = peek(UNDO_EMAIL_CHANGE, link_of(row))
    return lambda: undo_email_change(secret)


def _link_to_connect(user: AbstractUser) -> OneTimeSecret:
    """Return the secret of a link that connects Maria's identity to her account."""
    pending = json.dumps(IDENTITY.as_kept())
    row = issue(CONNECT_BY_LINK, address=user.emails.get(), pending=pending)
    return peek(CONNECT_BY_LINK, link_of(row))


@case(log_in, SOCIAL=PROVIDERS)
def and_connect_what_has_come_back() -> Act:
    make_user("maria")
    request = request_of()
    return lambda: log_in(
        "maria",
        password=PASSWORD,
        then=lambda user: connect(user, IDENTITY, request=request),
        request=request,
    )
