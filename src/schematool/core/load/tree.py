"""Text to a located tree: strict YAML, every node with its place. Knows YAML, not the language.

The tree is built from the parser's events and not by PyYAML's composer, so that depth, size and aliases are bounded
before anything is built, and so that no value is guessed: a scalar keeps its text, and `scalar.value` is what the
core schema of YAML 1.2 makes of it. What YAML 1.1 reads otherwise (`no`, `017`, a date) is marked as a trap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from schematool.core.diagnostic import Findings, Span
from schematool.core.model.entity import Plain

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 60
MAX_NODES = 400_000
MAX_ALIASES = 200

# libyaml where the wheel has it: four times as fast as the parser in Python, and the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(slots=True)
class Scalar:
    """A leaf. `quoted` also for block scalars. `value` starts as YAML 1.2 reads it; the reader may convert it."""

    text: str
    span: Span
    quoted: bool
    value: Plain = None
    trap: str | None = None


@dataclass(slots=True)
class Sequence:
    """A list."""

    items: list[Node]
    span: Span


@dataclass(slots=True)
class Mapping:
    """Keys and values in order; each key is a scalar, read as text."""

    entries: list[tuple[Scalar, Node]]
    span: Span
    by_key: dict[str, Node] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        return self.by_key.get(key)

    def key(self, name: str) -> Scalar | None:
        """The node of the key itself, for its place."""
        return next((key for key, _ in self.entries if key.text == name), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def parse(file: str, text: str, found: Findings) -> tuple[Node, ...]:
    """Return the documents of one file; what is wrong goes to `found`, and what can still be read is returned."""
    text = text.removeprefix("\ufeff")
    lines = _LINE_BREAK.split(text)
    if len(text) > MAX_CHARACTERS:
        found.add(
            "ST107",
            f"this file has {len(text):,} characters, the most is {MAX_CHARACTERS:,}",
            Span(file, 1, 1),
        )
        return ()
    composer = _Composer(file, lines, found)
    try:
        return tuple(composer.documents(yaml.parse(text, Loader=_LOADER)))
    except _CappedError:
        return tuple(composer.finished)
    except yaml.MarkedYAMLError as error:
        _syntax(error, composer)
    except yaml.reader.ReaderError as error:
        _unreadable(int(error.position), composer, text)
    except UnicodeError as error:
        _unreadable(int(getattr(error, "start", 0)), composer, text)
    return tuple(composer.finished)


class _CappedError(Exception):
    """The file goes beyond a cap; the finding is made."""


class _Composer:
    """Turns events into nodes."""

    def __init__(self, file: str, lines: list[str], found: Findings) -> None:
        self.file = file
        self.lines = lines
        self.found = found
        self.finished: list[Node] = []
        self.nodes = 0
        self.aliases = 0
        self.anchors: dict[str, tuple[Node, int]] = {}

    def documents(self, events: Iterable[Any]) -> list[Node]:
        """Read all documents; empty ones (nothing between two `---`) are left out."""
        stream = iter(events)
        for event in stream:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                node = self.node(next(stream), stream, 0)
                if not (isinstance(node, Scalar) and not node.text and not node.quoted):
                    self.finished.append(node)
        return self.finished

    def node(self, event: Any, stream: Iterator[Any], depth: int) -> Node:
        """One node and what is inside of it."""
        self._count(event, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._tag(event)
        made: Node
        before = self.nodes
        if isinstance(event, yaml.ScalarEvent):
            made = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self._sequence(event, stream, depth)
        else:
            made = self._mapping(event, stream, depth)
        if event.anchor:
            self.anchors[event.anchor] = (made, self.nodes - before + 1)
        return made

    def span(self, event: Any) -> Span:
        """Where the event starts, and its width on that line."""
        start, end = event.start_mark, event.end_mark
        line = self.line(start.line)
        width = end.column - start.column if end.line == start.line else len(line.rstrip()) - start.column
        return Span(self.file, start.line + 1, start.column + 1, max(width, 1), line)

    def line(self, number: int) -> str:
        """The text of a line, 0-based; empty beyond the end."""
        return self.lines[number] if number < len(self.lines) else ""

    def _count(self, event: Any, depth: int) -> None:
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._cap(f"nested more than {MAX_DEPTH} levels deep", event)
        if self.nodes > MAX_NODES:
            self._cap(f"more than {MAX_NODES:,} values in one file", event)

    def _cap(self, message: str, event: Any) -> None:
        self.found.add(
            "ST107", message, self.span(event), hint="split the file: any folder depth below schema/ will do"
        )
        raise _CappedError

    def _alias(self, event: Any) -> Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self._cap(f"more than {MAX_ALIASES} aliases", event)
        if event.anchor not in self.anchors:
            self.found.add("ST109", f"there is no `&{event.anchor}` before this", self.span(event))
            return Scalar("", self.span(event), quoted=True, value=None)
        # An alias counts for all that it stands for: a bomb of 442 bytes would grow beyond any memory.
        node, size = self.anchors[event.anchor]
        self.nodes += size
        self._count(event, 0)
        return node

    def _tag(self, event: Any) -> None:
        if event.tag is not None and not event.tag.startswith("tag:yaml.org,2002:"):
            self.found.add("ST109", f"the tag `{event.tag}` means nothing here", self.span(event), hint="remove it")
        elif event.tag is not None and event.tag.startswith("tag:yaml.org,2002:python"):
            self.found.add("ST109", "Python objects are not read from YAML", self.span(event), hint="remove the tag")

    def _scalar(self, event: Any) -> Scalar:
        plain = bool(event.implicit[0]) and event.tag is None
        span = self.span(event)
        if "\0" in event.value:
            self.found.add("ST100", "a NUL character: neither store can hold it", span, hint="remove it")
            return Scalar(event.value.replace("\0", ""), span, quoted=True, value=event.value.replace("\0", ""))
        if not plain:
            return Scalar(event.value, span, quoted=True, value=event.value)
        value, trap = resolve(event.value)
        return Scalar(event.value, span, quoted=False, value=value, trap=trap)

    def _sequence(self, start: Any, stream: Iterator[Any], depth: int) -> Sequence:
        items: list[Node] = []
        for event in stream:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.node(event, stream, depth + 1))
        return Sequence(items, self.span(start))

    def _mapping(self, start: Any, stream: Iterator[Any], depth: int) -> Mapping:
        made = Mapping([], self.span(start))
        for event in stream:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, stream, depth + 1)
            value = self.node(next(stream), stream, depth + 1)
            self._enter(made, key, value)
        return made

    def _enter(self, made: Mapping, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.found.add("ST104", "a key must be one word, not a list or mapping", key.span)
            return
        if key.text == "<<" and not key.quoted:
            self.found.add("ST109", "merge keys (`<<`) are not read", key.span, hint="write the keys out")
            return
        if key.text in made.by_key:
            first = made.key(key.text)
            line = first.span.line if first else 0
            self.found.add(
                "ST103",
                f"`{key.text}` is written twice, first on line {line}",
                key.span,
                hint="keep one of them",
            )
            return
        made.entries.append((key, value))
        made.by_key[key.text] = value


def _syntax(error: yaml.MarkedYAMLError, composer: _Composer) -> None:
    mark = error.problem_mark or error.context_mark
    number, column = (mark.line, mark.column) if mark else (0, 0)
    number = min(number, max(len(composer.lines) - 1, 0))
    line = composer.line(number)
    problem = error.problem or error.context or "this is not YAML"
    hint = None
    if "\t" in line[: column + 1] and not line[:column].strip():
        problem, hint = "a tab cannot indent YAML", "use two spaces"
    elif "mapping values are not allowed" in problem:
        hint = "quote a value that has `: ` in it"
    elif "cannot start any token" in problem:
        hint = "quote a value that starts with @, ` or %"
    message = f"{problem} ({error.context})" if error.context and error.context != problem and not hint else problem
    composer.found.add("ST100", message, Span(composer.file, number + 1, column + 1, 1, line), hint=hint)


def _unreadable(position: int, composer: _Composer, text: str) -> None:
    before = _LINE_BREAK.split(text[:position])
    span = Span(composer.file, len(before), len(before[-1]) + 1, 1, composer.line(len(before) - 1))
    character = text[position : position + 1]
    named = f"U+{ord(character):04X}" if character else "a byte"
    composer.found.add("ST100", f"the character {named} cannot stand in YAML", span, hint="remove it")


_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(yes|no|on|off)\Z", re.IGNORECASE), "true or false to some YAML readers, a word to others"),
    (re.compile(r"[-+]?0[0-9_]+\Z"), "an octal number to some YAML readers, a decimal one to others"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+\Z"), "a number to some YAML readers, a word to others"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z"),
        "a number to base 60 to some YAML readers",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?\Z"),
        "a date to some YAML readers, a word to others",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9]*_[0-9_]*(\.[0-9_]*)?\Z"),
        "a number to some YAML readers, a word to others",
    ),
    (re.compile(r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)\Z"), "not a finite number"),
)
_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def resolve(text: str) -> tuple[Plain, str | None]:
    """What YAML 1.2's core schema makes of a plain scalar, and why another reader may see something else.

    >>> resolve("12"), resolve("no")[0]
    ((12, None), 'no')
    """
    if text in _WORDS:
        return _WORDS[text], None
    if text[0].isalpha() and text[0] not in "yYnNoO":
        return text, None
    if _INTEGER.match(text):
        return (int(text), None) if len(text) < 400 else (text, "a number of more than 400 digits")
    for pattern, why in _TRAPS:
        if pattern.match(text):
            return text, why
    if _FLOAT.match(text):
        number = float(text)
        return (text, "not a finite number") if number in {float("inf"), float("-inf")} else (number, None)
    return text, None
