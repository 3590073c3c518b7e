"""How a table is spread over the nodes of Citus, and brought back: SQL that a server without Citus runs too.

Without the extension nothing is spread: what would have been done is noted in a table of ours, by the oid of the table,
which a rename keeps. So a laptop runs the same files as a cluster, and a proof on a scratch server holds for all but
the spreading itself. With the extension it is noted too, since Citus knows which tables lie together, and not which of
them was declared beside which.

Source: the manual of Citus, "Citus Utility Functions"; sequential mode because a transaction that has touched shards in
parallel may not touch them through a reference table's foreign key ("Foreign Keys and Transactions" of its tests and
messages).
"""

from __future__ import annotations

from schematool.core.model.postgres import DISTRIBUTION_NOTES as NOTES
from schematool.core.model.postgres import Distribution
from schematool.core.plan.postgres.names import name
from schematool.core.sql.quote import literal


def spread(made: Distribution) -> str:
    """The statement that spreads a table."""
    table = literal(name(made.table))
    beside = literal(name(made.beside)) if made.beside else None
    if made.column is None:
        call = f"create_reference_table({table})"
    else:
        shards = f", shard_count => {made.shards}" if made.shards and not beside else ""
        together = beside or "'none'"
        call = f"create_distributed_table({table}, {literal(made.column)}, colocate_with => {together}{shards})"
    column = literal(made.column) if made.column else "NULL"
    numbered = f"(SELECT attnum FROM pg_catalog.pg_attribute WHERE attrelid = {table}::regclass AND attname = {column})"
    values = f"{table}, {column}, {numbered if made.column else 'NULL'}, {beside or 'NULL'}, {made.shards or 'NULL'}"
    return _block(
        f"{_on_citus(call)}"
        f"  IF pg_catalog.to_regclass({literal(NOTES)}) IS NULL THEN\n"
        f"    CREATE TABLE {NOTES} (relation regclass PRIMARY KEY, field name, number int2, beside regclass,"
        " shards int);\n"
        f"    GRANT SELECT ON {NOTES} TO PUBLIC;\n"
        "  END IF;\n"
        f"  DELETE FROM {NOTES} WHERE relation = {table}::regclass;\n"
        f"  INSERT INTO {NOTES} VALUES ({values});\n"
    )


def gather(made: Distribution) -> str:
    """The statement that brings a table back to one node."""
    table = literal(name(made.table))
    return _block(
        f"{_on_citus(f'undistribute_table({table})')}"
        f"  IF pg_catalog.to_regclass({literal(NOTES)}) IS NOT NULL THEN\n"
        f"    DELETE FROM {NOTES} WHERE relation = {table}::regclass;\n"
        "  END IF;\n"
    )


def _block(body: str) -> str:
    tag = "citus"
    while f"${tag}$" in body:
        tag += "_"
    return f"DO ${tag}$\nBEGIN\n{body}END\n${tag}$"


def _on_citus(call: str) -> str:
    """PL/pgSQL plans a statement when it first runs it: without Citus its functions are never looked up."""
    return (
        "  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') THEN\n"
        "    PERFORM pg_catalog.set_config('citus.multi_shard_modify_mode', 'sequential', true);\n"
        f"    PERFORM pg_catalog.{call};\n"
        "  END IF;\n"
    )
