"""Entities and declarations to a draft catalog of PostgreSQL, with the user's texts: the server normalises them."""

from __future__ import annotations

from schematool.core.catalog import Catalog, Id
from schematool.core.change import Renamed
from schematool.core.diagnostic import Findings
from schematool.core.lower import Draft
from schematool.core.lower.postgres import others, relations, routines, tables, triggers, types
from schematool.core.lower.postgres.read import text
from schematool.core.lower.postgres.scope import PUBLIC, Scope, schema_of, was_place
from schematool.core.lower.renames import check_renames
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Declaration, Model

# Renames are made from the outside in, so that each finds its object under the new name of what holds it.
_RENAME_ORDER = (
    "schema",
    "type",
    "enum value",
    "attribute",
    "table",
    "view",
    "materialized view",
    "sequence",
    "function",
    "column",
)


def lower(model: Model, found: Findings) -> Draft:
    """Make the draft of everything whose store is postgres; what cannot be meant is added to `found`."""
    scope = Scope(model, found)
    for entity in model.entities:
        if entity.store == "postgres":
            tables.reserve(scope, entity)
    for thing in model.declarations:
        if thing.store == "postgres":
            _declaration(scope, thing)
    for entity in sorted(model.entities, key=lambda one: tables.depth(scope, one)):
        if entity.store == "postgres":
            tables.table(scope, entity)
    _schemas(scope)
    check_renames(scope.renames, {*scope.objects, *pg.members(scope.objects.values())}, found)
    return Draft(
        catalog=Catalog.of("postgres", scope.objects.values()),
        extra=tuple(scope.extra),
        renames={one: scope.renames[one] for one in sorted(scope.renames, key=_rename_rank)},
        places=scope.places,
        roles=tuple(sorted(scope.roles)),
    )


def _rename_rank(change: Renamed) -> tuple[int, Id]:
    kind = change.before.kind
    return (_RENAME_ORDER.index(kind) if kind in _RENAME_ORDER else len(_RENAME_ORDER)), change.before


def _declaration(scope: Scope, thing: Declaration) -> None:
    common = scope.common(thing.options, thing.description)
    match thing.kind:
        case "enum":
            types.enum(scope, thing, common)
        case "domain":
            types.domain(scope, thing, common)
        case "composite":
            types.composite(scope, thing, common)
        case "range":
            types.range_type(scope, thing, common)
        case "sequence":
            types.sequence(scope, thing, common)
        case "collation":
            types.collation(scope, thing, common)
        case "function" | "procedure":
            routines.routine(scope, thing, common)
        case "aggregate":
            routines.aggregate(scope, thing, common)
        case "view":
            relations.view(scope, thing, common)
        case "materialized_view":
            relations.materialized_view(scope, thing, common)
        case "trigger":
            _trigger(scope, thing)
        case "extension":
            others.extension(scope, thing)
        case "schema":
            others.schema(scope, thing, common)
        case "event_trigger":
            others.event_trigger(scope, thing, common)
        case "default_privileges":
            others.default_privileges(scope, thing, common)
        case "object" | "sql":
            others.carried(scope, thing)
        case _:
            return  # patterns are no part of a database
    _renamed(scope, thing)


def _renamed(scope: Scope, thing: Declaration) -> None:
    kind = {
        "enum": "type",
        "domain": "type",
        "composite": "type",
        "range": "type",
        "sequence": "sequence",
        "collation": "collation",
    }.get(thing.kind)
    if thing.was and kind:
        scope.renamed(kind, (schema_of(thing), thing.was), (schema_of(thing), thing.name), was_place(thing))


def _trigger(scope: Scope, thing: Declaration) -> None:
    relation = scope.relation(text(thing.options, "on") or "")
    was = (thing.was, was_place(thing)) if thing.was else None
    triggers.trigger(scope, relation, thing.name, thing.options, thing.span, thing.description, was)


def _schemas(scope: Scope) -> None:
    """`public` is there always; another schema that is only named is made, as a folder would be."""
    named = {of.path[0] for of in scope.objects if len(of.path) > 1 and of.kind != "default privileges"} | {PUBLIC}
    named |= {thing.schema for thing in scope.objects.values() if isinstance(thing, pg.Extension)}
    for name in sorted(named):
        of = Id("schema", (name,))
        if of not in scope.objects and not name.startswith("pg_"):
            scope.objects[of] = pg.Schema(id=of)
            inside = [span for made, span in scope.places.items() if made.path[0] == name]
            if inside:
                scope.places[of] = min(inside)
