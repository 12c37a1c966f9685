"""
``python -m tests.machine --steps 1000000 --seed 1 --processes 2``

Prints the figures, as ``benchmarks/state_machine.rst`` keeps them; ends with 1 if anything broke.
"""

import argparse
import json
import os
import platform
import subprocess
import sys

import django
import hypothesis

from tests.machine.report import Report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machine")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--no-shrink", action="store_true", help="tell a failure as it was met")
    parser.add_argument("--json", action="store_true", help="print the figures for a program")
    given = parser.parse_args()
    total = share(given) if given.processes > 1 else work(given)
    print(json.dumps(vars(total)) if given.json else shown(total, given))
    return int(bool(total.failures or total.idle))


def share(given: argparse.Namespace) -> Report:
    """Let processes of their own take parts of the steps, each by a seed of its own."""
    command = [sys.executable, "-m", "tests.machine", "--json"]
    command += ["--no-shrink"] if given.no_shrink else []
    steps = -(-given.steps // given.processes)
    parts = [
        subprocess.Popen(
            [*command, f"--steps={steps}", f"--seed={given.seed * 1000 + number}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(given.processes)
    ]
    total = Report()
    for part in parts:
        said, _nothing = part.communicate()
        total += Report.read(json.loads(said))
    return total


def work(given: argparse.Namespace) -> Report:
    """Take the steps in this process, whose clock and database are those of the machine."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.machine.settings"
    django.setup()
    from tests.machine.driver import run

    return run(given.steps, given.seed, shrink=not given.no_shrink)


def shown(report: Report, given: argparse.Namespace) -> str:
    seed, processes = given.seed, given.processes
    each = 1000 * report.worked / max(report.steps, 1)
    act = 1000 * report.worked / max(report.done.total(), 1)
    versions = (
        f"Python {platform.python_version()}, Django {django.get_version()}, "
        f"Hypothesis {hypothesis.__version__}, {platform.machine()}"
    )
    lines = [
        f"Steps: {report.steps} in {report.runs} runs, seed {seed}, {processes} processes",
        f"Time: {report.seconds:.0f} s; of a processor, {each:.1f} ms for each step",
        f"Steps that did something: {report.done.total()}, {act:.1f} ms for each",
        versions,
        f"Failures: {len(report.failures)}",
        "",
        f"{'rule':<42}{'tried':>9}{'did it':>9}",
    ]
    for name, tried in sorted(report.tried.items()):
        lines.append(f"{name:<42}{tried:>9}{report.done[name]:>9}")
    if report.idle:
        lines += ["", f"Never did anything: {', '.join(report.idle)}"]
    return "\n".join([*lines, *report.failures])


if __name__ == "__main__":
    sys.exit(main())
