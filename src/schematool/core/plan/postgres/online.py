"""Plain DDL as steps that keep readers and writers going: what blocks for long is done aside and then confirmed.

Facts: research on PostgreSQL 15 (locks read from pg_locks); CREATE INDEX CONCURRENTLY and VALIDATE CONSTRAINT take
SHARE UPDATE EXCLUSIVE; SET NOT NULL trusts a valid CHECK (ATExecSetNotNull, PostgreSQL 12 and later).
"""

from __future__ import annotations

import re
from dataclasses import replace

from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.create import (
    after_index,
    constraint_text,
    create_index,
    index_attributes,
)
from schematool.core.plan.postgres.create import (
    create as create_plain,
)
from schematool.core.plan.postgres.names import name, relation
from schematool.core.sql.quote import identifier
from schematool.core.step import Hazard, Lock, Step, Work

_KEY = re.compile(
    r"^(?P<kind>PRIMARY KEY|UNIQUE)(?P<nulls> NULLS NOT DISTINCT)? \((?P<columns>[^()]*)\)"
    r"(?P<include> INCLUDE \([^()]*\))?(?P<defer>(?: DEFERRABLE)?(?: INITIALLY DEFERRED)?)$"
)

Steps = tuple[list[Step], list[Step]]
"""Those to do now, and those that can wait until the end."""


def is_index_like(thing: pg.Index | pg.Constraint) -> bool:
    """Whether making it online means building an index outside of a transaction."""
    if isinstance(thing, pg.Index):
        return thing.parent is None
    return thing.parent is None and thing.type in {"primary key", "unique"} and bool(_KEY.match(thing.definition))


def create(thing: pg.Index | pg.Constraint) -> Steps:
    """The steps that make an index or constraint on a table that is in use."""
    if isinstance(thing, pg.Index):
        return _index(thing), []
    if thing.type in {"check", "foreign key"} and thing.validated and thing.enforced:
        return _not_valid(thing)
    if is_index_like(thing):
        return _key(thing), []
    lock = Lock.SHARE_ROW_EXCLUSIVE if thing.type == "foreign key" else Lock.ACCESS_EXCLUSIVE
    scans = thing.validated and thing.enforced
    hazards = (Hazard("ST204", str(thing.id)),) if scans else ()
    first, *rest = create_plain(thing)
    work = Work.SCAN if scans else Work.BRIEF
    return [
        Step(first, (thing.id,), hazards, lock, work),
        *(Step(text, (thing.id,), lock=lock) for text in rest),
    ], []


def _index(index: pg.Index) -> list[Step]:
    if index.parent is not None:
        return [
            Step(text, (index.id,), (Hazard("ST204", str(index.id)),), Lock.SHARE, Work.SCAN)
            for text in create_plain(index)
        ]
    text = create_index(index, concurrently=True)
    built = Step(text, (index.id,), (), Lock.SHARE_UPDATE_EXCLUSIVE, Work.ONLINE, alone=True)
    return [built, *(Step(extra, (index.id,), lock=Lock.ACCESS_EXCLUSIVE) for extra in after_index(index))]


def _not_valid(constraint: pg.Constraint) -> Steps:
    lock = Lock.SHARE_ROW_EXCLUSIVE if constraint.type == "foreign key" else Lock.ACCESS_EXCLUSIVE
    head = f"ALTER TABLE {name(constraint.table)}"
    added = Step(f"{head} ADD {constraint_text(replace(constraint, validated=False))}", (constraint.id,), (), lock)
    text = f"{head} VALIDATE CONSTRAINT {identifier(constraint.id.name)}"
    checked = Step(
        text,
        (constraint.id,),
        (),
        Lock.SHARE_UPDATE_EXCLUSIVE,
        Work.SCAN,
        commit_before=True,
        commit_after=True,
    )
    return [added], [checked]


def _key(constraint: pg.Constraint) -> list[Step]:
    match = _KEY.match(constraint.definition)
    assert match
    own, table = identifier(constraint.id.name), name(constraint.table)
    build = (
        f"CREATE UNIQUE INDEX CONCURRENTLY {own} ON {table} USING btree ({match['columns']})"
        f"{match['include'] or ''}{match['nulls'] or ''}{index_attributes(constraint, ' TABLESPACE')}"
    )
    steps = [
        Step(build, (constraint.id,), (), Lock.SHARE_UPDATE_EXCLUSIVE, Work.ONLINE, alone=True),
        Step(
            f"ALTER TABLE {table} ADD CONSTRAINT {own} {match['kind']} USING INDEX {own}{match['defer'] or ''}",
            (constraint.id,),
            lock=Lock.ACCESS_EXCLUSIVE,
        ),
    ]
    if constraint.clustered:
        steps.append(Step(f"ALTER TABLE {table} CLUSTER ON {own}", (constraint.id,), lock=Lock.ACCESS_EXCLUSIVE))
    return steps


def rewrite(step: Step, column: pg.Column) -> Steps:
    """The online form of a step about a column: SET NOT NULL through a CHECK that is validated first."""
    if not step.statement.endswith(f"ALTER COLUMN {identifier(column.id.name)} SET NOT NULL"):
        return [step], []
    table, own = relation(column.id), identifier(column.id.name)
    check = identifier(f"{column.id.path[1]}_{column.id.name}_not_null_check"[:63])
    head = f"ALTER TABLE {table}"
    of = (column.id,)
    added = Step(f"{head} ADD CONSTRAINT {check} CHECK ({own} IS NOT NULL) NOT VALID", of, (), Lock.ACCESS_EXCLUSIVE)
    later = [
        Step(
            f"{head} VALIDATE CONSTRAINT {check}",
            of,
            (),
            Lock.SHARE_UPDATE_EXCLUSIVE,
            Work.SCAN,
            commit_before=True,
            commit_after=True,
        ),
        Step(step.statement, of, (), Lock.ACCESS_EXCLUSIVE),
        Step(f"{head} DROP CONSTRAINT {check}", of, (), Lock.ACCESS_EXCLUSIVE),
    ]
    return [added], later
