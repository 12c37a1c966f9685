"""Take what is expected out of a JSON tree of Stripe, whose shape its API version decides."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from ..errors import MalformedEvent

#: What an id of Stripe is at most as long as.
ID_MAX_LENGTH = 255
#: Moments of other centuries are nobody's period: they are refused before they overflow.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def dig(tree: object, *path: str) -> object:
    """Return what is found at the end of the path, None where it does not lead so far."""
    for step in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(step)
    return tree


def first(tree: object, *paths: tuple[str, ...]) -> object:
    """Return what is at the first of the paths that leads somewhere; they are of API versions."""
    return next((found for path in paths if (found := dig(tree, *path)) is not None), None)


def text_of(found: object) -> str:
    """Return an id, or that of an object in its place; "" for none."""
    if isinstance(found, dict):
        found = found.get("id")
    if found is None:
        return ""
    if not isinstance(found, str) or not found.isascii() or not found.isprintable():
        raise MalformedEvent
    if len(found) > ID_MAX_LENGTH:
        raise MalformedEvent
    return found


def id_of(found: object) -> str:
    """Return an id that has to be there."""
    text = text_of(found)
    if not text:
        raise MalformedEvent
    return text


def moment_of(found: object) -> datetime | None:
    """Return the moment of a number of seconds, None for none."""
    if found is None:
        return None
    # A bool is an int to Python, and none to Stripe.
    if type(found) is not int or not _EARLIEST.timestamp() <= found <= _LATEST.timestamp():
        raise MalformedEvent
    moment = datetime.fromtimestamp(found, UTC)
    return moment if settings.USE_TZ else timezone.make_naive(moment)


def rows_of(found: object) -> Iterator[dict[str, object]]:
    """Yield the rows of a list of Stripe; no list has none."""
    rows = dig(found, "data")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            raise MalformedEvent
        yield row
