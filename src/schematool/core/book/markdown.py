"""The book as Markdown, to be read where the repository is: diagrams as Mermaid, one file for each entity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from schematool.core.book.addresses import slugs
from schematool.core.book.changes import Changes
from schematool.core.book.facts import Book, EntityFact, PatternFact, shown
from schematool.core.erd.diagram import around, with_rows
from schematool.core.erd.mermaid import mermaid, too_large
from schematool.core.erd.words import Rows

_STORES = {"postgres": "PostgreSQL", "mongo": "MongoDB"}


def pages(book: Book, changed: Changes | None = None) -> dict[str, str]:
    """Every file, by its path."""
    names = slugs(entity.key for entity in book.entities)
    addresses = {key: f"entities/{name}.md" for key, name in names.items()}
    made = {"README.md": _joined(_index(book, addresses))}
    for entity in book.entities:
        near = {key: f"{name}.md" for key, name in names.items()}
        made[addresses[entity.key]] = _joined(_entity(book, entity, near))
    if book.patterns:
        made["patterns.md"] = _joined(["# Patterns", *(part for one in book.patterns for part in _pattern(one, 2))])
    if changed is not None:
        made["changes.md"] = _joined(_changes(changed))
    return made


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts).rstrip() + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;").strip()


def _lines(text: str) -> str:
    lines = shown(text)
    return _code(text) if len(lines) == 1 else "".join(f"\n  - {_code(line)}" for line in lines)


def _code(text: str) -> str:
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    return fence + re.sub(r"\s+", " ", text).replace("|", "\\|").strip() + fence


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _link(key: str, addresses: dict[str, str]) -> str:
    return f"[{_cell(key)}]({addresses[key].replace(' ', '%20')})" if key in addresses else _cell(key)


def _fenced(text: str, language: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _index(book: Book, addresses: dict[str, str]) -> Iterator[str]:
    yield f"# {book.title}"
    for fields in (Rows.KEYS, Rows.NONE):
        text = mermaid(with_rows(book.diagram, fields))
        if not too_large(book.diagram, text):
            yield _fenced(text, "mermaid")
            break
    yield "## Entities"
    yield _table(
        ("Name", "Store", "Fields", "Description"),
        (
            (_link(one.key, addresses), _STORES[one.store], str(len(one.fields)), _cell(one.description))
            for one in book.entities
        ),
    )
    if book.patterns:
        yield "Queries: [patterns](patterns.md)"
    if book.others:
        yield "## Types and more"
        things = sorted(book.others, key=lambda thing: (thing.kind, thing.name))
        rows = ((thing.kind, _code(thing.name), _cell(thing.description), _cell(thing.place)) for thing in things)
        yield _table(("Kind", "Name", "Description", "Where"), rows)
    if book.migrations:
        yield "## History"
        yield _table(
            ("Migration", "Entities"),
            ((_code(id_), ", ".join(_link(key, addresses) for key in keys)) for id_, keys in book.migrations),
        )


def _entity(book: Book, entity: EntityFact, near: dict[str, str]) -> Iterator[str]:
    yield f"# {entity.key}"
    yield f"{_STORES[entity.store]} · `{entity.place}` · [all entities](../README.md)"
    if entity.description:
        yield entity.description
    if entity.sensitive:
        yield "Sensitive: must not appear in logs."
    if entity.options:
        yield "\n".join(f"- {name}: {_lines(value)}" for name, value in entity.options)
    yield "## Fields"
    yield _table(("Name", "Type", "Required", "Default", "Rules", "Description"), _fields(entity, near))
    yield "## Around it"
    yield _fenced(mermaid(around(book.diagram, entity.key)), "mermaid")
    for title, links, inwards in (("Refers to", entity.refers_to, False), ("Referred to by", entity.referred_by, True)):
        if links:
            yield f"## {title}"
            yield _table(
                ("Entity", "Fields", "How many there, how many here"),
                (
                    (
                        _link(one.child if inwards else one.parent, near),
                        f"{_code(one.said)} → {_code(', '.join(one.parent_paths))}",
                        f"{one.parent_end.value}, {one.child_end.value}{' (by value)' if one.across else ''}",
                    )
                    for one in links
                ),
            )
    if entity.parts:
        yield "## Constraints and triggers"
        parts = ((_code(part.name), part.kind, _code(part.text), _cell(part.description)) for part in entity.parts)
        yield _table(("Name", "Kind", "Text", "Description"), parts)
    if entity.indexes:
        yield "## Indexes"
        yield _table(
            ("Name", "On", "Serves", "Description"),
            (
                (
                    _code(index.name),
                    ("unique " if index.unique else "") + _code(index.text),
                    _cell(", ".join(index.serves) or "nothing that is declared"),
                    _cell(index.description),
                )
                for index in entity.indexes
            ),
        )
    own = [pattern for pattern in book.patterns if entity.key in pattern.entities]
    if own:
        yield "## Patterns"
        yield from (part for pattern in own for part in _pattern(pattern, 3))
    if entity.history:
        yield "## History"
        for touch in entity.history:
            yield f"`{touch.file}`"
            yield _fenced("\n".join(touch.statements), "sql" if entity.store == "postgres" else "text")


def _fields(entity: EntityFact, near: dict[str, str]) -> Iterator[Sequence[str]]:
    for field in entity.fields:
        rules = [f"→ {_link(field.refers, near)}"] if field.refers else []
        rules += [_cell(rule) for rule in field.rules]
        name = "&nbsp;&nbsp;" * field.depth + _code(field.name)
        yield (
            f"{name} {', '.join(field.marks)}".rstrip(),
            _code(field.type),
            "yes" if field.required else "",
            "" if field.default is None else _code(field.default),
            "; ".join(rules),
            _cell(field.description),
        )


def _pattern(pattern: PatternFact, level: int) -> Iterator[str]:
    yield f"{'#' * level} {pattern.name}"
    if pattern.description:
        yield pattern.description
    yield _fenced(pattern.text, "sql" if pattern.store == "postgres" else "js")
    said = [f"- reads {', '.join(pattern.entities)}"] if pattern.entities else []
    for title, pairs in (("parameter", pattern.parameters), ("expected", pattern.expect), ("cached", pattern.cache)):
        said += [f"- {title}: {name} {_code(value)}" for name, value in pairs]
    if pattern.plan is not None:
        said.append(f"- plan: {pattern.plan.state}{': ' if pattern.plan.reason else ''}{_cell(pattern.plan.reason)}")
        said += [f"- {name}: {number}" for name, number in pattern.plan.measures]
    if said:
        yield "\n".join(said)
    if pattern.plan is not None and pattern.plan.steps:
        yield _fenced("\n".join(pattern.plan.steps), "text")


def _changes(changed: Changes) -> Iterator[str]:
    yield f"# Changes from {changed.before} to {changed.after}"
    if not changed.entities:
        yield "Nothing is different."
    for one in changed.entities:
        yield f"## {one.key} ({_STORES[one.store]}) {one.what}"
        rows = (
            (f"{line.symbol} {line.kind}".strip(), _code(line.name), _code(line.before), _code(line.after))
            for line in one.lines
        )
        if one.lines:
            yield _table(("What", "Name", "Before", "After"), rows)
