"""What is read: user schemas, without the members of extensions and without schematool's own tables. SQL fragments."""

from __future__ import annotations

from schematool.core.model.postgres import OWN_PREFIX, OWN_TABLES
from schematool.engines.postgres.inspect import oids

USER_SCHEMAS = "(SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
"""PostgreSQL reserves the prefix pg_ for itself, temporary schemas included."""


def not_a_member(catalog: int, oid: str) -> str:
    """A condition: no extension owns this object."""
    return (
        f"{oid} NOT IN (SELECT objid FROM pg_depend WHERE classid = {catalog} AND deptype = 'e'"
        f" AND refclassid = {oids.EXTENSION})"
    )


_NAMES = ", ".join(f"'{name}'" for name in sorted(OWN_TABLES))

OWN_RELATIONS = f"""(
    SELECT own.oid FROM pg_class own
     WHERE own.relname IN ({_NAMES})
        OR own.relname LIKE '{OWN_PREFIX.replace("_", "!_")}%' ESCAPE '!' AND own.relnamespace IN
           (SELECT ledger.relnamespace FROM pg_class ledger WHERE ledger.relname = '{OWN_PREFIX}ledger'))"""
"""schematool's and yoyo's own tables, with their sequences and indexes of the same prefix."""

RELATIONS = f"""(
    SELECT scope.oid FROM pg_class scope
     WHERE scope.relnamespace IN {USER_SCHEMAS}
       AND scope.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
       AND scope.oid NOT IN {OWN_RELATIONS}
       AND {not_a_member(oids.CLASS, "scope.oid")})"""
"""Every relation that the model speaks of; columns, constraints, triggers and so on are those of these."""


def own(catalog: int, oid: str, schema: str) -> str:
    """A condition: the object is in a user schema and no extension's."""
    return f"{schema} IN {USER_SCHEMAS} AND {not_a_member(catalog, oid)}"


def ours(catalog: int, oid: str) -> str:
    """A condition for what lives in no schema: made after initdb, and no extension's."""
    return f"{oid} >= {oids.FIRST_USER_OID} AND {not_a_member(catalog, oid)}"


def made_by_hand(catalog: int, oid: str) -> str:
    """A condition: it did not come with another object, as a range's constructors do."""
    return f"{oid} NOT IN (SELECT objid FROM pg_depend WHERE classid = {catalog} AND deptype = 'i')"
