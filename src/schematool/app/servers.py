"""Where an engine comes from: a URL of the configuration, or the embedded server of the project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from schematool.app.workspace import Workspace
from schematool.core.config import Place
from schematool.core.secret import Url
from schematool.core.timeouts import DEFAULTS, Timeouts
from schematool.engines.contract import Engine, open_engine


@contextmanager
def opened(workspace: Workspace, place: Place) -> Iterator[Engine]:
    """Connect to a place; the embedded server is started when it does not run, and left running."""
    with connected(place.url or embedded(workspace, place.store), workspace.target.timeouts) as engine:
        yield engine


@contextmanager
def connected(url: Url, timeouts: Timeouts = DEFAULTS) -> Iterator[Engine]:
    """Connect to a URL and let go at the end. `timeouts`: those of its environment, else the defaults."""
    engine = open_engine(url, timeouts)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def opened_stores(workspace: Workspace, stores: tuple[str, ...]) -> Iterator[dict[str, Engine]]:
    """Connect to several stores of the environment, Postgres first."""
    with ExitStack() as stack:
        yield {store: stack.enter_context(opened(workspace, workspace.place(store))) for store in stores}


@contextmanager
def scratch_server(workspace: Workspace, store: str) -> Iterator[Engine]:
    """Connect to the server that tries things out; make a database of it with `engine.scratch()`."""
    with opened(workspace, workspace.scratch(store)) as engine:
        yield engine


def embedded(workspace: Workspace, store: str) -> Url:
    """Start the project's own server of this store, or find it running."""
    from schematool.engines.servers import start  # noqa: PLC0415  # drivers and binaries load lazily

    return start(store, workspace.state_folder / store)
