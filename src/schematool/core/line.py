"""Texts on one line, for a place that has no more room."""

from __future__ import annotations

import json
import re
from typing import Any

LONG = 60
"""As many characters as a text may have that stands among others."""


def short(text: str) -> str:
    """Bring a text onto one line of bounded length."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= LONG else line[: LONG - 1] + "…"


def statement_line(store: str, statement: str) -> str:
    """Bring a statement onto one line: SQL as it is, a Mongo command by its name and subject."""
    if store == "mongo":
        try:
            command = json.loads(statement)
        except json.JSONDecodeError:
            return short(statement)
        return mongo_line(command)
    return re.sub(r"\s+", " ", statement).strip()


def mongo_line(command: dict[str, Any]) -> str:
    """`createIndexes users (email_1)`: the verb, the collection, the names of the indexes."""
    verb, subject = next(iter(command.items()), ("", ""))
    indexes = command.get("indexes")
    names = [str(i.get("name", "")) for i in indexes if isinstance(i, dict)] if isinstance(indexes, list) else []
    if isinstance(index := command.get("index"), str):
        names.append(index)
    tail = f" ({', '.join(names)})" if names else ""
    return f"{verb} {subject}{tail}"
