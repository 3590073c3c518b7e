"""Reads functions and procedures; aggregates are among the rare kinds."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model.postgres import Function
from schematool.core.sql.unnamed import without_casts
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import made_by_hand, own

KINDS = {"f": "function", "p": "procedure", "w": "window"}

FUNCTION_QUERY = f"""
SELECT p.oid, p.proname, p.pronamespace, p.proowner, p.prokind, l.lanname, p.pronargdefaults,
       p.prosqlbody IS NOT NULL AS atomic, oidvectortypes(p.proargtypes) AS types,
       pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
       pg_get_functiondef(p.oid) AS definition
  FROM pg_proc p
  JOIN pg_language l ON l.oid = p.prolang
 WHERE p.prokind IN ('f', 'p', 'w') AND {made_by_hand(oids.PROCEDURE, "p.oid")}
   AND {own(oids.PROCEDURE, "p.oid", "p.pronamespace")}"""


def read_functions(reading: Reading) -> None:
    """Functions, window functions and procedures of user schemas."""
    for row in reading.rows(FUNCTION_QUERY):
        kind = KINDS[row.prokind]
        thing = Function(
            id=Id("function", (reading.schemas[row.pronamespace], row.proname, row.types)),
            kind=kind,
            definition=without_casts(row.definition.rstrip()) if row.atomic else row.definition.rstrip(),
            result=row.result or "",
            signature=f"{kind} ({row.arguments}) {row.result or ''}".rstrip(),
            defaults=row.pronargdefaults,
            language=row.lanname,
            body_atomic=row.atomic,
            **reading.rest(oids.PROCEDURE, row.oid, row.proowner),
        )
        reading.add(oids.PROCEDURE, row.oid, thing)
