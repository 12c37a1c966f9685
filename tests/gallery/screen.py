"""A Chromium that shows the shots of the gallery: from memory, with no site behind them."""

import base64
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.gallery.stage import Shot

Colors = Literal["light", "dark"]
#: The widths of what pages are read on, in CSS pixels, with a height to go with each.
PHONE, DESK, NARROW = (360, 740), (1280, 800), (320, 640)

#: Headers that would have the browser keep something, or count bytes that are not there.
_DROPPED = {"content-length", "set-cookie", "vary", "connection"}
#: Tells of each thing that the content policy of a page has refused.
_LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`refused by the content policy: ${event.effectiveDirective} ${event.blockedURI}`));
"""


class Theatre(ThreadingHTTPServer):
    """Answers each request for a page with the shot that is on, and for a static file with that."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Usher)
        self.shot: Shot | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Usher(BaseHTTPRequestHandler):
    server: Theatre
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, shot = urlsplit(self.path).path, self.server.shot
        content = static_file(path)
        if content is not None:
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._answer(200, {"content-type": kind, "cache-control": "max-age=3600"}, content)
        elif shot and self.path == shot.path:
            headers = {k: v for k, v in shot.headers.items() if k not in _DROPPED}
            self._answer(shot.status, headers, shot.html.encode())
        else:
            self._answer(404, {}, b"")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def theatre() -> Iterator[Theatre]:
    """Open a theatre on a free port, and close it at the end."""
    with Theatre() as house:
        Thread(target=house.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield house
        house.shutdown()


@dataclass
class Asked:
    """What a page has asked for, and what the browser has complained of."""

    #: Paths of static files.
    files: set[str] = field(default_factory=set)
    #: Addresses that are neither the page nor one of its files.
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Screen:
    """One window: shows shot after shot, with a script of ours in each, and notes what each asks for."""

    def __init__(
        self,
        browser: Browser,
        house: Theatre,
        size: tuple[int, int] = DESK,
        colors: Colors = "light",
        *,
        script: str = "",
        **options: Any,
    ) -> None:
        viewport: Any = {"width": size[0], "height": size[1]}
        self.width, self._house = size[0], house
        self._context = browser.new_context(
            viewport=viewport, color_scheme=colors, reduced_motion="reduce", **options
        )
        # With each page: to send it there afterwards costs three times as much.
        self._context.add_init_script(_LISTEN + script)
        self._context.on("request", self._note_request)
        self._context.on("console", self._note_complaint)
        self.page: Page = self._context.new_page()
        self.asked = Asked()

    def show(self, shot: Shot) -> Page:
        """Load a shot as if its site had answered just now, and return the page."""
        self._house.shot, self.asked = shot, Asked()
        self.page.goto(self._house.origin + shot.path)
        return self.page

    def close(self) -> None:
        self._context.close()

    def _note_request(self, request: Request) -> None:
        parts, origin = urlsplit(request.url), self._house.origin
        if request.url.startswith(origin) and static_file(parts.path) is not None:
            self.asked.files.add(parts.path)
        elif not (request.url.startswith(origin) and request.is_navigation_request()):
            self.asked.elsewhere.append(request.url)

    def _note_complaint(self, message: ConsoleMessage) -> None:
        # The status of a page that refuses is no fault of it.
        if message.type in {"error", "warning"} and "status of" not in message.text:
            self.asked.complaints.append(message.text)


_WEBP = """async (png) => {
  const image = Object.assign(new Image(), {src: `data:image/png;base64,${png}`});
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"),
    {width: image.width, height: image.height});
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.75).split(",")[1];
}"""


def as_webp(browser: Browser, png: bytes) -> bytes:
    """Return a picture again, a quarter as large: every Chromium can, and needs no other program."""
    page = browser.new_page()
    text: str = page.evaluate(_WEBP, base64.b64encode(png).decode())
    page.close()
    return base64.b64decode(text)


def static_file(path: str) -> bytes | None:
    """Return what an app keeps under a path of static files."""
    prefix = f"/{settings.STATIC_URL.strip('/')}/"
    found = finders.find(path.removeprefix(prefix)) if path.startswith(prefix) else None
    return Path(str(found)).read_bytes() if found else None
