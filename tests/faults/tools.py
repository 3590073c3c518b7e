"""The programs that the faults happen to: schematool itself, and its peers as their users have them.

Each gets the same steps in its own files and is run as a process of its own; nothing of any program is patched.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from psycopg.errors import UndefinedTable

from schematool.core.history import lock
from schematool.core.history.names import pair
from schematool.core.history.unit import Unit
from schematool.core.render import mongo as mongo_files
from schematool.core.render import postgres as postgres_files
from tests.faults.forge import Child, Ended, Forge

MIGRATE_MONGO = "14.0.7"
MONGODB_DRIVER = "7.9.0"


@dataclass(frozen=True, slots=True)
class Step:
    """One migration, in the words of its store. `present` asks a database whether its effect is there."""

    id: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    present: Callable[[Any], bool]
    transactional: bool = True


class Running(Protocol):
    """A process that was started."""

    def send(self, number: int) -> None:
        """Send a signal."""

    def output(self) -> str:
        """What it has said so far."""

    def alive(self) -> bool:
        """Whether it runs."""

    def wait(self, seconds: float = 60.0) -> Ended:
        """Wait for the end; killed when that takes longer (code 124)."""


class Tool(Protocol):
    """A program under test, in a folder of its own, on one database."""

    name: str
    store: str
    ours: bool

    def write(self, steps: Sequence[Step]) -> None:
        """Write the migration files."""

    def start(self, verb: str = "up", *, env: Mapping[str, str] | None = None) -> Running:
        """Run it: `up`, or `down` for one step back."""

    def recorded(self) -> set[str]:
        """The ids that its ledger has as applied."""

    def doubtful(self) -> set[str]:
        """The ids that it says of that they are begun, or not as they should be."""


@dataclass(slots=True)
class Ours:
    """schematool, by its command line."""

    forge: Forge
    folder: Path
    database: Any
    url: str
    store: str
    wait_seconds: float = 20.0
    ours: bool = True
    name: str = "schematool"
    more: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    """The other store's URL and database, by its name, for what concerns both."""

    def write(self, steps: Sequence[Step]) -> None:
        """Write project, migrations and lock."""
        self._configure()
        folder = self.folder / "migrations" / self.store
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for step in steps:
            for suffix, text in zip(self._files.FILE_SUFFIXES, self._texts(step), strict=True):
                (folder / f"{step.id}{suffix}").write_text(text)
        self.relock()

    def relock(self) -> None:
        """Write the lock of the files as they are now."""
        units = [unit for store in ("postgres", "mongo") for unit in self._units(store)]
        (self.folder / "migrations" / lock.FILE_NAME).write_text(lock.render(lock.make(pair(units), "")))

    def start(self, verb: str = "up", *, env: Mapping[str, str] | None = None) -> Running:
        """Run `migrate` or `rollback`."""
        words = {"up": ["migrate"], "down": ["rollback", "--allow", "data-loss"]}[verb]
        return self.run(*words, "--env", "dev", "--yes", "--lock-timeout", str(self.wait_seconds), env=env)

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> Child:
        """Run any verb."""
        return self.forge.start("schematool.cli.main:run", list(words), cwd=self.folder, env=env)

    def status(self, *words: str) -> Any:
        """What `status` says, as data."""
        ended = self.run("status", "--format", "json", *words).wait()
        return json.loads(ended.output)

    def recorded(self) -> set[str]:
        """Ask `status`."""
        return {line["id"] for line in self._lines() if line["states"].get(self.store) in {"applied", "edited"}}

    def doubtful(self) -> set[str]:
        """Ask `status`."""
        return {
            line["id"] for line in self._lines() if line["states"].get(self.store) not in {"applied", "pending", None}
        }

    def _lines(self) -> list[Any]:
        said = self.status()
        assert said["data"], said
        return list(said["data"]["lines"])

    def _configure(self) -> None:
        (self.folder / "migrations").mkdir(parents=True, exist_ok=True)
        places = {self.store: (self.url, self.database), **self.more}
        by_hand = [
            f"{schema}{name}" for name in ("patients", "users_by_hand", "late", "big") for schema in ("", "public.")
        ]
        lines = [f"exclude = {json.dumps(by_hand)}", f"lock_timeout = {self.wait_seconds}"]
        lines += [f'[env.dev.{store}]\nurl = "{url}"' for store, (url, _) in places.items()]
        lines += ["[scratch]", *(f'{store}_url = "{one.ground.url.reveal()}"' for store, (_, one) in places.items())]
        (self.folder / "schematool.toml").write_text("\n".join(lines) + "\n")

    @property
    def _files(self) -> Any:
        return postgres_files if self.store == "postgres" else mongo_files

    def _texts(self, step: Step) -> tuple[str, str]:
        if self.store == "mongo":
            up, down = (json.dumps({"title": step.id, "commands": [*map(json.loads, w)]}) for w in (step.up, step.down))
            return up, down
        head = "" if step.transactional else "-- transactional: false\n"
        return head + ";\n".join((*step.up, "")), ";\n".join((*step.down, ""))

    def _units(self, store: str) -> list[Unit]:
        files = postgres_files if store == "postgres" else mongo_files
        up, down = files.FILE_SUFFIXES
        folder = self.folder / "migrations" / store
        names = sorted(p.name.removesuffix(up) for p in folder.glob(f"*{up}") if not p.name.endswith(down))
        return [
            files.parse(n, n + up, (folder / (n + up)).read_text(), n + down, (folder / (n + down)).read_text())
            for n in names
        ]


