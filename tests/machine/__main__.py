"""
``python -m tests.machine --steps 1000000 --seed 1 --processes 2``

Prints the figures, as ``benchmarks/state_machine.rst`` keeps them; ends with 1 if anything broke.
"""

import argparse
import os
import platform
import sys
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.machine.driver import Report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machine")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--no-shrink", action="store_true", help="tell a failure as it was met")
    given = parser.parse_args()
    share = -(-given.steps // given.processes)
    tasks = [(share, given.seed * 1000 + n, not given.no_shrink) for n in range(given.processes)]
    if given.processes == 1:
        reports = [work(*tasks[0])]
    else:
        with get_context("spawn").Pool(given.processes) as pool:
            reports = pool.starmap(work, tasks)
    total = reports[0]
    for report in reports[1:]:
        total += report
    print(shown(total, seed=given.seed, processes=given.processes))
    return int(bool(total.failures or total.idle))


def work(steps: int, seed: int, shrink: bool) -> "Report":  # noqa: FBT001
    """Take steps in a process of their own, whose clock and database are those of the machine."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.machine.settings"
    import django

    django.setup()
    from tests.machine.driver import run

    return run(steps, seed, shrink=shrink)


def shown(report: "Report", *, seed: int, processes: int) -> str:
    import django
    import hypothesis

    lines = [
        f"Steps: {report.steps} in {report.runs} runs, seed {seed}, {processes} processes",
        f"Time: {report.seconds:.0f} s, {1000 * report.seconds * processes / max(report.steps, 1):.1f} "
        "ms of one process for each step",
        f"Python {platform.python_version()}, Django {django.get_version()}, "
        f"Hypothesis {hypothesis.__version__}, {platform.machine()}",
        f"Failures: {len(report.failures)}",
        "",
        f"{'rule':<28}{'tried':>9}{'did it':>9}",
    ]
    for name, tried in sorted(report.tried.items()):
        lines.append(f"{name:<28}{tried:>9}{report.done[name]:>9}")
    if report.idle:
        lines += ["", f"Never did anything: {', '.join(report.idle)}"]
    return "\n".join([*lines, *report.failures])


if __name__ == "__main__":
    sys.exit(main())
