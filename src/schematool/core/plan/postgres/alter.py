"""How an object changes in place, and when it cannot: the one place that knows what ALTER can do on which version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum

from schematool.core.model import postgres as pg
from schematool.core.plan.postgres import types
from schematool.core.plan.postgres.attributes import default_privileges, identity_sequence, on_alter, role
from schematool.core.plan.postgres.create import (
    add_not_null,
    after_index,
    attribute_text,
    create_view,
    domain_check,
    enabled_state,
    function_text,
    identity_text,
    materialized_columns,
    options_text,
    policy_expressions,
    replica_identity,
    sequence_persistence,
)
from schematool.core.plan.postgres.foreign import changed_options, foreign_change
from schematool.core.plan.postgres.names import name, relation
from schematool.core.plan.postgres.not_nulls import not_null_name
from schematool.core.plan.postgres.sequences import bounds_of, numbers_of, sequence_change
from schematool.core.plan.postgres.texts import again
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import identifier, literal
from schematool.core.step import Hazard, Lock, Step, Work


class Way(Enum):
    """How an altered object gets from one state to the other."""

    IN_PLACE = "in place"
    REPLACE = "drop and create"
    SWAP = "rename aside, create, retype the columns that use it, drop"
    REBUILD = "rename aside, create, copy the rows, drop"


_COMMON = {"comment", "owner", "grants", "revokes", "security_labels", "depends_on_extensions"}


_OF_MATERIALIZED_COLUMNS = (
    "column_comments",
    "column_statistics",
    "column_storage",
    "column_compression",
    "column_options",
)


def _same_but(before: pg.PgObject, after: pg.PgObject, *names: str) -> bool:
    """Whether nothing differs apart from the common attributes and the named ones."""
    copied = {key: getattr(after, key) for key in (*_COMMON, *names)}
    return replace(before, **copied) == after


def way(before: pg.PgObject, after: pg.PgObject, version: int) -> Way:
    """Decide how an altered object is changed."""
    if type(before) is not type(after):
        return Way.SWAP if before.id.kind == "type" else Way.REPLACE
    match before, after:
        case pg.Extension(), pg.Extension():
            return Way.REPLACE if _older(after.version, before.version) else Way.IN_PLACE
        case pg.Enum(), pg.Enum():
            return Way.IN_PLACE if _only_added(before.labels, after.labels) else Way.SWAP
        case pg.Domain(), pg.Domain():
            same = (before.base, before.collation) == (after.base, after.collation)
            return Way.IN_PLACE if same else Way.SWAP
        case pg.Composite(), pg.Composite():
            return Way.IN_PLACE if _attributes_in_place(before, after) else Way.SWAP
        case pg.Range(), pg.Range():
            return Way.IN_PLACE if _same_but(before, after) else Way.SWAP
        case pg.Table(), pg.Table():
            return Way.IN_PLACE if before.partition_key == after.partition_key else Way.REBUILD
        case pg.Column(), pg.Column():
            return _column_way(before, after, version)
        case pg.Constraint(), pg.Constraint():
            return _constraint_way(before, after)
        case pg.Index(), pg.Index():
            same = _same_but(before, after, "clustered", "statistics", "tablespace", "parent", "columns", "valid")
            same = same and (before.valid or not after.valid)
            return Way.IN_PLACE if same else Way.REPLACE
        case pg.Function(), pg.Function():
            same = (before.signature, before.result, before.kind) == (
                after.signature,
                after.result,
                after.kind,
            )
            return Way.IN_PLACE if same and after.defaults >= before.defaults else Way.REPLACE
        case pg.View(), pg.View():
            return Way.IN_PLACE if after.columns[: len(before.columns)] == before.columns else Way.REPLACE
        case pg.MaterializedView(), pg.MaterializedView():
            same = _same_but(
                before, after, *_OF_MATERIALIZED_COLUMNS, "options", "toast_options", "tablespace", "access_method"
            )
            return Way.IN_PLACE if same else Way.REPLACE
        case pg.Policy(), pg.Policy():
            kept = before.command == after.command and before.permissive == after.permissive
            lost = (before.using and after.using is None) or (before.check and after.check is None)
            return Way.IN_PLACE if kept and not lost else Way.REPLACE
        case pg.Trigger(), pg.Trigger():
            return Way.IN_PLACE if _same_but(before, after, "enabled", "inherited") else Way.REPLACE
        case (pg.Rule(), pg.Rule()) | (pg.EventTrigger(), pg.EventTrigger()):
            return Way.IN_PLACE if _same_but(before, after, "enabled") else Way.REPLACE
        case pg.Statistics(), pg.Statistics():
            return Way.IN_PLACE if _same_but(before, after, "target") else Way.REPLACE
        case pg.Defined(), pg.Defined() if _same_but(before, after) or foreign_change(before, after):
            return Way.IN_PLACE
        case pg.Defined(), pg.Defined():
            return Way.SWAP if before.id.kind in {"collation", "type"} else Way.REPLACE
        case pg.Distribution(), pg.Distribution():
            return Way.REPLACE
        case pg.ForeignTable(), pg.ForeignTable():
            return Way.IN_PLACE if before.server == after.server else Way.REPLACE
        case _:
            return Way.IN_PLACE


def _older(version: str | None, than: str | None) -> bool:
    """Whether an extension must be made again to get to a version: scripts lead only to newer ones."""
    if not version or not than:
        return False
    numbers = [[int(part) if part.isdigit() else 0 for part in text.split(".")] for text in (version, than)]
    return numbers[0] < numbers[1]


def _only_added(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    kept = tuple(label for label in after if label in set(before))
    return kept == before


def _attributes_in_place(before: pg.Composite, after: pg.Composite) -> bool:
    """Attributes can be added at the end and dropped; a new type of one is refused while a column uses it."""
    old = {a.name: replace(a, comment=None) for a in before.attributes}
    new = {a.name: replace(a, comment=None) for a in after.attributes}
    kept_before = [a for a in old if a in new]
    expected = kept_before + [a for a in new if a not in old]
    return list(new) == expected and all(old[a] == new[a] for a in kept_before)


def _column_way(before: pg.Column, after: pg.Column, version: int) -> Way:
    if before.generated == after.generated and before.generated_kind == after.generated_kind:
        if after.generated is not None and before.type != after.type:
            return Way.REPLACE
        return Way.IN_PLACE
    if after.generated is None and before.generated_kind == "stored":
        return Way.IN_PLACE
    both = before.generated is not None and after.generated is not None
    if both and before.generated_kind == after.generated_kind and version >= 17 and before.type == after.type:
        return Way.IN_PLACE
    return Way.REPLACE


def _constraint_way(before: pg.Constraint, after: pg.Constraint) -> Way:
    free = ("clustered", "index_comment", "index_valid", "inherited", "parent", "tablespace", "columns", "options")
    if _same_but(before, after, *free):
        return Way.IN_PLACE
    if _same_but(before, after, "validated", *free) and after.validated and before.enforced:
        return Way.IN_PLACE
    return Way.REPLACE


def alter(
    before: pg.PgObject, after: pg.PgObject, retype: Callable[[pg.Column, pg.Column], Step] | None = None
) -> Iterator[Step]:
    """The steps of a change in place; common attributes (comment, owner, grants) come last.

    `retype`: gives the step that brings a column to another type.
    """
    match before, after:
        case pg.Schema(), pg.Schema():
            pass
        case pg.Extension(), pg.Extension():
            yield from _extension(before, after)
        case pg.Enum(), pg.Enum():
            yield from _enum(before, after)
        case pg.Domain(), pg.Domain():
            yield from _domain(before, after)
        case pg.Composite(), pg.Composite():
            yield from _composite(before, after)
        case pg.Table(), pg.Table():
            yield from _table(before, after)
        case pg.ForeignTable(), pg.ForeignTable():
            yield from _foreign_table(before, after)
        case pg.Column(), pg.Column():
            yield from _column(before, after, retype)
        case pg.Constraint(), pg.Constraint():
            yield from _constraint(before, after)
        case pg.Index(), pg.Index():
            yield from _index(before, after)
        case pg.Sequence(), pg.Sequence():
            yield from _sequence(before, after)
        case pg.Default(), pg.Default():
            if before.expression != after.expression:
                yield _brief(
                    f"ALTER TABLE {relation(after.id)} ALTER COLUMN {identifier(after.id.name)} "
                    f"SET DEFAULT {again(after.expression)}",
                    after,
                )
        case pg.Function(), pg.Function():
            if before.definition != after.definition:
                yield _free(function_text(after), after)
        case pg.View(), pg.View():
            yield from _view(before, after)
        case pg.MaterializedView(), pg.MaterializedView():
            yield from _materialized_view(before, after)
        case pg.Policy(), pg.Policy():
            yield from _policy(before, after)
        case pg.Trigger() | pg.Rule() | pg.EventTrigger(), pg.Trigger() | pg.Rule() | pg.EventTrigger():
            if before.enabled != after.enabled:
                yield Step(enabled_state(after), (after.id,), lock=Lock.SHARE_ROW_EXCLUSIVE)
        case pg.Statistics(), pg.Statistics():
            if before.target != after.target:
                target = -1 if after.target is None else after.target
                yield _free(f"ALTER STATISTICS {name(after.id)} SET STATISTICS {target}", after)
        case pg.DefaultPrivileges(), pg.DefaultPrivileges():
            yield from (_free(text, after) for text in default_privileges(before, after))
            return
        case pg.Defined(), pg.Defined():
            change = foreign_change(before, after)
            yield from [_free(change, after)] if change else []
        case _:
            pass
    yield from (_free(text, after) for text in on_alter(before, after))


def _brief(text: str, thing: pg.PgObject, *hazards: Hazard) -> Step:
    return Step(text, (thing.id,), hazards, Lock.ACCESS_EXCLUSIVE)


def _free(text: str, thing: pg.PgObject) -> Step:
    return Step(text, (thing.id,))


def _extension(before: pg.Extension, after: pg.Extension) -> Iterator[Step]:
    head = f"ALTER EXTENSION {identifier(after.id.name)}"
    if before.schema != after.schema:
        yield _free(f"{head} SET SCHEMA {identifier(after.schema)}", after)
    if after.version and before.version != after.version:
        yield _free(f"{head} UPDATE TO {literal(after.version)}", after)


def _enum(before: pg.Enum, after: pg.Enum) -> Iterator[Step]:
    present = list(before.labels)
    for position, label in enumerate(after.labels):
        if label in present:
            continue
        if position:
            where = f" AFTER {literal(after.labels[position - 1])}"
            present.insert(present.index(after.labels[position - 1]) + 1, label)
        else:
            where = f" BEFORE {literal(present[0])}" if present else ""
            present.insert(0, label)
        if present[-1] == label:
            where = ""
        yield _free(f"ALTER TYPE {name(after.id)} ADD VALUE {literal(label)}{where}", after)


def _domain(before: pg.Domain, after: pg.Domain) -> Iterator[Step]:
    head = f"ALTER DOMAIN {name(after.id)}"
    old, new = {c.name: c for c in before.checks}, {c.name: c for c in after.checks}
    for key, check in old.items():
        wanted = new.get(key)
        if wanted is None or (wanted.definition, wanted.validated) != (check.definition, check.validated):
            if wanted and wanted.definition == check.definition and wanted.validated:
                yield Step(
                    f"{head} VALIDATE CONSTRAINT {identifier(key)}",
                    (after.id,),
                    lock=Lock.SHARE,
                    work=Work.SCAN,
                )
                continue
            yield _free(f"{head} DROP CONSTRAINT {identifier(key)}", after)
    if before.default != after.default:
        words = "DROP DEFAULT" if after.default is None else f"SET DEFAULT {again(after.default)}"
        yield _free(f"{head} {words}", after)
    if (before.not_null, before.not_null_name) != (after.not_null, after.not_null_name):
        yield from _domain_not_null(before, after)
    for key, check in new.items():
        kept = old.get(key)
        if kept is None or kept.definition != check.definition or (kept.validated and not check.validated):
            yield _scan(domain_check(after, check), after, Lock.SHARE)


def _domain_not_null(before: pg.Domain, after: pg.Domain) -> Iterator[Step]:
    head = f"ALTER DOMAIN {name(after.id)}"
    if before.not_null and after.not_null:
        old, new = (d.not_null_name or object_name(d.id.name, None, "not_null") for d in (before, after))
        yield _free(f"{head} RENAME CONSTRAINT {identifier(old)} TO {identifier(new)}", after)
    elif after.not_null and after.not_null_name:
        yield _scan(f"{head} ADD CONSTRAINT {identifier(after.not_null_name)} NOT NULL", after, Lock.SHARE)
    elif after.not_null:
        yield _scan(f"{head} SET NOT NULL", after, Lock.SHARE)
    else:
        yield _free(f"{head} DROP NOT NULL", after)


def _scan(text: str, thing: pg.PgObject, lock: Lock) -> Step:
    return Step(text, (thing.id,), (Hazard("ST204", str(thing.id)),), lock, Work.SCAN)


def _composite(before: pg.Composite, after: pg.Composite) -> Iterator[Step]:
    old, new = {a.name for a in before.attributes}, {a.name for a in after.attributes}
    for attribute in before.attributes:
        if attribute.name not in new:
            hazard = Hazard("ST201", str(after.id), f"attribute {attribute.name}")
            text = f"ALTER TYPE {name(after.id)} DROP ATTRIBUTE {identifier(attribute.name)}"
            yield Step(text, (after.id,), (hazard,))
    for attribute in after.attributes:
        if attribute.name not in old:
            yield _free(f"ALTER TYPE {name(after.id)} ADD ATTRIBUTE {attribute_text(attribute)}", after)


def _table(before: pg.Table, after: pg.Table) -> Iterator[Step]:
    head = f"ALTER TABLE {name(after.id)}"
    if before.persistence != after.persistence:
        yield _rewrite(f"{head} SET {'UNLOGGED' if after.persistence == 'unlogged' else 'LOGGED'}", after)
    if before.access_method != after.access_method:
        # A partitioned table can be without one (17); any other has one.
        usual = "DEFAULT" if after.partition_key else identifier("heap")
        method = identifier(after.access_method) if after.access_method else usual
        yield _rewrite(f"{head} SET ACCESS METHOD {method}", after)
    if before.tablespace != after.tablespace:
        yield _rewrite(f"{head} SET TABLESPACE {identifier(after.tablespace or 'pg_default')}", after)
    yield from _options(head, _stored(before), _stored(after), after)
    if before.row_security != after.row_security:
        yield _brief(f"{head} {'ENABLE' if after.row_security else 'DISABLE'} ROW LEVEL SECURITY", after)
    if before.force_row_security != after.force_row_security:
        yield _brief(f"{head} {'' if after.force_row_security else 'NO '}FORCE ROW LEVEL SECURITY", after)
    if before.replica_identity != after.replica_identity:
        yield _brief(replica_identity(after), after)


def _rewrite(text: str, thing: pg.PgObject) -> Step:
    return Step(text, (thing.id,), (Hazard("ST203", str(thing.id)),), Lock.ACCESS_EXCLUSIVE, Work.REWRITE)


def _options(head: str, before: pg.Options, after: pg.Options, thing: pg.PgObject) -> Iterator[Step]:
    old, new = dict(before), dict(after)
    gone = [key for key in old if key not in new]
    changed = tuple((key, value) for key, value in after if old.get(key) != value)
    order = [key for key in old if key in new and key not in dict(changed)] + [key for key, _ in changed]
    if changed and order != list(new):
        changed = after  # the server keeps them in the order in which they were set
    if gone:
        yield Step(f"{head} RESET ({', '.join(gone)})", (thing.id,), lock=Lock.SHARE_UPDATE_EXCLUSIVE)
    if changed:
        yield Step(f"{head} SET ({options_text(changed)})", (thing.id,), lock=Lock.SHARE_UPDATE_EXCLUSIVE)


def _foreign_table(before: pg.ForeignTable, after: pg.ForeignTable) -> Iterator[Step]:
    if before.options != after.options:
        yield _brief(f"ALTER FOREIGN TABLE {name(after.id)}{changed_options(before.options, after.options)}", after)


def _column(
    before: pg.Column, after: pg.Column, retype: Callable[[pg.Column, pg.Column], Step] | None
) -> Iterator[Step]:
    table, column = relation(after.id), identifier(after.id.name)
    head = f"ALTER TABLE {table} ALTER COLUMN {column}"
    if before.generated is not None and after.generated is None:
        yield _brief(f"{head} DROP EXPRESSION", after)
    if before.identity and not after.identity:
        yield _brief(f"{head} DROP IDENTITY", after)
    if before.not_null and not after.not_null:
        yield _brief(f"{head} DROP NOT NULL", after)
    if retype and (before.type, before.collation) != (after.type, after.collation) and not after.inherited:
        yield retype(before, after)
    if before.generated is not None and after.generated is not None and before.generated != after.generated:
        text = f"{head} SET EXPRESSION AS ({again(after.generated)})"
        yield _rewrite(text, after) if after.generated_kind == "stored" else _brief(text, after)
    yield from _not_null(before, after)
    yield from _identity(before, after)
    if before.storage != after.storage:
        yield _brief(f"{head} SET STORAGE {(after.storage or types.usual_storage(after.type)).upper()}", after)
    if before.compression != after.compression:
        yield _brief(f"{head} SET COMPRESSION {after.compression or 'default'}", after)
    if before.statistics != after.statistics:
        target = -1 if after.statistics is None else after.statistics
        yield Step(f"{head} SET STATISTICS {target}", (after.id,), lock=Lock.SHARE_UPDATE_EXCLUSIVE)
    yield from _options(head, before.options, after.options, after)
    if before.foreign_options != after.foreign_options:
        changed = changed_options(before.foreign_options, after.foreign_options)
        yield _brief(f"ALTER FOREIGN TABLE {table} ALTER COLUMN {column}{changed}", after)


def retype_foreign(after: pg.Column) -> str:
    """ALTER COLUMN TYPE of a foreign table, whose values are elsewhere: USING is refused there."""
    collation = f" COLLATE {after.collation}" if after.collation else ""
    head = f"ALTER FOREIGN TABLE {relation(after.id)} ALTER COLUMN {identifier(after.id.name)}"
    return f"{head} TYPE {after.type}{collation}"


def _not_null(before: pg.Column, after: pg.Column) -> Iterator[Step]:
    table, column = relation(after.id), identifier(after.id.name)
    if after.not_null and not before.not_null:
        if after.not_null_name or after.not_null_no_inherit or not after.not_null_valid:
            yield _scan(add_not_null(after), after, Lock.ACCESS_EXCLUSIVE)
        else:
            yield _scan(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL", after, Lock.ACCESS_EXCLUSIVE)
    elif after.not_null and before.not_null:
        if before.not_null_name != after.not_null_name:
            old = identifier(not_null_name(before))
            new = identifier(not_null_name(after))
            yield _brief(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}", after)
        if before.not_null_no_inherit != after.not_null_no_inherit:
            own = identifier(not_null_name(after))
            words = "NO INHERIT" if after.not_null_no_inherit else "INHERIT"
            yield _brief(f"ALTER TABLE {table} ALTER CONSTRAINT {own} {words}", after)
        if before.not_null_valid and not after.not_null_valid:
            # There is no way back from valid but to make it again.
            yield _brief(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL", after)
            own = identifier(not_null_name(after))
            yield _brief(f"ALTER TABLE {table} ADD CONSTRAINT {own} NOT NULL {column} NOT VALID", after)
        if after.not_null_valid and not before.not_null_valid:
            yield validate_not_null(after)


def validate_not_null(column: pg.Column) -> Step:
    """VALIDATE CONSTRAINT; SET NOT NULL leaves that of an heir as it is."""
    text = f"ALTER TABLE {relation(column.id)} VALIDATE CONSTRAINT {identifier(not_null_name(column))}"
    return Step(text, (column.id,), lock=Lock.SHARE_UPDATE_EXCLUSIVE, work=Work.SCAN)


def _identity(before: pg.Column, after: pg.Column) -> Iterator[Step]:
    old, new = before.identity, after.identity
    if new is None or old == new or after.inherited:
        return
    table, column = relation(after.id), identifier(after.id.name)
    head = f"ALTER TABLE {table} ALTER COLUMN {column}"
    if old is None:
        yield _brief(f"{head} ADD GENERATED {identity_text(new)}", after)
        return
    before_sequence, after_sequence = identity_sequence(before), identity_sequence(after)
    if before_sequence != after_sequence:
        yield _free(f"ALTER SEQUENCE {name(before_sequence)} RENAME TO {identifier(after_sequence.name)}", after)
    if old.persistence != new.persistence:
        # None is what the table is, which is then the other of the two.
        wanted = new.persistence or ("permanent" if old.persistence == "unlogged" else "unlogged")
        yield _free(sequence_persistence(identity_sequence(after), wanted), after)
    words: list[str] = []
    if old.always != new.always:
        words.append(f"SET GENERATED {'ALWAYS' if new.always else 'BY DEFAULT'}")
    numbers = numbers_of(old, after.type), numbers_of(new, after.type)
    change = sequence_change(*numbers, name(identity_sequence(after)))
    if change.room:
        yield _brief(f"{head} {' '.join(f'SET {part}' for part in change.room)}", after)
    yield from (_free(text, after) for text in change.moves)
    words += [f"SET {part}" for part in change.words]
    if words:
        yield _brief(f"{head} {' '.join(words)}", after)


def _constraint(before: pg.Constraint, after: pg.Constraint) -> Iterator[Step]:
    table, own = name(after.table), identifier(after.id.name)
    if after.validated and not before.validated:
        # VALIDATE takes SHARE UPDATE EXCLUSIVE: readers and writers go on while it scans.
        text = f"ALTER TABLE {table} VALIDATE CONSTRAINT {own}"
        yield Step(text, (after.id,), (), Lock.SHARE_UPDATE_EXCLUSIVE, Work.SCAN)
    index = f"ALTER INDEX {identifier(after.id.path[0])}.{own}"
    yield from _options(index, before.options, after.options, after)
    if before.tablespace != after.tablespace:
        space = identifier(after.tablespace or "pg_default")
        yield _rewrite(f"{index} SET TABLESPACE {space}", after)
    if before.clustered != after.clustered:
        yield _brief(f"ALTER TABLE {table} {f'CLUSTER ON {own}' if after.clustered else 'SET WITHOUT CLUSTER'}", after)


def _index(before: pg.Index, after: pg.Index) -> Iterator[Step]:
    if before.tablespace != after.tablespace:
        space = identifier(after.tablespace or "pg_default")
        yield _rewrite(f"ALTER INDEX {name(after.id)} SET TABLESPACE {space}", after)
    if before.clustered and not after.clustered:
        yield _brief(f"ALTER TABLE {name(after.table)} SET WITHOUT CLUSTER", after)
    old = dict(before.statistics)
    wanted = replace(
        after,
        clustered=after.clustered and not before.clustered,
        statistics=tuple(pair for pair in after.statistics if old.get(pair[0]) != pair[1])
        + tuple((number, -1) for number in old if number not in dict(after.statistics)),
    )
    yield from (_brief(text, after) for text in after_index(wanted))


def _sequence(before: pg.Sequence, after: pg.Sequence) -> Iterator[Step]:
    old, new = (numbers_of(sequence, sequence.type) for sequence in (before, after))
    change = sequence_change(old, new, name(after.id))
    head = f"ALTER SEQUENCE {name(after.id)}"
    kind = [f"AS {after.type}"] if before.type != after.type else []
    if change.room:
        wider = [f"AS {after.type}"] if bounds_of(after.type)[1] > bounds_of(before.type)[1] else []
        yield _free(" ".join([head, *wider, *change.room]), after)
    yield from (_free(text, after) for text in change.moves)
    if kind or change.words:
        yield _free(" ".join([head, *kind, *change.words]), after)
    if before.persistence != after.persistence:
        yield _free(sequence_persistence(after.id, after.persistence), after)


def _view(before: pg.View, after: pg.View) -> Iterator[Step]:
    if (before.definition, before.columns) != (after.definition, after.columns):
        yield Step(create_view(after, replace=True), (after.id,), lock=Lock.ACCESS_EXCLUSIVE)
        return  # CREATE OR REPLACE VIEW replaces the options too
    yield from _options(f"ALTER VIEW {name(after.id)}", before.options, after.options, after)


def _stored(thing: pg.Table | pg.MaterializedView) -> pg.Options:
    return (*thing.options, *((f"toast.{key}", value) for key, value in thing.toast_options))


def _materialized_view(before: pg.MaterializedView, after: pg.MaterializedView) -> Iterator[Step]:
    head = f"ALTER MATERIALIZED VIEW {name(after.id)}"
    yield from _options(head, _stored(before), _stored(after), after)
    if before.tablespace != after.tablespace:
        yield _rewrite(f"{head} SET TABLESPACE {identifier(after.tablespace or 'pg_default')}", after)
    if before.access_method != after.access_method:
        yield _rewrite(f"{head} SET ACCESS METHOD {identifier(after.access_method or 'heap')}", after)
    yield from (_free(text, after) for text in materialized_columns(before, after))


def _policy(before: pg.Policy, after: pg.Policy) -> Iterator[Step]:
    if (before.roles, before.using, before.check) == (after.roles, after.using, after.check):
        return
    head = f"ALTER POLICY {identifier(after.id.name)} ON {name(after.table)}"
    to = f" TO {', '.join(role(r) for r in after.roles)}" if before.roles != after.roles else ""
    changed = replace(
        after,
        using=after.using if after.using != before.using else None,
        check=after.check if after.check != before.check else None,
    )
    yield _brief(head + to + policy_expressions(changed), after)
