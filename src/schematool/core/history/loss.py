"""What a way back would delete, read from its statements: our own have one shape, hand-written ones the usual."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
    """A table or collection (`name`, as `Engine.counts` has it) that goes, or one `column` of it.

    Of MongoDB also documents for which a lifetime of `seconds` is over: by the date in the field `column` where the
    filter `where` holds (Extended JSON), by an `index` that is there, or by what the collection itself goes by; and
    the oldest of a capped collection that gets no more room than `size` bytes, or `most` documents.
    """

    name: str
    column: str | None = None
    index: str | None = None
    seconds: int | None = None
    where: str | None = None
    size: int | None = None
    most: int | None = None

    @property
    def whole(self) -> bool:
        """Whether all of it goes."""
        return (self.column, self.seconds, self.size, self.most) == (None, None, None, None)

    @property
    def certain(self) -> bool:
        """Whether it goes whatever the documents are: what is old or crowded out, the live database alone can say."""
        return self.whole or (self.column is not None and self.seconds is None)

    @property
    def whole_life(self) -> bool:
        """Whether the collection itself gives its documents a lifetime, and no index."""
        return self.seconds is not None and self.column is None and self.index is None


def losses(store: str, statement: str) -> tuple[Loss, ...]:
    """Find what a statement deletes; dropping an index, a constraint or a view deletes no data."""
    return _mongo(statement) if store == "mongo" else _postgres(statement)


_TRASH = "_schematool_trash."
_COPY = "__rebuilt"
"""What a collection is called while it is made again, to take the place of the old one."""


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


def made(statement: str) -> tuple[str | None, bool]:
    """Name what a Mongo command makes, or gives a name, and say whether that is a view; None for all else."""
    command = _read(statement)
    name = command.get("create", command.get("to"))
    return (name, "viewOn" in command) if isinstance(name, str) else (None, False)


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
    return tuple(_shorter_lives(command))


def _shorter_lives(command: dict[str, Any]) -> Iterator[Loss]:
    """Find lifetimes and limits: MongoDB deletes what they do not allow, at once or within a minute."""
    match command:
        case {"collMod": str(name)}:
            index = command.get("index")
            if isinstance(index, dict) and (seconds := _whole(index.get("expireAfterSeconds"))) is not None:
                yield Loss(name, index=str(index.get("name")), seconds=seconds)
            if (seconds := _whole(command.get("expireAfterSeconds"))) is not None:
                yield Loss(name, seconds=seconds)
            size, most = _whole(command.get("cappedSize")), _whole(command.get("cappedMax"))
            if size or most:
                yield Loss(name, size=size, most=most)
        case {"createIndexes": str(name), "indexes": list() as indexes}:
            for one in indexes:
                key = one.get("key") if isinstance(one, dict) else None
                if isinstance(key, dict) and key and (seconds := _whole(one.get("expireAfterSeconds"))) is not None:
                    held = one.get("partialFilterExpression")
                    where = json.dumps(held) if held else None
                    yield Loss(name, next(iter(key)), seconds=seconds, where=where)
        case {"create": str(name), "capped": True} if name.endswith(_COPY):
            size, most = _whole(command.get("size")), _whole(command.get("max"))
            yield Loss(name.removesuffix(_COPY), size=size, most=most)
        case _:
            return


def _whole(value: object) -> int | None:
    """Read a number of Extended JSON; None where it is none."""
    match value:
        case bool():
            return None
        case int() | float():
            return int(value)
        case {"$numberLong": str(digits)} | {"$numberInt": str(digits)}:
            return int(digits)
        case _:
            return None


def _read(statement: str) -> dict[str, Any]:
    try:
        command = json.loads(statement)
    except json.JSONDecodeError:
        return {}
    return command if isinstance(command, dict) else {}
