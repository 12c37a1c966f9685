"""Limits of attempts: counted exactly, before anything is tried."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_useraccounts import limits
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.limits import DEFAULTS, Rate, is_first, parse_rates, spend
from django_useraccounts.models import AttemptCounter
from tests.readme import ROOT


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until the test moves it: ``clock(+30)``."""
    now = [1_900_000_000]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


@pytest.fixture
def one_window(set_conf):
    """Let an export without a client have one window alone: ten in five minutes."""
    set_conf(LIMITS={"export": {"identifier": "10/5m"}})


def counts():
    return sorted(AttemptCounter.objects.values_list("attempts", flat=True))


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


def test_several_limits_stand_side_by_side():
    assert parse_rates("10/5m 30/1h") == (Rate(10, 300), Rate(30, 3600))


@pytest.mark.parametrize("text", ["", " ", "10/5m ", "10/5m  30/1h", "10/5m,30/1h", "10/5m x"])
def test_what_cannot_be_several_limits_raises(text):
    with pytest.raises(ValueError, match="is no limit"):
        parse_rates(text)


def test_one_length_of_time_has_one_limit():
    with pytest.raises(ValueError) as caught:
        parse_rates("10/60m 30/1h")

    assert str(caught.value) == "'10/60m 30/1h' limits one length of time twice."


def test_the_limits_that_hold_by_default_can_be_read():
    names = {"identifier", "client", "pair", "account", "global", "device"}
    for purpose, rates in DEFAULTS.items():
        assert {"client"} <= set(rates) <= names
        assert all(parse_rates(rate) for rate in rates.values())
        # It takes the place of what it is not counted in.
        assert "device" not in rates or purpose == "login"


def test_a_password_is_guessed_at_most_a_hundred_times_a_day():
    # NIST SP 800-63B-4, 3.2.2; by each way that somebody may have to it.
    for purpose, name in [
        ("login", "identifier"),
        ("login", "account"),
        ("login", "device"),
        ("password", "identifier"),
    ]:
        assert Rate(100, 86_400) in parse_rates(DEFAULTS[purpose][name])


# Counting


@pytest.mark.django_db
def test_the_tenth_attempt_is_tried_and_the_eleventh_is_refused(clock, one_window):
    assert [refused("export", identifier="frida", request=None) for _ in range(10)] == [None] * 10

    assert refused("export", identifier="frida", request=None) == 300
    clock(+100)
    assert refused("export", identifier="frida", request=None) == 200
    assert refused("export", identifier="diego", request=None) is None


@pytest.mark.django_db
def test_a_window_that_is_over_starts_again_from_one(clock, one_window):
    for _ in range(15):
        refused("export", identifier="frida", request=None)

    clock(+299)
    assert refused("export", identifier="frida", request=None) == 1
    clock(+1)

    assert [refused("export", identifier="frida", request=None) for _ in range(10)] == [None] * 10
    assert refused("export", identifier="frida", request=None) == 300


@pytest.mark.django_db
def test_a_clock_that_was_set_back_locks_nobody_out(clock, one_window):
    clock(+86_400)
    for _ in range(11):
        refused("export", identifier="frida", request=None)

    clock(-86_400)

    assert refused("export", identifier="frida", request=None) is None
    assert AttemptCounter.objects.get().attempts == 1


@pytest.mark.django_db
def test_a_clock_that_was_set_back_a_little_changes_nothing(clock, one_window):
    for _ in range(10):
        refused("export", identifier="frida", request=None)
    clock(+200)
    assert refused("export", identifier="frida", request=None) == 100

    clock(-100)

    assert refused("export", identifier="frida", request=None) == 200


@pytest.mark.django_db
def test_an_attempt_that_looked_at_the_clock_before_another_one_counts_as_well(clock, one_window):
    # of two at once, the one that began in the second before may be counted after the other
    for _ in range(10):
        assert refused("export", identifier="frida", request=None) is None
        clock(-1)

    assert AttemptCounter.objects.get().attempts == 10
    assert refused("export", identifier="frida", request=None)


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


@pytest.mark.asvs("15.3.4")
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
def test_one_statement_counts_all_windows(rf, django_assert_num_queries):
    for _ in range(2):
        with django_assert_num_queries(1):
            spend("login", identifier="frida", account="1", request=rf.get("/"))

    # three of the identifier; client, pair and account; and each time one of those of the site
    assert sum(counts()) == 14
    assert 7 <= len(counts()) <= 8


@pytest.mark.django_db
def test_a_refusal_is_one_statement_and_makes_no_other_wait_longer(
    rf, clock, django_assert_num_queries
):
    request = rf.get("/")
    for _ in range(5):
        spend("login", identifier="frida", account="1", request=request)
    before = sum(counts())

    for _ in range(20):
        with django_assert_num_queries(1):
            assert refused("login", identifier="frida", account="1", request=request) == 60

    # All of them for the pair, which had its five, and none for anything else.
    assert sum(counts()) == before + 20
    assert max(counts()) == 25


