"""Constraints and indexes as words: in the field where one field has them, else in the entity."""

from __future__ import annotations

import re
from collections.abc import Collection

from schematool.core.author.postgres import parse
from schematool.core.author.postgres.words import Book, Words, parameters
from schematool.core.author.yaml_text import Plain, Sql
from schematool.core.catalog import Id
from schematool.core.lower.postgres.indexes import key_text, leading_field
from schematool.core.model import postgres as pg
from schematool.core.sql.names import choose, expression_name, object_name

_KEY = re.compile(
    r"(?P<kind>PRIMARY KEY|UNIQUE)(?P<distinct> NULLS NOT DISTINCT)? \((?P<keys>.+?)(?P<overlaps> WITHOUT OVERLAPS)?\)"
    r"(?: INCLUDE \((?P<include>.+?)\))?(?P<timing> DEFERRABLE(?: INITIALLY DEFERRED)?)?\Z"
)
_ACTION = r"(?:NO ACTION|RESTRICT|CASCADE|SET NULL(?: \([^)]*\))?|SET DEFAULT(?: \([^)]*\))?)"
_FOREIGN = re.compile(
    rf"FOREIGN KEY \((?P<on>.+?)\) REFERENCES (?:ONLY )?(?P<table>{parse.QUALIFIED})\((?P<fields>.+?)\)"
    rf"(?: MATCH (?P<match>FULL|PARTIAL|SIMPLE))?"
    rf"(?: ON UPDATE (?P<update>{_ACTION}))?(?: ON DELETE (?P<delete>{_ACTION}))?"
    r"(?P<timing> DEFERRABLE(?: INITIALLY DEFERRED)?)?\Z"
)
_LITERAL = r"'(?:[^']|'')*'"
_ONE_OF = re.compile(
    rf"CHECK \(\((?:\((?P<cast>{parse.NAME})\)::text|(?P<plain>{parse.NAME})) = ANY"
    r" \((?P<open>\()?ARRAY\[(?P<values>.*)\](?P<close>\)::text\[\])?\)\)\)\Z",
    re.DOTALL,
)


def timing(text: str | None) -> Words:
    """`deferrable: …`, or nothing."""
    if not text:
        return {}
    return {"deferrable": "deferred" if "INITIALLY DEFERRED" in text else True}


def of_index(thing: pg.Constraint) -> Words:
    """What the constraint's index has."""
    words: Words = {}
    if thing.options:
        words["with"] = parameters(thing.options)
    if thing.tablespace:
        words["tablespace"] = thing.tablespace
    if thing.clustered:
        words["clustered"] = True
    if not thing.index_valid:
        words["only"] = True
    if thing.index_comment is not None:
        words["index_description"] = thing.index_comment
    return words


def key(thing: pg.Constraint) -> Words | None:
    """A primary key or unique constraint as its record: `on` and what the short form cannot say."""
    match = _KEY.match(thing.definition)
    if match is None:
        return None
    words: Words = {"on": list(thing.columns)}
    if match["include"]:
        words["include"] = parse.names(match["include"])
    if match["distinct"]:
        words["nulls_not_distinct"] = True
    if match["overlaps"]:
        words["without_overlaps"] = True
    words |= timing(match["timing"]) | of_index(thing)
    if thing.comment is not None:
        words["description"] = thing.comment
    return words


def states(thing: pg.Constraint) -> Words:
    """`validated: false`, `enforced: false`."""
    words: Words = {}
    if not thing.enforced:
        words["enforced"] = False
    elif not thing.validated:
        words["validated"] = False
    if thing.comment is not None:
        words["description"] = thing.comment
    return words


def foreign_key(book: Book, thing: pg.Constraint) -> Words | None:
    """A foreign key as its record."""
    definition = thing.definition
    period = "PERIOD " in definition
    match = _FOREIGN.match(definition.replace("PERIOD ", "") if period else definition)
    if match is None or thing.references is None:
        return None
    words: Words = {
        "on": parse.names(match["on"]),
        "references": book.table(thing.references),
        "fields": parse.names(match["fields"]),
    }
    if words["fields"] == list(_primary_key(book, thing.references)):
        words.pop("fields")
    if match["delete"]:
        words["on_delete"] = _action(match["delete"])
    if match["update"]:
        words["on_update"] = _action(match["update"])
    if match["match"]:
        words["match"] = match["match"].lower()
    if period:
        words["period"] = True
    return words | timing(match["timing"]) | states(thing)


