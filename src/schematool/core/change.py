"""One difference between two catalogs: a closed union, the same for both stores."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from schematool.core.catalog import Id, Object


@dataclass(frozen=True, slots=True)
class Added:
    """`after` is there and was not before."""

    after: Object

    @property
    def id(self) -> Id:
        """The object's identity."""
        return self.after.id

    def inverse(self) -> Removed:
        """The change that undoes this one."""
        return Removed(self.after)


@dataclass(frozen=True, slots=True)
class Removed:
    """`before` was there and is not any more."""

    before: Object

    @property
    def id(self) -> Id:
        """The object's identity."""
        return self.before.id

    def inverse(self) -> Added:
        """The change that undoes this one."""
        return Added(self.before)


@dataclass(frozen=True, slots=True)
class Altered:
    """The same identity with other attributes."""

    before: Object
    after: Object

    @property
    def id(self) -> Id:
        """The object's identity, the same on both sides."""
        return self.after.id

    def inverse(self) -> Altered:
        """The change that undoes this one."""
        return Altered(self.after, self.before)

    @property
    def attributes(self) -> tuple[tuple[str, Any, Any], ...]:
        """Name, value before and value after of every attribute that differs."""
        if type(self.before) is not type(self.after):
            return (("kind", type(self.before).__name__.lower(), type(self.after).__name__.lower()),)
        pairs = (
            (f.name, getattr(self.before, f.name), getattr(self.after, f.name))
            for f in fields(self.before)  # type: ignore[arg-type]  # every catalog object is a dataclass
            if f.compare
        )
        return tuple((name, old, new) for name, old, new in pairs if old != new)


@dataclass(frozen=True, slots=True)
class Renamed:
    """The same object under another name; everything that depends on it comes along."""

    before: Id
    after: Id

    @property
    def id(self) -> Id:
        """The identity that it has from now on."""
        return self.after

    def inverse(self) -> Renamed:
        """The change that undoes this one."""
        return Renamed(self.after, self.before)


Change: TypeAlias = Added | Removed | Altered | Renamed
