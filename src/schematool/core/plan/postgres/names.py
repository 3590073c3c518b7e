"""How SQL names an object: in COMMENT ON, ALTER … OWNER TO, GRANT ON and DROP."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import identifier, qualified

_WORDS = {
    "table": "TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "foreign table": "FOREIGN TABLE",
    "sequence": "SEQUENCE",
    "index": "INDEX",
    "type": "TYPE",
    "schema": "SCHEMA",
    "extension": "EXTENSION",
    "statistics": "STATISTICS",
    "event trigger": "EVENT TRIGGER",
}

_ON_RELATION = {"constraint": "CONSTRAINT", "trigger": "TRIGGER", "rule": "RULE", "policy": "POLICY"}


def relation(of: Id) -> str:
    """The qualified, quoted name of the relation that an object's path begins with."""
    return qualified(*of.path[:2])


def table_of(of: Id) -> Id:
    """The table that a column, default, constraint, trigger, rule or policy belongs to, by its path."""
    return Id("table", of.path[:2])


def name_aside(own: str) -> str:
    """What a type, table or sequence is called between its replacement and its removal."""
    return object_name(own, None, "_schematool_old")


def aside(of: Id) -> Id:
    """The identity of an object that was renamed aside."""
    return Id(of.kind, (*of.path[:-1], name_aside(of.name)))


def name(of: Id) -> str:
    """The qualified, quoted name of an object that has one of its own."""
    if of.kind in {"function", "aggregate"}:
        return f"{qualified(*of.path[:2])}({of.path[2]})"
    return qualified(*of.path)


def reference(thing: pg.PgObject) -> str:
    """The object as COMMENT ON names it: `TABLE public.users`, `CONSTRAINT valid_role ON public.users`."""
    of = thing.id
    match thing:
        case pg.Defined():
            return thing.reference
        case pg.Privileges():
            return f"PRIVILEGES ON {thing.target}"
        case pg.Function():
            word = "PROCEDURE" if thing.kind == "procedure" else "FUNCTION"
            return f"{word} {name(of)}"
        case pg.Domain():
            return f"DOMAIN {name(of)}"
        case pg.Column():
            return f"COLUMN {name(of)}"
        case _ if of.kind in _ON_RELATION:
            return f"{_ON_RELATION[of.kind]} {identifier(of.name)} ON {relation(of)}"
        case _:
            return f"{_WORDS[of.kind]} {name(of)}"


def grant_target(thing: pg.PgObject) -> str:
    """The object as GRANT … ON names it; views and foreign tables are TABLEs there."""
    if thing.id.kind in pg.RELATIONS:
        return f"TABLE {name(thing.id)}"
    if isinstance(thing, pg.Column):
        return f"TABLE {relation(thing.id)}"
    if isinstance(thing, pg.Privileges):
        return thing.target
    if isinstance(thing, pg.Defined) and thing.id.kind == "server":
        return f"FOREIGN {thing.reference}"
    if thing.id.kind == "aggregate" and isinstance(thing, pg.Defined):
        return f"FUNCTION {name(thing.id)}"
    return reference(thing)
