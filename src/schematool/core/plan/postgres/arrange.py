"""The actions of a decision with everything that must come first, and which statements do the work of which actions."""

from __future__ import annotations

from collections.abc import Iterator

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.attributes import identity_sequence
from schematool.core.plan.postgres.decide import Decision, lacking, share_of
from schematool.core.plan.postgres.graph import Graph, Node
from schematool.core.plan.postgres.knots import untie
from schematool.core.plan.postgres.names import table_of
from schematool.core.plan.postgres.not_nulls import not_null_name
from schematool.core.plan.postgres.numbering import successions
from schematool.core.plan.postgres.rerouting import heir_of, in_the_way
from schematool.core.plan.postgres.twins import on, twins

_INHERITED = frozenset({"check", "foreign key"})
_INLINE = frozenset({"primary key", "unique", "check", "exclude", "foreign key"})


def arrange(decision: Decision) -> Graph:
    """Build the graph of a decision's actions."""
    graph = Graph()
    for node in _nodes(decision):
        graph.add(node)
    _needs(decision, graph)
    _names(decision, graph)
    _attachments(decision, graph)
    _triggers(decision, graph)
    _ownerships(decision, graph)
    _numbering(decision, graph)
    _room(decision, graph)
    _moves(decision, graph)
    _clusters(decision, graph)
    _swaps(decision, graph)
    _merge_drops(decision, graph)
    _merge_creates(decision, graph)
    graph.break_cycles(
        (
            lambda node: _is_key(decision, node),
            lambda node: node[1].kind == "constraint",
            lambda node: node[1].kind == "default",
            lambda node: node[0] == "drop" and node[1].kind != "column",
        )
    )
    untie(decision, graph)
    return graph


def _nodes(decision: Decision) -> Iterator[Node]:
    yield from (("drop", of) for of in decision.drops)
    yield from (("create", of) for of in decision.creates)
    yield from (("alter", of) for of in decision.alters)
    yield from (("release", of) for of in decision.released)
    yield from (("move", move.id) for move in decision.moves)
    yield from (("finish", of) for of in decision.swaps | decision.rebuilds if of in decision.creates)
    kept = {thing.id for thing in decision.after if isinstance(thing, pg.Table) and thing.of_type} - decision.creates
    touched = decision.creates | decision.alters.keys() | {of for of in kept if of in decision.before}
    attached = {node for of in touched for node in _attachment(decision, of)}
    yield from attached
    for of in decision.creates | decision.alters.keys():
        new = decision.new(of)
        old = decision.old(of) if of in decision.before and of not in decision.creates else None
        keyed = isinstance(new, pg.Index) or (isinstance(new, pg.Constraint) and new.type in pg.INDEXED)
        had = old.parent if isinstance(old, pg.Index | pg.Constraint) else None
        if isinstance(new, pg.Index | pg.Constraint) and keyed and new.parent and new.parent != had:
            table = decision.before.objects.get(new.table)
            if isinstance(table, pg.Table) and table.partition_of and ("attach", new.table) not in attached:
                yield ("attach", of)
        if isinstance(new, pg.Sequence):
            was = old.owned_by if isinstance(old, pg.Sequence) else None
            if new.owned_by != was:
                yield ("own", of)
    for thing in decision.after if decision.rebuilds else ():
        if isinstance(thing, pg.Sequence) and thing.owned_by and table_of(thing.owned_by) in decision.rebuilds:
            yield ("own", thing.id)
    for of in decision.rebuilds:
        aside = decision.before.objects.get(of)
        above = aside.partition_of if isinstance(aside, pg.Table) else None
        if above and (above in decision.rebuilds or above not in decision.drops):
            yield ("detach", of)
        for thing in decision.after:
            if isinstance(thing, pg.Table) and thing.partition_of == of and thing.id in decision.before:
                earlier = decision.old(thing.id)
                if isinstance(earlier, pg.Table) and earlier.partition_of == of:
                    yield ("detach", thing.id)
                    yield ("attach", thing.id)


def _attachment(decision: Decision, of: Id) -> Iterator[Node]:
    new = decision.new(of)
    old = decision.old(of) if of in decision.before and of not in decision.creates else None
    if isinstance(new, pg.Table | pg.ForeignTable):
        yield from _attach_nodes(old if isinstance(old, pg.Table | pg.ForeignTable) else None, new)
    if partition := decision.takes_out(of):
        yield ("detach", partition)
        yield ("attach", partition)
    if isinstance(new, pg.Table) and isinstance(old, pg.Table):
        yield from _typed(decision, old, new)


