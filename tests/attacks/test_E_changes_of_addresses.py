"""E. Changes of addresses: by who sits in the session of somebody else, or pulls links together."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone

from django_useraccounts.emails.flows import add_email, make_primary, remove_email
from django_useraccounts.errors import EmailNotConfirmed, LastEmail
from django_useraccounts.leaving.parts import addresses_of
from django_useraccounts.mail import deliver_due
from django_useraccounts.models import (
    AccountEvent,
    OutgoingMail,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.personal_data import all_personal_data
from django_useraccounts.testing import lifted_limits, log_in, make_user
from tests.admin.pages import errors_of, save
from tests.attacks.browsers import (
    EVIL,
    PASSWORD,
    VICTIM,
    everything,
    last_mail,
    link_in,
    mailbox,
    mails_to,
    url,
)

pytestmark = pytest.mark.django_db

User = get_user_model()
OWN, MARIA, SECOND = "own@example.net", "maria@example.com", "second@example.com"
#: A site where people have several addresses, and one where another takes the place of the one.
SITES = pytest.mark.parametrize("most", [5, 1])


@pytest.fixture
def maria(db):
    return make_user("maria")


@pytest.fixture
def inside(browser, maria):
    """A browser in which maria has just given her password; who sits there now, the test says."""
    browser.log_in("maria")
    return browser


@pytest.fixture
def boss(new_browser):
    """A browser in which an administrator is logged in."""
    return log_in(new_browser(), make_user("boss", is_staff=True, is_superuser=True))


def add(browser, email):
    return browser.post(url("add_email"), {"email": email})


def proved_of(user):
    return set(UserEmail.objects.confirmed().filter(user=user).values_list("email", flat=True))


def second_of(maria):
    """Give maria another address, proved long ago."""
    address = UserEmail.objects.add_proved(maria, SECOND)
    long_ago = timezone.now() - timedelta(days=30)
    UserEmail.objects.filter(user=maria).update(confirmed_at=long_ago)
    return address


@SITES
@pytest.mark.parametrize("order", [(OWN, VICTIM), (VICTIM, OWN)])
def test_E1_the_link_of_one_wish_proves_no_other_address(
    inside, new_browser, set_conf, most, order
):
    set_conf(EMAILS_PER_USER=most)
    for email in order:
        add(inside, email)

    inside.confirm(last_mail(OWN))
    new_browser().confirm(last_mail(OWN))

    assert not UserEmail.objects.confirmed().addressed(VICTIM).exists()
    make_user("victoria", VICTIM)
    assert UserEmail.objects.confirmed().addressed(VICTIM).get().user.username == "victoria"


@SITES
def test_E1_a_row_that_is_renamed_after_its_link_was_mailed_is_not_proved_by_it(
    inside, set_conf, most
):
    """As two requests at once would leave it, of which each writes what it has read."""
    set_conf(EMAILS_PER_USER=most)
    add(inside, OWN)

    UserEmail.objects.filter(email=OWN).update(email=VICTIM, email_key=VICTIM)
    inside.confirm(last_mail(OWN))

    assert not UserEmail.objects.confirmed().addressed(VICTIM).exists()


def by_page(inside, boss, maria, email):
    add(inside, email)


def by_administration(inside, boss, maria, email):
    save(boss, maria, emails__TOTAL_FORMS="2", emails__1__email=email)


def by_code(inside, boss, maria, email):
    add_email(maria, email)
    deliver_due(limit=10)


@SITES
@pytest.mark.parametrize("wish", [by_page, by_administration, by_code])
def test_E2_a_wish_changes_nothing_before_it_is_proved(
    inside, boss, new_browser, maria, set_conf, most, wish
):
    set_conf(EMAILS_PER_USER=most)

    wish(inside, boss, maria, "tpyo@example.org")

    maria.refresh_from_db()
    assert maria.email == MARIA
    assert proved_of(maria) == {MARIA}
    stranger = new_browser()
    stranger.log_in("tpyo@example.org")
    assert stranger.user_id is None
    stranger.forgot("tpyo@example.org")
    assert last_mail("tpyo@example.org").subject.startswith("No account")
    stranger.forgot(MARIA)
    assert link_in(last_mail(MARIA))


def prove_another(browser, second):
    add(browser, OWN)
    browser.confirm(last_mail(OWN))


def prefer_the_second(browser, second):
    browser.post(url("make_primary_email", second.pk))


def remove_the_second(browser, second):
    browser.post(url("remove_email", second.pk))


def prove_another_by_code(browser, second):
    add_email(second.user, OWN, confirmed=True)
    deliver_due(limit=10)


def prefer_the_second_by_code(browser, second):
    make_primary(second)
    deliver_due(limit=10)


def remove_the_second_by_code(browser, second):
    remove_email(second)
    deliver_due(limit=10)


def prove_another_by_administration(browser, second):
    changes = {"emails__2__email": OWN, "emails__2__confirmed": "on"}
    save(browser, second.user, emails__TOTAL_FORMS="3", **changes)


def prefer_the_second_by_administration(browser, second):
    save(browser, second.user, emails__0__is_primary=None, emails__1__is_primary="on")


def remove_the_second_by_administration(browser, second):
    save(browser, second.user, emails__1__DELETE="on")


THEFTS = {
    prove_another: {MARIA, SECOND},
    # Whom the mail goes to from now on, need not be told of it.
    prefer_the_second: {MARIA},
    remove_the_second: {MARIA, SECOND},
    prove_another_by_code: {MARIA, SECOND},
    prefer_the_second_by_code: {MARIA},
    remove_the_second_by_code: {MARIA, SECOND},
}
CHANGES_BY_STAFF = {
    prove_another_by_administration: {MARIA, SECOND},
    prefer_the_second_by_administration: {MARIA},
    remove_the_second_by_administration: {MARIA, SECOND},
}


def told_of(theft, browser, second):
    """Do it, and return which mailboxes of before have been told."""
    theft(browser, second)
    return {email for email in (MARIA, SECOND) if mails_to(email)}


@pytest.mark.parametrize("theft", THEFTS)
@pytest.mark.parametrize("mailbox_read", [MARIA, SECOND])
def test_E3_every_mailbox_of_before_is_told_and_can_undo_it(
    inside, new_browser, maria, theft, mailbox_read
):
    told = told_of(theft, inside, second_of(maria))

    assert told == THEFTS[theft]
    if mailbox_read in told:
        owner = new_browser()
        page = owner.open(last_mail(mailbox_read))
        assert owner.post(page.request["PATH_INFO"]).status_code == 302
        assert proved_of(maria) == {MARIA, SECOND}
        maria.refresh_from_db()
        assert maria.email == MARIA
        assert inside.user_id is None


@pytest.mark.parametrize("change", CHANGES_BY_STAFF)
def test_E3_what_staff_have_changed_is_told_to_every_mailbox_and_undone_by_none(
    boss, maria, change
):
    told = told_of(change, boss, second_of(maria))

    assert told == CHANGES_BY_STAFF[change]
    for email in told:
        with pytest.raises(LookupError):
            link_in(last_mail(email))


def test_E5_of_the_addresses_that_are_removed_one_after_the_other_one_stays(inside, boss, maria):
    second = second_of(maria)
    UserEmail.objects.add_claim(maria, "claim@example.com")

    for address in UserEmail.objects.filter(user=maria).order_by("pk"):
        inside.post(url("remove_email", address.pk))

    assert proved_of(maria) == {SECOND}
    assert UserEmail.objects.get(user=maria).is_primary
    assert errors_of(save(boss, maria, emails__0__DELETE="on"))
    with pytest.raises(LastEmail):
        remove_email(UserEmail.objects.get(pk=second.pk))
    maria.refresh_from_db()
    assert maria.email == SECOND


def test_E6_no_table_holds_two_primary_addresses_and_no_claim_is_one(inside, maria):
    second = second_of(maria)
    claim = UserEmail.objects.add_claim(maria, "claim@example.com")

    for row in (second, claim):
        with pytest.raises(IntegrityError), transaction.atomic():
            UserEmail.objects.filter(pk=row.pk).update(is_primary=True)
    with pytest.raises(EmailNotConfirmed):
        make_primary(claim)
    assert inside.post(url("make_primary_email", claim.pk)).status_code == 200

    assert UserEmail.objects.get(user=maria, is_primary=True).email == MARIA


def seen(browser, response):
    """Return all that the visitor learns from an answer, and from the page after it."""
    text = re.sub(rb'value="[^"]{64}"', b"", browser.get(url("emails")).content)
    headers = {name: value for name, value in response.headers.items() if name != "Expires"}
    return response.status_code, headers, text


@pytest.mark.parametrize("name", ["send_confirmation", "make_primary_email", "remove_email"])
@pytest.mark.parametrize("is_claim", [True, False])
def test_E7_an_address_of_somebody_else_looks_like_one_that_never_was(inside, name, is_claim):
    theirs = make_user("victoria", VICTIM, confirmed=not is_claim).emails.get()
    before = everything()

    for ask in (inside.get, inside.post):
        foreign, missing = (
            seen(inside, ask(url(name, number))) for number in (theirs.pk, theirs.pk + 1000)
        )
        assert foreign == missing

    assert everything() == before
    assert mailbox() == []


@pytest.mark.parametrize("state", ["free", "owned", "claimed", "of somebody who is off"])
@SITES
def test_E8_an_address_of_somebody_else_is_added_like_a_free_one(inside, set_conf, most, state):
    set_conf(EMAILS_PER_USER=most)
    if state != "free":
        make_user("victoria", VICTIM, confirmed=state != "claimed", is_active=state[:2] != "of")
    rows = UserEmail.objects.count()

    answer = add(inside, VICTIM)
    page = inside.get(answer["Location"]).content.decode()

    assert (answer.status_code, answer["Location"]) == (302, url("emails"))
    assert f"We have sent a mail to {VICTIM}. Please open the link in it." in page
    assert "waiting for confirmation" in page
    assert UserEmail.objects.count() == rows + 1
    # Exactly one mail: to the mailbox, which alone learns whose it is, and no link for the thief.
    [message] = mails_to(VICTIM)
    is_owned = state.startswith("o")
    assert ("already" in str(message.subject).lower() + message.body) is is_owned
    if is_owned:
        with pytest.raises(LookupError):
            link_in(message)


def held_about(user, email):
    """Return all that an account holds and hands out to its owner, whatever the address and when."""
    held = {part.name: part.export(user) for part in all_personal_data() if part.export}
    text = json.dumps(held, cls=DjangoJSONEncoder, sort_keys=True).replace(email, "it")
    return json.loads(re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "then", text))


@SITES
@pytest.mark.parametrize("is_owner_active", [True, False])
def test_E8_what_the_account_holds_does_not_tell_whose_the_address_is(
    inside, maria, set_conf, most, is_owner_active
):
    set_conf(EMAILS_PER_USER=most)
    make_user("victoria", VICTIM, is_active=is_owner_active)

    held = []
    for email in ("free@example.org", VICTIM):
        for model in (AccountEvent, OutgoingMail):
            model.objects.all().delete()
        add(inside, email)
        held.append(held_about(maria, email))
        UserEmail.objects.claims().delete()

    assert held[0] == held[1]


@pytest.mark.parametrize("has_it", ["nobody", "somebody", "somebody who is off"])
def test_E8_nor_does_what_it_holds_once_the_address_was_taken_off(maria, has_it):
    make_primary(add_email(maria, SECOND, confirmed=True))
    remove_email(maria.emails.get(email=MARIA))
    if has_it != "nobody":
        make_user("victoria", MARIA, is_active=has_it == "somebody")
    before = held_about(maria, MARIA)

    forgot_password(MARIA)

    assert held_about(maria, MARIA) == before


@pytest.mark.parametrize("state", UndeliverableAddress.State.values)
def test_E8_a_claim_does_not_tell_what_became_of_mail_to_the_address(inside, maria, state):
    for email in (SECOND, VICTIM):
        add(inside, email)
    UndeliverableAddress.objects.create(email_key=VICTIM, state=state, failures=5)

    for page in ("emails", "profile"):
        html = inside.get(url(page)).content.decode()
        assert VICTIM in html and "undeliverable" not in html
    second, victim = (
        {name: row[name] for name in ("primary", "confirmed", "trouble")}
        for row in addresses_of(maria)[1:]
    )
    assert second == victim


@SITES
@pytest.mark.parametrize("state", ["free", "owned", "claimed", "of somebody who is off"])
def test_E8_code_is_answered_alike_for_each_address_too(maria, set_conf, most, state):
    set_conf(EMAILS_PER_USER=most)
    if state != "free":
        make_user("victoria", VICTIM, confirmed=state != "claimed", is_active=state[:2] != "of")
    AccountEvent.objects.all().delete()

    address = add_email(maria, VICTIM)
    deliver_due(limit=10)

    assert (address.user, address.email, address.is_confirmed) == (maria, VICTIM, False)
    assert [(event.kind, event.user) for event in AccountEvent.objects.all()] == [
        ("email_added", maria)
    ]
    [message] = mails_to(VICTIM)
    assert ("/confirm-email/" in message.body) is not state.startswith("o")


@pytest.mark.parametrize("state", ["free", "owned", "claimed", "of somebody who is off"])
def test_E8_staff_are_told_whose_it_is_and_nothing_is_mailed_then(boss, maria, state):
    """They see every address anyway: what is not theirs to add is a sentence beside its field."""
    if state != "free":
        make_user("victoria", VICTIM, confirmed=state != "claimed", is_active=state[:2] != "of")

    answer = save(boss, maria, emails__TOTAL_FORMS="2", emails__1__email=VICTIM)

    if state.startswith("o"):
        assert errors_of(answer)
        assert not mails_to(VICTIM)
        assert UserEmail.objects.filter(user=maria).count() == 1
    else:
        assert answer.status_code == 302
        assert len(mails_to(VICTIM)) == 1


def test_E10_who_claims_an_address_does_not_keep_its_owner_out(inside, new_browser):
    add(inside, VICTIM)
    owner = new_browser()

    owner.register("victoria", VICTIM, PASSWORD)
    owner.confirm(last_mail())
    owner.log_in(VICTIM)

    assert owner.user_id == str(User.objects.get(username="victoria").pk)
    owner.forgot()
    assert "victoria" in last_mail().body
    # What the claim has left opens nothing any more, and tells its owner why.
    claim = UserEmail.objects.claims().get(email=VICTIM)
    assert b"belongs to another account" not in inside.get(url("emails")).content
    inside.post(url("send_confirmation", claim.pk))
    assert "already" in str(last_mail().subject).lower() + last_mail().body


@pytest.mark.parametrize("name", ["send_confirmation", "make_primary_email", "remove_email"])
def test_E14_a_picture_changes_no_address(inside, maria, name):
    second = second_of(maria)
    before = everything()

    for method in (inside.get, inside.head, inside.options, inside.put, inside.delete):
        method(url(name, second.pk))
        method(f"{url('add_email')}?email=evil@example.net")

    assert everything() == before


@SITES
@pytest.mark.parametrize("wish", [by_page, by_administration, by_code])
def test_D18_a_change_that_waits_does_not_outlive_a_reset_of_the_owner(
    inside, boss, new_browser, maria, set_conf, most, wish
):
    set_conf(EMAILS_PER_USER=most)
    wish(inside, boss, maria, "evil@example.net")
    planted = link_in(last_mail("evil@example.net"))
    thief, owner = new_browser(), new_browser()
    page = thief.open(planted).request["PATH_INFO"]

    owner.forgot(MARIA)
    owner.reset(last_mail(MARIA))

    assert thief.confirm(planted).status_code in {404, 410}
    assert thief.post(page, {"answer": "confirm"}).status_code in {404, 410}
    assert add(inside, "evil@example.net").status_code == 302
    assert (
        proved_of(maria) == {MARIA} == {row.email for row in UserEmail.objects.filter(user=maria)}
    )
    with lifted_limits():
        thief.forgot("evil@example.net")
    assert last_mail("evil@example.net").subject.startswith("No account")
    thief.log_in("evil@example.net", EVIL)
    assert thief.user_id is None
    assert not AccountEvent.objects.filter(kind="email_confirmed", user=maria).exists()
