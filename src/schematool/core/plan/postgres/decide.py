"""Which objects are made, removed, altered, and which are made again because something under them changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.change import Added, Altered, Removed
from schematool.core.diff import diff
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres import types
from schematool.core.plan.postgres.alter import Way, way
from schematool.core.plan.postgres.names import name, table_of
from schematool.core.plan.postgres.not_nulls import not_null_name
from schematool.core.plan.postgres.rerouting import Move, heir_of, moves
from schematool.core.plan.postgres.twins import on, twins
from schematool.core.sql.quote import identifier

# What ALTER COLUMN TYPE refuses to carry along ("cannot alter type of a column used by …", tablecmds.c).
_HOLDS_A_TYPE = frozenset(
    {"view", "materialized view", "rule", "policy", "trigger", "function", "publication", "default", "distribution"}
)
# What is never dropped for the sake of something else: it holds rows or everything.
_NEVER = frozenset({"table", "schema", "extension", "sequence"})


@dataclass(slots=True)
class Decision:
    """The fate of each object. An id can be in both `drops` and `creates`: it is made again."""

    before: Catalog
    after: Catalog
    version: int
    drops: set[Id] = field(default_factory=set)
    creates: set[Id] = field(default_factory=set)
    alters: dict[Id, Altered] = field(default_factory=dict)
    swaps: set[Id] = field(default_factory=set)
    rebuilds: set[Id] = field(default_factory=set)
    retyped: set[Id] = field(default_factory=set)
    old_domains: Mapping[str, str] = field(default_factory=dict)
    """What each domain is over, by its qualified name."""
    new_domains: Mapping[str, str] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    """Rows that change their partition."""
    released: set[Id] = field(default_factory=set)
    """Domains that let go of what is dropped and take it again when it is made: columns are of them meanwhile."""
    taken_out: set[Id] = field(default_factory=set)
    """Partitions that leave their parent and come back to it."""

    def old(self, of: Id) -> pg.PgObject:
        """The object as it was."""
        thing = self.before.objects[of]
        assert isinstance(thing, pg.PgObject)
        return thing

    def parents_of(self, of: Id, catalog: Catalog) -> tuple[Id, ...]:
        """The columns of the parents that an inherited column comes from, in the table's order of parents."""
        column = catalog.objects.get(of)
        table = catalog.objects.get(table_of(of))
        if not isinstance(column, pg.Column) or not column.inherited or not isinstance(table, pg.Table):
            return ()
        parents = (*table.inherits, *((table.partition_of,) if table.partition_of else ()))
        return tuple(Id("column", (*parent.path, of.name)) for parent in parents)

    def merged_into(self, of: Id, catalog: Catalog) -> tuple[Id, ...]:
        """The columns of the parents that have a column's name, so that it is one with them, local or not."""
        parents = _parents(catalog.objects.get(table_of(of)) or catalog.objects.get(Id("foreign table", of.path[:2])))
        found = (Id("column", (*parent.path, of.name)) for parent in parents)
        return tuple(column for column in found if column in catalog)

    def children_of(self, table: Id, catalog: Catalog) -> tuple[Id, ...]:
        """The tables that inherit from a table directly, and its partitions."""
        users = catalog.needed_by.get(table, frozenset())
        return tuple(sorted(child for child in users if table in _parents(catalog.objects[child])))

    def keeps_partitions(self, of: Id) -> bool:
        """Whether a table that is made again gets partitions that are there, and have not yet what its parent gets."""
        kept = (child for child in self.children_of(of, self.after) if child in self.before)
        return of in self.rebuilds and any(child not in self.creates for child in kept)

    def takes_out(self, of: Id) -> Id | None:
        """The partition or heir that is taken out and put back for the alteration of a column, if it is one.

        Its NOT NULL gets another name ("cannot rename inherited constraint"), or it is a foreign table, which refuses
        the USING of its parent's ALTER COLUMN TYPE ("is not a table").
        """
        change = self.alters.get(of)
        relations = (self.after.objects.get(Id(kind, of.path[:2])) for kind in ("table", "foreign table"))
        table = next((one for one in relations if isinstance(one, pg.Table | pg.ForeignTable)), None)
        if change is None or table is None or table.id in self.creates:
            return None
        old, new = change.before, change.after
        if not (isinstance(old, pg.Column) and isinstance(new, pg.Column)):
            return None
        foreign = isinstance(table, pg.ForeignTable) and table.partition_of and old.inherited and new.inherited
        retyped = of in self.retyped or (old.type, old.collation) != (new.type, new.collation)
        return table.id if renames_inherited(self, of) or (retyped and foreign) else None

    def new(self, of: Id) -> pg.PgObject:
        """The object as it shall be."""
        thing = self.after.objects[of]
        assert isinstance(thing, pg.PgObject)
        return thing


