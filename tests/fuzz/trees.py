"""Whatever JSON can say, and trees of it with another value at a place."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=()), max_size=100)
#: Lone surrogates and large numbers included.
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def changed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a tree with another value at a place."""
    copy = json.loads(json.dumps(tree))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


def places(tree: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value of a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from places(value, (*before, key))
