"""`up` and `down`: the embedded servers of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from schematool.app.report import Report
from schematool.app.workspace import Workspace
from schematool.core.config import EMBEDDED
from schematool.core.secret import Url


@dataclass(frozen=True, slots=True)
class Server:
    """One server: `state` is `running`, `started`, `stopped`, `not running`, or `elsewhere` (not ours to start)."""

    store: str
    state: str
    url: Url | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpReport(Report):
    """The servers after `up`."""

    command: ClassVar[str] = "up"

    servers: tuple[Server, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DownReport(Report):
    """The servers after `down`."""

    command: ClassVar[str] = "down"

    servers: tuple[Server, ...] = ()


def up(workspace: Workspace, stores: Sequence[str]) -> UpReport:
    """Start the embedded server of each store that the environment does not name a URL for."""
    from schematool.engines.servers import running, start  # noqa: PLC0415  # binaries are looked for lazily

    servers = []
    for store in stores:
        place = workspace.target.places.get(store)
        if place is not None and place.url is not None:
            servers.append(Server(store, "elsewhere", place.url))
            continue
        folder = workspace.state_folder / store
        url = running(store, folder)
        servers.append(Server(store, "running", url) if url else Server(store, "started", start(store, folder)))
    return UpReport(servers=tuple(servers), hint="`schematool migrate` applies the migrations")


def down(workspace: Workspace, stores: Sequence[str]) -> DownReport:
    """Stop the embedded servers; their data stays."""
    from schematool.engines.servers import running, stop  # noqa: PLC0415  # binaries are looked for lazily

    servers = []
    for store in stores:
        folder = workspace.state_folder / store
        url = running(store, folder)
        if url:
            stop(store, folder)
        servers.append(Server(store, "stopped" if url else "not running", url))
    return DownReport(servers=tuple(servers))


def is_embedded(workspace: Workspace, store: str) -> bool:
    """Say whether the environment uses the embedded server of this store."""
    place = workspace.target.places.get(store)
    return place is not None and place.origin == EMBEDDED