def _parents(thing: Object | None) -> tuple[Id, ...]:
    if not isinstance(thing, pg.Table | pg.ForeignTable):
        return ()
    return (*thing.inherits, *((thing.partition_of,) if thing.partition_of else ()))


def decide(before: Catalog, after: Catalog, version: int) -> Decision:
    """Compare two catalogs and decide the fate of everything that differs or depends on what differs."""
    decision = Decision(before, after, version, old_domains=_domains(before), new_domains=_domains(after))
    for change in diff(before, after):
        match change:
            case Added():
                decision.creates.add(change.id)
            case Removed():
                decision.drops.add(change.id)
            case Altered():
                _altered(decision, change)
            case _:
                raise AssertionError(change)
    _reroute(decision)
    _rebuild_for_locality(decision)
    _tear_off_shares(decision)
    _propagate(decision)
    _take_out(decision)
    _leave_to_the_parent(decision)
    _keep_rows_for_the_copy(decision)
    made_again = decision.rebuilds | {of for of in decision.drops if of in decision.creates}
    decision.moves = [
        move for move in decision.moves if not {move.source, move.target, *_above(decision, move.source)} & made_again
    ]
    return decision


def _domains(catalog: Catalog) -> Mapping[str, str]:
    return {name(thing.id): thing.base for thing in catalog if isinstance(thing, pg.Domain)}


def _reroute(decision: Decision) -> None:
    """Find the rows that change their partition; foreign keys to them are taken away meanwhile, and made again.

    One would refuse DETACH PARTITION, and ON DELETE CASCADE would delete what points at a row that is only moved.
    """
    changed = {of for of in (*decision.creates, *decision.drops, *decision.alters) if of.kind == "table"}
    tables = (side.objects.get(of) for of in changed for side in (decision.before, decision.after))
    parents = {table.partition_of for table in tables if isinstance(table, pg.Table) and table.partition_of}
    decision.moves = list(moves(decision.before, decision.after, parents))
    leaving = [of for of in decision.drops if of.kind == "table" and heir_of(decision.before, decision.after, of)]
    above = {of for source in (*(move.source for move in decision.moves), *leaving) for of in _above(decision, source)}
    for thing in [*decision.before] if above else ():
        pointing = isinstance(thing, pg.Constraint) and thing.type == "foreign key" and not thing.inherited
        if pointing and isinstance(thing, pg.Constraint) and thing.references in above and thing.id in decision.after:
            _again(decision, thing.id)


def _above(decision: Decision, source: Id) -> Iterator[Id]:
    """The tables that a moved row is in, from the source's parent upwards."""
    table = decision.before.objects.get(source)
    while isinstance(table, pg.Table | pg.ForeignTable) and table.partition_of:
        yield table.partition_of
        table = decision.before.objects.get(table.partition_of)


def _altered(decision: Decision, change: Altered) -> None:
    before, after = decision.old(change.id), decision.new(change.id)
    if isinstance(before, pg.Trigger) and isinstance(after, pg.Trigger) and before.inherited != after.inherited:
        # A partition's share of its parent's trigger comes and goes with ATTACH and DETACH.
        _again(decision, change.id)
        return
    if _outlives_its_parents(decision, before, after):
        _again(decision, change.id)
        return
    match way(before, after, decision.version):
        case Way.IN_PLACE if _contained(decision, before, after):
            _again(decision, change.id)
            decision.swaps.add(change.id)
        case Way.IN_PLACE:
            decision.alters[change.id] = change
        case Way.REPLACE:
            _again(decision, change.id)
        case Way.SWAP:
            _again(decision, change.id)
            decision.swaps.add(change.id)
        case Way.REBUILD:
            _rebuild(decision, change.id)


