"""Limits of attempts: counted exactly, before anything is tried."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_useraccounts import limits
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.limits import DEFAULTS, Rate, is_first, spend
from django_useraccounts.models import AttemptCounter


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until the test moves it: ``clock(+30)``."""
    now = [1_900_000_000]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


def refused(*args, **kwargs):
    """Return how long to wait, or None if the attempt may be made."""
    try:
        spend(*args, **kwargs)
    except TooManyAttempts as error:
        return error.retry_after
    return None


# How a limit is written


@pytest.mark.parametrize(
    "text, rate",
    [
        ("10/5m", Rate(10, 300)),
        ("1/1s", Rate(1, 1)),
        ("20/1h", Rate(20, 3600)),
        ("100/7d", Rate(100, 604_800)),
        ("999999999/999999d", Rate(999_999_999, 999_999 * 86_400)),
    ],
)
def test_a_limit_is_a_number_and_a_length_of_time(text, rate):
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "10/",
        "/5m",
        "10/5",
        "10/m",
        "0/5m",
        "10/0m",
        "-1/5m",
        "10/5M",
        "10/5w",
        "10 / 5m",
        "10/5m ",
        "10/5m\n",
        "10/1.5m",
        "١٠/5m",
        "1e3/5m",
        "9" * 10 + "/5m",
        "10/9999999m",
    ],
)
def test_what_cannot_be_a_limit_raises(text):
    with pytest.raises(ValueError) as caught:
        Rate.parse(text)

    assert str(caught.value) == f'{text!r} is no limit; write one like "10/5m".'


@given(st.text(max_size=12))
def test_any_text_is_a_limit_or_raises_a_value_error(text):
    try:
        rate = Rate.parse(text)
    except ValueError:
        return

    assert rate.attempts > 0
    assert rate.seconds > 0


def test_the_limits_that_hold_by_default_can_be_read():
    for rates in DEFAULTS.values():
        assert {"client"} <= set(rates) <= {"identifier", "client"}
        assert all(Rate.parse(rate) for rate in rates.values())


# Counting


@pytest.mark.django_db
def test_the_tenth_login_is_tried_and_the_eleventh_is_refused(clock):
    assert [refused("login", identifier="frida", request=None) for _ in range(10)] == [None] * 10

    assert refused("login", identifier="frida", request=None) == 300
    clock(+100)
    assert refused("login", identifier="frida", request=None) == 200
    assert refused("login", identifier="diego", request=None) is None


@pytest.mark.django_db
def test_a_window_that_is_over_starts_again_from_one(clock):
    for _ in range(15):
        refused("login", identifier="frida", request=None)

    clock(+299)
    assert refused("login", identifier="frida", request=None) == 1
    clock(+1)

    assert [refused("login", identifier="frida", request=None) for _ in range(10)] == [None] * 10
    assert refused("login", identifier="frida", request=None) == 300


@pytest.mark.django_db
def test_a_clock_that_was_set_back_locks_nobody_out(clock):
    clock(+86_400)
    for _ in range(11):
        refused("login", identifier="frida", request=None)

    clock(-86_400)

    assert refused("login", identifier="frida", request=None) is None
    assert AttemptCounter.objects.get().attempts == 1


@pytest.mark.django_db
def test_a_clock_that_was_set_back_a_little_changes_nothing(clock):
    for _ in range(10):
        refused("login", identifier="frida", request=None)
    clock(+200)
    assert refused("login", identifier="frida", request=None) == 100

    clock(-100)

    assert refused("login", identifier="frida", request=None) == 200


@pytest.mark.django_db
def test_an_attempt_that_looked_at_the_clock_before_another_one_counts_as_well(clock):
    # of two at once, the one that began in the second before may be counted after the other
    for _ in range(10):
        assert refused("login", identifier="frida", request=None) is None
        clock(-1)

    assert AttemptCounter.objects.get().attempts == 10
    assert refused("login", identifier="frida", request=None)


