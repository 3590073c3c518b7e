"""`docs build`, `docs diff`: the book of the schema as files; written, or compared with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from schematool.app.compile import compile_schema
from schematool.app.history import read_history
from schematool.app.report import Report
from schematool.app.sources import git_files
from schematool.app.workspace import Workspace, read_text, write_all
from schematool.core.book.changes import Changes, changes
from schematool.core.book.facts import Book, book
from schematool.core.book.plans import PlanFact, plans
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError

SITE, PAGES = "site", "docs/schema"
"""Where the book goes when nobody says otherwise: as a site, as Markdown."""

TITLE = "Schema"
"""What a book is called when nobody says otherwise: nothing that differs from one clone to the next."""

LIST = ".schematool-book"
"""In the folder of a book: the files that belong to it, so that a page of an entity that is gone goes too."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to build. `since`: a git revision to tell the changes from. `plans`: the kept answer of `verify`."""

    folder: Path | None = None
    markdown: bool = False
    since: str | None = None
    plans: Path | None = None
    check: bool = False
    title: str = TITLE
    command: str = "schematool docs build"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocsReport(Report):
    """The book. `stale`: files that are not as they would be made now, with what is missing and what is too many."""

    command: ClassVar[str] = "docs build"

    folder: str
    first: str
    entities: int
    files: int
    written: bool = False
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesReport(Report):
    """What is different between two states of the schema, as the book tells it."""

    command: ClassVar[str] = "docs diff"

    changes: Changes


def build(workspace: Workspace, wish: Wish) -> DocsReport:
    """Build from the YAML and the migration files; no server is asked."""
    made = read_book(workspace, wish.title, _plans(wish.plans))
    changed = _since(workspace, made, wish.since) if wish.since else None
    files = _files(made, changed, markdown=wish.markdown)
    folder = (wish.folder or workspace.root / (PAGES if wish.markdown else SITE)).resolve()
    first = "README.md" if wish.markdown else "index.html"
    report = DocsReport(folder=_shown(folder), first=first, entities=len(made.entities), files=len(files))
    gone = _gone(folder, files)
    files[LIST] = "\n".join(sorted(files)) + "\n"
    if wish.check:
        stale = (*(name for name, text in files.items() if _differs(folder, name, text)), *gone)
        stale = tuple(name for name in stale if name != LIST or len(stale) == 1)
        return replace(report, ok=not stale, stale=stale, hint=f"run `{wish.command}`" if stale else None)
    _require_own(folder, files)
    folder.mkdir(parents=True, exist_ok=True)
    write_all(folder, files)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    return replace(report, written=True)


def diff(workspace: Workspace, before: str, after: str | None) -> ChangesReport:
    """Compare two git revisions, or one with the files as they are."""
    old = _book(git_files(workspace, before))
    new = _book(git_files(workspace, after)) if after else read_book(workspace)
    return ChangesReport(changes=changes(old, new, before, after or "the files as they are"))


def read_book(workspace: Workspace, title: str = TITLE, found: Mapping[str, PlanFact] | None = None) -> Book:
    """Gather the book of the project as it is; `InputError` with everything that is wrong with the YAML."""
    compiled = compile_schema(workspace.schema_files())
    drafts = {store: draft.catalog for store, draft in compiled.drafts.items()}
    migrations = read_history(workspace).migrations
    return book(title, compiled.model, drafts, migrations, workspace.config.migrations, found)


def _plans(path: Path | None) -> Mapping[str, PlanFact]:
    return plans(path.as_posix(), read_text(path.resolve().parent, path)) if path else {}


def _book(files: Mapping[str, str]) -> Book:
    compiled = compile_schema(files)
    return book(TITLE, compiled.model, {store: draft.catalog for store, draft in compiled.drafts.items()})


def _since(workspace: Workspace, made: Book, reference: str) -> Changes:
    return changes(_book(git_files(workspace, reference)), made, reference, "now")


def _files(made: Book, changed: Changes | None, *, markdown: bool) -> dict[str, str]:
    if markdown:
        from schematool.core.book.markdown import pages  # noqa: PLC0415  # the site does not need it

        return pages(made, changed)
    from schematool.core.book.site import site  # noqa: PLC0415  # Markdown does not need it

    return site(made, changed)


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return folder.relative_to(here).as_posix() if folder.is_relative_to(here) else folder.as_posix()


def _listed(folder: Path) -> tuple[str, ...]:
    path = folder / LIST
    return tuple(read_text(folder, path).splitlines()) if path.is_file() else ()


def _gone(folder: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """Pages of an earlier book that this one has not; only what the list names, and only inside of the folder."""
    return tuple(
        name
        for name in _listed(folder)
        if name not in files and (folder / name).resolve().is_relative_to(folder) and (folder / name).is_file()
    )


def _differs(folder: Path, name: str, text: str) -> bool:
    path = folder / name
    return not path.is_file() or read_text(folder, path).replace("\r\n", "\n") != text


def _require_own(folder: Path, files: Mapping[str, str]) -> None:
    """Never write over a file that no book has written."""
    listed = set(_listed(folder))
    foreign = [name for name in files if name != LIST and name not in listed and (folder / name).exists()]
    if foreign:
        message = f"{_shown(folder / foreign[0])} is there already, and is not of a book"
        hint = "name another folder: `schematool docs build FOLDER`"
        raise InputError(Diagnostic("ST010", message, hint=hint))
