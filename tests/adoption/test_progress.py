"""How far a long command has come."""

from io import StringIO

import pytest
from django.core.management.base import OutputWrapper

from django_useraccounts.management import progress
from django_useraccounts.management.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Stands still until it is told to go on."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_a_terminal_has_a_bar_with_the_rate_and_the_rest(clock: Clock) -> None:
    out = Terminal()
    bar = Progress(OutputWrapper(out), "Users", total=4000)

    clock.now += 10
    bar.advance(1000)

    assert (
        out.getvalue() == f"\rUsers [{'#' * 7}{'.' * 23}] 1,000 of 4,000, 100/s, 0:00:30 left\x1b[K"
    )
    bar.advance(1000)
    assert out.getvalue().count("\r") == 1
    clock.now += 10
    bar.finish()
    assert out.getvalue().endswith(f"\rUsers [{'#' * 30}] 2,000 of 2,000, 100/s, 0:00:20\x1b[K\n")


def test_elsewhere_there_is_a_line_now_and_then(clock: Clock) -> None:
    out = StringIO()
    lines = Progress(OutputWrapper(out), "Users", total=200)

    for _second in range(25):
        clock.now += 1
        lines.advance(4)

    assert out.getvalue().splitlines() == [
        "Users: 40 of 200, 4/s, 0:00:40 left",
        "Users: 80 of 200, 4/s, 0:00:30 left",
    ]


def test_what_was_done_before_does_not_count_as_fast(clock: Clock) -> None:
    out = StringIO()
    lines = Progress(OutputWrapper(out), "Users", total=1000, before=800)

    clock.now += 10
    lines.advance(100)

    assert out.getvalue() == "Users: 900 of 1,000, 10/s, 0:00:10 left\n"


def test_who_comes_meanwhile_is_counted(clock: Clock) -> None:
    out = StringIO()
    lines = Progress(OutputWrapper(out), "Users", total=0)

    clock.now += 10
    lines.advance(30)

    assert out.getvalue() == "Users: 30 of 30, 3/s, 0:00:10\n"
