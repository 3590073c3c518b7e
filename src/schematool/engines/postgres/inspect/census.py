"""Which kinds a database has at all. Most have few, and are spared the questions about the others."""

from __future__ import annotations

from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading

MADE = f"oid >= {oids.FIRST_USER_OID}"
"""Made after initdb."""

PLACES: dict[str, tuple[str, ...]] = {
    "access method": (f"pg_am WHERE {MADE}",),
    "aggregate": (f"pg_proc WHERE {MADE} AND prokind = 'a'",),
    "base type": (f"pg_type WHERE {MADE} AND (typtype = 'p' OR typtype = 'b' AND typinput <> 'array_in'::regproc)",),
    "cast": (f"pg_cast WHERE {MADE}",),
    "collation": (f"pg_collation WHERE {MADE}",),
    "composite type": (f"pg_class WHERE {MADE} AND relkind = 'c'",),
    "conversion": (f"pg_conversion WHERE {MADE}",),
    "default privilege": ("pg_default_acl",),
    "distribution": ("pg_class WHERE relname IN ('pg_dist_partition', 'schematool_distribution')",),
    "domain": (f"pg_type WHERE {MADE} AND typtype = 'd'",),
    "enum": ("pg_enum",),
    "event trigger": (f"pg_event_trigger WHERE {MADE}",),
    "extension": (f"pg_extension WHERE {MADE}",),
    "foreign": (f"pg_foreign_data_wrapper WHERE {MADE}", f"pg_foreign_server WHERE {MADE}"),
    "function": (f"pg_proc WHERE {MADE} AND prokind <> 'a'",),
    "language": (f"pg_language WHERE {MADE}",),
    "operator": (f"pg_operator WHERE {MADE}",),
    "operator class": (f"pg_opfamily WHERE {MADE}", f"pg_opclass WHERE {MADE}"),
    "policy": ("pg_policy",),
    "publication": (f"pg_publication WHERE {MADE}",),
    "range": (f"pg_range WHERE rngtypid >= {oids.FIRST_USER_OID}",),
    "replica identity": ("pg_index WHERE indisreplident",),
    "rule": (f"pg_rewrite WHERE {MADE}",),
    "sequence": (f"pg_sequence WHERE seqrelid >= {oids.FIRST_USER_OID}",),
    "statistics": ("pg_statistic_ext",),
    "subscription": (f"pg_subscription WHERE {MADE}",),
    "text search": tuple(
        f"{table} WHERE {MADE}" for table in ("pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template")
    ),
    "transform": (f"pg_transform WHERE {MADE}",),
    "trigger": ("pg_trigger WHERE NOT tgisinternal OR tgparentid <> 0",),
}
"""Each kind, and the catalogs in one of which there is a row if the database has one of it: members of extensions too.

An index on `oid` answers most of them with one look.
"""


COLUMNS = {"column privilege": "attacl IS NOT NULL", "statistics target": "attstattarget >= 0"}
"""What a column may have, and how that shows in pg_attribute, which no index helps to read."""


def take_census(reading: Reading) -> None:
    """Ask for all of them at once."""
    parts = (
        f"SELECT '{kind}' AS kind WHERE {' OR '.join(f'EXISTS (SELECT FROM {place})' for place in places)}"
        for kind, places in PLACES.items()
    )
    kinds = ", ".join(f"CASE WHEN bool_or({condition}) THEN '{kind}' END" for kind, condition in COLUMNS.items())
    columns = f"SELECT unnest(ARRAY[{kinds}]) FROM pg_attribute WHERE attrelid >= {oids.FIRST_USER_OID}"
    reading.kinds = frozenset(row.kind for row in reading.rows(" UNION ALL ".join((*parts, columns))))
