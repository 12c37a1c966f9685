"""The figures of a run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

#: So often a rule may be tried in vain: a short run does not get to all.
OFTEN = 200


@dataclass
class Report:
    """What came of it."""

    steps: int = 0
    runs: int = 0
    seconds: float = 0
    #: Seconds that processors have worked: others who work on the machine count for nothing.
    worked: float = 0
    tried: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, told: dict[str, Any]) -> Self:
        """Read what another process has written as JSON."""
        report = cls(**told)
        report.tried, report.done = Counter(report.tried), Counter(report.done)
        return report

    def __iadd__(self, other: "Report") -> "Report":
        self.steps += other.steps
        self.runs += other.runs
        self.seconds = max(self.seconds, other.seconds)
        self.worked += other.worked
        self.tried += other.tried
        self.done += other.done
        self.failures += other.failures
        return self

    @property
    def idle(self) -> list[str]:
        """The rules that never did anything, often as they were tried: they show nothing then."""
        # What a rule turned out to be is counted as "rule: way".
        done = {name.partition(":")[0] for name, count in self.done.items() if count}
        often = (name for name, count in self.tried.items() if count >= OFTEN)
        return sorted(name for name in often if not self.done[name] and name not in done)
