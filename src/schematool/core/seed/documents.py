"""The plan of one collection's documents: from its `$jsonSchema`, its unique indexes and its expressions.

Values that stand once in a document are cells, as the columns of a table are; what is inside of arrays is made freely.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, count
from typing import Any, TypeAlias

from schematool.core.seed import kinds, words
from schematool.core.seed.chance import again, below, key, numbers, skewed, weighted
from schematool.core.seed.condition import Like, Null, Order, Term, Unknown
from schematool.core.seed.demand import ForeignKey, Source, Unique
from schematool.core.seed.domain import Domain, Raw, Values, values
from schematool.core.seed.expression import alternatives
from schematool.core.seed.keys import Keys, settle
from schematool.core.seed.kinds import OPEN, Labels, Ordered, Textual
from schematool.core.seed.recipes import Condition, recipes
from schematool.core.seed.table import Cell, Follows, Pick, follows
from schematool.core.seed.wish import NONE, Target, Wish, Wished

BLOCK = 500
"""Documents that are made at once."""
_DEPTH = 20
_MISSING = object()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCALARS = frozenset({"string", "int", "long", "double", "decimal", "date", "bool", "objectId"})
_TYPES = {"boolean": "bool", "number": "double", "integer": "int"}

Take: TypeAlias = Callable[[], int]
Make: TypeAlias = Callable[[Take], Any]
_Maker: TypeAlias = tuple[str, Callable[[int, int, Mapping[str, Raw]], Raw], Callable[[Raw], Any] | None]
Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bson:
    """How the driver makes what Python has no type for; `others` by the type's name, from a number."""

    object_id: Callable[[str], Any]
    long: Callable[[int], Any]
    decimal: Callable[[Decimal], Any]
    others: Mapping[str, Callable[[int], Any]]


@dataclass(frozen=True, slots=True)
class Collection:
    """What a collection demands. `schema`: its `$jsonSchema`, in plain values; `expressions`: of its `$expr` by name.

    `lives`: fields whose documents expire after their date. `places`: fields with a geographical index, and its kind.
    `time_field`, `meta_field`: of a time series.
    """

    name: str
    schema: Schema = field(default_factory=dict)
    expressions: tuple[Any, ...] = ()
    uniques: tuple[Unique, ...] = ()
    sparse: frozenset[str] = frozenset()
    lives: frozenset[str] = frozenset()
    places: Mapping[str, str] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()
    time_field: str | None = None
    meta_field: str | None = None


