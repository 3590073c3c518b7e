"""Tables as entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from schematool.core.author.postgres import attached, constraints, parse
from schematool.core.author.postgres.words import Book, Words, collation, parameters
from schematool.core.author.yaml_text import Plain, Sql
from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.partitions import MARK, bounds, every_of
from schematool.core.plan.postgres.not_nulls import NAMED_NOT_NULL
from schematool.core.plan.postgres.types import usual_storage
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import literal, qualified

Writer = Callable[[pg.PgObject], "Words | None"]
_SERIAL = {"integer": "serial", "bigint": "bigserial", "smallint": "smallserial"}


def entity(book: Book, table: pg.Table) -> Words:
    """A table with all that belongs to it."""
    words: Words = {"entity": table.id.name, "store": "postgres"} | book.head(table)
    if table.partition_of:
        words["partition_of"] = {"entity": book.table(table.partition_of)} | bound(table.partition_bound or "")
        if _names_of_parent(book, table):
            words["parents_names"] = True
    if table.inherits:
        words["inherits"] = [book.table(parent) for parent in table.inherits]
    if table.of_type:
        words["of_type"] = book.type(table.of_type)
    if table.persistence == "unlogged":
        words["unlogged"] = True
    if table.partition_key:
        words["partition_by"] = partition_key(table) | _habit(book, table)
    if spread := _distribution(book, table):
        words["distribute_by"] = spread
    columns = _columns(book, table)
    own = _Own(book, table, columns)
    fields = own.fields()
    if fields:
        words["fields"] = fields
    words |= own.constraints()
    if indexes := own.indexes():
        words["indexes"] = indexes
    words |= own.attached()
    if parts := _inline(book, table):
        words["partitions"] = parts
    words |= _stored(table)
    more = [grant for column in columns for grant in column.grants]
    return words | book.tail(table, more)


def _distribution(book: Book, table: pg.Table) -> Plain:
    for thing in book.of_table["distribution", table.id]:
        assert isinstance(thing, pg.Distribution)
        book.written.add(thing.id)
        if thing.column is None:
            return "everywhere"
        more: Words = {"beside": book.table(thing.beside)} if thing.beside else {}
        if thing.shards:
            more["shards"] = thing.shards
        return {"field": thing.column} | more if more else thing.column
    return None


def _columns(book: Book, table: pg.Table) -> list[pg.Column]:
    found = (book.catalog.objects.get(Id("column", (*table.id.path, name))) for name in table.columns)
    return [column for column in found if isinstance(column, pg.Column)]


def _stored(table: pg.Table) -> Words:
    words: Words = {}
    if table.row_security or table.force_row_security:
        forced = "forced" if table.row_security else "forced when on"
        words["row_level_security"] = forced if table.force_row_security else True
    kind, _, index = table.replica_identity.partition(" ")
    if kind == "index":
        words["replica_identity"] = {"index": index}
    elif kind != "default":
        words["replica_identity"] = kind
    if table.access_method:
        words["access_method"] = table.access_method
    if options := parameters(table.options) | parameters(table.toast_options, "toast."):
        words["options"] = options
    if table.tablespace:
        words["tablespace"] = table.tablespace
    return words


def partition_key(table: pg.Table) -> Words:
    """`partition_by`."""
    method, _, rest = (table.partition_key or "").partition(" ")
    inside = parse.group(rest)
    keys = parse.split(inside[0]) if inside else []
    plain = [parse.name(key) if re.fullmatch(parse.NAME, key) else key for key in keys]
    return {method.lower(): plain}


def bound(text: str) -> Words:
    """What a partition holds."""
    if text == "DEFAULT":
        return {"default": True}
    if text.startswith("FOR VALUES IN ("):
        return {"in": _values(text[14:])}
    if match := re.fullmatch(r"(?i)FOR VALUES WITH \(modulus (\d+), remainder (\d+)\)", text):
        return {"modulus": int(match[1]), "remainder": int(match[2])}
    start = parse.group(text.removeprefix("FOR VALUES FROM "))
    assert start is not None, f"no bound of a partition: {text}"
    return {"from": _values(f"({start[0]})"), "to": _values(start[1].removeprefix("TO "))}


def _values(text: str) -> list[Plain]:
    inside = parse.group(text)
    return (
        [Sql(value.lower() if value in {"MINVALUE", "MAXVALUE"} else value) for value in parse.split(inside[0])]
        if (inside)
        else []
    )


# --- partitions ------------------------------------------------------------------------------------------------------


def find_inline(book: Book) -> None:
    """Decide which partitions can be a line in their parent: those with nothing of their own."""
    for parent, parts in book.partitions.items():
        for part in parts:
            if isinstance(part, pg.Table) and _is_plain(book, part, parent):
                book.inline.add(part.id)
    # What hangs below a partition that is an entity cannot hang above it, and the other way round is fine.
    targets = {thing.references for thing in book.catalog if isinstance(thing, pg.Constraint)}
    for of in list(book.inline):
        kept_apart = any(not isinstance(p, pg.Table) or p.id not in book.inline for p in book.partitions.get(of, ()))
        if of in targets or kept_apart:
            _expel(book, of)
    for parent in book.partitions:
        book.ahead |= _series(book, parent)


def _series(book: Book, parent_id: Id) -> frozenset[Id]:
    """Two partitions or more of one length of time, with the names that `schematool partitions` gives."""
    parent = book.catalog.objects.get(parent_id)
    keys = partition_key(parent).get("range") if isinstance(parent, pg.Table) else None
    key = book.catalog.objects.get(Id("column", (*parent_id.path, str(keys[0])))) if isinstance(keys, list) else None
    if not isinstance(keys, list) or len(keys) != 1 or not isinstance(key, pg.Column) or parent_id in book.inline:
        return frozenset()
    if key.type not in {"date", "timestamp with time zone", "timestamp without time zone"}:
        return frozenset()
    found: dict[str, set[Id]] = {}
    for part in book.partitions[parent_id]:
        if isinstance(part, pg.Table) and part.id in book.inline and (every := _period(book, part)):
            found.setdefault(every, set()).add(part.id)
    longest = max(found.values(), key=len, default=set())
    return frozenset(longest) if len(longest) > 1 else frozenset()


def _period(book: Book, part: pg.Table) -> str | None:
    """How long the time is that a plain partition holds; None for one that has more to it."""
    made = part.comment is not None and part.comment.startswith(MARK)
    more = set(_line(book, part)) - {"from", "to", "parents_names", *(("description",) if made else ())}
    if part.partition_of is None or more:
        return None
    first, last = bounds(part.partition_bound or "") or (None, None)
    return every_of(part.partition_of.name, part.id.name, first, last) if last else None


def _habit(book: Book, table: pg.Table) -> Words:
    ahead = [part for part in book.partitions.get(table.id, ()) if part.id in book.ahead]
    if not ahead or not isinstance(ahead[0], pg.Table):
        return {}
    every: Words = {"every": _period(book, ahead[0])}
    default = any(getattr(part, "partition_bound", None) == "DEFAULT" for part in book.partitions[table.id])
    return every if default else every | {"default": False}


def _expel(book: Book, of: Id) -> None:
    """Make an entity of a partition, and of those that it hangs below."""
    book.inline.discard(of)
    table = book.catalog.objects[of]
    if isinstance(table, pg.Table) and table.partition_of in book.inline:
        _expel(book, table.partition_of)


def _is_plain(book: Book, part: pg.Table, parent_id: Id) -> bool:
    parent = book.catalog.objects.get(parent_id)
    if not isinstance(parent, pg.Table) or part.columns != parent.columns or part.id in book.named:
        return False
    if part.grants or part.revokes or part.security_labels or part.access_method or part.toast_options:
        return False
    if part.row_security or part.replica_identity != "default" or part.persistence != parent.persistence:
        return False
    names = [column.not_null_name for column in _columns(book, part) if column.not_null]
    if (any(names) and not _names_of_parent(book, part)) or any(not c.not_null_valid for c in _columns(book, part)):
        return False
    if part.owner not in {None, book.owner, parent.owner} or part.id.path[0] != parent.id.path[0]:
        return False
    if any(book.of_table[kind, part.id] for kind in ("policy", "rule", "statistics")):
        return False
    triggers = [one for one in book.of_table["trigger", part.id] if isinstance(one, pg.Trigger)]
    if any(not one.inherited or _fires_otherwise(book, one) for one in triggers):
        return False
    return all(_same_column(book, part, parent, name) for name in part.columns) and not _own_keys(book, part)


def _fires_otherwise(book: Book, trigger: pg.Trigger) -> bool:
    """Whether a partition's trigger is in another state than its parent's."""
    table = book.catalog.objects.get(trigger.table)
    if not trigger.inherited or not isinstance(table, pg.Table) or not table.partition_of:
        return False
    above = book.catalog.objects.get(Id("trigger", (*table.partition_of.path, trigger.id.name)))
    return isinstance(above, pg.Trigger) and above.enabled != trigger.enabled


def _same_column(book: Book, part: pg.Table, parent: pg.Table, name: str) -> bool:
    here, there = (book.catalog.objects.get(Id("column", (*table.id.path, name))) for table in (part, parent))
    if not isinstance(here, pg.Column) or not isinstance(there, pg.Column):
        return False
    plain = replace(here, id=there.id, inherited=there.inherited, not_null_name=None, identity=None)
    other = replace(there, not_null_name=None, comment=None, grants=(), identity=None, not_null_comment=None)
    other = replace(other, storage=None, compression=None, statistics=None, options=())
    defaults = [book.catalog.objects.get(Id("default", (*table.id.path, name))) for table in (part, parent)]
    texts = [default.expression if isinstance(default, pg.Default) else None for default in defaults]
    return plain == other and texts[0] == texts[1]


def _own_keys(book: Book, part: pg.Table) -> list[pg.Constraint | pg.Index]:
    """Keys and indexes that the partition would not get, or not under this name, from its parent."""
    own: list[pg.Constraint | pg.Index] = []
    for thing in (*book.of_table["constraint", part.id], *book.of_table["index", part.id]):
        if isinstance(thing, pg.Constraint) and not _given_by_parent(thing):
            own.append(thing)
        if isinstance(thing, pg.Index) and not _index_given_by_parent(book, thing):
            own.append(thing)
    return own


def _given_by_parent(thing: pg.Constraint) -> bool:
    if thing.comment is not None or thing.tablespace or thing.clustered or thing.options or thing.index_comment:
        return False
    if thing.type == "check":
        return thing.inherited
    if thing.parent is None or thing.parent.kind == "index" or not thing.validated:
        return False
    if thing.type == "foreign key":
        return thing.id.name == thing.parent.name
    if thing.type == "primary key":
        return thing.id.name == object_name(thing.table.name, None, "pkey")
    label = "key" if thing.type == "unique" else "excl"
    return thing.id.name == constraints.chosen_name(thing.table.name, thing.columns, label)


def _index_given_by_parent(book: Book, thing: pg.Index) -> bool:
    if thing.parent is None or thing.comment is not None or thing.tablespace or thing.clustered or thing.statistics:
        return False
    table = book.catalog.objects[thing.table]
    fields = table.columns if isinstance(table, pg.Table) else ()
    words = constraints.index(book, replace(thing, tablespace=None), fields)
    book.chosen[thing.table].discard(thing.id)
    return words is not None and "name" not in words and "part_of" not in words


def _inline(book: Book, table: pg.Table) -> Words:
    """The partitions that are a line each."""
    parts: Words = {}
    for part in book.partitions.get(table.id, ()):
        if isinstance(part, pg.Table) and part.id in book.inline:
            words = _partition(book, part)
            usual = (
                book.ahead & {p.id for p in book.partitions[table.id]} and part.id.name == f"{table.id.name}_default"
            )
            if part.id not in book.ahead and not (usual and words == {"default": True}):
                parts[part.id.name] = words
    return parts


def _partition(book: Book, part: pg.Table) -> Words:
    _take(book, part)
    words = _line(book, part)
    if parts := _inline(book, part) if part.partition_key else None:
        words["partitions"] = parts
    return words


def _line(book: Book, part: pg.Table) -> Words:
    words = bound(part.partition_bound or "")
    if part.partition_key:
        words["partition_by"] = partition_key(part)
    if _names_of_parent(book, part):
        words["parents_names"] = True
    if part.options:
        words["options"] = parameters(part.options)
    if part.tablespace:
        words["tablespace"] = part.tablespace
    if part.comment is not None:
        words["description"] = part.comment
    return words


def _take(book: Book, table: pg.Table) -> None:
    """A partition's own objects all follow from its parent's."""
    book.written.add(table.id)
    for name in table.columns:
        book.written |= {Id("column", (*table.id.path, name)), Id("default", (*table.id.path, name))}
    for kind in ("constraint", "index", "trigger"):
        book.written |= {thing.id for thing in book.of_table[kind, table.id]}


def _names_of_parent(book: Book, table: pg.Table) -> bool:
    """Whether NOT NULL constraints carry the parent's names, as CREATE TABLE … PARTITION OF makes them (18)."""
    parent = table.partition_of
    names = [column.not_null_name for column in _columns(book, table) if column.not_null]
    if parent is None or not any(names):
        return False
    return all(name == not_null_name(book, parent, column) for name, column in _named_columns(book, table))


