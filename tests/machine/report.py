"""The figures of a run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class Report:
    """What came of it."""

    steps: int = 0
    runs: int = 0
    seconds: float = 0
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
        self.tried += other.tried
        self.done += other.done
        self.failures += other.failures
        return self

    @property
    def idle(self) -> list[str]:
        """The rules that never did anything, which shows nothing then."""
        return sorted(name for name, count in self.tried.items() if not self.done[name])
