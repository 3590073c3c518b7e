"""Reads the rarely used kinds, each as the statements that make it, spelled as pg_dump spells them."""

from __future__ import annotations

from collections.abc import Callable

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
from schematool.engines.postgres.inspect.rare.privileges import (
    MEMBER_PRIVILEGE_QUERY,
    read_default_privileges,
    read_member_privileges,
)
from schematool.engines.postgres.inspect.rare.replication import read_publications, read_subscriptions
from schematool.engines.postgres.inspect.rare.text_search import read_text_search
from schematool.engines.postgres.inspect.reading import Reading

READERS: tuple[tuple[str, Callable[[Reading], None]], ...] = (
    ("aggregate", read_aggregates),
    ("operator", read_operators),
    ("operator class", read_operator_classes),
    ("collation", read_collations),
    ("conversion", read_conversions),
    ("language", read_languages),
    ("transform", read_transforms),
    ("cast", read_casts),
    ("access method", read_access_methods),
    ("text search", read_text_search),
    ("foreign", read_foreign),
    ("publication", read_publications),
    ("subscription", read_subscriptions),
    ("default privilege", read_default_privileges),
)
"""Each reader with its kind in the census."""


def read_rare(reading: Reading) -> None:
    """All of them but base types, which the other types need to be known first."""
    for kind, read in READERS:
        if kind in reading.kinds:
            read(reading)


__all__ = ["MEMBER_PRIVILEGE_QUERY", "read_base_types", "read_member_privileges", "read_rare"]
