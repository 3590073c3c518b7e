"""A diagram as Mermaid text, for READMEs: GitHub and others draw it.

The grammar is that of `erDiagram` in Mermaid 11. A name in quotes may hold anything but quotes, percent signs and
backslashes; a field's name and type are single words of letters, digits, `-`, `_`, `[]` and `()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schematool.core.erd.diagram import Box, Diagram, End, Link, group_of
from schematool.core.erd.words import Grouping

MOST_TEXT = 50_000
MOST_LINKS = 500
"""What Mermaid draws unless it is told otherwise (`maxTextSize`, `maxEdges`); GitHub cannot be told."""

_LEFT = {End.ONE: "||", End.ZERO_OR_ONE: "|o", End.ZERO_OR_MANY: "}o"}
_RIGHT = {End.ONE: "||", End.ZERO_OR_ONE: "o|", End.ZERO_OR_MANY: "o{"}


def mermaid(diagram: Diagram, by: Grouping = Grouping.NONE) -> str:
    """Write the text. Mermaid knows no groups here: entities of a group stand together."""
    boxes = sorted(diagram.boxes, key=lambda box: (group_of(box, by), box.key))
    parts = ["erDiagram"]
    for box in boxes:
        parts += _box(box)
    parts += [_link(link) for link in diagram.links]
    return "\n".join(parts) + "\n"


def too_large(diagram: Diagram, text: str) -> bool:
    """Say whether Mermaid would refuse to draw it."""
    return len(text) > MOST_TEXT or len(diagram.links) > MOST_LINKS


_WORDS = re.compile(
    r"(style|class|classDef|one|to|only|many|zero|optionally|accTitle|accDescr|erDiagram|title|direction|end|subgraph)\b",
    re.IGNORECASE,
)
"""What a name cannot begin with unless it is in quotes: words of Mermaid's own."""


def _name(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_][\w-]*", text, re.ASCII) and not _WORDS.match(text):
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    """In quotes, without what ends them, and without the one phrase that Mermaid finds inside of them too."""
    return '"' + re.sub(r'["%\\\r\n]|(?<=direction)\s+(?=TB|BT|LR|RL)', "_", text) + '"'


def _box(box: Box) -> Iterator[str]:
    note = {"mongo": "MongoDB", "postgres": ""}[box.store] if box.note != "bucket" else "MongoDB bucket"
    shown = box.key.replace("(mongo)", "").strip() if note else box.key
    alias = f'["{_name(shown).strip(chr(34))} ({note})"]' if note else ""
    rows = [row for row in box.rows if not row.depth]
    if not rows:
        yield f"  {_name(box.key)}{alias}"
        return
    yield f"  {_name(box.key)}{alias} {{"
    for row in rows:
        marks = f" {', '.join(row.marks)}" if row.marks else ""
        yield f"    {_type(row.type)} {_word(row.name)}{marks}"
    yield "  }"


def _type(text: str) -> str:
    """`numeric(10,2)` is `numeric`, since a type may hold no comma; `string (uuid)` is `string(uuid)`."""
    short = re.sub(r"\s*\{\d+\}|\([^()]*,[^()]*\)", "", text)
    short = re.sub(r"^string \((\w[\w-]*)\)$", r"string(\1)", short)
    return _word(short.replace(" | ", "_or_"))


def _word(text: str) -> str:
    word = re.sub(r"[^\w\-\[\]()\u00c0-\uffff]+", "_", text, flags=re.ASCII) or "_"
    return word if re.match(r"(?!(?i:pk|fk|uk)$)[A-Za-z_\u00c0-\uffff]", word) else f"_{word}"


def _link(link: Link) -> str:
    line = ".." if link.across else "--"
    how = ", by value" if link.across else ""
    sign = f"{_LEFT[link.parent_end]}{line}{_RIGHT[link.child_end]}"
    return f"  {_name(link.parent)} {sign} {_name(link.child)} : {_quoted(link.said + how)}"