def _typed(decision: Decision, old: pg.Table, new: pg.Table) -> Iterator[Node]:
    """A table of a composite type is let go of while the type, or which one it is, changes."""
    changing = old.of_type != new.of_type or any(
        of.kind == "type" and (of in decision.alters or of in decision.swaps)
        for of in decision.before.needs_of.get(old.id, frozenset())
    )
    if changing and old.of_type:
        yield ("detach", old.id)
    if changing and new.of_type:
        yield ("attach", new.id)


def _attach_nodes(old: pg.Table | pg.ForeignTable | None, new: pg.Table | pg.ForeignTable) -> Iterator[Node]:
    """A new table names its ordinary parents when it is created; only a partition is attached afterwards."""
    if old is None:
        if new.partition_of:
            yield ("attach", new.id)
        return
    if _parents(old) != _parents(new):
        if any(_parents(old)):
            yield ("detach", new.id)
        if any(_parents(new)):
            yield ("attach", new.id)


def _parents(table: pg.Table | pg.ForeignTable) -> tuple[tuple[Id, ...], tuple[Id, str | None] | None]:
    return table.inherits, (table.partition_of, table.partition_bound) if table.partition_of else None


def _needs(decision: Decision, graph: Graph) -> None:
    for dependent, needed in decision.before.needs:
        graph.first(("drop", dependent), ("drop", needed))
        if needed.kind != "schema":
            graph.first(("drop", dependent), ("alter", needed))
        if dependent.kind == "column" and needed.kind == "table" and dependent.path[:2] != needed.path:
            # A column of another table's row type keeps that table from being written again.
            for column in _columns(decision, needed):
                graph.first(("drop", dependent), ("alter", column))
                graph.first(("drop", dependent), ("create", column))
        for holder in (dependent, table_of(dependent)):
            # What is set aside still holds on to what it needs.
            aside = decision.swaps | decision.rebuilds
            if holder in decision.rebuilds and holder != dependent and not _goes_with_it(decision, dependent):
                continue  # it is dropped before the table is set aside
            kin = {needed, table_of(needed)} | _owner_table(decision, needed)
            if holder in aside and not kin & (aside | decision.creates):
                graph.first(("finish", holder), ("drop", needed))
        if dependent in decision.released:
            graph.first(("release", dependent), ("drop", needed))
            graph.first(("release", dependent), ("alter", dependent))
        elif ("create", dependent) not in graph.before and needed not in decision.swaps | decision.rebuilds:
            graph.first(("alter", dependent), ("drop", needed))
            graph.first(("detach", dependent), ("drop", needed))
    for dependent, needed in decision.after.needs:
        graph.first(("create", needed), ("create", dependent))
        graph.first(("create", needed), ("alter", dependent))
        if needed.kind != "schema":
            graph.first(("alter", needed), ("create", dependent))
        if needed.kind not in {"table", "schema"}:
            graph.first(("alter", needed), ("alter", dependent))
    for of in decision.drops & decision.creates:
        graph.first(("drop", of), ("create", of))
    for of in [of for of in decision.alters if of.kind == "column"]:
        for parent in decision.merged_into(of, decision.before):
            nodes = ("alter", parent), ("alter", of)
            graph.first(*(reversed(nodes) if _renamed_first(decision, of, parent) else nodes))
    for of in [of for of in decision.creates if of.kind == "table"]:
        # INHERITS copies the parent's columns and defaults as they are at that moment.
        for parent in getattr(decision.new(of), "inherits", ()):
            for thing in _columns(decision, parent):
                for action in ("create", "alter", "drop"):
                    graph.first((action, thing), ("create", of))
                    graph.first((action, Id("default", thing.path)), ("create", of))
        _unchecked(decision, graph, of)
    for of in [of for action, of in graph.before if action == "attach" and of.kind == "table"]:
        if of not in decision.creates:
            _unchecked(decision, graph, of)
    for own in [decision.new(of) for of in decision.creates if of.kind == "constraint"]:
        if isinstance(own, pg.Constraint) and own.type == "check" and not own.inherited:
            _before_the_unchecked(decision, graph, own)
    _pointed_at(decision, graph)
    _heirs(decision, graph)
    _table_privileges(decision, graph)
    _default_privileges(decision, graph)
    for of in [of for of in decision.creates if of.kind == "column"]:
        for parent in decision.merged_into(of, decision.after) if table_of(of) not in decision.creates else ():
            # ADD COLUMN of the parent is merged with the child's own; the other way round it exists already.
            if table_of(parent) not in decision.creates:
                graph.first(("create", of), ("create", parent))


