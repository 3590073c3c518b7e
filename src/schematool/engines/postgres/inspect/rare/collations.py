"""Reads collations and encoding conversions, as the statements that make them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import Defined
from schematool.core.sql.quote import literal, qualified
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import own

PROVIDERS = {"b": "builtin", "c": "libc", "i": "icu", "d": "default"}


def _collation_query(version: int) -> str:
    """ICU's locale was kept in collcollate until 14, in colliculocale in 15 and 16, in colllocale since 17."""
    if version >= 170000:
        locale = "c.colllocale"
    else:
        locale = "c.colliculocale" if version >= 150000 else "CASE WHEN c.collprovider = 'i' THEN c.collcollate END"
    rules = "c.collicurules" if version >= 160000 else "NULL"
    return f"""
SELECT c.oid, c.collname, c.collnamespace, c.collowner, c.collprovider, c.collisdeterministic, c.collcollate,
       c.collctype, {locale} AS locale, {rules} AS rules
  FROM pg_collation c
 WHERE c.collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
   AND {own(oids.COLLATION, "c.oid", "c.collnamespace")}"""


CONVERSION_QUERY = f"""
SELECT c.oid, c.conname, c.connamespace, c.conowner, c.condefault, c.conproc::text AS function,
       pg_encoding_to_char(c.conforencoding) AS source, pg_encoding_to_char(c.contoencoding) AS target
  FROM pg_conversion c WHERE {own(oids.CONVERSION, "c.oid", "c.connamespace")}"""


def read_collations(reading: Reading) -> None:
    """Collations of user schemas; the version of the library that sorts is the server's affair."""
    for row in reading.rows(_collation_query(reading.version)):
        schema = reading.schemas[row.collnamespace]
        name = qualified(schema, row.collname)
        thing = Defined(
            id=Id("collation", (schema, row.collname)),
            create=(f"CREATE COLLATION {name} ({', '.join(_collation_parts(row))})",),
            drop=f"DROP COLLATION {name}",
            reference=f"COLLATION {name}",
            **reading.rest(oids.COLLATION, row.oid, row.collowner),
        )
        reading.add(oids.COLLATION, row.oid, thing)


def _collation_parts(row: Any) -> Iterator[str]:
    yield f"provider = {PROVIDERS[row.collprovider]}"
    if not row.collisdeterministic:
        yield "deterministic = false"
    if row.locale is not None:
        yield f"locale = {literal(row.locale)}"
    elif row.collcollate == row.collctype and row.collcollate is not None:
        yield f"locale = {literal(row.collcollate)}"
    else:
        yield f"lc_collate = {literal(row.collcollate)}"
        yield f"lc_ctype = {literal(row.collctype)}"
    if row.rules is not None:
        yield f"rules = {literal(row.rules)}"


def read_conversions(reading: Reading) -> None:
    """Conversions between encodings."""
    for row in reading.rows(CONVERSION_QUERY):
        schema = reading.schemas[row.connamespace]
        name = qualified(schema, row.conname)
        default = "DEFAULT " if row.condefault else ""
        thing = Defined(
            id=Id("conversion", (schema, row.conname)),
            create=(
                f"CREATE {default}CONVERSION {name} FOR {literal(row.source)} TO {literal(row.target)}"
                f" FROM {row.function}",
            ),
            drop=f"DROP CONVERSION {name}",
            reference=f"CONVERSION {name}",
            **reading.rest(oids.CONVERSION, row.oid, row.conowner),
        )
        reading.add(oids.CONVERSION, row.oid, thing)
