"""Small pieces of HTML. Everything that comes from a schema passes through `escape`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

STORE_NAMES = {"postgres": "PostgreSQL", "mongo": "MongoDB"}


def code(text: str) -> str:
    """Words of a language."""
    return f"<code>{escape(text)}</code>" if text else ""


def link(address: str, text: str) -> str:
    """A link; `text` is not HTML."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def store(name: str) -> str:
    """Which database it is in."""
    return f'<span class="store {name}">{STORE_NAMES[name]}</span>'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], ids: Sequence[str] = ()) -> str:
    """A table that scrolls sideways where the window is narrow; cells are HTML. Columns of nothing are left out."""
    rows = [tuple(row) for row in rows]
    kept = [number for number in range(len(heads)) if any(row[number] for row in rows)]
    heads, rows = [heads[number] for number in kept], [tuple(row[number] for number in kept) for row in rows]
    body = []
    for number, row in enumerate(rows):
        mark = f' id="{escape(ids[number])}"' if ids else ""
        body.append(f"<tr{mark}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>")
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return scrolling(
        caption,
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(body)
        + "\n</tbody></table>",
    )


def scrolling(label: str, inner: str) -> str:
    """Something wide, which keyboards can scroll too (WCAG 2.1.1)."""
    return f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">{inner}</div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values; values are HTML."""
    return f'<dl class="facts">{"".join(f"<dt>{escape(name)}</dt><dd>{said}</dd>" for name, said in pairs)}</dl>'
