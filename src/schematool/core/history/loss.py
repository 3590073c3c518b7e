"""What a way back would delete, read from its statements: our own have one shape, hand-written ones the usual."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
_DROP_TABLE = re.compile(
    rf"^\s*drop\s+table\s+(?:if\s+exists\s+)?(?P<names>{_QUALIFIED}(?:\s*,\s*{_QUALIFIED})*)", re.IGNORECASE
)
_ALTER_TABLE = re.compile(
    rf"^\s*alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<name>{_QUALIFIED})\s+(?P<actions>.*)",
    re.IGNORECASE | re.DOTALL,
)
_DROP_COLUMN = re.compile(
    rf"\bdrop\s+(?:column\s+)?(?!constraint\b|default\b|not\b|identity\b|expression\b)(?:if\s+exists\s+)?(?P<column>{_NAME})",
    re.IGNORECASE,
)
_EMPTYING = re.compile(
    rf"^\s*(?:truncate(?:\s+table)?|delete\s+from)\s+(?:only\s+)?(?P<name>{_QUALIFIED})", re.IGNORECASE
)
_PART = re.compile(_NAME)


@dataclass(frozen=True, slots=True)
class Loss:
    """A table or collection (`name`, as `Engine.counts` has it) that goes, or one `column` of it."""

    name: str
    column: str | None = None


def losses(store: str, statement: str) -> tuple[Loss, ...]:
    """Find what a statement deletes; dropping an index, a constraint or a view deletes no data."""
    return _mongo(statement) if store == "mongo" else _postgres(statement)


_TRASH = "_schematool_trash."


def put_aside(statement: str) -> str | None:
    """Name the collection that a Mongo command moves out of the way, with its documents; None for all else."""
    command = _read(statement)
    name, to = command.get("renameCollection"), command.get("to")
    return name if isinstance(name, str) and isinstance(to, str) and to.startswith(_TRASH) else None


def fetched_back(statement: str) -> str | None:
    """Name the collection that a Mongo command brings back with its documents; None for all else."""
    command = _read(statement)
    name, to = command.get("renameCollection"), command.get("to")
    return to if isinstance(name, str) and isinstance(to, str) and name.startswith(_TRASH) else None


def _postgres(statement: str) -> tuple[Loss, ...]:
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL)
    if match := _DROP_TABLE.match(text):
        return tuple(Loss(_qualified(one)) for one in re.findall(_QUALIFIED, match["names"]))
    if match := _ALTER_TABLE.match(text):
        return tuple(
            Loss(_qualified(match["name"]), _plain(c["column"])) for c in _DROP_COLUMN.finditer(match["actions"])
        )
    if match := _EMPTYING.match(text):
        return (Loss(_qualified(match["name"])),)
    return ()


def _qualified(text: str) -> str:
    parts = [_plain(part) for part in _PART.findall(text)]
    return ".".join(parts if len(parts) > 1 else ["public", *parts])


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _mongo(statement: str) -> tuple[Loss, ...]:
    command = _read(statement)
    for verb in ("drop", "delete"):
        if isinstance(name := command.get(verb), str):
            return (Loss(name),)
    return ()


def _read(statement: str) -> dict[str, Any]:
    try:
        command = json.loads(statement)
    except json.JSONDecodeError:
        return {}
    return command if isinstance(command, dict) else {}
