"""In the site's process: what is slow because a test says so, and who was gone meanwhile."""

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.mail.backends.base import BaseEmailBackend
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.utils.decorators import sync_and_async_middleware

from testproject.test_settings import QuickArgon2

#: Where the test and the site leave each other files.
FOLDER = Path(os.environ["SITE_FOLDER"])
#: Seconds after which a test that has forgotten the site is not waited for any more.
PATIENCE = 20


def be_slow(place: str) -> None:
    """Wait while the file ``slow`` names this place, and tell so by a file of one's own."""
    waiting = FOLDER / f"waiting-{uuid.uuid4().hex}"
    until = time.monotonic() + PATIENCE
    while _is_slow(place) and time.monotonic() < until:
        waiting.touch()
        time.sleep(0.01)
    waiting.unlink(missing_ok=True)


def _is_slow(place: str) -> bool:
    try:
        words = (FOLDER / "slow").read_text().split()
    except FileNotFoundError:
        return False
    return bool(words) and all(word in place for word in words)


class SlowArgon2(QuickArgon2):
    """A hash that takes as long as the test likes: the place ``at the hash``."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        be_slow("at the hash")
        return super().encode(*args, **kwargs)

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        be_slow("at the hash")
        return super().verify(*args, **kwargs)


class SlowMailbox(BaseEmailBackend):
    """A mail server that takes its time, the place ``at the mail server``; each mail is a file."""

    def send_messages(self, email_messages: Any) -> int:
        be_slow("at the mail server")
        for message in email_messages:
            path = FOLDER / f"mail-{time.time_ns()}-{uuid.uuid4().hex}"
            path.write_bytes(message.message().as_bytes())
            # Whoever looks for mails finds whole ones.
            path.rename(path.with_suffix(".eml"))
        return len(email_messages)


def slow_statements() -> None:
    """Let statements be slow, whose places are called by their SQL."""
    connection_created.connect(_watch, dispatch_uid="slow statements")


def _watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if _slowly not in connection.execute_wrappers:
        connection.execute_wrappers.append(_slowly)


def _slowly(execute: Callable[..., Any], sql: Any, *args: Any) -> Any:
    be_slow(str(sql))
    return execute(sql, *args)


@sync_and_async_middleware
def noting_who_is_gone(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Write a file for each request that the server has given up."""

    async def noting_async(request: Any) -> Any:
        with _noting():
            return await get_response(request)

    def noting(request: Any) -> Any:
        with _noting():
            return get_response(request)

    return noting_async if iscoroutinefunction(get_response) else noting


@contextmanager
def _noting() -> Iterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        (FOLDER / f"gone-{uuid.uuid4().hex}").touch()
        raise


def of_another_time(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Stand there as a middleware that knows no async: Django puts all below it into a thread."""

    def answer(request: Any) -> Any:
        return get_response(request)

    return answer
