"""`new`: a migration to be written by hand, with its rollback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from schematool.app.history import read_history, unit_files, write_history
from schematool.app.report import Report
from schematool.app.workspace import Workspace
from schematool.core.history.names import next_id

_SQL_UP = """\
-- {title}
{depends}
-- Write the statements here, each ended by a semicolon. They run in one transaction; for a statement that
-- PostgreSQL refuses there (CREATE INDEX CONCURRENTLY, say), add a line `-- transactional: false`.
"""
_SQL_DOWN = """\
-- Take back what {id}.sql does: one statement for each of its own, in the opposite order.
"""
_JSON_UP = """\
{{
  "depends": [{depends}],
  "commands": [
  ]
}}
"""
_JSON_DOWN = """\
{{
  "commands": [
  ]
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport(Report):
    """The files that wait to be written."""

    command: ClassVar[str] = "new"

    id: str
    files: tuple[str, ...] = ()


def run(workspace: Workspace, title: str, *, stores: tuple[str, ...]) -> NewReport:
    """Make the files under the next id; the lock takes them in with `schematool lock` once they are written."""
    history = read_history(workspace)
    new_id = next_id([migration.id for migration in history.migrations], title)
    # One line, since what comes after a line break in a comment would be a statement.
    title = " ".join("".join(letter if letter.isprintable() else " " for letter in title).split())
    files: dict[str, str] = {}
    for store in stores:
        up, down = unit_files(workspace, store, new_id)
        head = history.head(store)
        if store == "postgres":
            depends = f"-- depends: {head}\n" if head else ""
            files[up] = _SQL_UP.format(title=title, depends=depends)
            files[down] = _SQL_DOWN.format(id=new_id)
        else:
            files[up] = _JSON_UP.format(depends=f'"{head}"' if head else "")
            files[down] = _JSON_DOWN.format()
    write_history(workspace, history, files)
    return NewReport(id=new_id, files=tuple(files), hint=f"write them, then `schematool lock {new_id}`")
