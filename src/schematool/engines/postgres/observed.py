"""Where to look for what a PostgreSQL database holds: data for `observe`. Shares nothing with the model's reader.

`KINDS`: every kind of object, the first version that has it, and a query of the paths of those that a user made.
`ATTRIBUTES`: what can be set on an object, a query of those where it is, and how the model says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

NORMAL: Final = 16384
"""The first oid of what is made after initdb."""

OWN_NAMES = (
    "_yoyo_log,_yoyo_migration,_yoyo_version,yoyo_lock,schematool_distribution,schematool_journal,schematool_ledger"
)


def _ours(alias: str) -> str:
    """A condition: schematool's or yoyo's own."""
    return (
        f"({alias}.relname = ANY ('{{{OWN_NAMES}}}') OR starts_with({alias}.relname, 'schematool_')"
        f" AND {alias}.relnamespace = ANY (ARRAY("
        "SELECT own.relnamespace FROM pg_class own WHERE own.relname = 'schematool_ledger')))"
    )


@dataclass(frozen=True, slots=True)
class Paths:
    """A query of paths: from where, and on which condition; conditions on the same source are asked together."""

    path: str
    source: str
    condition: str

    def __str__(self) -> str:
        return f"SELECT ARRAY[{self.path}]::text[] FROM {self.source} AND ({self.condition})"


def _made(alias: str, catalog: str, schema: str | None = None) -> str:
    """Conditions: after initdb, in no temporary schema, of no extension."""
    conditions = [
        f"{alias}.oid >= {NORMAL}",
        f"NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = '{catalog}'::regclass"
        f" AND member.objid = {alias}.oid AND member.deptype = 'e')",
    ]
    if schema:
        conditions.append(f"{schema}.nspname NOT LIKE 'pg!_%temp!_%' ESCAPE '!' AND {schema}.nspname <> 'pg_toast'")
    return " AND ".join(conditions)


def _relations(kinds: str, path: str = "n.nspname, c.relname", more: str = "", condition: str = "true") -> Paths:
    """Paths of user relations of these relkinds, or of what is joined to them."""
    source = (
        f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {more}"
        f" WHERE c.relkind = ANY ('{{{kinds}}}') AND NOT {_ours('c')} AND {_made('c', 'pg_class', 'n')}"
    )
    return Paths(path, source, condition)


def _attached(table: str, relation: str, name: str, condition: str = "true", kinds: str = "r,p,f") -> Paths:
    """Paths of what hangs on user relations: (schema, relation, name)."""
    return _relations(
        kinds,
        f"n.nspname, c.relname, {name}",
        f"JOIN {table} ON {relation} = c.oid",
        condition,
    )


def _columns(condition: str, kinds: str = "r,p,f", more: str = "") -> Paths:
    join = f"JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped {more}"
    return _relations(kinds, "n.nspname, c.relname, a.attname", join, condition)


def _named(table: str, name: str, schema: str, condition: str = "true", path: str = "") -> Paths:
    """Paths of what lives in a schema by its own catalog, given as `pg_proc p`."""
    catalog, alias = table.split()
    source = f"{table} JOIN pg_namespace n ON n.oid = {schema} WHERE {_made(alias, catalog, 'n')}"
    return Paths(f"n.nspname, {name}{path}", source, condition)


def _free(table: str, alias: str, path: str, condition: str = "true") -> Paths:
    """Paths of what lives in no schema."""
    return Paths(path, f"{table} {alias} WHERE {_made(alias, table)}", condition)


def _internal(alias: str, catalog: str) -> str:
    return (
        f"EXISTS (SELECT FROM pg_depend i WHERE i.classid = '{catalog}'::regclass AND i.objid = {alias}.oid"
        " AND i.deptype = 'i')"
    )


_GRANTED = (
    # catalog, acl, kind for acldefault(), owner
    ("pg_class", "relacl", "CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\"", "relowner"),
    ("pg_proc", "proacl", "'f'", "proowner"),
    ("pg_namespace", "nspacl", "'n'", "nspowner"),
    ("pg_type", "typacl", "'T'", "typowner"),
    ("pg_language", "lanacl", "'l'", "lanowner"),
    ("pg_foreign_data_wrapper", "fdwacl", "'F'", "fdwowner"),
    ("pg_foreign_server", "srvacl", "'S'", "srvowner"),
)


def _granted_on_members(table: str, acl: str, kind: str, owner: str) -> str:
    """Paths of members of extensions whose rights somebody has changed since they came."""
    return f"""
