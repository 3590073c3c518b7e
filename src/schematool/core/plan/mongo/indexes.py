"""The indexes of one collection, from one state to another, without a moment in which a query has none.

Many transitions that collMod accepts are wrong or kill the server (on a wildcard index mongod 6.0.5 aborts), so only
those that `_in_place` lists are used; all else is built beside the old one before that goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from schematool.core.catalog import Id
from schematool.core.extended_json import Document, Value, text
from schematool.core.model.mongo import Index
from schematool.core.plan.mongo import commands
from schematool.core.step import Hazard, Step, Work

_ONE_TEXT = "MongoDB has room for one text index in a collection"
_NO_OTHER = "MongoDB takes every index that could stand in for it meanwhile for one that is there"
_SPECIAL = frozenset({"text", "2d", "2dsphere", "hashed"})


def is_ordered(index: Index) -> bool:
    """Whether this is a plain B-tree index: every part a number, and no wildcard."""
    return not any(kind in _SPECIAL or "$**" in path for path, kind in index.keys)


def is_wildcard(index: Index) -> bool:
    """Whether this is an index of all paths, or of all below one."""
    return any("$**" in path for path, _ in index.keys)


def is_text(index: Index) -> bool:
    """Whether this is a text index, of which a collection can have one."""
    return any(kind == "text" for _, kind in index.keys)


def signature(index: Index) -> tuple[object, ...]:
    """What decides whether two indexes may stand beside each other (observed on mongod 6.0.5)."""
    if is_text(index):
        return ("text",)
    projection = dict(index.options).get("wildcardProjection")
    return (index.keys, index.collation, index.partial_filter, index.unique, index.sparse, projection)


def index_steps(
    collection: str, before: Mapping[str, Index], after: Mapping[str, Index], *, online: bool = True
) -> tuple[Step, ...]:
    """Change the indexes of an existing collection; both by name.

    `online` hides an index before it drops it, and makes one unique by degrees.
    """
    changes = [
        (old, after[name]) for name, old in sorted(before.items()) if name in after and not _same(old, after[name])
    ]
    remade = [(old, new) for old, new in changes if not _in_place(collection, old, new)]
    dropped = [old for name, old in sorted(before.items()) if name not in after] + [old for old, _ in remade]
    added = [new for name, new in sorted(after.items()) if name not in before]
    taken = {signature(index) for index in before.values()}
    beside = [index for index in added if signature(index) not in taken]
    waiting = [index for index in added if signature(index) in taken] + [new for _, new in remade]
    exchange = _Exchange(collection, _Names(before, after), online).steps(dropped, beside, waiting)
    coming = {signature(index) for index in (*beside, *waiting)}
    early, late = list[Step](), list[Step]()
    for old, new in changes:
        # What becomes unique in place makes room for another that is as it was; nobody else may be what it becomes.
        makes_room = signature(old) in coming and signature(new) not in taken
        (early if makes_room else late).extend(_in_place(collection, old, new))
    return (*early, *exchange, *late)


@dataclass(frozen=True, slots=True)
class _Names:
    """Both states of a collection, for finding a name and a signature that nobody has."""

    before: Mapping[str, Index]
    after: Mapping[str, Index]

    def bridge(self, index: Index, taken: Iterable[tuple[object, ...]]) -> Index | None:
        """Make an index that serves the queries of this one, may stand beside all others, and has a name of its own.

        It is unique where this one is: what breaks that is found, and kept out, while the old index still stands.
        """
        used = self.signatures | set(taken)
        name = f"{index.id.name}__bridge"
        while name in self.before or name in self.after:
            name += "_"
        made = next(
            (one for one in _bridges(index) if not {signature(one), signature(replace(one, unique=False))} & used), None
        )
        if made is None:
            return None
        collection = index.id.path[0]
        return _specified(replace(made, id=Id("index", (collection, name))))

    @property
    def signatures(self) -> set[tuple[object, ...]]:
        """The signatures of both states."""
        return {signature(one) for one in (*self.before.values(), *self.after.values())}

    def known_unique(self, index: Index) -> bool:
        """Whether an index that stands already allows no duplicates that this one would not allow."""
        return any(
            old.unique
            and not old.building
            and (old.keys, old.collation) == (index.keys, index.collation)
            and (signature(old) == signature(index) or (old.partial_filter is None and not old.sparse))
            for old in self.before.values()
        )


@dataclass(frozen=True, slots=True)
class _Exchange:
    """How the indexes of one collection give way to others."""

    collection: str
    names: _Names
    online: bool

    def steps(self, dropped: Sequence[Index], beside: Sequence[Index], waiting: Sequence[Index]) -> list[Step]:
        """Build what can stand beside the old; bridge what cannot; drop the old; build the rest; drop the bridges."""
        if len(self.names.before) + len(beside) + len(waiting) >= commands.MOST_INDEXES:
            return self._squeezed(dropped, [*beside, *waiting])
        bridges: dict[Id, Index] = {}
        gaps: list[Hazard] = []
        for index in waiting:
            made = self.names.bridge(index, (signature(one) for one in bridges.values()))
            if made is None:
                gaps.append(_gap(index))
            else:
                bridges[index.id] = made
        steps: list[Step] = []
        if beside or bridges:
            first = [(one, one.id) for one in beside]
            first += [(bridges[one.id], one.id) for one in waiting if one.id in bridges]
            gradual = {one.id for one in beside if self._by_degrees(one)}
            gradual |= {one.id for one in waiting if one.id in bridges and self._unproven(one)}
            steps += self._built(first, gradual)
        if dropped:
            gone = tuple(index.id for index in dropped)
            statement = commands.drop_indexes(self.collection, (index.id.name for index in dropped))
            steps += self._hidden(dropped, waiting)
            steps.append(Step(statement, gone, tuple(gaps), work=Work.BRIEF))
        if waiting:
            gradual = {one.id for one in waiting if one.id not in bridges and self._by_degrees(one)}
            steps += self._built([(one, one.id) for one in waiting], gradual)
        if bridges:
            statement = commands.drop_indexes(self.collection, (index.id.name for index in bridges.values()))
            steps.append(Step(statement, tuple(index.id for index in waiting), work=Work.BRIEF))
        return steps

    def _squeezed(self, dropped: Sequence[Index], added: Sequence[Index]) -> list[Step]:
        """Drop first where the collection has no room for both."""
        steps: list[Step] = []
        if dropped:
            full = Hazard(
                "ST302", f"collection {self.collection}", f"MongoDB has room for {commands.MOST_INDEXES} indexes"
            )
            statement = commands.drop_indexes(self.collection, (index.id.name for index in dropped))
            steps.append(Step(statement, tuple(index.id for index in dropped), (full,) if added else ()))
        if added:
            steps += self._built([(one, one.id) for one in added], {one.id for one in added if self._by_degrees(one)})
        return steps

    def _hidden(self, dropped: Sequence[Index], waiting: Sequence[Index]) -> list[Step]:
        """Hide what goes for good: queries are seen to do without it while it can still be had back in no time."""
        replaced = {index.id for index in waiting} | {signature(index) for index in waiting}
        hiding = [
            index
            for index in dropped
            if not (index.hidden or index.building or index.id in replaced or signature(index) in replaced)
        ]
        return [
            Step(commands.modify_index(self.collection, index.id.name, {"hidden": True}), (index.id,))
            for index in (hiding if self.online else ())
        ]

    def _built(self, indexes: Sequence[tuple[Index, Id]], gradual: Collection[Id]) -> list[Step]:
        """Build indexes, each for the sake of one with an id; those whose id is in `gradual` become unique by degrees.

        `createIndexes` with `unique` fails only when it has read everything, and names one duplicate.
        """
        made = [_not_unique(index) if sake in gradual else index for index, sake in indexes]
        steps = [_create(self.collection, made, [sake for _, sake in indexes])]
        for index, sake in indexes:
            if sake in gradual:
                steps += _unique_steps(self.collection, index.id.name, sake)
        return steps

    def _by_degrees(self, index: Index) -> bool:
        """Whether it is to become unique by degrees, and may stand beside all others before it is."""
        return self._unproven(index) and signature(_not_unique(index)) not in self.names.signatures

    def _unproven(self, index: Index) -> bool:
        """Whether it is to be unique over documents that nobody has looked at, and collMod can make it so."""
        ordered = index.unique and is_ordered(index) and not index.prepare_unique
        return self.online and ordered and not self.names.known_unique(index)


def _gap(index: Index) -> Hazard:
    return Hazard("ST302", str(index.id), _ONE_TEXT if is_text(index) else _NO_OTHER)


def _not_unique(index: Index) -> Index:
    spec = commands.document(index.command)
    spec.pop("unique", None)
    return replace(index, unique=False, command=text(spec))


def _unique_steps(collection: str, name: str, sake: Id, *, prepared: bool = False) -> Iterator[Step]:
    """Make an index unique: from the first command on new duplicates are refused, the second lists the old ones."""
    subject = (sake,)
    if not prepared:
        yield Step(commands.modify_index(collection, name, {"prepareUnique": True}), subject)
    dry = commands.modify(collection, {"index": {"name": name, "unique": True}, "dryRun": True})
    yield Step(dry, subject, work=Work.SCAN)
    yield Step(commands.modify_index(collection, name, {"unique": True}), subject, work=Work.SCAN)


def replacement(old: Index, new: Index, names: Iterable[str]) -> Iterator[tuple[Step, Step]]:
    """Give (up, down) pairs that put an index in the place of one that MongoDB takes for the same.

    `names` are those that the collection has. A text index leaves a gap both ways.
    """
    collection = new.id.path[0]
    taken = dict.fromkeys(names, old)
    bridge = _Names(taken, {new.id.name: new}).bridge(new, ())
    gap = (_gap(new),) if bridge is None else ()

    def made(index: Index) -> Step:
        return Step(commands.create_indexes(collection, [index]), (index.id,), work=Work.ONLINE)

    def gone(index: Index, *hazards: Hazard) -> Step:
        return Step(commands.drop_indexes(collection, [index.id.name]), (index.id,), hazards)

    if bridge is not None:
        yield made(bridge), gone(bridge)
    yield gone(old, *gap), made(old)
    yield made(new), gone(new, *gap)
    if bridge is not None:
        yield gone(bridge), made(bridge)


def _create(collection: str, indexes: Sequence[Index], subjects: Sequence[Id]) -> Step:
    lives = tuple(hazard for index in indexes if (hazard := expiry(None, index)) is not None)
    return Step(commands.create_indexes(collection, indexes), tuple(subjects), lives, work=Work.ONLINE)


def expiry(old: Index | None, new: Index) -> Hazard | None:
    """Warn of documents that go because of a lifetime that is new or shorter."""
    lifetime = new.expire_after_seconds
    if lifetime is None or (old and old.expire_after_seconds is not None and old.expire_after_seconds <= lifetime):
        return None
    path = new.keys[0][0] if new.keys else "?"
    return Hazard("ST201", str(new.id), f"documents whose `{path}` is more than {lifetime} s ago are deleted")


def _same(old: Index, new: Index) -> bool:
    """Whether two indexes of one name are the same; a running build is none of a plan's business."""
    return replace(old, building=False) == replace(new, building=False)


