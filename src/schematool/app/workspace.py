"""The project on disk: where it is, what its files say, and how files are written. Knows no database."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from schematool.core.config import STORES, Config, Place, Target, parse, scratch_place, target
from schematool.core.diagnostic import Diagnostic, Findings, Severity, Span
from schematool.core.errors import InputError, SchematoolError, WorldError
from schematool.core.secret import Url
from schematool.engines.signals import held

CONFIG_FILE = "schematool.toml"
STATE_FOLDER = ".schematool"
_LANGUAGE = b"schematool language 1\n"  # part of every fingerprint: raise it when the same YAML comes to mean more


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project that was found and whose configuration was read. `target` is the chosen environment."""

    root: Path
    config: Config
    target: Target
    variables: Mapping[str, str] = field(repr=False, default_factory=dict)
    known: list[Url] = field(repr=False, default_factory=list)
    """Every URL that came up, so that its password can be masked; it grows while stores are opened."""

    @property
    def schema_folder(self) -> Path:
        """The folder of the YAML, there or not; `InputError` where something else has its name."""
        return self._folder(self.config.schema)

    @property
    def migrations_folder(self) -> Path:
        """The folder of the history, there or not; `InputError` where something else has its name."""
        return self._folder(self.config.migrations)

    def _folder(self, name: str) -> Path:
        is_there(self.root, self.root / name, folder=True)
        return confined(self.root, self.root / name)

    @property
    def state_folder(self) -> Path:
        """Where the embedded servers keep their data; never under version control."""
        return self.root / STATE_FOLDER

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores that the chosen environment has, Postgres first."""
        return tuple(store for store in STORES if store in self.target.places)

    def place(self, store: str) -> Place:
        """Where a store of the environment is; `InputError` when the configuration does not say."""
        if place := self.target.places.get(store):
            return self._fetched(place)
        raise InputError(
            Diagnostic(
                "ST005",
                f"environment `{self.target.name}` has no {store} URL",
                hint=f"add [env.{self.target.name}.{store}] url = … to {self.config.file or CONFIG_FILE}, "
                f"or set SCHEMATOOL_{store.upper()}_URL",
            )
        )

    def _fetched(self, place: Place) -> Place:
        if not place.sources:
            return place
        from schematool.app.credentials import fetch  # noqa: PLC0415  # most environments have nothing to fetch

        url = fetch(self.root, place)
        self.known.append(url)
        return Place(place.store, url, place.origin)

    def scratch(self, store: str) -> Place:
        """Where things are tried out."""
        place, found = scratch_place(self.config, store, self.variables)
        if found.errors:
            raise InputError(*found)
        return place

    def schema_files(self) -> dict[str, str]:
        """Every YAML file by its path relative to the project."""
        return read_folder(self.root, self.schema_folder, (".yaml", ".yml"))

    def urls(self) -> tuple[Url, ...]:
        """Every URL in use, to mask their passwords in foreign text."""
        return tuple(place.url for place in self.target.places.values() if place.url)


def find_root(start: Path) -> tuple[Path, Path] | None:
    """Look for the project from `start` upward: its folder and its configuration file."""
    for folder in (start, *start.parents):
        if is_there(folder, folder / CONFIG_FILE):
            return folder, folder / CONFIG_FILE
        pyproject = folder / "pyproject.toml"
        if pyproject.is_file() and "[tool.schematool" in pyproject.read_text("utf-8", "replace"):
            return folder, pyproject
    return None


def open_workspace(  # noqa: PLR0913  # everything that says where a project and its stores are
    start: Path,
    variables: Mapping[str, str],
    *,
    env: str | None = None,
    flags: Mapping[str, str] | None = None,
    required: bool = True,
    known: list[Url] | None = None,
) -> Workspace:
    """Find the project and read its configuration; `InputError` with everything that is wrong with it.

    `known` grows by every URL that is used, now and later.
    `required` False: without a project the defaults are used, with `start` as its folder.
    """
    start = start.resolve()
    found_root = find_root(start)
    if found_root is None:
        if required:
            raise InputError(Diagnostic("ST001", f"no {CONFIG_FILE} in {start} or above", hint="run `schematool init`"))
        root, config = start, Config()
    else:
        root, file = found_root
        name = file.relative_to(root).as_posix()
        config, found = parse(name, read_text(root, file))
        if found.errors:
            raise InputError(*found)
    chosen, found = target(config, env, variables, flags=flags)
    if found.errors:
        raise InputError(*found)
    workspace = Workspace(root, config, chosen, variables, [] if known is None else known)
    workspace.known.extend(workspace.urls())
    return workspace


def confined(root: Path, path: Path) -> Path:
    """Return `path` with its links resolved; `InputError` when that is outside of the project."""
    resolved = Path(os.path.realpath(path))  # Path.resolve() of Python 3.12 and older stumbles over a link to itself
    if not resolved.is_relative_to(root.resolve()):
        raise InputError(
            Diagnostic("ST006", f"{path} leads out of the project", hint="keep the files inside the project")
        )
    return resolved


def read_text(root: Path, path: Path) -> str:
    """Read a UTF-8 file inside the project, as it is: line endings and byte order mark kept."""
    return _decoded(_relative(root, path), confined(root, path))


def _decoded(name: str, path: Path | str) -> str:
    content = b""
    try:
        with open(path, "rb") as file:
            content = file.read()
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputError(_not_utf8(name, content, error)) from error
    except OSError as error:
        raise InputError(Diagnostic("ST008", f"cannot read {name}: {error.strerror}")) from error


def _not_utf8(name: str, content: bytes, error: UnicodeDecodeError) -> Diagnostic:
    """Say which encoding it is where the file says so itself, else where it stops to be UTF-8."""
    hint = "save it as UTF-8, with or without a byte order mark"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Diagnostic("ST008", f"{name} is UTF-16, not UTF-8", Span(name, 1, 1), hint=hint)
    before = content[: error.start]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
    message = f"{name} is not UTF-8: the byte {content[error.start]:#04x} is no character"
    return Diagnostic("ST008", message, Span(name, line, column), hint=hint)


def is_there(root: Path, path: Path, *, folder: bool = False) -> bool:
    """Tell whether there is a file of that name (`folder`: a folder); `InputError` where something else has the name.

    What is neither would be passed over in silence, and a named pipe makes its reader wait for ever.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise InputError(_instead(_relative(root, path.parent) + f"/{path.name}", None)) from None
        return False
    except OSError as error:
        raise InputError(Diagnostic("ST008", f"cannot read {_relative(root, path)}: {error.strerror}")) from error
    if stat.S_IFMT(mode) != (stat.S_IFDIR if folder else stat.S_IFREG):
        raise InputError(_instead(_relative(root, path), mode, "a folder" if folder else "a file"))
    return True


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _instead(name: str, mode: int | None, wanted: str = "a file") -> Diagnostic:
    """Say what has a name that only a file, or a folder, may have; `mode` None: a link that leads nowhere."""
    hint = f"put {wanted} in its place, or take it away"
    if mode is None:
        return Diagnostic("ST008", f"{name} is a link that leads nowhere", Span(name, 1, 1), hint=hint)
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return Diagnostic("ST008", f"{name} is {kind}, not {wanted}", Span(name, 1, 1), hint=hint)


