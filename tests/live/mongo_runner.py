"""A runner of its own process, to be killed, or to race with others.

`python -m tests.live.mongo_runner UNITS.json apply|roll_back [START]` with the URL in `MONGO_RUNNER_URL`. It waits
until the time START, takes the lock, does what is still to be done, and prints the ids of what it did.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from schematool.core.diagnostic import Span
from schematool.core.history.unit import Command, Unit
from schematool.core.secret import Url
from schematool.engines.mongo import connect


def unit_of(id: str, up: list[dict[str, Any]], down: list[dict[str, Any]] | None) -> Unit:  # noqa: A002  # as Unit has it
    """Make a unit of commands, each on a line of its own."""
    down_commands = None if down is None else _commands(f"{id}.rollback.json", down)
    return Unit(
        id=id,
        store="mongo",
        up=_commands(f"{id}.json", up),
        down=down_commands,
        up_text=json.dumps(up),
        down_text=None if down is None else json.dumps(down),
        transactional=False,
    )


def _commands(file: str, commands: list[dict[str, Any]]) -> tuple[Command, ...]:
    return tuple(Command(json.dumps(one), Span(file, line, 1)) for line, one in enumerate(commands, start=1))


def main(file: str, verb: str, start: str = "0") -> None:
    """Do one verb with all units of the file."""
    units = [unit_of(one["id"], one["up"], one["down"]) for one in json.loads(Path(file).read_text())]
    engine = connect(Url(os.environ["MONGO_RUNNER_URL"]))
    time.sleep(max(0.0, float(start) - time.time()))
    did: list[str] = []
    with engine.lock(wait_seconds=120):
        applied = {row.id for row in engine.ledger() if row.state == "applied"}
        for unit in units if verb == "apply" else reversed(units):
            if verb == "apply" and unit.id not in applied:
                engine.apply(unit, lambda _: None)
                did.append(unit.id)
            elif verb == "roll_back":
                engine.roll_back(unit, lambda _: None)
                did.append(unit.id)
    engine.close()
    sys.stdout.write(json.dumps(did))


if __name__ == "__main__":
    main(*sys.argv[1:])
