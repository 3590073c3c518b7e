"""The faults of MongoDB, each a function that has it happen to a program and notes what did not hold."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pymongo import MongoClient

from tests.faults import clock
from tests.faults.proxy import SILENT, SLOW, Proxy
from tests.faults.steps import M_BIG, M_EMAIL, M_MADE, M_NOTE, M_USERS, collection, fill_big
from tests.faults.tools import Step
from tests.faults.trial import INTERRUPTED, PATIENTS, Trial

ALL = (M_USERS, M_EMAIL, M_NOTE)
DROPPED_BY = ("users", "big", "late", "_schematool_ledger", "_schematool_lock", "changelog", "changelog_lock")


def prepare(trial: Trial) -> None:
    """Put there what was there before."""
    with trial.database.open() as database:
        database["patients"].insert_many({"_id": n} for n in range(PATIENTS))


def _clear(trial: Trial) -> None:
    with trial.database.open() as database:
        for name in DROPPED_BY:
            database.drop_collection(name)


def _applied(trial: Trial, *steps: Step) -> None:
    """Apply steps before the fault happens."""
    trial.write(*steps)
    ended = trial.run()
    assert ended.code == 0, ended.output


@contextmanager
def _busy(trial: Trial) -> Iterator[None]:
    """Keep `users` busy: DDL on it waits for an open transaction that has written there."""
    with (
        MongoClient[dict[str, Any]](trial.database.plain.reveal()) as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        client[trial.database.name]["users"].update_one({"_id": 0}, {"$set": {"seen": 1}}, session=session)
        yield
        session.abort_transaction()


def _waiting(trial: Trial) -> Any:
    """Start a run whose command has to wait."""
    running = trial.start()
    trial.until(
        "it waits", lambda: trial.database.running("createIndexes") or trial.database.running("collMod"), running
    )
    return running


def random_kills(trial: Trial) -> None:
    """Kill -9 at a random moment of a run, again and again."""
    counts: dict[str, int] = {}
    whole = 0.0
    for number in range(trial.kills + 1):
        _clear(trial)
        trial.write(*ALL)
        began = time.monotonic()
        running = trial.start()
        if number == 0:
            running.wait()
            whole = time.monotonic() - began
            continue
        time.sleep(trial.chance.uniform(whole * 0.3, whole))
        trial.killed(running, signal.SIGKILL)
        before = len(trial.found)
        trial.stands()
        trial.converges()
        for word in dict.fromkeys(trial.found[before:]):
            counts[word] = counts.get(word, 0) + 1
        del trial.found[before:]
    trial.found += [f"{word}: {count} of {trial.kills}" for word, count in counts.items()]


def signals(trial: Trial) -> None:
    """SIGTERM, SIGINT and SIGHUP while a command waits."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        _clear(trial)
        _applied(trial, M_USERS)
        trial.write(M_USERS, M_EMAIL)
        with _busy(trial):
            ended = trial.killed(_waiting(trial), number)
        trial.heard(ended)
        trial.failed(ended, "stopped by a signal", codes=sorted(INTERRUPTED))
        trial.stands()
        trial.converges()


def signal_in_a_build(trial: Trial) -> None:
    """SIGTERM in the middle of an index build: the server stops building."""
    running = _build(trial)
    ended = trial.killed(running, signal.SIGTERM)
    trial.heard(ended)
    trial.failed(ended, "stopped by a signal", codes=sorted(INTERRUPTED))
    trial.holds(not _building(trial), "the server goes on building")
    trial.stands()
    trial.converges()


def _build(trial: Trial) -> Any:
    """Start a run that is in the middle of an index build."""
    _applied(trial, M_MADE)
    with trial.database.open() as database:
        fill_big(database)
    trial.write(M_MADE, M_BIG)
    running = trial.start()
    trial.until("it builds", lambda: _building(trial), running)
    return running


def _building(trial: Trial) -> bool:
    stages = [{"$currentOp": {"allUsers": True}}, {"$match": {"msg": {"$regex": "^Index Build"}}}]
    with trial.database.open() as database:
        return any(
            str(row.get("ns", "")).startswith(trial.database.name) for row in database.client.admin.aggregate(stages)
        )


