"""What was measured: tables to read, figures that are kept, and whether one of ours has grown."""

import datetime
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Any

from . import KINDS, SCENARIOS

FIGURES = Path(__file__).parent / "figures.json"
PAGE = Path(__file__).parents[1] / "side_by_side.rst"
#: What may not grow, with how much of it chance may add: the sign of a key, the end of a loop.
GATES = {"queries": 1.0, "writes": 1.0, "hashes": 1.0, "mails": 1.0, "beside": 1.0, "calls": 1.01}

#: Scenario, kind, figure.
Figures = Mapping[str, Mapping[str, Mapping[str, Any]]]


def versions() -> str:
    """Return the versions that Python calls depend on."""
    python = ".".join(map(str, sys.version_info[:2]))
    return f"Python {python}, Django {'.'.join(version('django').split('.')[:2])}"


def growth(kept: Figures, figures: Figures) -> Iterator[str]:
    """Yield a sentence for each figure of ours that is more than what was kept."""
    for scenario, measured in figures.items():
        before, now = kept.get(scenario, {}).get("ours"), measured["ours"]
        if before is None:
            yield f"{SCENARIOS[scenario]}: nothing is kept of it; --record keeps it."
            continue
        for name, slack in GATES.items():
            if name in before and now[name] > before[name] * slack:
                title, change = SCENARIOS[scenario], f"from {before[name]} to {now[name]}"
                yield f"{title}: {name} have grown {change}."


@dataclass
class Record:
    """What ``figures.json`` keeps: counts by version for CI, and the last runs by database."""

    counts: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, Any] = field(default_factory=dict)
    loads: dict[str, Any] = field(default_factory=dict)
    starts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path = FIGURES) -> "Record":
        kept = json.loads(path.read_text()) if path.exists() else {}
        return cls(**{name.name: kept.get(name.name, {}) for name in fields(cls)})

    def updated(self, other: "Record") -> "Record":
        """Return both, where ``other`` is newer."""
        mine, newer = asdict(self), asdict(other)
        return Record(**{name: {**mine[name], **newer[name]} for name in mine})

    def write(self) -> None:
        """Keep everything, in figures and for reading."""
        FIGURES.write_text(json.dumps(asdict(self), indent=1) + "\n")
        PAGE.write_text(page(self))

    def kept_for(self, versions: str) -> Figures:
        """Return the counts of these versions; of others, what does not depend on them."""
        if versions in self.counts:
            found: Figures = self.counts[versions]
            return found
        return {
            scenario: {"ours": {k: v for k, v in kinds["ours"].items() if k != "calls"}}
            for scenario, kinds in next(iter(self.counts.values()), {}).items()
        }

    def set_gates(self, figures: Figures) -> None:
        """Let these be what CI holds ours to. It asks SQLite, which anybody has."""
        if "USERACCOUNTS_TEST_DATABASE" not in os.environ:
            self.counts[versions()] = {
                scenario: {"ours": {gate: kinds["ours"][gate] for gate in GATES}}
                for scenario, kinds in figures.items()
            }


def about(*facts: str) -> str:
    """Say when, where and with what a run was made."""
    packages = ("django-allauth", "django-role-permissions", "argon2-cffi", "gunicorn")
    return machine(*facts, packages=packages)


def machine(*facts: str, packages: Sequence[str] = ()) -> str:
    """Say when, and on what machine, with which packages beside Django."""
    parts = [
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("Django", *packages)),
        f"{os.cpu_count()} cores ({_processor()})",
        *facts,
        f"load {os.getloadavg()[1]:.1f}",
    ]
    today = datetime.date.today()  # noqa: DTZ011
    return f"{today.day} {today:%B %Y}. {', '.join(parts)}."


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


_HEAD = """Side by side
============

What ``python -m benchmarks.side_by_side --record`` has measured; `README.rst <README.rst>`__ tells
what it compares, and how. The figures of a cell are those of this app / stock django.contrib.auth /
django-allauth, those of a ratio to stock are of this app / django-allauth; "-" where there is none.
"Beside" are the statements of our thread that carries mails when the request is answered. Times are
medians. CPU is all that the process uses for a request, that thread included; wall is how long the
answer takes, short of the wait of ours for the next step of 20 ms. "CPU / hash" is the CPU of the
request by that of one Argon2 hash, in the same sample.
"""


def page(record: Record) -> str:
    """Return the page with the last runs."""
    parts = [_HEAD]
    for name, run in sorted(record.runs.items(), reverse=True):
        parts.append(_section(name, run["about"], tables(run["figures"])))
    for name, run in sorted(record.loads.items(), reverse=True):
        title = f"gunicorn, 2 workers, {name}"
        parts.append(_section(title, run["about"], load_table(run["figures"])))
    if record.starts:
        table = start_table(record.starts["figures"])
        parts.append(_section("Start", record.starts["about"], table))
    return "\n".join(parts)


