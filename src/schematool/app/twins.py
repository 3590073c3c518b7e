"""The twin of each pure stage, by store: the same names on both sides, imported when first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from schematool.core.history.unit import Consent, Unit

if TYPE_CHECKING:
    from schematool.core.author import Authored
    from schematool.core.catalog import Catalog, Id
    from schematool.core.change import Renamed
    from schematool.core.diagnostic import Findings
    from schematool.core.lower import Draft
    from schematool.core.model.entity import Model
    from schematool.core.plan import Style
    from schematool.core.step import Segment, Step


class Lowerer(Protocol):
    """`core.lower.<store>`."""

    def lower(self, model: Model, found: Findings) -> Draft:
        """Model to draft catalog."""
        ...


class Planner(Protocol):
    """`core.plan.<store>`."""

    def build(self, catalog: Catalog) -> tuple[tuple[str, str], ...]:
        """(key, statement) pairs that make a draft from nothing."""
        ...

    def plan(self, before: Catalog, after: Catalog, style: Style = ...) -> tuple[Step, ...]:
        """Steps from one catalog to another."""
        ...

    def rename(
        self, before: Catalog, renames: Iterable[Renamed], after: Catalog | None = ...
    ) -> tuple[tuple[Step, Step], ...]:
        """(up, down) pairs of the renames that are still to be made."""
        ...

    def unfounded(
        self, before: Catalog, renames: Iterable[Renamed], after: Catalog | None = ...
    ) -> tuple[Renamed, ...]:
        """The renames of which neither the old name nor the new one is there."""
        ...

    def align(self, before: Catalog, after: Catalog) -> tuple[Catalog, Catalog]:
        """Take out of both what one side does not manage."""
        ...


class Renderer(Protocol):
    """`core.render.<store>`."""

    FILE_SUFFIXES: tuple[str, str]

    def render(  # noqa: PLR0913  # everything that a file says
        self,
        id: str,  # noqa: A002  # the word of the format
        up: Segment,
        down: Sequence[Step],
        *,
        consents: Sequence[Consent],
        depends: Sequence[str],
        title: str,
        replaces: Sequence[str] = ...,
    ) -> tuple[str, str]:
        """Texts of the up and the down file."""
        ...

    def parse(
        self,
        id: str,  # noqa: A002  # the word of the format
        up_file: str,
        up_text: str,
        down_file: str,
        down_text: str | None,
    ) -> Unit:
        """Read the two files of a unit."""
        ...


class Author(Protocol):
    """`core.author.<store>.author`."""

    def __call__(self, catalog: Catalog, folder: str = ..., verbatim: Iterable[Id] = ...) -> Authored:
        """Catalog to YAML files."""
        ...


def author_of(store: str) -> Author:
    """`core.author.<store>.author`."""
    return cast("Author", import_module(f"schematool.core.author.{store}").author)


def lowerer(store: str) -> Lowerer:
    """`core.lower.<store>`."""
    return cast("Lowerer", import_module(f"schematool.core.lower.{store}"))


def planner(store: str) -> Planner:
    """`core.plan.<store>`."""
    return cast("Planner", import_module(f"schematool.core.plan.{store}"))


def renderer(store: str) -> Renderer:
    """`core.render.<store>`."""
    return cast("Renderer", import_module(f"schematool.core.render.{store}"))
