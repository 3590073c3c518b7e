"""MongoDB migrations as files: database commands as they are, in Extended JSON that a person can read.

A file is one object: `title`, `depends` (ids of migrations that come before), `replaces` (ids that a squashed one
stands for), `allow` (codes of hazards with the reason
why they are accepted) and `commands`. The rollback file has the same form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, cast

from schematool.core.diagnostic import Findings, Span
from schematool.core.errors import InputError
from schematool.core.extended_json import Document, Value, plain, read, text
from schematool.core.history.unit import Command, Consent, Unit, replaces_in
from schematool.core.plan.mongo.trash import under
from schematool.core.sql.place import Places
from schematool.core.step import Segment, Step

FILE_SUFFIXES = (".json", ".rollback.json")
"""How the names of the two files of a migration end."""

WIDTH = 110
"""An object or a list that fits into this many columns stands on one line."""

_KEYS = ("title", "depends", "replaces", "allow", "commands")
_CODE = re.compile(r"ST\d{3}")
_SPACE = re.compile(r"[ \t\r\n]*")
# A pair of surrogates written as escapes is one character; half of one cannot be written to any file.
_LONELY = re.compile("[\ud800-\udfff]")


def render(  # noqa: PLR0913  # one call says all that a file holds; the same for both stores
    id: str,  # noqa: A002  # the word of the whole project for this
    up: Segment,
    down: Sequence[Step],
    *,
    consents: Sequence[Consent],
    depends: Sequence[str],
    title: str,
    replaces: Sequence[str] = (),
) -> tuple[str, str]:
    """Write the texts of the forward and the rollback file; `parse` reads them back."""
    head: Document = {"title": " ".join(title.split()) or "migration"}
    if depends:
        head["depends"] = list(depends)
    if replaces:
        head["replaces"] = list(replaces)
    if consents:
        head["allow"] = [{"code": one.code, "because": one.because} for one in consents]
    return _file(id, head, up.steps), _file(id, {"title": f"rollback of {id}"}, down)


def _file(migration: str, head: Document, steps: Sequence[Step]) -> str:
    listed: list[Value] = [under(migration, cast("Document", read(step.statement))) for step in steps]
    return pretty({**head, "commands": listed}) + "\n"


def pretty(value: Value, indent: int = 0, room: int = WIDTH) -> str:
    """Lay out a value: on one line where it fits into `room`, else each part on its own; the file itself never is."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = "  " * (indent + 1)
    match value:
        case dict() if value and (indent == 0 or len(line) > room - 2 * indent):
            parts = [
                f"{json.dumps(key, ensure_ascii=False)}: {_part(key, item, indent)}" for key, item in value.items()
            ]
            return "{\n" + ",\n".join(inner + part for part in parts) + "\n" + "  " * indent + "}"
        case list() if value and len(line) > room - 2 * indent:
            parts = [pretty(item, indent + 1) for item in value]
            return "[\n" + ",\n".join(inner + part for part in parts) + "\n" + "  " * indent + "]"
        case _:
            return line


def _part(key: str, value: Value, indent: int) -> str:
    """Lay out what stands behind a key, which takes room itself; every command begins on a line of its own."""
    if indent == 0 and key == "commands" and value:
        return pretty(value, 1, 0)
    return pretty(value, indent + 1, WIDTH - len(key) - 4)


def parse(
    id: str,  # noqa: A002  # the word of the whole project for this
    up_file: str,
    up_text: str,
    down_file: str,
    down_text: str | None,
) -> Unit:
    """Read one migration from the texts of its files; `down_text` None where there is no rollback file.

    Raises `InputError` with every finding of both files. Whether a command may stand in a migration is for the engine
    to say, which knows what it does.
    """
    found = Findings()
    up = _Reader(up_file, up_text, found)
    down = None if down_text is None else _Reader(down_file, down_text, found)
    if found:
        raise InputError(*found)
    return Unit(
        id=id,
        store="mongo",
        up=tuple(up.commands),
        down=None if down is None else tuple(down.commands),
        up_text=up_text,
        down_text=down_text,
        transactional=False,
        consents=(*up.consents, *(down.consents if down else ())),
        depends=tuple(up.depends),
        replaces=replaces_in("mongo", up_text),
    )


_RUNS_NOW = frozenset({"update", "insert", "delete", "aggregate", "findAndModify", "mapReduce"})
"""Commands that look at documents; those that make a view only keep what it says."""
_JAVASCRIPT = frozenset({"$where", "$function", "$accumulator", "$code", "mapReduce"})


def _javascript(value: Any) -> str | None:
    """The first operator in a command, at any depth, whose text the server runs as JavaScript."""
    parts: list[Any] = [value]
    while parts:
        match parts.pop():
            case dict() as mapping:
                if found := next((key for key in mapping if key in _JAVASCRIPT), None):
                    return str(found)
                parts += mapping.values()
            case list() as items:
                parts += items
            case _:
                pass
    return None


class _WrongError(Exception):
    """The file cannot be read any further; the finding is made."""


