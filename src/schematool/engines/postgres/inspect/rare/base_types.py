"""Reads base types and shell types, as the statements that make them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import Defined
from schematool.core.sql.quote import literal, qualified
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import own

ALIGNMENT = {"c": "char", "s": "int2", "i": "int4", "d": "double"}
STORAGE = {"p": "plain", "e": "external", "x": "extended", "m": "main"}

QUERY = f"""
SELECT t.oid, t.typname, t.typnamespace, t.typowner, t.typtype, t.typlen, t.typinput::text AS input,
       t.typoutput::text AS output, t.typreceive::text AS receive, t.typsend::text AS send,
       t.typmodin::text AS typmod_in, t.typmodout::text AS typmod_out, t.typanalyze::text AS analyze,
       t.typsubscript::text AS subscript, t.typcollation, t.typdefault, t.typcategory, t.typispreferred,
       t.typdelim, t.typalign, t.typstorage, t.typbyval,
       CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS element
  FROM pg_type t
 WHERE (t.typtype = 'b' OR (t.typtype = 'p' AND NOT t.typisdefined))
   AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
   AND {own(oids.TYPE, "t.oid", "t.typnamespace")}"""


def read_base_types(reading: Reading) -> None:
    """Base types (a shell first, since their functions need it), and shells without a type so far."""
    for row in reading.rows(QUERY):
        schema = reading.schemas[row.typnamespace]
        name = qualified(schema, row.typname)
        parts = ",\n    ".join(_parts(row))
        full = (f"CREATE TYPE {name} (\n    {parts}\n)",) if row.typtype == "b" else ()
        thing = Defined(
            id=Id("type", (schema, row.typname)),
            create=(f"CREATE TYPE {name}", *full),
            # Its functions take and return it: neither can go first without the other.
            drop=f"DROP TYPE {name} CASCADE" if full else f"DROP TYPE {name}",
            reference=f"TYPE {name}",
            **reading.rest(oids.TYPE, row.oid, row.typowner),
        )
        reading.add(oids.TYPE, row.oid, thing)


def _parts(row: Any) -> Iterator[str]:
    """The options as pg_dump writes them."""
    yield f"INTERNALLENGTH = {row.typlen if row.typlen > 0 else 'variable'}"
    for option in ("input", "output", "receive", "send", "typmod_in", "typmod_out", "analyze", "subscript"):
        if getattr(row, option) != "-":
            yield f"{option.upper()} = {getattr(row, option)}"
    if row.typcollation:
        yield "COLLATABLE = true"
    if row.typdefault is not None:
        yield f"DEFAULT = {literal(row.typdefault)}"
    if row.element:
        yield f"ELEMENT = {row.element}"
    if row.typcategory != "U":
        yield f"CATEGORY = {literal(row.typcategory)}"
    if row.typispreferred:
        yield "PREFERRED = true"
    if row.typdelim != ",":
        yield f"DELIMITER = {literal(row.typdelim)}"
    yield f"ALIGNMENT = {ALIGNMENT[row.typalign]}"
    yield f"STORAGE = {STORAGE[row.typstorage]}"
    if row.typbyval:
        yield "PASSEDBYVALUE"
