"""One MongoDB database behind its driver: settings, commands, and who we are on the server."""

from __future__ import annotations

import atexit
import getpass
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure
from pymongo.read_concern import ReadConcern

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.secret import Url, mask
from schematool.engines.mongo.commands import ON_ADMIN
from schematool.engines.mongo.failure import translated

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection
    from pymongo.database import Database

SELECTION_MILLISECONDS = 5000
MAJORITY = WriteConcern(w="majority", j=True, wtimeout=60_000)
OWN = "_schematool_"
"""Names that begin so are schematool's own collections: in no catalog, no count and no seed."""

# Validators and pipelines must come back as they went in: dates beyond Python's range, and UUIDs of any subtype. And a
# refusal must come at all: of a duplicate under a collation MongoDB tells the sort key, whose bytes are no UTF-8.
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)


def _user() -> str:
    """Give the name of the user that runs us; containers may know none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


@dataclass(frozen=True, slots=True)
class Owner:
    """Our process as others shall see it. `name` is also its application name on every connection."""

    name: str = field(default_factory=lambda: f"schematool-{secrets.token_hex(8)}")
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    user: str = field(default_factory=_user)


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a server. `kind` is `standalone`, `secondary`, `replica set` or `router`."""

    url: Url
    client: MongoClient[dict[str, Any]]
    name: str
    version: str
    kind: str
    owner: Owner

    @property
    def database(self) -> Database[dict[str, Any]]:
        """The database, for reading what is acknowledged now and for writing with majority."""
        return self.client.get_database(self.name, codec_options=_CODEC, write_concern=MAJORITY)

    def collection(self, name: str) -> Collection[dict[str, Any]]:
        """Give a collection, also one whose name the driver refuses and the server takes: `a..b`, `a.`."""
        if name and ".." not in name and not name.endswith("."):
            return self.database[name]
        found = self.database["odd"]
        # The driver checks a name only here, and sends it as it is (pymongo.synchronous.collection, 4.6 to 4.20).
        found._name, found._full_name = name, f"{self.name}.{name}"
        return found

    def own(self, collection: str) -> Collection[dict[str, Any]]:
        """Give one of schematool's own collections; reads see only what no failover can take back."""
        return self.database.get_collection(
            OWN + collection, read_concern=ReadConcern("majority"), read_preference=ReadPreference.PRIMARY_PREFERRED
        )

    def command(self, document: Mapping[str, Any], session: ClientSession | None = None) -> dict[str, Any]:
        """Run a database command as it is; errors are the driver's own."""
        target = self.client.admin if next(iter(document)) in ON_ADMIN else self.database
        return target.command(dict(document), session=session, codec_options=_CODEC)

    def infos(self, name: str | None = None) -> list[dict[str, Any]]:
        """List the collections with all their options, or the one of that name."""
        found = self.database.list_collections(filter={} if name is None else {"name": name})
        return [dict(info) for info in found]

    def index_specifications(self, collection: str) -> list[dict[str, Any]]:
        """List a collection's indexes as `listIndexes` does; one that is still being built has `buildUUID` beside it.

        Empty for a collection that is not there and for a view (26, 166).
        """
        try:
            reply = self.database.command(
                {"listIndexes": collection, "includeBuildUUIDs": True, "cursor": {"batchSize": 1000}}
            )
        except OperationFailure as error:
            if error.code in {26, 166}:
                return []
            raise
        return list(reply["cursor"]["firstBatch"])

    def sibling(self, name: str) -> Server:
        """Give another database on the same connection."""
        return Server(self.url, self.client, name, self.version, self.kind, self.owner)


def reach(url: Url) -> Server:
    """Connect and ask the server what it is; `InputError` for a URL that cannot be used, `WorldError` for a server."""
    owner = Owner()
    try:
        # appname: the lock asks the server whether its holder is still connected, and knows it by this name.
        client: MongoClient[dict[str, Any]] = MongoClient(url.reveal(), **_patience(url), appname=owner.name)
        name = client.get_default_database().name
    except ConfigurationError as error:
        if "default database" in str(error):
            raise InputError(
                Diagnostic(
                    "ST003", f"{url} names no database", hint="put it after the host: mongodb://host:27017/clinic"
                )
            ) from None
        raise _unusable(url, error) from None
    except (InvalidURI, ValueError, TypeError) as error:
        raise _unusable(url, error) from None
    _leave_at_once()
    with translated(url):
        try:
            hello = client.admin.command("hello")
            version = str(client.admin.command("buildInfo")["version"])
        except BaseException:
            client.close()
            raise
    return Server(url, client, name, version, _kind(hello), owner)


def _leave_at_once() -> None:
    """Keep the driver from holding up the end of the program by half a second, for threads that only sleep.

    They are daemons, and what they would close is closed: pymongo.synchronous.monitor registers this since 4.9, and
    a version that does not is left as it is.
    """
    with suppress(ImportError, AttributeError):
        from pymongo.synchronous import monitor  # noqa: PLC0415  # a part of the driver that may change

        atexit.unregister(monitor._shutdown_resources)


def _kind(hello: Mapping[str, Any]) -> str:
    """What a server says that it is. The driver asks a secondary only when the URL leads to nobody else."""
    if hello.get("msg") == "isdbgrid":
        return "router"
    if "setName" not in hello:
        return "standalone"
    return "secondary" if hello.get("secondary") else "replica set"


def _patience(url: Url) -> dict[str, Any]:
    """Wait a few seconds for a server, where the driver would wait thirty and the URL says nothing else."""
    said = "serverselectiontimeoutms" in url.reveal().lower()
    return {} if said else {"serverSelectionTimeoutMS": SELECTION_MILLISECONDS}


def _unusable(url: Url, error: Exception) -> InputError:
    return InputError(
        Diagnostic(
            "ST003",
            mask(f"the URL {url} cannot be used: {error}", (url,)),
            hint="it looks like mongodb://user:password@host:27017/database, with special characters %-escaped",
        )
    )