def killed_in_a_build(trial: Trial) -> None:
    """Kill -9 of the program in the middle of an index build: the server goes on building."""
    running = _build(trial)
    trial.killed(running, signal.SIGKILL)
    trial.converges()


def server_killed_in_a_build(trial: Trial) -> None:
    """Kill -9 of mongod in the middle of an index build; it is started again."""
    running = _build(trial)
    trial.database.ground.kill()
    time.sleep(0.3)
    trial.database.ground.start()
    ended = running.wait(60)
    trial.heard(ended)
    trial.converges()


def steps_down(trial: Trial) -> None:
    """The primary steps down while a command waits, and is elected again."""
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL)
    with MongoClient[dict[str, Any]](trial.database.plain.reveal()) as client:
        try:
            with _busy(trial):
                running = _waiting(trial)
                client.admin.command("replSetStepDown", 1, secondaryCatchUpPeriodSecs=0, force=True)
        except Exception:  # the transaction that kept it busy ends with the primary
            time.sleep(0)
        trial.until("it is primary again", lambda: client.admin.command("hello")["isWritablePrimary"])
    ended = running.wait(60)
    trial.heard(ended)
    trial.converges()


# --- the network -----------------------------------------------------------------------------------------------------


def _through(trial: Trial) -> Proxy:
    host, port = MongoClient[dict[str, Any]](trial.database.plain.reveal()).address or ("127.0.0.1", 0)
    proxy = Proxy((host, port))
    trial.tool.url = trial.database.plain.reveal().replace(f":{port}/", f":{proxy.port}/")  # type: ignore[attr-defined]  # every tool has one
    trial.after.append(proxy.close)
    return proxy


def network_resets(trial: Trial) -> None:
    """The connections are reset while a command waits."""
    proxy = _through(trial)
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL)
    with _busy(trial):
        running = _waiting(trial)
        proxy.reset()
        time.sleep(0.3)
    ended = running.wait(60)
    trial.heard(ended)
    trial.stands()
    trial.converges()


def network_is_silent(trial: Trial) -> None:
    """The network swallows everything while a command waits, and comes back without what it swallowed."""
    proxy = _through(trial)
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL)
    with _busy(trial):
        running = _waiting(trial)
        proxy.manner = SILENT
    time.sleep(1.5)
    proxy.manner = "open"
    ended = running.wait(60)
    trial.heard(ended)
    trial.stands()
    trial.converges()


def network_is_slow(trial: Trial) -> None:
    """Everything takes longer."""
    proxy = _through(trial)
    proxy.manner = SLOW
    trial.write(*ALL)
    trial.converges()


def cut_after_commit(trial: Trial) -> None:
    """The connection is cut after a command was sent and before its answer came."""
    _cut(trial, "after")


def cut_before_commit(trial: Trial) -> None:
    """The connection is cut instead of passing a command on."""
    _cut(trial, "before")


def _cut(trial: Trial, how: str) -> None:
    proxy = _through(trial)
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL, M_NOTE)
    proxy.cut_at, proxy.cut = b"createIndexes\x00", how
    ended = trial.start().wait(60)
    trial.holds(proxy.cuts, "no command was seen")
    trial.heard(ended)
    trial.stands()
    trial.converges()


# --- locks and refusals ----------------------------------------------------------------------------------------------


def collection_in_use(trial: Trial) -> None:
    """A transaction keeps a collection busy for two seconds while it is to be changed."""
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_NOTE)
    with _busy(trial):
        running = trial.start()
        time.sleep(2)
    ended = running.wait(60)
    trial.heard(ended)
    trial.holds(ended.code == 0, f"exit code {ended.code}")
    trial.stands()