@pytest.mark.django_db
def test_waits_grow_up_to_a_day_for_who_guesses_from_ever_new_places(rf, clock):
    def guess():
        places.append(rf.get("/", REMOTE_ADDR=f"203.0.113.{len(places)}"))
        return refused("login", identifier="frida", request=places[-1])

    places, waits, tried = [], [], 0
    while 86_400 not in waits:
        wait = guess()
        tried += wait is None
        if wait is not None:
            waits.append(wait)
            clock(wait if wait < 3600 * 20 else 0)
            if wait > 3600 * 20:
                break

    assert tried == 100
    assert waits[:3] == [300, 300, 3000]
    assert max(waits[:-1]) <= 3600
    assert waits[-1] > 3600 * 20


@pytest.mark.django_db
def test_the_account_is_limited_by_all_its_names_without_a_word(clock, set_conf):
    set_conf(LIMITS={"login": {"account": "3/1d"}})

    in_vain = [
        spend("login", identifier=f"name{number}", account="1", request=None).is_in_vain
        for number in range(5)
    ]

    assert in_vain == [False] * 3 + [True] * 2
    assert not spend("login", identifier="other", account="2", request=None).is_in_vain


@pytest.mark.django_db
def test_a_budget_beyond_which_nothing_is_said_changes_no_other_count(clock, set_conf):
    set_conf(LIMITS={"login": {"account": "1/1d"}})

    waits = [refused("login", identifier="frida", account="1", request=None) for _ in range(11)]

    assert waits == [None] * 10 + [300]


@pytest.mark.django_db
def test_a_trusted_device_is_limited_alone(rf, clock):
    for _ in range(10):
        spend("login", identifier="frida", account="1", request=None)
    assert refused("login", identifier="frida", account="1", request=None)
    before = counts()

    own = [
        refused("login", identifier="frida", account="1", device="d", request=rf.get("/"))
        for _ in range(11)
    ]

    assert own == [None] * 10 + [300]
    # It takes nothing from the others, either.
    assert counts() == sorted([*before, 11, 10, 10])


@pytest.mark.django_db
def test_the_whole_site_is_limited(rf, set_conf):
    set_conf(LIMITS={"login": {"global": "3/1h"}})
    waits = [
        refused("login", identifier=f"u{n}", request=rf.get("/", REMOTE_ADDR=f"203.0.113.{n}"))
        for n in range(5)
    ]

    assert waits[:3] == [None] * 3
    assert all(waits[3:])


def test_a_large_budget_of_the_site_is_spread_over_rows_and_a_small_one_is_exact(set_conf):
    set_conf(LIMITS={"login": {"global": "100000/5m"}, "mail": {"global": "1999/1h"}})

    large = {w.key: w for _ in range(300) for w in limits._windows("login", {"global": "all"})}
    small = {w.key: w for _ in range(300) for w in limits._windows("mail", {"global": "all"})}

    assert len(large) == 16
    assert {window.attempts for window in large.values()} == {6250}
    assert [window.attempts for window in small.values()] == [1999]