@dataclass(slots=True)
class Peer:
    """A peer's process."""

    process: subprocess.Popen[bytes]
    file: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    def send(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def output(self) -> str:
        """What it has said so far."""
        return self.file.read_text(errors="replace")

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def wait(self, seconds: float = 60.0) -> Ended:
        """Wait for the end; killed when that takes longer (code 124)."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = 124
        return Ended(code, self.output(), time.monotonic() - self.began)


def _as_started_by_a_person() -> None:
    """Hear every signal: a shell's background job ignores SIGINT, what nohup starts SIGHUP, and so would children."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _started(words: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None) -> Peer:
    handle, name = tempfile.mkstemp(dir=folder, suffix=".log")
    with os.fdopen(handle, "wb") as out:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            preexec_fn=_as_started_by_a_person,  # noqa: PLW1509  # nothing of ours holds a lock at a fork
        )
    return Peer(process, Path(name))


@dataclass(slots=True)
class Yoyo:
    """yoyo-migrations, by its command line."""

    folder: Path
    database: Any
    url: str
    store: str = "postgres"
    ours: bool = False
    name: str = "yoyo"

    def write(self, steps: Sequence[Step]) -> None:
        """Write the same SQL files as ours: the format is yoyo's."""
        for old in self.folder.glob("*.sql"):
            old.unlink()
        for step in steps:
            head = "" if step.transactional else "-- transactional: false\n"
            (self.folder / f"{step.id}.sql").write_text(head + ";\n".join((*step.up, "")))
            (self.folder / f"{step.id}.rollback.sql").write_text(";\n".join((*step.down, "")))

    def start(self, verb: str = "up", *, env: Mapping[str, str] | None = None) -> Running:
        """Run `yoyo apply` or `yoyo rollback`."""
        url = self.url.replace("postgresql://", "postgresql+psycopg://", 1)
        words = {"up": ["apply"], "down": ["rollback", "-r", "1"]}[verb]
        program = Path(sys.executable).with_name("yoyo")
        return _started([program, *words, "--batch", "--no-config-file", "--database", url, "."], self.folder, env)

    def recorded(self) -> set[str]:
        """Read its ledger."""
        with suppress(UndefinedTable):
            return {name for (name,) in self.database.query("select migration_id from _yoyo_migration")}
        return set()

    def doubtful(self) -> set[str]:
        """It has no word for that."""
        return set()


_ALEMBIC = '''"""{id}"""
from alembic import op
revision = {id!r}
down_revision = {before!r}
branch_labels = None
depends_on = None
def upgrade():
{up}
def downgrade():
{down}
'''