def _renamed_first(decision: Decision, of: Id, parent: Id) -> bool:
    """Whether an heir's own NOT NULL gets another name, and will be its parent's too, whose name cannot be changed."""
    (old, new), (was, will) = ((decision.old(one), decision.after.objects.get(one)) for one in (of, parent))
    columns = [one for one in (old, new, was, will) if isinstance(one, pg.Column)]
    nulls = [one.not_null for one in columns] == [True, True, False, True]
    return nulls and not_null_name(columns[0]) != not_null_name(columns[1]) and columns[0].type == columns[1].type


def _goes_with_it(decision: Decision, of: Id) -> bool:
    """Whether what a table that is set aside has goes with it, and not by a statement of its own."""
    held = decision.before.objects.get(of)
    return isinstance(held, pg.Column | pg.Default) or (isinstance(held, pg.Constraint) and held.type == "check")


def _pointed_at(decision: Decision, graph: Graph) -> None:
    """A foreign key to a partitioned table goes before its partitions, each of which has a share of it."""
    for thing in [decision.old(of) for of in decision.drops if of.kind == "constraint"]:
        if isinstance(thing, pg.Constraint) and thing.type == "foreign key" and thing.references:
            for partition in _parts(decision, thing.references):
                graph.first(("drop", thing.id), ("drop", partition))
                graph.first(("drop", partition), ("create", thing.id))


def _parts(decision: Decision, table: Id) -> Iterator[Id]:
    for child in decision.children_of(table, decision.before):
        yield child
        yield from _parts(decision, child)


def _heirs(decision: Decision, graph: Graph) -> None:
    """Heirs that go, go before their parent's columns change, and so does what holds on to a type of a heir's column.

    They may have a column of that name, an identity column is refused where there are any, and a policy or view of
    theirs keeps the parent's column from getting another type.
    """
    for action, of in [node for node in graph.before if node[0] != "drop" and node[1].kind == "column"]:
        for child in decision.children_of(table_of(of), decision.before):
            graph.first(("drop", child), (action, of))
            column = Id("column", (*child.path, of.name))
            for holder in decision.before.needed_by.get(column, frozenset()) if action == "alter" else ():
                if holder.path[:2] != child.path or holder.kind != "column":
                    graph.first(("drop", holder), (action, of))


def _table_privileges(decision: Decision, graph: Graph) -> None:
    """REVOKE on a table takes the privileges on its columns too: those are granted after it.

    A new owner takes over what the old one had on columns; what it was granted itself is revoked before. The old one is
    granted something when it is the owner no more.
    """
    for of in [of for of in decision.alters if of.kind in pg.RELATIONS]:
        old, new = decision.old(of), decision.new(of)
        for column in _columns(decision, of):
            if old.owner == new.owner and old.grants == new.grants:
                continue
            had, has = (side.objects.get(column) for side in (decision.before, decision.after))
            taken = isinstance(had, pg.Column) and any(grant.grantee == new.owner for grant in had.grants)
            given = isinstance(has, pg.Column) and any(grant.grantee == old.owner for grant in has.grants)
            if old.owner != new.owner and not given and (taken or old.grants == new.grants):
                graph.first(("alter", column), ("alter", of))
            else:
                graph.first(("alter", of), ("alter", column))
                graph.first(("alter", of), ("create", column))


def _default_privileges(decision: Decision, graph: Graph) -> None:
    """What is made in the same plan has the privileges that its own definition says, as they were given before."""
    settings = [node for node in graph.before if node[1].kind == "default privileges"]
    for of in decision.creates if settings else ():
        if of.kind in {*pg.RELATIONS, "sequence", "function", "aggregate", "type"}:
            for setting in settings:
                graph.first(("create", of), setting)
        elif of.kind == "extension" and settings_first(decision, of):
            for setting in settings:
                graph.first(*((("create", of), setting) if setting[0] == "create" else (setting, ("create", of))))


def settings_first(decision: Decision, extension: Id) -> bool:
    """Whether default privileges change before an extension comes: nothing else is made that needs it."""
    return not decision.after.needed_by.get(extension, frozenset()) & decision.creates


def _owner_table(decision: Decision, of: Id) -> set[Id]:
    thing = decision.before.objects.get(of)
    return {table_of(thing.owned_by)} if isinstance(thing, pg.Sequence) and thing.owned_by else set()


def _unchecked(decision: Decision, graph: Graph, heir: Id) -> None:
    """A new table's checks count as validated; one that is not came to its ancestor when the table was there."""
    above = ancestors(decision.after, heir)
    for thing in decision.after.needed_by.get(heir, frozenset()) if above else ():
        own = decision.after.objects.get(thing)
        if not isinstance(own, pg.Constraint) or not own.inherited or own.table != heir:
            continue
        for of in (Id("constraint", (*ancestor.path, thing.name)) for ancestor in above):
            if of in decision.creates and not (own.type == "foreign key" and _is_valid(decision.new(of))):
                whole = ("attach", heir) if ("attach", heir) in graph.before else ("create", heir)
                first = own.validated and heir in decision.creates and not decision.keeps_partitions(heir)
                graph.first(*((("create", of), ("create", heir)) if first else (whole, ("create", of))))