def _take_out(decision: Decision) -> None:
    """Find the partitions that are detached and attached again, and make foreign keys again that point at their rows.

    "removing partition … violates foreign key constraint"
    """
    for of, change in decision.alters.items():
        old, new = change.before, change.after
        partition = decision.takes_out(of)
        if isinstance(old, pg.Table) and isinstance(new, pg.Table) and old.partition_of == new.partition_of:
            partition = of if old.partition_bound != new.partition_bound else None
        if partition:
            decision.taken_out.add(partition)
    above = {of for partition in decision.taken_out for of in _above(decision, partition)}
    for thing in decision.before if above else ():
        if isinstance(thing, pg.Constraint) and thing.references in above and not thing.inherited:
            _again(decision, thing.id)


def _tear_off_shares(decision: Decision) -> None:
    """Make indexes again that are another's share now, or nobody's: what is attached to an index stays so.

    Only the partition itself can leave, and its indexes with it. What comes to a parent is searched for an index that
    fits: one that shall stay its own comes after that.
    """
    for of, change in sorted(decision.alters.items()):
        old, new = change.before, change.after
        if isinstance(old, pg.Index | pg.Constraint) and isinstance(new, pg.Index | pg.Constraint):
            torn = old.parent is not None and old.parent != new.parent
            if torn and not _moves(decision, new.table):
                _again(decision, of)
    for table in sorted(of for of in decision.alters if of.kind == "table" and _moves(decision, of)):
        for later, earlier in twins(on(decision.after, table), table):
            if earlier in decision.creates and later not in decision.creates:
                _again(decision, later)
    comes = decision.creates | {of for of in decision.alters if of.kind == "table" and _moves(decision, of)}
    for table in sorted(of for of in comes if of.kind == "table"):
        for of in sorted(lacking(decision, table)):
            if of in decision.before and of not in decision.creates:
                _again(decision, of)


def lacking(decision: Decision, partition: Id) -> Iterator[Id]:
    """The indexes and keys of its parent that a partition shall not have; ATTACH PARTITION would give it them."""
    table = decision.after.objects.get(partition)
    parent = table.partition_of if isinstance(table, pg.Table) else None
    inside = (decision.after.objects[of] for of in decision.after.needed_by.get(partition, frozenset()))
    shares = {thing.parent for thing in inside if isinstance(thing, pg.Index | pg.Constraint)}
    for of in decision.after.needed_by.get(parent, frozenset()) if parent else ():
        thing = decision.after.objects[of]
        keyed = isinstance(thing, pg.Index) or (isinstance(thing, pg.Constraint) and thing.type in pg.INDEXED)
        if keyed and getattr(thing, "table", None) == parent and of not in shares:
            yield of


def _moves(decision: Decision, table: Id) -> bool:
    """Whether a table leaves its parent or comes to one."""
    sides = (side.objects.get(table) for side in (decision.before, decision.after))
    return len({(t.partition_of, t.partition_bound) for t in sides if isinstance(t, pg.Table)}) > 1


def _outlives_its_parents(decision: Decision, before: pg.PgObject, after: pg.PgObject) -> bool:
    """Whether a check or foreign key of a partition stays, while its parent's goes: that takes its share along."""
    if not (isinstance(before, pg.Constraint) and isinstance(after, pg.Constraint)):
        return False
    whole = share_of(decision.before, before) if before.type in {"check", "foreign key"} else None
    return before.inherited and not after.inherited and whole is not None and whole not in decision.after


def share_of(catalog: Catalog, share: pg.Constraint) -> Id | None:
    """The constraint of a partition's parent that one of the partition comes from."""
    table = catalog.objects.get(share.table)
    above = table.partition_of if isinstance(table, pg.Table) else None
    return share.parent or (Id("constraint", (*above.path, share.id.name)) if above and share.inherited else None)