def pointed(thing: pg.Constraint) -> str | None:
    """The one column that a foreign key of one column points at."""
    match = _FOREIGN.match(thing.definition)
    names = parse.names(match["fields"]) if match else []
    return names[0] if len(names) == 1 else None


def _primary_key(book: Book, table: Id) -> tuple[str, ...]:
    for thing in book.of_table["constraint", table]:
        own = isinstance(thing, pg.Constraint) and (thing.parent is None or thing.parent.kind == "index")
        if own and isinstance(thing, pg.Constraint) and thing.type == "primary key":
            return thing.columns
    return ()


def _action(text: str) -> str:
    head, bracket, rest = text.partition(" (")
    return f"{head.lower()} ({', '.join(parse.names(rest.rstrip(')')))})" if bracket else text.lower()


def exclusion(thing: pg.Constraint) -> Words | None:
    """An exclusion constraint as its record."""
    match = re.match(rf"EXCLUDE USING ({parse.NAME}) (?=\()", thing.definition)
    inside = parse.group(thing.definition[match.end() :]) if match else None
    if match is None or inside is None:
        return None
    elements, rest = inside
    words: Words = {"elements": [re.sub(r" WITH (?=\S+\Z)", " with ", part) for part in parse.split(elements)]}
    if (method := parse.name(match[1])) != "gist":
        words["method"] = method
    for clause, word in (("INCLUDE", "include"), ("WITH", "with")):
        if rest.startswith(f"{clause} (") and (found := parse.group(rest[len(clause) :])):
            given, rest = found
            words[word] = parse.names(given) if word == "include" else storage(given)
    if rest.startswith("WHERE (") and (found := parse.group(rest[5:])):
        given, rest = found
        words["where"] = Sql(parse.unwrap(given))
    if rest not in {"", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"}:
        return None
    return words | timing(rest) | of_index(thing) | states(thing)


def storage(text: str) -> Words:
    """`fillfactor='70'` as words."""
    pairs = (part.partition("=") for part in parse.split(text))
    return parameters((name, value.strip("'")) for name, _, value in pairs)


def check(book: Book, thing: pg.Constraint) -> tuple[Sql, bool] | None:
    """The condition of a CHECK, and whether children do without it."""
    text = thing.definition
    alone = text.endswith(" NO INHERIT")
    inside = parse.group(text.removesuffix(" NO INHERIT").removeprefix("CHECK "))
    if not text.startswith("CHECK (") or inside is None or inside[1]:
        return None
    return (Sql(inside[0].strip()) if thing.id in book.verbatim else book.expression(inside[0])), alone


def one_of(book: Book, thing: pg.Constraint, column: pg.Column) -> list[Plain] | None:
    """The values of a CHECK that says nothing but that the field is one of them, as lowering would say it."""
    match = None if thing.id in book.verbatim else _ONE_OF.match(thing.definition)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    if parse.name(match["cast"] or match["plain"]) != column.id.name:
        return None
    values = parse.split(match["values"])
    if len(values) < 2:
        return None
    bare = re.sub(r"\(\d+\)\Z", "", column.type)
    if bare in {"smallint", "integer"} and not match["cast"]:
        return [int(value) for value in values] if all(re.fullmatch(r"\d+", value) for value in values) else None
    varying = bare == "character varying"
    if varying != bool(match["cast"]) or varying != bool(match["open"]):
        return None
    cast = {"character": "bpchar"}.get(bare, bare)
    is_enum = isinstance(book.catalog.objects.get(Id("type", parse.path(cast))), pg.Enum)
    if cast not in {"character varying", "text", "bpchar"} and not is_enum:
        return None
    texts: list[Plain] = []
    for value in values:
        literal = re.fullmatch(rf"({_LITERAL})::{re.escape(cast)}", value)
        if literal is None:
            return None
        texts.append(literal[1][1:-1].replace("''", "'"))
    return texts


# --- indexes ---------------------------------------------------------------------------------------------------------


def index(book: Book, thing: pg.Index, fields: Collection[str]) -> Words | None:
    """An index as its record; None where its definition is not as the server usually prints one."""
    head = re.match(
        rf"CREATE (?:UNIQUE )?INDEX {parse.NAME} ON (?:ONLY )?{parse.QUALIFIED} USING (?P<method>{parse.NAME}) (?=\()",
        thing.definition,
    )
    inside = parse.group(thing.definition[head.end() :]) if head else None
    if head is None or inside is None:
        return None
    keys, rest = parse.split(inside[0]), inside[1]
    written = keys if thing.id in book.verbatim else [_tidy_key(one, fields) for one in keys]
    words: Words = {"on": written}
    include: list[str] = []
    if rest.startswith("INCLUDE (") and (found := parse.group(rest[7:])):
        include, rest = parse.names(found[0]), found[1]
    if rest.startswith("NULLS NOT DISTINCT"):
        words["nulls_not_distinct"], rest = True, rest[18:].strip()
    if rest.startswith("WITH (") and (found := parse.group(rest[4:])):
        words["with"], rest = storage(found[0]), found[1]
    where = rest.removeprefix("WHERE ") if rest.startswith("WHERE ") else None
    if rest and where is None:
        return None
    if index_name(thing.table.name, written, include, fields) == thing.id.name and thing.table not in book.named:
        book.chosen[thing.table].add(thing.id)
    else:
        words["name"] = thing.id.name
    if thing.unique:
        words["unique"] = True
    if (method := parse.name(head["method"])) != "btree":
        words["method"] = method
    if include:
        words["include"] = include
    if where is not None:
        words["where"] = Sql(where) if thing.id in book.verbatim else book.expression(where)
    if thing.tablespace:
        words["tablespace"] = thing.tablespace
    if thing.statistics:
        words["statistics"] = {str(number): target for number, target in thing.statistics}
    if thing.clustered:
        words["clustered"] = True
    table = book.catalog.objects.get(thing.table)
    if not thing.valid and isinstance(table, pg.Table) and table.partition_key:
        words["only"] = True
    if thing.parent and (thing.id in book.verbatim or not _is_valid(book, thing.parent)):
        words["part_of"] = thing.parent.name
    if thing.comment is not None:
        words["description"] = thing.comment
    return words


def _is_valid(book: Book, index_id: Id) -> bool:
    found = book.catalog.objects.get(index_id)
    return not isinstance(found, pg.Index) or found.valid


def index_name(table: str, keys: list[str], include: list[str], fields: Collection[str]) -> str:
    """The name that lowering chooses, if it is free."""
    used: set[str] = set()
    parts = [leading_field(one, fields) or expression_name(one, used) for one in keys]
    return choose(table, [*parts, *include], "idx", set())


def _tidy_key(text: str, fields: Collection[str]) -> str:
    match = re.fullmatch(rf"({parse.NAME})((?: DESC)?(?: NULLS (?:FIRST|LAST))?)", text)
    if match:
        name = parse.name(match[1])
        return (name if name in fields else match[1]) + match[2].lower()
    inner = parse.unwrap(text)
    if inner == text:
        return text
    plain = parse.unwrap(inner)
    return plain if key_text(plain, fields) == f"({plain})" else text


def statistics(thing: pg.Statistics) -> Words | None:
    """Extended statistics as their record."""
    match = re.fullmatch(
        rf"CREATE STATISTICS {parse.QUALIFIED}(?: \((?P<kinds>[\w, ]+)\))? ON (?P<on>.+) FROM {parse.QUALIFIED}",
        thing.definition,
        re.DOTALL,
    )
    if match is None or thing.id.path[0] != thing.table.path[0]:
        return None
    on = [
        parse.name(part) if re.fullmatch(parse.NAME, part) else parse.unwrap(part) for part in parse.split(match["on"])
    ]
    words: Words = {"on": on}
    if match["kinds"]:
        words["kinds"] = parse.split(match["kinds"])
    if thing.target is not None:
        words["target"] = thing.target
    return words


def chosen_name(table: str, columns: Collection[str], label: str) -> str:
    """The name that lowering chooses for a constraint, if it is free."""
    if label == "pkey":
        return object_name(table, None, label)
    return choose(table, columns, label, set())