def id_text(name: str, seed: int, row: int) -> str:
    """Return the `_id` of the n-th document where that is an objectId, as 24 hexadecimal digits."""
    return f"{1_672_531_200 + row:08x}{key(f'{seed}/{name}/_id') & 0xFFFFFFFFFF:010x}{row & 0xFFFFFF:06x}"


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value that stands once in a document."""

    path: str
    schema: Schema
    kind: str
    nullable: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class _Cell:
    """A place of an object that a cell of the document fills; `empty` is there when the cell has nothing."""

    empty: Any


@dataclass(frozen=True, slots=True)
class _Way:
    cells: tuple[Cell, ...]
    picks: tuple[Pick, ...]
    weight: float
    needed: frozenset[str]


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """All documents of a collection. `sieve`: the server must look at each, since it refused some in the trial."""

    name: str
    rows: int
    salt: str
    seed: int
    ways: tuple[_Way, ...]
    build: Callable[[Mapping[str, Any], Take, frozenset[str], int], dict[str, Any]]
    convert: Mapping[str, Callable[[Raw], Any]]
    sources: Mapping[str, Callable[[int], Any]]
    limits: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    notes: tuple[str, ...] = ()
    sieve: bool = False

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return -(-self.rows // BLOCK)

    def numbers(self, block: int) -> range:
        """The numbers of the documents of a block."""
        return range(block * BLOCK, min(self.rows, (block + 1) * BLOCK))

    def documents(self, block: int, attempt: int = 0) -> list[dict[str, Any]]:
        """Make the documents of a block; another attempt makes others with the same keys."""
        take = _stream(f"{self.salt}#{attempt}" if attempt else self.salt, block).__next__
        choose = weighted([way.weight for way in self.ways]) if len(self.ways) > 1 else None
        ways = [(way, self._makers(way)) for way in self.ways]
        return [self._document(row, take, *ways[choose(take()) if choose else 0]) for row in self.numbers(block)]

    def _makers(self, way: _Way) -> list[_Maker]:
        """Take out of the loop over the documents what is the same for all of them."""
        return [
            (cell.column, cell.maker(), None if (convert := self.convert[cell.column]) is _as_it_is else convert)
            for cell in way.cells
        ]

    def _document(self, row: int, take: Take, way: _Way, makers: list[_Maker]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        raws: dict[str, Raw] = {}
        for pick in way.picks:
            target, gone = pick.row(row, take())
            (path,) = pick.columns
            found[path] = _MISSING if gone else pick.columns[path](target)
        for column, make, convert in makers:
            raws[column] = raw = make(row, take(), raws)
            found[column] = _MISSING if raw is None else raw if convert is None else convert(raw)
        for _, most, paths in self.limits:
            if row >= most:
                found |= dict.fromkeys(paths, _MISSING)
        return self.build(found, take, way.needed, row)

    def source(self, path: str) -> Source | None:
        """What a field holds, for references to it; None where a row alone does not say."""
        at = self.sources.get(path)
        return Source(self.rows, at) if at else None


def _stream(salt: str, block: int) -> Iterator[int]:
    return chain.from_iterable(numbers(f"{salt}/{part}", block, 4096) for part in count())


def _as_it_is(raw: Raw) -> Any:
    return raw


def plan(  # noqa: PLR0913, PLR0917  # each is a part of the question
    demand: Collection,
    rows: int,
    seed: int,
    wished: Wished | None,
    elsewhere: Callable[[Target], Source | None],
    bson: Bson,
) -> DocumentPlan | str:
    """Plan the documents of a collection, or say why there can be none."""
    return _Planner(demand, rows, seed, wished, elsewhere, bson).plan()


@dataclass(slots=True)
class _Planner:
    demand: Collection
    rows: int
    seed: int
    wished: Wished | None
    elsewhere: Callable[[Target], Source | None]
    bson: Bson
    leaves: dict[str, _Leaf] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def salt(self) -> str:
        return f"{self.seed}/{self.demand.name}"

    def wish(self, path: str) -> Wish:
        return self.wished.fields.get(path, NONE) if self.wished else NONE

    def plan(self) -> DocumentPlan | str:
        demand = self.demand
        schema = merged(demand.schema, 0)
        build = self._object(schema, "", optional=False, depth=0)
        for path in (*demand.indexed, *(path for one in demand.uniques for path in one.columns)):
            if path not in self.leaves and not self._known(schema, path) and path != "_id":
                self.leaves[path] = _Leaf(path, {}, "date" if path in demand.lives else "string", False, False)
        references = self._references()
        referring = {reference.columns[0] for reference in references}
        base = {
            path: domain
            for path, leaf in self.leaves.items()
            if path not in referring and (domain := self._domain(leaf))
        }
        conditions = [Condition(f"expression {at}", "", alternatives(one)) for at, one in enumerate(demand.expressions)]
        spoken = {
            path
            for condition in conditions
            for way in condition.ways
            for atom in way
            if not isinstance(atom, Null | Unknown)
            for path in _paths(atom)
        }
        if {"createdAt", "updatedAt"} <= set(base):
            # Not in `spoken`: either may be missing.
            soft = Order(Term("updatedAt"), ">=", Term("createdAt"))
            conditions.append(Condition("updated after created", "", ((soft,),)))
        base = {path: replace(domain, empty=0.0) if path in spoken else domain for path, domain in base.items()}
        found = recipes(base, conditions, (), {path: self.wish(path) for path in base})
        keys = self._keys(base, references)
        if keys.rows < 1:
            return f"{keys.capped} leaves no room for a document"
        if keys.capped and keys.rows < self.rows:
            self.notes.append(f"{keys.capped} has room for {keys.rows:,} documents")
        unique = frozenset(path for one in demand.uniques for path in one.columns)
        picks = tuple(self._pick(reference, many, keys, unique) for reference, many in references.items())
        ways = []
        for recipe in found.ways:
            cells = self._cells(recipe.domains, base, keys, unique)
            if cells is not None:
                ways.append(_Way(cells, picks, recipe.weight, frozenset(spoken | unique - self.demand.sparse)))
        if not ways:
            return "no value satisfies all conditions of one of its fields"
        limits = tuple(
            (name, most, tuple(path for one in demand.uniques if one.name == name for path in one.columns))
            for name, most in keys.limits
        )
        convert = {path: self._converted(leaf) for path, leaf in self.leaves.items()}
        return DocumentPlan(
            demand.name,
            keys.rows,
            self.salt,
            self.seed,
            tuple(ways),
            self._whole(build),
            convert,
            self._sources(ways),
            limits,
            tuple(self.notes),
        )

    def _whole(self, build: _Build) -> Callable[[Mapping[str, Any], Take, frozenset[str], int], dict[str, Any]]:
        demand, bson, leaves = self.demand, self.bson, self.leaves
        own_id = "_id" not in leaves
        loose = [path for path in leaves if not self._known(merged(demand.schema, 0), path) and path != "_id"]

        def made(found: Mapping[str, Any], take: Take, needed: frozenset[str], row: int) -> dict[str, Any]:
            document: dict[str, Any] = {}
            if own_id:
                document["_id"] = bson.object_id(id_text(demand.name, self.seed, row))
            inner = build(found, take, needed)
            document.update(inner if isinstance(inner, dict) else {})
            for path in loose:
                if found.get(path, _MISSING) is not _MISSING:
                    _put(document, path, found[path])
            for path, kind in demand.places.items():
                _put(document, path, _place(kind, take()))
            if demand.time_field:
                document[demand.time_field] = _moment(kinds.FIRST + row * 60 * kinds.SECOND)
                if demand.meta_field:
                    document.setdefault(demand.meta_field, {"source": take() % 100})
            return document

        return made

    def _known(self, schema: Schema, path: str) -> bool:
        """Say whether the schema makes this path by itself."""
        head, _, rest = path.partition(".")
        inner = schema.get("properties", {}).get(head)
        if inner is None:
            return False
        inner = merged(inner, 0)
        if rest and type_of(inner) == "array":
            return True
        return self._known(inner, rest) if rest else True

    # --- what the schema says ------------------------------------------------------------------------------

    def _object(self, schema: Schema, path: str, *, optional: bool, depth: int) -> _Build:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        always = set(schema.get("required", ()))
        always |= {
            name for names in (schema.get("dependencies") or {}).values() if isinstance(names, list) for name in names
        }
        least, most = int(schema.get("minProperties", 0)), schema.get("maxProperties")
        if least > len(always):
            always |= set(list(properties)[:least])
        names = list(dict.fromkeys([*properties, *sorted(always)]))
        if most is not None:
            names = sorted(names, key=lambda name: name not in always)[: int(most)]
        parts: list[tuple[str, str, _Build | _Cell, float]] = []
        for name in names:
            inner = merged(properties.get(name, {}), 0)
            at = f"{path}.{name}" if path else name
            if at == "_id" and type_of(inner) == "objectId":
                continue
            share = 1.0 if name in always else 1 - (0.1 if (empty := self.wish(at).empty) is None else empty)
            parts.append((name, at, self._part(inner, at, optional=optional or name not in always, depth=depth), share))

        def build(found: Mapping[str, Any], take: Take, needed: frozenset[str]) -> Any:
            made: dict[str, Any] = {}
            for name, at, part, share in parts:
                if share < 1.0 and at not in found:
                    chance = take()
                    if (chance >> 40) >= share * 0x1000000 and not any(
                        one == at or one.startswith(at + ".") for one in needed
                    ):
                        continue
                if isinstance(part, _Cell):
                    value = found.get(at, _MISSING)
                    value = part.empty if value is _MISSING else value
                else:
                    value = part(found, take, needed)
                if value is not _MISSING:
                    made[name] = value
            return made

        return build

    def _part(self, schema: Schema, path: str, *, optional: bool, depth: int) -> _Build | _Cell:
        kind = type_of(schema)
        if depth > _DEPTH:
            return lambda _found, _take, _needed: _MISSING
        if kind == "object" and not schema.get("enum"):
            return self._object(schema, path, optional=optional, depth=depth + 1)
        if kind in _SCALARS or schema.get("enum"):
            named = schema.get("bsonType", schema.get("type"))
            nullable = isinstance(named, list) and "null" in named
            self.leaves[path] = _Leaf(path, schema, kind, nullable, optional)
            return _Cell(None if nullable and not optional else _MISSING)
        target = self._target(path)
        free = self._free(schema, path, target, depth + 1)
        return lambda _found, take, _needed: free(take)

    def _target(self, path: str) -> Source | None:
        target = self.wished.targets.get(path) if self.wished else None
        return self.elsewhere(target) if target else None

    def _free(self, schema: Schema, path: str, target: Source | None, depth: int) -> Make:
        """Make what may stand several times, or has no order: inside of arrays, rare types."""
        schema = merged(schema, 0)
        kind = type_of(schema)
        if depth > _DEPTH:
            return lambda _take: None
        if kind == "array":
            return self._array(schema, path, target, depth)
        if target is not None and target.rows:
            convert = self._converted(_Leaf(path, schema, kind, False, False))
            at, many = target.at, target.rows
            return lambda take: convert(_unescaped(at(below(take(), many))))
        if kind == "object" and not schema.get("enum"):
            return self._free_object(schema, path, depth)
        if kind in _SCALARS or schema.get("enum"):
            leaf = _Leaf(path, schema, kind, False, False)
            domain = self._domain(leaf)
            made = values(domain, path, self.rows, self.wish(path)) if domain else None
            convert = self._converted(leaf)
            if made is not None:
                make = made.make
                return lambda take: convert(make(take()))
        if kind == "null":
            return lambda _take: None
        other = self.bson.others.get(kind)
        return (lambda take: other(take())) if other else (lambda _take: None)

    def _free_object(self, schema: Schema, path: str, depth: int) -> Make:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        required = set(schema.get("required", ()))
        parts = [
            (name, self._free(properties.get(name, {}), f"{path}.{name}", self._target(f"{path}.{name}"), depth + 1),
             name in required)
            for name in dict.fromkeys([*properties, *sorted(required)])
        ]  # fmt: skip

        def made(take: Take) -> dict[str, Any]:
            return {name: part(take) for name, part, needed in parts if needed or take() % 10}

        return made

    def _array(self, schema: Schema, path: str, target: Source | None, depth: int) -> Make:
        items = schema.get("items")
        least, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        if isinstance(items, list):
            parts = [self._free(one, path, None, depth + 1) for one in items]
            return lambda take: [part(take) for part in parts]
        inner = self._free(items if isinstance(items, Mapping) else {"bsonType": "string"}, path, target, depth + 1)
        top = least + 3 if most is None else int(most)
        top = min(top, least + 5)
        unlike = bool(schema.get("uniqueItems"))

        def made(take: Take) -> list[Any]:
            wanted = least + take() % (top - least + 1)
            found: list[Any] = []
            for _ in range(wanted * (20 if unlike else 1)):
                if len(found) >= wanted:
                    break
                value = inner(take)
                if not unlike or value not in found:
                    found.append(value)
            return found

        return made

    # --- leaves as cells -----------------------------------------------------------------------------------

    def _domain(self, leaf: _Leaf) -> Domain | None:
        schema, kind = leaf.schema, leaf.kind
        share = self.wish(leaf.path).empty
        optional = (leaf.optional or leaf.nullable) and leaf.path != "_id"
        empty = (0.1 if share is None else share) if optional else 0.0
        if members := schema.get("enum"):
            texts = tuple(_spoken(one) for one in members if one is not None)
            return Domain(Labels(texts), empty) if texts else Domain(Labels(()), 1.0)
        match kind:
            case "string":
                return self._text_domain(leaf, empty)
            case "bool":
                return Domain(Labels(("false", "true")), empty)
            case "date":
                low = kinds.FUTURE if leaf.path in self.demand.lives else None
                return Domain(kinds.TIMESTAMP, empty, low=low)
            case "objectId":
                return Domain(kinds.Opaque(lambda n: f"{n & 0xFFFFFFFF:08x}{n:016x}"), empty)
            case _:
                return self._number_domain(leaf, empty)

    def _text_domain(self, leaf: _Leaf, empty: float) -> Domain:
        schema = leaf.schema
        most = schema.get("maxLength")
        pattern = schema.get("pattern")
        if pattern is not None and _is_uuid(str(pattern)):
            return Domain(kinds.Opaque(words.uuid), empty)
        patterns = (Like("", str(pattern)),) if pattern is not None else ()
        return Domain(
            Textual(int(most) if most is not None else None),
            empty,
            least=int(schema.get("minLength", 0)),
            patterns=patterns,
        )

    def _number_domain(self, leaf: _Leaf, empty: float) -> Domain:
        schema = leaf.schema
        step = _decimal(schema.get("multipleOf"))
        bounds = [_decimal(schema.get(name)) for name in ("minimum", "maximum")]
        whole = leaf.kind in {"int", "long"}
        scale = 0 if whole else max([2, *(_decimals(one) for one in (step, *bounds) if one is not None)])
        unit = Decimal(10) ** scale
        raw_step = max(1, int(step * unit)) if step else 1
        bits = kinds.whole(32 if leaf.kind == "int" else 64)
        low, high = (bits.low, bits.high) if whole else (-(10**15), 10**15)
        kind = Ordered("number", str, low, high, (0, 10_000 * 10**scale), scale, raw_step)
        least, most = (None if one is None else int(one * unit) for one in bounds)
        if least is not None and schema.get("exclusiveMinimum"):
            least += raw_step
        if most is not None and schema.get("exclusiveMaximum"):
            most -= raw_step
        return Domain(kind, empty, low=least, high=most)

    def _converted(self, leaf: _Leaf) -> Callable[[Raw], Any]:
        """From a raw value, or the text of a reference, to what the driver writes."""
        if members := leaf.schema.get("enum"):
            by_text = {_spoken(one): one for one in members}
            return lambda raw: by_text.get(str(raw), raw)
        bson = self.bson
        match leaf.kind:
            case "bool":
                return lambda raw: raw == "true"
            case "date":
                return lambda raw: _moment(raw if isinstance(raw, int) else kinds.read(kinds.TIMESTAMP, str(raw)) or 0)
            case "objectId":
                return lambda raw: bson.object_id(str(raw))
            case "int":
                return lambda raw: int(raw or 0)
            case "long":
                return lambda raw: bson.long(int(raw or 0))
            case "double" | "decimal":
                domain = self._number_domain(leaf, 0.0)
                unit = Decimal(10) ** domain.kind.scale if isinstance(domain.kind, Ordered) else Decimal(1)
                if leaf.kind == "decimal":
                    return lambda raw: bson.decimal(Decimal(raw) / unit if isinstance(raw, int) else Decimal(str(raw)))
                return lambda raw: float(Decimal(raw) / unit) if isinstance(raw, int) else float(str(raw))
            case _:
                return _as_it_is

    def _references(self) -> dict[ForeignKey, int]:
        found = {}
        for path in self.leaves:
            source = self._target(path)
            if source is not None and source.rows:
                found[ForeignKey(path, (path,), "", (path,))] = source.rows
        return found

    def _keys(self, base: Mapping[str, Domain], references: Mapping[ForeignKey, int]) -> Keys:
        keys = Keys(self.rows)
        if "_id" in base:
            keys.columns["_id"] = lambda row: row
            keys.injective.add("_id")
        capacities = {
            path: (made.capacity if (made := values(domain, path, self.rows, self.wish(path))) else 0)
            for path, domain in base.items()
        }
        uniques = [
            replace(one, where="sparse") if set(one.columns) <= self.demand.sparse else one
            for one in self.demand.uniques
            if one.columns != ("_id",)
        ]
        settle(keys, uniques, references, capacities, self.salt)
        self.notes += [f"nothing keeps {name} from repeating" for name in keys.unmet]
        return keys

    def _pick(self, reference: ForeignKey, rows: int, keys: Keys, unique: frozenset[str]) -> Pick:
        (path,) = reference.columns
        leaf, wish = self.leaves[path], self.wish(path)
        source = self._target(path)
        convert = self._converted(leaf)
        at = source.at if source else lambda _row: None
        many = min(rows, wish.distinct or rows)
        choose = skewed if wish.skew else below
        ordinal = keys.references.get(path)
        share = 0.1 if wish.empty is None else wish.empty
        empty = share if (leaf.optional or leaf.nullable) and path not in unique else 0.0

        def made(row: int) -> Any:
            text = at(row)
            return _MISSING if text is None else convert(_unescaped(text))

        return Pick(
            path,
            {path: made},
            (lambda row, _chance: ordinal(row)) if ordinal else (lambda _row, chance: choose(chance, many)),
            empty,
            frozenset({path}),
        )

    def _cells(
        self, domains: Mapping[str, Domain], base: Mapping[str, Domain], keys: Keys, unique: frozenset[str]
    ) -> tuple[Cell, ...] | None:
        bounds = self._bounds(domains, keys)
        cells: dict[str, Cell] = {}
        for path in base:
            domain = domains[path]
            if domain.empty >= 1:
                cells[path] = Cell(path, None)
                continue
            made = values(domain, path, keys.rows, self.wish(path))
            if made is None:
                if domain.nullable:
                    cells[path] = Cell(path, None)
                    continue
                return None
            ordinal = keys.columns.get(path)
            if ordinal and isinstance(domain.kind, kinds.Opaque) and domain.kind.capacity == OPEN:
                ordinal = _moved(ordinal, key(f"{self.salt}/{path}") % OPEN)
            cells[path] = Cell(
                path,
                made,
                0.0 if path in unique and path not in self.demand.sparse else domain.empty,
                ordinal,
                follows=() if ordinal else bounds.get(path, ()),
                kind=domain.kind if isinstance(domain.kind, Ordered) else None,
                low=domain.low,
                high=domain.high,
            )
        return tuple(_in_order(cells))

    def _bounds(self, domains: Mapping[str, Domain], keys: Keys) -> dict[str, tuple[Follows, ...]]:
        found: dict[str, tuple[Follows, ...]] = {}
        kinds_of = {path: domain.kind for path, domain in domains.items()}
        for domain in domains.values():
            for order in domain.orders:
                one = order.turned() if order.operator in {"<", "<="} else order
                if one.left.column in keys.columns:
                    one = one.turned()
                if one.left.column not in keys.columns and one.left.column not in {
                    bound.column for bound in found.get(one.right.column, ())
                }:
                    found[one.left.column] = (*found.get(one.left.column, ()), *follows((one,), kinds_of))
        return found

    def _sources(self, ways: Sequence[_Way]) -> dict[str, Callable[[int], Any]]:
        name, seed = self.demand.name, self.seed
        found: dict[str, Callable[[int], Any]] = {}
        if "_id" not in self.leaves:
            found["_id"] = lambda row: id_text(name, seed, row)
        for cell in ways[0].cells:
            if cell.ordinal and cell.values and len(ways) == 1:
                found[cell.column] = _texts(cell.values, cell.ordinal)
        return found


_Build: TypeAlias = Callable[[Mapping[str, Any], Take, frozenset[str]], Any]


def _texts(of: Values, ordinal: Callable[[int], int]) -> Callable[[int], Any]:
    return lambda row: of.spell(of.nth(ordinal(row)))


def _moved(ordinal: Callable[[int], int], by: int) -> Callable[[int], int]:
    return lambda row: (ordinal(row) + by) % OPEN


def _in_order(cells: Mapping[str, Cell]) -> list[Cell]:
    done: dict[str, Cell] = {}
    waiting = list(cells.values())
    while waiting:
        ready = [cell for cell in waiting if all(bound.column in done for bound in cell.follows)]
        ready = ready or [replace(cell, follows=()) for cell in waiting]
        done |= {cell.column: cell for cell in ready}
        waiting = [cell for cell in waiting if cell.column not in done]
    return list(done.values())


def _paths(atom: Any) -> tuple[str, ...]:
    if hasattr(atom, "left"):
        return (atom.left.column, atom.right.column)
    return (atom.term.column,) if hasattr(atom, "term") else (atom.column,)


def _is_uuid(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, words.uuid(7)) is not None and re.fullmatch(pattern, "plain words") is None
    except re.error:
        return False


def _spoken(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _unescaped(text: str | None) -> str:
    return (text or "").replace("\\\\", "\\") if text and "\\" in text else text or ""


def _moment(raw: int) -> datetime:
    return _EPOCH + timedelta(microseconds=raw // 1000 * 1000)


def _decimal(given: Any) -> Decimal | None:
    return None if given is None else Decimal(str(given))


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    head, dot, rest = path.partition(".")
    if not dot:
        document[head] = value
        return
    inner = document.setdefault(head, {})
    if isinstance(inner, dict):
        _put(inner, rest, value)


def _place(kind: str, chance: int) -> Any:
    longitude = below(chance, 36_000) / 100 - 180
    latitude = below(again(chance), 17_000) / 100 - 85
    return {"type": "Point", "coordinates": [longitude, latitude]} if kind == "2dsphere" else [longitude, latitude]


def merged(schema: Schema, turn: int) -> dict[str, Any]:
    """Take all of `allOf`, and one of `anyOf` and `oneOf`, into the schema itself."""
    whole = dict(schema)
    parts = list(whole.pop("allOf", ()))
    for name in ("anyOf", "oneOf"):
        choices = [one for one in whole.pop(name, ()) if one.get("bsonType") != "null"]
        parts += choices[turn % len(choices) :][:1] if choices else []
    for part in parts:
        for name, given in merged(part, turn).items():
            if name == "properties":
                whole[name] = {**whole.get(name, {}), **given}
            elif name == "required":
                whole[name] = [*whole.get(name, ()), *given]
            else:
                whole.setdefault(name, given)
    return whole


def type_of(schema: Schema) -> str:
    """Name the one type that a value of this schema shall have."""
    named = schema.get("bsonType", schema.get("type"))
    names = [named] if isinstance(named, str) else list(named or ())
    concrete = [name for name in names if name != "null"] or names
    if concrete:
        return _TYPES.get(str(concrete[0]), str(concrete[0]))
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema:
        return "array"
    return "int" if {"minimum", "maximum", "multipleOf"} & set(schema) else "string"