@pytest.mark.django_db
def test_purposes_are_counted_apart():
    for _ in range(10):
        refused("login", identifier="frida", request=None)

    assert refused("password", identifier="frida", request=None) is None
    assert refused("mail", identifier="frida", request=None) is None


@pytest.mark.django_db
def test_a_client_is_counted_whatever_it_names(rf, set_conf):
    set_conf(LIMITS={"login": {"client": "3/1h"}})
    request = rf.get("/", REMOTE_ADDR="203.0.113.5")
    for number in range(3):
        assert refused("login", identifier=f"user{number}", request=request) is None

    assert refused("login", identifier="user9", request=request)
    other = rf.get("/", REMOTE_ADDR="203.0.113.6")
    assert refused("login", identifier="user9", request=other) is None


@pytest.mark.django_db
def test_a_home_with_ipv6_is_one_client(rf, set_conf):
    set_conf(LIMITS={"login": {"client": "3/1h"}})
    for number in range(3):
        request = rf.get("/", REMOTE_ADDR=f"2001:db8:1:2::{number}")
        assert refused("login", identifier=f"user{number}", request=request) is None

    same = rf.get("/", REMOTE_ADDR="2001:db8:1:2:ffff:ffff:ffff:ffff")
    neighbour = rf.get("/", REMOTE_ADDR="2001:db8:1:3::1")
    assert refused("login", identifier="user8", request=same)
    assert refused("login", identifier="user9", request=neighbour) is None


@pytest.mark.django_db
def test_clients_of_a_server_for_both_protocols_do_not_lock_out_one_another(rf, set_conf):
    set_conf(LIMITS={"login": {"client": "3/1h"}})
    attacker = rf.get("/", REMOTE_ADDR="::ffff:203.0.113.5")
    for number in range(5):
        refused("login", identifier=f"user{number}", request=attacker)

    visitor = rf.get("/", REMOTE_ADDR="::ffff:198.51.100.7")

    assert refused("login", identifier="frida", request=visitor) is None


@pytest.mark.django_db
def test_who_invents_a_forwarded_address_is_counted_all_the_same(rf, set_conf):
    set_conf(LIMITS={"login": {"client": "3/1h"}}, PROXIES=1)

    waits = [
        refused(
            "login",
            identifier=f"user{number}",
            request=rf.get("/", HTTP_X_FORWARDED_FOR=f"6.6.6.{number}, 203.0.113.5"),
        )
        for number in range(4)
    ]

    assert waits[:3] == [None] * 3
    assert waits[3]


@pytest.mark.django_db
def test_one_statement_counts_all_keys(rf, django_assert_num_queries):
    with django_assert_num_queries(1):
        spend("login", identifier="frida", request=rf.get("/"))
    with django_assert_num_queries(1):
        spend("login", identifier="frida", request=rf.get("/"))

    assert sorted(AttemptCounter.objects.values_list("attempts", flat=True)) == [2, 2]


