"""Units made of commands, and runners in processes of their own that race for them."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Sequence
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


def racing(many: int, url: Url, units: Sequence[Unit]) -> list[list[str]]:
    """Let so many processes apply the units at the same instant; gives the ids of what each of them did.

    They are forked, not started: interpreters with the driver would take longer than all that they do.
    """
    ready, start = os.pipe(), os.pipe()
    results = [os.pipe() for _ in range(many)]
    children: list[int] = []
    for _, result in results:
        child = os.fork()
        if child == 0:
            try:
                os.close(start[1])
                os.write(result, _raced(url, units, ready[1], start[0]))
                os._exit(0)
            except BaseException:
                os.write(result, json.dumps(traceback.format_exc()[-4000:]).encode())
            finally:
                os._exit(1)
        os.close(result)
        children.append(child)
    os.close(start[0])
    waiting = many
    while waiting:
        waiting -= len(os.read(ready[0], waiting))
    os.close(start[1])  # all of them read its end at once
    told = [_read(reader) for reader, _ in results]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    for place in ready:
        os.close(place)
    assert codes == [0] * many, told
    return [json.loads(one) for one in told]


def _read(reader: int) -> bytes:
    with os.fdopen(reader, "rb") as said:
        return said.read()


def _raced(url: Url, units: Sequence[Unit], ready: int, start: int) -> bytes:
    engine = connect(url)
    os.write(ready, b".")
    os.read(start, 1)
    did: list[str] = []
    with engine.lock(wait_seconds=120):
        applied = {row.id for row in engine.ledger() if row.state == "applied"}
        for unit in units:
            if unit.id not in applied:
                engine.apply(unit, lambda _: None)
                did.append(unit.id)
    engine.close()
    return json.dumps(did).encode()