def duplicates(trial: Trial) -> None:
    """Documents share the key of a unique index; they are removed, and it is run again."""
    _applied(trial, M_USERS)
    with trial.database.open() as database:
        database["users"].insert_one({"_id": -1, "email": "1@example.com"})
    trial.write(M_USERS, M_EMAIL)
    trial.failed(trial.run(), "11000", codes=(3,))
    trial.stands()
    with trial.database.open() as database:
        database["users"].delete_one({"_id": -1})
    trial.converges()


def runners_at_once(trial: Trial) -> None:
    """Many runners at once on a fresh database."""
    counted = Step(
        "0002_count",
        (
            json.dumps({"update": "users", "updates": [{"q": {"_id": 0}, "u": {"$inc": {"runs": 1}}}]}),
            M_EMAIL.up[0],
        ),
        (M_EMAIL.down[0],),
        M_EMAIL.present,
    )
    trial.write(M_USERS, counted, M_NOTE)
    ended = [one.wait(120) for one in [trial.start() for _ in range(trial.runners)]]
    for one in ended:
        trial.heard(one)
    failed = sum(one.code != 0 for one in ended)
    trial.holds(not failed, f"{failed} of {trial.runners} fail")
    with trial.database.open() as database:
        trial.holds((database["users"].find_one({"_id": 0}) or {}).get("runs") == 1, "ran twice")
    trial.stands()


def clocks_differ(trial: Trial) -> None:
    """Three hosts at once, a year apart, each process number 1; then leases whose end the server's own clock misses."""
    counted = Step(
        "0002_count",
        (json.dumps({"update": "users", "updates": [{"q": {"_id": 0}, "u": {"$inc": {"runs": 1}}}]}), M_EMAIL.up[0]),
        (M_EMAIL.down[0],),
        M_EMAIL.present,
    )
    trial.write(M_USERS, counted)
    for one in [trial.start(**clock.environment(days * clock.DAY)) for days in (400, -400, 0)]:
        ended = one.wait(120)
        trial.heard(ended)
        trial.holds(ended.code == 0, "one fails")
    with trial.database.open() as database:
        trial.holds((database["users"].find_one({"_id": 0}) or {}).get("runs") == 1, "ran twice")
    trial.stands()
    if not trial.tool.ours:
        return
    # The server's clock is put back by a year under a lease: its holder is dead, and it ends in a year.
    _clear(trial)
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL)
    with _busy(trial):
        trial.killed(_waiting(trial), signal.SIGKILL)
        _lease_ends(trial, {"$add": ["$$NOW", 365 * clock.DAY * 1000]})
    trial.converges()
    # It is put forward by an hour under another: somebody else takes the lock of a run that is still at work.
    _clear(trial)
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL)
    with _busy(trial):
        first = _waiting(trial)
        _lease_ends(trial, {"$subtract": ["$$NOW", 3600 * 1000]})
        second = trial.start()
        time.sleep(1)
    for one in (first, second):
        ended = one.wait(60)
        trial.heard(ended)
        trial.holds(ended.code in {0, 3}, f"exit code {ended.code}")
    trial.stands()
    trial.converges()


def _lease_ends(trial: Trial, when: Any) -> None:
    with trial.database.open() as database:
        moved = database["_schematool_lock"].update_one({"_id": "migrate"}, [{"$set": {"leaseUntil": when}}])
        assert moved.modified_count == 1


def too_many_indexes(trial: Trial) -> None:
    """A collection has 64 indexes already, the limit; one is dropped, and it is run again."""
    _applied(trial, M_USERS)
    with trial.database.open() as database:
        for n in range(62):
            database["users"].create_index([(f"f{n}", 1)])
    trial.write(M_USERS, M_EMAIL)
    trial.failed(trial.run(), "67", codes=(3,))
    trial.stands()
    with trial.database.open() as database:
        database["users"].drop_index("f0_1")
    trial.converges(by_hand=True)


# --- what people do --------------------------------------------------------------------------------------------------


