"""Reads a whole PostgreSQL database, 14 to 18, into a catalog in normal form.

A constant number of set-based queries in one repeatable-read, read-only transaction; any role that may connect can
do it. What the model does not hold is found by `schematool.engines.postgres.observe`, which shares nothing with this.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from schematool.core.catalog import Catalog, Later
from schematool.engines.contract import Inspection
from schematool.engines.postgres.inspect.attached import (
    read_event_triggers,
    read_policies,
    read_rules,
    read_statistics,
    read_triggers,
)
from schematool.engines.postgres.inspect.constraints import read_constraints, read_indexes
from schematool.engines.postgres.inspect.functions import read_functions
from schematool.engines.postgres.inspect.needs import needs, read_depends
from schematool.engines.postgres.inspect.rare import read_base_types, read_rare
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.relations import read_relations, read_schemas
from schematool.engines.postgres.inspect.remarks import read_remarks
from schematool.engines.postgres.inspect.snapshot import snapshot
from schematool.engines.postgres.inspect.types import read_types

if TYPE_CHECKING:
    from psycopg import Connection, Cursor
from schematool.engines.postgres.observe import observe

__all__ = ["inspect", "read_catalog"]


def inspect(connection: Connection[Any]) -> Inspection:
    """Read everything that the database holds, and name what the model does not."""
    with snapshot(connection) as cursor:
        catalog = read_catalog(cursor, connection.info.server_version)
        return Inspection(catalog, observe(connection, catalog))


def read_catalog(cursor: Cursor[Any], version: int) -> Catalog:
    """Read the catalog alone, inside of a snapshot."""
    reading = Reading(cursor, version)
    read_remarks(reading)
    read_depends(reading)
    for read in (
        read_schemas,
        read_relations,
        read_constraints,
        read_indexes,
        read_base_types,
        read_types,
        read_functions,
        read_triggers,
        read_rules,
        read_policies,
        read_statistics,
        read_event_triggers,
        read_rare,
    ):
        read(reading)
    pairs = Later(partial(needs, reading))
    catalog = Catalog.of("postgres", reading.objects, pairs, f"{version // 10000}.{version % 10000}")
    reader = cursor.execute("SELECT current_user AS name").fetchone()
    return replace(catalog, reader=reader.name if reader else "")