@pytest.mark.django_db
def test_what_names_nobody_and_comes_from_nowhere_is_not_counted(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert spend("login", identifier="", request=None).keys == ()


@pytest.mark.django_db
def test_nothing_of_who_tried_what_can_be_read_from_the_rows(rf):
    password_in_the_wrong_field = "my secret " + "x" * 1_000_000
    spend("login", identifier=password_in_the_wrong_field, request=rf.get("/"))
    spend("login", identifier="\ud800\0", request=None)

    for row in AttemptCounter.objects.all():
        assert len(row.key) == 64
        assert set(row.key) <= set("0123456789abcdef")
        assert "secret" not in str(row)
    assert AttemptCounter.objects.count() == 3


@pytest.mark.django_db
def test_names_with_separators_share_no_counter():
    for purpose, identifier in [("login", "a"), ("password", "a"), ("login", "a\0")]:
        spend(purpose, identifier=identifier, request=None)

    assert AttemptCounter.objects.count() == 3


@pytest.mark.django_db
def test_a_success_takes_back_its_own_attempt_alone(rf):
    for _ in range(9):
        spend("login", identifier="frida", request=None)
    spent = spend("login", identifier="frida", request=None)

    spent.forgive()

    assert AttemptCounter.objects.get().attempts == 9
    assert refused("login", identifier="frida", request=None) is None
    assert refused("login", identifier="frida", request=None)


@pytest.mark.django_db
def test_a_counter_never_falls_below_zero():
    spent = spend("login", identifier="frida", request=None)

    for _ in range(3):
        spent.forgive()

    assert AttemptCounter.objects.get().attempts == 0


@pytest.mark.django_db
def test_a_site_sets_limits_of_its_own_and_keeps_the_others(rf, set_conf):
    set_conf(LIMITS={"login": {"identifier": "2/1d"}})
    request = rf.get("/", REMOTE_ADDR="203.0.113.5")

    assert [refused("login", identifier="frida", request=request) for _ in range(3)][:2] == [
        None,
        None,
    ]
    assert refused("login", identifier="frida", request=request) > 80_000
    counted = AttemptCounter.objects.filter(key=limits._key("login", "client", "203.0.113.5"))
    assert counted.get().attempts == 4


@pytest.mark.django_db
def test_the_longest_wait_is_told(rf, set_conf, clock):
    set_conf(LIMITS={"login": {"identifier": "1/1h", "client": "1/1d"}})
    request = rf.get("/")

    spend("login", identifier="frida", request=request)

    assert refused("login", identifier="frida", request=request) == 86_400


@pytest.mark.parametrize(
    "seconds, sentence",
    [
        (0, "Too many attempts. Please try again in a minute."),
        (60, "Too many attempts. Please try again in a minute."),
        (61, "Too many attempts. Please try again in 2 minutes."),
        (3600, "Too many attempts. Please try again in 60 minutes."),
    ],
)
def test_the_refused_read_how_long_to_wait(seconds, sentence):
    error = TooManyAttempts(seconds)

    assert error.messages == [sentence]
    assert error.retry_after >= 1


@pytest.mark.django_db
def test_a_refusal_is_counted_outside_the_transaction_of_the_flow(client, set_conf):
    set_conf(LIMITS={"mail": {"identifier": "1/1h"}})
    address = {"email": "frida@example.com"}

    answers = [client.post("/accounts/forgot-password/", address) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302, 429, 429]
    assert max(AttemptCounter.objects.values_list("attempts", flat=True)) == 3


@pytest.mark.django_db(transaction=True)
def test_two_hundred_parallel_attempts_count_exactly_two_hundred(at_once, rf):
    request = rf.get("/")

    def try_often():
        return [refused("login", identifier="frida", request=request) for _ in range(25)]

    waits = [wait for result in at_once([try_often] * 8) for wait in result]

    assert sorted(AttemptCounter.objects.values_list("attempts", flat=True)) == [200, 200]
    assert waits.count(None) == 10


@pytest.mark.django_db(transaction=True)
def test_attempts_that_share_keys_in_different_order_never_block_one_another(at_once, rf):
    def try_often(identifier, address):
        request = rf.get("/", REMOTE_ADDR=address)
        return lambda: [refused("login", identifier=identifier, request=request) for _ in range(20)]

    pairs = [("a", "10.0.0.1"), ("b", "10.0.0.1"), ("a", "10.0.0.2"), ("b", "10.0.0.2")]
    at_once([try_often(*pair) for pair in pairs])

    assert set(AttemptCounter.objects.values_list("attempts", flat=True)) == {40}


@pytest.mark.django_db
def test_a_token_is_first_once_for_each_purpose_and_until_its_time_is_over():
    assert is_first("state", "a", seconds=60)
    assert not is_first("state", "a", seconds=60)
    assert is_first("state", "b", seconds=60)
    assert is_first("another", "a", seconds=60)

    AttemptCounter.objects.update(ends_at=int(time.time()) - 1)

    assert is_first("state", "a", seconds=60)
