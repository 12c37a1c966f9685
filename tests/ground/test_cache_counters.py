"""M10. Limits counted in a cache: exactly, in windows that end, and in the database when it fails."""

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache

from django_useraccounts import counters
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.limits import is_first, spend
from django_useraccounts.models import AttemptCounter
from tests import servers
from tests.conftest import missing

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

FAILS = "The cache of the limits fails: the database counts."


class Forgetful(RedisCache):
    """A cache whose key expires between one question and the next, once."""

    forgets = True

    def incr(self, key, delta=1, version=None):
        if self.forgets:
            type(self).forgets = False
            self.delete(key)
        return super().incr(key, delta, version)


class Lossy(RedisCache):
    """A cache that says neither that it keeps something nor that it does not, as some libraries."""

    def add(self, *args, **kwargs):
        return False


def running():
    if servers.lacks("redis"):
        missing("redis", servers.lacks("redis"))
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="module")
def shared_redis():
    """A server for the tests that leave it running."""
    yield from running()


@pytest.fixture
def own_redis(count_in):
    """A server that a test may stop or kill, and that counts."""
    for server in running():
        count_in(server)
        yield server


@pytest.fixture
def count_in(settings, set_conf, monkeypatch):
    """Count attempts in a server: ``count_in(server)``."""

    def choose(server, backend="django.core.cache.backends.redis.RedisCache"):
        settings.CACHES = {
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "counts": {
                "BACKEND": backend,
                "LOCATION": server.url,
                "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
            },
        }
        set_conf(LIMITS={"cache": "counts", "export": {"identifier": "3/1h"}})
        monkeypatch.setattr(counters, "_outage", counters._Outage())

    return choose


