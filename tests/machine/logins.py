"""What an observer remembers of the places where people are logged in, and for how long."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django_useraccounts.sessions.conf import conf
from tests.machine.facts import Facts
from tests.machine.world import clock, demand, used


@dataclass
class Logins:
    """Since when each session has gone on, by its row."""

    began: dict[str, datetime] = field(default_factory=dict)

    def judge(self, before: Facts, now: Facts) -> None:
        """A session ends for good, in time, and nobody has more of them than the site allows."""
        for row, login in before.logins.items():
            is_here = row in now.logins
            demand(
                not is_here or login.is_ended <= now.logins[row].is_ended, f"{login} lives again"
            )
        for row in now.logins:
            self.began.setdefault(row, clock.now)
        for key, row in now.row_of.items():
            if not row:
                continue
            idle, whole = clock.now - used.get(key, clock.now), clock.now - self.began[row]
            demand(idle < conf.IDLE_MAX_AGE, f"{now.logins[row]} works, unused for {idle}")
            demand(whole < conf.MAX_AGE, f"{now.logins[row]} works after {whole}")
        if conf.PER_USER:
            counts = Counter(user for _row, user in set(now.listed()))
            for user, count in counts.items():
                demand(count <= conf.PER_USER, f"#{user} is logged in {count} times")
