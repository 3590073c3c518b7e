"""The shapes that a value of the language can have: the loader checks them, the JSON Schema is made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Words. `pattern` with `about` say what kind of words (`about` completes "expected …")."""

    about: str = "text"
    pattern: str | None = None


FIELD_OR_EXPRESSION = "a field or expression"
"""What a part of an index is: text that is held to be one expression, as an `Expression` is."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name of something in a database: text that is not empty."""

    about: str = "a name"


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL: text, or a number, true, false or null for themselves."""

    about: str = "an SQL expression"


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""


@dataclass(frozen=True, slots=True)
class Value:
    """A single value of any type."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any YAML; its meaning is the server's."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words or numbers."""

    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; `least` items at least."""

    item: Shape
    least: int = 0


@dataclass(frozen=True, slots=True)
class MapOf:
    """Names of the user's choice to values of one shape."""

    value: Shape
    about: str = "name"


@dataclass(frozen=True, slots=True)
class Either:
    """Several shapes that a reader can tell apart by their YAML kind (text, number, list, mapping)."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A record of the table, by its name; this is what lets records hold each other."""

    record: str


@dataclass(frozen=True, slots=True)
class Key:
    """A word of the language: what may stand behind it and what it means."""

    name: str
    shape: Shape
    doc: str
    required: bool = False
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    by_name: Mapping[str, Key] = field(init=False, compare=False, repr=False)
    """Its keys by name."""

    def __post_init__(self) -> None:
        """Index the keys once: every mapping of every file is looked up here."""
        object.__setattr__(self, "by_name", {key.name: key for key in self.keys})


@dataclass(frozen=True, slots=True)
class Document:
    """A kind of document: its first key is `kind`. `store` is the one that it belongs to.

    Where two documents have one kind (`entity`, `view`), the key `store` tells them apart; `default_store` is the one
    meant when it is not written, None where it must be.
    """

    kind: str
    store: str
    record: Record
    example: str
    default_store: str | None = None


Shape: TypeAlias = (
    Text | Name | Expression | Truth | Whole | Number | Value | Anything | Choice | ListOf | MapOf | Either | Named
)


def either(*shapes: Shape) -> Either:
    """Several shapes, told apart by their YAML kind."""
    return Either(shapes)
