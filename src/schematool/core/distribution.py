"""Tables spread over the nodes of Citus: what is declared, and what Citus would refuse.

Source: the manual of Citus, "Creating and Modifying Distributed Tables" (unique and foreign keys), and the messages of
its server about triggers and about ON DELETE SET NULL of a distribution column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from schematool.core.diagnostic import Diagnostic, Severity, Span
from schematool.core.keys import foreign_keys, unique_keys
from schematool.core.model.entity import Entity, Model
from schematool.core.model.postgres import CITUS


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a table is spread. `field` None: a whole copy on every node. `shards` None: as the server is set."""

    schema: str
    table: str
    field: str | None
    beside: str | None
    shards: int | None
    span: Span


def distribution(entity: Entity) -> Distribution | None:
    """What an entity declares; None for one that stays on one node."""
    words = entity.options.get("distribute_by")
    if words is None or entity.store != "postgres":
        return None
    span = entity.options.span("distribute_by.field") or entity.options.span("distribute_by") or entity.span
    if not isinstance(words, Mapping):
        words = {"field": words}
    shards, beside, field = words.get("shards"), words.get("beside"), words.get("field")
    return Distribution(
        entity.schema or "public",
        entity.name,
        None if field in {None, "everywhere"} else str(field),
        str(beside) if beside else None,
        shards if isinstance(shards, int) else None,
        span,
    )


def mistakes(model: Model) -> Iterator[Diagnostic]:
    """ST135: what Citus would refuse."""
    for thing in model.declarations:
        if thing.kind == "extension" and thing.name in CITUS:
            hint = "remove it: Citus is set up with the cluster, on every node and before the first migration"
            yield Diagnostic("ST135", f"`{thing.name}` is no extension of one database", thing.span, hint)
    spread = {entity.name: made for entity in model.entities if (made := distribution(entity))}
    for entity in model.entities:
        made = spread.get(entity.name)
        if made is None:
            continue
        yield from _triggers(entity, model, made)
        if made.field is not None:
            yield from _own(entity, made)
        if made.beside and (made.beside not in spread or spread[made.beside].field is None or made.field is None):
            place = entity.options.span("distribute_by.beside") or made.span
            yield _wrong(
                f"`{made.beside}` is not spread by a field: `{entity.name}` cannot lie beside it", place, entity
            )
        yield from _references(entity, spread, model)


def _wrong(message: str, span: Span, entity: Entity, hint: str | None = None) -> Diagnostic:
    return Diagnostic("ST135", message, span, hint, subject=entity.name)


def _own(entity: Entity, made: Distribution) -> Iterator[Diagnostic]:
    if made.field not in {field.name for field in entity.fields}:
        yield _wrong(f"`{entity.name}` has no field `{made.field}`", made.span, entity)
        return
    for key, span in unique_keys(entity):
        if made.field not in key:
            message = f"the key ({', '.join(key)}) of `{entity.name}` lacks `{made.field}`, by which it is spread"
            yield _wrong(
                message, span, entity, f"add `{made.field}` to the key: Citus keeps a key within each shard only"
            )


def _triggers(entity: Entity, model: Model, made: Distribution) -> Iterator[Diagnostic]:
    """Citus takes triggers where it is told to, and on tables that are everywhere never (`triggers.c` of Citus)."""
    places = [field.options.span("on_update") or field.span for field in entity.fields if "on_update" in field.options]
    if entity.options.get("triggers"):
        places.append(entity.options.span("triggers") or entity.span)
    triggers = (thing for thing in model.declarations if thing.kind == "trigger")
    places += (thing.span for thing in triggers if model.entity(str(thing.options.get("on"))) == entity)
    for place in places[:1]:
        if made.field is None:
            message = f"`{entity.name}` lies everywhere and has a trigger: Citus refuses it"
            yield _wrong(message, place, entity, "let the application do what the trigger does")
        else:
            message = f"`{entity.name}` has a trigger: Citus refuses it unless citus.enable_unsafe_triggers is on"
            hint = "turn that on for the database on every node, or let the application do what the trigger does"
            yield replace(_wrong(message, place, entity, hint), severity=Severity.WARNING)


def _references(entity: Entity, spread: Mapping[str, Distribution], model: Model) -> Iterator[Diagnostic]:
    """A foreign key leads to a table that is everywhere, or along the field by which both are spread, side by side."""
    made = spread[entity.name]
    for foreign in foreign_keys(entity, model):
        target = spread.get(foreign.entity)
        everywhere = target is not None and target.field is None
        along = target is not None and (made.field, target.field) in set(
            zip(foreign.ours, foreign.theirs, strict=False)
        )
        if everywhere or (along and target is not None and _first(made, spread) == _first(target, spread)):
            continue
        message = f"`{entity.name}` refers to `{foreign.entity}`, whose rows lie on other nodes"
        hint = f"spread both by the key that leads there, one `beside` the other, or `{foreign.entity}` everywhere"
        yield _wrong(message, foreign.span, entity, hint)


def _first(made: Distribution, spread: Mapping[str, Distribution]) -> str:
    """The table that is beside no other of those that lie together with this one."""
    seen = {made.table}
    while made.beside and made.beside in spread and made.beside not in seen:
        made = spread[made.beside]
        seen.add(made.table)
    return made.table
