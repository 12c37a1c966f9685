"""
The service that knows breached passwords, for tests: it answers in the process, by no socket.

    from django_useraccounts.testing.breached import FakeBreachedPasswords

    def test_a_breached_password_is_refused(client, db):
        with FakeBreachedPasswords("correct horse battery staple"):
            ...
"""

import hashlib

from ..breached import RANGES_URL
from .server import JSON, Answer, Asked, Fake

__all__ = ["FakeBreachedPasswords"]


class FakeBreachedPasswords(Fake):
    """
    Knows the passwords that it is given, and answers by ranges, padded as the real one pads.

    ``asked`` holds the calls; ``answers("range", status=500)`` breaks the answers, see ``Fake``.
    """

    def __init__(self, *passwords: str, url: str = RANGES_URL) -> None:
        super().__init__()
        self._url = url
        self._known = [hashlib.sha1(text.encode()).hexdigest().upper() for text in passwords]  # noqa: S324
        self.serve("range", url, self._range)

    def _range(self, asked: Asked) -> JSON:
        prefix = asked.url.removeprefix(self._url)
        found = [f"{known[5:]}:3" for known in self._known if known.startswith(prefix)]
        return Answer(body="\r\n".join([*found, *padding(prefix)]).encode())

    def _endpoint_of(self, url: str) -> JSON:
        return super()._endpoint_of(self._url if url.startswith(self._url) else url)


def padding(prefix: str) -> list[str]:
    """Return lines that stand for nothing: found no times, so that answers are long alike."""
    texts = (f"{prefix} {number}" for number in range(20))
    return [f"{hashlib.sha1(text.encode()).hexdigest().upper()[5:]}:0" for text in texts]  # noqa: S324
