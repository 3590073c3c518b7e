"""Values for shell completion: read from files only, never from a server; silent when there is nothing to read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from schematool.core.errors import SchematoolError


def environments(incomplete: str) -> list[str]:
    """The environments of the project."""
    from schematool.app.workspace import open_workspace  # noqa: PLC0415  # completion must start fast

    try:
        config = open_workspace(Path.cwd(), os.environ).config
    except SchematoolError:
        return []
    return _beginning(incomplete, sorted({config.default_env, *config.environments}))


def permits(incomplete: str) -> list[str]:
    """The words of `--allow`."""
    from schematool.core.codes import PERMITS  # noqa: PLC0415  # completion must start fast

    return _beginning(incomplete, (*PERMITS, "all"))


def stores(incomplete: str) -> list[str]:
    """The two stores."""
    return _beginning(incomplete, ("postgres", "mongo"))


def migrations(incomplete: str) -> list[str]:
    """The ids of the migration files, by their names alone."""
    from schematool.app.workspace import open_workspace  # noqa: PLC0415  # completion must start fast

    try:
        folder = open_workspace(Path.cwd(), os.environ).migrations_folder
    except SchematoolError:
        return []
    names = {path.name.split(".")[0] for path in folder.glob("*/*") if path.name[:1].isdigit()}
    return _beginning(incomplete, sorted(names))


def codes(incomplete: str) -> list[str]:
    """The codes of the catalogue."""
    from schematool.core.codes import CODES  # noqa: PLC0415  # completion must start fast

    return _beginning(incomplete.upper(), sorted(CODES)) + migrations(incomplete)


def entities(incomplete: str) -> list[str]:
    """The entities, by the lines of the YAML that begin them."""
    from schematool.app.workspace import open_workspace  # noqa: PLC0415  # completion must start fast

    try:
        files = open_workspace(Path.cwd(), os.environ).schema_files()
    except SchematoolError:
        return []
    found = {name for text in files.values() for name in re.findall(r"(?m)^entity: *['\"]?([^\s'\"#]+)", text)}
    return _beginning(incomplete, sorted(found))


def sources(incomplete: str) -> list[str]:
    """What `diff` compares."""
    return _beginning(incomplete, ("schema", "migrations", "live", "empty", "git:HEAD", "git:main"))


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