def _is_valid(thing: pg.PgObject) -> bool:
    return isinstance(thing, pg.Constraint) and thing.validated


def _before_the_unchecked(decision: Decision, graph: Graph, own: pg.Constraint) -> None:
    """An heir's own check becomes one with its ancestor's; one that is not valid would be in its way."""
    for of in (Id("constraint", (*above.path, own.id.name)) for above in ancestors(decision.after, own.table)):
        above = decision.after.objects.get(of)
        if of in decision.creates and isinstance(above, pg.Constraint) and not above.validated:
            graph.first(("create", own.id), ("create", of))


def ancestors(catalog: Catalog, table: Id) -> set[Id]:
    """Return all tables that a table inherits from, or is a partition of, directly or not."""
    thing = catalog.objects.get(table)
    if not isinstance(thing, pg.Table | pg.ForeignTable):
        return set()
    parents = {*thing.inherits, *filter(None, [thing.partition_of])}
    return parents.union(*(ancestors(catalog, parent) for parent in parents))


def _triggers(decision: Decision, graph: Graph) -> None:
    """A partition's own trigger is not there while it has one of that name from its parent."""
    for of in [of for of in decision.drops if of.kind == "trigger" and not _is_inherited(decision.old(of))]:
        table = table_of(of)
        for above in ancestors(decision.after, table):
            graph.first(("drop", of), ("create", Id("trigger", (*above.path, of.name))))
            graph.first(("drop", of), ("attach", above))
        graph.first(("drop", of), ("attach", table))
    for of in [of for of in decision.creates if of.kind == "trigger" and not _is_inherited(decision.new(of))]:
        table = table_of(of)
        for above in ancestors(decision.before, table):
            graph.first(("drop", Id("trigger", (*above.path, of.name))), ("create", of))
            graph.first(("detach", above), ("create", of))
        graph.first(("detach", table), ("create", of))


def _is_inherited(thing: pg.PgObject) -> bool:
    return isinstance(thing, pg.Trigger) and thing.inherited


def taken_names(thing: pg.PgObject) -> Iterator[tuple[str, ...]]:
    """The names and places that an object takes up, each in its name space."""
    of = thing.id
    indexed = isinstance(thing, pg.Constraint) and thing.type in pg.INDEXED
    if of.kind in {*pg.RELATIONS, "index", "sequence"}:
        yield ("relation", *of.path)
    elif indexed:
        yield ("relation", of.path[0], of.name)
    if of.kind in {*pg.RELATIONS, "type", "sequence"}:
        yield ("type", *of.path[:2])
    if of.kind in {"function", "aggregate"}:
        yield ("routine", *of.path)
    if isinstance(thing, pg.Composite):
        yield ("relation", *of.path)
    if isinstance(thing, pg.Column) and thing.identity:
        yield ("relation", *identity_sequence(thing).path)
    # What a table has one of, or one of a name: since 18 a NOT NULL is a constraint, and keeps its name when the
    # column is renamed.
    if isinstance(thing, pg.Constraint):
        yield ("constraint", *of.path)
        if thing.type == "primary key":
            yield ("primary key", *of.path[:2])
    if isinstance(thing, pg.Column) and thing.not_null:
        yield ("constraint", *of.path[:2], not_null_name(thing))


def _names(decision: Decision, graph: Graph) -> None:
    """What gives a name free comes before what takes it."""
    for of in [of for of in decision.creates if of.kind == "constraint"]:
        share = decision.before.objects.get(of)
        whole = share_of(decision.before, share) if isinstance(share, pg.Constraint) else None
        if whole:
            graph.first(("drop", whole), ("create", of))
    free: dict[tuple[str, ...], Id] = {}
    for of in decision.drops:
        for taken in taken_names(decision.old(of)):
            free[taken] = of
    givers: dict[tuple[str, ...], Node] = {taken: ("drop", of) for taken, of in free.items()}
    for of in decision.alters:
        kept = set(taken_names(decision.new(of)))
        givers |= {taken: ("alter", of) for taken in taken_names(decision.old(of)) if taken not in kept}
    _overloads(decision, graph)
    for action, of in list(graph.before):
        if action in {"create", "alter"}:
            for taken in taken_names(decision.new(of)):
                if taken in givers and givers[taken][1] != of:
                    graph.first(givers[taken], (action, of))


