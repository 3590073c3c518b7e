"""The statements of a plan: each action of the graph as steps, with its lock, its work and its hazards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model import postgres as pg
from schematool.core.plan import Style
from schematool.core.plan.postgres import online
from schematool.core.plan.postgres.afterwards import afterwards
from schematool.core.plan.postgres.align import align
from schematool.core.plan.postgres.alter import alter, retype_foreign, validate_not_null
from schematool.core.plan.postgres.arrange import ancestors, arrange, settings_first
from schematool.core.plan.postgres.aside import (
    carried,
    cast_between,
    function_aside,
    range_aside,
    without_cast,
)
from schematool.core.plan.postgres.attributes import (
    Privileges,
    default_privileges,
    on_alter,
    on_create,
    owner,
    privileges,
)
from schematool.core.plan.postgres.create import (
    after_column,
    after_table,
    column_options,
    column_text,
    constraint_text,
    create,
    create_foreign_table,
    create_table,
    drop,
    own_sequence,
    replacing,
    replica_identity,
)
from schematool.core.plan.postgres.decide import Decision, decide, let_go
from schematool.core.plan.postgres.domains import loss, losses, settings
from schematool.core.plan.postgres.graph import Graph, Node, ordered
from schematool.core.plan.postgres.knots import is_base_type, placeholder, stands_in, unused
from schematool.core.plan.postgres.names import aside, name, relation, table_of
from schematool.core.plan.postgres.not_nulls import (
    NAMED_NOT_NULL,
    not_null_member,
    not_null_name,
    own_not_nulls,
    said_outright,
)
from schematool.core.plan.postgres.numbering import (
    Succession,
    catch_up,
    goes,
    set_aside,
    source,
    successions,
    take_over,
)
from schematool.core.plan.postgres.rank import ranking
from schematool.core.plan.postgres.rerouting import Move, heir_of, inheriting, moving
from schematool.core.plan.postgres.transactions import in_transactions
from schematool.core.plan.postgres.types import rewrites, usual_storage
from schematool.core.sql.quote import identifier, qualified
from schematool.core.step import Hazard, Lock, Step, Work

_GRANT_KINDS = {
    "table": "tables",
    "view": "tables",
    "materialized view": "tables",
    "foreign table": "tables",
    "sequence": "sequences",
    "function": "functions",
    "aggregate": "functions",
    "type": "types",
    "schema": "schemas",
}


def plan(before: Catalog, after: Catalog, style: Style | None = None) -> tuple[Step, ...]:
    """Plan the steps from one catalog to another.

    Both must be in normal form, as an engine inspected them. Running the steps in order on a database that is `before`
    makes it `after`; `core.step.segments` says which of them commit together.
    """
    style = style or Style()
    before, after = align(before, after)
    version = _major(after.version or before.version)
    if version >= NAMED_NOT_NULL:
        before, after = said_outright(before, after)
    decision = decide(before, after, version)
    clones = tuple(afterwards(decision))
    if not (decision.drops or decision.creates or decision.alters or clones):
        return ()
    graph = arrange(decision)
    speller = Speller(decision, graph, style, version)
    contracted = graph.contracted()
    for node in ordered(contracted, ranking(decision, speller.is_alone)):
        speller.spell(node)
    return tuple(in_transactions((*speller.steps, *clones, *speller.tail), decision))


def _unknown_secret(thing: pg.PgObject, text: str) -> tuple[Hazard, ...]:
    """A user mapping or subscription whose password was never read is made with asterisks in its place."""
    hidden = isinstance(thing, pg.Defined) and (pg.SECRET in text or pg.UNREADABLE in text)
    return (Hazard("ST210", str(thing.id)),) if hidden else ()


def _major(version: str) -> int:
    head = version.split(".", maxsplit=1)[0]
    return int(head) if head.isdigit() else 18


@dataclass(slots=True)
class Speller:
    """Writes the steps of each node; `tail` is what can wait until everything else is done (validation)."""

    decision: Decision
    graph: Graph
    style: Style
    version: int
    steps: list[Step] = field(default_factory=list)
    tail: list[Step] = field(default_factory=list)
    members: dict[Node, list[Id]] = field(init=False)
    """What each statement makes beside its own object."""
    settings: list[pg.DefaultPrivileges] = field(init=False)
    successions: dict[Id, Succession] = field(init=False)
    """The columns that are numbered by another sequence from now on."""
    taken_out: set[Id] = field(default_factory=set)
    """Partitions that were detached in order to be dropped."""

    def __post_init__(self) -> None:
        self.members = self.graph.members()
        self.successions = successions(self.decision)
        self.settings = [thing for thing in self.decision.before if isinstance(thing, pg.DefaultPrivileges)]

    # --- what a node means ---------------------------------------------------------------------------------------

    def is_alone(self, node: Node) -> bool:
        """Whether a node's statement cannot be in a transaction, so that it is put off as long as may be."""
        action, of = node
        if not self.style.online:
            return False
        if action == "create":
            thing = self.decision.new(of)
            return (
                isinstance(thing, pg.Index | pg.Constraint)
                and self._online_table(thing.table)
                and (online.is_index_like(thing))
            )
        if action == "drop":
            thing = self.decision.old(of)
            return isinstance(thing, pg.Index) and self._online_table(thing.table) and thing.parent is None
        return False

    def _online_table(self, table: Id) -> bool:
        """An ordinary table or materialised view that exists before and after: someone may be using it."""
        if table not in self.decision.before or table in self.decision.drops:
            return False
        thing = self.decision.old(table)
        partitioned = isinstance(thing, pg.Table) and thing.partition_key is not None
        return thing.id.kind in {"table", "materialized view"} and not partitioned

    def _is_new(self, table: Id) -> bool:
        return table in self.decision.creates

    def spell(self, node: Node) -> None:
        """Add a node's steps."""
        action, of = node
        start = len(self.steps)
        self._spell(action, of)
        if of.kind in {"column", "default"} and self._has_heirs(table_of(of)):
            self.steps[start:] = [
                replace(step, statement=_OWN.sub("ALTER TABLE ONLY ", step.statement)) for step in self.steps[start:]
            ]

    def _spell(self, action: str, of: Id) -> None:
        match action:
            case "drop":
                self.steps += self._drop(of)
            case "create":
                self.steps += self._create(of)
                if of in self.decision.swaps | self.decision.rebuilds:
                    self.steps += (Step(text, (of,)) for text in cast_between(self.decision, of))
            case "alter":
                self.steps += self._alter(of)
            case "attach":
                self.steps += self._attach(of)
            case "detach":
                self.steps += self._detach(of)
            case "release":
                old = self.decision.old(of)
                assert isinstance(old, pg.Domain)
                self.steps += alter(old, let_go(self.decision, old))
            case "own":
                self.steps += self._own(of)
            case "move":
                self.steps += (step for move in self.decision.moves if move.id == of for step in self._moved(move))
            case "stub":
                self.steps += (Step(text, (of,)) for text in placeholder(self.decision.new(of), replace=False))
            case "unbind":
                self.steps += (Step(text, (of,)) for text in placeholder(self.decision.old(of), replace=True))
            case _:
                self.steps += self._finish(of)

    def _moved(self, move: Move) -> Iterator[Step]:
        text = moving(self.decision.before, self.decision.after, move)
        moved = Step(text, (move.source, move.target), (), Lock.ROW_EXCLUSIVE, Work.SCAN)
        yield from self._seeing_all(moved, move.source, move.target)

    def _seeing_all(self, step: Step, *tables: Id) -> Iterator[Step]:
        """Hold policies that hold for the owner too off a statement that means all rows of its tables."""
        sides = (self.decision.before, self.decision.after)
        forced = [of for of in tables if any(self._is_forced(side, of) for side in sides)]
        for of in forced:
            text = f"ALTER TABLE {name(of)} NO FORCE ROW LEVEL SECURITY"
            yield Step(text, step.subjects, lock=Lock.ACCESS_EXCLUSIVE)
        yield step
        for of in forced:
            if self._is_forced(self.decision.after, of):
                yield Step(
                    f"ALTER TABLE {name(of)} FORCE ROW LEVEL SECURITY", step.subjects, lock=Lock.ACCESS_EXCLUSIVE
                )

    def _own(self, of: Id) -> Iterator[Step]:
        new, old = self.decision.new(of), self.decision.before.objects.get(of)
        assert isinstance(new, pg.Sequence)
        if isinstance(old, pg.Sequence) and old.owned_by and of not in self.decision.creates:
            others = tuple(owner(old.owner, new))
            if others and new.owned_by:
                yield Step(own_sequence(replace(new, owned_by=None)), (of,))
            elif not new.owned_by:
                yield Step(own_sequence(new), (of,))
            yield from (Step(text, (of,)) for text in others)
            if not new.owned_by:
                return
        change = self.successions.get(new.owned_by) if new.owned_by else None
        if change and change.new.sequence == of and table_of(change.column.id) not in self.decision.rebuilds:
            yield from self._succeed(change)
        yield Step(own_sequence(new), (of,))

    def _succeed(self, change: Succession) -> Iterator[Step]:
        """Let a sequence go on where the one before it stopped, which goes now."""
        of, old = change.new.sequence, change.old
        yield from (Step(text, (of,)) for text in take_over(self.decision, change))
        if old and goes(self.decision, old):
            column = f"ALTER TABLE {relation(change.column.id)} ALTER COLUMN {identifier(change.column.id.name)}"
            text = f"{column} DROP IDENTITY" if old.identity else f"DROP SEQUENCE {name(aside(old.sequence))}"
            yield Step(text, (of,), lock=Lock.ACCESS_EXCLUSIVE if old.identity else Lock.NONE)
        yield from self._seeing_all(Step(catch_up(change), (of,)), table_of(change.column.id))

    # --- removing ------------------------------------------------------------------------------------------------

    def _drop(self, of: Id) -> Iterator[Step]:
        thing = self.decision.old(of)
        if of in self.decision.swaps and of in self.decision.creates:
            yield from (Step(text, (of,)) for text in self._swap_aside(thing))
            return
        if of in self.decision.rebuilds:
            yield from self._set_aside(thing)
            return
        numbered = next((c.old for c in self.successions.values() if c.old and c.old.sequence == of), None)
        if numbered:
            yield Step(set_aside(numbered), (of,))
            return
        if isinstance(thing, pg.DefaultPrivileges):
            empty = replace(thing, grants=(), revokes=())
            yield from (Step(text, (of,)) for text in default_privileges(thing, empty))
            return
        if isinstance(thing, pg.Privileges):
            yield from (Step(text, (of,)) for text in on_alter(thing, replace(thing, grants=(), revokes=())))
            return
        if isinstance(thing, pg.Table) and thing.partition_of:
            yield from self._inherited_rows(thing)
            yield from self._taken_out(thing)
        if is_base_type(thing):
            yield Step(unused(of), (of,))
        yield self._dropping(thing)

    def _inherited_rows(self, table: pg.Table) -> Iterator[Step]:
        """Give the rows of a partition that goes to the default one of the table that stays."""
        sides = self.decision.before, self.decision.after
        found = heir_of(*sides, table.id)
        if found is None or found[1] in self.decision.rebuilds:
            return
        going, parent = found
        if going not in self.taken_out:
            self.taken_out.add(going)
            text = f"ALTER TABLE {name(parent)} DETACH PARTITION {name(going)}"
            yield Step(text, (going,), (), Lock.ACCESS_EXCLUSIVE)
        if table.partition_key is None:
            step = Step(inheriting(*sides, table.id, parent), (table.id, parent), (), Lock.ROW_EXCLUSIVE, Work.SCAN)
            yield from self._seeing_all(step, table.id, parent)

    def _taken_out(self, table: pg.Table) -> Iterator[Step]:
        """Detach a partition that goes from a table that stays, where a foreign key points at that: DROP is refused."""
        going: pg.PgObject = table
        while isinstance(going, pg.Table) and going.partition_of in self.decision.drops:
            going = self.decision.old(going.partition_of)
        if not isinstance(going, pg.Table) or going.partition_of is None or going.id in self.taken_out:
            return
        above: set[Id] = set()
        parent: Object | None = self.decision.before.objects[going.partition_of]
        while isinstance(parent, pg.Table):
            above.add(parent.id)
            parent = self.decision.before.objects.get(parent.partition_of) if parent.partition_of else None
        keys = (one for one in self.decision.before if isinstance(one, pg.Constraint) and one.references in above)
        if any(one.id not in self.decision.drops for one in keys):
            self.taken_out.add(going.id)
            text = f"ALTER TABLE {name(going.partition_of)} DETACH PARTITION {name(going.id)}"
            yield Step(text, (going.id,), (), Lock.ACCESS_EXCLUSIVE)

    def _dropping(self, thing: pg.PgObject) -> Step:
        of, text = thing.id, drop(thing)
        match thing:
            case pg.Table() | pg.MaterializedView():
                kept = heir_of(self.decision.before, self.decision.after, of)
                lost = (Hazard("ST201", str(of)),) if isinstance(thing, pg.Table) and not kept else ()
                return Step(text, (of,), lost, Lock.ACCESS_EXCLUSIVE)
            case pg.Column():
                again = of in self.decision.creates
                lost = (Hazard("ST201", str(of)),) if thing.generated is None else ()
                if again and thing.generated is not None and self._new_column(of).generated is None:
                    lost = (Hazard("ST201", str(of), "its generated values go"),)
                if self._kept_by_a_child(of):
                    text = text.replace("ALTER TABLE ", "ALTER TABLE ONLY ", 1)
                return Step(text, (of,), lost, Lock.ACCESS_EXCLUSIVE)
            case pg.Index() if self.is_alone(("drop", of)):
                words = text.replace("DROP INDEX ", "DROP INDEX CONCURRENTLY ", 1)
                return Step(words, (of,), (), Lock.SHARE_UPDATE_EXCLUSIVE, Work.ONLINE, alone=True)
            case pg.Index() if any(i.kind == "constraint" for i in self.members.get(("drop", of), ())):
                # A key that is attached to it can go neither before nor after it.
                return Step(f"{text} CASCADE", (of,), (), Lock.ACCESS_EXCLUSIVE)
            case pg.Sequence():
                return Step(text, (of,), ())
            case pg.Distribution():
                return _moving(text, thing)
            case _ if of.kind in {"constraint", "trigger", "policy", "rule", "default", "index"}:
                return Step(text, (of,), (), Lock.ACCESS_EXCLUSIVE)
            case _:
                return Step(text, (of,))

    def _kept_by_a_child(self, of: Id) -> bool:
        """Whether a table that inherits the column keeps it for itself; DROP COLUMN without ONLY would take it too."""
        parent = table_of(of)
        for child in self.decision.before.needed_by.get(parent, frozenset()):
            column = Id("column", (*child.path, of.name))
            kept = column in self.decision.before and column in self.decision.after
            if child.kind == "table" and kept and column not in self.decision.drops:
                return True
        return False

    def _new_column(self, of: Id) -> pg.Column:
        column = self.decision.new(of)
        assert isinstance(column, pg.Column)
        return column

    def _swap_aside(self, thing: pg.PgObject) -> Iterator[str]:
        """Statements that rename a type aside, with what it has and leave what it needs behind."""
        of, word = thing.id, _swap_word(thing)
        match thing:
            case pg.Domain() if self.decision.before.needs_of.get(of, frozenset()) & self.decision.drops:
                for check in thing.checks:
                    yield f"ALTER DOMAIN {name(of)} DROP CONSTRAINT {identifier(check.name)}"
            case _:
                pass
        yield f"ALTER {word} {name(of)} RENAME TO {identifier(aside(of).name)}"
        match thing:
            case pg.Range():
                yield from range_aside(thing)
            case pg.Defined():
                yield from (function_aside(one, of) for one in sorted(self.members.get(("drop", of), ())))
            case _:
                pass

    def _set_aside(self, table: pg.PgObject) -> Iterator[Step]:
        of = table.id
        for column in self._columns(self.decision.before, of):
            numbered = source(self.decision.before, column)
            if numbered and goes(self.decision, numbered):
                yield Step(set_aside(numbered), (of,))
        head = f"ALTER TABLE {name(of)}"
        if isinstance(table, pg.Table) and table.force_row_security:
            # Its owner would not see the rows that are to be copied.
            yield Step(f"{head} NO FORCE ROW LEVEL SECURITY", (of,), lock=Lock.ACCESS_EXCLUSIVE)
        for column in self._columns(self.decision.before, of):
            needed = self.decision.before.needs_of.get(column.id, frozenset())
            if column.id not in self.decision.after and any(i.kind == "table" and i != of for i in needed):
                # It would keep the table whose row type it has from being changed.
                hazard = Hazard("ST201", str(column.id))
                text = f"{head} DROP COLUMN {identifier(column.id.name)}"
                yield Step(text, (of,), (hazard,), Lock.ACCESS_EXCLUSIVE)
        for parent in table.inherits if isinstance(table, pg.Table) else ():
            # What changes at its parents meanwhile is not for it.
            yield Step(f"{head} NO INHERIT {name(parent)}", (of,), lock=Lock.ACCESS_EXCLUSIVE)
        yield Step(f"{head} RENAME TO {identifier(aside(of).name)}", (of,), lock=Lock.ACCESS_EXCLUSIVE)

    def _finish(self, of: Id) -> Iterator[Step]:
        last = name(aside(of))
        if of in self.decision.swaps:
            yield from (Step(text, (of,)) for text in without_cast(self.decision, of))
            own = ""
            if is_base_type(self.decision.old(of)):
                own = " CASCADE"
                yield Step(unused(aside(of)), (of,))
            yield Step(f"DROP {_swap_word(self.decision.old(of))} {last}{own}", (of,), tuple(losses(self.decision, of)))
            return
        old = {column.id.name for column in self._columns(self.decision.before, of)}
        new = [c for c in self._columns(self.decision.after, of) if c.generated is None and c.id.name in old]
        columns = ", ".join(identifier(column.id.name) for column in new)
        into = f"({columns}) " if columns else ""
        values = ", ".join(self._carried(column) for column in new)
        was = self.decision.old(of)
        # The rows of tables that inherit from it are copied by their own statement.
        rows = "" if isinstance(was, pg.Table) and was.partition_key else "ONLY "
        yield Step(
            f"INSERT INTO {name(of)} {into}OVERRIDING SYSTEM VALUE SELECT {values} FROM {rows}{last}",
            (of,),
            (Hazard("ST203", str(of), "the rows are copied"),),
            Lock.ACCESS_EXCLUSIVE,
            Work.REWRITE,
            settings=tuple(sorted({one for column in new for one in self._read_by(column)})),
        )
        for change in filter(None, map(self.successions.get, (column.id for column in new))):
            yield from (Step(text, (of,)) for text in (*take_over(self.decision, change), catch_up(change)))
        yield from (Step(text, (of,)) for text in without_cast(self.decision, of))
        yield Step(f"DROP TABLE {last}", (of,), tuple(self._not_carried(of)), Lock.ACCESS_EXCLUSIVE)
        if self._is_forced(self.decision.after, of):
            yield Step(f"ALTER TABLE {name(of)} FORCE ROW LEVEL SECURITY", (of,), lock=Lock.ACCESS_EXCLUSIVE)

    def _read_by(self, column: pg.Column) -> tuple[str, ...]:
        old = self.decision.old(column.id)
        assert isinstance(old, pg.Column)
        return settings(self.decision, old.type, column.type)

    def _not_carried(self, of: Id) -> Iterator[Hazard]:
        """What of its columns a table that is built again does not keep."""
        for old in self._columns(self.decision.before, of):
            new = self.decision.after.objects.get(old.id)
            if not isinstance(new, pg.Column):
                if old.generated is None:
                    yield Hazard("ST201", str(old.id))
            elif new.generated is not None:
                if old.generated is None:
                    yield Hazard("ST201", str(old.id), "generated values take the place of its own")
            elif words := loss(self.decision, old.type, new.type):
                yield Hazard("ST201", str(old.id), f"{old.type} to {new.type} {words}")

    def _is_forced(self, catalog: Catalog, of: Id) -> bool:
        """Whether policies hold for the table's owner too, who then does not see all rows."""
        table = catalog.objects.get(of)
        return isinstance(table, pg.Table) and table.force_row_security

    def _carried(self, column: pg.Column) -> str:
        """What carries a column's values over to its new type."""
        own, old = identifier(column.id.name), self.decision.old(column.id)
        assert isinstance(old, pg.Column)
        return carried(self.decision, own, old.type, column.type)

    # --- making --------------------------------------------------------------------------------------------------

    def _create(self, of: Id) -> Iterator[Step]:
        thing = self.decision.new(of)
        initial = self._default_grants(thing)
        match thing:
            case pg.Table() | pg.ForeignTable():
                yield from self._create_table(thing, initial)
                return
            case pg.Column():
                yield from self._add_column(thing)
            case pg.DefaultPrivileges():
                yield from (Step(text, (of,)) for text in default_privileges(None, thing))
                return
            case pg.Extension():
                # What it brings would have what the settings give, and nothing says so.
                stay = [one for one in self.settings if one.id in self.decision.after and self._is_for(one, thing)]
                if settings_first(self.decision, of):
                    stay = [
                        one
                        for one in map(self.decision.new, (s.id for s in stay))
                        if isinstance(one, pg.DefaultPrivileges)
                    ]
                for setting in stay:
                    nothing = replace(setting, grants=(), revokes=())
                    yield from (Step(text, (of,)) for text in default_privileges(setting, nothing))
                yield from self._plain(thing)
                for setting in stay:
                    yield from (Step(text, (of,)) for text in default_privileges(None, setting))
            case pg.Constraint() | pg.Index() if self.style.online and self._online_table(thing.table):
                steps, later = online.create(thing)
                yield from steps
                self.tail += later
                yield from self._replica(thing)
            case pg.Distribution() if not self._is_new(thing.table):
                yield from (_moving(text, thing) for text in create(thing))
            case pg.Constraint() if self._is_partitioned(thing.table) and thing.type in pg.INDEXED:
                # The partitions' own keys are attached to it one by one, whatever their names.
                text = f"ALTER TABLE ONLY {name(thing.table)} ADD {constraint_text(thing)}"
                yield Step(text, (of,), lock=Lock.ACCESS_EXCLUSIVE)
                yield from self._replica(thing)
            case _:
                yield from self._plain(thing)
                if isinstance(thing, pg.Constraint | pg.Index):
                    yield from self._replica(thing)
        yield from (Step(text, (of,)) for text in on_create(thing, initial))

    def _is_partitioned(self, of: Id) -> bool:
        table = self.decision.after.objects.get(of)
        return isinstance(table, pg.Table) and table.partition_key is not None

    def _plain(self, thing: pg.PgObject) -> Iterator[Step]:
        lock, work = _create_lock(thing)
        owner = getattr(thing, "table", None)
        fresh = owner is None or self._is_new(owner)
        hazards = (Hazard("ST204", str(thing.id)),) if work is Work.SCAN and not fresh else ()
        for position, text in enumerate(replacing(thing) if stands_in(self.graph, thing.id) else create(thing)):
            if fresh:
                yield Step(text, (thing.id,), _unknown_secret(thing, text))
            else:
                yield Step(
                    text,
                    (thing.id,),
                    hazards if not position else (),
                    lock,
                    work if not position else Work.BRIEF,
                )

    def _columns(self, catalog: Catalog, table: Id) -> list[pg.Column]:
        thing = catalog.objects[table]
        assert isinstance(thing, pg.Table | pg.ForeignTable)
        found = (catalog.objects.get(Id("column", (*table.path, column))) for column in thing.columns)
        return [column for column in found if isinstance(column, pg.Column)]

    def _merged_into(self, of: Id) -> list[pg.PgObject]:
        return [self.decision.new(member) for member in sorted(self.members.get(("create", of), ()))]

    def _create_table(self, table: pg.Table | pg.ForeignTable, initial: Privileges) -> Iterator[Step]:
        of = table.id
        merged = self._merged_into(of)
        defaults = {thing.id.name: thing for thing in merged if isinstance(thing, pg.Default)}
        constraints = [thing for thing in merged if isinstance(thing, pg.Constraint)]
        columns = self._columns(self.decision.after, of)
        partition = table.partition_of is not None
        typed = isinstance(table, pg.Table) and table.of_type is not None
        own = [column for column in columns if partition or typed or not column.inherited]
        if not partition:
            own = [replace(column, not_null=column.not_null and not column.not_null_inherited) for column in own]
        if of in self.decision.rebuilds and self.version >= NAMED_NOT_NULL:
            # The table that was set aside still has the names that the server would choose.
            own = [_named_not_null(column) for column in own]
        members = [column_text(c, defaults.get(c.id.name), identity=not (partition and c.inherited)) for c in own]
        if partition:
            inherited = self.decision.after.needed_by.get(of, frozenset())
            constraints += [
                thing
                for thing in (self.decision.new(i) for i in sorted(inherited) if i.kind == "constraint")
                if isinstance(thing, pg.Constraint)
                and thing.inherited
                and thing.type == "check"
                and thing.validated
                and thing not in constraints
                and not (self.decision.keeps_partitions(of) and self._comes_to_an_ancestor(thing))
            ]
        members += [constraint_text(c) for c in sorted(constraints, key=_constraint_order)]
        heirs = [] if partition or typed else list(own_not_nulls(self.decision.after, table, self.version))
        if self.version >= NAMED_NOT_NULL:
            members += map(not_null_member, heirs)
        if isinstance(table, pg.Table):
            if table.of_type:
                with_options = [(c, column_options(c, defaults.get(c.id.name))) for c in own]
                members = [f"{identifier(c.id.name)} WITH OPTIONS {text}" for c, text in with_options if text]
                members += [constraint_text(c) for c in sorted(constraints, key=_constraint_order)]
            yield Step(create_table(table, members), (of, *(thing.id for thing in merged)))
            held_off = replace(table, force_row_security=table.force_row_security and of not in self.decision.rebuilds)
            yield from (Step(text, (of,)) for text in after_table(held_off))
            kind, _, index = table.replica_identity.partition(" ")
            if kind in {"full", "nothing"} or index in {c.id.name for c in constraints}:
                yield Step(replica_identity(table), (of,))
        else:
            yield Step(create_foreign_table(table, members), (of, *(thing.id for thing in merged)))
        yield from (Step(text, (of,)) for text in on_create(table, initial))
        if self.version < NAMED_NOT_NULL:
            head = f"ALTER TABLE {name(of)} ALTER COLUMN"
            yield from (Step(f"{head} {identifier(c.id.name)} SET NOT NULL", (c.id,)) for c in heirs)
        yield from (Step(text, (c.id,)) for c in columns for text in after_column(c))
        yield from (Step(text, (c.id,)) for c in columns for text in self._unlike_parents(table, c))
        for check in self._unchecked_of_parents(of) if partition else ():
            yield from (Step(text, (check.id,)) for text in create(check))
        extra = [default for column, default in defaults.items() if column not in {c.id.name for c in own}]
        yield from (Step(text, (default.id,)) for default in extra for text in create(default))
        for thing in (*columns, *sorted(constraints, key=_constraint_order)):
            yield from (Step(text, (thing.id,)) for text in on_create(thing))

    def _comes_to_an_ancestor(self, check: pg.Constraint) -> bool:
        above = ancestors(self.decision.after, check.table)
        return any(Id("constraint", (*table.path, check.id.name)) in self.decision.creates for table in above)

    def _unchecked_of_parents(self, partition: Id) -> Iterator[pg.Constraint]:
        """Checks that are NOT VALID, as the parent has them already: CREATE TABLE cannot say so."""
        for of in sorted(self.decision.after.needed_by.get(partition, frozenset())):
            thing = self.decision.after.objects[of]
            if not isinstance(thing, pg.Constraint) or thing.table != partition or thing.type != "check":
                continue
            if thing.inherited and not thing.validated and not self._comes_to_an_ancestor(thing):
                yield thing

    def _unlike_parents(self, table: pg.Table | pg.ForeignTable, column: pg.Column) -> Iterator[str]:
        """Storage and compression of an heir's column, where its parents' is another.

        It takes theirs over when it is made (MergeAttributes, tablecmds.c). A partition is made alone, and does not.
        """
        places = (Id("column", (*parent.path, column.id.name)) for parent in table.inherits)
        parents = [one for one in map(self.decision.after.objects.get, places) if isinstance(one, pg.Column)]
        head = f"ALTER TABLE {relation(column.id)} ALTER COLUMN {identifier(column.id.name)}"
        if not column.storage and any(one.storage for one in parents):
            yield f"{head} SET STORAGE {usual_storage(column.type).upper()}"
        if any(one.compression != column.compression for one in parents):
            yield f"{head} SET COMPRESSION {column.compression or 'default'}"

    def _add_column(self, column: pg.Column) -> Iterator[Step]:
        of = column.id
        merged = self._merged_into(of)
        default = next((t for t in merged if isinstance(t, pg.Default) and t.id.path == of.path), None)
        text = f"ALTER TABLE {relation(of)} ADD COLUMN {column_text(column, default)}"
        hazards: tuple[Hazard, ...] = ()
        work = Work.BRIEF
        if column.identity or column.generated_kind == "stored" or (default and _volatile(default.expression)):
            hazards, work = (Hazard("ST203", str(of), "every row gets its own value"),), Work.REWRITE
        elif column.not_null and default is None and column.generated is None:
            hazards = (Hazard("ST208", str(of)),)
        yield Step(text, (of,), hazards, Lock.ACCESS_EXCLUSIVE, work)
        yield from (Step(text, (of,)) for text in after_column(column))
        for thing in merged:
            # What the children that inherit the column have otherwise than it.
            if isinstance(thing, pg.Default) and thing.id.path != of.path:
                if default is None or thing.expression != default.expression:
                    yield from (Step(text, (thing.id,)) for text in create(thing))
            elif isinstance(thing, pg.Column):
                yield from (Step(text, (thing.id,)) for text in on_create(thing))

    def _replica(self, thing: pg.Index | pg.Constraint) -> Iterator[Step]:
        table = self.decision.after.objects.get(thing.table)
        if isinstance(table, pg.Table) and table.replica_identity == f"index {thing.id.name}":
            yield Step(replica_identity(table), (table.id,), lock=Lock.ACCESS_EXCLUSIVE)

    def _default_grants(self, thing: pg.PgObject) -> Privileges:
        """What ALTER DEFAULT PRIVILEGES gives to an object that is created now."""
        kind = _GRANT_KINDS.get(thing.id.kind)
        grants: set[pg.Grant] = set()
        revokes: set[pg.Grant] = set()
        for setting in self.settings:
            mine = setting.object_type == kind and setting.schema in {"", thing.id.path[0]}
            if mine and self._is_for(setting, thing):
                grants |= set(setting.grants)
                revokes |= set(setting.revokes)
        return tuple(sorted(grants)), tuple(sorted(revokes))

    def _is_for(self, setting: pg.DefaultPrivileges, thing: pg.PgObject) -> bool:
        """Whether it is for who makes an object: who runs the statements, whoever gets it afterwards."""
        runner = self.decision.before.reader
        return setting.role == runner if runner else thing.owner in {None, setting.role}

    # --- changing ------------------------------------------------------------------------------------------------

    def _alter(self, of: Id) -> Iterator[Step]:
        before, after = self.decision.old(of), self.decision.new(of)
        if of in self.decision.released and isinstance(before, pg.Domain):
            before = let_go(self.decision, before)
        if isinstance(before, pg.Column) and isinstance(after, pg.Column):
            moved = of in self.decision.retyped
            alone = not after.inherited or self._is_out(table_of(of))
            if self._is_foreign(of) and alone and (moved or _kind(before) != _kind(after)):
                yield Step(retype_foreign(after), (of,), lock=Lock.ACCESS_EXCLUSIVE)
                before = replace(before, type=after.type, collation=after.collation)
            elif moved:
                yield from self._retyped(after)
                before = replace(before, type=after.type, collation=after.collation)
        change = self.successions.get(of)
        if change and change.old and change.old.identity and not change.new.identity and isinstance(before, pg.Column):
            # Its sequence is let go of when the other has gone on from there.
            yield Step(set_aside(change.old), (of,))
            before = replace(before, identity=None)
        if isinstance(before, pg.Column) and isinstance(after, pg.Column):
            before, after = self._left_by_parents(before, after)
        if isinstance(before, pg.Table) and isinstance(after, pg.Table):
            index = after.replica_identity.removeprefix("index ")
            made = any(i.name == index and i.kind in {"index", "constraint"} for i in self.decision.creates)
            if after.replica_identity.startswith("index ") and made:
                before = replace(before, replica_identity=after.replica_identity)
        for step in alter(before, after, self._retype):
            if self.style.online and isinstance(after, pg.Column) and self._online_table(table_of(of)):
                steps, later = online.rewrite(step, after)
                yield from steps
                self.tail += later
            elif step.work is Work.SCAN and isinstance(after, pg.Constraint) and self.style.online:
                self.tail.append(replace(step, commit_before=not self.tail))
            else:
                yield step
        if change and change.new.identity:
            yield from self._succeed(change)
        if isinstance(before, pg.Column) and isinstance(after, pg.Column) and before.not_null:
            lost = before.not_null_valid and not after.not_null_valid
            yield from map(validate_not_null, self._valid_below(of) if lost else ())
        yield from self._still_granted(before, after)
        if isinstance(before, pg.Column) and isinstance(after, pg.Column) and before.type != after.type:
            yield from self._still_identified(table_of(of))

    def _still_identified(self, parent: Id) -> Iterator[Step]:
        """Say again which index identifies the rows of a partition: it is made again with its parent's, and forgotten.

        ALTER COLUMN TYPE remembers that of the table itself (RememberReplicaIdentityForRebuilding, tablecmds.c).
        """
        for child in self.decision.children_of(parent, self.decision.after):
            table, old = self.decision.after.objects[child], self.decision.before.objects.get(child)
            if isinstance(table, pg.Table) and isinstance(old, pg.Table) and table.partition_of == parent:
                same = old.replica_identity == table.replica_identity and child not in self.decision.creates
                kind, _, index = table.replica_identity.partition(" ")
                made = {(of.path[0], of.name) for of in self.decision.creates if of.kind in {"index", "constraint"}}
                if same and kind == "index" and (child.path[0], index) not in made:
                    yield Step(replica_identity(table), (child,), lock=Lock.ACCESS_EXCLUSIVE)
                yield from self._still_identified(child)

    def _is_foreign(self, column: Id) -> bool:
        return Id("foreign table", column.path[:2]) in self.decision.after

    def _valid_below(self, of: Id) -> Iterator[pg.Column]:
        """Columns of heirs and partitions that stay without NULL, although NOT VALID of their parent reaches them."""
        for child in self.decision.children_of(table_of(of), self.decision.after):
            column = self.decision.after.objects.get(Id("column", (*child.path, of.name)))
            there = child in self.decision.before and not self._is_new(child) and not self._is_out(child)
            if isinstance(column, pg.Column) and there and column.not_null:
                if column.not_null_valid and column.id not in self.decision.alters:
                    yield column
                else:
                    yield from self._valid_below(column.id)

    def _still_granted(self, before: pg.PgObject, after: pg.PgObject) -> Iterator[Step]:
        """Give columns back what a REVOKE on their table took from them."""
        lost = {(g.grantee, g.privilege) for g in before.grants} - {(g.grantee, g.privilege) for g in after.grants}
        if not lost or after.id.kind not in {"table", "foreign table"}:
            return
        for column in self._columns(self.decision.after, after.id):
            old = self.decision.before.objects.get(column.id)
            kept = {g for g in column.grants if (g.grantee, g.privilege) in lost}
            if isinstance(old, pg.Column) and (kept := kept & set(old.grants)):
                again = replace(column, grants=tuple(sorted(kept)))
                yield from (Step(text, (after.id,)) for text in privileges(((), ()), (again.grants, ()), column))

    def _retype(self, before: pg.Column, after: pg.Column) -> Step:
        """ALTER COLUMN TYPE with the USING that carries the values over."""
        column = identifier(after.id.name)
        text = f"ALTER TABLE {relation(after.id)} ALTER COLUMN {column} TYPE {after.type}"
        if after.collation:
            text += f" COLLATE {after.collation}"
        if (values := carried(self.decision, column, before.type, after.type)) != column:
            text += f" USING {values}"
        hazards: list[Hazard] = []
        if words := loss(self.decision, before.type, after.type):
            hazards.append(Hazard("ST201", str(after.id), f"{before.type} to {after.type} {words}"))
        work = Work.REWRITE if rewrites(before.type, after.type) else Work.BRIEF
        if work is Work.REWRITE:
            hazards.append(Hazard("ST203", str(after.id), f"{before.type} to {after.type}"))
        reads = settings(self.decision, before.type, after.type)
        return Step(text, (after.id,), tuple(hazards), Lock.ACCESS_EXCLUSIVE, work, settings=reads)

    def _retyped(self, after: pg.Column) -> Iterator[Step]:
        """Move a column from the type that was set aside to the new one of the same name."""
        above = set(self.decision.merged_into(after.id, self.decision.before))
        if above & self.decision.retyped and not self._is_out(table_of(after.id)):
            return  # it is carried along
        column = identifier(after.id.name)
        text = f"ALTER TABLE {relation(after.id)} ALTER COLUMN {column} TYPE {after.type}"
        if after.collation:
            yield Step(f"{text} COLLATE {after.collation}", (after.id,), lock=Lock.ACCESS_EXCLUSIVE, work=Work.REWRITE)
            return
        values = self._carried(after)
        yield Step(
            f"{text} USING {values}" if values != column else text,
            (after.id,),
            (Hazard("ST203", str(after.id), "its type is made again"),),
            Lock.ACCESS_EXCLUSIVE,
            Work.REWRITE,
            settings=settings(self.decision, after.type, after.type),
        )

    def _left_by_parents(self, before: pg.Column, after: pg.Column) -> tuple[pg.Column, pg.Column]:
        """A column's change without what its parents' statements have done to it already."""
        of = after.id
        if self._is_out(table_of(of)):
            return replace(before, inherited=False), replace(after, inherited=False)
        for parent in self.decision.merged_into(of, self.decision.before):
            change = self.decision.alters.get(parent)
            if parent not in self.decision.merged_into(of, self.decision.after) or change is None:
                continue
            old, new = change.before, change.after
            assert isinstance(old, pg.Column)
            assert isinstance(new, pg.Column)
            for group in _FOLLOWED:
                moves = [tuple(getattr(c, attribute) for attribute in group) for c in (old, new, before, after)]
                if moves[0] != moves[1] and moves[:2] == moves[2:]:
                    taken = {attribute: getattr(after, attribute) for attribute in group}
                    if "not_null" in group:
                        taken["not_null_name"] = after.not_null_name
                    before = replace(before, **taken)
            if (_bequeathed(old), _bequeathed(new), before.not_null, after.not_null) == (False, True, False, True):
                valid, named = new.not_null_valid, after.not_null_name
                before = replace(before, not_null=True, not_null_name=named, not_null_valid=valid)
            if [_not_null_called(c) for c in (old, new)] == [_not_null_called(c) for c in (before, after)]:
                before = replace(before, not_null_name=after.not_null_name)
        return before, after

    def _is_out(self, table: Id) -> bool:
        """Whether the table is a partition that is taken out of its parent while it and that are changed."""
        both = (table, Id("foreign table", table.path))
        return any({("detach", one), ("attach", one)} <= self.graph.before.keys() for one in both)

    def _has_heirs(self, table: Id) -> bool:
        """Whether statements about the table reach others, which have their own."""
        return any(
            child in self.decision.before and child not in self.decision.drops
            for catalog in (self.decision.before, self.decision.after)
            for child in self.decision.children_of(table, catalog)
        )

    def _attach(self, of: Id) -> Iterator[Step]:
        new = self.decision.new(of)
        if isinstance(new, pg.Index | pg.Constraint):
            assert new.parent
            whole, share = (qualified(i.path[0], i.name) for i in (new.parent, of))
            yield Step(f"ALTER INDEX {whole} ATTACH PARTITION {share}", (of,))
            return
        assert isinstance(new, pg.Table | pg.ForeignTable)
        old = self.decision.before.objects.get(of) if of not in self.decision.creates else None
        had = old.inherits if isinstance(old, pg.Table | pg.ForeignTable) else new.inherits
        if new.partition_of:
            yield Step(
                f"ALTER TABLE ONLY {name(new.partition_of)} ATTACH PARTITION {name(of)} {new.partition_bound}",
                (of,),
                () if self._is_new(of) else (Hazard("ST204", str(of)),),
                Lock.SHARE_UPDATE_EXCLUSIVE,
                Work.BRIEF if self._is_new(of) else Work.SCAN,
            )
        for parent in new.inherits[_common(had, new.inherits) if had != new.inherits or self._is_new(of) else 0 :]:
            yield Step(f"ALTER TABLE {name(of)} INHERIT {name(parent)}", (of,), lock=Lock.ACCESS_EXCLUSIVE)
        if isinstance(new, pg.Table) and new.of_type and of not in self.decision.creates:
            yield Step(f"ALTER TABLE {name(of)} OF {new.of_type}", (of,), lock=Lock.ACCESS_EXCLUSIVE)

    def _detach(self, of: Id) -> Iterator[Step]:
        old, new = self.decision.old(of), self.decision.new(of)
        assert isinstance(old, pg.Table | pg.ForeignTable)
        assert isinstance(new, pg.Table | pg.ForeignTable)
        if old.partition_of:
            text = f"ALTER TABLE {name(old.partition_of)} DETACH PARTITION {name(of)}"
            yield Step(text, (of,), lock=Lock.ACCESS_EXCLUSIVE)
        # With the same parents it is let go of only while something changes that they hold on to.
        for parent in old.inherits[_common(old.inherits, new.inherits) if old.inherits != new.inherits else 0 :]:
            yield Step(f"ALTER TABLE {name(of)} NO INHERIT {name(parent)}", (of,), lock=Lock.ACCESS_EXCLUSIVE)
        if isinstance(old, pg.Table) and old.of_type:
            yield Step(f"ALTER TABLE {name(of)} NOT OF", (of,), lock=Lock.ACCESS_EXCLUSIVE)