@pytest.mark.django_db
def test_what_names_nobody_and_comes_from_nowhere_is_not_counted(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert spend("social", identifier="", request=None).counts == ()


@pytest.mark.django_db
def test_nothing_of_who_tried_what_can_be_read_from_the_rows(rf):
    password_in_the_wrong_field = "my secret " + "x" * 1_000_000
    spend("login", identifier=password_in_the_wrong_field, request=rf.get("/"))
    spend("login", identifier="\ud800\0", request=None)

    for row in AttemptCounter.objects.all():
        assert len(row.key) == 64
        assert set(row.key) <= set("0123456789abcdef")
        assert "secret" not in str(row)
    # Of the first one six with the client's and the site's, of the second four.
    assert sum(counts()) == 10


@pytest.mark.django_db
def test_names_with_separators_share_no_counter():
    for purpose, identifier in [("export", "a"), ("username", "a"), ("export", "a\0")]:
        spend(purpose, identifier=identifier, request=None)

    assert AttemptCounter.objects.count() == 3


@pytest.mark.django_db
def test_a_success_takes_back_its_own_attempt_alone(one_window):
    for _ in range(9):
        spend("export", identifier="frida", request=None)
    spent = spend("export", identifier="frida", request=None)

    spent.forgive()

    assert AttemptCounter.objects.get().attempts == 9
    assert refused("export", identifier="frida", request=None) is None
    assert refused("export", identifier="frida", request=None)


@pytest.mark.django_db
def test_a_success_forgives_the_errors_of_the_same_client_at_the_same_name_alone(
    rf, set_conf, clock
):
    set_conf(LIMITS={"login": {"identifier": "14/5m"}})
    own, other = (rf.get("/", REMOTE_ADDR=f"203.0.113.{n}") for n in (5, 6))
    for _ in range(4):
        spend("login", identifier="frida", request=own)
        spend("login", identifier="frida", request=other)

    spend("login", identifier="frida", request=own).forgive()

    tried = [refused("login", identifier="frida", request=other) for _ in range(2)]
    # The other one has made five; for the name there were nine, of which none is forgiven.
    assert tried == [None, 60]
    tried = [refused("login", identifier="frida", request=own) for _ in range(6)]
    assert tried == [None] * 5 + [300]


@pytest.mark.django_db
def test_forgiving_is_one_statement(rf, django_assert_num_queries):
    spent = spend("login", identifier="frida", account="1", request=rf.get("/"))

    with django_assert_num_queries(1):
        spent.forgive()

    assert counts() == [0] * 7


@pytest.mark.django_db
def test_a_counter_never_falls_below_zero(one_window):
    spent = spend("export", identifier="frida", request=None)

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
    # The client was counted for what was tried: the default holds, beside the pair's and the site's.
    assert counts()[-1] == 4
    assert sum(counts()) == 4 + 2 + 2 + 2


@pytest.mark.django_db
def test_the_longest_wait_is_told(rf, set_conf, clock):
    set_conf(LIMITS={"login": {"identifier": "1/1h", "client": "1/1d"}})
    request = rf.get("/")

    spend("login", identifier="frida", request=request)

    assert refused("login", identifier="frida", request=request) == 86_400


@pytest.mark.parametrize(
    "seconds, sentence",
    [
        (0, "Too many attempts. Please try again in a second."),
        (2, "Too many attempts. Please try again in 2 seconds."),
        (59, "Too many attempts. Please try again in 59 seconds."),
        (60, "Too many attempts. Please try again in a minute."),
        (61, "Too many attempts. Please try again in 2 minutes."),
        (3600, "Too many attempts. Please try again in 60 minutes."),
        (5401, "Too many attempts. Please try again in 2 hours."),
        (86_400, "Too many attempts. Please try again in 24 hours."),
    ],
)
def test_the_refused_read_how_long_to_wait(seconds, sentence):
    error = TooManyAttempts(seconds)

    assert error.messages == [sentence]
    assert error.retry_after >= 1


@pytest.mark.django_db
def test_a_refusal_is_counted_outside_the_transaction_of_the_flow(client, set_conf):
    set_conf(LIMITS={"reset": {"identifier": "1/1h"}})
    address = {"email": "frida@example.com"}

    answers = [client.post("/accounts/forgot-password/", address) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302, 429, 429]
    assert max(AttemptCounter.objects.values_list("attempts", flat=True)) == 3


@pytest.mark.django_db(transaction=True)
def test_two_hundred_parallel_attempts_count_exactly_two_hundred(at_once, rf, set_conf):
    set_conf(LIMITS={"export": {"identifier": "1000/5m", "client": "1000/5m"}})
    request = rf.get("/")

    def try_often():
        return [refused("export", identifier="1", request=request) for _ in range(25)]

    waits = [wait for result in at_once([try_often] * 8) for wait in result]

    assert counts() == [200, 200]
    assert waits == [None] * 200


@pytest.mark.django_db(transaction=True)
def test_of_two_hundred_parallel_attempts_as_many_as_allowed_are_tried(at_once, rf):
    request = rf.get("/", REMOTE_ADDR="203.0.113.5")

    def try_often():
        return [refused("password", identifier="1", request=request) for _ in range(25)]

    waits = [wait for result in at_once([try_often] * 8) for wait in result]

    assert waits.count(None) == 10
    assert max(counts()) == 200


@pytest.mark.django_db(transaction=True)
def test_attempts_that_share_keys_in_different_order_never_block_one_another(at_once, rf, set_conf):
    set_conf(LIMITS={"checkout": {"identifier": "100/1h"}})

    def try_often(identifier, address):
        request = rf.get("/", REMOTE_ADDR=address)
        return lambda: [
            spent.forgive() if number % 2 else None
            for number in range(20)
            if (spent := spend("checkout", identifier=identifier, request=request))
        ]

    pairs = [("a", "10.0.0.1"), ("b", "10.0.0.1"), ("a", "10.0.0.2"), ("b", "10.0.0.2")]
    at_once([try_often(*pair) for pair in pairs])

    assert counts() == [20] * 4


@pytest.mark.django_db
def test_a_token_is_first_once_for_each_purpose_and_until_its_time_is_over():
    assert is_first("state", "a", seconds=60)
    assert not is_first("state", "a", seconds=60)
    assert is_first("state", "b", seconds=60)
    assert is_first("another", "a", seconds=60)

    AttemptCounter.objects.update(ends_at=int(time.time()) - 1)

    assert is_first("state", "a", seconds=60)


# The page


def test_the_page_of_limits_tells_each_default():
    page = (ROOT / "docs/limits.rst").read_text()
    table = page.partition("These hold by default:")[2].partition("A limit is a number")[0]
    told = {}
    for purpose, words in re.findall(r"^``(\w+)``((?:.*\n(?!``|=))*.*)", table, re.MULTILINE):
        told[purpose] = {
            name: " ".join(rates.split())
            for name, rates in re.findall(r"``(\w+)``\s((?:\d+/\d+[smhd]\s*)+)", words)
        }

    # Of "reset" it says: as for "mail".
    assert told.pop("reset") == {}
    assert DEFAULTS["reset"] == DEFAULTS["mail"]
    assert told == {name: rates for name, rates in DEFAULTS.items() if name != "reset"}
