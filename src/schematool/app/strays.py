"""What lies among the migrations and is none: refused where it was meant as one, told where nobody reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Findings, Severity, Span
from schematool.core.history.names import is_id

_PROGRAMS = (".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".sh")
_ENDINGS = {"postgres": ".sql", "mongo": ".json"}
_NUMBERED = re.compile(r"\d{4,}_\w")
_OTHER_WORDS = {".up": "{up}", ".down": "{down}", ".undo": "{down}", ".revert": "{down}"}
"""How other tools end the names of the two files of a migration, before the type of the file."""


def refuse_strays(folder: Path, prefix: str, store: str, found: Findings) -> None:
    """Refuse what is called like a migration and is not of this store: a program, the file of the other store.

    Such files, as yoyo's and migrate-mongo's may be, must not be passed over in silence. `prefix`: the path of the
    folder, relative to the project, with a slash at its end.
    """
    ending = _ENDINGS[store]
    for file in sorted(os.listdir(folder)) if folder.is_dir() else ():
        if file.endswith(ending) or not is_id(file.partition(".")[0].lower()):
            continue
        last, place = os.path.splitext(file)[1].lower(), Span(f"{prefix}{file}", 1, 1)
        if last in _PROGRAMS:
            hint = "write what it does as statements; schematool runs no program of a migration"
            found.add("ST409", f"`{file}` is a program", place, hint=hint)
        for other in STORES:
            if other != store and last == _ENDINGS[other]:
                hint = f"move it to the folder `{other}`"
                found.add("ST409", f"`{file}` is in the folder of {store}", place, hint=hint)


def right_name(id: str, up: str, down: str) -> str:  # noqa: A002  # the word of the format
    """Say how a file should be called whose name, without its ending, is no id."""
    stem, dot, word = id.rpartition(".")
    if is_id(stem) and dot + word in _OTHER_WORDS:
        return f"call it {stem}{_OTHER_WORDS[dot + word].format(up=up, down=down)}"
    return "a migration is called NNNN_words, such as 0007_add_notes, and lies directly in its folder"


def unread(migrations: Path, name: str) -> Iterator[Diagnostic]:
    """Warn of files that look like a migration and that nobody reads: copies, other endings, other folders.

    `name`: the path of the folder of migrations, relative to the project.
    """
    for folder, folders, files in os.walk(migrations):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        place = Path(folder).relative_to(migrations).as_posix()
        ending = _ENDINGS.get(place.split("/", maxsplit=1)[0])
        for file in sorted(files):
            if not _NUMBERED.match(file) or (ending and file.endswith(ending)):
                continue
            if ending is None and not file.endswith(tuple(_ENDINGS.values())):
                continue
            path = f"{name}/{file}" if place == "." else f"{name}/{place}/{file}"
            hint = f"migrations lie in {name}/postgres (.sql) and {name}/mongo (.json); if it is none, move it"
            yield Diagnostic("ST424", f"nobody reads `{file}`", Span(path, 1, 1), hint, Severity.WARNING)
