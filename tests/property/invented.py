"""Invented schemas over the whole model of PostgreSQL: statements of every kind, over a few names that they share.

A statement that the server refuses (what it builds on was not drawn) is left out, so that anything may be combined
with anything. What is drawn twice, with other words, is what makes a pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import strategies as st

FILE = Path(__file__).parent.parent / "cases" / "invented.sql"
_STAGE = re.compile(r"^-- stage (\d+) (\d+): .*\n((?:[^-\n].*\n)*)", re.MULTILINE)
_CHOICE = re.compile(r"\{([^{}]*)\}")


@st.composite
def spelt(draw: st.DrawFn, family: str) -> str:
    """One of the statements of a family: alternatives are chosen from the inside out."""
    text = family
    while match := _CHOICE.search(text):
        text = text[: match.start()] + draw(st.sampled_from(match[1].split("|"))) + text[match.end() :]
    return text


_STATEMENTS = tuple(
    st.lists(st.sampled_from(stage[3].splitlines()).flatmap(spelt), min_size=int(stage[1]), max_size=int(stage[2]))
    for stage in _STAGE.finditer(FILE.read_text(encoding="utf-8"))
)


@st.composite
def schemas(draw: st.DrawFn) -> tuple[tuple[str, ...], ...]:
    """Invent a schema: the statements of each stage."""
    return tuple(tuple(draw(statements)) for statements in _STATEMENTS)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Invent a pair: two schemas that have some stages in common, or the second is the first with a few edits."""
    one = draw(schemas())
    other = draw(schemas())
    if draw(st.booleans()):
        kept = tuple(tuple(text for text in stage if draw(st.integers(0, 5))) for stage in one)
        few = tuple(stage[:1] if draw(st.booleans()) else () for stage in other)
        # What comes earlier wins, so that an edit of the same name comes first.
        edited = tuple(
            (*new, *old) if draw(st.booleans()) else (*old, *new) for old, new in zip(kept, few, strict=True)
        )
        return flat(one), flat(edited)
    mixed = tuple(mine if draw(st.booleans()) else theirs for mine, theirs in zip(one, other, strict=True))
    return flat(one), flat(mixed)


def flat(stages: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """All statements in order."""
    return tuple(text for stage in stages for text in stage)


def build(connection: psycopg.Connection[Any], statements: tuple[str, ...]) -> Iterator[str]:
    """Run what the server takes; yields those statements."""
    for text in statements:
        try:
            with connection.transaction():
                connection.execute(text.encode())
        except psycopg.Error:
            continue
        yield text
