"""Everything that is no table: types, sequences, routines, views, extensions, and what carries its own definition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from schematool.core.author.postgres import attached, constraints, parse
from schematool.core.author.postgres.words import Book, Words, collation, parameters
from schematool.core.author.yaml_text import Plain, Sql
from schematool.core.catalog import Catalog, Id
from schematool.core.lower.postgres.routines import split as split_arguments
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.build import build
from schematool.core.plan.postgres.names import reference


def schema(book: Book, thing: pg.Schema) -> Words | None:
    """A schema; `public` only where there is something to say."""
    words: Words = {"schema": thing.id.name} | book.head(thing) | book.tail(thing)
    if thing.id.name == "public" and words.get("owner") in {"pg_database_owner", "postgres"}:
        words.pop("owner")
    return None if thing.id.name == "public" and set(words) == {"schema"} else words


def extension(book: Book, thing: pg.Extension) -> Words:
    """An extension; its version and comment are its own affair unless they are not the server's."""
    book.written.add(thing.id)
    words: Words = {"extension": thing.id.name}
    if thing.schema != "public":
        words["schema"] = thing.schema
    if thing.id in book.verbatim:
        if thing.version:
            words["version"] = thing.version
        if thing.comment is not None:
            words["description"] = thing.comment
    return words


def type_(book: Book, thing: pg.PgObject) -> Words:
    """An enum, domain, composite or range type."""
    match thing:
        case pg.Enum():
            words: Words = {"enum": thing.id.name} | book.head(thing) | {"values": list(thing.labels)}
        case pg.Domain():
            words = _domain(book, thing)
        case pg.Composite():
            words = {"composite": thing.id.name} | book.head(thing)
            words["fields"] = {a.name: _attribute(book, a) for a in thing.attributes}
        case pg.Range():
            words = {"range": thing.id.name} | book.head(thing) | {"subtype": book.type(thing.subtype)}
            for word in ("operator_class", "canonical", "difference"):
                if value := getattr(thing, word):
                    words[word] = value
            if thing.multirange:
                inside, own = parse.path(thing.multirange)
                words["multirange"] = own if inside == thing.id.path[0] else f"{inside}.{own}"
            if thing.collation:
                words["collation"] = collation(thing.collation)
        case _:
            raise AssertionError(f"{thing.id} is no type")
    return words | book.tail(thing)


def _domain(book: Book, thing: pg.Domain) -> Words:
    words: Words = {"domain": thing.id.name} | book.head(thing) | {"type": book.type(thing.base)}
    if thing.not_null:
        words["required"] = True
    if thing.not_null_name:
        words["required_name"] = thing.not_null_name
    if thing.default is not None:
        words["default"] = book.default(thing.id, thing.default, thing.base)
    if thing.collation:
        words["collation"] = collation(thing.collation)
    checks: Words = {}
    for one in thing.checks:
        inside = parse.group(one.definition.removeprefix("CHECK "))
        condition = book.expression(inside[0]) if inside else Sql(one.definition)
        more: Words = {} if one.validated else {"validated": False}
        if one.comment is not None:
            more["description"] = one.comment
        checks[one.name] = {"check": condition} | more if more else condition
    return words | ({"checks": checks} if checks else {})


def _attribute(book: Book, attribute: pg.Attribute) -> Plain:
    words: Words = {"type": book.type(attribute.type)}
    if attribute.collation:
        words["collation"] = collation(attribute.collation)
    if attribute.comment is not None:
        words["description"] = attribute.comment
    return words if len(words) > 1 else words["type"]


def sequence(book: Book, thing: pg.Sequence) -> Words:
    """A sequence."""
    words: Words = {"sequence": thing.id.name} | book.head(thing)
    if thing.type != "bigint":
        words["type"] = thing.type
    if thing.start != pg.usual_start(thing.increment, thing.minimum, thing.maximum):
        words["start"] = thing.start
    if thing.increment != 1:
        words["increment"] = thing.increment
    for word in ("minimum", "maximum"):
        if (value := getattr(thing, word)) is not None:
            words[word] = value
    if thing.cache != 1:
        words["cache"] = thing.cache
    if thing.cycle:
        words["cycle"] = True
    if thing.persistence == "unlogged":
        words["unlogged"] = True
    if thing.owned_by:
        words["owned_by"] = f"{book.table(thing.owned_by)}.{thing.owned_by.name}"
    return words | book.tail(thing)


# --- routines --------------------------------------------------------------------------------------------------------

