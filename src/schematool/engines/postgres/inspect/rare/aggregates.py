"""Reads aggregates, as the CREATE AGGREGATE statements that make them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import Defined
from schematool.core.sql.quote import literal, qualified
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import own

MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
PARALLEL = {"s": "SAFE", "r": "RESTRICTED"}

QUERY = f"""
SELECT p.oid, p.proname, p.pronamespace, p.proowner, p.proparallel, oidvectortypes(p.proargtypes) AS types,
       pg_get_function_arguments(p.oid) AS arguments,
       pg_get_function_identity_arguments(p.oid) AS identity_arguments,
       a.aggkind, a.aggtransfn::text AS sfunc, format_type(a.aggtranstype, NULL) AS stype, a.aggtransspace,
       a.agginitval, a.aggfinalfn::text AS finalfunc, a.aggfinalextra, a.aggfinalmodify,
       a.aggcombinefn::text AS combinefunc, a.aggserialfn::text AS serialfunc,
       a.aggdeserialfn::text AS deserialfunc, a.aggmtransfn::text AS msfunc, a.aggminvtransfn::text AS minvfunc,
       format_type(a.aggmtranstype, NULL) AS mstype, a.aggmtransspace, a.aggminitval,
       a.aggmfinalfn::text AS mfinalfunc, a.aggmfinalextra, a.aggmfinalmodify,
       CASE WHEN a.aggsortop <> 0 THEN
            (SELECT 'OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')'
               FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = a.aggsortop)
       END AS sortop
  FROM pg_proc p
  JOIN pg_aggregate a ON a.aggfnoid = p.oid
 WHERE {own(oids.PROCEDURE, "p.oid", "p.pronamespace")}"""


def read_aggregates(reading: Reading) -> None:
    """Aggregates of user schemas, with every option that is not at its default."""
    for row in reading.rows(QUERY):
        schema = reading.schemas[row.pronamespace]
        name = qualified(schema, row.proname)
        parts = ",\n    ".join(_parts(row))
        arguments = row.identity_arguments or "*"
        thing = Defined(
            id=Id("aggregate", (schema, row.proname, row.types)),
            create=(f"CREATE AGGREGATE {name}({row.arguments or '*'}) (\n    {parts}\n)",),
            drop=f"DROP AGGREGATE {name}({arguments})",
            reference=f"AGGREGATE {name}({arguments})",
            **reading.rest(oids.PROCEDURE, row.oid, row.proowner),
        )
        reading.add(oids.PROCEDURE, row.oid, thing)


def _parts(row: Any) -> Iterator[str]:
    """The options in pg_dump's order; `-` is how a missing function prints."""
    usual = "r" if row.aggkind == "n" else "w"
    yield f"SFUNC = {row.sfunc}"
    yield f"STYPE = {row.stype}"
    if row.aggtransspace:
        yield f"SSPACE = {row.aggtransspace}"
    if row.agginitval is not None:
        yield f"INITCOND = {literal(row.agginitval)}"
    if row.finalfunc != "-":
        yield f"FINALFUNC = {row.finalfunc}"
        if row.aggfinalextra:
            yield "FINALFUNC_EXTRA"
        if row.aggfinalmodify != usual:
            yield f"FINALFUNC_MODIFY = {MODIFY[row.aggfinalmodify]}"
    for option in ("combinefunc", "serialfunc", "deserialfunc"):
        if getattr(row, option) != "-":
            yield f"{option.upper()} = {getattr(row, option)}"
    if row.msfunc != "-":
        yield f"MSFUNC = {row.msfunc}"
        yield f"MINVFUNC = {row.minvfunc}"
        yield f"MSTYPE = {row.mstype}"
        if row.aggmtransspace:
            yield f"MSSPACE = {row.aggmtransspace}"
        if row.aggminitval is not None:
            yield f"MINITCOND = {literal(row.aggminitval)}"
        if row.mfinalfunc != "-":
            yield f"MFINALFUNC = {row.mfinalfunc}"
            if row.aggmfinalextra:
                yield "MFINALFUNC_EXTRA"
            if row.aggmfinalmodify != usual:
                yield f"MFINALFUNC_MODIFY = {MODIFY[row.aggmfinalmodify]}"
    if row.sortop:
        yield f"SORTOP = {row.sortop}"
    if row.aggkind == "h":
        yield "HYPOTHETICAL"
    if row.proparallel in PARALLEL:
        yield f"PARALLEL = {PARALLEL[row.proparallel]}"
