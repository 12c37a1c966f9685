"""What each page, list and flow asks of a hundred thousand people is found by an index."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from benchmarks.scale.plans import FEW, MOST, Plan, Read, Watch
from tests.readme import ROOT

PEOPLE = 100_000


def objections(*reads):
    return list(Plan("SELECT 1", list(reads)).objections())


@pytest.mark.parametrize(
    "read, objection",
    [
        (Read("a", is_whole=False, rows=100, dropped=0, is_limited=False), []),
        (Read("roles", is_whole=True, rows=FEW, dropped=0, is_limited=False), []),
        (Read("a", is_whole=True, rows=FEW + 1, dropped=0, is_limited=True), []),
        (
            Read("a", is_whole=True, rows=FEW + 1, dropped=0, is_limited=False),
            [f"reads the whole of a: {FEW + 1} rows"],
        ),
        (
            Read("a", is_whole=False, rows=FEW + 9, dropped=FEW + 1, is_limited=False),
            [f"reads {FEW + 9} rows of a, {FEW + 1} for nothing"],
        ),
        (
            Read("a", is_whole=False, rows=MOST + 1, dropped=0, is_limited=True),
            [f"touches {MOST + 1} rows"],
        ),
    ],
)
def test_what_reads_more_than_it_needs_is_objected_to(read, objection):
    assert objections(read) == objection


@pytest.mark.django_db
def test_statements_are_seen_as_the_database_runs_them():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite tells of no rows")
    watch = Watch()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE crowd (n integer primary key, m integer)")
        for start in range(0, 3000, 500):
            values = ", ".join(f"({n}, {n})" for n in range(start, start + 500))
            cursor.execute(f"INSERT INTO crowd VALUES {values}")

        with watch.act("by index", connection):
            cursor.execute("SELECT * FROM crowd WHERE n = %s", [7])
        with watch.act("whole", connection):
            cursor.execute("SELECT * FROM crowd WHERE m = %s", [7])
            cursor.execute("DELETE FROM crowd WHERE m = %s", [7])
            cursor.execute("DELETE FROM crowd WHERE m = %s", [8])
        cursor.execute("SELECT COUNT(*) FROM crowd")
        (left,) = cursor.fetchone()

    told = list(watch.objections({}))
    assert [line.partition(":")[0] for line in told if "whole of" in line] == ["whole"] * 2
    assert list(watch.objections({"wh*": "a test"})) == []
    assert left == 2998, "what is explained is undone"


@pytest.mark.django_db
def test_every_statement_of_every_page_and_flow_is_answered_by_index():
    if connection.vendor == "sqlite":
        pytest.skip("for servers")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}

    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", "--plans", str(PEOPLE)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count(", 0 objections") == 2
