"""Reads what ALTER DEFAULT PRIVILEGES has set, and privileges on members of extensions."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model.postgres import DefaultPrivileges, Extension, Grant, Privileges
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.remarks import KINDS, difference, grant
from schematool.engines.postgres.inspect.scope import USER_SCHEMAS

OBJECT_TYPES = {
    "r": "tables",
    "S": "sequences",
    "f": "functions",
    "T": "types",
    "n": "schemas",
    "L": "large objects",
}

# Those of one schema are added to the global ones: they start from nothing, not from the built-in default.
QUERY = f"""
WITH set AS (
    SELECT d.oid, d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl,
           CASE WHEN d.defaclnamespace = 0
                THEN acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)
           END AS standard
      FROM pg_default_acl d
     WHERE d.defaclnamespace = 0 OR d.defaclnamespace IN {USER_SCHEMAS})
SELECT oid, defaclrole, defaclnamespace, defaclobjtype, (aclexplode(defaclacl)).*, false AS standard FROM set
UNION ALL
SELECT oid, defaclrole, defaclnamespace, defaclobjtype, (aclexplode(standard)).*, true FROM set"""


def read_default_privileges(reading: Reading) -> None:
    """Default privileges by role, schema and type of object."""
    grouped: dict[int, tuple[set[Grant], set[Grant]]] = {}
    keys: dict[int, tuple[str, str, str]] = {}
    for row in reading.rows(QUERY):
        has, standard = grouped.setdefault(row.oid, (set(), set()))
        (standard if row.standard else has).add(grant(reading, row, row.defaclrole))
        role = reading.roles.get(row.defaclrole, str(row.defaclrole))
        schema = reading.schemas[row.defaclnamespace] if row.defaclnamespace else ""
        keys[row.oid] = (role, schema, OBJECT_TYPES[row.defaclobjtype])
    for oid, (has, standard) in grouped.items():
        role, schema, object_type = keys[oid]
        grants, revokes = difference(has, standard)
        if not grants and not revokes:
            continue
        thing = DefaultPrivileges(
            id=Id("default privileges", keys[oid]),
            role=role,
            schema=schema,
            object_type=object_type,
            grants=grants,
            revokes=revokes,
        )
        reading.add(oids.DEFAULT_ACL, oid, thing)


_WORDS = {
    oids.CLASS: "CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END",
    oids.PROCEDURE: "CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END",
    oids.SCHEMA: "'SCHEMA'",
    oids.TYPE: "'TYPE'",
    oids.LANGUAGE: "'LANGUAGE'",
    oids.FOREIGN_DATA_WRAPPER: "'FOREIGN DATA WRAPPER'",
    oids.FOREIGN_SERVER: "'FOREIGN SERVER'",
}
"""What GRANT calls an object of each catalog."""


def _changed(catalog: int, table: str, owner: str, acl: str, kind: str) -> str:
    """Members of extensions, and languages, whose privileges are not those that they came with (pg_init_privs)."""
    return f"""
SELECT o.oid, {catalog} AS catalog, {_WORDS[catalog]} AS word, x.extname AS extension, {acl} AS has,
       coalesce(i.initprivs, acldefault({kind}, {owner})) AS standard
  FROM {table} o
  JOIN pg_depend e ON e.classid = {catalog} AND e.objid = o.oid AND e.deptype = 'e' AND e.refclassid = {oids.EXTENSION}
  JOIN pg_extension x ON x.oid = e.refobjid
  LEFT JOIN pg_init_privs i ON i.classoid = {catalog} AND i.objoid = o.oid AND i.objsubid = 0
 WHERE {acl} IS NOT NULL AND {acl} IS DISTINCT FROM i.initprivs"""


MEMBER_PRIVILEGE_QUERY = f"""
WITH changed AS ({" UNION ALL ".join(_changed(*kind) for kind in KINDS)})
SELECT oid, catalog, word, extension, pg_describe_object(catalog, oid, 0) AS described,
       (pg_identify_object(catalog, oid, 0)).identity AS identity, item.*
  FROM changed, LATERAL (
       SELECT (aclexplode(has)).*, false AS standard UNION ALL SELECT (aclexplode(standard)).*, true) item"""


def read_member_privileges(reading: Reading) -> None:
    """What was granted and revoked on members of extensions since they came: on plpgsql and a wrapper, mostly."""
    grouped: dict[tuple[int, int], tuple[set[Grant], set[Grant]]] = {}
    rows = {}
    for row in reading.rows(MEMBER_PRIVILEGE_QUERY):
        rows[row.catalog, row.oid] = row
        has, standard = grouped.setdefault((row.catalog, row.oid), (set(), set()))
        (standard if row.standard else has).add(grant(reading, row, 0))
    made = {thing.id for thing in reading.objects if isinstance(thing, Extension)}
    for address, (has, standard) in grouped.items():
        row = rows[address]
        grants, revokes = difference(has, standard)
        if grants or revokes:
            extension = Id("extension", (row.extension,))
            thing = Privileges(
                id=Id("privileges", (row.described,)),
                target=f"{row.word} {row.identity}",
                extension=extension,
                grants=grants,
                revokes=revokes,
            )
            reading.objects.append(thing)
            reading.further |= {(thing.id, extension)} if extension in made else set()