def _section(title: str, facts: str, table: str) -> str:
    return f"{title}\n{'-' * len(title)}\n\n{fill(facts, 100)}\n\n{table}"


def tables(figures: Figures) -> str:
    """Return the two tables of a run: what is counted, and what is timed."""
    ordered = [scenario for scenario in SCENARIOS if scenario in figures]
    counted = [
        [SCENARIOS[scenario], *(_three(figures[scenario], name) for name in GATES)]
        for scenario in ordered
    ]
    parts = [
        _table(["", *(name if name != "calls" else "Python calls" for name in GATES)], counted)
    ]
    if any("cpu" in kind for kinds in figures.values() for kind in kinds.values()):
        timed = [[SCENARIOS[scenario], *_timed(figures[scenario])] for scenario in ordered]
        parts.append(_table(["", *_TIMED], timed))
    parts += _beside_the_guarded_page(figures)
    return "\n".join(parts)


_TIMED = ("calls / stock", "CPU / stock", "wall / stock", "CPU, ours / allauth", "CPU / hash")


def _timed(kinds: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name in ("calls", "cpu", "wall"):
        yield _joined(_ratio(kinds, kind, "stock", name) for kind in ("ours", "allauth"))
    yield _ratio(kinds, "ours", "allauth", "cpu")
    hashes = [kinds.get(kind, {}).get("hashes_cpu") for kind in KINDS]
    yield _joined("-" if one is None else f"{one:.3f}" for one in hashes) if any(hashes) else "-"


def _ratio(kinds: Mapping[str, Mapping[str, Any]], kind: str, other: str, name: str) -> str:
    if kind not in kinds or other not in kinds:
        return "-"
    return f"{kinds[kind][name] / kinds[other][name]:.2f}"


def _three(kinds: Mapping[str, Mapping[str, Any]], name: str) -> str:
    return _joined(str(kinds.get(kind, {}).get(name, "-")) for kind in KINDS)


def _joined(cells: Iterable[str]) -> str:
    return " / ".join(cells)


def _beside_the_guarded_page(figures: Figures) -> list[str]:
    """Say what a guard for roles costs beside stock's page that asks for a login only."""
    if not {"guarded_page", "role_guarded_page"} <= figures.keys():
        return []
    stock = figures["guarded_page"]["stock"]
    names = [name for name in ("calls", "cpu") if name in stock]
    words = {"calls": "Python calls", "cpu": "CPU"}
    cells = [
        words[name]
        + " "
        + _joined(
            f"{kinds[name] / stock[name]:.2f}" for kinds in figures["role_guarded_page"].values()
        )
        for name in names
    ]
    return [f"The role-guarded page, beside stock's login-guarded page: {', '.join(cells)}.\n"]


def load_table(figures: Figures) -> str:
    """Return what a request costs the workers of gunicorn, and how many a second are answered."""
    head = ["", "worker CPU, ms", "CPU / stock", "requests a second"]
    return _table(head, [[SCENARIOS[name], *_loaded(figures[name])] for name in figures])


def _loaded(kinds: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    there = [kinds.get(kind) for kind in KINDS]
    yield _joined(f"{one['cpu']:.2f}" if one else "-" for one in there)
    yield _joined(_ratio(kinds, kind, "stock", "cpu") for kind in ("ours", "allauth"))
    yield _joined(f"{1000 / one['wall']:.0f}" if one else "-" for one in there)


def start_table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return what a process has cost when Django is set up, and after its first login page."""
    names = {"setup": "set up", "page": "first page"}
    head = [""]
    for text in names.values():
        head += [f"{text}, CPU ms", "collecting", "MiB"]
    lines = []
    for project, facts in figures.items():
        kind, _space, app = project.partition(" ")
        line, stock = [KINDS[kind] + (" and admin" if app else "")], figures[f"stock {app}"]
        for name in names:
            memory = f"{name}_memory"
            line.append(_over(facts[name] * 1000, stock[name] * 1000))
            line.append(f"{facts[f'{name}_collecting'] * 1000:.1f}")
            line.append(_over(facts[memory] / 2**20, stock[memory] / 2**20))
        lines.append(line)
    return _table(head, lines)


def _over(mine: float, stock: float) -> str:
    return f"{mine:.1f} ({mine - stock:+.1f})"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    rule = "  ".join("=" * width for width in widths)

    def row(cells: Sequence[str]) -> str:
        # An empty first cell would go on with the row above.
        first = cells[0] or "\\"
        return "  ".join(
            c.ljust(w) for c, w in zip([first, *cells[1:]], widths, strict=True)
        ).rstrip()

    return "\n".join([rule, row(head), rule, *map(row, lines), rule, ""])