_HEAD = re.compile(rf"CREATE OR REPLACE (?P<kind>FUNCTION|PROCEDURE) {parse.QUALIFIED}(?=\()")


def routine(book: Book, thing: pg.Function) -> Words:
    """A function or procedure; in words where they say all of it, else as its CREATE statement."""
    kind = "procedure" if thing.kind == "procedure" else "function"
    words: Words = {kind: thing.id.path[1]} | book.head(thing)
    parsed = None if thing.id in book.verbatim else _routine(thing.definition)
    if parsed is None:
        head = _HEAD.match(thing.definition)
        inside = parse.group(thing.definition[head.end() :]) if head else None
        if inside and inside[0]:
            words["arguments"] = list(map(str.strip, split_arguments(inside[0])))
        words["definition"] = thing.definition
    else:
        words |= parsed
    return words | book.tail(thing)


def _routine(definition: str) -> Words | None:
    head = _HEAD.match(definition)
    inside = parse.group(definition[head.end() :]) if head else None
    if inside is None:
        return None
    arguments, _ = inside
    rest = definition[definition.index("(") :]
    rest = rest[parse.closing(rest) + 1 :].removeprefix("\n")
    words: Words = {}
    if arguments:
        words["arguments"] = list(map(str.strip, split_arguments(arguments)))
    lines = rest.split("\n")
    language = ""
    while lines and lines[0].startswith(" "):
        line = lines.pop(0)[1:]
        if line.startswith("RETURNS "):
            words["returns"] = line.removeprefix("RETURNS ")
        elif line.startswith("LANGUAGE "):
            language = parse.name(line.removeprefix("LANGUAGE "))
            if language != "sql":
                words["language"] = language
        elif line.startswith("SET "):
            name, _, value = line.removeprefix("SET ").partition(" TO ")
            settings = words.setdefault("set", {})
            assert isinstance(settings, dict)
            values = [part.strip("'") for part in parse.split(value)]
            if any("'" in part or "," in part or '"' in part or part != part.strip() for part in values):
                return None
            settings[parse.name(name)] = ", ".join(values)
        elif (found := _attributes(line)) is not None:
            words |= found
        else:
            return None
    body = _body("\n".join(lines), language)
    return None if body is None else words | {"body": body}


def _attributes(line: str) -> Words | None:
    words: Words = {}
    rest = line
    while rest:
        match = re.match(
            r"(WINDOW|IMMUTABLE|STABLE|STRICT|SECURITY DEFINER|LEAKPROOF|PARALLEL (?P<parallel>SAFE|RESTRICTED)"
            rf"|COST (?P<cost>[\d.e+]+)|ROWS (?P<rows>[\d.e+]+)|SUPPORT (?P<support>{parse.QUALIFIED}))(?: |\Z)",
            rest,
        )
        if match is None:
            return None
        rest = rest[match.end() :]
        match match[1].split()[0]:
            case "IMMUTABLE" | "STABLE":
                words["volatility"] = match[1].lower()
            case "SECURITY":
                words["security"] = "definer"
            case "PARALLEL":
                words["parallel"] = match["parallel"].lower()
            case "COST" | "ROWS":
                words[match[1].split()[0].lower()] = Sql(match["cost"] or match["rows"])
            case "SUPPORT":
                words["support"] = match["support"]
            case word:
                words[word.lower()] = True
    return words


def _body(text: str, language: str) -> str | None:
    """The body without its dollar quotes, if lowering puts just these around it."""
    if re.match(r"\s*(RETURN\b|BEGIN ATOMIC\b)", text):
        return text.strip() if language == "sql" else None
    match = re.fullmatch(r"AS (?P<tag>\$[\w]*\$)(?P<body>.*)(?P=tag)", text, re.DOTALL)
    if match is None:
        return None
    body = match["body"]
    if language == "sql" and re.match(r"(?i)\s*(begin\s+atomic|return)\b", body):
        return None
    if "\n" not in body.strip():
        return body if body and body.strip() else None
    return body[1:] if body.startswith("\n") and not body.startswith("\n\n") else None


# --- views -----------------------------------------------------------------------------------------------------------


