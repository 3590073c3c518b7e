"""Two catalogs to the changes between them: one algorithm for both stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from schematool.core.catalog import Catalog
from schematool.core.change import Added, Altered, Change, Removed

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delta(Generic[T]):
    """What a keyed comparison found, each part sorted by key."""

    added: tuple[T, ...]
    removed: tuple[T, ...]
    changed: tuple[tuple[T, T], ...]


def keyed_diff(before: Iterable[T], after: Iterable[T], key: Callable[[T], K]) -> Delta[T]:
    """Compare two collections by key; equal values never appear."""
    old, new = {key(x): x for x in before}, {key(x): x for x in after}
    added = sorted(new.keys() - old.keys())  # type: ignore[type-var]  # keys are Ids or strings
    removed = sorted(old.keys() - new.keys())  # type: ignore[type-var]  # the same
    both = sorted(old.keys() & new.keys())  # type: ignore[type-var]  # the same
    return Delta(
        tuple(new[k] for k in added),
        tuple(old[k] for k in removed),
        tuple((old[k], new[k]) for k in both if old[k] != new[k]),
    )


def diff(before: Catalog, after: Catalog) -> tuple[Change, ...]:
    """Every difference between two catalogs of the same store: removed, altered, added; each sorted by identity."""
    delta = keyed_diff(before, after, lambda thing: thing.id)
    return (
        *(Removed(thing) for thing in delta.removed),
        *(Altered(old, new) for old, new in delta.changed),
        *(Added(thing) for thing in delta.added),
    )