def _moving(text: str, thing: pg.Distribution) -> Step:
    """What copies all rows to other nodes."""
    hazard = Hazard("ST203", str(thing.id), "its rows move between nodes")
    return Step(text, (thing.id,), (hazard,), Lock.ACCESS_EXCLUSIVE, Work.REWRITE)


def _common(old: tuple[Id, ...], new: tuple[Id, ...]) -> int:
    """How many parents stay as they are: their order is that in which they came."""
    pairs = zip(old, new, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))


_FOLLOWED = (
    ("type", "collation"),
    ("not_null", "not_null_valid", "not_null_no_inherit"),
    ("generated", "generated_kind"),
)
"""What ALTER TABLE … ALTER COLUMN on a parent does to its children's columns too, and must."""

_OWN = re.compile(
    r"^ALTER TABLE (?!ONLY )(?=.* ALTER COLUMN .* (?:(?:SET|DROP) DEFAULT|(?:RE)?SET \(|SET (?:STA|STO|COM)[A-Z]+ ))"
)
"""Statements about what each table of a family has for itself; without ONLY they reach the children too."""


def _kind(column: pg.Column) -> tuple[str, str | None]:
    return column.type, column.collation


def _bequeathed(column: pg.Column) -> bool:
    """Whether a column's NOT NULL is also one of those that inherit it."""
    return column.not_null and not column.not_null_no_inherit