def index_of_another(trial: Trial) -> None:
    """An index of that name, and then one of those keys, is there already with other options; neither may be lost."""
    _applied(trial, M_USERS)
    trial.write(M_USERS, M_EMAIL)
    for name, sparse in (("email_1", True), ("by_email", False)):
        with trial.database.open() as database:
            database["users"].create_index([("email", 1)], name=name, sparse=sparse, unique=not sparse)
        ended = trial.run()
        with trial.database.open() as database:
            trial.holds(name in database["users"].index_information(), "dropped what it did not make")
            database["users"].drop_index(name)
        trial.failed(ended, codes=(3,))
    trial.converges()


def drift_before_apply(trial: Trial) -> None:
    """What a migration is about to make is there already, with documents in it, made by hand."""
    with trial.database.open() as database:
        database["users"].insert_one({"_id": "mine"})
    trial.write(M_USERS, M_NOTE)
    ended = trial.run()
    trial.failed(ended, "48", codes=(3,))
    with trial.database.open() as database:
        trial.holds(database["users"].count_documents({"_id": "mine"}) == 1, "dropped what it did not make")
        database["users"].rename("late")
    trial.converges()


def collection_dropped(trial: Trial) -> None:
    """Somebody drops the collection between two migrations."""
    _applied(trial, M_USERS)
    with trial.database.open() as database:
        database.drop_collection("users")
    trial.write(M_USERS, M_EMAIL)
    ended = trial.run()
    if trial.holds(ended.code != 0, "says that all is well"):
        trial.failed(ended, "not there", codes=(3,))


def data_surprises(trial: Trial) -> None:
    """Documents break the rule that a migration adds; they are corrected, and it is run again."""
    _applied(trial, M_USERS)
    strict = replace(
        M_NOTE,
        up=(
            json.dumps({"collMod": "users", "validator": {"email": {"$type": "string"}}, "validationLevel": "strict"}),
        ),
    )
    with trial.database.open() as database:
        database["users"].insert_one({"_id": -1, "email": 5})
    trial.write(M_USERS, strict)
    ended = trial.run()
    if trial.holds(ended.code != 0, "accepted silently"):
        trial.failed(ended, "-1", codes=(3,))
        trial.stands()
    with trial.database.open() as database:
        database["users"].delete_one({"_id": -1})
    trial.converges()


def ledger_row_deleted(trial: Trial) -> None:
    """A line of the ledger is deleted by hand: what it spoke of must be neither lost nor run again unasked."""
    _applied(trial, *ALL)
    with trial.database.open() as database:
        database["_schematool_ledger"].delete_one({"_id": "0001_users"})
        database["changelog"].delete_one({"fileName": "0001_users.js"})
    ended = trial.run()
    trial.failed(ended, codes=(3, 4))
    with trial.database.open() as database:
        trial.holds(database["users"].count_documents({}) == 50, "lost documents")
    trial.keeps()


def ledger_dropped(trial: Trial) -> None:
    """The ledger is dropped."""
    _applied(trial, *ALL)
    with trial.database.open() as database:
        for name in DROPPED_BY[3:]:
            database.drop_collection(name)
    trial.failed(trial.run(), codes=(3, 4))
    with trial.database.open() as database:
        trial.holds(database["users"].count_documents({}) == 50, "lost documents")
    trial.keeps()


def file_edited(trial: Trial) -> None:
    """A file is edited after it was applied."""
    _applied(trial, M_USERS, M_NOTE)
    trial.write(M_USERS, replace(M_NOTE, up=(*M_NOTE.up, json.dumps({"create": "later"}))))
    ended = trial.run()
    if trial.holds(ended.code != 0, "accepted silently"):
        trial.failed(ended, "edited", codes=(2, 4))
    trial.stands()


def file_inserted_below(trial: Trial) -> None:
    """A branch brings a migration with a lower number than one that is applied."""
    _applied(trial, M_USERS, M_NOTE)
    between = Step("0002_late", (json.dumps({"create": "late"}),), (json.dumps({"drop": "late"}),), collection("late"))
    trial.write(M_USERS, between, M_NOTE)
    ended = trial.run()
    if trial.holds(ended.code != 0, "accepted silently"):
        trial.failed(ended, "0002_late", codes=(4,))
    trial.stands()
