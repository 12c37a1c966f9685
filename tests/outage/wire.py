"""The line between a site and its database server, which a test can cut and mend."""

import socket
import threading
from contextlib import suppress
from functools import partial


class Wire:
    """
    Forwards a port of the loopback to a server; cut, it refuses and drops all connections.

    ``trap`` cuts it at the moment when the site says certain words; with ``mends`` only for that
    moment, so that the next connection gets through. ``cut_before`` and ``cut_after`` do so at a
    message of the site, whatever it says: the server gets it in the second case, and its answer is
    lost.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.lines: list[socket.socket] = []
        self.entrance = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.entrance.getsockname()[1]
        self.is_cut = False
        self.trap, self.mends = b"", False
        self.before = self.after = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._answer, daemon=True)]
        self.threads[0].start()

    def cut(self) -> None:
        """Drop every connection, and every one that is tried from now on."""
        with self.lock:
            self.is_cut = True
            for line in self.lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        with self.lock:
            self.is_cut, self.trap, self.mends = False, b"", False
            self.before = self.after = 0

    def cut_at(self, words: str, *, mends: bool = False) -> None:
        """Cut once, just before the words get to the server."""
        with self.lock:
            self.trap, self.mends = words.encode(), mends

    def cut_before(self, number: int) -> None:
        """Cut for a moment before the server gets the message of that number, 1 for the next."""
        self.before = number

    def cut_after(self, number: int) -> None:
        """Cut for a moment when the server has got the message, before it can answer."""
        self.after = number

    @property
    def is_waiting(self) -> bool:
        """Say whether that message has not come yet."""
        return bool(self.before or self.after)

    def close(self) -> None:
        """Cut, and end the threads."""
        self.cut()
        with suppress(OSError):
            self.entrance.shutdown(socket.SHUT_RDWR)
        self.entrance.close()
        for thread in self.threads:
            thread.join(10)
        for line in self.lines:
            line.close()

    def _answer(self) -> None:
        while True:
            try:
                near, _address = self.entrance.accept()
            except OSError:
                return
            with self.lock:
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self.server)
                self.lines += [near, far]
                for source, target, cuts in ((near, far, True), (far, near, False)):
                    carry = partial(self._carry, source, target, cuts=cuts)
                    thread = threading.Thread(target=carry, daemon=True)
                    self.threads.append(thread)
                    thread.start()

    def _carry(self, source: socket.socket, target: socket.socket, *, cuts: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self.trap and self.trap in data:
                    self._cut(mends=self.mends)
                if cuts and self._comes("before"):
                    self._cut(mends=True)
                    break
                if cuts and self._comes("after"):
                    # The near side only, and first, lest a quick answer slips through: the server
                    # reads on, does as it was told, and is left.
                    source.shutdown(socket.SHUT_RDWR)
                target.sendall(data)
        for line in (source, target):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _cut(self, *, mends: bool) -> None:
        self.trap = b""
        self.cut()
        if mends:
            self.mend()

    def _comes(self, when: str) -> bool:
        """Count a message; say whether it is the one."""
        left = getattr(self, when)
        setattr(self, when, max(left - 1, 0))
        return bool(left == 1)
