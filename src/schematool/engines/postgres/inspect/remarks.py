"""Reads what can be said about any object: owners' names, comments, security labels, rights, extension members."""

from __future__ import annotations

from typing import Any

from schematool.core.model.postgres import Grant
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Address, Reading, Rights

PUBLIC_SCHEMA = 2200
"""The oid of the schema public, as initdb makes it."""

OBJECTS = f"objoid >= {oids.FIRST_USER_OID} OR (classoid = {oids.SCHEMA} AND objoid = {PUBLIC_SCHEMA})"

ROLE_QUERY = "SELECT oid, rolname FROM pg_roles"
SCHEMA_QUERY = "SELECT oid, nspname FROM pg_namespace"
COMMENT_QUERY = f"SELECT classoid, objoid, objsubid, description FROM pg_description WHERE {OBJECTS}"
LABEL_QUERY = f"SELECT classoid, objoid, objsubid, provider, label FROM pg_seclabel WHERE {OBJECTS} ORDER BY provider"

KINDS = (
    # catalog, table, owner, acl, kind for acldefault()
    (oids.CLASS, "pg_class", "relowner", "relacl", "CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\""),
    (oids.PROCEDURE, "pg_proc", "proowner", "proacl", "'f'"),
    (oids.SCHEMA, "pg_namespace", "nspowner", "nspacl", "'n'"),
    (oids.TYPE, "pg_type", "typowner", "typacl", "'T'"),
    (oids.LANGUAGE, "pg_language", "lanowner", "lanacl", "'l'"),
    (oids.FOREIGN_DATA_WRAPPER, "pg_foreign_data_wrapper", "fdwowner", "fdwacl", "'F'"),
    (oids.FOREIGN_SERVER, "pg_foreign_server", "srvowner", "srvacl", "'S'"),
)


def read_remarks(reading: Reading) -> None:
    """Fill roles, schemas' names, comments, labels and rights."""
    reading.roles.update((row.oid, row.rolname) for row in reading.rows(ROLE_QUERY))
    reading.schemas.update((row.oid, row.nspname) for row in reading.rows(SCHEMA_QUERY))
    for row in reading.rows(COMMENT_QUERY):
        reading.comments[row.classoid, row.objoid, row.objsubid] = row.description
    # initdb's own comment; pg_dump does not print it either.
    if reading.comments.get((oids.SCHEMA, PUBLIC_SCHEMA, 0)) == "standard public schema":
        del reading.comments[oids.SCHEMA, PUBLIC_SCHEMA, 0]
    for row in reading.rows(LABEL_QUERY):
        address = (row.classoid, row.objoid, row.objsubid)
        reading.labels[address] = (*reading.labels.get(address, ()), (row.provider, row.label))
    _read_rights(reading)


PRIVILEGE_QUERY = (
    f"SELECT attrelid, attnum, attname FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= {oids.FIRST_USER_OID}"
)


def rights_query(kinds: frozenset[str]) -> str:
    """The query of rights as they are, and as the kind has them from birth."""
    parts = [
        f"SELECT {catalog} AS catalog, oid, 0 AS sub, {owner} AS owner, {acl} AS acl,"
        f" acldefault({kind}, {owner}) AS standard FROM {table}"
        f" WHERE {acl} IS NOT NULL AND (oid >= {oids.FIRST_USER_OID}{_public(catalog)})"
        for catalog, table, owner, acl, kind in KINDS
    ]
    if "column privilege" in kinds:
        parts.append(
            f"SELECT {oids.CLASS}, attrelid, attnum, relowner, attacl, acldefault('c', relowner)"
            f" FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            f" WHERE attacl IS NOT NULL AND attrelid >= {oids.FIRST_USER_OID} AND NOT attisdropped"
        )
    return f"""WITH acls AS ({" UNION ALL ".join(parts)})
        SELECT catalog, oid, sub, owner, (aclexplode(acl)).*, false AS standard FROM acls
        UNION ALL
        SELECT catalog, oid, sub, owner, (aclexplode(standard)).*, true FROM acls"""


def _read_rights(reading: Reading) -> None:
    """Rights that differ from what an object of the kind has from birth, as acldefault() knows it.

    public: initdb gives PUBLIC its USAGE (and CREATE before 15) by hand, so that counts as its default.
    """
    rows = reading.rows(rights_query(reading.kinds))
    columns = {(row.attrelid, row.attnum): row.attname for row in reading.rows_if("column privilege", PRIVILEGE_QUERY)}
    grouped: dict[Address, tuple[set[Grant], set[Grant]]] = {}
    for row in rows:
        has, standard = grouped.setdefault((row.catalog, row.oid, row.sub), (set(), set()))
        column = columns.get((row.oid, row.sub)) if row.sub else None
        (standard if row.standard else has).add(grant(reading, row, row.owner, column))
    public = grouped.get((oids.SCHEMA, PUBLIC_SCHEMA, 0))
    if public:
        public[1].add(Grant("PUBLIC", "USAGE"))
        if reading.version < 150000:
            public[1].add(Grant("PUBLIC", "CREATE"))
    for address, (has, standard) in grouped.items():
        reading.rights[address] = difference(has, standard)


def _public(catalog: int) -> str:
    return f" OR oid = {PUBLIC_SCHEMA}" if catalog == oids.SCHEMA else ""


def grant(reading: Reading, row: Any, owner: int, column: str | None = None) -> Grant:
    """One exploded ACL item; 0 is PUBLIC in the catalogs."""
    if row.grantee == 0:
        grantee = "PUBLIC"
    elif row.grantee == owner:
        grantee = "OWNER"
    else:
        grantee = reading.roles.get(row.grantee, str(row.grantee))
    return Grant(grantee, row.privilege_type, row.is_grantable, column)


def difference(has: set[Grant], standard: set[Grant]) -> Rights:
    """What was granted beyond the standard, and what of the standard was revoked."""
    kept = {(item.grantee, item.privilege) for item in has}
    revoked = {item for item in standard if (item.grantee, item.privilege) not in kept}
    return _sorted(has - standard), _sorted(revoked)


def _sorted(grants: set[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(grants, key=lambda item: (item.grantee, item.column or "", item.privilege, item.grantable)))