SELECT ARRAY[pg_describe_object('{table}'::regclass, o.oid, 0)]::text[] FROM {table} o
  LEFT JOIN pg_init_privs i ON i.classoid = '{table}'::regclass AND i.objoid = o.oid AND i.objsubid = 0
 WHERE o.{acl} IS NOT NULL
   AND EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{table}'::regclass AND e.objid = o.oid AND e.deptype = 'e')
   AND (SELECT array_agg(x ORDER BY x::text) FROM unnest(o.{acl}) x) IS DISTINCT FROM
       (SELECT array_agg(x ORDER BY x::text) FROM unnest(coalesce(i.initprivs, acldefault({kind}, o.{owner}))) x)"""


_OWNED_INDEX = "EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype = ANY ('{p,u,x}'))"
_INDEX = "JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class ic ON ic.oid = i.indexrelid"
_KEY = "JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = ANY ('{c,f,p,u,x}')"
_NO_SHARE = (
    "NOT (k.contype = 'f' AND k.conparentid <> 0 AND k.confrelid <>"
    " (SELECT top.confrelid FROM pg_constraint top WHERE top.oid = k.conparentid))"
)
_ROW_TYPE = "(t.typrelid = 0 OR (SELECT r.relkind FROM pg_class r WHERE r.oid = t.typrelid) = 'c')"
_REAL_TYPE = (
    f"t.typtype <> 'm' AND {_ROW_TYPE} AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)"
    " AND (t.typtype <> 'p' OR NOT t.typisdefined)"
)
# Before 15 the copies that partitions have of a trigger are marked as internal, as those of foreign keys still are.
_TRIGGER = "(NOT g.tgisinternal OR (g.tgparentid <> 0 AND g.tgconstrrelid = 0 AND g.tgconstrindid = 0))"
_FUNCTION = f"NOT {_internal('p', 'pg_proc')}"
_TYPES = ", oidvectortypes(p.proargtypes)"


def index_paths(condition: str) -> Paths:
    """Paths of indexes that are no constraint's."""
    return _relations("r,p,m", "n.nspname, ic.relname", f"{_INDEX} AND NOT {_OWNED_INDEX}", condition)


def constraint_paths(condition: str, more: str = "") -> Paths:
    """Paths of constraints of tables."""
    return _relations("r,p,f", "n.nspname, c.relname, k.conname", f"{_KEY} AND {_NO_SHARE} {more}", condition)


