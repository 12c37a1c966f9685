"""What the races stand on: every pair has its day and its part, and what is broken has a name."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection

import benchmarks
from django_useraccounts.memberships.models import Payment
from django_useraccounts.models import AccountEvent, OutgoingMail, UserEmail
from tests.races import test_pairs
from tests.races.acts import ACTS, Kind
from tests.races.matrix import PAIRS


def test_parts_of_the_pairs_are_all_of_them_once(monkeypatch):
    found = []
    for number in range(1, 11):
        monkeypatch.setattr(test_pairs, "PART", f"{number}/10")
        found += filter(test_pairs.is_in_part, PAIRS)

    assert sorted(found) == sorted(PAIRS)


def test_the_page_of_the_benchmarks_tells_how_many_acts_and_pairs_there_are():
    page = Path(benchmarks.__file__).with_name("README.rst").read_text()

    assert f" {len(ACTS)} acts ({len(PAIRS)} pairs) " in " ".join(page.split())


@pytest.mark.django_db(transaction=True)
def test_what_is_broken_names_the_pair_and_maria(races, monkeypatch):
    """Of four an act goes wrong for two: they are named, and the others are not."""

    def lose_the_primary(world):
        def lose():
            if world.name("maria") == "maria-04":
                raise LookupError
            if world.name("maria") == "maria-03":
                UserEmail.objects.filter(user=world.maria).update(is_primary=None)
                get_user_model().objects.filter(pk=world.boss.pk).update(email="lost@example.com")

        return lose

    monkeypatch.setitem(ACTS, "lose", Kind("lose", lose_the_primary))
    pairs = [("log_out", "log_in"), ("lose", "lose")]
    other, faulty = races.race(pairs, repeats=2, ordered=False)

    assert (other.races, other.faults) == (2, [])
    assert faulty.pair == ("lose", "lose")
    assert faulty.errors == ["maria-04: LookupError()"] * 2
    assert {words.split()[0] for words in faulty.broken} == {"maria-03:"}
    assert any("maria-03#" in words and "none is primary" in words for words in faulty.broken)


@pytest.mark.django_db(transaction=True)
def test_an_error_of_a_page_is_told_as_it_was_raised(races, monkeypatch):
    def lose(*, request):
        raise LookupError("lost")

    monkeypatch.setattr("django_useraccounts.login.views.log_out", lose)
    [tally] = races.race([("log_out", "log_out")], repeats=1, ordered=False)

    assert len(tally.errors) == 2
    assert all("LookupError: lost" in words for words in tally.errors)


@pytest.mark.django_db(transaction=True)
def test_a_refund_gives_back_what_was_paid(races):
    races.race([("hear_of_a_refund", "log_out")], repeats=2, ordered=False)

    assert [payment.state for payment in Payment.objects.all()] == [Payment.State.REFUNDED] * 2


@pytest.mark.django_db(transaction=True)
def test_new_rows_have_keys_of_their_own_wherever_the_sequences_are(races):
    """Other tests leave them behind the keys of those who are put back; then nothing can be added."""
    races.race([("log_out", "log_in")], repeats=1, ordered=False)
    begin_again(get_user_model(), UserEmail, OutgoingMail, AccountEvent)
    [tally] = races.race([("add_email", "log_in")], repeats=4, ordered=False)

    assert tally.faults == []
    assert UserEmail.objects.filter(email__startswith="fourth").count() == 4


def begin_again(*models):
    """Have the keys of rows to come begin at 1, where a database does not mind."""
    tables = [{"table": model._meta.db_table, "column": "id"} for model in models]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_by_name_sql(no_style(), tables):
            cursor.execute(statement)
