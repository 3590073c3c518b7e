"""What a forked process runs to be killed: an engine alone, without the command line around it."""

from __future__ import annotations

import os
import sys

from schematool.core.secret import Url
from tests.live import postgres_runner


def postgres(url: str, folder: str, verb: str) -> None:
    """Apply or roll back every migration of the folder; prints the ids of what it did."""
    os.environ["POSTGRES_RUNNER_URL"] = url
    sys.exit(postgres_runner.main(folder, verb))


def mongo(url: str, verb: str, *names: str) -> None:
    """Apply or roll back the one unit of the sweep, or purge what was put aside under these names."""
    from schematool.engines.mongo import connect  # noqa: PLC0415  # the other sweep needs no such driver
    from tests.faults.test_mongo_kills import UNIT  # noqa: PLC0415  # the same

    engine = connect(Url(url))
    with engine.lock(wait_seconds=10):
        if verb == "purge":
            engine.purge(names)
        else:
            getattr(engine, verb)(UNIT, lambda _: None)
