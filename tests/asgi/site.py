"""A site behind a real ASGI server, and the browsers that visit it."""

import email
import email.policy
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import requests
from django.db import connection

from tests.readme import ROOT
from tests.servers import free_port
from tests.waiting import wait_until

PATIENCE = 30
APPLICATION = "tests.asgi.application:application"
#: The commands of the servers, short of the port.
SERVERS = {
    "uvicorn": ["uvicorn", APPLICATION, "--log-level", "warning", "--host", "127.0.0.1", "--port"],
    "daphne": ["daphne", APPLICATION, "--verbosity", "0", "--bind", "127.0.0.1", "--port"],
}


@dataclass
class Site:
    """A running server, and the folder by which the test and the site talk."""

    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return what the server and the site have had to say."""
        return (self.folder / "log").read_text()

    def empty_mailbox(self) -> None:
        for path in self.folder.glob("*.eml"):
            path.unlink()

    def mails(self) -> list[email.message.EmailMessage]:
        """Return the mails that were sent, in their order."""
        parse = email.message_from_bytes
        files = sorted(self.folder.glob("*.eml"))
        return [parse(path.read_bytes(), policy=email.policy.default) for path in files]  # type: ignore[arg-type]

    def link(self, page: str) -> str:
        """Wait for a mail with a link to a page, and return that of the newest."""
        links: list[str] = []

        def has_come() -> bool:
            texts = [mail.get_body(("plain",)).get_content() for mail in self.mails()]  # type: ignore[union-attr]
            links.extend(re.findall(rf"{self.origin}/accounts/{page}/\S+/", "".join(texts)))
            return bool(links)

        wait_until(has_come)
        return links[-1]

    @contextmanager
    def slow(self, place: str) -> Iterator[None]:
        """Let a place of the site wait, see ``slowness``, until the block is left."""
        (self.folder / "slow").write_text(place)
        try:
            yield
        finally:
            (self.folder / "slow").unlink()

    def waiting(self) -> int:
        """Count the requests that wait at the slow place."""
        return len(list(self.folder.glob("waiting-*")))

    def gone(self) -> int:
        """Count the requests that the server has given up."""
        return len(list(self.folder.glob("gone-*")))

    def send_and_hang_up(
        self, request: bytes, *, at: str, is_told: bool = True, seconds: float = 0.5
    ) -> None:
        """
        Send a request, and close the line while the site is at a slow place.

        Where the request is not told at once that nobody waits for it, it goes on after ``seconds``.
        """
        before = self.gone()
        with self.slow(at):
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as line:
                line.sendall(request)
                wait_until(self.waiting)
            if is_told:
                wait_until(lambda: self.gone() > before)
            else:
                time.sleep(seconds)
            assert self.waiting() == 1
        wait_until(lambda: self.gone() > before and not self.waiting())


@dataclass
class Browser:
    """Keeps cookies, sends the token of the forms, and follows where it is led."""

    site: Site
    language: str = "en"
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers["Accept-Language"] = self.language

    def get(self, path: str, **options: object) -> requests.Response:
        return self.session.get(self._url(path), timeout=PATIENCE, **options)  # type: ignore[arg-type]

    def post(self, path: str, **fields: str) -> requests.Response:
        return self.session.post(self._url(path), self._with_token(fields), timeout=PATIENCE)

    def as_bytes(self, path: str, **fields: str) -> bytes:
        """Return the request that ``post`` would send."""
        request = requests.Request("POST", self._url(path), data=self._with_token(fields))
        ready = self.session.prepare_request(request)
        body = urlencode(self._with_token(fields))
        headers = {**ready.headers, "Host": f"127.0.0.1:{self.site.port}"}
        lines = [f"POST {ready.path_url} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.site.origin + path

    def _with_token(self, fields: dict[str, str]) -> dict[str, str]:
        token = self.session.cookies.get("csrftoken")
        return {"csrfmiddlewaretoken": token, **fields} if token else fields


@contextmanager
def running(server: str, folder: Path, **environment: str) -> Iterator[Site]:
    """Run the site on a free port, at the database of the test."""
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    inherited.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    child = {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "tests.asgi.child_settings",
        "SITE_DATABASE": str(connection.settings_dict["NAME"]),
        "SITE_FOLDER": str(folder),
        "SITE_ORIGIN": f"http://127.0.0.1:{port}",
        **environment,
    }
    command = [sys.executable, "-W", "always", "-m", *SERVERS[server], str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=child, stdout=log, stderr=log)
    try:
        site = Site(port, folder, process)
        wait_until(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, site.log()
        yield site
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