def _named_columns(book: Book, table: pg.Table) -> list[tuple[str | None, str]]:
    return [(column.not_null_name, column.id.name) for column in _columns(book, table) if column.not_null]


def not_null_name(book: Book, table: Id, column: str) -> str | None:
    """The name of a column's NOT NULL constraint."""
    found = book.catalog.objects.get(Id("column", (*table.path, column)))
    if not isinstance(found, pg.Column) or not found.not_null:
        return None
    return found.not_null_name or object_name(table.name, column, "not_null")


# --- what is a table's own -------------------------------------------------------------------------------------------


class _Own:
    """Shares out what a table has between its fields and itself."""

    def __init__(self, book: Book, table: pg.Table, columns: Sequence[pg.Column]) -> None:
        self.book, self.table, self.columns = book, table, columns
        self.named = table.id in book.named
        self.keys = [thing for thing in book.of_table["constraint", table.id] if isinstance(thing, pg.Constraint)]
        for thing in self.keys:
            if thing.inherited and (thing.type == "check" or _given_by_parent(thing)):
                book.written.add(thing.id)
        self.keys = [thing for thing in self.keys if thing.id not in book.written]
        self.primary = next((thing for thing in self.keys if thing.type == "primary key"), None)
        self.parents_names = _names_of_parent(book, table)

    def _take(self, thing: pg.PgObject, *, chosen: bool = False) -> None:
        self.book.written.add(thing.id)
        if chosen:
            self.book.chosen[self.table.id].add(thing.id)

    # --- fields

    def fields(self) -> Words:
        """The columns, each on its line; none where all come from the parent as they are there."""
        table = self.table
        if table.partition_of and self._all_from_parent():
            for column in self.columns:
                self.book.written |= {column.id, Id("default", column.id.path)}
            return {}
        words: Words = {}
        for column in self.columns:
            self.book.written.add(column.id)
            inherited = column.inherited and not table.partition_of
            written = self._field(column, inherited=inherited)
            if inherited:
                own = written if isinstance(written, dict) else {}
                more = {k: v for k, v in own.items() if k not in {"type", "required", "required_name", "collation"}}
                more |= self._own_not_null(column)
                if more:
                    words[column.id.name] = {"type": self.book.type(column.type), "inherited": True} | more
            else:
                words[column.id.name] = written
        return words

    def _all_from_parent(self) -> bool:
        parent = self.book.catalog.objects.get(self.table.partition_of) if self.table.partition_of else None
        if not isinstance(parent, pg.Table) or parent.columns != self.table.columns:
            return False
        if not all(_same_column(self.book, self.table, parent, name) for name in self.table.columns):
            return False
        return self.parents_names or not any(column.not_null_name for column in self.columns)

    def _own_not_null(self, column: pg.Column) -> Words:
        """What an heir's NOT NULL is beside those of its parents: a constraint of its own, which has a name (18)."""
        if self.table.of_type and column.not_null:
            return {"required": True} | ({"required_name": column.not_null_name} if column.not_null_name else {})
        above = [not_null_name(self.book, parent, column.id.name) for parent in self.table.inherits]
        named = int(self.book.catalog.version.partition(".")[0] or 0) >= NAMED_NOT_NULL
        if not column.not_null or (column.not_null_inherited if named else any(above)):
            return {}
        own = not_null_name(self.book, self.table.id, column.id.name)
        return {"required": True} | ({"required_name": own} if named and own else {})

    def _field(self, column: pg.Column, *, inherited: bool) -> Plain:
        words = self._value(column)
        if not inherited:
            words |= self._field_keys(column)
        words |= self._rest(column)
        return words["type"] if set(words) == {"type"} else words

    def _value(self, column: pg.Column) -> Words:
        """Type, required, and what gives the value."""
        default = self.book.catalog.objects.get(Id("default", column.id.path))
        words: Words = {"type": self.book.type(column.type)}
        inherited = column.not_null_inherited and bool(self.table.inherits)
        if isinstance(default, pg.Default):
            self._take(default)
        if isinstance(default, pg.Default) and (serial := self._serial(column, default)):
            words["type"] = serial
            default = None
        elif column.not_null and not column.identity and not self._in_primary_key(column) and not inherited:
            words["required"] = True
        if column.not_null_name and not self.parents_names and not inherited:
            words["required_name"] = column.not_null_name
        if column.not_null_no_inherit:
            words["required_no_inherit"] = True
        if not column.not_null_valid:
            words["required_validated"] = False
        if column.not_null_comment is not None:
            words["required_description"] = column.not_null_comment
        if isinstance(default, pg.Default):
            words["default"] = self.book.default(column.id, default.expression, column.type)
        if column.identity:
            words["identity"] = _identity(self.book, column.identity, self.table.id.path[0])
        if column.generated is not None:
            expression = self.book.expression(column.generated)
            words["generated"] = (
                expression if column.generated_kind == "stored" else {"as": expression, "stored": False}
            )
        return words

    def _in_primary_key(self, column: pg.Column) -> bool:
        return self.primary is not None and column.id.name in self.primary.columns

    def _serial(self, column: pg.Column, default: pg.Default) -> str | None:
        """`serial`, where the sequence is just as that word would make it."""
        schema, table, name = column.id.path
        of = Id("sequence", (schema, object_name(table, name, "seq")))
        sequence = self.book.catalog.objects.get(of)
        if self.named or column.id in self.book.verbatim or column.type not in _SERIAL or not column.not_null:
            return None
        if default.expression != f"nextval({literal(qualified(*of.path))}::regclass)":
            return None
        usual = pg.Sequence(id=of, type=column.type, owner=self.table.owner, owned_by=column.id)
        if sequence != usual:
            return None
        self.book.written.add(of)
        self.book.chosen[self.table.id].add(of)
        return _SERIAL[column.type]

    def _field_keys(self, column: pg.Column) -> Words:
        """Constraints of this field alone that have a word."""
        words: Words = {}
        for thing in self.keys:
            if thing.columns == (column.id.name,) and thing.id not in self.book.written:
                if thing.type == "unique" and "unique" not in words:
                    words |= self._unique_field(thing)
                elif thing.type == "foreign key" and "references" not in words:
                    words |= self._reference(thing)
        return words | self._checks_of_field(column)

    def _unique_field(self, thing: pg.Constraint) -> Words:
        record = constraints.key(thing)
        if record is None or set(record) != {"on"}:
            return {}
        usual = not self.named and thing.id.name == object_name(self.table.id.name, thing.columns[0], "key")
        self._take(thing, chosen=usual)
        return {"unique": True if usual else thing.id.name}

    def _reference(self, thing: pg.Constraint) -> Words:
        record = constraints.foreign_key(self.book, thing)
        target = self.book.catalog.objects.get(thing.references) if thing.references else None
        if record is None or "period" in record or not isinstance(target, pg.Table):
            return {}
        pointed = constraints.pointed(thing)
        column = self.book.catalog.objects.get(Id("column", (*target.id.path, str(pointed))))
        if not isinstance(column, pg.Column) or column.inherited:
            return {}
        usual = not self.named and thing.id.name == object_name(self.table.id.name, thing.columns[0], "fkey")
        self._take(thing, chosen=usual)
        more = {key: value for key, value in record.items() if key not in {"on", "references", "fields"}}
        name = f"{record['references']}.{pointed}"
        if usual and set(more) <= {"on_delete", "on_update"}:
            renamed = {"on_update": "on_update_reference"}
            return {"references": name} | {renamed.get(key, key): value for key, value in more.items()}
        return {"references": {"field": name} | ({} if usual else {"name": thing.id.name}) | more}

    def _checks_of_field(self, column: pg.Column) -> Words:
        if self.named:
            return {}
        words: Words = {}
        labels = ["check", "check1"]
        own = {
            thing.id.name: thing
            for thing in self.keys
            if thing.type == "check"
            and thing.columns == (column.id.name,)
            and thing.validated
            and thing.enforced
            and thing.comment is None
        }
        for word in ("one_of", "check"):
            thing = own.get(object_name(self.table.id.name, column.id.name, labels[0]))
            if thing is None:
                break
            values = constraints.one_of(self.book, thing, column)
            condition = constraints.check(self.book, thing)
            if word == "one_of" and values:
                words["one_of"] = values
            elif word == "check" and condition and not condition[1]:
                words["check"] = condition[0]
            else:
                continue
            self._take(thing, chosen=True)
            labels.pop(0)
        return words

    def _rest(self, column: pg.Column) -> Words:
        words: Words = {}
        if column.collation:
            words["collation"] = collation(column.collation)
        for word in ("storage", "compression", "statistics"):
            if (value := getattr(column, word)) is not None:
                words[word] = value
        above = (Id("column", (*parent.path, column.id.name)) for parent in self.table.inherits)
        parents = [self.book.catalog.objects.get(one) for one in above]
        # What a parent has otherwise an heir takes over, unless it says that it does not.
        if "storage" not in words and any(isinstance(one, pg.Column) and one.storage for one in parents):
            words["storage"] = usual_storage(column.type)
        if "compression" not in words and any(isinstance(one, pg.Column) and one.compression for one in parents):
            words["compression"] = "default"
        if column.options:
            words["options"] = parameters(column.options)
        if column.security_labels:
            words["security_labels"] = dict(column.security_labels)
        if column.comment is not None:
            words["description"] = column.comment
        return words

    # --- the entity

    def constraints(self) -> Words:
        """Keys, checks, foreign keys and exclusions that no field has taken."""
        words: Words = {}
        if self.primary is not None:
            words |= self._primary(self.primary)
        left = [thing for thing in self.keys if thing.id not in self.book.written]
        if unique := self._by_name([thing for thing in left if thing.type == "unique"], "key"):
            words["unique"] = unique
        checks: Words = {}
        for thing in left:
            if thing.type == "check" and (found := constraints.check(self.book, thing)):
                condition, alone = found
                more = ({"no_inherit": True} if alone else {}) | constraints.states(thing)
                checks[thing.id.name] = {"check": condition} | more if more else condition
                self._take(thing)
        if checks:
            words["checks"] = checks
        if keys := self._by_name([thing for thing in left if thing.type == "foreign key"], "fkey"):
            words["foreign_keys"] = keys
        exclusions: Words = {}
        for thing in left:
            if thing.type == "exclude" and (record := constraints.exclusion(thing)):
                exclusions[thing.id.name] = record
                self._take(thing)
        return words | ({"exclusions": exclusions} if exclusions else {})

    def _primary(self, thing: pg.Constraint) -> Words:
        record = constraints.key(thing)
        if record is None:
            return {}
        usual = not self.named and thing.id.name == object_name(self.table.id.name, None, "pkey")
        self._take(thing, chosen=usual)
        if usual and set(record) == {"on"}:
            return {"primary_key": record["on"]}
        name: Words = {} if usual else {"name": thing.id.name}
        return {"primary_key": {"on": record.pop("on")} | name | record}

    def _by_name(self, things: list[pg.Constraint], label: str) -> Plain:
        """A list where every name is the usual one, else a mapping by name."""
        records: list[tuple[pg.Constraint, Words]] = []
        for thing in things:
            record = constraints.key(thing) if label == "key" else constraints.foreign_key(self.book, thing)
            if record is not None:
                records.append((thing, record))
        usual = not self.named and all(self._usual(thing, record, label) for thing, record in records)
        for thing, _ in records:
            self._take(thing, chosen=usual)
        short = {thing.id.name: record["on"] if set(record) == {"on"} else record for thing, record in records}
        return list(short.values()) if usual else short

    def _usual(self, thing: pg.Constraint, record: Words, label: str) -> bool:
        include = record.get("include")
        columns = [*thing.columns, *(map(str, include) if isinstance(include, list) else ())]
        return thing.id.name == constraints.chosen_name(self.table.id.name, columns, label)

    def indexes(self) -> list[Plain]:
        """Indexes that no constraint owns and that do not come from the parent."""
        found: list[Plain] = []
        for thing in self.book.of_table["index", self.table.id]:
            assert isinstance(thing, pg.Index)
            if self.table.partition_of and not self.named and _index_given_by_parent(self.book, thing):
                self._take(thing)
            elif (words := constraints.index(self.book, thing, self.table.columns)) is not None:
                self._take(thing)
                found.append(words)
        return found

    def attached(self) -> Words:
        """Statistics, triggers, rules and policies."""
        return {
            **self._named("statistics", "statistics", self._statistics),
            **self._named("triggers", "trigger", self._trigger),
            **self._clones(),
            **self._named("rules", "rule", lambda thing: attached.rule(thing) if isinstance(thing, pg.Rule) else None),
            **self._named("policies", "policy", self._policy),
        }

    def _clones(self) -> Words:
        things = self.book.of_table["trigger", self.table.id]
        found: Words = {
            one.id.name: one.enabled
            for one in things
            if isinstance(one, pg.Trigger) and _fires_otherwise(self.book, one)
        }
        return {"inherited_triggers": found} if found else {}

    def _statistics(self, thing: pg.PgObject) -> Words | None:
        words = constraints.statistics(thing) if isinstance(thing, pg.Statistics) else None
        if words is None or thing.grants or thing.security_labels:
            return None
        if thing.owner not in {None, self.book.owner}:
            words["owner"] = thing.owner or ""
        return words | ({} if thing.comment is None else {"description": thing.comment})

    def _trigger(self, thing: pg.PgObject) -> Words | None:
        return attached.trigger(self.book, thing) if isinstance(thing, pg.Trigger) else None

    def _policy(self, thing: pg.PgObject) -> Words | None:
        return attached.policy(self.book, thing) if isinstance(thing, pg.Policy) else None

    def _named(self, word: str, kind: str, write: Writer) -> Words:
        found: Words = {}
        for thing in self.book.of_table[kind, self.table.id]:
            if isinstance(thing, pg.Trigger) and thing.inherited:
                self._take(thing)
                continue
            words = write(thing)
            if words is not None and not thing.depends_on_extensions:
                self._take(thing)
                found[thing.id.name] = words
        return {word: found} if found else {}


def _identity(book: Book, identity: pg.Identity, schema: str) -> Plain:
    words: Words = {}
    if identity.start != pg.usual_start(identity.increment, identity.minimum, identity.maximum):
        words["start"] = identity.start
    for word in ("increment", "cache"):
        if (value := getattr(identity, word)) != 1:
            words[word] = value
    for word in ("minimum", "maximum"):
        if (value := getattr(identity, word)) is not None:
            words[word] = value
    if identity.cycle:
        words["cycle"] = True
    if identity.sequence:
        words["name"] = identity.sequence.removeprefix(f"{schema}.")
    if identity.persistence:
        words["unlogged"] = identity.persistence == "unlogged"
    if identity.comment is not None:
        words["description"] = identity.comment
    if identity.grants:
        words["grants"] = book.grants(identity.grants)
    if identity.revokes:
        words["revokes"] = book.grants(identity.revokes)
    if not words:
        return "always" if identity.always else "by default"
    return {"always": identity.always} | words
