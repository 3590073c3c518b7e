"""Real servers without an installation: kept ones for a project, throwaway ones for scratch work and tests.

`data_dir` is the folder of one server, `.schematool/postgres` or `.schematool/mongo` of a project.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from schematool.core.secret import Url


def start(store: str, data_dir: Path) -> Url:
    """Start the server kept in `data_dir`, or find it running; it outlives this process. Raises `WorldError`."""
    if store == "postgres":
        from schematool.engines.servers import embedded_postgres  # noqa: PLC0415  # each store loads alone

        return embedded_postgres.start(data_dir)
    from schematool.engines.servers import embedded_mongo  # noqa: PLC0415  # each store loads alone

    return embedded_mongo.start(data_dir)


def running(store: str, data_dir: Path) -> Url | None:
    """Return the URL of the server kept in `data_dir` when it runs; starts nothing, writes nothing."""
    if store == "postgres":
        from schematool.engines.servers import embedded_postgres  # noqa: PLC0415  # each store loads alone

        return embedded_postgres.running(data_dir)
    from schematool.engines.servers import embedded_mongo  # noqa: PLC0415  # each store loads alone

    return embedded_mongo.running(data_dir)


def stop(store: str, data_dir: Path) -> bool:
    """Stop the server kept in `data_dir`, keeping its data; tells whether it was running."""
    if store == "postgres":
        from schematool.engines.servers import embedded_postgres  # noqa: PLC0415  # each store loads alone

        return embedded_postgres.stop(data_dir)
    from schematool.engines.servers import embedded_mongo  # noqa: PLC0415  # each store loads alone

    return embedded_mongo.stop(data_dir)


def temporary(store: str, folder: str | None = None) -> AbstractContextManager[Url]:
    """Run a throwaway server: the embedded one, else (or with `SCHEMATOOL_TEST_SERVERS=docker`) a container.

    `folder`: where an embedded one keeps its data, rather than with all that is temporary. It is gone when the block
    ends, or when this process dies in whatever way.
    """
    from schematool.engines.servers import containers, embedded_mongo, embedded_postgres  # noqa: PLC0415  # each loads late

    installed = embedded_postgres.programs() if store == "postgres" else embedded_mongo.program()
    if os.environ.get("SCHEMATOOL_TEST_SERVERS") == "docker" or installed is None:
        return containers.temporary(store)
    if store == "postgres":
        return embedded_postgres.temporary(folder=folder)
    return embedded_mongo.temporary(folder=folder)