def _contained(decision: Decision, before: pg.PgObject, after: pg.PgObject) -> bool:
    """Whether values of a domain are inside of others, where the server does not look when a constraint is added.

    "cannot alter type … because column … uses it" (get_rels_with_domain, typecmds.c).
    """
    if not (isinstance(before, pg.Domain) and isinstance(after, pg.Domain)):
        return False
    kept = {(check.name, check.definition, check.validated) for check in before.checks}
    stricter = any(c.validated and (c.name, c.definition, c.validated) not in kept for c in after.checks)
    return (stricter or (after.not_null and not before.not_null)) and _in_container(decision.before, before.id)


def _in_container(catalog: Catalog, domain: Id) -> bool:
    """Whether a column is of an array, a composite or a range of a domain, or of a domain that is based on it."""
    for user in catalog.needed_by.get(domain, frozenset()):
        thing = catalog.objects[user]
        match thing:
            case pg.Column(type=type_) if type_.endswith("[]"):
                return True
            case pg.Domain(base=base):
                if base.endswith("[]") or _in_container(catalog, user):
                    return True
            case pg.Composite() | pg.Range():
                if any(i.kind in {"column", "type"} for i in catalog.needed_by.get(user, frozenset())):
                    return True
            case _:
                continue
    return False


def _rebuild(decision: Decision, table: Id) -> None:
    """Make a table again with its rows, and those that inherit from it: they cannot be moved to another parent."""
    if table in decision.rebuilds:
        return
    _again(decision, table)
    decision.rebuilds.add(table)
    for child in decision.children_of(table, decision.before):
        if table in _heirs_parents(decision.after.objects.get(child)):
            _rebuild(decision, child)


def _heirs_parents(thing: Object | None) -> tuple[Id, ...]:
    return thing.inherits if isinstance(thing, pg.Table) else ()


def _rebuild_for_locality(decision: Decision) -> None:
    """Make tables again whose columns or checks come to be, or cease to be, their parents' alone.

    No statement says so of a column that stays: INHERIT leaves it local, NO INHERIT makes it local. A partition's are
    its parent's always.
    """
    for old in decision.before:
        new = decision.after.objects.get(old.id)
        if not (isinstance(old, pg.Table) and isinstance(new, pg.Table)) or old.partition_of or new.partition_of:
            continue
        if (old.inherits or new.inherits) and _other_place(decision, old.id):
            _rebuild(decision, old.id)
        kept = [column for column in old.columns if column in new.columns]
        added = [column for column in new.columns if column not in old.columns]
        if new.of_type and list(new.columns) != kept + added:
            # ALTER TABLE … OF wants the columns in the order of the type.
            _rebuild(decision, old.id)
    for of in [of for of in decision.alters if renames_inherited(decision, of)]:
        if not _all_its_own(decision, table_of(of)):
            _rebuild(decision, table_of(of))


def renames_inherited(decision: Decision, of: Id) -> bool:
    """Whether the NOT NULL of an heir's column gets a name that it has not from its parents: that is refused."""
    old, new = decision.before.objects.get(of), decision.after.objects.get(of)
    if not (isinstance(old, pg.Column) and isinstance(new, pg.Column) and new.not_null):
        return False
    above = set(decision.merged_into(of, decision.before)) & set(decision.merged_into(of, decision.after))
    moved = [
        (_inherited_name(decision.old(one)) if old.not_null else None, _inherited_name(decision.new(one)))
        for one in above
    ]
    names = not_null_name(old) if old.not_null else None, not_null_name(new)
    given = any(was if old.not_null else will for was, will in moved)
    return names[0] != names[1] and given and names not in moved


def _inherited_name(column: object) -> str | None:
    """The name of a NOT NULL that heirs get."""
    given = isinstance(column, pg.Column) and column.not_null and not column.not_null_no_inherit
    return not_null_name(column) if isinstance(column, pg.Column) and given else None


