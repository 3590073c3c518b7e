"""Entities to a draft catalog: what the YAML means, before the server has had its say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schematool.core.catalog import Catalog, Id
from schematool.core.change import Renamed
from schematool.core.diagnostic import Span


@dataclass(frozen=True, slots=True)
class Draft:
    """One store's share of the model. Texts in `catalog` are the user's, not yet in normal form.

    `extra`: (key, statement) of `sql:` declarations, to be run after the catalog is built. `renames`: from `was:`, in
    the order in which they must be made, with where each is written. `places`: where each object is declared, so that
    a server's error about it can point there; keys of `extra` point through an Id of kind `sql`.
    `roles`: those that grants and owners name.
    """

    catalog: Catalog
    extra: tuple[tuple[str, str], ...] = ()
    renames: Mapping[Renamed, Span] = field(default_factory=dict)
    places: Mapping[Id, Span] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