def _overloads(decision: Decision, graph: Graph) -> None:
    """A function that goes is not there to make a call of its namesake ambiguous, unless something still uses it."""
    going: dict[tuple[str, ...], list[Id]] = {}
    for of in decision.drops:
        used = decision.before.needed_by.get(of, frozenset())
        if of.kind == "function" and not used & decision.alters.keys():
            going.setdefault(of.path[:2], []).append(of)
    for thing in decision.after if going else ():
        for namesake in going.get(thing.id.path[:2], ()) if thing.id.kind == "function" else ():
            if namesake == thing.id:
                continue
            graph.first(("drop", namesake), ("create", thing.id))
            for caller in decision.after.needed_by.get(thing.id, frozenset()):
                graph.first(("drop", namesake), ("create", caller))
                graph.first(("drop", namesake), ("alter", caller))


def _attachments(decision: Decision, graph: Graph) -> None:
    """A partition is attached when it is whole and its parent is there; its indexes come before its parent's."""
    for action, of in list(graph.before):
        if action == "attach" and of.kind not in {"index", "constraint"}:
            table = decision.new(of)
            assert isinstance(table, pg.Table | pg.ForeignTable)
            graph.first(("detach", of), ("attach", of))
            for type_ in decision.after.needs_of.get(of, frozenset()) if getattr(table, "of_type", None) else ():
                for action_on_type in ("create", "alter"):
                    graph.first((action_on_type, type_), ("attach", of))
                graph.first(("attach", of), ("finish", type_))
            for parent in (*table.inherits, *filter(None, [table.partition_of])):
                _whole(decision, graph, parent, ("attach", of), keys=False)
                for thing in _inside(decision.before.needed_by.get(parent, frozenset()), parent):
                    graph.first(("drop", thing), ("attach", of))
            _whole(decision, graph, of, ("attach", of), keys=True)
            for column in _columns(decision, of) if table.partition_of else ():
                graph.first(("drop", column), ("attach", of))
        if action == "detach":
            graph.first(("detach", of), ("drop", of))
            for thing in _inside(decision.before.needed_by.get(of, frozenset()), of):
                graph.first(("detach", of), ("drop", thing))
                graph.first(("detach", of), ("alter", thing))
            table = decision.old(of)
            assert isinstance(table, pg.Table | pg.ForeignTable)
            if isinstance(table, pg.Table) and table.of_type:
                for type_ in decision.before.needs_of.get(of, frozenset()):
                    graph.first(("detach", of), ("alter", type_))
                    graph.first(("detach", of), ("drop", type_))
                for column in _columns(decision, of):
                    graph.first(("detach", of), ("create", column))
                    graph.first(("drop", column), ("attach", of))
            for parent in (*table.inherits, *filter(None, [table.partition_of])):
                for column in _columns(decision, parent) | _checks(decision, parent):
                    for other in ("create", "alter", "drop"):
                        check = other == "drop" and _type(decision.before.objects.get(column)) in _INHERITED
                        if check and _comes_back(decision, table):
                            # Taken out, it would keep its share.
                            graph.first((other, column), ("detach", of))
                        else:
                            graph.first(("detach", of), (other, column))
            for ancestor in ancestors(decision.before, of) if _comes_back(decision, table) else ():
                for check_of in _checks(decision, ancestor):
                    if _type(decision.before.objects.get(check_of)) in _INHERITED:
                        graph.first(("drop", check_of), ("detach", of))
        if action == "detach":
            _unreferenced(decision, graph, of)
        if action == "attach" and of.kind == "table":
            _lacking(decision, graph, of)
            _shares_first(decision, graph, of)
    for action, of in list(graph.before):
        share = decision.before.objects.get(of)
        if action in {"drop", "detach"} and isinstance(share, pg.Table) and share.partition_of:
            # An index ON ONLY the parent is not valid while there is a partition that lacks it.
            for thing in decision.after.needed_by.get(share.partition_of, frozenset()):
                if thing.kind == "index":
                    graph.first((action, of), ("create", thing))
    fresh, gone = _unique_things(decision)
    for of in decision.creates | decision.alters.keys():
        child = decision.new(of)
        if isinstance(child, pg.Index | pg.Constraint) and child.parent:
            graph.first(("create", of), ("attach", of))
            graph.first(("create", child.parent), ("attach", of))
            graph.first(("create", child.parent), ("attach", child.table))
            whole = decision.after.objects.get(child.parent)
            if isinstance(whole, pg.Index | pg.Constraint):
                # One that lacks shares is not valid, and ATTACH PARTITION makes another.
                graph.first(("attach", of), ("attach", whole.table))
        if isinstance(child, pg.Constraint) and child.type == "foreign key" and child.references:
            graph.first(("finish", child.references), ("create", of))
            for key in fresh.get(child.references, ()):
                graph.first(("create", key), ("create", of))
                graph.first(("attach", key), ("create", of))
            # The server binds a key to any fitting unique index: the one that goes must be gone.
            for key in gone.get(child.references, ()):
                graph.first(("drop", key), ("create", of))