@dataclass(slots=True)
class Alembic:
    """Alembic, as `alembic init` sets it up."""

    folder: Path
    database: Any
    url: str
    store: str = "postgres"
    ours: bool = False
    name: str = "Alembic"
    _ids: list[str] = field(default_factory=list)

    def write(self, steps: Sequence[Step]) -> None:
        """Write one revision a step; what cannot be in a transaction is in an autocommit block."""
        if not (self.folder / "alembic.ini").exists():
            subprocess.run([self._program, "init", "alembic"], cwd=self.folder, check=True, capture_output=True)
        ini = self.folder / "alembic.ini"
        url = self.url.replace("postgresql://", "postgresql+psycopg://", 1).replace("%", "%%")
        lines = [
            f"sqlalchemy.url = {url}" if li.startswith("sqlalchemy.url") else li for li in ini.read_text().split("\n")
        ]
        ini.write_text("\n".join(lines))
        versions = self.folder / "alembic" / "versions"
        for old in versions.glob("*.py"):
            old.unlink()
        self._ids = [step.id for step in steps]
        for before, step in zip([None, *self._ids], steps, strict=False):
            text = _ALEMBIC.format(
                id=step.id, before=before, up=self._body(step, step.up), down=self._body(step, step.down)
            )
            (versions / f"{step.id}.py").write_text(text)

    @staticmethod
    def _body(step: Step, statements: Sequence[str]) -> str:
        calls = [f"op.execute({statement!r})" for statement in statements]
        if step.transactional:
            return "\n".join(f"    {call}" for call in calls)
        return "    with op.get_context().autocommit_block():\n" + "\n".join(f"        {call}" for call in calls)

    @property
    def _program(self) -> Path:
        return Path(sys.executable).with_name("alembic")

    def start(self, verb: str = "up", *, env: Mapping[str, str] | None = None) -> Running:
        """Run `alembic upgrade head` or one step down."""
        words = {"up": ["upgrade", "head"], "down": ["downgrade", "-1"]}[verb]
        return _started([self._program, *words], self.folder, env)

    def recorded(self) -> set[str]:
        """Its ledger has the newest; what is before it counts as applied."""
        with suppress(UndefinedTable):
            rows = self.database.query("select version_num from alembic_version")
            return {name for (head,) in rows for name in self._ids[: self._ids.index(head) + 1]}
        return set()

    def doubtful(self) -> set[str]:
        """It has no word for that."""
        return set()


_MIGRATE_MONGO = """module.exports = {{
  async up(db) {{ for (const command of {up}) await db.command(command); }},
  async down(db) {{ for (const command of {down}) await db.command(command); }}
}};
"""


@dataclass(slots=True)
class MigrateMongo:
    """migrate-mongo, from npm, with the settings that `migrate-mongo init` writes."""

    folder: Path
    database: Any
    url: str
    store: str = "mongo"
    ours: bool = False
    name: str = "migrate-mongo"

    def write(self, steps: Sequence[Step]) -> None:
        """Write one module a step, each of whose commands is awaited in turn."""
        settings = {
            "mongodb": {"url": self.url, "databaseName": self.database.name, "options": {}},
            "migrationsDir": "migrations",
            "changelogCollectionName": "changelog",
            "lockCollectionName": "changelog_lock",
            "lockTtl": 0,
            "migrationFileExtension": ".js",
            "useFileHash": False,
            "moduleSystem": "commonjs",
        }
        (self.folder / "migrate-mongo-config.js").write_text(f"module.exports = {json.dumps(settings)};\n")
        folder = self.folder / "migrations"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for step in steps:
            up, down = (f"[{', '.join(words)}]" for words in (step.up, step.down))
            (folder / f"{step.id}.js").write_text(_MIGRATE_MONGO.format(up=up, down=down))

    def start(self, verb: str = "up", *, env: Mapping[str, str] | None = None) -> Running:
        """Run `migrate-mongo up` or `down`."""
        program = migrate_mongo()
        assert program
        return _started(["node", program, verb], self.folder, env)

    def recorded(self) -> set[str]:
        """Read its ledger."""
        with self.database.open() as database:
            return {row["fileName"].removesuffix(".js") for row in database["changelog"].find()}

    def doubtful(self) -> set[str]:
        """It has no word for that."""
        return set()


def migrate_mongo() -> Path | None:
    """Return the program of migrate-mongo, fetched from npm the first time; None without npm or a registry."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "schematool"
    home = cache / f"migrate-mongo-{MIGRATE_MONGO}"
    if not home.is_dir() and shutil.which("npm") and shutil.which("node"):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            packages = [f"migrate-mongo@{MIGRATE_MONGO}", f"mongodb@{MONGODB_DRIVER}"]
            command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *packages]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                with suppress(OSError):
                    Path(folder).rename(home)
                    Path(folder).mkdir()
    program = home / "node_modules" / "migrate-mongo" / "bin" / "migrate-mongo.js"
    return program if program.is_file() else None
