"""Who runs a server: ourselves, or, when we are root, an unprivileged account. PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError

# `nobody` is on every Unix; the others are tried for systems that have taken it away.
_UNPRIVILEGED = ("nobody", "postgres", "daemon")


class ProcessOptions(TypedDict, total=False):
    """The keywords of `subprocess` that choose who a process runs as."""

    user: int
    group: int
    extra_groups: list[int]
    umask: int


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id to run as; `None`: as we are."""

    user: int | None = None
    group: int | None = None

    def options(self) -> ProcessOptions:
        """Return what `subprocess.run` needs to run as this account, with private files."""
        if self.user is None or self.group is None:
            return {"umask": 0o077}
        return {"user": self.user, "group": self.group, "extra_groups": [], "umask": 0o077}

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def can_reach(self, path: Path) -> bool:
        """Tell whether the account may enter every folder above `path` and read `path` itself."""
        if self.user is None:
            return True
        place = path.resolve()
        return all(place_mode(folder) & stat.S_IXOTH for folder in place.parents) and bool(
            place_mode(place) & stat.S_IROTH
        )


OURSELVES = Account()


def unprivileged(keeper: Path | None = None) -> Account:
    """Return ourselves, or for root the owner of `keeper` (an existing data folder), else an unprivileged account."""
    if os.geteuid() != 0:
        return OURSELVES
    if keeper is not None and keeper.exists() and (owner := keeper.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise WorldError(
        Diagnostic(
            "ST505",
            "PostgreSQL refuses to run as root, and there is no unprivileged account to run it as",
            hint="make one with `useradd --system nobody`, or run schematool as an ordinary user",
        )
    )


def place_mode(path: Path) -> int:
    """Return the permission bits of a path."""
    return stat.S_IMODE(path.stat().st_mode)
