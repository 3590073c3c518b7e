"""Reads languages, transforms, casts and access methods, as the statements that make them."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model.postgres import Defined
from schematool.core.sql.quote import identifier
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import made_by_hand, ours

LANGUAGE_QUERY = f"""
SELECT l.oid, l.lanname, l.lanowner, l.lanpltrusted, l.lanplcallfoid::regproc::text AS handler,
       l.laninline::regproc::text AS inline, l.lanvalidator::regproc::text AS validator
  FROM pg_language l WHERE {ours(oids.LANGUAGE, "l.oid")}"""

TRANSFORM_QUERY = f"""
SELECT t.oid, format_type(t.trftype, NULL) AS type, l.lanname,
       CASE WHEN t.trffromsql <> 0 THEN t.trffromsql::regprocedure::text END AS from_sql,
       CASE WHEN t.trftosql <> 0 THEN t.trftosql::regprocedure::text END AS to_sql
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE {ours(oids.TRANSFORM, "t.oid")}"""

CAST_QUERY = f"""
SELECT c.oid, format_type(c.castsource, NULL) AS source, format_type(c.casttarget, NULL) AS target,
       c.castcontext, c.castmethod, CASE WHEN c.castfunc <> 0 THEN c.castfunc::regprocedure::text END AS function
  FROM pg_cast c WHERE {ours(oids.CAST, "c.oid")} AND {made_by_hand(oids.CAST, "c.oid")}"""

ACCESS_METHOD_QUERY = f"""
SELECT a.oid, a.amname, a.amtype, a.amhandler::text AS handler
  FROM pg_am a WHERE {ours(oids.ACCESS_METHOD, "a.oid")}"""

CONTEXTS = {"e": "", "a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


def read_languages(reading: Reading) -> None:
    """Procedural languages that no extension brought."""
    for row in reading.rows(LANGUAGE_QUERY):
        trusted = "TRUSTED " if row.lanpltrusted else ""
        parts = (("HANDLER", row.handler), ("INLINE", row.inline), ("VALIDATOR", row.validator))
        functions = "".join(f" {word} {function}" for word, function in parts if function != "-")
        name = identifier(row.lanname)
        thing = Defined(
            id=Id("language", (row.lanname,)),
            create=(f"CREATE {trusted}LANGUAGE {name}{functions}",),
            drop=f"DROP LANGUAGE {name}",
            reference=f"LANGUAGE {name}",
            **reading.rest(oids.LANGUAGE, row.oid, row.lanowner),
        )
        reading.add(oids.LANGUAGE, row.oid, thing)


def read_transforms(reading: Reading) -> None:
    """Transforms between types and languages."""
    for row in reading.rows(TRANSFORM_QUERY):
        reference = f"TRANSFORM FOR {row.type} LANGUAGE {identifier(row.lanname)}"
        parts = [f"FROM SQL WITH FUNCTION {row.from_sql}"] if row.from_sql else []
        parts += [f"TO SQL WITH FUNCTION {row.to_sql}"] if row.to_sql else []
        thing = Defined(
            id=Id("transform", (row.type, row.lanname)),
            create=(f"CREATE {reference} ({', '.join(parts)})",),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.TRANSFORM, row.oid),
        )
        reading.add(oids.TRANSFORM, row.oid, thing)


def read_casts(reading: Reading) -> None:
    """Casts that somebody made."""
    for row in reading.rows(CAST_QUERY):
        reference = f"CAST ({row.source} AS {row.target})"
        match row.castmethod:
            case "f":
                how = f"WITH FUNCTION {row.function}"
            case "i":
                how = "WITH INOUT"
            case _:
                how = "WITHOUT FUNCTION"
        thing = Defined(
            id=Id("cast", (row.source, row.target)),
            create=(f"CREATE {reference} {how}{CONTEXTS[row.castcontext]}",),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.CAST, row.oid),
        )
        reading.add(oids.CAST, row.oid, thing)


def read_access_methods(reading: Reading) -> None:
    """Index and table access methods that no extension brought."""
    for row in reading.rows(ACCESS_METHOD_QUERY):
        name = identifier(row.amname)
        kind = "INDEX" if row.amtype == "i" else "TABLE"
        thing = Defined(
            id=Id("access method", (row.amname,)),
            create=(f"CREATE ACCESS METHOD {name} TYPE {kind} HANDLER {row.handler}",),
            drop=f"DROP ACCESS METHOD {name}",
            reference=f"ACCESS METHOD {name}",
            **reading.rest(oids.ACCESS_METHOD, row.oid),
        )
        reading.add(oids.ACCESS_METHOD, row.oid, thing)
