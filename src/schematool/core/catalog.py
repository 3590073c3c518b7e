"""All objects of one store in normal form: what desired, recorded and actual have in common.

An object is a frozen dataclass with an `id`; two catalogs are equal when their objects are. `needs` says which
object cannot exist without which, as the server itself reports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple, Protocol, runtime_checkable


class Id(NamedTuple):
    """The identity of an object: its kind and the path of names to it, outermost first.

    A tuple, since catalogs of a hundred thousand objects are sorted and looked up by it.

    >>> str(Id("column", ("public", "users", "email")))
    'column public.users.email'
    """

    kind: str
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The innermost name."""
        return self.path[-1]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(self.path)}"


@runtime_checkable
class Object(Protocol):
    """What every catalog object has; the rest is its own attributes, compared one by one."""

    @property
    def id(self) -> Id:
        """Its identity."""
        ...


class Later(Set[tuple[Id, Id]]):
    """A set of pairs that is worked out when it is first asked for: comparing two catalogs never asks."""

    __slots__ = ("_found", "_work_out")

    def __init__(self, work_out: Callable[[], Set[tuple[Id, Id]]]) -> None:
        self._work_out: Callable[[], Set[tuple[Id, Id]]] | None = work_out
        self._found: Set[tuple[Id, Id]] = frozenset()

    def _pairs(self) -> Set[tuple[Id, Id]]:
        if self._work_out is not None:
            self._found, self._work_out = self._work_out(), None
        return self._found

    def __contains__(self, pair: object) -> bool:
        return pair in self._pairs()

    def __iter__(self) -> Iterator[tuple[Id, Id]]:
        return iter(self._pairs())

    def __len__(self) -> int:
        return len(self._pairs())


@dataclass(frozen=True)
class Catalog:
    """The objects of one store. `store` is `postgres` or `mongo`; `version` is the server's, e.g. `18.6`.

    `needs`: pairs (dependent, needed). `reader`: the role that read it from a live PostgreSQL, which owns what it makes
    there; no part of the state.
    """

    store: str
    objects: Mapping[Id, Object] = field(default_factory=dict)
    needs: Set[tuple[Id, Id]] = frozenset()
    version: str = ""
    reader: str = field(default="", compare=False)

    @staticmethod
    def of(store: str, objects: Iterable[Object], needs: Iterable[tuple[Id, Id]] = (), version: str = "") -> Catalog:
        """Make one; objects are kept in the order of their ids."""
        by_id = {thing.id: thing for thing in sorted(objects, key=_ID)}
        return Catalog(store, by_id, needs if isinstance(needs, Set) else frozenset(needs), version)

    def __iter__(self) -> Iterator[Object]:
        return iter(self.objects.values())

    def __contains__(self, key: Id) -> bool:
        return key in self.objects

    def __len__(self) -> int:
        return len(self.objects)

    @cached_property
    def needed_by(self) -> Mapping[Id, frozenset[Id]]:
        """For each object, the objects that need it directly."""
        return _grouped((referenced, dependent) for dependent, referenced in self.needs)

    @cached_property
    def needs_of(self) -> Mapping[Id, frozenset[Id]]:
        """For each object, the objects that it needs directly."""
        return _grouped(self.needs)


_ID = attrgetter("id")


def _grouped(pairs: Iterable[tuple[Id, Id]]) -> Mapping[Id, frozenset[Id]]:
    groups: dict[Id, set[Id]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in groups.items()}