def _not_null_called(column: pg.Column) -> str | None:
    return not_null_name(column) if column.not_null else None


def _swap_word(thing: pg.PgObject) -> str:
    if isinstance(thing, pg.Domain):
        return "DOMAIN"
    return thing.id.kind.upper()


def _named_not_null(column: pg.Column) -> pg.Column:
    return replace(column, not_null_name=not_null_name(column))


_CONSTRAINT_ORDER = ("primary key", "unique", "exclude", "check", "foreign key")


def _constraint_order(constraint: pg.Constraint) -> tuple[int, str]:
    return _CONSTRAINT_ORDER.index(constraint.type), constraint.id.name


def _create_lock(thing: pg.PgObject) -> tuple[Lock, Work]:
    """What a plain CREATE takes on an existing table (measured on PostgreSQL 15)."""
    match thing:
        case pg.Index():
            return Lock.SHARE, Work.SCAN
        case pg.Constraint():
            lock = Lock.SHARE_ROW_EXCLUSIVE if thing.type == "foreign key" else Lock.ACCESS_EXCLUSIVE
            return lock, Work.SCAN if thing.validated and thing.enforced else Work.BRIEF
        case pg.Trigger():
            return Lock.SHARE_ROW_EXCLUSIVE, Work.BRIEF
        case _:
            return Lock.ACCESS_EXCLUSIVE, Work.BRIEF


_STABLE = (
    "now()",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "LOCALTIMESTAMP",
    "CURRENT_USER",
    "statement_timestamp()",
)


def _volatile(expression: str) -> bool:
    """Whether a default may differ from row to row, so that adding it rewrites the table."""
    rest = expression
    for stable in _STABLE:
        rest = rest.replace(stable, "")
    return "(" in rest.replace("::character varying(", "::").replace("::numeric(", "::").replace("::timestamp(", "::")
