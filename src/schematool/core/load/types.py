"""The type names that each store knows, and whether two types can hold the same values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "integer": (
        "smallint",
        "int2",
        "integer",
        "int",
        "int4",
        "bigint",
        "int8",
        "smallserial",
        "serial2",
        "serial",
        "serial4",
        "bigserial",
        "serial8",
    ),
    "decimal": ("numeric", "decimal"),
    "float": ("real", "float4", "double precision", "float8", "float"),
    "text": ("text", "varchar", "character varying", "char", "character", "bpchar", '"char"', "name"),
    "uuid": ("uuid",),
    "boolean": ("boolean", "bool"),
    "date": ("date",),
    "timestamp": ("timestamp", "timestamptz", "timestamp with time zone", "timestamp without time zone"),
    "time": ("time", "timetz", "time with time zone", "time without time zone"),
    "bytes": ("bytea",),
    "json": ("json", "jsonb"),
}
_OTHERS = [
    "money",
    "interval",
    "bit",
    "varbit",
    "cidr",
    "inet",
    "macaddr",
    "macaddr8",
    "box",
    "circle",
    "line",
    "lseg",
    "path",
    "point",
    "polygon",
    "tsquery",
    "tsvector",
    "xml",
    "jsonpath",
    "pg_lsn",
    "pg_snapshot",
    "txid_snapshot",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "oid",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "refcursor",
    "record",
    "void",
    "trigger",
    "event_trigger",
    "xid",
    "xid8",
    "cid",
    "tid",
    "anyelement",
    "anyarray",
    "anynonarray",
    "anyenum",
    "anyrange",
    "anymultirange",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anycompatiblemultirange",
    "internal",
    "cstring",
    "language_handler",
    "fdw_handler",
    "index_am_handler",
    "table_am_handler",
    "tsm_handler",
    "aclitem",
    "int2vector",
    "oidvector",
]

POSTGRES: frozenset[str] = frozenset(
    {name for names in _FAMILIES.values() for name in names}
    | set(_OTHERS)
    | {"bit varying", "national character varying", "national character", "nchar"}
)
"""Built-in types by every spelling that PostgreSQL reads, without modifiers."""

EXTENSION_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("citext",), "citext"),
    **dict.fromkeys(("hstore",), "hstore"),
    **dict.fromkeys(("ltree", "lquery", "ltxtquery"), "ltree"),
    **dict.fromkeys(("vector", "halfvec", "sparsevec"), "vector"),
    **dict.fromkeys(("geometry", "geography", "box2d", "box3d"), "postgis"),
    **dict.fromkeys(("cube",), "cube"),
    **dict.fromkeys(("seg",), "seg"),
    **dict.fromkeys(("isbn", "isbn13", "issn", "issn13", "ismn", "ismn13", "ean13", "upc"), "isn"),
    **dict.fromkeys(("query_int",), "intarray"),
}
"""Types that common extensions bring, with the extension's name."""

MONGO: frozenset[str] = frozenset(
    [
        "double",
        "string",
        "object",
        "array",
        "binData",
        "objectId",
        "bool",
        "date",
        "null",
        "regex",
        "javascript",
        "int",
        "timestamp",
        "long",
        "decimal",
        "minKey",
        "maxKey",
        "undefined",
        "dbPointer",
        "symbol",
        "javascriptWithScope",
        "number",
        "any",
    ]
)
"""Type names of MongoDB's `bsonType`, and `any`."""

MONGO_SYNONYMS: Mapping[str, str] = {
    "text": "string",
    "str": "string",
    "varchar": "string",
    "boolean": "bool",
    "integer": "int",
    "bigint": "long",
    "float": "double",
    "numeric": "decimal",
    "datetime": "date",
    "timestamptz": "date",
    "binary": "binData",
    "bytes": "binData",
    "uuid": "string",
    "mixed": "any",
    "map": "object",
    "json": "object",
    "jsonb": "object",
    "list": "array",
    "dbref": "object",
}
"""What people write for MongoDB's names; a hint, not accepted."""

_ARRAY = re.compile(r"(\s*\[\s*\d*\s*\])+\s*$|\s+array(\s*\[\s*\d*\s*\])?\s*$", re.IGNORECASE)
_MODIFIER = re.compile(r"\s*\([^()]*\)")
_INTERVAL = re.compile(r"interval\s+(year|month|day|hour|minute|second)(\s+to\s+(month|day|hour|minute|second))?$")


def base(text: str) -> str:
    """The bare name of a PostgreSQL type: no modifiers, no array brackets, lower case unless quoted.

    >>> base("VARCHAR(50)[]"), base("timestamp(3) with time zone"), base('app."Mood"[3]')
    ('varchar', 'timestamp with time zone', 'app."Mood"')
    """
    name = bare(text)
    name = (name if '"' in name else name.lower()).removeprefix("pg_catalog.")
    return "interval" if _INTERVAL.match(name) else name


def bare(text: str) -> str:
    """The name of a type as it is written, without modifiers and array brackets.

    >>> bare("Mood[]"), bare("numeric(10, 2)")
    ('Mood', 'numeric')
    """
    return re.sub(r"\s+", " ", _MODIFIER.sub("", _ARRAY.sub("", text.strip()))).strip()


def is_array(text: str) -> bool:
    """Whether a PostgreSQL type is an array.

    >>> is_array("text[]"), is_array("text")
    (True, False)
    """
    return _ARRAY.search(text.strip()) is not None


def family(store: str, name: str, form: str | None = None) -> str | None:
    """What kind of values a type holds, in words that both stores share; None when that cannot be said.

    >>> family("postgres", "varchar(20)"), family("mongo", "string", "uuid"), family("mongo", "long")
    ('text', 'uuid', 'integer')
    """
    if store == "mongo":
        return _MONGO_FAMILY.get(name) if name != "string" else ("uuid" if form == "uuid" else "text")
    if is_array(name):
        return None
    return _POSTGRES_FAMILY.get(base(name))


_POSTGRES_FAMILY = {name: kind for kind, names in _FAMILIES.items() for name in names}
_MONGO_FAMILY = {
    "int": "integer",
    "long": "integer",
    "double": "float",
    "decimal": "decimal",
    "bool": "boolean",
    "date": "timestamp",
    "objectId": "objectId",
    "binData": "bytes",
}

# Pairs that PostgreSQL can compare with an index, or that an application can keep in step across stores.
_COMPATIBLE: Collection[frozenset[str]] = (
    frozenset({"integer", "decimal"}),
    frozenset({"integer", "float"}),
    frozenset({"decimal", "float"}),
    frozenset({"date", "timestamp"}),
    frozenset({"bytes", "uuid"}),
)


def compatible(one: str | None, other: str | None) -> bool:
    """Whether values of the one family can point at values of the other; true when either is unknown."""
    return one is None or other is None or one == other or frozenset({one, other}) in _COMPATIBLE
