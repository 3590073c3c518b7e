"""Reads the rarely used kinds, each as the statements that make it, spelled as pg_dump spells them."""

from __future__ import annotations

from collections.abc import Callable

from schematool.engines.postgres.inspect import oids
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

MADE = f"oid >= {oids.FIRST_USER_OID}"

READERS: tuple[tuple[Callable[[Reading], None], tuple[str, ...]], ...] = (
    (read_aggregates, (f"pg_proc WHERE {MADE} AND prokind = 'a'",)),
    (read_operators, (f"pg_operator WHERE {MADE}",)),
    (read_operator_classes, (f"pg_opfamily WHERE {MADE}", f"pg_opclass WHERE {MADE}")),
    (read_collations, (f"pg_collation WHERE {MADE}",)),
    (read_conversions, (f"pg_conversion WHERE {MADE}",)),
    (read_languages, (f"pg_language WHERE {MADE}",)),
    (read_transforms, (f"pg_transform WHERE {MADE}",)),
    (read_casts, (f"pg_cast WHERE {MADE}",)),
    (read_access_methods, (f"pg_am WHERE {MADE}",)),
    (
        read_text_search,
        tuple(f"{table} WHERE {MADE}" for table in ("pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template")),
    ),
    (read_foreign, (f"pg_foreign_data_wrapper WHERE {MADE}", f"pg_foreign_server WHERE {MADE}")),
    (read_publications, (f"pg_publication WHERE {MADE}",)),
    (read_subscriptions, (f"pg_subscription WHERE {MADE}",)),
    (read_default_privileges, ("pg_default_acl",)),
)
"""Each reader, and the catalogs in one of which there must be a row for it to have something to read."""


def read_rare(reading: Reading) -> None:
    """All of them but base types, which the other types need to be known first.

    One question tells which there are at all; most databases have none, and are spared two dozen queries.
    """
    parts = (
        f"SELECT {number} AS number WHERE {' OR '.join(f'EXISTS (SELECT FROM {place})' for place in places)}"
        for number, (_, places) in enumerate(READERS)
    )
    for row in reading.rows(" UNION ALL ".join(parts)):
        READERS[row.number][0](reading)


__all__ = ["read_base_types", "read_rare"]