def read_folder(root: Path, folder: Path, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Read every file below `folder` with one of the suffixes, in order; hidden files and folders are left out.

    A link is followed, but not out of the project. `InputError` tells everything that has such a name and cannot be
    read: no file, or its ending in capitals. Plain strings and one look at each folder: a history has thousands of
    files, and resolving each of their paths took longer than reading them.
    """
    if not is_there(root, folder, folder=True):
        return {}
    top = confined(root, folder)
    found = Findings()
    files = sorted(_walk(root, str(top), _relative(root, top), suffixes, (), found=found))
    texts: dict[str, str] = {}
    for name, path in files:
        try:
            texts[name] = _decoded(name, path)
        except InputError as error:
            found.extend(error.diagnostics)
    if found:
        raise InputError(*found)
    return texts


def _walk(  # noqa: PLR0913  # where we are, in two spellings, and what is looked for
    root: Path, folder: str, name: str, suffixes: tuple[str, ...], above: tuple[str, ...], *, found: Findings
) -> Iterator[tuple[str, str]]:
    """Yield (name, path) of the files below; `above`: the folders that we came through, so that no link leads round."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = str(confined(root, Path(entry.path))) if entry.is_symlink() else entry.path
            if entry.is_dir() and not entry.name.endswith(suffixes):
                if path not in (folder, *above):
                    yield from _walk(root, path, f"{name}/{entry.name}", suffixes, (*above, folder), found=found)
            elif not entry.name.endswith(suffixes):
                if entry.name.lower().endswith(suffixes):
                    found.append(_in_capitals(f"{name}/{entry.name}", suffixes))
            elif entry.is_file():
                yield f"{name}/{entry.name}", path
            else:
                found.append(_instead(f"{name}/{entry.name}", _mode(path)))


def _mode(path: str) -> int | None:
    """Return what is at the end of a link; None where nothing is."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return None


def _in_capitals(name: str, suffixes: tuple[str, ...]) -> Diagnostic:
    right = next(suffix for suffix in sorted(suffixes, key=len, reverse=True) if name.lower().endswith(suffix))
    message = f"{name} would be passed over: its ending is `{name[-len(right) :]}`, not `{right}`"
    return Diagnostic("ST008", message, Span(name, 1, 1), hint=f"rename it to {name[: -len(right)]}{right}")


def _relative(root: Path, path: Path) -> str:
    for one, other in ((root, path), (root.resolve(), path.resolve())):
        if other.is_relative_to(one):
            return other.relative_to(one).as_posix()
    return path.as_posix()


def write_all(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, each whole or not at all: all are on disk under other names before the first takes its place."""
    ready: list[tuple[str, Path]] = []
    folders: set[Path] = set()
    name = ""
    try:
        for name, content in files.items():
            path = confined(root, root / name)
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = _temporary(path.parent)
            ready.append((temporary, path))
            with os.fdopen(handle, "wb") as out:
                out.write(content if isinstance(content, bytes) else content.encode())
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        with held():
            while ready:
                temporary, path = ready[0]
                os.replace(temporary, path)
                ready.pop(0)
                folders.add(path.parent)
    except OSError as error:
        raise _unwritten(_meant(error, name), error, begun=bool(folders)) from error
    finally:
        for temporary, _ in ready:
            Path(temporary).unlink(missing_ok=True)
    for folder in folders:
        _sync(folder)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep other runs that write to the project waiting, for as long as this block takes; the system ends it with us.

    Where the file system knows no locks, nobody waits.
    """
    folder = os.open(root, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def refused_by_system(what: str, error: OSError, *, state: str | None = None) -> SchematoolError:
    """Say what the system refused: a path is the user's to choose; a disk that is full is nobody's wish."""
    message = f"{what}: {error.strerror or error}" if what else str(error)
    if not what and error.errno == errno.ENOENT:
        message = "the folder that you are in is not there any more"  # only getcwd() fails so, without a name
    if error.errno in _FULL:
        hint = "make room, then run the same command again"
        return WorldError(Diagnostic("ST008", message, hint=hint), state=state)
    return InputError(Diagnostic("ST008", message))


def _unwritten(path: object, error: OSError, *, begun: bool = False) -> SchematoolError:
    return refused_by_system(f"cannot write {path}", error, state=None if begun else "no file was changed")


def write_file(path: Path, data: bytes) -> None:
    """Write one file, whole or not at all, wherever the user wants it; what is no regular file is written into."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        try:
            target.write_bytes(data)
        except OSError as error:
            raise _unwritten(path, error) from error
        return
    try:
        handle, temporary = _temporary(target.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
            os.replace(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritten(path, error) from error
    _sync(target.parent)


_TEMPORARY = ".schematool-", ".tmp"


def _meant(error: OSError, name: str) -> str:
    """The path to tell of: that of the file to be, not of the one that was to take its place."""
    path = str(error.filename or name)
    return name if os.path.basename(path).startswith(_TEMPORARY[0]) else path


_FORGOTTEN_SECONDS = 3600


def _temporary(folder: Path) -> tuple[int, str]:
    """Open a new file under another name; take away those that runs which were killed have left there long ago."""
    first, last = _TEMPORARY
    for old in folder.glob(f"{first}*{last}"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _FORGOTTEN_SECONDS:
                old.unlink()
    return tempfile.mkstemp(dir=folder, prefix=first, suffix=last)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fingerprint(files: Mapping[str, str]) -> str:
    """Hash what the YAML says: paths and texts, whatever the line endings."""
    digest = hashlib.sha256(_LANGUAGE)
    for name in sorted(files):
        text = files[name].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        for part in (name, text):
            digest.update(f"{len(part.encode())}:".encode() + part.encode())
    return digest.hexdigest()


def warn(code: str, message: str, *, hint: str | None = None, subject: str | None = None) -> Diagnostic:
    """Make a warning without a place."""
    return Diagnostic(code, message, hint=hint, severity=Severity.WARNING, subject=subject)