def _unreferenced(decision: Decision, graph: Graph, partition: Id) -> None:
    """Rows that are pointed at leave with their partition, and are there again, while no foreign key looks."""
    above = ancestors(decision.before, partition)
    for of in decision.drops if above else ():
        key = decision.old(of)
        if isinstance(key, pg.Constraint) and key.references in above and key.table != partition:
            graph.first(("drop", of), ("detach", partition))
            if partition in decision.taken_out:
                graph.first(("attach", partition), ("create", of))


def _comes_back(decision: Decision, partition: pg.Table | pg.ForeignTable) -> bool:
    """Whether a partition is taken out only while something is changed that cannot be with it in place."""
    after = decision.after.objects.get(partition.id)
    stays = isinstance(after, pg.Table | pg.ForeignTable) and partition.partition_of is not None
    return stays and getattr(after, "partition_of", None) == partition.partition_of


def _lacking(decision: Decision, graph: Graph, partition: Id) -> None:
    """ATTACH PARTITION gives the partition all its parent's indexes; one that it shall not have comes later."""
    for of in lacking(decision, partition):
        graph.first(("attach", partition), ("create", of))


def _shares_first(decision: Decision, graph: Graph, partition: Id) -> None:
    """Make what ATTACH PARTITION could mix up in the order in which it looks, the parent's indexes too."""
    for later, earlier in twins(on(decision.after, partition), partition):
        graph.first(("create", earlier), ("create", later))
        graph.first(("drop", later), ("create", earlier))
        one, other = decision.new(earlier), decision.new(later)
        assert isinstance(one, pg.Index | pg.Constraint)
        assert isinstance(other, pg.Index | pg.Constraint)
        if one.parent and other.parent:
            graph.first(("create", one.parent), ("create", other.parent))


def _unique_things(decision: Decision) -> tuple[dict[Id, list[Id]], dict[Id, list[Id]]]:
    """By table, what a foreign key to it can rest on: that which is made, and that which goes."""
    fresh: dict[Id, list[Id]] = {}
    gone: dict[Id, list[Id]] = {}
    sides = ((fresh, decision.creates, decision.new), (gone, decision.drops, decision.old))
    for found, ids, thing_of in sides:
        for of in ids:
            match thing_of(of):
                case pg.Index(unique=True, table=table):
                    found.setdefault(table, []).append(of)
                case pg.Constraint(type="primary key" | "unique", table=table):
                    found.setdefault(table, []).append(of)
                case _:
                    continue
    return fresh, gone


def _columns(decision: Decision, table: Id) -> set[Id]:
    both = (decision.before.needed_by.get(table, frozenset()), decision.after.needed_by.get(table, frozenset()))
    return {thing for things in both for thing in things if thing.kind == "column" and thing.path[:2] == table.path}


def _checks(decision: Decision, table: Id) -> set[Id]:
    things = decision.before.needed_by.get(table, frozenset())
    return {thing for thing in things if thing.kind == "constraint" and thing.path[:2] == table.path}


def _whole(decision: Decision, graph: Graph, table: Id, node: Node, *, keys: bool) -> None:
    for action in ("create", "alter"):
        graph.first((action, table), node)
        for thing in _inside(decision.after.needed_by.get(table, frozenset()), table):
            if thing.kind in {"column", "default"} or (keys and thing.kind in {"constraint", "index"}):
                new = decision.new(thing)
                foreign = isinstance(new, pg.Constraint) and new.type == "foreign key"
                if not foreign:
                    graph.first((action, thing), node)


def _inside(things: frozenset[Id], table: Id) -> Iterator[Id]:
    for thing in things:
        if thing.kind in {"column", "default", "constraint", "trigger"} and thing.path[:2] == table.path[:2]:
            yield thing
        if thing.kind == "index":
            yield thing