def _all_its_own(decision: Decision, table: Id) -> bool:
    """Whether an heir would have all that it has without its parents: NO INHERIT leaves it as its own."""
    inside = (decision.before.objects[of] for of in decision.before.needed_by.get(table, frozenset()))
    members = [one for one in inside if isinstance(one, pg.Column | pg.Constraint) and one.id.path[:2] == table.path]
    return not any(one.inherited or (isinstance(one, pg.Column) and one.not_null_inherited) for one in members)


def _other_place(decision: Decision, table: Id) -> bool:
    """Whether what the table keeps would not be local where it must be, once its parents are others."""
    old_parents, new_parents = (_parents(side.objects[table]) for side in (decision.before, decision.after))
    # Parents are in the order in which they came: from the first that is another on, all are left and taken again.
    same = next((n for n, (one, other) in enumerate(zip(old_parents, new_parents, strict=False)) if one != other), None)
    gone = set(old_parents[len(new_parents) if same is None else same :])
    for member in decision.after.needed_by.get(table, frozenset()):
        thing = decision.after.objects[member]
        if not isinstance(thing, pg.Column | pg.Constraint) or not thing.inherited or member in decision.before:
            continue
        # What a parent that it has already gets now comes with it; INHERIT wants columns and checks to be there.
        fresh = {p for p in new_parents if Id(member.kind, (*p.path, member.name)) in decision.creates}
        if not fresh & (set(old_parents) if member.kind == "column" else set(new_parents)):
            return True
    for member in decision.before.needed_by.get(table, frozenset()):
        old, new = decision.before.objects[member], decision.after.objects.get(member)
        inside = isinstance(old, pg.Column | pg.Constraint) and member.path[:2] == table.path
        if inside and isinstance(old, pg.Column | pg.Constraint) and isinstance(new, pg.Column | pg.Constraint):
            freed = any(Id(member.kind, (*parent.path, member.name)) in decision.before for parent in gone)
            if new.inherited != (old.inherited and not freed):
                return True
    return False


def _again(decision: Decision, of: Id) -> None:
    decision.alters.pop(of, None)
    decision.released.discard(of)
    decision.drops.add(of)
    if of in decision.after:
        decision.creates.add(of)


def _propagate(decision: Decision) -> None:
    """Carry the fate of each object to what depends on it, until nothing changes any more."""
    todo = sorted(decision.drops) + sorted(decision.alters) + sorted(i for i in decision.creates if i.kind == "column")
    seen: set[Id] = set()
    while todo:
        of = todo.pop()
        forced = set(_forced(decision, of)) - decision.drops
        for dependent in sorted(forced):
            if _can_let_go(decision, of, dependent):
                decision.released.add(dependent)
                decision.alters.setdefault(dependent, Altered(decision.old(dependent), decision.new(dependent)))
                continue
            _again(decision, dependent)
            todo.append(dependent)
        if _held_by_row_type(decision, of):
            made_again = decision.drops.copy()
            _rebuild(decision, of if of.kind == "table" else table_of(of))
            todo += decision.drops - made_again
        if of in decision.swaps | decision.rebuilds and of not in seen:
            seen.add(of)
            todo += _retype_users(decision, of)
        again = [table_of(of)] if _rebuilt_with_its_key(decision, of) else list(_heirs_of_others_too(decision, of))
        for table in again:
            made_again = decision.drops.copy()
            _rebuild(decision, table)
            todo += decision.drops - made_again


def _can_let_go(decision: Decision, of: Id, dependent: Id) -> bool:
    """Whether a domain needs something for its checks or its default alone, so that it can stay where it is used.

    A check cannot be added to a domain whose values are inside of others (see `_contained`).
    """
    old, new = decision.before.objects[dependent], decision.after.objects.get(dependent)
    both = isinstance(old, pg.Domain) and isinstance(new, pg.Domain)
    inside = of.kind in {"type", "collation", *pg.RELATIONS}
    return both and not inside and not _in_container(decision.before, dependent)


