"""The language's table as a reference page for people."""

from __future__ import annotations

from collections.abc import Iterator

from schematool.core.load.language import DOCUMENTS, RECORDS
from schematool.core.load.reader import expected
from schematool.core.load.shapes import Document, Either, Key, ListOf, MapOf, Name, Named, Record, Shape

_INTRODUCTION = """\
# The language

<!-- Made by `make docs` from the table that the loader reads. Do not edit. -->

A schema is YAML below `schema/`: any number of files, in any depth of folders, with one or more documents a file,
separated by `---`. The first key of a document says what it is. Words have the same meaning in both stores; types are
the database's own. What is misspelt, ambiguous or contradictory is a finding with its place, never a guess.

An SQL expression is written as in SQL, so a text constant carries its own quotes: `default: "'active'"`.
"""


def language_page() -> str:
    """Return the page as Markdown, ending in a newline."""
    parts = [_INTRODUCTION, _contents()]
    parts += [_document(document) for document in DOCUMENTS]
    used = [RECORDS[name] for name in _used()]
    parts.append("## Parts of documents\n")
    parts += [_record(record, 3) for record in used]
    return "\n".join(parts).rstrip() + "\n"


def _contents() -> str:
    lines = ["| document | store | what it is |", "|---|---|---|"]
    for document in DOCUMENTS:
        anchor = _anchor(_title(document))
        lines.append(f"| [`{document.kind}`](#{anchor}) | {document.store} | {document.record.doc} |")
    return "\n".join(lines) + "\n"


def _title(document: Document) -> str:
    return f"{document.kind} ({document.store})"


def _anchor(title: str) -> str:
    """How GitHub makes an anchor of a heading."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _document(document: Document) -> str:
    lines = [f"## {_title(document)}", "", document.record.doc, "", "```yaml", document.example.rstrip(), "```", ""]
    return "\n".join((*lines, *_keys(document.record), ""))


def _record(record: Record, level: int) -> str:
    return "\n".join((f"{'#' * level} {record.name}", "", record.doc, "", *_keys(record), ""))


def _keys(record: Record) -> Iterator[str]:
    yield "| key | value | meaning |"
    yield "|---|---|---|"
    for key in record.keys:
        needed = " (required)" if key.required else ""
        yield f"| `{key.name}`{needed} | {_cell(_value(key.shape))} | {_cell(_meaning(key))} |"


def _meaning(key: Key) -> str:
    return key.doc + (f" For example `{key.name}: {key.example}`" if key.example else "")


def _value(shape: Shape) -> str:
    match shape:
        case Named():
            return f"[{shape.record}](#{_anchor(shape.record)})"
        case Either():
            return " or ".join(_value(option) for option in shape.shapes)
        case ListOf(item=Name()):
            return "list of names"
        case ListOf():
            return f"list of {_value(shape.item)}"
        case MapOf():
            return f"{shape.about} → {_value(shape.value)}"
        case _:
            return expected(shape)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _used() -> list[str]:
    """The records that documents hold, in the order in which a reader meets them."""
    met: dict[str, None] = {}
    waiting = [document.record for document in DOCUMENTS]
    while waiting:
        record = waiting.pop(0)
        for name in (name for key in record.keys for name in _named(key.shape)):
            if name not in met:
                met[name] = None
                waiting.append(RECORDS[name])
    return list(met)


def _named(shape: Shape) -> Iterator[str]:
    match shape:
        case Named():
            yield shape.record
        case Either():
            for option in shape.shapes:
                yield from _named(option)
        case ListOf():
            yield from _named(shape.item)
        case MapOf():
            yield from _named(shape.value)
        case _:
            return