def _in_place(collection: str, old: Index, new: Index) -> tuple[Step, ...]:
    """Change an index by collMod; nothing when it cannot be done that way, or must not."""
    moved = replace(
        old,
        hidden=new.hidden,
        prepare_unique=new.prepare_unique,
        unique=new.unique,
        expire_after_seconds=new.expire_after_seconds,
        building=new.building,
    )
    if moved != new or not (_may_live(old, new) and _may_be_unique(old, new)):
        return ()
    name, steps = new.id.name, []

    def step(options: Document, *hazards: Hazard) -> None:
        steps.append(Step(commands.modify_index(collection, name, options), (new.id,), hazards))

    options: Document = {}
    if old.expire_after_seconds != new.expire_after_seconds:
        options["expireAfterSeconds"] = new.expire_after_seconds
    if old.hidden != new.hidden:
        options["hidden"] = new.hidden
    if options:
        shorter = expiry(old, new)
        step(options, *((shorter,) if shorter and "expireAfterSeconds" in options else ()))
    becomes_unique = new.unique and not old.unique
    if old.prepare_unique != new.prepare_unique and not becomes_unique:
        step({"prepareUnique": new.prepare_unique})
    if becomes_unique:
        steps.extend(_unique_steps(collection, name, new.id, prepared=old.prepare_unique))
    return tuple(steps)