KINDS: tuple[tuple[str, int, Paths | str], ...] = (
    (
        "schema",
        0,
        "SELECT ARRAY[n.nspname]::text[] FROM pg_namespace n WHERE n.nspname = 'public' AND NOT EXISTS"
        " (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')"
        f" OR ({_made('n', 'pg_namespace', 'n')} AND n.nspname <> 'public')",
    ),
    (
        "extension",
        0,
        "SELECT ARRAY[extname]::text[] FROM pg_extension WHERE extname NOT IN ('plpgsql', 'citus', 'citus_columnar')",
    ),
    ("table", 0, _relations("r,p")),
    ("view", 0, _relations("v")),
    ("materialized view", 0, _relations("m")),
    ("foreign table", 0, _relations("f")),
    (
        "sequence",
        0,
        _relations(
            "S",
            condition=f"NOT {_internal('c', 'pg_class')} AND NOT EXISTS (SELECT FROM pg_depend o JOIN pg_class h"
            " ON h.oid = o.refobjid WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.deptype = 'a'"
            f" AND {_ours('h')})",
        ),
    ),
    ("column", 0, _columns("true")),
    (
        "default",
        0,
        _columns("a.attgenerated = ''", "r,p,f,v", "JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"),
    ),
    ("constraint", 0, constraint_paths("true")),
    ("index", 0, index_paths("true")),
    ("trigger", 0, _attached("pg_trigger g", "g.tgrelid", "g.tgname", _TRIGGER, "r,p,f,v")),
    ("rule", 0, _attached("pg_rewrite r", "r.ev_class", "r.rulename", "r.rulename <> '_RETURN'", "r,p,f,v,m")),
    ("policy", 0, _attached("pg_policy p", "p.polrelid", "p.polname")),
    ("type", 0, _named("pg_type t", "t.typname", "t.typnamespace", _REAL_TYPE)),
    ("function", 0, _named("pg_proc p", "p.proname", "p.pronamespace", f"p.prokind <> 'a' AND {_FUNCTION}", _TYPES)),
    ("aggregate", 0, _named("pg_proc p", "p.proname", "p.pronamespace", "p.prokind = 'a'", _TYPES)),
    ("statistics", 0, _named("pg_statistic_ext s", "s.stxname", "s.stxnamespace")),
    (
        "operator",
        0,
        _named(
            "pg_operator o",
            "o.oprname",
            "o.oprnamespace",
            "o.oprcode <> 0",
            ", concat_ws(', ', CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,"
            " CASE o.oprright WHEN 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END)",
        ),
    ),
    (
        "operator class",
        0,
        _named(
            "pg_opclass o",
            "o.opcname",
            "o.opcnamespace",
            path=", (SELECT m.amname FROM pg_am m WHERE m.oid = o.opcmethod)",
        ),
    ),
    (
        "operator family",
        0,
        _named(
            "pg_opfamily o",
            "o.opfname",
            "o.opfnamespace",
            path=", (SELECT m.amname FROM pg_am m WHERE m.oid = o.opfmethod)",
        ),
    ),
    ("collation", 0, _named("pg_collation l", "l.collname", "l.collnamespace")),
    ("conversion", 0, _named("pg_conversion v", "v.conname", "v.connamespace")),
    ("text search configuration", 0, _named("pg_ts_config f", "f.cfgname", "f.cfgnamespace")),
    ("text search dictionary", 0, _named("pg_ts_dict d", "d.dictname", "d.dictnamespace")),
    ("text search parser", 0, _named("pg_ts_parser p", "p.prsname", "p.prsnamespace")),
    ("text search template", 0, _named("pg_ts_template t", "t.tmplname", "t.tmplnamespace")),
    ("event trigger", 0, _free("pg_event_trigger", "e", "e.evtname")),
    ("language", 0, _free("pg_language", "l", "l.lanname")),
    ("access method", 0, _free("pg_am", "m", "m.amname")),
    (
        "cast",
        0,
        _free(
            "pg_cast",
            "t",
            "format_type(t.castsource, NULL), format_type(t.casttarget, NULL)",
            f"NOT {_internal('t', 'pg_cast')}",
        ),
    ),
    (
        "transform",
        0,
        _free(
            "pg_transform",
            "t",
            "format_type(t.trftype, NULL), (SELECT l.lanname FROM pg_language l WHERE l.oid = t.trflang)",
        ),
    ),
    ("foreign data wrapper", 0, _free("pg_foreign_data_wrapper", "w", "w.fdwname")),
    ("server", 0, _free("pg_foreign_server", "s", "s.srvname")),
    (
        "user mapping",
        0,
        "SELECT ARRAY[srvname, usename]::text[] FROM pg_user_mappings u WHERE NOT EXISTS (SELECT FROM pg_depend e"
        " WHERE e.classid = 'pg_foreign_server'::regclass AND e.objid = u.srvid AND e.deptype = 'e')",
    ),
    ("publication", 0, _free("pg_publication", "p", "p.pubname")),
    (
        "subscription",
        0,
        "SELECT ARRAY[s.subname]::text[] FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
        " WHERE d.datname = current_database()",
    ),
    (
        "default privileges",
        0,
        "SELECT ARRAY[pg_get_userbyid(a.defaclrole), coalesce(n.nspname, ''), CASE a.defaclobjtype"
        " WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'"
        " WHEN 'n' THEN 'schemas' ELSE 'large objects' END]::text[]"
        " FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace",
    ),
    ("privileges", 0, " UNION ALL ".join(_granted_on_members(*place) for place in _GRANTED)),
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that can be set: of which kind, its name, where it is set, and how to see it in the model."""

    kind: str
    name: str
    query: Paths
    claimed: Callable[[Any], bool]
    since: int = 0


def _has(*names: str) -> Callable[[Any], bool]:
    """The model holds something under one of these fields."""
    return lambda thing: any(bool(getattr(thing, name)) for name in names)


def _not_at(name: str, *usual: object) -> Callable[[Any], bool]:
    return lambda thing: getattr(thing, name) not in usual


def _set(name: str) -> Callable[[Any], bool]:
    return lambda thing: getattr(thing, name) is not None


def _says(*words: str) -> Callable[[Any], bool]:
    """The definition has one of these words in it."""
    return lambda thing: any(word in thing.definition for word in words)


def _made_with(*words: str) -> Callable[[Any], bool]:
    return lambda thing: any(word in statement for word in words for statement in thing.create)


def _never(_: object) -> bool:
    return False


_RIGHTS = _has("grants", "revokes")
_STANDARD = "(SELECT array_agg(s ORDER BY s::text) FROM unnest(acldefault({kind}, {owner})) s)"


def _rights(acl: str, kind: str, owner: str) -> str:
    """A condition: the rights differ from those that the kind has from birth."""
    return (
        f"{acl} IS NOT NULL AND (SELECT array_agg(s ORDER BY s::text) FROM unnest({acl}) s)"
        f" IS DISTINCT FROM {_STANDARD.format(kind=kind, owner=owner)}"
    )


def _toast(condition: str) -> str:
    return f"EXISTS (SELECT FROM pg_class o WHERE o.oid = c.reltoastrelid AND {condition})"


_TABLES = (
    ("options", "r,p", "c.reloptions IS NOT NULL", _has("options")),
    ("options of the toast table", "r", _toast("o.reloptions IS NOT NULL"), _has("toast_options")),
    ("tablespace", "r,p", "c.reltablespace <> 0", _set("tablespace")),
    (
        "access method",
        "r,p",
        "c.relam <> 0 AND c.relam <> (SELECT m.oid FROM pg_am m WHERE m.amname = 'heap')",
        _set("access_method"),
    ),
    ("persistence", "r,p", "c.relpersistence <> 'p'", _not_at("persistence", "permanent")),
    ("row security", "r,p", "c.relrowsecurity", _has("row_security")),
    ("forced row security", "r,p", "c.relforcerowsecurity", _has("force_row_security")),
    ("replica identity", "r,p", "c.relreplident <> 'd'", _not_at("replica_identity", "default")),
    ("partition key", "p", "true", _set("partition_key")),
    ("partition bound", "r,p", "c.relispartition", _set("partition_bound")),
    (
        "parents",
        "r,p",
        "EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)",
        _has("inherits", "partition_of"),
    ),
    ("type", "r,p", "c.reloftype <> 0", _set("of_type")),
    ("rights", "r,p", _rights("c.relacl", "'r'", "c.relowner"), _RIGHTS),
)

_COLUMNS = (
    ("not null", "r,p,f", "a.attnotnull", _has("not_null")),
    # Since 17 a partition has its parent's identity, and no sequence of its own behind it.
    (
        "identity",
        "r,p,f",
        "a.attidentity <> '' AND (NOT c.relispartition OR EXISTS (SELECT FROM pg_depend own WHERE own.deptype = 'i'"
        " AND own.classid = 'pg_class'::regclass AND own.refclassid = 'pg_class'::regclass"
        " AND own.refobjid = c.oid AND own.refobjsubid = a.attnum))",
        _set("identity"),
    ),
    ("generated expression", "r,p,f", "a.attgenerated <> ''", _set("generated")),
    ("statistics target", "r,p,f", "a.attstattarget > -1", _set("statistics")),
    ("options", "r,p,f", "a.attoptions IS NOT NULL", _has("options")),
    ("foreign options", "r,p,f", "a.attfdwoptions IS NOT NULL", _has("foreign_options")),
    (
        "storage",
        "r,p,f",
        "a.attstorage <> (SELECT t.typstorage FROM pg_type t WHERE t.oid = a.atttypid)",
        _set("storage"),
    ),
    ("compression", "r,p,f", "a.attcompression <> ''", _set("compression")),
    (
        "collation",
        "r,p,f",
        "a.attcollation <> (SELECT t.typcollation FROM pg_type t WHERE t.oid = a.atttypid)",
        _set("collation"),
    ),
    ("inheritance", "r,p,f", "NOT a.attislocal", _has("inherited")),
    ("rights", "r,p,f", "a.attacl IS NOT NULL AND cardinality(a.attacl) > 0", _RIGHTS),
)


def _not_null(condition: str) -> Paths:
    return _columns(
        f"k.contype = 'n' AND {condition}",
        more="JOIN pg_constraint k ON k.conrelid = c.oid AND k.conkey[1] = a.attnum",
    )


_SEQUENCE = "JOIN pg_sequence q ON q.seqrelid = c.oid"
_FREE_SEQUENCE = f"NOT {_internal('c', 'pg_class')}"


def _sequences(condition: str) -> Paths:
    return _relations("S", "n.nspname, c.relname", _SEQUENCE, f"{_FREE_SEQUENCE} AND {condition}")


def _functions(condition: str) -> Paths:
    return _named(
        "pg_proc p", "p.proname", "p.pronamespace", f"p.prokind <> 'a' AND {_FUNCTION} AND {condition}", _TYPES
    )


def _of_view(condition: str) -> Paths:
    """Paths of views with a column where something is set."""
    column = f"SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND {condition}"
    return _relations("v", condition=f"EXISTS ({column})")


def _of_matview(condition: str) -> Paths:
    column = f"SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND {condition}"
    return _relations("m", condition=f"EXISTS ({column})")


ATTRIBUTES: tuple[Attribute, ...] = (
    *(Attribute("table", name, _relations(kinds, condition=where), claim) for name, kinds, where, claim in _TABLES),
    *(Attribute("column", name, _columns(where, kinds), claim) for name, kinds, where, claim in _COLUMNS),
    Attribute("column", "NO INHERIT of not null", _not_null("k.connoinherit"), _has("not_null_no_inherit"), 180000),
    Attribute(
        "column",
        "not null, not valid",
        _not_null("NOT k.convalidated"),
        lambda thing: not thing.not_null_valid,
        180000,
    ),
    # Foreign tables.
    Attribute(
        "foreign table",
        "options",
        _relations("f", more="JOIN pg_foreign_table x ON x.ftrelid = c.oid", condition="x.ftoptions IS NOT NULL"),
        _has("options"),
    ),
    Attribute("foreign table", "rights", _relations("f", condition=_rights("c.relacl", "'r'", "c.relowner")), _RIGHTS),
    Attribute(
        "foreign table",
        "parents",
        _relations("f", condition="EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)"),
        _has("inherits", "partition_of"),
    ),
    # Views and materialised views.
    Attribute("view", "options", _relations("v", condition="c.reloptions IS NOT NULL"), _has("options")),
    Attribute("view", "rights", _relations("v", condition=_rights("c.relacl", "'r'", "c.relowner")), _RIGHTS),
    Attribute("view", "column rights", _of_view("cardinality(a.attacl) > 0"), _has("grants")),
    Attribute(
        "view",
        "state of its own rule",
        _relations(
            "v,m",
            more="JOIN pg_rewrite w ON w.ev_class = c.oid",
            condition="w.rulename = '_RETURN' AND w.ev_enabled <> 'O'",
        ),
        _never,
    ),
    Attribute("materialized view", "options", _relations("m", condition="c.reloptions IS NOT NULL"), _has("options")),
    Attribute(
        "materialized view",
        "options of the toast table",
        _relations("m", condition=_toast("o.reloptions IS NOT NULL")),
        _has("toast_options"),
    ),
    Attribute(
        "materialized view", "rights", _relations("m", condition=_rights("c.relacl", "'r'", "c.relowner")), _RIGHTS
    ),
    Attribute("materialized view", "column rights", _of_matview("cardinality(a.attacl) > 0"), _has("grants")),
    Attribute("materialized view", "tablespace", _relations("m", condition="c.reltablespace <> 0"), _set("tablespace")),
    Attribute(
        "materialized view",
        "access method",
        _relations("m", condition="c.relam <> (SELECT m.oid FROM pg_am m WHERE m.amname = 'heap')"),
        _set("access_method"),
    ),
    Attribute("materialized view", "persistence", _relations("m", condition="c.relpersistence <> 'p'"), _never),
    Attribute("materialized view", "row security", _relations("m", condition="c.relrowsecurity"), _never),
    Attribute(
        "materialized view", "replica identity", _relations("m", condition="c.relreplident NOT IN ('d', 'n')"), _never
    ),
    Attribute("materialized view", "column statistics", _of_matview("a.attstattarget > -1"), _has("column_statistics")),
    Attribute("materialized view", "column options", _of_matview("a.attoptions IS NOT NULL"), _has("column_options")),
    Attribute(
        "materialized view", "column compression", _of_matview("a.attcompression <> ''"), _has("column_compression")
    ),
    Attribute(
        "materialized view",
        "column storage",
        _of_matview("a.attstorage <> (SELECT t.typstorage FROM pg_type t WHERE t.oid = a.atttypid)"),
        _has("column_storage"),
    ),
    # Constraints, and the indexes behind them.
    Attribute(
        "constraint", "not valid", constraint_paths("NOT k.convalidated"), lambda c: not c.validated or not c.enforced
    ),
    Attribute("constraint", "not enforced", constraint_paths("NOT k.conenforced"), lambda c: not c.enforced, 180000),
    Attribute("constraint", "deferrable", constraint_paths("k.condeferrable"), _says("DEFERRABLE")),
    Attribute("constraint", "initially deferred", constraint_paths("k.condeferred"), _says("INITIALLY DEFERRED")),
    Attribute("constraint", "no inherit", constraint_paths("k.contype = 'c' AND k.connoinherit"), _says("NO INHERIT")),
    Attribute("constraint", "match", constraint_paths("k.contype = 'f' AND k.confmatchtype <> 's'"), _says("MATCH")),
    Attribute(
        "constraint", "on delete", constraint_paths("k.contype = 'f' AND k.confdeltype <> 'a'"), _says("ON DELETE")
    ),
    Attribute(
        "constraint", "on update", constraint_paths("k.contype = 'f' AND k.confupdtype <> 'a'"), _says("ON UPDATE")
    ),
    Attribute(
        "constraint",
        "columns to set",
        constraint_paths("k.confdelsetcols IS NOT NULL"),
        _says("SET NULL (", "SET DEFAULT ("),
        150000,
    ),
    Attribute(
        "constraint",
        "state of its triggers",
        constraint_paths("EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O')"),
        _never,
    ),
    *(
        Attribute(
            "constraint",
            f"{name} of its index",
            constraint_paths(
                f"k.contype = ANY ('{{p,u,x}}') AND {where}",
                "JOIN pg_index i ON i.indexrelid = k.conindid JOIN pg_class ic ON ic.oid = k.conindid",
            ),
            claim,
        )
        for name, where, claim in (
            ("options", "ic.reloptions IS NOT NULL", lambda c: bool(c.options) or " WITH (" in c.definition),
            ("tablespace", "ic.reltablespace <> 0", _set("tablespace")),
            ("clustering", "i.indisclustered", _has("clustered")),
            ("validity", "NOT (i.indisvalid AND i.indisready AND i.indislive)", lambda c: not c.index_valid),
            (
                "statistics target",
                "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = ic.oid AND a.attstattarget > -1)",
                _never,
            ),
        )
    ),
    # Indexes.
    Attribute(
        "index", "validity", index_paths("NOT (i.indisvalid AND i.indisready AND i.indislive)"), lambda i: not i.valid
    ),
    Attribute("index", "clustering", index_paths("i.indisclustered"), _has("clustered")),
    Attribute("index", "uniqueness", index_paths("i.indisunique"), _has("unique")),
    Attribute("index", "tablespace", index_paths("ic.reltablespace <> 0"), _set("tablespace")),
    Attribute("index", "options", index_paths("ic.reloptions IS NOT NULL"), _says(" WITH (")),
    Attribute("index", "condition", index_paths("i.indpred IS NOT NULL"), _says(" WHERE ")),
    Attribute("index", "included columns", index_paths("i.indnatts <> i.indnkeyatts"), _says(" INCLUDE (")),
    Attribute("index", "nulls not distinct", index_paths("i.indnullsnotdistinct"), _says("NULLS NOT DISTINCT"), 150000),
    Attribute("index", "order", index_paths("i.indoption::text ~ '[^0 ]'"), _says(" DESC", " NULLS ")),
    Attribute(
        "index",
        "statistics target",
        index_paths("EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = ic.oid AND a.attstattarget > -1)"),
        _has("statistics"),
    ),
    Attribute(
        "index",
        "parameters of its operator classes",
        index_paths("EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = ic.oid AND a.attoptions IS NOT NULL)"),
        lambda i: "='" in i.definition,
    ),
    Attribute("index", "parent", index_paths("ic.relispartition"), _set("parent")),
    # Sequences.
    Attribute("sequence", "increment", _sequences("q.seqincrement <> 1"), _not_at("increment", 1)),
    Attribute("sequence", "start", _sequences("q.seqstart <> 1"), _not_at("start", 1)),
    Attribute("sequence", "cache", _sequences("q.seqcache <> 1"), _not_at("cache", 1)),
    Attribute("sequence", "cycle", _sequences("q.seqcycle"), _has("cycle")),
    Attribute("sequence", "type", _sequences("q.seqtypid <> 'int8'::regtype"), _not_at("type", "bigint")),
    Attribute(
        "sequence",
        "minimum",
        _sequences("q.seqincrement > 0 AND q.seqmin <> 1"),
        _set("minimum"),
    ),
    Attribute("sequence", "persistence", _sequences("c.relpersistence <> 'p'"), _not_at("persistence", "permanent")),
    Attribute(
        "sequence",
        "owner column",
        _sequences(
            "EXISTS (SELECT FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid"
            " AND o.deptype = 'a' AND o.refobjsubid > 0)"
        ),
        _set("owned_by"),
    ),
    Attribute("sequence", "rights", _sequences(_rights("c.relacl", "'s'", "c.relowner")), _RIGHTS),
    # Functions.
    Attribute("function", "security definer", _functions("p.prosecdef"), _says("SECURITY DEFINER")),
    Attribute("function", "leakproof", _functions("p.proleakproof"), _says("LEAKPROOF")),
    Attribute("function", "strict", _functions("p.proisstrict"), _says("STRICT")),
    Attribute("function", "settings", _functions("p.proconfig IS NOT NULL"), _says(" SET ")),
    Attribute("function", "volatility", _functions("p.provolatile <> 'v'"), _says("STABLE", "IMMUTABLE")),
    Attribute("function", "parallelism", _functions("p.proparallel <> 'u'"), _says("PARALLEL")),
    Attribute("function", "support function", _functions("p.prosupport <> 0"), _says("SUPPORT")),
    Attribute("function", "transforms", _functions("p.protrftypes IS NOT NULL"), _says("TRANSFORM")),
    Attribute("function", "defaults", _functions("p.pronargdefaults > 0"), _not_at("defaults", 0)),
    Attribute("function", "rights", _functions(_rights("p.proacl", "'f'", "p.proowner")), _RIGHTS),
    Attribute(
        "aggregate",
        "rights",
        _named(
            "pg_proc p",
            "p.proname",
            "p.pronamespace",
            f"p.prokind = 'a' AND {_rights('p.proacl', chr(39) + 'f' + chr(39), 'p.proowner')}",
            _TYPES,
        ),
        _RIGHTS,
    ),
    # What hangs on tables.
    Attribute(
        "trigger",
        "state",
        _attached("pg_trigger g", "g.tgrelid", "g.tgname", f"{_TRIGGER} AND g.tgenabled <> 'O'", "r,p,f,v"),
        _not_at("enabled", "origin"),
    ),
    Attribute(
        "trigger",
        "condition",
        _attached("pg_trigger g", "g.tgrelid", "g.tgname", f"{_TRIGGER} AND g.tgqual IS NOT NULL", "r,p,f,v"),
        _says(" WHEN ("),
    ),
    Attribute(
        "trigger",
        "deferrability",
        _attached("pg_trigger g", "g.tgrelid", "g.tgname", f"{_TRIGGER} AND g.tgdeferrable", "r,p,f,v"),
        _says(" DEFERRABLE"),
    ),
    Attribute(
        "rule",
        "state",
        _attached(
            "pg_rewrite r", "r.ev_class", "r.rulename", "r.rulename <> '_RETURN' AND r.ev_enabled <> 'O'", "r,p,f,v,m"
        ),
        _not_at("enabled", "origin"),
    ),
    Attribute(
        "policy",
        "command",
        _attached("pg_policy p", "p.polrelid", "p.polname", "p.polcmd <> '*'"),
        _not_at("command", "all"),
    ),
    Attribute(
        "policy",
        "restrictive",
        _attached("pg_policy p", "p.polrelid", "p.polname", "NOT p.polpermissive"),
        lambda p: not p.permissive,
    ),
    Attribute(
        "policy",
        "roles",
        _attached("pg_policy p", "p.polrelid", "p.polname", "p.polroles <> '{0}'"),
        _not_at("roles", ("PUBLIC",)),
    ),
    Attribute(
        "policy",
        "condition",
        _attached("pg_policy p", "p.polrelid", "p.polname", "p.polqual IS NOT NULL"),
        _set("using"),
    ),
    Attribute(
        "policy",
        "check",
        _attached("pg_policy p", "p.polrelid", "p.polname", "p.polwithcheck IS NOT NULL"),
        _set("check"),
    ),
    Attribute(
        "statistics",
        "target",
        _named("pg_statistic_ext s", "s.stxname", "s.stxnamespace", "s.stxstattarget > -1"),
        _set("target"),
    ),
    # Types.
    Attribute(
        "type",
        "rights",
        _named(
            "pg_type t",
            "t.typname",
            "t.typnamespace",
            f"{_REAL_TYPE} AND {_rights('t.typacl', chr(39) + 'T' + chr(39), 't.typowner')}",
        ),
        _RIGHTS,
    ),
    Attribute(
        "type",
        "not null",
        _named("pg_type t", "t.typname", "t.typnamespace", "t.typtype = 'd' AND t.typnotnull"),
        _has("not_null"),
    ),
    Attribute(
        "type",
        "default",
        _named("pg_type t", "t.typname", "t.typnamespace", "t.typtype = 'd' AND t.typdefaultbin IS NOT NULL"),
        _set("default"),
    ),
    Attribute(
        "type",
        "checks",
        _named(
            "pg_type t",
            "t.typname",
            "t.typnamespace",
            "EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')",
        ),
        _has("checks"),
    ),
    # The rest.
    Attribute(
        "schema", "rights", _free("pg_namespace", "n", "n.nspname", _rights("n.nspacl", "'n'", "n.nspowner")), _RIGHTS
    ),
    Attribute(
        "server",
        "rights",
        _free("pg_foreign_server", "s", "s.srvname", _rights("s.srvacl", "'S'", "s.srvowner")),
        _RIGHTS,
    ),
    Attribute(
        "foreign data wrapper",
        "rights",
        _free("pg_foreign_data_wrapper", "w", "w.fdwname", _rights("w.fdwacl", "'F'", "w.fdwowner")),
        _RIGHTS,
    ),
    Attribute(
        "language", "rights", _free("pg_language", "l", "l.lanname", _rights("l.lanacl", "'l'", "l.lanowner")), _RIGHTS
    ),
    Attribute(
        "event trigger",
        "state",
        _free("pg_event_trigger", "e", "e.evtname", "e.evtenabled <> 'O'"),
        _not_at("enabled", "origin"),
    ),
    Attribute(
        "event trigger",
        "tags",
        _free("pg_event_trigger", "e", "e.evtname", "e.evttags IS NOT NULL"),
        _says(" WHEN TAG IN"),
    ),
    Attribute(
        "publication",
        "all tables",
        _free("pg_publication", "p", "p.pubname", "p.puballtables"),
        _made_with("FOR ALL TABLES"),
    ),
    Attribute(
        "publication",
        "root",
        _free("pg_publication", "p", "p.pubname", "p.pubviaroot"),
        _made_with("via_partition_root"),
    ),
    Attribute(
        "publication",
        "tables",
        _free("pg_publication", "p", "p.pubname", "EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid)"),
        _made_with("TABLE ONLY"),
    ),
    Attribute(
        "collation",
        "determinism",
        _named("pg_collation l", "l.collname", "l.collnamespace", "NOT l.collisdeterministic"),
        _made_with("deterministic = false"),
    ),
)


_MEMBERS = (
    "NOT EXISTS (SELECT FROM pg_depend e WHERE e.deptype = 'e' AND e.classid = d.classoid AND e.objid = d.objoid)"
)
_NOT_OURS = f"NOT (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT h.oid FROM pg_class h WHERE {_ours('h')}))"

COMMENTS = f"""
SELECT d.classoid, d.objoid, d.objsubid, d.description FROM pg_description d
 WHERE d.classoid <> 'pg_largeobject'::regclass AND d.objoid >= {NORMAL} AND {_MEMBERS} AND {_NOT_OURS}"""

LABELS = f"""
SELECT d.classoid, d.objoid, d.objsubid, d.label FROM pg_seclabel d WHERE d.objoid >= {NORMAL} AND {_MEMBERS}"""

_SYSTEM = (
    # catalog, acl, schema
    ("pg_class", "relacl", "relnamespace"),
    ("pg_proc", "proacl", "pronamespace"),
    ("pg_namespace", "nspacl", "o.oid"),
    ("pg_type", "typacl", "typnamespace"),
    ("pg_language", "lanacl", "0"),
)


def _changed_rights(table: str, acl: str, schema: str) -> str:
    """Rights on the server's own objects, and no extension's, that somebody has changed since.

    initdb makes information_schema after it has noted what everything's first rights are.
    """
    return f"""
SELECT format('%s: changed rights', pg_describe_object('{table}'::regclass, o.oid, 0))
  FROM {table} o
  LEFT JOIN pg_init_privs i ON i.classoid = '{table}'::regclass AND i.objoid = o.oid AND i.objsubid = 0
 WHERE o.{acl} IS NOT NULL
   AND o.oid < {NORMAL}
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{table}'::regclass
                      AND e.objid = o.oid AND e.deptype = 'e')
   AND NOT ('{table}' = 'pg_namespace' AND o.oid = 2200)
   AND {schema} <> 'information_schema'::regnamespace
   AND (SELECT array_agg(x ORDER BY x::text) FROM unnest(o.{acl}) x)
       IS DISTINCT FROM (SELECT array_agg(x ORDER BY x::text) FROM unnest(i.initprivs) x)"""


_COLUMN_RIGHTS = f"""
SELECT format('%s: changed rights', pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum))
  FROM pg_attribute a
  JOIN pg_class o ON o.oid = a.attrelid
  LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = o.oid AND i.objsubid = a.attnum
 WHERE a.attacl IS NOT NULL
   AND (o.oid < {NORMAL} OR EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
                                       AND e.objid = o.oid AND e.deptype = 'e'))
   AND (SELECT array_agg(x ORDER BY x::text) FROM unnest(a.attacl) x)
       IS DISTINCT FROM (SELECT array_agg(x ORDER BY x::text) FROM unnest(i.initprivs) x)"""


OUTSIDE: tuple[tuple[int, str], ...] = (
    *((0, _changed_rights(table, acl, schema)) for table, acl, schema in _SYSTEM),
    (0, _COLUMN_RIGHTS),
    (0, "SELECT format('large object %s', oid) FROM pg_largeobject_metadata"),
    (
        0,
        "SELECT format('setting %s of %s', split_part(v, '=', 1), CASE s.setrole WHEN 0 THEN 'the database' ELSE"
        " 'role ' || pg_get_userbyid(s.setrole) || ' in the database' END) FROM pg_db_role_setting s"
        " JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) v WHERE d.datname = current_database()",
    ),
    (
        0,
        f"SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d"
        f" WHERE d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.objid >= {NORMAL}"
        f" AND d.refclassid = 'pg_opfamily'::regclass AND d.refobjid < {NORMAL} AND d.deptype = 'a'",
    ),
    (
        0,
        "SELECT format('%s: grantor %s of a right', pg_describe_object('pg_class'::regclass, c.oid, 0),"
        " pg_get_userbyid(x.grantor)) FROM pg_class c, aclexplode(c.relacl) x"
        f" WHERE c.oid >= {NORMAL} AND x.grantor <> c.relowner",
    ),
)
"""What is outside of any schema, or was there before: each row is a sentence's subject."""
