"""SQLAlchemy 2: a class for each table, whose metadata is the database's: keys, checks, indexes, comments, relations.

Every library name is reached through `sa`, `pg` and `orm`, since a column may have any name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schematool.core.catalog import Catalog, Id
from schematool.core.load import types
from schematool.core.model import postgres as pg
from schematool.core.models.python_text import WIDTH, call, docstring, quoted, safe
from schematool.core.models.shape import NOTE, Many, Models, Nested, OneOf, Record, Scalar, Shape

_RESERVED = frozenset(
    {"metadata", "registry", "type_annotation_map", "sa", "pg", "orm", "datetime", "decimal", "uuid"}
    | {"list", "str", "int", "float", "bool", "bytes", "Any", "Base", "Named"}
)
_INSIDE = 9
"""How far an argument of a class or of a column is from the margin, with its comma."""
_HEAD = f'''"""{NOTE}"""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql as pg


class Base(orm.DeclarativeBase):
    """What all tables have in common: one metadata."""


class Named(sa.types.UserDefinedType[Any]):
    """A type of the database that SQLAlchemy has no class for."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """The type's name."""
        return self.name
'''
_PYTHON = {
    "text": "str",
    "integer": "int",
    "big": "int",
    "float": "float",
    "decimal": "decimal.Decimal",
    "boolean": "bool",
    "date": "datetime.date",
    "datetime": "datetime.datetime",
    "instant": "datetime.datetime",
    "time": "datetime.time",
    "span": "datetime.timedelta",
    "uuid": "uuid.UUID",
    "bytes": "bytes",
    "json": "Any",
    "objectId": "str",
    "any": "Any",
}
_TYPES = {
    **dict.fromkeys(("smallint", "int2"), "sa.SmallInteger"),
    **dict.fromkeys(("integer", "int", "int4"), "sa.Integer"),
    **dict.fromkeys(("bigint", "int8"), "sa.BigInteger"),
    **dict.fromkeys(("numeric", "decimal"), "sa.Numeric"),
    **dict.fromkeys(("real", "float4"), "sa.REAL"),
    **dict.fromkeys(("double precision", "float8"), "sa.Double"),
    **dict.fromkeys(("boolean", "bool"), "sa.Boolean"),
    **dict.fromkeys(("varchar", "character varying"), "sa.String"),
    **dict.fromkeys(("char", "character", "bpchar"), "sa.CHAR"),
    "text": "sa.Text",
    "date": "sa.Date",
    "uuid": "sa.Uuid",
    "bytea": "sa.LargeBinary",
    "json": "pg.JSON",
    **{name: f"pg.{name.upper()}" for name in ("jsonb", "inet", "cidr", "macaddr", "macaddr8", "tsvector", "tsquery")},
    **{name: f"pg.{name.upper()}" for name in ("oid", "regclass", "regconfig", "money", "bit", "hstore", "citext")},
    **{
        f"{name}{kind}": f"pg.{name.upper()}{kind.upper()}"
        for name in ("int4", "int8", "num", "date", "ts", "tstz")
        for kind in ("range", "multirange")
    },
}


def render(models: Models) -> str:
    """Write the module."""
    writer = _Writer(models)
    rows = [record for record in models.entities if record.store == "postgres"]
    return "\n\n".join((_HEAD, *(writer.table(record) for record in rows))).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class _Key:
    """A foreign key: where it is, what it points at, and the names of both ends."""

    name: str
    table: Id
    columns: tuple[str, ...]
    target: Id
    target_columns: tuple[str, ...]
    rest: str


@dataclass(slots=True)
class _Writer:
    models: Models
    catalog: Catalog = field(init=False)
    records: Mapping[Id, Record] = field(init=False)
    attributes: dict[Id, dict[str, str]] = field(default_factory=dict)
    taken: dict[Id, set[str]] = field(default_factory=dict)
    ends: dict[Id, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalog = self.models.catalogs["postgres"]
        rows = [record for record in self.models.entities if record.store == "postgres" and record.entity]
        self.records = {_id(record): record for record in rows}
        reserved = _RESERVED | {record.name for record in rows}
        for table, record in self.records.items():
            taken: set[str] = set()
            self.attributes[table] = {member.name: safe(member.name, taken, reserved) for member in record.members}
            self.taken[table] = taken
        self._relate()

    # --- one table -----------------------------------------------------------------------------------------

    def table(self, record: Record) -> str:
        table = _id(record)
        if self._primary(table) is None:
            return self._plain(record, table)
        lines = [f"class {record.name}(Base):", docstring(record.description or f"The table {table.name}", "    "), ""]
        lines.append(f"    __tablename__ = {quoted(table.path[1])}")
        arguments = [*self._constraints(table), self._options(table)]
        lines.append("\n".join(("    __table_args__ = (", *(_indented(one, "        ") for one in arguments), "    )")))
        lines.append("")
        lines += [self._column(table, member.name, member.shape, mapped=True) for member in record.members]
        if ends := self.ends.get(table):
            lines += ["", *ends]
        return "\n".join(lines) + "\n"

    def _plain(self, record: Record, table: Id) -> str:
        """A table without a primary key, which no class can be mapped to."""
        columns = [self._column(table, member.name, member.shape, mapped=False) for member in record.members]
        options = [f"schema={quoted(table.path[0])}"] if table.path[0] != "public" else []
        comment = getattr(self.catalog.objects[table], "comment", None)
        options += [f"comment={quoted(comment)}"] if comment else []
        arguments = [quoted(table.path[1]), "Base.metadata", *columns, *self._constraints(table), *options]
        taken: set[str] = set()
        name = f"{safe(table.path[1], taken).lower()}_table"
        return "\n".join((f"{name} = sa.Table(", *(_indented(one, "    ") for one in arguments), ")", ""))

    def _options(self, table: Id) -> str:
        words = []
        if table.path[0] != "public":
            words.append(f'"schema": {quoted(table.path[0])}')
        if comment := getattr(self.catalog.objects[table], "comment", None):
            words.append(f'"comment": {quoted(comment)}')
        one = f"{{{', '.join(words)}}}"
        if len(one) + 9 <= WIDTH:
            return one
        return "\n".join(("{", *(f"    {word}," for word in words), "}"))

    def _column(self, table: Id, name: str, shape: Shape, *, mapped: bool) -> str:
        column = self.catalog.objects[self._home(table, name)]
        assert isinstance(column, pg.Column)
        primary = self._primary(table)
        keyed = primary is not None and name in primary.columns
        arguments = [quoted(name), self._type(column.type)]
        if column.identity:
            arguments.append(_identity(column.identity))
        if column.generated:
            arguments.append(f"sa.Computed({quoted(column.generated)}, persisted={column.generated_kind == 'stored'})")
        if keyed:
            arguments.append("primary_key=True")
            arguments += [] if column.identity else ["autoincrement=False"]
        else:
            nullable = not (column.not_null or self._filled_domain(column.type))
            arguments.append(f"nullable={nullable}")
        default = self.catalog.objects.get(Id("default", column.id.path))
        if isinstance(default, pg.Default):
            arguments.append(f"server_default=sa.text({quoted(_escaped(default.expression))})")
        if column.comment:
            arguments.append(f"comment={quoted(column.comment)}")
        if not mapped:
            return call("sa.Column", arguments, "", _INSIDE)
        optional = "" if keyed or column.not_null or self._filled_domain(column.type) else " | None"
        said = _annotation(shape)
        said += optional if said != "Any" else ""
        return call(f"{self.attributes[table][name]}: orm.Mapped[{said}] = orm.mapped_column", arguments, "    ")

    def _home(self, table: Id, name: str) -> Id:
        """The column itself, or that of a parent."""
        own = Id("column", (*table.path, name))
        if own in self.catalog:
            return own
        thing = self.catalog.objects[table]
        parents = thing.inherits if isinstance(thing, pg.Table) else ()
        return next(found for parent in parents if (found := self._home(parent, name)) in self.catalog)

    def _filled_domain(self, text: str) -> bool:
        declared = self._declared(text)
        return isinstance(declared, pg.Domain) and declared.not_null and not types.is_array(text)

    def _declared(self, text: str) -> object:
        schema, _, plain = types.bare(text).replace('"', "").rpartition(".")
        return self.catalog.objects.get(Id("type", (schema or "public", plain)))

    def _type(self, text: str) -> str:
        if types.is_array(text):
            dimensions = len(re.findall(r"\[\d*\]", text))
            inner = self._type(re.sub(r"(\[\d*\])+\s*$", "", text))
            more = [f"dimensions={dimensions}"] if dimensions > 1 else []
            return call("pg.ARRAY", [inner, *more], "", _INSIDE)
        declared = self._declared(text)
        if isinstance(declared, pg.Enum):
            labels = [quoted(label) for label in declared.labels]
            return call("pg.ENUM", [*labels, *_named(declared.id), "create_type=False"], "", _INSIDE)
        if isinstance(declared, pg.Domain):
            words = [quoted(declared.id.name), self._type(declared.base), *_named(declared.id)[1:], "create_type=False"]
            return call("pg.DOMAIN", words, "", _INSIDE)
        if declared is not None:
            return f"Named({quoted(text)})"
        return _builtin(text)

    # --- constraints ---------------------------------------------------------------------------------------

    def _primary(self, table: Id) -> pg.Constraint | None:
        return next((one for one in self._of(table) if one.type == "primary key"), None)

    def _of(self, table: Id) -> Iterator[pg.Constraint]:
        return (one for one in self.catalog if isinstance(one, pg.Constraint) and one.table == table)

    def _constraints(self, table: Id) -> Iterator[str]:
        for one in self._of(table):
            name = f"name={quoted(one.id.name)}"
            match one.type:
                case "primary key" | "unique":
                    kind = "PrimaryKeyConstraint" if one.type == "primary key" else "UniqueConstraint"
                    columns = [quoted(column) for column in one.columns]
                    words = [*columns, name, *_index_words(one.definition), *_timing(one.definition)]
                    yield call(f"sa.{kind}", words, "", _INSIDE)
                case "check":
                    body = re.sub(r" NO INHERIT$", "", one.definition.removeprefix("CHECK ").strip())
                    yield call("sa.CheckConstraint", [quoted(_escaped(body[1:-1])), name], "", _INSIDE)
                case "foreign key":
                    yield self._foreign(one)
                case "exclude":
                    yield _exclusion(one)
                case _:
                    pass
        for thing in self.catalog:
            if isinstance(thing, pg.Index) and thing.table == table:
                yield _index(thing)

    def _foreign(self, one: pg.Constraint) -> str:
        key = _key(one)
        prefix = "" if key.target.path[0] == "public" else f"{key.target.path[0]}."
        own = f"[{', '.join(quoted(column) for column in key.columns)}]"
        theirs = [quoted(f"{prefix}{key.target.path[1]}.{column}") for column in key.target_columns]
        arguments = [own, f"[{', '.join(theirs)}]", f"name={quoted(one.id.name)}"]
        for word, name in (("DELETE", "ondelete"), ("UPDATE", "onupdate")):
            action = r"RESTRICT|CASCADE|NO ACTION|SET NULL(?: \([^)]*\))?|SET DEFAULT(?: \([^)]*\))?"
            match = re.search(rf"ON {word} ({action})", key.rest, re.IGNORECASE)
            if match and match[1].upper() != "NO ACTION":
                arguments.append(f"{name}={quoted(match[1].upper())}")
        if match := re.search(r"MATCH (FULL|PARTIAL)", key.rest):
            arguments.append(f"match={quoted(match[1])}")
        return call("sa.ForeignKeyConstraint", [*arguments, *_timing(key.rest)], "", _INSIDE)

    # --- relations -----------------------------------------------------------------------------------------

    def _relate(self) -> None:
        """Both ends of every reference between tables that have a class."""
        keys = [
            _key(one)
            for one in self.catalog
            if isinstance(one, pg.Constraint) and one.type == "foreign key" and one.references in self.records
            and one.table in self.records
        ]  # fmt: skip
        keys = [key for key in keys if self._primary(key.table) and self._primary(key.target)]
        pairs = Counter((key.table, key.target) for key in keys)
        shared = Counter((key.table, column) for key in keys for column in key.columns)
        for key in keys:
            read = any(shared[key.table, column] > 1 for column in key.columns)
            child, parent = self.records[key.table], self.records[key.target]
            base = key.columns[0] if len(key.columns) == 1 else key.target.path[1]
            base = base.removesuffix("_id") if base.endswith("_id") else f"{base}_{key.target.path[1]}"
            one = safe(base, self.taken[key.table], _RESERVED)
            several = pairs[key.table, key.target] > 1 or key.table == key.target
            back = f"{key.table.path[1]}_{one}" if several else key.table.path[1]
            many = safe(back, self.taken[key.target], _RESERVED)
            names = ", ".join(f"{child.name}.{self.attributes[key.table][column]}" for column in key.columns)
            foreign = f"foreign_keys={quoted(f'[{names}]')}"
            required = all(self._required(key.table, column) for column in key.columns)
            single = self._single(key)
            remote: list[str] = []
            if key.table == key.target:
                theirs = ", ".join(f"{parent.name}.{self.attributes[key.target][c]}" for c in key.target_columns)
                remote = [f"remote_side={quoted(f'[{theirs}]')}"]
            end = ["viewonly=True"] if read else []
            to_one = f"{one}: orm.Mapped[{parent.name}{'' if required else ' | None'}] = orm.relationship"
            to_many = f"{child.name} | None" if single else f"list[{child.name}]"
            self.ends.setdefault(key.table, []).append(
                call(to_one, [foreign, *remote, *(end or [f"back_populates={quoted(many)}"])], "    ")
            )
            passive = [] if read else ["passive_deletes=True"] if "CASCADE" in key.rest.upper() else []
            self.ends.setdefault(key.target, []).append(
                call(
                    f"{many}: orm.Mapped[{to_many}] = orm.relationship",
                    [foreign, *(end or [f"back_populates={quoted(one)}"]), *passive],
                    "    ",
                )
            )

    def _required(self, table: Id, name: str) -> bool:
        column = self.catalog.objects.get(self._home(table, name))
        return isinstance(column, pg.Column) and column.not_null

    def _single(self, key: _Key) -> bool:
        """Whether a row is pointed at once at most."""
        return any(
            one.type in {"primary key", "unique"} and set(one.columns) <= set(key.columns) and one.columns
            for one in self._of(key.table)
        )


def _id(record: Record) -> Id:
    schema, _, name = str(record.entity).partition(".")
    return Id("table", (schema, name))


def _key(one: pg.Constraint) -> _Key:
    match = re.match(r"FOREIGN KEY \(.*?\) REFERENCES .+?\((.*?)\)(?=$|\s)(.*)", one.definition, re.DOTALL)
    assert match
    assert one.references
    names = tuple(re.sub(r'^"|"$', "", part.strip()).replace('""', '"') for part in match[1].split(","))
    return _Key(one.id.name, one.table, one.columns, one.references, names, match[2])


def _annotation(shape: Shape) -> str:
    match shape:
        case Scalar():
            return _PYTHON[shape.name]
        case OneOf():
            kinds = {type(value).__name__ for value in shape.values}
            return kinds.pop() if len(kinds) == 1 and not shape.name else "str" if shape.name else "Any"
        case Many():
            return f"list[{_annotation(shape.inner)}]"
        case Nested():
            return "Any"


def _named(of: Id) -> list[str]:
    return [f"name={quoted(of.name)}", *([f"schema={quoted(of.path[0])}"] if of.path[0] != "public" else [])]


def _builtin(text: str) -> str:
    name = types.base(text)
    sizes = re.findall(r"\d+", text[text.find("(") :]) if "(" in text else []
    if name.startswith(("timestamp", "time")):
        zone = "timezone=True" if "tz" in name or "with time zone" in name else ""
        kind = "TIMESTAMP" if name.startswith("timestamp") else "TIME"
        if sizes:
            return f"pg.{kind}({', '.join(part for part in (zone, f'precision={sizes[0]}') if part)})"
        return f"sa.{'DateTime' if kind == 'TIMESTAMP' else 'Time'}({zone})"
    if name == "interval":
        return f"pg.INTERVAL({f'precision={sizes[0]}' if sizes else ''})"
    if name in {"varbit", "bit varying"}:
        return f"pg.BIT({f'{sizes[0]}, ' if sizes else ''}varying=True)"
    if name in {"serial", "serial4"}:
        return "sa.Integer()"
    known = _TYPES.get(name)
    if name == "bpchar" or known is None:
        return f"Named({quoted(text)})"
    return f"{known}({', '.join(sizes)})"


def _identity(of: pg.Identity) -> str:
    words = [f"always={of.always}"]
    words += [f"start={of.start}"] if of.start != 1 else []
    words += [f"increment={of.increment}"] if of.increment != 1 else []
    words += [f"minvalue={of.minimum}"] if of.minimum is not None else []
    words += [f"maxvalue={of.maximum}"] if of.maximum is not None else []
    words += ["cycle=True"] if of.cycle else []
    words += [f"cache={of.cache}"] if of.cache != 1 else []
    return call("sa.Identity", words, "", _INSIDE)


def _timing(text: str) -> list[str]:
    if "DEFERRABLE" not in text or "NOT DEFERRABLE" in text:
        return []
    return ["deferrable=True", *(['initially="DEFERRED"'] if "INITIALLY DEFERRED" in text else [])]


def _index_words(text: str) -> list[str]:
    found = ["postgresql_nulls_not_distinct=True"] if "NULLS NOT DISTINCT" in text else []
    if match := re.search(r"\bINCLUDE \((.*?)\)", text):
        names = [quoted(part.strip().strip('"')) for part in match[1].split(",")]
        found.append(f"postgresql_include=[{', '.join(names)}]")
    return found


def _index(of: pg.Index) -> str:
    rest = of.definition.partition(f" USING {of.method} (")[2]
    keys, rest = _balanced(rest)
    arguments = [quoted(of.id.name)]
    for part in _parts(keys):
        plain = re.fullmatch(r'"((?:[^"]|"")+)"|([a-z_][a-z0-9_$]*)', part)
        name = (plain[1] or plain[2]).replace('""', '"') if plain else ""
        arguments.append(quoted(name) if plain else f"sa.text({quoted(_escaped(part))})")
    arguments += ["unique=True"] if of.unique else []
    arguments += [f"postgresql_using={quoted(of.method)}"] if of.method != "btree" else []
    arguments += _index_words(rest)
    if match := re.search(r"\bWITH \((.*?)\)", rest):
        pairs = [pair.strip().partition("=") for pair in match[1].split(",")]
        words = ", ".join(f"{quoted(name)}: {quoted(value.strip(chr(39)))}" for name, _, value in pairs)
        arguments.append(f"postgresql_with={{{words}}}")
    if " WHERE " in rest:
        where = rest.partition(" WHERE ")[2]
        arguments.append(f"postgresql_where=sa.text({quoted(_escaped(where))})")
    return call("sa.Index", arguments, "", _INSIDE)


def _exclusion(of: pg.Constraint) -> str:
    match = re.match(r"EXCLUDE USING (\w+) \(", of.definition)
    assert match
    elements, rest = _balanced(of.definition[match.end() :])
    arguments = []
    for part in _parts(elements):
        expression, _, operator = re.sub(r"\s+with\s+", " WITH ", part, flags=re.IGNORECASE).rpartition(" WITH ")
        plain = re.fullmatch(r'"?(\w+)"?', expression.strip())
        said = quoted(plain[1]) if plain else f"sa.text({quoted(_escaped(expression))})"
        arguments.append(f"({said}, {quoted(operator.strip())})")
    arguments += [f"name={quoted(of.id.name)}", f"using={quoted(match[1])}"]
    if where := re.search(r"WHERE \((.*?)\)(?: DEFERRABLE.*)?$", rest):
        arguments.append(f"where=sa.text({quoted(_escaped(where[1]))})")
    return call("pg.ExcludeConstraint", [*arguments, *_timing(rest)], "", _INSIDE)


def _balanced(text: str) -> tuple[str, str]:
    """Cut at the bracket that closes one which was opened before; texts in quotes are passed over."""
    depth, quote = 1, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return text[:place], text[place + 1 :]
    return text, ""


def _parts(text: str) -> list[str]:
    """Cut at commas that are in no bracket and no quotes."""
    found, depth, quote, start = [], 0, "", 0
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            found.append(text[start:place].strip())
            start = place + 1
    return [*found, text[start:].strip()]


def _escaped(text: str) -> str:
    """A colon before a name would be a parameter to `text()`."""
    return re.sub(r"(?<![:\\]):(?=\w)", r"\\:", " ".join(text.split()))


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line for line in text.splitlines()) + ","