class _Reader:
    """One file being read: its commands and its header, and what is wrong with it."""

    def __init__(self, file: str, content: str, found: Findings) -> None:
        self.content = content.removeprefix("\ufeff")
        self.found = found
        self.places = Places(file, self.content)
        self.decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
        self.commands: list[Command] = []
        self.consents: list[Consent] = []
        self.depends: list[str] = []
        try:
            self._read()
        except _WrongError:
            return

    def _read(self) -> None:
        seen: set[str] = set()
        for key, start, value_start in self._members():
            if key in seen:
                self._complain(f"`{key}` is written twice", start, start + len(key) + 2)
            seen.add(key)
            match key:
                case "title":
                    self._expect(str, value_start, "text")
                case "depends":
                    self._depends(value_start)
                case "replaces":
                    for item, begin, end in self._items(value_start):
                        if not isinstance(item, str):
                            self._complain("`replaces` holds ids of migrations, in quotes", begin, end)
                case "allow":
                    for item, begin, end in self._items(value_start):
                        self._consent(item, self.places.span(begin, end))
                case "commands":
                    for item, begin, end in self._items(value_start):
                        self._command(item, begin, end)
                case _:
                    hint = f"known here: {', '.join(_KEYS)}"
                    self._complain(f"unknown key `{key}`", start, start + len(key) + 2, hint)
        if "commands" not in seen and seen <= set(_KEYS):
            hint = 'write `"commands": []` where there is nothing to do'
            self._complain("`commands` is missing", 0, 1, hint)

    def _depends(self, at: int) -> None:
        for item, begin, end in self._items(at):
            if isinstance(item, str):
                self.depends.append(item)
            else:
                self._complain("`depends` holds ids of migrations, in quotes", begin, end)

    def _consent(self, item: Any, span: Span) -> None:
        match item:
            case {"code": str(code), "because": str(reason), **rest} if not rest and reason.strip():
                if _CODE.fullmatch(code):
                    self.consents.append(Consent(code, reason, span))
                    return
            case _:
                pass
        hint = 'write { "code": "ST201", "because": "REASON" }; the reason is required'
        self.found.add("ST409", "schematool does not understand this consent", span, hint=hint)

    def _command(self, item: Any, begin: int, end: int) -> None:
        if not isinstance(item, dict) or not item:
            hint = 'a command is an object whose first key is its name: { "create": "notes" }'
            self._complain("this is not a database command", begin, end, hint)
            return
        if next(iter(item)) in _RUNS_NOW and (operator := _javascript(item)):
            hint = "write it with MongoDB's own operators"
            self._complain(f"`{operator}` runs JavaScript: a migration is data, not a program", begin, end, hint)
            return
        try:
            self.commands.append(Command(text(plain(item)), self.places.span(begin, end)))
        except (ValueError, TypeError, OverflowError) as error:
            self._complain(f"this is not Extended JSON: {error}", begin, end)

    def _members(self) -> Iterator[tuple[str, int, int]]:
        """Yield each key of the outer object with the places of it and of its value."""
        at = self._skip(0)
        if lonely := _LONELY.search(self.content):
            self._stop("half of a character cannot be read", lonely.start())
        if self.content[at : at + 1] != "{":
            self._stop('a migration is an object: { "commands": [ … ] }', at)
        at = self._skip(at + 1)
        if self.content[at : at + 1] == "}":
            self._end(at + 1)
            return
        while True:
            if self.content[at : at + 1] != '"':
                self._stop("expected a key in quotes", at)
            key, after = self._value(at)
            value_at = self._after(after, ":", f"expected `:` after the key `{key}`")
            yield str(key), at, value_at
            _, after = self._value(value_at)
            after = self._skip(after)
            if self.content[after : after + 1] == "}":
                self._end(after + 1)
                return
            at = self._after(after, ",", "expected `,` or `}`")

    def _items(self, at: int) -> Iterator[tuple[Any, int, int]]:
        """Yield the items of a list with their places."""
        if self.content[at : at + 1] != "[":
            _, end = self._value(at)
            self._complain("expected a list: [ … ]", at, end)
            return
        at = self._skip(at + 1)
        if self.content[at : at + 1] == "]":
            return
        while True:
            item, end = self._value(at)
            yield item, at, end
            after = self._skip(end)
            if self.content[after : after + 1] == "]":
                return
            at = self._after(after, ",", "expected `,` or `]`")

    def _expect(self, kind: type, at: int, what: str) -> None:
        value, end = self._value(at)
        if not isinstance(value, kind):
            self._complain(f"expected {what}", at, end)

    def _value(self, at: int) -> tuple[Any, int]:
        try:
            return self.decoder.raw_decode(self.content, at)
        except json.JSONDecodeError as error:
            self._stop(f"this is not JSON: {error.msg}", min(error.pos, len(self.content)))
        except _NotOneValueError as error:
            self._stop(str(error), at)
        except RecursionError:
            self._stop("nested too deeply", at)

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.content, at)
        return found.end() if found else at

    def _after(self, at: int, mark: str, message: str) -> int:
        at = self._skip(at)
        if self.content[at : at + 1] != mark:
            self._stop(message, at)
        return self._skip(at + 1)

    def _end(self, at: int) -> None:
        at = self._skip(at)
        if at < len(self.content):
            self._stop("something stands after the end of the migration", at)

    def _complain(self, message: str, start: int, end: int | None = None, hint: str | None = None) -> None:
        self.found.add("ST409", message, self.places.span(start, end), hint=hint)

    def _stop(self, message: str, at: int) -> NoReturn:
        self._complain(message, at)
        raise _WrongError


class _NotOneValueError(ValueError):
    """A key stands twice in one object, or a number is none."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise _NotOneValueError(f"`{key}` is written twice in one object, and the server would take one of them")
        made[key] = value
    return made


def _no_constant(name: str) -> Any:
    raise _NotOneValueError(f'`{name}` is no JSON; write {{ "$numberDouble": "{name}" }}')
