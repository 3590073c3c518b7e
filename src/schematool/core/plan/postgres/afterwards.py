"""What statements leave otherwise than it shall be, because the server makes or changes things by itself."""

from __future__ import annotations

from collections.abc import Iterator

from schematool.core.catalog import Catalog, Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.attributes import owner
from schematool.core.plan.postgres.create import enabled_state
from schematool.core.plan.postgres.decide import Decision
from schematool.core.plan.postgres.names import name
from schematool.core.step import Lock, Step


def afterwards(decision: Decision) -> Iterator[Step]:
    """Put it right when all else is done."""
    yield from _states_of_clones(decision)
    yield from _lost_by_statistics(decision)


def _states_of_clones(decision: Decision) -> Iterator[Step]:
    """Whether the triggers that partitions have from their parents fire, where that is not what it came to be.

    A clone is made as `origin` with its parent's trigger (CreateTriggerFiringOn, trigger.c), and in its parent's state
    with its table (CloneRowTriggersToPartition, tablecmds.c, PostgreSQL 18).
    """
    for thing in decision.after:
        if not isinstance(thing, pg.Trigger) or not thing.inherited:
            continue
        old = decision.before.objects.get(thing.id)
        if isinstance(old, pg.Trigger) and old.inherited and not _made_anew(decision, thing):
            states = {old.enabled, thing.enabled}
        else:
            states = {"origin", *(one.enabled for one in (thing, *_above(decision.after, thing)))}
        if len(states) > 1:
            yield Step(enabled_state(thing), (thing.id,), lock=Lock.SHARE_ROW_EXCLUSIVE)


def _lost_by_statistics(decision: Decision) -> Iterator[Step]:
    """What statistics have no more when the server has made them again for a column's new type: target and owner.

    ALTER COLUMN TYPE makes them with CREATE STATISTICS, as who runs it (ATPostAlterTypeParse, tablecmds.c).
    """
    for thing in decision.after:
        if not isinstance(thing, pg.Statistics) or thing.id in decision.creates:
            continue
        needed = decision.after.needs_of.get(thing.id, frozenset())
        if any(_gets_a_type(decision, of) for of in needed if of.kind == "column"):
            if thing.target is not None:
                yield Step(f"ALTER STATISTICS {name(thing.id)} SET STATISTICS {thing.target}", (thing.id,))
            yield from (Step(text, (thing.id,)) for text in owner(None, thing))


def _gets_a_type(decision: Decision, column: Id) -> bool:
    change = decision.alters.get(column)
    old, new = (change.before, change.after) if change else (None, None)
    if not isinstance(old, pg.Column) or not isinstance(new, pg.Column):
        return False
    return column in decision.retyped or (old.type, old.collation) != (new.type, new.collation)


def _above(catalog: Catalog, trigger: pg.Trigger) -> Iterator[pg.Trigger]:
    """The triggers that one of a partition comes from, of one parent after the other."""
    table = catalog.objects.get(trigger.table)
    while isinstance(table, pg.Table | pg.ForeignTable) and table.partition_of:
        found = catalog.objects.get(Id("trigger", (*table.partition_of.path, trigger.id.name)))
        if isinstance(found, pg.Trigger):
            yield found
        table = catalog.objects.get(table.partition_of)


def _made_anew(decision: Decision, trigger: pg.Trigger) -> bool:
    above = any(one.id in decision.creates for one in _above(decision.after, trigger))
    return above or trigger.table in decision.creates
