"""Tables spread over the nodes of Citus: what is declared, what Citus would refuse, and the SQL that does it.

The SQL is guarded: without the extension it does nothing, so that a laptop runs the same files as a cluster. Source:
the manual of Citus, "Citus Utility Functions" (create_distributed_table, create_reference_table, undistribute_table)
and "Unique and foreign key constraints" of its pages on creating distributed tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.keys import foreign_keys, unique_keys
from schematool.core.model.entity import Entity, Model
from schematool.core.sql.quote import literal, qualified


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
    spread = {entity.name: made for entity in model.entities if (made := distribution(entity))}
    for entity in model.entities:
        made = spread.get(entity.name)
        if made is None:
            continue
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


def _references(entity: Entity, spread: Mapping[str, Distribution], model: Model) -> Iterator[Diagnostic]:
    """A foreign key leads to a table that is everywhere, or along the field by which both are spread, side by side."""
    made = spread[entity.name]
    for foreign in foreign_keys(entity, model):
        target = spread.get(foreign.entity)
        everywhere = target is not None and target.field is None
        along = target is not None and (made.field, target.field) in set(
            zip(foreign.ours, foreign.theirs, strict=False)
        )
        if everywhere or (along and target is not None and _side_by_side(made, target)):
            continue
        message = f"`{entity.name}` refers to `{foreign.entity}`, whose rows lie on other nodes"
        hint = f"spread both by the key that leads there, one `beside` the other, or `{foreign.entity}` everywhere"
        yield _wrong(message, foreign.span, entity, hint)


def _side_by_side(one: Distribution, other: Distribution) -> bool:
    return (
        one.beside == other.table
        or other.beside == one.table
        or (one.beside is not None and one.beside == other.beside)
    )


def statements(made: Distribution) -> tuple[str, str]:
    """The way there and the way back, for a migration by hand."""
    table = literal(qualified(made.schema, made.table))
    there = f"logicalrelid = {table}::regclass"
    if made.field is None:
        spread = f"create_reference_table({table})"
    else:
        beside = f", colocate_with => {literal(qualified(made.schema, made.beside))}" if made.beside else ""
        shards = f", shard_count => {made.shards}" if made.shards and not made.beside else ""
        spread = f"create_distributed_table({table}, {literal(made.field)}{beside}{shards})"
    return _guarded(f"NOT EXISTS (SELECT FROM pg_dist_partition WHERE {there})", spread, made.table), _guarded(
        f"EXISTS (SELECT FROM pg_dist_partition WHERE {there})", f"undistribute_table({table})", made.table
    )


def _guarded(when: str, call: str, table: str) -> str:
    """Nothing is looked up before it is reached: PL/pgSQL plans a statement when it first runs it."""
    return (
        "DO $citus$\nBEGIN\n"
        "  IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') THEN\n"
        f"    RAISE NOTICE 'without citus % stays on one node', {literal(table)};\n"
        f"  ELSIF {when} THEN\n    PERFORM {call};\n  END IF;\nEND\n$citus$"
    )
