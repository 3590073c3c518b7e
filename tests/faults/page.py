"""The published table: `docs/reliability.md`, written from a run and read back by the tests.

`python -m tests.faults` (`make faults`) has every fault happen to every program and rewrites the page.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from schematool import __version__
from tests.faults.matrix import FAULTS, PEERS, Fault, Field, rows
from tests.faults.on_servers import CannotHappen
from tests.faults.tools import MIGRATE_MONGO, migrate_mongo

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"
COLUMNS = {
    "postgres": ("schematool", "yoyo", "Alembic"),
    "mongo": ("schematool", "migrate-mongo"),
    "both": ("schematool",),
}
STORES = {"postgres": "PostgreSQL", "mongo": "MongoDB", "both": "Between the two"}
NOT_HERE = "not run"

Key = tuple[str, str, str]
"""Title of the fault, store, program."""
Cells = Mapping[Key, str]

_INTRODUCTION = """# What happens when things go wrong

<!-- Made by `make faults` from a real run. Do not edit. -->

Each line is a fault that was made to happen, on real servers, to schematool and to its peers as their users have them.
After each one the same five things are asked:

1. The ledger says what the catalog has, or the program names what is in doubt.
2. The same command again ends where it would have ended, without repair by hand.
3. No row is lost, and nothing is dropped that no migration made.
4. No lock and no session of a dead runner is left after two seconds.
5. The exit code says no, with the cause and the next command; no traceback, and never the password.

`ok`: all five held. Anything else says which did not. All programs get the same migrations, each in its own files.
Of the fifth, peers are only asked whether they claim success, show a traceback, or show the password.

| word | means |
|---|---|
| lost ledger row | a migration took effect, and the ledger does not have it |
| false ledger row | the ledger has it, and it is not there |
| stuck lock | the next run is kept out by the lock of a run that is dead |
| needs repair by hand | the same command again fails, and goes on failing |
| locks stay behind | the server still works for a run that is dead, longer than two seconds |
| session stays | the same, longer than fifteen |
| accepted silently | the program did not notice, or did not say |
| - | the fault cannot happen to this program |

Made with {versions}; seed {seed}, {kills} random kills for each program, {runners} runners at once.
"""

_BESIDE = """
## What the table does not show

`make test` kills schematool at every boundary of every statement (before and after it is run, before and after the
ledger is written, after COMMIT), up and down, in both stores, and at more than 200 random moments in each; `make soak`
at some thousands, with the seed printed, so that a failure can be had again.
What happens to files (edited, deleted, renamed, truncated, other line endings) is in `tests/core/history` and
`tests/cli`; the splitting of SQL in `tests/live`; the majors 14 to 18 in `make matrix`.

A full disk needs the right to mount a tmpfs (root, or CAP_SYS_ADMIN in a container); the rest needs nothing but the
wheels. Peers are installed with the development extra, and migrate-mongo by npm; without npm its column says
`not run`.
"""


def render(cells: Cells, field: Field) -> str:
    """Write the page."""
    lines = [_INTRODUCTION.format(versions=versions(), seed=field.seed, kills=field.kills, runners=field.runners)]
    for store, columns in COLUMNS.items():
        lines += [f"## {STORES[store]}", "", f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
        for group, faults in FAULTS.items():
            chosen = [fault for fault in faults if _concerns(fault, store)]
            if chosen and store != "both":
                lines.append(f"| **{group}** |{' |' * len(columns)}")
            for fault in chosen:
                told = " | ".join(cells.get((fault.title, store, tool), NOT_HERE) for tool in columns)
                lines.append(f"| {fault.title} | {told} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" + _BESIDE


def read(text: str) -> Cells:
    """Read the cells of a page."""
    cells: dict[tuple[str, str, str], str] = {}
    store = ""
    names = {title: store for store, title in STORES.items()}
    for line in text.splitlines():
        if line.startswith("## "):
            store = names.get(line[3:], "")
        elif store and line.startswith("| ") and "**" not in line:
            title, *told = [part.strip() for part in line.strip("|").split("|")]
            if title:
                cells |= {(title, store, tool): word for tool, word in zip(COLUMNS[store], told, strict=True)}
    return cells


def _concerns(fault: Fault, store: str) -> bool:
    return bool(fault.both) if store == "both" else fault.happening(store) is not None


def versions() -> str:
    """Name what was run, with versions."""
    node = (
        subprocess.run(["node", "--version"], capture_output=True, text=True, check=False) if migrate_mongo() else None
    )
    parts = [f"schematool {__version__}", f"yoyo {importlib.metadata.version('yoyo-migrations')}"]
    parts += [f"Alembic {importlib.metadata.version('alembic')}"]
    parts += [f"migrate-mongo {MIGRATE_MONGO} on Node {node.stdout.strip().removeprefix('v')}"] if node else []
    return ", ".join(parts)


def run(field: Field, titles: Sequence[str] = (), tools: Sequence[str] = ()) -> Iterator[tuple[Key, str]]:
    """Have the faults happen, one after the other, and yield each cell."""
    for _, fault, store in rows():
        peers = PEERS.get(store, ()) if fault.peers else ()
        for tool in ("schematool", *peers):
            if (titles and fault.key not in titles) or (tools and tool not in tools):
                continue
            if tool == "migrate-mongo" and not migrate_mongo():
                continue
            began = time.monotonic()
            try:
                word = field.happen(fault, "postgres" if store == "both" else store, tool)
            except CannotHappen as missing:
                sys.stderr.write(f"{fault.title}: needs {missing}\n")
                continue
            sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {store:8}  {tool:13}  {fault.title}: {word}\n")
            yield (fault.title, store, tool), word


def main(arguments: Sequence[str]) -> int:
    """Run everything, or what is named (`--only NAME`, `--tool NAME`, again and again), and rewrite the page."""
    titles = [value for flag, value in pairwise(arguments) if flag == "--only"]
    tools = [value for flag, value in pairwise(arguments) if flag == "--tool"]
    seed = int(os.environ.get("SCHEMATOOL_TEST_SEED") or datetime.now(UTC).strftime("%y%m%d"))
    field = Field(seed=seed, kills=int(os.environ.get("SCHEMATOOL_TEST_KILLS") or 20))
    sys.stderr.write(f"seed {seed}\n")
    cells = dict(read(PAGE.read_text())) if (titles or tools) and PAGE.exists() else {}
    try:
        for key, word in run(field, titles, tools):
            cells[key] = word
            PAGE.write_text(render(cells, field))
    finally:
        field.close()
    ours = {key: word for key, word in cells.items() if key[2] == "schematool" and word not in {"ok", NOT_HERE}}
    return 1 if ours else 0
