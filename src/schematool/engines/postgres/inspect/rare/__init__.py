"""Reads the rarely used kinds, each as the statements that make it, spelled as pg_dump spells them."""

from __future__ import annotations

from schematool.engines.postgres.inspect.rare.aggregates import read_aggregates
from schematool.engines.postgres.inspect.rare.base_types import read_base_types
from schematool.engines.postgres.inspect.rare.collations import read_collations, read_conversions
from schematool.engines.postgres.inspect.rare.foreign import read_foreign
from schematool.engines.postgres.inspect.rare.languages import (
    read_access_methods,
    read_casts,
    read_languages,
    read_transforms,
)
from schematool.engines.postgres.inspect.rare.operators import read_operator_classes, read_operators
from schematool.engines.postgres.inspect.rare.privileges import read_default_privileges
from schematool.engines.postgres.inspect.rare.replication import read_publications, read_subscriptions
from schematool.engines.postgres.inspect.rare.text_search import read_text_search
from schematool.engines.postgres.inspect.reading import Reading

READERS = (
    read_aggregates,
    read_operators,
    read_operator_classes,
    read_collations,
    read_conversions,
    read_languages,
    read_transforms,
    read_casts,
    read_access_methods,
    read_text_search,
    read_foreign,
    read_publications,
    read_subscriptions,
    read_default_privileges,
)


def read_rare(reading: Reading) -> None:
    """All of them but base types, which the other types need to be known first."""
    for read in READERS:
        read(reading)


__all__ = ["read_base_types", "read_rare"]
