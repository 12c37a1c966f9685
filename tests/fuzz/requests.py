"""
Every page of the accounts and of their administration, pages behind guards, and requests to them
that no browser sends.
"""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.test import Client
from django.urls import URLPattern, get_resolver

from django_useraccounts.browser import COOKIE
from django_useraccounts.views import LINK_COOKIE
from tests import views

#: Seconds that no request may cost, of the processor or of the visitor.
SLOW = 1.0
#: How often one may, while the machine has something else to do.
TRIES = 3
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"]
METHODS += ["PROPFIND", "QUERY", "get", "", "G\0ET", "X" * 5000]
#: Whoever sends them changes nothing.
HARMLESS = [method for method in METHODS if method != "POST"]
#: The names of all fields of all forms.
FIELDS = """
    identifier username email password new_password old_password retype_email retype_password terms
    remember next answer reason uses note days roles first_name last_name identity purpose state
    code iss user
""".split()
LINK = "A" * 21 + "w"
#: What stands for the key of a row, until there is one.
OBJECT = "the-key"
#: What stands for the parts of a path.
ARGUMENTS = {"link": LINK, "provider": "guild", "plan": "patron", "object_id": OBJECT}


class Sent(NamedTuple):
    """One request, short of its path."""

    method: str = "POST"
    query: bytes = b""
    body: bytes = b""
    content_type: str = FORM
    headers: tuple[tuple[str, str], ...] = ()


def pages() -> dict[str, str]:
    """Return the path of every page of the accounts by its name, those of the rooms included."""
    found = {}
    for name, path in _walk(get_resolver("django_useraccounts.urls").url_patterns):
        found[name] = f"/accounts/{path}"
    return dict(sorted(found.items()))


def guarded_pages() -> dict[str, str]:
    """Return the path of a page under every kind of guard by its name."""
    return {f"guards:{name}": f"/guards/{name}/" for name in views.ALL}


def admin_pages() -> dict[str, str]:
    """
    Return the path of every page of the administration of the accounts by its name.

    That of groups, and of how people come in and go, included.
    """
    found = _walk(admin.site.get_urls())
    ours = re.compile("useraccounts_|auth_group_|login$|logout$")
    return {f"admin:{name}": f"/admin/{path}" for name, path in found if ours.match(name)}


def _walk(patterns: Any, before: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from _walk(pattern.url_patterns, route)
            continue
        for name in pattern.pattern.converters:
            kind = route.partition(f":{name}>")[0].rpartition("<")[2]
            route = route.replace(f"<{kind}:{name}>", ARGUMENTS.get(name, "1"))
        yield str(pattern.name), route


def send(client: Client, path: str, sent: Sent) -> Any:
    """
    Send it, and return the answer; fails for an answer that says 500, or takes long each time.

    Once, it may: the first request to a page imports what the page needs. None where Django refuses
    the request before there is one.
    """
    answer = in_time(partial(_sent, client, path, sent), (path, sent))
    assert answer is None or answer.status_code < 500, (path, sent)
    return answer


def in_time(ask: Callable[[], Any], what: object) -> Any:
    """Return an answer that comes in time, by the clock of the processor and that on the wall."""
    for _ in range(TRIES):
        started = time.process_time(), time.monotonic()
        answer = ask()
        if max(time.process_time() - started[0], time.monotonic() - started[1]) < SLOW:
            return answer
    raise AssertionError(f"it takes long: {what}")


def _sent(client: Client, path: str, sent: Sent) -> Any:
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.headers}
    try:
        return client.generic(
            sent.method,
            path,
            sent.body,
            sent.content_type,
            QUERY_STRING=sent.query.decode("latin-1"),
            **extra,
        )
    except BadRequest:  # Django 6.1, for a Content-Type that it does not read.
        return None