def _ownerships(decision: Decision, graph: Graph) -> None:
    for action, of in list(graph.before):
        if action != "own":
            continue
        graph.first(("create", of), ("own", of))
        graph.first(("alter", of), ("own", of))
        new = decision.new(of)
        assert isinstance(new, pg.Sequence)
        if new.owned_by:
            for earlier in ("create", "alter"):
                graph.first((earlier, new.owned_by), ("own", of))
                graph.first((earlier, table_of(new.owned_by)), ("own", of))
            graph.first(("own", of), ("finish", table_of(new.owned_by)))
            # While the column is an identity it can have no default; a new one has its default from the beginning.
            if new.owned_by not in decision.creates:
                graph.first(("own", of), ("create", Id("default", new.owned_by.path)))
        if of in decision.before and of not in decision.creates:
            old = decision.old(of)
            if isinstance(old, pg.Sequence) and old.owned_by and table_of(old.owned_by) not in decision.rebuilds:
                graph.first(("own", of), ("drop", old.owned_by))
                graph.first(("own", of), ("drop", table_of(old.owned_by)))


def _room(decision: Decision, graph: Graph) -> None:
    """A partition that leaves, or gets another bound, makes room for the one that comes in its place."""
    for of in [of for action, of in graph.before if action == "attach" and of.kind == "table"]:
        table = decision.new(of)
        for sibling in in_the_way(decision.before, decision.after, table) if isinstance(table, pg.Table) else ():
            for action in ("detach", "drop") if sibling not in decision.rebuilds else ():
                graph.first((action, sibling), ("attach", of))


def _moves(decision: Decision, graph: Graph) -> None:
    """Rows are moved when their partition is out and the other is not in yet; the default one takes what is left."""
    for move in decision.moves:
        node = ("move", move.id)
        for of in (move.source, move.target):
            graph.first(("detach", of), node)
            if move.is_early(decision.before, decision.after):
                for column in _columns(decision, of):
                    for action in ("create", "alter", "drop"):
                        graph.first(node, (action, column))
            elif of in decision.after:
                _whole(decision, graph, of, node, keys=False)
        graph.first(node, ("attach", move.table))
        graph.first(node, ("attach", move.source))
        graph.first(node, ("drop", move.source))
        for child in decision.children_of(move.target, decision.after):
            graph.first(("attach", child), node)
        if not move.inside:
            for other in decision.moves:
                if other.source == move.source and other.inside:
                    graph.first(("move", other.id), node)
        for of in decision.drops:
            key = decision.old(of)
            if isinstance(key, pg.Constraint) and key.type == "foreign key" and of in decision.creates:
                graph.first(("drop", of), ("detach", move.source))
                graph.first(("drop", of), node)
                graph.first(("attach", move.table), ("create", of))
                graph.first(("attach", move.source), ("create", of))

    for partition in [of for of in decision.drops if of.kind == "table"]:
        if heir_of(decision.before, decision.after, partition):
            for of in decision.creates:
                key = decision.new(of)
                if isinstance(key, pg.Constraint) and key.type == "foreign key":
                    graph.first(("drop", partition), ("create", of))


def _numbering(decision: Decision, graph: Graph) -> None:
    """A sequence is set aside before the identity that goes on where it stopped is there."""
    for column, change in successions(decision).items():
        if change.old and change.new.identity:
            graph.first(("drop", change.old.sequence), ("alter", column))


def _clusters(decision: Decision, graph: Graph) -> None:
    """SET WITHOUT CLUSTER is about the whole table: it comes before another index takes the place of the first."""
    taking: dict[Id, list[Node]] = {}
    for node in graph.before:
        if node[0] in {"create", "alter"} and getattr(decision.new(node[1]), "clustered", False):
            taking.setdefault(getattr(decision.new(node[1]), "table"), []).append(node)  # noqa: B009  # of either class
    for of in decision.alters if taking else ():
        old, new = decision.old(of), decision.new(of)
        if getattr(old, "clustered", False) and not getattr(new, "clustered", False):
            for node in taking.get(getattr(new, "table"), ()):  # noqa: B009  # as above
                graph.first(("alter", of), node)


def _swaps(decision: Decision, graph: Graph) -> None:
    """A type or table that was renamed aside is dropped when nothing uses it any more."""
    for of in decision.swaps | decision.rebuilds:
        last = ("finish", of)
        graph.first(("create", of), last)
        for dependent in decision.before.needed_by.get(of, frozenset()):
            graph.first(("alter", dependent), last)
            graph.first(("finish", dependent), last)
            if dependent.kind in {"column", "default"} and table_of(dependent) != of:
                graph.first(("finish", table_of(dependent)), last)
            graph.first(("drop", dependent), last)
        if of in decision.rebuilds:
            for node in list(graph.before):
                if node[0] == "attach" and getattr(decision.new(node[1]), "partition_of", None) == of:
                    graph.first(node, last)
                if node[0] == "detach":
                    graph.first(node, ("drop", of))
            for parent in _inherited_from(decision, of):
                for column in _columns(decision, parent):
                    for action in ("create", "alter", "drop"):
                        graph.first(("drop", of), (action, column))
            # Foreign keys and triggers come when the rows are there.
            for dependent in decision.creates:
                waits = decision.new(dependent)
                if isinstance(waits, pg.Trigger | pg.Rule) and waits.table == of:
                    graph.first(last, ("create", dependent))
                if isinstance(waits, pg.Constraint) and waits.table == of and waits.type == "foreign key":
                    graph.first(last, ("create", dependent))


