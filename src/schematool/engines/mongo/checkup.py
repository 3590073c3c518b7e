"""What `doctor` asks a MongoDB server: who we are, what we may do, what would be in the way. Reads only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from ipaddress import ip_address
from typing import Any

from pymongo.errors import OperationFailure

from schematool.core.errors import WorldError
from schematool.engines.contract import CLOCK_SECONDS, Check, Checkup, Health
from schematool.engines.mongo import journal, lease, scratch, trash
from schematool.engines.mongo.server import OWN, Server

SUPPORTED = range(6, 9)
"""Majors that the tests run on."""
READER, MIGRATOR = "schematool_reader", "schematool_migrator"

_LOOK = ("listCollections", "listIndexes", "collStats")
# What the commands of migrations need on the collections of the database, and what the ledger and the lease need.
_CHANGE = (
    "changeStream",
    "collMod",
    "convertToCapped",
    "createCollection",
    "createIndex",
    "dropCollection",
    "dropIndex",
    "find",
    "indexStats",
    "insert",
    "remove",
    "renameCollectionSameDB",
    "update",
    "validate",
    "bypassDocumentValidation",
)
_VERIFYING = ("listCollections", "listIndexes")
_CHANGING = "collMod createCollection createIndex dropCollection dropIndex insert update"
_MIGRATING = (*_VERIFYING, *_CHANGING.split())
_LEDGER = f"{OWN}ledger"
_READ = ("ledger", "lock", "sharding")
"""Which of our own collections `verify`, `status` and `doctor` look into."""


def examine(server: Server) -> Checkup:
    """Look at server, user and database. The commands make a user that can verify, and one that can migrate."""
    checks = (*_server(server), connection(server), *_members(server), *_rights(server), *_in_the_way(server))
    return Checkup(checks, _reader(server), _migrator(server))


def _server(server: Server) -> Iterator[Check]:
    if int(server.version.partition(".")[0]) in SUPPORTED:
        yield Check("server", Health.OK, f"MongoDB {server.version}")
    else:
        hint = f"schematool is tested with {SUPPORTED[0]} to {SUPPORTED[-1]}"
        yield Check("server", Health.ERROR, f"MongoDB {server.version} is not supported", "ST531", hint)
    began = time.time()
    there = server.client.admin.command("hello")["localTime"]
    there = (there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp()
    off = max(began - there, there - time.time(), 0.0)
    if off > CLOCK_SECONDS:
        text = f"the server's clock and ours differ by {off:.0f} s: times in the ledger are the server's"
        yield Check("clock", Health.WARNING, text, "ST534", "let both follow the same time server")
    else:
        yield Check("clock", Health.OK, "agrees with ours")


def connection(server: Server) -> Check:
    """Whether the way to the servers is protected, as far as it leaves this machine."""
    hosts = sorted({host for host, _ in server.client.nodes})
    far = [host for host in hosts if _far(host)]
    options = server.client.options.pool_options
    context = options._ssl_context  # noqa: SLF001, RUF100  # pymongo tells it nowhere else
    if not far:
        return Check("connection", Health.OK, "on this machine")
    if context is None:
        hint = "add tls=true, and tlsCAFile=… for a certificate authority of your own, to the URL"
        return Check("connection", Health.WARNING, f"to {', '.join(far)} without encryption", "ST533", hint)
    if not getattr(context, "check_hostname", True) or getattr(context, "verify_mode", 2) == 0:
        hint = "take tlsInsecure, tlsAllowInvalidCertificates and tlsAllowInvalidHostnames out of the URL"
        text = f"encrypted, but {', '.join(far)} need not show a certificate"
        return Check("connection", Health.WARNING, text, "ST533", hint)
    return Check("connection", Health.OK, f"encrypted, and {', '.join(far)} has shown its certificate")


def _far(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def _members(server: Server) -> Iterator[Check]:
    if server.kind == "standalone":
        hint = "start it with --replSet and run rs.initiate(): a replica set of one is enough"
        text = "a standalone server: `verify` and `status` work here, `migrate` does not"
        yield Check("standing", Health.WARNING, text, "ST506", hint)
        return
    if server.kind == "router":
        yield Check("standing", Health.OK, "a router of a sharded cluster")
        return
    hello = server.client.admin.command("hello")
    if not hello.get("primary"):
        yield Check("standing", Health.ERROR, f"replica set {hello['setName']} has no primary", "ST506")
        return
    try:
        members = server.client.admin.command("replSetGetStatus")["members"]
    except OperationFailure:
        text = f"replica set {hello['setName']}, primary {hello['primary']}; its members are not for us to see"
        yield Check("standing", Health.OK, text)
        return
    ill = [m for m in members if m["stateStr"] not in {"PRIMARY", "SECONDARY", "ARBITER"}]
    told = f"replica set {hello['setName']} of {len(members)}, primary {hello['primary']}"
    if not ill:
        yield Check("standing", Health.OK, told)
        return
    names = ", ".join(f"{m['name']} is {m['stateStr']}" for m in ill)
    hint = "a migration waits for a majority; bring the member back, or take it out of the set"
    yield Check("standing", Health.WARNING, f"{told}; {names}", "ST506", hint)


def _rights(server: Server) -> Iterator[Check]:
    info = server.client.admin.command({"connectionStatus": 1, "showPrivileges": True})["authInfo"]
    users = [f"{user['user']}@{user['db']}" for user in info["authenticatedUsers"]]
    if not users and not _guarded(server):
        far = any(_far(host) for host, _ in server.client.nodes)
        health = Health.ERROR if far else Health.NOTE
        text = "the server asks nobody who they are: whoever reaches it may do everything"
        yield Check("user", health, text, "ST532" if far else "", "start it with --auth" if far else None)
        return
    yield Check("user", Health.OK, ", ".join(users) or "nobody")
    allowed = _allowed(info["authenticatedUserPrivileges"], server.name)
    for what, needed in (("verify", _VERIFYING), ("migrate", _MIGRATING)):
        missing = [action for action in needed if action not in allowed]
        if what == "verify" and "find" not in allowed and not _may_read_ledger(info, server.name):
            missing.append(f"find on {_LEDGER}")
        if not missing:
            yield Check(what, Health.OK, "allowed")
            continue
        who = "reader" if what == "verify" else "migrator"
        health = Health.ERROR if what == "verify" else Health.NOTE
        text = f"`{what}` is not allowed to {', '.join(users) or 'nobody'}: no {', '.join(missing)}"
        yield Check(what, health, text, "ST532", f"see the commands for a {who}")


def _guarded(server: Server) -> bool:
    """Whether the server has access control: without it everybody may read who has which role."""
    try:
        server.client.admin.command("listDatabases", nameOnly=True, authorizedDatabases=False)
    except OperationFailure:
        return True
    return False


def _allowed(privileges: Sequence[Mapping[str, Any]], database: str) -> set[str]:
    """The actions that are allowed on every collection of the database."""
    return {
        action
        for privilege in privileges
        if (on := privilege["resource"]).get("anyResource")
        or (on.get("db") in {"", database} and on.get("collection") == "")
        for action in privilege["actions"]
    }


def _may_read_ledger(info: Mapping[str, Any], database: str) -> bool:
    return any(
        "find" in privilege["actions"]
        for privilege in info["authenticatedUserPrivileges"]
        if privilege["resource"].get("db") == database and privilege["resource"].get("collection") == _LEDGER
    )


def _in_the_way(server: Server) -> Iterator[Check]:
    try:
        held = lease.holder(server)
        rows = journal.rows(server)
        kept = trash.kept(server)
    except (OperationFailure, WorldError):
        return  # said above: the ledger cannot be read
    if held:
        yield Check("lock", Health.NOTE, held.message.partition("; waited")[0], held.code, held.hint)
    else:
        yield Check("lock", Health.OK, "free")
    for row in rows:
        if row.state == "partial":
            text = f"{row.id} was begun and not finished: {row.done} of {row.total} commands"
            yield Check("leftover", Health.WARNING, text, "ST404", "run `schematool migrate`, or roll it back")
    if kept:
        text = f"{len(kept)} collection{'' if len(kept) == 1 else 's'} that migrations dropped are still put aside"
        yield Check("leftover", Health.NOTE, text, "ST535", "`schematool purge --dry-run` lists them")
    try:
        left = scratch.leftovers(server)
    except WorldError:  # the list of databases is not for everybody to see
        left = ()
    for name in left:
        text = f"scratch database {name}: of a run under way, or left by one that was killed"
        yield Check("leftover", Health.NOTE, text, "ST535", "drop it when nothing runs")


def _reader(server: Server) -> tuple[str, ...]:
    """Make a user that can `verify` and read the `status`, and that sees no document but those of the ledger."""
    on = server.name
    privileges = [
        {"resource": {"db": on, "collection": ""}, "actions": list(_LOOK)},
        *(
            {"resource": {"db": on, "collection": OWN + name}, "actions": ["find"]}
            for name in ("ledger", "lock", "sharding")
        ),
    ]
    return _account(READER, privileges)


def _migrator(server: Server) -> tuple[str, ...]:
    """Make a user that can change every collection of the database, and see who else is connected."""
    on = server.name
    privileges = [
        {"resource": {"db": on, "collection": ""}, "actions": sorted({*_LOOK, *_CHANGE})},
        {"resource": {"db": on, "collection": "system.views"}, "actions": ["find"]},
    ]
    return _account(MIGRATOR, privileges)


def _account(name: str, privileges: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Both commands, as mongosh takes them; the password is asked for."""
    role = {"createRole": name, "privileges": list(privileges), "roles": []}
    user = json.dumps({"createUser": name, "pwd": "PWD", "roles": [name]}).replace('"PWD"', "passwordPrompt()")
    return (f"db.runCommand({json.dumps(role)})", f"db.runCommand({user})")