def odd_requests() -> list[Sent]:
    """Return requests that are wrong in one way each, whatever they say in words."""
    found = {
        "no body": Sent(),
        "ten thousand fields": Sent(body="&".join(f"f{n}=x" for n in range(10_000)).encode()),
        "many fields": Sent(body="&".join(f"f{n}=x" for n in range(900)).encode()),
        "one field ten thousand times": Sent(body=b"&".join([b"password=x"] * 10_000)),
        "each field twice": Sent(body=_fields("a", "b")),
        "each field as a list": Sent(body=_fields("a").replace(b"=", b"[]=")),
        "each field as a tree": Sent(body=_fields("a").replace(b"=", b"[a][b]=")),
        "a megabyte of next": Sent(body=b"next=/" + b"a" * 1_000_000),
        "a megabyte of next in the query": Sent(query=b"next=/" + b"a" * 1_000_000),
        "a megabyte of query": Sent(query=b"&=" * 500_000),
        "a megabyte in each field": Sent(body=_fields("a" * 90_000)),
        "numbers": Sent(body=_fields("9" * 5_000)),
        "large numbers": Sent(body=_fields("9" * 30)),
        "dates": Sent(body=_fields("2026-13-45T99:99")),
        "JSON": Sent(body=b'{"identifier": ["a"], "password": {"a": 1e999}}', content_type="application/json"),
        "deep JSON": Sent(body=b"[" * 100_000, content_type="application/json"),
        "JSON that says form": Sent(body=b'{"identifier": "a"}'),
        "no boundary": Sent(body=b"--x", content_type="multipart/form-data"),
        "an odd boundary": Sent(body=b"--x", content_type='multipart/form-data; boundary="\xff"'),
        "a long boundary": Sent(content_type="multipart/form-data; boundary=" + "x" * 5_000),
        "half a part": Sent(body=b'--x\r\nContent-Disposition: form-data; name="email', content_type=PARTS),
        "no name": Sent(body=b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", content_type=PARTS),
        "bad base64": Sent(body=_parts(b"a", b"Content-Transfer-Encoding: base64"), content_type=PARTS),
        "files": Sent(body=_parts(b"a", b"", b'; filename="a"'), content_type=PARTS),
        "files with odd names": Sent(body=_parts(b"a", b"", b'; filename="../\x00\xff%00"'), content_type=PARTS),
        "files with RFC 2231 names": Sent(body=_parts(b"a", b"", b"; filename*=utf-8''%ff%00"), content_type=PARTS),
        "an odd charset": Sent(body=_fields("+2AA-"), content_type=f"{FORM}; charset=utf-7"),
        "no charset": Sent(body=_fields("a"), content_type=f"{FORM}; charset=no-such"),
        "an odd content type": Sent(body=b"\0\xff", content_type="\0\xff/;;=;"),
        "a long content type": Sent(body=b"a", content_type="a" * 50_000),
        "a bad length": Sent(body=b"a=b", headers=(("Content-Length", "x"),)),
        "bad cookies": Sent("GET", headers=(("Cookie", "=;;=\0;\xff=\xfe;a=" + "x" * 9_000),)),
        "many cookies": Sent("GET", headers=(("Cookie", "; ".join(f"a{n}=b" for n in range(20_000))),)),
        "a bad host": Sent("GET", headers=(("Host", "evil.com\0"),)),
        "no host": Sent("GET", headers=(("Host", ""),)),
        "a host with a port": Sent("GET", headers=(("Host", "testserver:99999999"),)),
        "a foreign origin": Sent(body=_fields("a"), headers=(("Origin", "null"),)),
        "an odd referer": Sent(body=_fields("a"), headers=(("Referer", "http://[::1"),)),
        "odd languages": Sent("GET", headers=(("Accept-Language", "x;q=9,*;q=,," * 5_000),)),
        "odd types": Sent("GET", headers=(("Accept", "*/*;q=x,;,/" * 5_000),)),
        "forwarded": Sent("GET", headers=(("X-Forwarded-For", "1" * 50_000),)),
        "a long agent": Sent("GET", headers=(("User-Agent", "\0\xff" * 50_000),)),
    }  # fmt: skip
    return [*found.values()]


def odd_texts() -> list[Sent]:
    """Return requests with bytes that are no text, in all places that are read."""
    found = []
    for raw in RAW:
        cookies = "; ".join(f"{name}={raw.decode('latin-1') * 43}" for name in COOKIES)
        found += [
            Sent("GET", query=b"next=/" + raw + b"&" + raw + b"=" + raw),
            Sent(body=_raw_fields(raw)),
            Sent(body=_parts(raw), content_type=PARTS),
            Sent("GET", headers=(("Cookie", cookies),)),
        ]
    return found


#: Bytes that are no text, or no text that every database takes; some are percent-coded badly.
RAW = [b"\0", b"%00", b"\xff\xfe", b"%ff", b"\xc0\xaf", b"%c0%af", b"\xed\xa0\x80", b"%ED%A0%80"]
RAW += [b"\xf5\x80\x80\x80", b"%", b"%zz", b"%u0000", "\u202e\u2028\ufeff".encode(), b"\r\nX: y"]
#: The session is left out: Django itself fails with a NUL in its cookie on PostgreSQL.
COOKIES = [
    LINK_COOKIE,
    COOKIE,
    "csrftoken",
    "messages",
    "django_language",
    "useraccounts_device_token",
    "useraccounts_sent_on",
]


def _fields(*values: str) -> bytes:
    return "&".join(f"{name}={quote(value)}" for name in FIELDS for value in values).encode()


def _raw_fields(raw: bytes) -> bytes:
    return b"&".join(name.encode() + b"=" + raw for name in FIELDS)


def _parts(value: bytes, header: bytes = b"", more: bytes = b"") -> bytes:
    parts = []
    for name in FIELDS:
        parts += [b"--x", b'Content-Disposition: form-data; name="%s"%s' % (name.encode(), more)]
        parts += [header] if header else []
        parts += [b"", value]
    return b"\r\n".join([*parts, b"--x--", b""])
