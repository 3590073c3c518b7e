"""The values that the proof of a pattern is made of: the pattern, a plan of either store, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from schematool.core.diagnostic import Span
from schematool.core.model.entity import Options, Plain


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as declared. `source`: `entity.field` to take a value from; `example` only where `has_example`."""

    name: str
    type: str
    span: Span
    example: Plain = None
    has_example: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """How the answer of a pattern is cached. `placeholders`: the names in braces of `key`; `seconds` None: no limit."""

    key: str
    placeholders: tuple[str, ...]
    seconds: int | None
    invalidated_by: tuple[str, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class Pattern:
    """One `pattern:` document.

    PostgreSQL: `query` is SQL with `:name`. MongoDB: `request` has `collection` and `filter`, `sort`, `projection`,
    `limit` or `pipeline`. `entities` are those that it reads, as far as the text tells.
    """

    name: str
    store: str
    span: Span
    description: str | None = None
    query: str = ""
    request: Mapping[str, Plain] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    expect: Options = field(default_factory=Options)
    cache: Cache | None = None
    entities: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)

    def place(self, path: str) -> Span:
        """Where a word of the document stands; the document's name for one that is not written."""
        return self.options.span(path) or self.span

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes that it is expected to use."""
        return listed(self.expect.get("uses_index"))


def listed(value: Plain) -> tuple[str, ...]:
    """One name or several."""
    if isinstance(value, tuple):
        return tuple(str(name) for name in value)
    return (str(value),) if isinstance(value, str) else ()


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One step of a plan. `text` has no value of a parameter or a row in it.

    `whole`: it reads all of `entity`. `rows`: how many rows or documents it took from storage; None where it was not
    run or reads none. `depth`: how far it is below the root, 0 for the root.
    """

    kind: str
    text: str
    depth: int = 0
    entity: str | None = None
    index: str | None = None
    whole: bool = False
    sorts: bool = False
    spills: bool = False
    rows: float | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How large a table or collection is. `pages` of 8 kB, 0 for a collection; `analyzed` False: no statistics yet."""

    rows: int
    pages: int = 0
    analyzed: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What a server means to do, or did when `measured`: then the numbers are those of one run.

    `generic`: made without values of the parameters. `missing`: parameters that no value was found for. `buffers`:
    pages of 8 kB touched. `keys` and `documents`: examined by MongoDB. `cost` in PostgreSQL's own unit.
    """

    nodes: tuple[PlanNode, ...]
    measured: bool = False
    generic: bool = False
    missing: tuple[str, ...] = ()
    rows_returned: float | None = None
    rows_read: float | None = None
    buffers: int | None = None
    keys: int | None = None
    documents: int | None = None
    cost: float | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes that it uses, each once."""
        return tuple(dict.fromkeys(node.index for node in self.nodes if node.index))

    @property
    def entities(self) -> tuple[str, ...]:
        """The tables or collections that it reads, each once."""
        return tuple(dict.fromkeys(node.entity for node in self.nodes if node.entity))


class State(Enum):
    """What is known of a pattern: its plan keeps to what is expected, or breaks it, or nothing was proven."""

    HOLDS = "holds"
    FAILS = "fails"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer about one pattern. `reason` says why nothing was proven. `plan` None: the server made none."""

    pattern: str
    store: str
    state: State
    plan: Plan | None = None
    reason: str | None = None