def let_go(decision: Decision, domain: pg.Domain) -> pg.Domain:
    """Return a domain without the checks and the default that need what is dropped; if no text tells, without all."""
    needed = decision.before.needs_of.get(domain.id, frozenset()) & decision.drops
    symbols = {of.path[1].replace('"', '""') for of in needed if len(of.path) > 1}

    def clear(text: str) -> bool:
        return not any(symbol in text for symbol in symbols)

    checks = tuple(check for check in domain.checks if clear(check.definition))
    default = domain.default if domain.default is not None and clear(domain.default) else None
    if (checks, default) == (domain.checks, domain.default):
        checks, default = (), None
    return replace(domain, checks=checks, default=default)


def _held_by_row_type(decision: Decision, of: Id) -> bool:
    """Whether an alteration that writes the table again is refused, since another table's column is of its row type."""
    change = decision.alters.get(of)
    written = _fills(decision, of) if of in decision.creates else change is not None and _rewrites(change)
    if not written or table_of(of) in decision.drops | decision.creates | decision.rebuilds:
        return False
    table = of if of.kind == "table" else table_of(of)
    users = decision.before.needed_by.get(table, frozenset())
    return any(user.kind == "column" and user.path[:2] != table.path and user not in decision.drops for user in users)


def _fills(decision: Decision, of: Id) -> bool:
    """Whether adding a column puts a value into every row, so that the table is written again."""
    thing = decision.new(of)
    return isinstance(thing, pg.Column) and (thing.identity is not None or thing.generated_kind == "stored")


def _rewrites(change: Altered) -> bool:
    match change.before, change.after:
        case pg.Table() as old, pg.Table() as new:
            return (old.persistence, old.access_method) != (new.persistence, new.access_method)
        case pg.Column() as old, pg.Column() as new:
            return (old.type, old.collation) != (new.type, new.collation)
        case _:
            return False


def _rebuilt_with_its_key(decision: Decision, of: Id) -> bool:
    """Whether a column's new type makes its table be made again: a partition key's column has the type it has."""
    change, table = decision.alters.get(of), decision.before.objects.get(table_of(of))
    if change is None or not isinstance(change.before, pg.Column) or not isinstance(change.after, pg.Column):
        return False
    old, new = change.before, change.after
    same = (old.type, old.collation) == (new.type, new.collation) and of not in decision.retyped
    if same or not isinstance(table, pg.Table) or table.partition_key is None or table.id in decision.rebuilds:
        return False
    return re.search(rf"(?<![\w$]){re.escape(identifier(of.name))}(?![\w$])", table.partition_key) is not None


def _heirs_of_others_too(decision: Decision, of: Id) -> Iterator[Id]:
    """Heirs that have a column from elsewhere too, and keep it from getting another type at one of its parents.

    "cannot alter inherited column … of relation …" (ATPrepAlterColumnType, tablecmds.c), and neither can the other one.
    """
    change = decision.alters.get(of)
    if change is None or not isinstance(change.before, pg.Column) or not isinstance(change.after, pg.Column):
        return
    old, new = change.before, change.after
    same = (old.type, old.collation) == (new.type, new.collation) and of not in decision.retyped
    if same or decision.merged_into(of, decision.before):
        return
    family = {table_of(of), *_descendants(decision, table_of(of))}
    for heir in sorted(family - decision.drops):
        parents = _parents(decision.before.objects.get(heir))
        others = (parent for parent in parents if Id("column", (*parent.path, of.name)) in decision.before)
        if heir != table_of(of) and heir in decision.after and not family.issuperset(others):
            yield heir


def _descendants(decision: Decision, table: Id) -> Iterator[Id]:
    for child in decision.children_of(table, decision.before):
        yield child
        yield from _descendants(decision, child)


def _forced(decision: Decision, of: Id) -> Iterator[Id]:
    """What must be dropped and made again because of what happens to `of`."""
    dependents = decision.before.needed_by.get(of, frozenset())
    yield from _shared(decision, of)
    if of in decision.drops:
        for dependent in dependents:
            if _must_go(decision, of, dependent):
                yield dependent
        return
    change = decision.alters.get(of)
    if change is None:
        return
    before, after = change.before, change.after
    if not isinstance(before, pg.Column) or not isinstance(after, pg.Column):
        return
    if of in decision.retyped or (before.type, before.collation) != (after.type, after.collation):
        yield from _held_by_type(decision, before, after, dependents)