def _may_live(old: Index, new: Index) -> bool:
    """Whether collMod may set the lifetime: on one ordered field; it cannot be taken away again."""
    if old.expire_after_seconds == new.expire_after_seconds:
        return True
    plain = is_ordered(new) and len(new.keys) == 1 and new.keys[0][0] != "_id"
    return plain and new.expire_after_seconds is not None


def _may_be_unique(old: Index, new: Index) -> bool:
    """Whether collMod may make it unique: ordered keys only, and there is no way back."""
    if (old.unique, old.prepare_unique) == (new.unique, new.prepare_unique):
        return True
    if old.unique and not new.unique:
        return False
    return is_ordered(new) and not (new.unique and new.prepare_unique)


def _bridges(index: Index) -> Iterable[Index]:
    """Indexes that serve the same queries and that MongoDB takes for other ones, the likeliest first.

    `{a: 2}` sorts and filters like `{a: 1}` and is another key; `partialFilterExpression: {}` holds every document and
    is another index. Neither works for text.
    """
    if is_text(index):
        return
    bare = replace(index, expire_after_seconds=None, prepare_unique=False, building=False, hidden=False)
    numbers = [place for place, (path, kind) in enumerate(index.keys) if kind not in _SPECIAL and "$**" not in path]
    for factor in (2, 3, 4, 5, 6, 7):
        for place in numbers:
            path, kind = index.keys[place]
            sign = "-" if kind.startswith("-") else ""
            keys = (*index.keys[:place], (path, f"{sign}{factor}"), *index.keys[place + 1 :])
            yield replace(bare, keys=keys)
    yield replace(bare, partial_filter="{}", sparse=False)
    yield replace(bare, partial_filter=None, sparse=False)
    if not is_wildcard(index):
        yield replace(bare, partial_filter=None, sparse=True)
    elif any(path == "$**" for path, _ in index.keys):
        yield replace(bare, options=tuple(sorted((dict(index.options) | _of_one_more_field(index)).items())))


