"""Reads a whole PostgreSQL database, 14 to 18, into a catalog in normal form.

A constant number of set-based queries in one repeatable-read, read-only transaction; any role that may connect can
do it. What the model does not hold is found by `schematool.engines.postgres.observe`, which shares nothing with this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from schematool.core.catalog import Catalog, Later
from schematool.engines.contract import Inspection
from schematool.engines.postgres.inspect.ahead import Ahead
from schematool.engines.postgres.inspect.attached import (
    POLICY_QUERY,
    RULE_QUERY,
    TRIGGER_QUERY,
    read_event_triggers,
    read_policies,
    read_rules,
    read_statistics,
    read_triggers,
)
from schematool.engines.postgres.inspect.census import take_census
from schematool.engines.postgres.inspect.constraints import (
    INDEX_QUERY,
    TARGET_QUERY,
    constraint_query,
    read_constraints,
    read_indexes,
)
from schematool.engines.postgres.inspect.distribution import read_distributions, without_citus
from schematool.engines.postgres.inspect.functions import FUNCTION_QUERY, read_functions
from schematool.engines.postgres.inspect.needs import DEPEND_QUERY, MEMBER_QUERY, needs, read_members
from schematool.engines.postgres.inspect.rare import (
    MEMBER_PRIVILEGE_QUERY,
    read_base_types,
    read_member_privileges,
    read_rare,
)
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.relations import (
    COLUMN_QUERY,
    EXTENSION_QUERY,
    NOT_NULL_QUERY,
    PARENT_QUERY,
    RELATION_QUERY,
    REPLICA_QUERY,
    SEQUENCE_QUERY,
    USER_SCHEMA_QUERY,
    read_relations,
    read_schemas,
)
from schematool.engines.postgres.inspect.remarks import (
    COMMENT_QUERY,
    LABEL_QUERY,
    PRIVILEGE_QUERY,
    ROLE_QUERY,
    SCHEMA_QUERY,
    read_remarks,
    rights_query,
)
from schematool.engines.postgres.inspect.snapshot import snapshot
from schematool.engines.postgres.inspect.types import FOLLOWER_QUERY, read_types

if TYPE_CHECKING:
    from psycopg import Connection, Cursor
from schematool.engines.postgres.observe import observe

__all__ = ["inspect", "read_catalog"]


def inspect(connection: Connection[Any]) -> Inspection:
    """Read everything that the database holds, and name what the model does not."""
    with snapshot(connection) as cursor:
        catalog = read_catalog(cursor, connection.info.server_version)
        return Inspection(catalog, (*observe(connection, catalog), *without_citus(cursor, catalog)))


READERS: tuple[tuple[str, Callable[[Reading], None]], ...] = (
    ("", read_schemas),
    ("", read_relations),
    ("", read_indexes),
    ("", read_constraints),
    ("base type", read_base_types),
    ("", read_types),
    ("function", read_functions),
    ("trigger", read_triggers),
    ("rule", read_rules),
    ("policy", read_policies),
    ("statistics", read_statistics),
    ("event trigger", read_event_triggers),
    ("", read_rare),
    ("", read_member_privileges),
    ("distribution", read_distributions),
)
"""What is read in which order, and the kind that the census must have found for there to be any."""


def _sent_ahead(reading: Reading) -> tuple[str, ...]:
    """What is asked of this database, in the order of the readers: all that takes long in most."""
    asked = (
        ("", ROLE_QUERY),
        ("", SCHEMA_QUERY),
        ("", COMMENT_QUERY),
        ("", LABEL_QUERY),
        ("", rights_query(reading.kinds)),
        ("column privilege", PRIVILEGE_QUERY),
        ("extension", MEMBER_QUERY),
        ("", USER_SCHEMA_QUERY),
        ("extension", EXTENSION_QUERY),
        ("", RELATION_QUERY),
        ("", COLUMN_QUERY),
        ("", PARENT_QUERY),
        ("" if reading.version >= 180000 else "never", NOT_NULL_QUERY),
        ("sequence", SEQUENCE_QUERY),
        ("replica identity", REPLICA_QUERY),
        ("", constraint_query(reading.version)),
        ("", INDEX_QUERY),
        ("statistics target", TARGET_QUERY),
        ("", FOLLOWER_QUERY),
        ("function", FUNCTION_QUERY),
        ("trigger", TRIGGER_QUERY),
        ("rule", RULE_QUERY),
        ("policy", POLICY_QUERY),
        ("", MEMBER_PRIVILEGE_QUERY),
        ("", DEPEND_QUERY),
    )
    return tuple(query for kind, query in asked if not kind or kind in reading.kinds)


def read_catalog(cursor: Cursor[Any], version: int) -> Catalog:
    """Read the catalog alone, inside of a snapshot."""
    reading = Reading(cursor, version)
    take_census(reading)
    reading.ahead = Ahead(cursor.connection, _sent_ahead(reading))
    try:
        read_remarks(reading)
        read_members(reading)
        for kind, read in READERS:
            if not kind or kind in reading.kinds:
                read(reading)
    except BaseException:
        reading.ahead.abandon()
        raise
    reading.ahead.finish()
    pairs = Later(partial(needs, reading))
    catalog = Catalog.of("postgres", reading.objects, pairs, f"{version // 10000}.{version % 10000}")
    reader = cursor.execute("SELECT current_user AS name").fetchone()
    return replace(catalog, reader=reader.name if reader else "")
