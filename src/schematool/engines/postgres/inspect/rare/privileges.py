"""Reads what ALTER DEFAULT PRIVILEGES has set."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model.postgres import DefaultPrivileges, Grant
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.remarks import difference, grant
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
