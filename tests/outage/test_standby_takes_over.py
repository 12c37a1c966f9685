"""The database server dies for good, and its copy takes over while people use the site."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from urllib.parse import urlsplit

from django_useraccounts.testing import PASSWORD
from tests.conftest import missing
from tests.servers import free_port, lacks, postgresql_with_standby
from tests.waiting import PATIENCE, wait_until

from .conftest import PREPARE, ROWS, Visitor, ask, environment_of, run, running

#: Who register all the time, and how many accounts each has at least before it and after it.
PEOPLE, ENOUGH = ["ada", "maria", "zoe"], 3
NOTHING, WHOLE = (0, 0, 0, 0), (1, 1, 1, 1)


class Registering:
    """Somebody who opens accounts, one after the other, each until the site says that it is done."""

    def __init__(self, visitor: Visitor, name: str) -> None:
        self.visitor, self.name = visitor, name
        self.statuses: list[int] = []
        self.is_over = False

    def form(self, number: int) -> dict[str, str]:
        name = f"{self.name}{number}"
        return {"username": name, "email": f"{name}@example.com"}

    def go_on(self) -> None:
        """Do so until it is over."""
        self.visitor.get("/accounts/register/")
        for number in count():
            status = 503
            while status == 503:
                if self.is_over:
                    return
                form = self.form(number)
                status = self.visitor.post("/accounts/register/", **form, password=PASSWORD).status
                self.statuses.append(status)

    @property
    def done(self) -> int:
        return self.statuses.count(302)


def log_in(visitor: Visitor) -> None:
    visitor.get("/accounts/login/")
    answer = visitor.post("/accounts/login/", identifier="frida", password=PASSWORD)
    assert answer.status == 302, answer.text


def test_all_that_was_answered_is_there_and_nobody_has_to_begin_anew():
    if lacks("standby"):
        missing("postgresql", lacks("standby"))
    with postgresql_with_standby() as pair, ThreadPoolExecutor() as threads:
        port = free_port()
        environment = environment_of(pair.url, port)
        run(environment, PREPARE)
        both = {**environment, "STANDBY_PORT": str(urlsplit(pair.standby_url).port)}
        with running(both, port), ExitStack() as lines:
            visitors = [lines.enter_context(closing(Visitor(port))) for _ in range(5)]
            people = [Registering(*one) for one in zip(visitors, PEOPLE, strict=False)]
            stays, leaves = visitors[-2:]
            log_in(stays)
            log_in(leaves)
            left = dict(leaves.cookies)
            at_work = [threads.submit(one.go_on) for one in people]
            wait_until(lambda: all(one.done >= ENOUGH for one in people))
            leaves.post("/accounts/logout/")

            pair.break_down()
            wait_until(lambda: all(503 in one.statuses for one in people))
            during = stays.get("/accounts/profile/")
            pair.promote()

            before = [one.done for one in people]
            wait_until(
                lambda: all(
                    one.done >= number + ENOUGH for one, number in zip(people, before, strict=True)
                )
            )
            for one in people:
                one.is_over = True
            for work in at_work:
                work.result(PATIENCE)
            after = stays.get("/accounts/profile/")
            leaves.cookies.update(left)
            ended = leaves.get("/accounts/profile/")

        rows = [
            [ask(pair.standby_url, ROWS, one.form(number))[0] for number in range(one.done + 1)]
            for one in people
        ]

    assert (during.status, during.headers["Retry-After"]) == (503, "30")
    assert after.status == 200
    # as it was ended a moment before the server died
    assert ended.headers["Location"].startswith("/accounts/login/")
    assert {status for one in people for status in one.statuses} == {302, 503}
    for one, (*done, last) in zip(people, rows, strict=True):
        assert done == [WHOLE] * one.done
        # it was over between a 503 and the next try
        assert last in {NOTHING, WHOLE}
