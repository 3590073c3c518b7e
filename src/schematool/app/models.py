"""`models`: the schema in the words of application libraries, written or compared with what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from schematool.app.compile import compile_schema
from schematool.app.report import Report
from schematool.app.workspace import Workspace, confined, read_text, write_all
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.models import FILES
from schematool.core.models.render import render


@dataclass(frozen=True, slots=True)
class Made:
    """One file. `state`: `fresh`, `stale`, `missing`, `written`, or `shown`."""

    target: str
    path: str | None
    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsReport(Report):
    """The files of the targets that were asked for."""

    command: ClassVar[str] = "models"

    files: tuple[Made, ...] = ()


def run(workspace: Workspace, targets: Sequence[str], folder: Path | None, *, check: bool) -> ModelsReport:
    """Write each target to its place: below `folder`, or where the configuration says; without either, show it.

    With `check` nothing is written, and the answer is no where a file is not as it would be written.
    """
    for target in targets:
        if target not in FILES:
            raise InputError(Diagnostic("ST009", f"--target takes {', '.join(FILES)}, not `{target}`"))
    places = _places(workspace, targets, folder)
    if not places:
        raise InputError(
            Diagnostic(
                "ST009",
                "no model is asked for",
                hint='add `--target pydantic`, or [models] with `pydantic = "app/models.py"` to the configuration',
            )
        )
    compiled = compile_schema(workspace.schema_files())
    catalogs = {store: draft.catalog for store, draft in compiled.drafts.items()}
    made = [_made(workspace, target, path, render(target, compiled.model, catalogs)) for target, path in places]
    if not check:
        changed = {one.path: one.text for one in made if one.path and one.state != "fresh"}
        write_all(workspace.root, changed)
        made = [Made(one.target, one.path, "written", one.text) if one.path in changed else one for one in made]
    stale = [one for one in made if one.state in {"stale", "missing"}]
    return ModelsReport(
        ok=not stale,
        files=tuple(made),
        hint="`schematool models` writes them anew" if stale else None,
    )


def _places(workspace: Workspace, targets: Sequence[str], folder: Path | None) -> list[tuple[str, str | None]]:
    """Where each target goes, relative to the project; None to show it."""
    configured = workspace.config.models
    wanted = list(dict.fromkeys(targets)) or list(configured)
    if folder is None:
        return [(target, configured.get(target)) for target in wanted]
    base = confined(workspace.root, Path.cwd() / folder)
    return [(target, (base / FILES[target]).relative_to(workspace.root.resolve()).as_posix()) for target in wanted]


def _made(workspace: Workspace, target: str, path: str | None, text: str) -> Made:
    if path is None:
        return Made(target, None, "shown", text)
    place = workspace.root / path
    if not confined(workspace.root, place).is_file():
        return Made(target, path, "missing", text)
    fresh = read_text(workspace.root, place).replace("\r\n", "\n") == text
    return Made(target, path, "fresh" if fresh else "stale", text)