def _of_one_more_field(index: Index) -> dict[str, str]:
    """Say of a field that nobody has what a wildcard index says of those of its kind: another index, of the same."""
    projection = commands.document(dict(index.options).get("wildcardProjection", "{}"))
    kinds = [value for path, value in projection.items() if path != "_id"] or [*projection.values(), 0]
    return {"wildcardProjection": text(dict(sorted({**projection, "_schematool": kinds[0]}.items())))}


def _specified(index: Index) -> Index:
    """Give a bridge the specification of what it stands for, with its own key, name and filter."""
    spec = commands.document(index.command)
    key: dict[str, Value] = {path: int(kind) if kind.lstrip("-").isdigit() else kind for path, kind in index.keys}
    spec |= {"key": key, "name": index.id.name}
    for option in ("expireAfterSeconds", "hidden", "prepareUnique"):
        spec.pop(option, None)
    if index.partial_filter is None:
        spec.pop("partialFilterExpression", None)
    elif index.partial_filter == "{}":
        spec["partialFilterExpression"] = {}
    if not index.unique:
        spec.pop("unique", None)
    if not index.sparse:
        spec.pop("sparse", None)
    else:
        spec["sparse"] = True
    if projection := dict(index.options).get("wildcardProjection"):
        spec["wildcardProjection"] = commands.document(projection)
    return replace(index, command=text(spec))
