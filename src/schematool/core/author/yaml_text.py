"""Plain values to YAML in the house style: documents in blocks, what they hold on one line each, texts as they are.

Knows YAML, not the language, but for the few keys whose values are worth a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from schematool.core.load.tree import resolve

Plain: TypeAlias = "str | int | float | bool | Sequence[Plain] | Mapping[str, Plain] | None"


class Sql(str):
    """An SQL expression: a number or a truth value in it needs no quotes."""

    __slots__ = ()


_WORD = re.compile(r"[A-Za-z_$][\w$.-]*\Z", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_(+/<=.][^\n\t\[\]{},:#\"'\\]*\Z")
_PLAIN_INSIDE = re.compile(r"[A-Za-z0-9_(][^\n\t#\"\\`]*\Z")
_BLOCK = frozenset({"query", "body", "definition", "create", "up", "down"})
"""Keys whose text of several lines stands in a block of its own."""
_ROWS = frozenset({"fields", "checks", "triggers", "rules", "policies", "statistics", "partitions", "exclusions"})
"""Keys of a document that hold things by name: one line each."""
_ITEMS = frozenset({"unique", "foreign_keys", "indexes", "grants", "revokes", "create", "pipeline"})
"""Keys of a document that hold a list or things by name: one line each, unless all of it fits on one."""
_ALIGNED = frozenset({"fields"})
_INNER = frozenset({"fields", "items", "partitions"})
"""Keys of what stands on one line that can make it too long for one."""


_DEEP = frozenset({"validator", "encrypted_fields"})
"""Keys whose value may be deep: it is opened level by level where it does not fit on a line."""
_WIDE = 100


def documents(values: Iterable[Mapping[str, Plain]]) -> str:
    """One file: documents with `---` between them."""
    return "---\n".join("".join(_document(value)) for value in values)


def _document(value: Mapping[str, Plain]) -> Iterator[str]:
    for key, inner in value.items():
        yield from _entry(key, inner)


def _entry(key: str, value: Plain) -> Iterator[str]:
    name = _key(key)
    if isinstance(value, str) and key in _BLOCK and (text := block(value, "  ")) is not None:
        yield f"{name}: {text}"
    elif isinstance(value, Mapping) and value and (key in _ROWS or (key in _ITEMS and _nested(value))):
        yield f"{name}:\n"
        yield from _rows(value, aligned=key in _ALIGNED)
    elif isinstance(value, Sequence) and value and not isinstance(value, str) and key in _ITEMS:
        yield f"{name}:\n"
        for item in value:
            text = block(item, "    ") if isinstance(item, str) and key in _BLOCK else None
            if text is not None:
                yield f"  - {text}"
            elif key == "pipeline":
                yield from _opened_item(item, "  ")
            else:
                yield f"  - {flow(item)}\n"
    elif key in _DEEP:
        yield from _opened(f"{name}:", value, "")
    else:
        yield f"{name}: {flow(value)}\n"


def _opened(head: str, value: Plain, indent: str) -> Iterator[str]:
    """What stands behind a key: on its line where it fits, else each part on lines of its own."""
    line = f"{head} {flow(value)}\n"
    if len(line) <= _WIDE or not _has_parts(value):
        yield line
        return
    yield f"{head}\n"
    yield from _parts(value, f"{indent}  ")


def _parts(value: Plain, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _opened(f"{indent}{_key(key)}:", inner, indent)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _opened_item(item, indent)


def _opened_item(value: Plain, indent: str) -> Iterator[str]:
    line = f"{indent}- {flow(value)}\n"
    if len(line) <= _WIDE or not _has_parts(value):
        yield line
        return
    first, *rest = _parts(value, f"{indent}  ")
    yield f"{indent}- {first.lstrip(' ')}"
    yield from rest


def _has_parts(value: Plain) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and bool(value)


def _nested(value: Mapping[str, Plain]) -> bool:
    """Whether what is inside is more than a list of words, so that it deserves lines of its own."""
    return any(isinstance(inner, Mapping) for inner in value.values()) or len(flow(value)) > 100


def _rows(value: Mapping[str, Plain], *, aligned: bool, indent: str = "  ") -> Iterator[str]:
    names = [_key(name) for name in value]
    width = max(map(len, names)) + 1 if aligned else 0
    for name, inner in zip(names, value.values(), strict=True):
        if isinstance(inner, Mapping) and _is_tall(inner):
            yield f"{indent}{name}:\n"
            yield from _tall(inner, f"{indent}  ")
        else:
            yield f"{indent}{f'{name}:':<{width}} {flow(inner)}\n"


def _is_tall(value: Mapping[str, Plain]) -> bool:
    """Whether a thing has a text of several lines in it, or more than one line can show of what is inside of it."""
    if any(key in _BLOCK and "\n" in str(text) for key, text in value.items()):
        return True
    return any(key in _INNER and isinstance(inner, Mapping) for key, inner in value.items()) and len(flow(value)) > 100


def _tall(value: Mapping[str, Plain], indent: str) -> Iterator[str]:
    for key, inner in value.items():
        written = block(inner, f"{indent}  ") if isinstance(inner, str) and key in _BLOCK else None
        if written is not None:
            yield f"{indent}{_key(key)}: {written}"
        elif isinstance(inner, Mapping) and key in {"fields", "partitions"}:
            yield f"{indent}{_key(key)}:\n"
            yield from _rows(inner, aligned=False, indent=f"{indent}  ")
        elif isinstance(inner, Mapping) and key == "items" and _is_tall(inner):
            yield f"{indent}{_key(key)}:\n"
            yield from _tall(inner, f"{indent}  ")
        else:
            yield f"{indent}{_key(key)}: {flow(inner)}\n"


def flow(value: Plain) -> str:
    """A value on one line.

    >>> flow({"type": "varchar(50)", "one_of": ["a", "no"], "default": Sql("0")})
    '{ type: varchar(50), one_of: [a, "no"], default: 0 }'
    """
    match value:
        case Mapping():
            inside = ", ".join(f"{_key(key)}: {flow(inner)}" for key, inner in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case str():
            return scalar(value)
        case Sequence():
            return f"[{', '.join(map(flow, value))}]"
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case _:
            return str(value)


def _key(text: str) -> str:
    """A key: `on` is a word of the language, and keys are never taken for truth values here."""
    return text if text == "on" else scalar(text)


def scalar(text: str) -> str:
    """A text, in quotes where YAML, or another reader of YAML, would take it for something else.

    >>> scalar("now()"), scalar("12"), scalar("it's"), scalar("numeric(10,2)"), scalar("a: b")
    ('now()', '"12"', "it's", '"numeric(10,2)"', '"a: b"')
    """
    if _WORD.match(text) or (_PLAIN.match(text) and text.isprintable() and not text.endswith(" ")):
        value, trap = resolve(text)
        if trap is None and (isinstance(value, str) or (isinstance(text, Sql) and value is not None)):
            return str(text)
    if _readable_inside(text):
        return str(text)
    return quoted(text)


def _readable_inside(text: str) -> bool:
    """Whether a text with single quotes inside can stand plain: `status = 'open'`."""
    return (
        _PLAIN_INSIDE.match(text) is not None
        and not re.search(r"[\[\]{},:]", text)
        and text.isprintable()
        and not text.endswith(" ")
        and isinstance(resolve(text)[0], str)
        and resolve(text)[1] is None
    )


def quoted(text: str) -> str:
    r"""A text in quotes: double ones, unless single ones need fewer escapes.

    >>> print(quoted("a, b"), quoted('say "x"'), quoted("a\nb"))
    "a, b" 'say "x"' "a\nb"
    """
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def block(text: str, indent: str) -> str | None:
    r"""A text of several lines as a literal block, the first line being its header; None where it cannot be one.

    >>> block("select 1\nfrom t", "  ")
    '|-\n  select 1\n  from t\n'
    """
    lines = text.split("\n")
    if "\n" not in text or not text.strip() or not all(line.replace("\t", "").isprintable() for line in lines):
        return None
    if lines[0].startswith("\t") or "\ufeff" in text:
        return None
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    chomp = {0: "-", 1: ""}.get(trailing, "+")
    first = next(line for line in lines if line.strip())
    # The indicator counts from the node that holds the block, which stands two columns to the left.
    inset = "2" if not lines[0].strip() or first.startswith((" ", "\t")) else ""
    written = "".join(f"{indent}{line}\n" if line else "\n" for line in body.split("\n"))
    return f"|{inset}{chomp}\n{written}" + "\n" * (trailing - 1)