@pytest.fixture
def redis(shared_redis, count_in):
    """The shared server, empty, as the one that counts; its client."""
    count_in(shared_redis)
    client = caches["counts"]._cache.get_client()
    client.flushall()
    return client


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Clocks of windows and pauses that stand still until the test moves them: ``clock(+30)``."""
    ahead = [0]
    for name, now in (("time", int(time.time())), ("monotonic", time.monotonic())):
        monkeypatch.setattr(time, name, lambda now=now: now + ahead[0])

    def move(seconds):
        ahead[0] += seconds

    return move


def refused(purpose="export", identifier="1", request=None):
    try:
        spend(purpose, identifier=identifier, request=request)
    except TooManyAttempts as error:
        return error.retry_after
    return None


def told(caplog):
    """Return what the log says of the cache."""
    return [
        record.message for record in caplog.records if record.name == "django_useraccounts.counters"
    ]


def values(client):
    return sorted(int(client.get(key)) for key in client.keys("*"))


# The cache counts


def test_the_cache_counts_instead_of_the_database(redis, django_assert_num_queries):
    with django_assert_num_queries(0):
        waits = [refused() for _ in range(5)]

    assert waits[:3] == [None] * 3
    assert all(0 < wait <= 3600 for wait in waits[3:])
    assert not AttemptCounter.objects.exists()


def test_every_key_ends_with_its_window(redis, rf, clock):
    spend("login", identifier="frida", account="1", request=rf.get("/"))

    assert len(redis.keys("*")) == 7
    assert all(0 < redis.ttl(key) <= 86_400 + 60 for key in redis.keys("*"))
    assert {len(key) for key in redis.keys("*")} < set(range(200))


@pytest.mark.asvs("1.3.9")
def test_nothing_that_is_typed_is_part_of_a_key(redis, rf):
    """A line break would begin a command of its own in Memcached."""
    spend("login", identifier="frida\r\nflush_all\r\n", account="1", request=rf.get("/"))

    assert redis.keys("*")
    for key in redis.keys("*"):
        assert re.fullmatch(rb":1:useraccounts:[0-9a-f]{64}:\d+", key)


def test_a_window_that_is_over_starts_again_even_if_its_key_has_no_end(redis, clock):
    # As Django's Redis makes one, when a key expires between its EXISTS and its INCR.
    waits = [refused() for _ in range(4)]
    for key in redis.keys("*"):
        redis.persist(key)

    clock(waits[-1])

    assert refused() is None


def test_a_key_that_expires_in_between_begins_anew(redis, shared_redis, count_in, monkeypatch):
    count_in(shared_redis, f"{__name__}.Forgetful")
    monkeypatch.setattr(Forgetful, "forgets", False)
    assert refused() is None
    monkeypatch.setattr(Forgetful, "forgets", True)

    waits = [refused() for _ in range(4)]

    assert waits[:3] == [None] * 3
    assert waits[3]
    assert not AttemptCounter.objects.exists()


def test_a_cache_that_keeps_nothing_is_one_that_fails(redis, shared_redis, count_in, caplog):
    count_in(shared_redis, f"{__name__}.Lossy")

    waits = [refused() for _ in range(4)]

    assert waits[:3] == [None] * 3
    assert waits[3]
    assert AttemptCounter.objects.get().attempts == 4
    assert told(caplog) == [FAILS]


def test_two_hundred_parallel_attempts_count_exactly(redis, rf, set_conf):
    limits = {"cache": "counts", "export": {"identifier": "1000/1h", "client": "10/1h"}}
    set_conf(LIMITS=limits)

    def try_often(_number):
        request = rf.get("/", REMOTE_ADDR="203.0.113.5")
        return [refused(identifier="1") for _ in range(24)] + [
            refused(identifier="", request=request)
        ]

    with ThreadPoolExecutor(16) as pool:
        waits = [wait for result in pool.map(try_often, range(16)) for wait in result]

    assert values(redis)[-1] == 16 * 24
    assert len([wait for wait in waits if wait]) == 6


def test_what_is_refused_counts_nowhere_else(redis, rf):
    request = rf.get("/")
    for _ in range(5):
        refused("login", "frida", request)
    before = sum(values(redis))

    for _ in range(10):
        assert refused("login", "frida", request)

    assert sum(values(redis)) == before + 10
    assert len([value for value in values(redis) if value == 15]) == 1


def test_a_success_takes_its_attempt_back_and_clears_its_own_pair(redis, rf):
    for _ in range(4):
        refused("login", "frida", rf.get("/"))
    spent = spend("login", identifier="frida", request=rf.get("/"))
    assert values(redis).count(5) >= 5

    spent.forgive()

    assert 5 not in values(redis)
    assert values(redis).count(4) >= 4  # three of the name and the client


def test_T2_an_emptied_cache_forgets_and_goes_on(redis):
    for _ in range(4):
        refused()
    spent = spend("export", identifier="2", request=None)
    redis.flushall()

    spent.forgive()

    assert refused() is None
    assert values(redis) == [1]


def test_T2_tokens_are_told_by_the_database_which_forgets_none(redis):
    assert is_first("state", "a", seconds=60)
    redis.flushall()
    assert not is_first("state", "a", seconds=60)


# The cache fails


def test_M10_the_database_counts_while_the_cache_is_gone_and_the_log_says_it_once(
    own_redis, caplog, clock
):
    assert refused() is None
    own_redis.process.kill()
    own_redis.process.wait()

    waits = [refused() for _ in range(5)]

    # Never unlimited, never everybody locked out.
    assert waits[:3] == [None] * 3
    assert all(waits[3:])
    assert refused(identifier="2") is None
    clock(counters.OUTAGE_PAUSE + 1)
    assert refused()
    assert told(caplog) == [FAILS]


def test_a_success_while_the_cache_is_gone_is_a_success(own_redis, caplog):
    spent = spend("export", identifier="1", request=None)
    own_redis.process.kill()
    own_redis.process.wait()

    spent.forgive()

    assert told(caplog) == [FAILS]


def test_M10_a_cache_that_hangs_is_waited_for_once_and_asked_again_later(own_redis, caplog, clock):
    assert refused() is None
    own_redis.process.send_signal(signal.SIGSTOP)

    durations = []
    for _ in range(3):
        start = time.perf_counter()
        assert refused() is None
        durations.append(time.perf_counter() - start)
    own_redis.process.send_signal(signal.SIGCONT)
    assert refused()

    assert 0.2 < durations[0] < 2
    assert max(durations[1:]) < 0.2
    clock(counters.OUTAGE_PAUSE + 1)
    # The cache counts on where it was, with what has reached it late at most.
    assert refused() is None
    assert told(caplog) == [FAILS, "The cache of the limits counts again."]


def test_M10_a_cache_without_memory_counts_in_the_database(redis, caplog):
    assert refused() is None
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", 1)
    try:
        waits = [refused() for _ in range(5)]
    finally:
        redis.config_set("maxmemory", 0)

    assert waits[:3] == [None] * 3
    assert all(waits[3:])
    assert AttemptCounter.objects.get().attempts == 5
    assert told(caplog) == [FAILS]


def test_M10_a_cache_that_does_not_exist_is_no_way_around_the_limits(redis, set_conf):
    set_conf(LIMITS={"cache": "nowhere", "export": {"identifier": "3/1h"}})

    waits = [refused() for _ in range(5)]

    assert waits[:3] == [None] * 3
    assert all(waits[3:])
