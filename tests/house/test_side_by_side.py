"""What pages cost, held against what was kept: by the benchmark that has others beside it."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.side_by_side import SCENARIOS
from benchmarks.side_by_side.record import FIGURES, PAGE, Record, growth, page
from tests.readme import ROOT

pytestmark = pytest.mark.one_database

KEPT = {"register": {"ours": {"queries": 7, "calls": 6000, "hashes": 1}}}


def costs(**changed):
    return {"register": {"ours": {**KEPT["register"]["ours"], **changed}}}


@pytest.mark.parametrize("changed", [{}, {"queries": 6}, {"calls": 6060}, {"calls": 1}])
def test_what_costs_no_more_passes(changed):
    assert not list(growth(KEPT, {**costs(**changed)}))


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"queries": 8}, "register: queries have grown from 7 to 8."),
        ({"hashes": 2}, "register: hashes have grown from 1 to 2."),
        ({"calls": 6061}, "register: calls have grown from 6000 to 6061."),
    ],
)
def test_what_costs_more_is_told(changed, sentence):
    assert list(growth(KEPT, costs(**changed))) == [sentence]


def test_a_scenario_that_was_never_kept_is_told():
    (sentence,) = growth({}, costs())

    assert "nothing is kept" in sentence


def test_other_versions_are_held_to_all_but_the_python_calls():
    record = Record(counts={"Python 3.11, Django 5.2": KEPT})

    assert record.kept_for("Python 3.11, Django 5.2") == KEPT
    assert record.kept_for("Python 4.0, Django 9.2") == {
        "register": {"ours": {"queries": 7, "hashes": 1}}
    }


def test_every_scenario_is_kept():
    record = Record.read()

    for kept in record.counts.values():
        assert set(kept) == set(SCENARIOS)
    for run in record.runs.values():
        assert set(run["figures"]) == set(SCENARIOS)


def test_the_page_shows_the_figures():
    assert PAGE.read_text() == page(Record.read())


def check(figures, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.side_by_side",
            "--check",
            "--figures",
            figures,
            *arguments,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_no_figure_of_ours_has_grown():
    run = check(FIGURES)

    assert run.returncode == 0, run.stdout + run.stderr


def test_a_figure_that_has_grown_fails_the_run(tmp_path):
    kept = json.loads(FIGURES.read_text())
    for counts in kept["counts"].values():
        counts["login_by_username"]["ours"]["queries"] -= 1
    (tmp_path / "figures.json").write_text(json.dumps(kept))

    run = check(tmp_path / "figures.json", "--only", "login_by_username")

    assert run.returncode == 1
    assert run.stdout == "login by username: queries have grown from 7 to 8.\n"
