"""What the tests of the ground floor share: settings changed, mail that fails, statements counted."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Barrier

import pytest
from django import db
from django.contrib import admin
from django.core import mail


@pytest.fixture
def send_mail_by(settings) -> Callable[[str], None]:
    """Have mail sent by the backend of a dotted path."""

    def change(path: str) -> None:
        if hasattr(mail, "mailers"):  # Django >= 6.1
            settings.MAILERS = {"default": {"BACKEND": path}}
        else:
            settings.EMAIL_BACKEND = path

    return change


@pytest.fixture
def database_away() -> Callable[..., AbstractContextManager[None]]:
    """Refuse every statement, as a database does that has gone away."""

    @contextmanager
    def away(error: str = "OperationalError") -> Iterator[None]:
        def refuse(*args: object, **kwargs: object) -> None:
            raise getattr(db, error)("the database has gone away")

        with db.connection.execute_wrapper(refuse):
            yield

    return away


@pytest.fixture(autouse=True)
def _no_database_in_event_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set for browser tests; here, a blocking query in an event loop has to raise.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)


@pytest.fixture(autouse=True)
def _administration_as_it_was() -> Iterator[None]:
    # An app that a test installs for itself would stay registered there after it is gone.
    before = dict(admin.site._registry)
    yield
    admin.site._registry = before


@pytest.fixture
def at_once() -> Callable[[list[Callable[[], object]]], list[object]]:
    """Do several things at the same time, each in a thread with a connection of its own."""

    def run(jobs: list[Callable[[], object]]) -> list[object]:
        ready = Barrier(len(jobs))

        def work(job: Callable[[], object]) -> object:
            try:
                db.connection.ensure_connection()
                ready.wait(20)
                return job()
            finally:
                db.connection.close()

        with ThreadPoolExecutor(len(jobs)) as threads:
            return list(threads.map(work, jobs))

    return run