def _shared(decision: Decision, of: Id) -> Iterator[Id]:
    """The index or key of a partitioned table that a partition's share of it ceases to be one of, or is dropped from.

    "cannot drop index … because index … requires it", and there is no DETACH for indexes.
    """
    share = decision.before.objects.get(of)
    if not isinstance(share, pg.Index | pg.Constraint) or share.parent is None or share.parent not in decision.before:
        return
    later = decision.after.objects.get(of) if of not in decision.drops else None
    tables = [side.objects.get(share.table) for side in (decision.before, decision.after)]
    above = {table.partition_of if isinstance(table, pg.Table) else None for table in tables}
    if len(above) == 1 and share.table not in decision.drops and getattr(later, "parent", None) != share.parent:
        yield share.parent


def _must_go(decision: Decision, of: Id, dependent: Id) -> bool:
    if dependent in decision.drops or dependent.kind in _NEVER:
        return False
    if of in decision.swaps and dependent.kind in {"column", "type"}:
        return False
    still = of in decision.after.needs_of.get(dependent, frozenset())
    if dependent in decision.alters and not still:
        return _has_its_name(decision, of, dependent)
    inside = of.kind in pg.RELATIONS and dependent.path[:2] == of.path[:2]
    if dependent.kind == "column" and not inside:
        column = decision.old(dependent)
        return isinstance(column, pg.Column) and column.generated is not None
    return True


def _has_its_name(decision: Decision, of: Id, dependent: Id) -> bool:
    """Whether what goes has the name of something that the dependent will need instead, and would be in its way."""
    needed = decision.after.needs_of.get(dependent, frozenset()) & (decision.creates | decision.alters.keys())
    if any(one.path == of.path and one.kind != of.kind for one in needed & decision.creates):
        return True
    namesakes = [one for one in needed if one.kind == of.kind == "function" and one.path[:2] == of.path[:2]]
    functions = [decision.old(of), *map(decision.new, namesakes)] if namesakes else []
    # Both fit a call that leaves arguments out.
    return any(isinstance(one, pg.Function) and one.defaults for one in functions)


def _held_by_type(decision: Decision, before: pg.Column, after: pg.Column, dependents: frozenset[Id]) -> Iterator[Id]:
    other = types.other_base(before.type, after.type) or before.id in decision.retyped
    apart = not types.comparable(before.type, after.type) or before.id in decision.retyped
    for dependent in dependents:
        if dependent.kind in _HOLDS_A_TYPE and (dependent.kind != "default" or other):
            yield dependent
        if dependent.kind == "column":
            column = decision.old(dependent)
            if isinstance(column, pg.Column) and column.generated is not None:
                yield dependent
        # What the server can rebuild by itself it does (ATPostAlterTypeCleanup); between types that have no
        # operator in common it cannot.
        if apart and dependent.kind in {"constraint", "index", "statistics"} and _has_expression(decision, dependent):
            yield dependent
    if apart:
        yield from _keys_on(decision, before.id)


def _has_expression(decision: Decision, of: Id) -> bool:
    match decision.old(of):
        case pg.Index() as index:
            return " WHERE " in index.definition or "(" in index.definition.split("(", 1)[-1]
        case pg.Constraint() as constraint:
            return constraint.type in {"foreign key", "check", "exclude"}
        case _:
            return True


def _keys_on(decision: Decision, column: Id) -> Iterator[Id]:
    """Foreign keys that point at a column."""
    for thing in decision.before:
        needed = decision.before.needs_of.get(thing.id, frozenset())
        if isinstance(thing, pg.Constraint) and thing.type == "foreign key" and column in needed:
            yield thing.id


def _retype_users(decision: Decision, of: Id) -> list[Id]:
    """Columns of a type that is swapped keep their name of the type and must still be moved to the new one."""
    users: list[Id] = []
    for dependent in sorted(decision.before.needed_by.get(of, frozenset())):
        own = of.kind in pg.RELATIONS and dependent.path[:2] == of.path
        kept = dependent in decision.after and dependent not in decision.drops and not own
        if dependent.kind == "column" and kept:
            decision.retyped.add(dependent)
            decision.alters.setdefault(dependent, Altered(decision.old(dependent), decision.new(dependent)))
            users.append(dependent)
        if dependent.kind == "type" and kept:
            _again(decision, dependent)
            decision.swaps.add(dependent)
            users.append(dependent)
    return users


