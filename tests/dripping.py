"""Servers that hold a caller, or flood it, over real sockets."""

import itertools
import socket
import threading
import time
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FLOOD = b"a" * 64 * 1024


@contextmanager
def server(pieces, *, pause=0.0, ends=True, tls=None):
    """Serve one connection on a free port: the pieces, one after the other, with pauses."""
    done = threading.Event()

    def serve(listener):
        with suppress(OSError):
            connection, _address = listener.accept()
            with tls.wrap_socket(connection, server_side=True) if tls else connection as connection:
                connection.settimeout(5)
                if not connection.recv(65536):
                    # The caller is gone. To send would reset the connection, on which Python's own
                    # SSLSocket leaves itself unclosed before its handshake.
                    return
                for piece in pieces:
                    if done.wait(pause) or not _sent(connection, piece):
                        return
                if not ends:
                    done.wait(5)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def _sent(connection, piece):
    try:
        connection.sendall(piece)
    except OSError:
        return False
    return True


def drops(text):
    """The letters one by one, and then for ever more of the last one."""
    yield from (bytes([letter]) for letter in text)
    yield from itertools.repeat(text[-1:])


@contextmanager
def within(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds
