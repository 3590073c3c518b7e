"""A catalog as the tidy YAML that a person would have written: the inverse of `core.lower`, one twin a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schematool.core.catalog import Id


@dataclass(frozen=True, slots=True)
class Authored:
    """The files by path, relative to the project; and the objects for which the language has no words."""

    files: Mapping[str, str]
    left: tuple[Id, ...] = ()
    ahead: frozenset[Id] = frozenset()
    """Partitions that `every: month` of their table says enough of: `schematool partitions` looks after them."""
