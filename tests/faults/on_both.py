"""Faults between the two stores: a migration has a half in each, and one of them fails or is never reached."""

from __future__ import annotations

import signal
import time

from tests.faults.on_mongo import prepare as prepare_mongo
from tests.faults.steps import M_EMAIL, M_USERS, NOTE, USERS
from tests.faults.tools import Ours, Step
from tests.faults.trial import Trial


def _halves(trial: Trial, other: Trial) -> None:
    """Write migrations with a half in each store into one project."""
    tool, second = trial.tool, other.tool
    assert isinstance(tool, Ours)
    assert isinstance(second, Ours)
    tool.more = {"mongo": (second.url, second.database)}
    second.more = {"postgres": (tool.url, tool.database)}
    second.folder = tool.folder
    prepare_mongo(other)


def _email(text: Step) -> Step:
    return Step("0003_note", text.up, text.down, text.present, text.transactional)


def mongo_fails(trial: Trial, other: Trial) -> None:
    """The PostgreSQL half of a migration is applied, and the MongoDB half fails; it is corrected, and run again."""
    _halves(trial, other)
    trial.write(USERS, NOTE)
    other.write(M_USERS, _email(M_EMAIL))
    with other.database.open() as database:
        database["users_by_hand"].insert_one({"_id": 1})
        database["users"].insert_one({"_id": 0})
    ended = trial.run()
    trial.failed(ended, "0001_users", codes=(3,))
    trial.holds("verified" not in ended.output, "says that all is well")
    trial.stands()
    other.stands()
    with other.database.open() as database:
        database.drop_collection("users")
    _both_converge(trial, other)


def postgres_fails(trial: Trial, other: Trial) -> None:
    """The PostgreSQL half fails: the MongoDB half of the same migration is not begun."""
    _halves(trial, other)
    trial.write(USERS, NOTE)
    other.write(M_USERS, _email(M_EMAIL))
    trial.database.query("create table users (id int)")
    trial.failed(trial.run(), "already exists", codes=(3,))
    trial.holds("0001_users" not in other.tool.recorded(), "goes on in the other store")
    trial.database.query("alter table users rename to users_by_hand")
    _both_converge(trial, other)


def killed_between(trial: Trial, other: Trial) -> None:
    """Kill -9 after the PostgreSQL half has committed and before the MongoDB half begins; then at random moments."""
    _halves(trial, other)
    trial.write(USERS, NOTE)
    other.write(M_USERS, _email(M_EMAIL))
    for point in ("2:committed", "5:committed"):
        running = trial.start(SCHEMATOOL_FAIL_AT=point)
        trial.holds(running.wait().code == -signal.SIGKILL, "did not die")
        trial.stands()
        other.stands()
    for _ in range(3):
        running = trial.start()
        time.sleep(trial.chance.uniform(0.1, 0.6))
        trial.killed(running, signal.SIGKILL)
        trial.stands()
        other.stands()
    _both_converge(trial, other)


def _both_converge(trial: Trial, other: Trial) -> None:
    trial.converges()
    other.stands()
    wanted = {step.id for step in other.steps}
    other.holds(other.tool.recorded() >= wanted, "not all applied")
    trial.found += other.found