def _inherited_from(decision: Decision, of: Id) -> tuple[Id, ...]:
    table = decision.before.objects.get(of)
    return table.inherits if isinstance(table, pg.Table) else ()


def _merge_drops(decision: Decision, graph: Graph) -> None:
    """DROP TABLE takes its columns, keys, indexes, triggers and owned sequences along; a column its own."""
    for of in decision.drops:
        dropped = decision.old(of)
        above = () if ("detach", table_of(of)) in graph.before else decision.parents_of(of, decision.before)
        for holder in (*_holders(dropped), *above):
            partition = getattr(dropped, "table", holder)
            if holder == getattr(dropped, "parent", None) and ("detach", partition) in graph.before:
                continue
            if holder in decision.drops and holder not in decision.rebuilds:
                graph.merged[("drop", of)] = ("drop", holder)
                break
    for of in decision.rebuilds:
        for thing in decision.before:
            # A check goes with the table that is set aside; an heir's may be its parent's too, and cannot go by itself.
            if thing.id in decision.drops and thing.id.path[:2] == of.path and _goes_with_it(decision, thing.id):
                graph.merged[("drop", thing.id)] = ("drop", of)


def _holders(thing: pg.PgObject) -> Iterator[Id]:
    """What takes an object along when it is dropped, nearest last."""
    of = thing.id
    match thing:
        case pg.Default():
            yield Id("column", of.path)
            yield from (Id(kind, of.path[:2]) for kind in sorted(pg.RELATIONS))
        case pg.Column():
            yield from (Id(kind, of.path[:2]) for kind in sorted(pg.RELATIONS))
        case pg.Constraint() | pg.Index():
            # A partition that goes too takes its share of a parent's index along, and goes before its parent.
            yield thing.table
            if thing.parent:
                yield thing.parent
        case pg.Trigger() | pg.Rule() | pg.Policy() | pg.Statistics() | pg.Distribution():
            yield thing.table
        case pg.Sequence() if thing.owned_by:
            yield thing.owned_by
        case pg.Privileges(extension=Id() as extension):
            yield extension
        case _:
            return


def _merge_creates(decision: Decision, graph: Graph) -> None:
    """CREATE TABLE makes its columns, defaults and those constraints that have no reason to wait."""
    indexed: set[tuple[Id, str]] = set()
    for of in sorted(decision.creates, key=lambda of: (_type(decision.new(of)) != "primary key", of)):
        thing = decision.new(of)
        node = ("create", of)
        for parent in decision.parents_of(of, decision.after) if ("attach", table_of(of)) not in graph.before else ():
            if parent in decision.creates and table_of(of) not in decision.creates:
                graph.merged[node] = ("create", parent)
                break
        if node in graph.merged:
            continue
        match thing:
            case pg.Column() | pg.Default():
                for holder in _holders(thing):
                    if holder in decision.creates and holder.kind in {"table", "foreign table", "column"}:
                        graph.merged[node] = ("create", holder)
                        break
            case pg.Constraint() if thing.table in decision.creates and thing.table not in decision.rebuilds:
                plain = thing.validated and thing.type in _INLINE and thing.enforced and not thing.clustered
                index = (thing.table, _index_of(thing))
                if plain and index not in indexed:
                    graph.merged[node] = ("create", thing.table)
                    if thing.type in pg.INDEXED:
                        indexed.add(index)
            case _:
                continue


def _type(thing: Object | None) -> str | None:
    return thing.type if isinstance(thing, pg.Constraint) else None


def _index_of(constraint: pg.Constraint) -> str:
    """What the index of a key would be like.

    Of two that are alike in one CREATE TABLE the server makes the first only (transformIndexConstraints), and a primary
    key and a unique one on the same columns are alike to it.
    """
    return constraint.definition.replace("PRIMARY KEY", "UNIQUE", 1)


def _is_key(decision: Decision, node: Node) -> bool:
    of = node[1]
    if of.kind != "constraint":
        return False
    thing = decision.new(of) if node[0] == "create" else decision.old(of)
    return isinstance(thing, pg.Constraint) and thing.type == "foreign key"
