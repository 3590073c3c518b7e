"""A runner of its own process, to be killed, or to race with others.

`python -m tests.live.postgres_runner FOLDER apply|roll_back [START]` with the URL in `POSTGRES_RUNNER_URL`. It waits
until the time START, takes the lock, does what is still to be done, and prints the ids of what it did.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from schematool.core.errors import SchematoolError
from schematool.core.history.unit import Unit
from schematool.core.render.postgres import FILE_SUFFIXES, parse
from schematool.core.secret import Url
from schematool.engines.postgres import connect


def unit_of(id: str, up: str, down: str | None = "") -> Unit:  # noqa: A002  # as Unit has it
    """Make a unit of the texts of its two files."""
    return parse(id, f"{id}{FILE_SUFFIXES[0]}", up, f"{id}{FILE_SUFFIXES[1]}", down)


def write(folder: Path, texts: Mapping[str, tuple[str, str]]) -> None:
    """Write migrations to files, by id."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pair in texts.items():
        for suffix, text in zip(FILE_SUFFIXES, pair, strict=True):
            (folder / f"{name}{suffix}").write_text(text)


def units_in(folder: Path) -> list[Unit]:
    """Read every migration of a folder, in order."""
    ends, ends_down = FILE_SUFFIXES
    names = sorted(path.name.removesuffix(ends) for path in folder.glob(f"*{ends}") if ends_down not in path.name)
    return [
        unit_of(name, (folder / f"{name}{ends}").read_text(), (folder / f"{name}{ends_down}").read_text())
        for name in names
    ]


def main(folder: str, verb: str, start: str = "0") -> int:
    """Do one verb with all units of the folder."""
    units = units_in(Path(folder))
    engine = connect(Url(os.environ["POSTGRES_RUNNER_URL"]))
    time.sleep(max(0.0, float(start) - time.time()))
    did: list[str] = []
    try:
        with engine.lock(wait_seconds=120):
            states = {row.id: row.state for row in engine.ledger()}
            for unit in units if verb == "apply" else reversed(units):
                if verb == "apply" and states.get(unit.id) != "applied":
                    engine.apply(unit, lambda _: None)
                    did.append(unit.id)
                elif verb == "roll_back" and unit.id in states:
                    engine.roll_back(unit, lambda _: None)
                    did.append(unit.id)
    except SchematoolError as error:
        sys.stderr.write(f"{error} | {error.state}\n")
        return error.exit_code
    finally:
        engine.close()
    sys.stdout.write(json.dumps(did))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
