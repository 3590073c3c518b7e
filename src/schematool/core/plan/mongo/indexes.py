"""The indexes of one collection, from one state to another, without a moment in which a query has none.

Many transitions that collMod accepts are wrong or kill the server (on a wildcard index mongod 6.0.5 aborts), so only
those that `_in_place` lists are used; all else is built beside the old one before that goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from schematool.core.catalog import Id
from schematool.core.extended_json import Document, Value, text
from schematool.core.model.mongo import Index
from schematool.core.plan.mongo import commands
from schematool.core.step import Hazard, Step, Work

_ONE_TEXT = "MongoDB has room for one text index in a collection"
_SPECIAL = frozenset({"text", "2d", "2dsphere", "hashed"})


def is_ordered(index: Index) -> bool:
    """Whether this is a plain B-tree index: every part a number, and no wildcard."""
    return not any(kind in _SPECIAL or "$**" in path for path, kind in index.keys)


def is_text(index: Index) -> bool:
    """Whether this is a text index, of which a collection can have one."""
    return any(kind == "text" for _, kind in index.keys)


def signature(index: Index) -> tuple[object, ...]:
    """What decides whether two indexes may stand beside each other (observed on mongod 6.0.5)."""
    if is_text(index):
        return ("text",)
    projection = dict(index.options).get("wildcardProjection")
    return (index.keys, index.collation, index.partial_filter, index.unique, index.sparse, projection)


def index_steps(collection: str, before: Mapping[str, Index], after: Mapping[str, Index]) -> tuple[Step, ...]:
    """Change the indexes of an existing collection; both by name."""
    changes = [
        (old, after[name]) for name, old in sorted(before.items()) if name in after and not _same(old, after[name])
    ]
    steps = [step for old, new in changes for step in _in_place(collection, old, new)]
    remade = [(old, new) for old, new in changes if not _in_place(collection, old, new)]
    dropped = [old for name, old in sorted(before.items()) if name not in after] + [old for old, _ in remade]
    added = [new for name, new in sorted(after.items()) if name not in before]
    taken = {signature(index) for index in before.values()}
    beside = [index for index in added if signature(index) not in taken]
    waiting = [index for index in added if signature(index) in taken] + [new for _, new in remade]
    return (*_exchange(collection, dropped, beside, waiting, _Names(before, after)), *steps)


@dataclass(frozen=True, slots=True)
class _Names:
    """Both states of a collection, for finding a name and a signature that nobody has."""

    before: Mapping[str, Index]
    after: Mapping[str, Index]

    def bridge(self, index: Index, taken: Iterable[tuple[object, ...]]) -> Index | None:
        """Make an index that serves the queries of this one, may stand beside all others, and has a name of its own."""
        used = {signature(one) for one in (*self.before.values(), *self.after.values())} | set(taken)
        name = f"{index.id.name}__bridge"
        while name in self.before or name in self.after:
            name += "_"
        made = next((one for one in _bridges(index) if signature(one) not in used), None)
        if made is None:
            return None
        collection = index.id.path[0]
        return _specified(replace(made, id=Id("index", (collection, name))))


def _exchange(
    collection: str, dropped: Sequence[Index], beside: Sequence[Index], waiting: Sequence[Index], names: _Names
) -> list[Step]:
    """Build what can stand beside the old; bridge what cannot; drop the old; build the rest; drop the bridges."""
    if len(names.before) + len(beside) + len(waiting) >= commands.MOST_INDEXES:
        return _squeezed(collection, dropped, [*beside, *waiting])
    bridges: list[Index] = []
    gaps: list[Hazard] = []
    for index in waiting:
        made = names.bridge(index, (signature(one) for one in bridges))
        if made is None:
            gaps.append(Hazard("ST302", str(index.id), _ONE_TEXT))
        else:
            bridges.append(made)
    steps: list[Step] = []
    if beside or bridges:
        steps.append(_create(collection, [*beside, *bridges], subjects=[one.id for one in (*beside, *waiting)]))
    if dropped:
        gone = tuple(index.id for index in dropped)
        statement = commands.drop_indexes(collection, (index.id.name for index in dropped))
        steps.append(Step(statement, gone, tuple(gaps), work=Work.BRIEF))
    if waiting:
        steps.append(_create(collection, waiting, subjects=[one.id for one in waiting]))
    if bridges:
        statement = commands.drop_indexes(collection, (index.id.name for index in bridges))
        steps.append(Step(statement, tuple(index.id for index in waiting), work=Work.BRIEF))
    return steps


def _squeezed(collection: str, dropped: Sequence[Index], added: Sequence[Index]) -> list[Step]:
    """Drop first where the collection has no room for both."""
    steps: list[Step] = []
    if dropped:
        full = Hazard("ST302", f"collection {collection}", f"MongoDB has room for {commands.MOST_INDEXES} indexes")
        statement = commands.drop_indexes(collection, (index.id.name for index in dropped))
        steps.append(Step(statement, tuple(index.id for index in dropped), (full,) if added else ()))
    if added:
        steps.append(_create(collection, added, subjects=[index.id for index in added]))
    return steps


def replacement(old: Index, new: Index, names: Iterable[str]) -> Iterator[tuple[Step, Step]]:
    """Give (up, down) pairs that put an index in the place of one that MongoDB takes for the same.

    `names` are those that the collection has. A text index leaves a gap both ways.
    """
    collection = new.id.path[0]
    taken = dict.fromkeys(names, old)
    bridge = _Names(taken, {new.id.name: new}).bridge(new, ())
    gap = (Hazard("ST302", str(new.id), _ONE_TEXT),) if bridge is None else ()

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

    def step(options: Document, *hazards: Hazard, work: Work = Work.BRIEF) -> None:
        steps.append(Step(commands.modify_index(collection, name, options), (new.id,), hazards, work=work))

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
        # From the first command on duplicates are refused; the second looks through the index for old ones (359).
        if not old.prepare_unique:
            step({"prepareUnique": True})
        step({"unique": True}, work=Work.SCAN)
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
    yield replace(bare, partial_filter=None, sparse=True)


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
    if not index.sparse:
        spec.pop("sparse", None)
    else:
        spec["sparse"] = True
    return replace(index, command=text(spec))
