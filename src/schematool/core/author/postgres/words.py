"""What every document says in the same way: types, names, expressions, owners, privileges, comments."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from schematool.core.author.postgres import parse
from schematool.core.author.yaml_text import Plain, Sql
from schematool.core.catalog import Catalog, Id
from schematool.core.load.types import POSTGRES
from schematool.core.model import postgres as pg
from schematool.core.sql.quote import identifier

PUBLIC = "public"
Words = dict[str, Plain]

_TABLE_RIGHTS = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
_SPELLED = (
    (re.compile(r"character varying(\(\d+\))?"), r"varchar\1"),
    (re.compile(r"timestamp(\(\d\))? without time zone"), r"timestamp\1"),
    (re.compile(r"timestamp(\(\d\))? with time zone"), r"timestamptz\1"),
    (re.compile(r"time(\(\d\))? without time zone"), r"time\1"),
    (re.compile(r"time(\(\d\))? with time zone"), r"timetz\1"),
    (re.compile(r"character(\(\d+\))"), r"char\1"),
    (re.compile(r"bit varying(\(\d+\))?"), r"varbit\1"),
)
_CAST = re.compile(r"('(?:[^']|'')*')::(.+)\Z", re.DOTALL)
_PLAIN_CASTS = {
    "character varying",
    "text",
    "bpchar",
    "uuid",
    "json",
    "jsonb",
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
    "interval",
    "inet",
    "bytea",
    "character varying[]",
    "text[]",
    "integer[]",
    "uuid[]",
}


@dataclass(slots=True)
class Book:
    """The catalog by what belongs together, what was written of it, and how it must be spelled.

    `named`: tables whose constraints and indexes are all named, since the names that would be chosen are others.
    `verbatim`: objects whose expressions are left as the server printed them.
    """

    catalog: Catalog
    named: frozenset[Id] = frozenset()
    verbatim: frozenset[Id] = frozenset()
    written: set[Id] = field(default_factory=set)
    chosen: dict[Id, set[Id]] = field(default_factory=lambda: defaultdict(set))
    """By table: what it should get under the name that lowering chooses."""
    owner: str | None = None
    of_table: dict[tuple[str, Id], list[pg.PgObject]] = field(default_factory=lambda: defaultdict(list))
    partitions: dict[Id, list[pg.PgObject]] = field(default_factory=lambda: defaultdict(list))
    tables: Counter[str] = field(default_factory=Counter)
    types: dict[tuple[str, str], str] = field(default_factory=dict)
    routines: Counter[str] = field(default_factory=Counter)
    inline: set[Id] = field(default_factory=set)
    """Partitions that are written inside of their parents."""
    ahead: frozenset[Id] = frozenset()
    """Those of them that `every` says enough of."""

    def __post_init__(self) -> None:
        """Group everything once."""
        owners: Counter[str] = Counter()
        names: Counter[str] = Counter()
        spaces: dict[str, set[str]] = defaultdict(set)
        for thing in self.catalog:
            assert isinstance(thing, pg.PgObject)
            if thing.owner and not isinstance(thing, pg.Schema):
                owners[thing.owner] += 1
            match thing:
                case (
                    pg.Constraint()
                    | pg.Index()
                    | pg.Trigger()
                    | pg.Rule()
                    | pg.Policy()
                    | pg.Statistics()
                    | pg.Distribution()
                ):
                    self.of_table[thing.id.kind, thing.table].append(thing)
                case pg.Table() | pg.ForeignTable():
                    self.tables[thing.id.name] += 1
                    if thing.partition_of:
                        self.partitions[thing.partition_of].append(thing)
                case pg.Enum() | pg.Domain() | pg.Composite() | pg.Range():
                    names[thing.id.name] += 1
                    self.types[thing.id.path[0], thing.id.name] = ""
                case pg.Function():
                    spaces[thing.id.path[1]].add(thing.id.path[0])
                case _:
                    continue
        self.owner = max(owners, key=lambda one: (owners[one], one)) if owners else None
        self.routines = Counter({name: len(schemas) for name, schemas in spaces.items()})
        for schema, name in list(self.types):
            short = schema == PUBLIC and names[name] == 1 and name.lower() not in POSTGRES and name.isidentifier()
            self.types[schema, name] = name if short else f"{schema}.{name}"

    # --- names -------------------------------------------------------------------------------------------------------

    def table(self, of: Id) -> str:
        """A table as `references` and `inherits` name it."""
        schema, name = of.path[:2]
        return name if schema == PUBLIC and self.tables[name] <= 1 else f"{schema}.{name}"

    def call(self, schema: str, name: str) -> str:
        """A function as `execute` names it."""
        if schema == PUBLIC and self.routines[name] == 1 and re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            return name
        return f"{identifier(schema)}.{identifier(name)}"

    def type(self, text: str) -> str:
        """A type in its short form: `character varying(50)` becomes `varchar(50)`, `public.mood[]` becomes `mood[]`."""
        match = re.match(rf"(?P<schema>{parse.NAME})\.(?P<name>{parse.NAME})(?P<rest>.*)\Z", text, re.DOTALL)
        if match:
            schema, name = parse.name(match["schema"]), parse.name(match["name"])
            known = self.types.get((schema, name))
            if known and re.fullmatch(r"[\w$]+(\.[\w$]+)?", known):
                return known + match["rest"]
            if schema == PUBLIC and (PUBLIC, name) not in self.types and self._of_extension(name, match["name"]):
                return name + match["rest"]
            return text
        for pattern, short in _SPELLED:
            if pattern.match(text):
                return pattern.sub(short, text, count=1)
        return text

    def _of_extension(self, name: str, written: str) -> bool:
        return (
            name == written
            and name not in POSTGRES
            and not self.tables[name]
            and Id("view", (PUBLIC, name)) not in (self.catalog)
        )

    # --- texts -------------------------------------------------------------------------------------------------------

    def expression(self, text: str) -> Sql:
        """An expression without the parentheses around all of it."""
        return Sql(parse.unwrap(text))

    def default(self, of: Id, text: str, type_text: str) -> Sql:
        """A default; a constant loses the cast to its own column's type."""
        match = _CAST.match(text)
        if match is None or of in self.verbatim:
            return Sql(text)
        own = re.sub(r"\(\d+\)", "", type_text)
        own = "bpchar" if own == "character" else own
        if match[2] == own and (own in _PLAIN_CASTS or self._is_enum(own)):
            return Sql(match[1])
        return Sql(text)

    def _is_enum(self, type_text: str) -> bool:
        path = parse.path(type_text) if re.fullmatch(parse.QUALIFIED, type_text) else ()
        return isinstance(self.catalog.objects.get(Id("type", path)), pg.Enum)

    # --- what every object has ---------------------------------------------------------------------------------------

    def head(self, thing: pg.PgObject) -> Words:
        """Description and schema: what stands first."""
        self.written.add(thing.id)
        words: Words = {}
        if thing.comment is not None:
            words["description"] = thing.comment
        if len(thing.id.path) > 1 and thing.id.path[0] != PUBLIC:
            words["schema"] = thing.id.path[0]
        return words

    def tail(self, thing: pg.PgObject, more: Iterable[pg.Grant] = ()) -> Words:
        """Owner, privileges and labels: what stands last."""
        words: Words = {}
        if thing.owner and thing.owner != self.owner:
            words["owner"] = thing.owner
        if grants := self.grants((*thing.grants, *more), thing):
            words["grants"] = grants
        if revokes := self.grants(thing.revokes, thing):
            words["revokes"] = revokes
        if thing.security_labels:
            words["security_labels"] = dict(thing.security_labels)
        return words

    def grants(self, grants: Iterable[pg.Grant], thing: pg.PgObject | None = None) -> Plain:
        """Privileges: by role where that says all, else a list."""
        groups: dict[tuple[str, bool, str | None], list[str]] = {}
        for grant in grants:
            groups.setdefault((grant.grantee, grant.grantable, grant.column), []).append(grant.privilege)
        by_role: Words = {role: self._all(rights, thing) for (role, _, _), rights in groups.items()}
        if not any(grantable or column for _, grantable, column in groups):
            return by_role
        items: dict[tuple[str, bool, tuple[str, ...]], list[str]] = {}
        for (role, grantable, column), given in groups.items():
            key = (role, grantable, () if column is None else tuple(given))
            if column is None:
                items[key] = []
            else:
                items.setdefault(key, []).append(column)
        records: list[Words] = []
        for (role, grantable, rights), columns in items.items():
            whole = list(rights) if columns else groups[role, grantable, None]
            record: Words = {"to": role, "privileges": self._all(whole, None if columns else thing)}
            if columns:
                record["fields"] = columns
            if grantable:
                record["grantable"] = True
            records.append(record)
        return records

    def _all(self, rights: list[str], thing: pg.PgObject | None) -> Plain:
        newer = {"MAINTAIN"} if int(self.catalog.version.partition(".")[0] or 0) >= 17 else set()
        if isinstance(thing, pg.Table | pg.View | pg.MaterializedView) and set(rights) == _TABLE_RIGHTS | newer:
            return "all"
        return [right.lower() for right in rights]


def parameters(options: Iterable[tuple[str, str]], prefix: str = "") -> Words:
    """Storage parameters and their like; numbers and truth values stand plain."""
    return {f"{prefix}{key}": _parameter(value) for key, value in options}


def _parameter(value: str) -> Plain:
    if value in {"true", "false"} or re.fullmatch(r"-?(0|[1-9]\d*)", value):
        return Sql(value)
    try:
        return Sql(value) if str(float(value)) == value and "." in value and "e" not in value else value
    except ValueError:
        return value


def collation(text: str) -> str:
    """A collation as the language names it: `pg_catalog."C"` becomes `C`."""
    names = parse.path(text)
    if len(names) == 2 and names[0] in {"pg_catalog", PUBLIC} and '"' not in names[1] and "." not in names[1]:
        return names[1]
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