def _leave_to_the_parent(decision: Decision) -> None:
    """Take out what a partitioned or inherited parent does for its children by itself.

    A column that its parent's column takes along stays in, to be done by the parent's statement.
    """
    for of in [i for i in decision.drops if _inherited(decision.old(i)) and not _is_typed(decision.before, i)]:
        above = decision.parents_of(of, decision.before)
        if _leaves(decision, of) and of.kind != "trigger":
            continue
        if not any(parent in decision.drops for parent in above):
            decision.drops.discard(of)
            decision.drops.discard(Id("default", of.path))
    for of in [i for i in decision.creates if _inherited(decision.new(i)) and not _is_typed(decision.after, i)]:
        if _comes(decision, of):
            continue
        if not any(parent in decision.creates for parent in decision.parents_of(of, decision.after)):
            decision.creates.discard(of)
    for of, change in list(decision.alters.items()):
        if isinstance(change.after, pg.Constraint | pg.Trigger) and change.after.inherited and not _joins(change):
            del decision.alters[of]


def _joins(change: Altered) -> bool:
    """Whether a key that is there becomes a share of its parent's, to which it must be attached."""
    old, new = change.before, change.after
    keys = isinstance(old, pg.Constraint) and isinstance(new, pg.Constraint) and new.type in {"primary key", "unique"}
    return keys and getattr(new, "parent", None) not in {None, getattr(old, "parent", None)}


def _leaves(decision: Decision, of: Id) -> bool:
    """Whether the table stays, and leaves the parents that have the column or check before that is dropped."""
    table = table_of(of)
    kept = set(_parents(decision.after.objects.get(table)))
    parents = _parents(decision.before.objects.get(table))
    above = {parent for parent in parents if Id(of.kind, (*parent.path, of.name)) in decision.before}
    return bool(above) and table in decision.after and table not in decision.drops and not above & kept


def _comes(decision: Decision, of: Id) -> bool:
    """Whether the table is there and comes to a partitioned parent that has the column or check: it needs its own."""
    thing, table = decision.new(of), decision.before.objects.get(table_of(of))
    new = decision.after.objects.get(table_of(of))
    if not isinstance(table, pg.Table) or not isinstance(new, pg.Table) or table.id in decision.creates:
        return False
    if isinstance(thing, pg.Constraint):
        # A check that the parent gets now reaches the partition that has come by then.
        above = {Id(of.kind, (*parent.path, of.name)) for parent in _parents(new)}
        if thing.type != "check" or above & decision.creates:
            return False
    elif not isinstance(thing, pg.Column):
        return False
    return new.partition_of is not None and new.partition_of != table.partition_of


def _is_typed(catalog: Catalog, of: Id) -> bool:
    table = catalog.objects.get(table_of(of))
    return isinstance(table, pg.Table) and table.of_type is not None


def _keep_rows_for_the_copy(decision: Decision) -> None:
    """Partitions of a table that is rebuilt hold its rows: they go with it, when these are copied, and not before."""
    for of in decision.rebuilds:
        kept = _partitions(decision, of)
        for thing in decision.before:
            table = getattr(thing, "table", table_of(thing.id))
            if table in kept:
                decision.drops.discard(thing.id)


def _partitions(decision: Decision, of: Id) -> set[Id]:
    found: set[Id] = set()
    for thing in decision.before:
        if isinstance(thing, pg.Table) and thing.partition_of == of and thing.id not in decision.after:
            found |= {thing.id} | _partitions(decision, thing.id)
    return found


def _inherited(thing: pg.PgObject) -> bool:
    match thing:
        case pg.Column() | pg.Trigger():
            return thing.inherited
        case pg.Constraint():
            return thing.inherited and thing.type in {"check", "foreign key"}
        case _:
            return False