def view(book: Book, thing: pg.View) -> Words | None:
    """A view with its triggers, rules and defaults."""
    words: Words = {"view": thing.id.name} | book.head(thing) | {"query": thing.definition}
    for key, value in thing.options:
        if key == "check_option":
            words[key] = value
        elif value == "true":
            words[key] = True
        else:
            return None
    if thing.column_comments:
        words["descriptions"] = dict(thing.column_comments)
    defaults: Words = {}
    for column, type_text in thing.columns:
        default = book.catalog.objects.get(Id("default", (*thing.id.path, column)))
        if isinstance(default, pg.Default):
            book.written.add(default.id)
            defaults[column] = book.default(default.id, default.expression, type_text)
    if defaults:
        words["defaults"] = defaults
    triggers: Words = {}
    for one in book.of_table["trigger", thing.id]:
        if isinstance(one, pg.Trigger) and (found := attached.trigger(book, one)) and not one.depends_on_extensions:
            book.written.add(one.id)
            triggers[one.id.name] = found
    if triggers:
        words["triggers"] = triggers
    rules: Words = {}
    for one in book.of_table["rule", thing.id]:
        if isinstance(one, pg.Rule):
            book.written.add(one.id)
            rules[one.id.name] = attached.rule(one)
    if rules:
        words["rules"] = rules
    return words | book.tail(thing)


def materialized_view(book: Book, thing: pg.MaterializedView) -> Words | None:
    """A materialised view with its indexes."""
    if thing.column_storage or thing.column_compression or thing.column_options or thing.depends_on_extensions:
        return None
    words: Words = {"materialized_view": thing.id.name} | book.head(thing) | {"query": thing.definition}
    if not thing.populated:
        words["populated"] = False
    if thing.column_comments:
        words["descriptions"] = dict(thing.column_comments)
    if thing.column_statistics:
        words["statistics"] = dict(thing.column_statistics)
    indexes: list[Plain] = []
    for one in book.of_table["index", thing.id]:
        if isinstance(one, pg.Index):
            found = constraints.index(book, one, [name for name, _ in thing.columns])
            if found is not None:
                book.written.add(one.id)
                indexes.append(found)
    if indexes:
        words["indexes"] = indexes
    if thing.access_method:
        words["access_method"] = thing.access_method
    if options := parameters(thing.options) | parameters(thing.toast_options, "toast."):
        words["options"] = options
    if thing.tablespace:
        words["tablespace"] = thing.tablespace
    return words | book.tail(thing)


# --- the rest --------------------------------------------------------------------------------------------------------


def event_trigger(book: Book, thing: pg.EventTrigger) -> Words | None:
    """An event trigger."""
    match = re.fullmatch(
        rf"CREATE EVENT TRIGGER {parse.NAME} ON (?P<event>\w+)(?: WHEN TAG IN \((?P<tags>.*)\))?"
        rf" EXECUTE FUNCTION (?P<schema>{parse.NAME})\.(?P<name>{parse.NAME})\(\)",
        thing.definition,
    )
    if match is None or thing.security_labels:
        return None
    words: Words = {"event_trigger": thing.id.name} | book.head(thing) | {"on": match["event"]}
    if match["tags"]:
        words["tags"] = [tag.strip("'") for tag in parse.split(match["tags"])]
    words["execute"] = f"{book.call(parse.name(match['schema']), parse.name(match['name']))}()"
    if thing.enabled != "origin":
        words["enabled"] = thing.enabled
    return words | book.tail(thing)


def default_privileges(book: Book, thing: pg.DefaultPrivileges) -> Words:
    """Default privileges of a role."""
    book.written.add(thing.id)
    words: Words = {"default_privileges": thing.role}
    if thing.schema:
        words["schema"] = thing.schema
    words["objects"] = thing.object_type
    return words | book.tail(thing)


def carried(book: Book, thing: pg.PgObject, more: Iterable[pg.PgObject] = ()) -> Words:
    """Any object as the statements that make it, with what belongs to it."""
    whole = [thing, *more]
    book.written |= {one.id for one in whole}
    plain = [_without_main_owner(book, one) for one in whole]
    statements = [text for _, text in build(Catalog.of("postgres", plain))]
    if len(statements) > 1 and re.fullmatch(rf"CREATE TYPE {parse.QUALIFIED}", statements[0]):
        statements.pop(0)  # the shell of a base type is made with the function that returns it
    create: Plain = list(statements) if len(statements) > 1 else statements[0]
    return {"object": _lower_words(reference(thing)), "create": create}


def _without_main_owner(book: Book, thing: pg.PgObject) -> pg.PgObject:
    return replace(thing, owner=None) if thing.owner == book.owner else thing


def _lower_words(text: str) -> str:
    """`AGGREGATE public.total(integer)` with its keywords in lower case."""
    match = re.match(r"[A-Z ]+(?= )", text)
    return text[: match.end()].lower() + text[match.end() :] if match else text
