"""One-time secrets: what a mailed link carries, who may use it, and what voids it."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from django_useraccounts.errors import LinkExpired, LinkInvalid, LinkUsed
from django_useraccounts.models import OneTimeSecret, User, UserEmail
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    LINK_LENGTH,
    RESET_PASSWORD,
    Link,
    issue,
    link_of,
    parse_public_id,
    peek,
    redeem,
)
from django_useraccounts.testing import make_user

PURPOSES = [CONFIRM_EMAIL, RESET_PASSWORD]


def issued(purpose=RESET_PASSWORD, username="frida", **kwargs):
    return issue(purpose, address=make_user(username).emails.get(), **kwargs)


# The link


@pytest.mark.asvs("11.5.1")
@pytest.mark.django_db
def test_a_link_is_64_signs_that_every_mail_program_keeps_together():
    link = link_of(issued())

    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", str(link))
    assert LINK_LENGTH == 64
    assert Link.parse(str(link)) == link
    assert parse_public_id(link.public_id) == link.id
    assert str(link).startswith(link.public_id[:20])


@pytest.mark.django_db
def test_the_same_row_gives_the_same_link_again_and_again():
    secret = issued()

    again = OneTimeSecret.objects.get()

    assert link_of(secret) == link_of(secret) == link_of(again)


@pytest.mark.django_db
def test_nothing_in_the_database_opens_the_link():
    link = link_of(issued(next_url="/members/", browser_key="b" * 64))

    everything = ""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            everything += repr(cursor.fetchall())

    assert link.id.hex in everything.replace("-", "")
    assert link.proof not in everything
    assert str(link)[22:50] not in everything


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "A" * 63,
        "A" * 65,
        "A" * 100_000,
        "+" * 64,
        "/" * 64,
        "A" * 63 + "=",
        "A" * 62 + "==",
        "A" * 63 + " ",
        "A" * 63 + "\n",
        "ä" * 64,
        "\ud800" * 64,
        "\0" * 64,
        "A" * 32 + "%" + "A" * 31,
    ],
)
def test_what_cannot_be_a_link_is_refused(text):
    with pytest.raises(LinkInvalid):
        Link.parse(text)
    with pytest.raises(LinkInvalid):
        parse_public_id(text)


@given(st.text(st.characters(exclude_categories=()), max_size=70) | st.text("Aa0-_", max_size=70))
@settings(deadline=None)
def test_any_text_is_a_link_in_its_only_spelling_or_refused(text):
    try:
        link = Link.parse(text)
    except LinkInvalid:
        return

    assert str(link) == text


@given(st.binary(min_size=48, max_size=48))
def test_every_link_can_be_read_back(raw):
    import base64

    text = base64.urlsafe_b64encode(raw).decode()

    assert str(Link.parse(text)) == text


def test_a_public_id_has_one_spelling():
    # 16 bytes fill 21 signs and 2 bits: a stray bit in the last sign would make a second spelling
    text = Link(uuid.UUID(int=0), "A" * 43).public_id

    assert text == "A" * 22
    with pytest.raises(LinkInvalid):
        parse_public_id("A" * 21 + "B")


# Who may use it


@pytest.mark.asvs("6.4.1")
@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_new_link_shows_its_user_and_address_and_works_once(purpose, django_assert_num_queries):
    secret = issued(purpose, next_url="/members/", browser_key="b" * 64)
    link = link_of(secret)

    with django_assert_num_queries(1):
        seen = peek(purpose, link)
        assert seen == secret
        assert (seen.user.username, seen.address.email) == ("frida", "frida@example.com")
        assert (seen.next_url, seen.browser_key) == ("/members/", "b" * 64)
    with django_assert_num_queries(1):
        redeem(seen)

    with pytest.raises(LinkUsed):
        peek(purpose, link)
    with pytest.raises(LinkUsed):
        redeem(seen)
    assert OneTimeSecret.objects.get().redeemed_at


@pytest.mark.django_db
def test_looking_changes_nothing():
    secret = issued()
    before = OneTimeSecret.objects.values().get()

    for _ in range(3):
        peek(RESET_PASSWORD, link_of(secret))

    assert OneTimeSecret.objects.values().get() == before


@pytest.mark.django_db
@pytest.mark.parametrize("issued_for", PURPOSES)
@pytest.mark.parametrize("used_for", PURPOSES)
def test_purposes_cannot_be_swapped(issued_for, used_for):
    link = link_of(issued(issued_for))

    if issued_for is used_for:
        assert peek(used_for, link)
    else:
        with pytest.raises(LinkInvalid):
            peek(used_for, link)


@pytest.mark.django_db
def test_the_proof_of_one_purpose_is_not_that_of_another():
    # even if a thief could change the row
    secret = issued(CONFIRM_EMAIL)
    link = link_of(secret)

    OneTimeSecret.objects.update(purpose=RESET_PASSWORD.name)

    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, link)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"next_url": "/elsewhere/"},
        {"expires_at": timezone.now() + timedelta(days=400)},
        {"epoch": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_row_that_was_changed_no_longer_fits_its_link(change):
    link = link_of(issued(CONFIRM_EMAIL, browser_key="b" * 64))

    OneTimeSecret.objects.update(**change)

    with pytest.raises(LinkInvalid):
        peek(CONFIRM_EMAIL, link)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_is_for_the_address_that_it_was_mailed_to_and_no_other_text(purpose):
    secret = issue(purpose, address=make_user(confirmed=False).emails.get())
    link = link_of(secret)
    assert peek(purpose, link)

    UserEmail.objects.update(email="eve@example.com", email_key="eve@example.com")

    with pytest.raises(LinkInvalid):
        peek(purpose, link)


@pytest.mark.django_db
def test_a_link_keeps_its_secret_half_out_of_logs():
    link = link_of(issued())

    assert link.proof not in repr(link)
    assert str(link)[22:50] not in repr(link)


@pytest.mark.django_db
def test_a_row_cannot_be_given_to_another_user_or_address():
    link = link_of(issued())
    other = make_user("other")
    address = other.emails.get()

    OneTimeSecret.objects.update(user=other)
    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, link)

    OneTimeSecret.objects.update(user=User.objects.get(username="frida"), address=address)
    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, link)


@pytest.mark.django_db
def test_the_halves_of_two_links_make_no_third():
    one, other = link_of(issued(username="one")), link_of(issued(username="other"))

    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, Link(one.id, other.proof))


@pytest.mark.asvs("9.1.1")
@pytest.mark.django_db
@pytest.mark.parametrize("proof", ["", "A" * 43, "x", "ä" * 43, "A" * 100_000])
def test_a_foreign_proof_opens_nothing(proof):
    link = link_of(issued())

    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, Link(link.id, proof))


@pytest.mark.django_db
def test_a_row_that_is_not_there_is_refused():
    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, Link(uuid.uuid4(), "A" * 43))


# What voids it


@pytest.mark.asvs("6.4.1")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "purpose, age", [(CONFIRM_EMAIL, timedelta(hours=5)), (RESET_PASSWORD, timedelta(hours=1))]
)
def test_a_link_expires(purpose, age, set_conf, settings):
    set_conf(LINK_MAX_AGE=timedelta(hours=5))
    settings.PASSWORD_RESET_TIMEOUT = 3600
    secret = issued(purpose)
    assert timedelta(seconds=-2) < secret.expires_at - timezone.now() - age <= timedelta(0)

    # as if it had been written so long ago
    OneTimeSecret.objects.update(expires_at=timezone.now().replace(microsecond=0))
    secret = OneTimeSecret.objects.get()

    with pytest.raises(LinkExpired):
        peek(purpose, link_of(secret))
    with pytest.raises(LinkUsed):
        redeem(secret)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_newer_link_replaces_an_older_one(purpose):
    address = make_user().emails.get()
    older = issue(purpose, address=address)

    newer = issue(purpose, address=address)

    with pytest.raises(LinkUsed):
        peek(purpose, link_of(older))
    assert peek(purpose, link_of(newer))


@pytest.mark.django_db
def test_links_for_another_address_or_purpose_or_nobody_replace_none():
    user = make_user()
    secret = issue(RESET_PASSWORD, address=user.emails.get())

    issue(CONFIRM_EMAIL, address=user.emails.get())
    issue(RESET_PASSWORD, address=UserEmail.objects.add_claim(user, "second@example.com"))
    issue(RESET_PASSWORD, address=make_user("other").emails.get())
    issue(RESET_PASSWORD, address=None)

    assert peek(RESET_PASSWORD, link_of(secret))


@pytest.mark.django_db
@pytest.mark.parametrize("purpose, is_void", [(RESET_PASSWORD, True), (CONFIRM_EMAIL, False)])
def test_a_new_password_voids_reset_links_and_no_others(purpose, is_void):
    link = link_of(issued(purpose))

    User.objects.update(session_epoch=F("session_epoch") + 1)

    if is_void:
        with pytest.raises(LinkUsed):
            peek(purpose, link)
    else:
        assert peek(purpose, link)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_user_who_is_switched_off_has_no_links(purpose):
    link = link_of(issued(purpose))

    User.objects.update(is_active=False)

    with pytest.raises(LinkUsed):
        peek(purpose, link)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_an_address_that_is_removed_takes_its_links_along(purpose):
    secret = issued(purpose)
    link = link_of(secret)

    UserEmail.objects.all().delete()

    with pytest.raises(LinkInvalid):
        peek(purpose, link)
    with pytest.raises(LinkUsed):
        redeem(secret)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_row_for_an_unknown_address_opens_nothing(purpose):
    decoy = issue(purpose, address=None)

    with pytest.raises(LinkInvalid):
        peek(purpose, link_of(decoy))


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_unknown_addresses_cost_what_known_ones_cost(purpose, django_assert_num_queries):
    address = make_user().emails.select_related("user").get()

    with django_assert_num_queries(1):
        issue(purpose, address=address)
    with django_assert_num_queries(1):
        issue(purpose, address=None)


@pytest.mark.asvs("11.2.2")
@pytest.mark.django_db
def test_J7_a_link_outlives_the_key_that_made_it_until_the_key_is_retired(settings):
    link = link_of(issued())
    old = settings.SECRET_KEY

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [old]
    assert peek(RESET_PASSWORD, link)
    newer = link_of(OneTimeSecret.objects.get())
    assert newer != link
    assert peek(RESET_PASSWORD, newer)

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(LinkInvalid):
        peek(RESET_PASSWORD, link)
    assert peek(RESET_PASSWORD, newer)


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_clicks_one_gets_through(at_once):
    secret = issued()

    def click():
        try:
            redeem(OneTimeSecret.objects.get(pk=secret.pk))
        except LinkUsed:
            return "used"
        return "redeemed"

    results = at_once([click] * 8)

    assert sorted(results) == ["redeemed"] + ["used"] * 7
