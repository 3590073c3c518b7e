"""The faults of PostgreSQL, each a function that has it happen to a program and notes what did not hold."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg

from tests.faults import clock
from tests.faults.proxy import SILENT, SLOW, Proxy
from tests.faults.steps import BASE, BEFORE, EMAIL, NOTE, PLAIN, USERS, column, index, relation
from tests.faults.steps import SLOW as SLOWLY
from tests.faults.tools import Step
from tests.faults.trial import INTERRUPTED, Trial

ALL = (USERS, EMAIL, NOTE)


def prepare(trial: Trial) -> None:
    """Put there what was there before."""
    trial.database.query(BEFORE)
    trial.base = (BASE,)


def _pace(trial: Trial, seconds: float) -> None:
    trial.database.query("update pace set seconds = %s", seconds)


def _applied(trial: Trial, *steps: Step) -> None:
    """Apply steps before the fault happens."""
    trial.write(*steps)
    ended = trial.run()
    assert ended.code == 0, ended.output


def _slowly(trial: Trial) -> Any:
    """Start a run that is in the middle of a transaction."""
    _applied(trial, USERS)
    trial.write(USERS, SLOWLY)
    _pace(trial, 30)
    running = trial.start()
    trial.until("the slow statement runs", lambda: trial.database.running("pg_sleep(seconds)"), running)
    _pace(trial, 0)
    return running


def random_kills(trial: Trial) -> None:
    """Kill -9 at a random moment of a run, again and again."""
    counts: dict[str, int] = {}
    whole = 0.0
    for number in range(trial.kills + 1):
        trial.database.clear()
        prepare(trial)
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
        trial.lets_go()
        trial.stands()
        trial.converges()
        for word in dict.fromkeys(trial.found[before:]):
            counts[word] = counts.get(word, 0) + 1
        del trial.found[before:]
    trial.found += [f"{word}: {count} of {trial.kills}" for word, count in counts.items()]


def signals(trial: Trial) -> None:
    """SIGTERM, SIGINT and SIGHUP in the middle of a statement."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        trial.database.clear()
        prepare(trial)
        running = _slowly(trial)
        ended = trial.killed(running, number)
        trial.heard(ended)
        trial.failed(ended, "0003_slow is not applied", codes=sorted(INTERRUPTED))
        trial.lets_go()
        trial.converges()


def immediate_restart(trial: Trial) -> None:
    """The server is restarted at once, in the middle of a transaction."""
    running = _slowly(trial)
    trial.database.ground.restart()
    ended = running.wait(40)
    trial.heard(ended)
    trial.failed(ended, codes=(3,))
    trial.converges()


def restart_in_concurrently(trial: Trial) -> None:
    """The server is restarted at once, while an index is built concurrently."""
    _applied(trial, USERS)
    trial.write(USERS, EMAIL)
    with suppress(psycopg.OperationalError), trial.database.session() as holder:
        holder.execute("begin isolation level repeatable read")
        holder.execute("select count(*) from patients")
        running = trial.start()
        trial.until("the index waits", lambda: trial.database.running("create unique index"), running)
        time.sleep(0.2)
        trial.database.ground.restart()
    ended = running.wait(40)
    trial.heard(ended)
    trial.stands()
    trial.converges()


def backend_killed(trial: Trial) -> None:
    """Kill -9 of the server process that runs the statement: the server recovers."""
    running = _slowly(trial)
    trial.database.ground.kill_backend(trial.database.name, "pg_sleep(seconds)")
    ended = running.wait(40)
    trial.heard(ended)
    trial.failed(ended, codes=(3,))
    trial.converges()


def backend_terminated(trial: Trial) -> None:
    """An administrator ends the session in the middle of a statement."""
    running = _slowly(trial)
    trial.database.end_sessions("pg_sleep(seconds)")
    ended = running.wait(40)
    trial.heard(ended)
    trial.failed(ended, "0003_slow is not applied", codes=(3,))
    trial.lets_go()
    trial.converges()


def idle_sessions_end(trial: Trial) -> None:
    """The database ends sessions that do nothing for a while, and a statement takes longer than that."""
    _applied(trial, USERS)
    trial.database.query(f"alter database {trial.database.name} set idle_session_timeout = '300ms'")
    trial.write(USERS, SLOWLY)
    _pace(trial, 1)
    trial.converges()


# --- the network -----------------------------------------------------------------------------------------------------


def _through(trial: Trial) -> Proxy:
    """Put a proxy between the program and the server."""
    with psycopg.connect(trial.database.plain.reveal()) as connection:
        info = connection.info
        target = f"{info.host}/.s.PGSQL.{info.port}" if info.host.startswith("/") else (info.host, info.port)
    proxy = Proxy(target)
    user = trial.database.url.reveal().partition("@")[0]
    trial.tool.url = (  # type: ignore[attr-defined]  # every tool has one
        f"{user}@127.0.0.1:{proxy.port}/{trial.database.name}?sslmode=disable&gssencmode=disable"
    )
    trial.after.append(proxy.close)
    return proxy


def network_resets(trial: Trial) -> None:
    """The connection is reset in the middle of a statement."""
    proxy = _through(trial)
    running = _slowly(trial)
    proxy.reset()
    ended = running.wait(40)
    trial.heard(ended)
    trial.failed(ended, codes=(3,))
    trial.lets_go()
    trial.converges()


def network_is_silent(trial: Trial) -> None:
    """The network swallows everything in the middle of a statement, and comes back without what it swallowed."""
    proxy = _through(trial)
    running = _slowly(trial)
    proxy.manner = SILENT
    trial.database.query(
        "select pg_cancel_backend(pid) from pg_stat_activity where query like '%pg_sleep(seconds)%'"
        " and pid <> pg_backend_pid()"
    )
    time.sleep(1.5)
    proxy.manner = "open"
    ended = running.wait(30)
    trial.heard(ended)
    if ended.code == 124:
        trial.database.end_sessions()
    else:
        trial.failed(ended, codes=(3,))
    trial.lets_go()
    trial.converges()


def network_is_slow(trial: Trial) -> None:
    """Everything takes longer."""
    proxy = _through(trial)
    proxy.manner = SLOW
    trial.write(*ALL)
    trial.converges()


def cut_after_commit(trial: Trial) -> None:
    """The connection is cut after COMMIT was sent: the server has committed, and the answer is lost."""
    _cut(trial, "after", half_open=False)


def cut_before_commit(trial: Trial) -> None:
    """The connection is cut instead of passing COMMIT on: nothing was committed."""
    _cut(trial, "before", half_open=False)


def cut_half_open(trial: Trial) -> None:
    """The connection is cut at COMMIT, and the server does not notice: its session lives on, with all its locks."""
    _cut(trial, "after", half_open=True)
    _cut(trial, "before", half_open=True)


def _cut(trial: Trial, how: str, *, half_open: bool) -> None:
    proxy = _through(trial)
    trial.database.clear()
    prepare(trial)
    _applied(trial)
    trial.write(USERS, NOTE)
    proxy.cut_at, proxy.cut, proxy.half_open = b"COMMIT", how, half_open
    ended = trial.start().wait(40)
    trial.holds(proxy.cuts, "no COMMIT was seen")
    trial.heard(ended)
    if trial.tool.ours and how == "after":
        trial.holds(ended.code == 0, "did not see that it was committed")
    trial.stands()
    trial.converges()
    proxy.reset()
    _ran_once(trial)


def _ran_once(trial: Trial) -> None:
    counted = trial.database.query("select id, count(*) from public.ran group by 1 order by 1")
    trial.holds(all(times == 1 for _, times in counted), "ran twice")
    trial.holds({name for name, _ in counted} == {"0001", "0003"}, "not all applied")


# --- locks -----------------------------------------------------------------------------------------------------------


def _others_wait(trial: Trial, mode: str, query: str, words: str) -> None:
    stop, longest = threading.Event(), [0.0]

    def work() -> None:
        with trial.database.session() as worker:
            while not stop.is_set():
                began = time.monotonic()
                worker.execute(query)
                longest[0] = max(longest[0], time.monotonic() - began)
                time.sleep(0.02)

    with trial.database.session() as holder:
        holder.execute("begin")
        holder.execute(f"lock table users in {mode} mode")
        worker = threading.Thread(target=work)
        worker.start()
        running = trial.start()
        trial.until("it waits", lambda: trial.database.running(words), running)
        time.sleep(3)
        holder.execute("commit")
    ended = running.wait()
    stop.set()
    worker.join()
    trial.heard(ended)
    trial.holds(ended.code == 0, f"exit code {ended.code}")
    if trial.tool.ours:
        trial.holds("reporting of" in ended.output, "does not name who is in the way")
    trial.holds(longest[0] < 2.0, f"others waited {longest[0]:.0f} s")
    trial.stands()


def writers_wait(trial: Trial) -> None:
    """Somebody writes for three seconds to a table that is to be reindexed, outside of a transaction."""
    _applied(trial, USERS)
    step = Step("0002_again", ("reindex table users",), ("select 1",), index("users_pkey"), transactional=False)
    trial.write(USERS, step)
    _others_wait(trial, "row exclusive", "update users set email = email where id = -1", "reindex table")


def readers_wait(trial: Trial) -> None:
    """Somebody reads a table for three seconds while it is to be altered: other readers must not wait for that."""
    _applied(trial, USERS)
    trial.write(USERS, NOTE)
    _others_wait(trial, "access share", "select count(*) from users", "alter table users")


def deadlock(trial: Trial) -> None:
    """Another session and the migration wait for each other: one of both is ended by the server."""
    _applied(trial, USERS)
    trial.database.query("alter system set deadlock_timeout = '200ms'")
    trial.database.query("select pg_reload_conf()")
    trial.after.append(lambda: trial.database.query("alter system reset deadlock_timeout"))
    step = Step(
        "0003_two",
        ("alter table users add two text", "select pg_sleep(seconds) from pace", "lock table ran"),
        ("select 1", "select 1", "alter table users drop two"),
        column("users", "two"),
    )
    trial.write(USERS, step)
    _pace(trial, 0.6)
    with trial.database.session() as other:
        # It looks for deadlocks later than the migration does, so that it is the migration which is ended.
        other.execute("set deadlock_timeout = '10s'")
        other.execute("begin")
        other.execute("lock table ran in share mode")
        running = trial.start()
        trial.until("it is half way", lambda: trial.database.running("pg_sleep(seconds)"), running)
        with suppress(psycopg.Error):
            other.execute("select count(*) from users")
        other.rollback()
    ended = running.wait()
    trial.heard(ended)
    trial.holds(ended.code == 0, "gives up")
    _pace(trial, 0)
    trial.converges()


def old_snapshot(trial: Trial) -> None:
    """CONCURRENTLY has to wait for an old snapshot, of another table, for longer than a lock may be waited for."""
    _applied(trial, USERS)
    trial.database.query(f"alter database {trial.database.name} set lock_timeout = '300ms'")
    trial.write(USERS, EMAIL)
    with trial.database.session() as holder:
        holder.execute("begin isolation level repeatable read")
        holder.execute("select count(*) from patients")
        running = trial.start()
        trial.until("the index waits", lambda: trial.database.running("create unique index"), running)
        time.sleep(1.5)
        holder.execute("commit")
    ended = running.wait()
    trial.heard(ended)
    trial.holds(ended.code == 0, f"exit code {ended.code}")
    trial.stands()
    trial.converges()


def duplicates(trial: Trial) -> None:
    """CONCURRENTLY fails on duplicates and leaves an INVALID index; they are removed, and it is run again."""
    _applied(trial, USERS)
    trial.database.query("insert into users values (-1, '1@example.com')")
    trial.write(USERS, EMAIL)
    ended = trial.run()
    trial.failed(ended, "duplicate", codes=(3,))
    trial.stands()
    trial.database.query("delete from users where id = -1")
    trial.converges()


def killed_in_concurrently(trial: Trial) -> None:
    """Kill -9 while an index is built concurrently."""
    _applied(trial, USERS)
    trial.write(USERS, EMAIL)
    with trial.database.session() as holder:
        holder.execute("begin isolation level repeatable read")
        holder.execute("select count(*) from patients")
        running = trial.start()
        trial.until("the index waits", lambda: trial.database.running("create unique index"), running)
        time.sleep(0.2)
        trial.killed(running, signal.SIGKILL)
        trial.lets_go()
        holder.execute("commit")
    trial.stands()
    trial.converges()


def runners_at_once(trial: Trial) -> None:
    """Many runners at once on a fresh database, with a CONCURRENTLY among the migrations."""
    _applied(trial)
    trial.write(USERS, EMAIL, SLOWLY)
    _pace(trial, 0.5)
    running = [trial.start() for _ in range(trial.runners)]
    ended = [one.wait(120) for one in running]
    for one in ended:
        trial.heard(one)
    failed = sum(one.code != 0 for one in ended)
    trial.holds(not failed, f"{failed} of {trial.runners} fail")
    _ran_once(trial)
    trial.stands()


def clocks_differ(trial: Trial) -> None:
    """Three hosts at once, one a year ahead, one a year behind, each process number 1; one is killed on the way."""
    _applied(trial)
    trial.write(USERS, EMAIL, SLOWLY)
    _pace(trial, 0.5)
    for one in [trial.start(**clock.environment(days * clock.DAY)) for days in (400, -400, 0)]:
        ended = one.wait(120)
        trial.heard(ended)
        trial.holds(ended.code == 0, "one fails")
    _ran_once(trial)
    trial.stands()
    trial.database.clear()
    prepare(trial)
    _applied(trial, USERS)
    trial.write(USERS, SLOWLY)
    _pace(trial, 30)
    running = trial.start(**clock.environment(400 * clock.DAY))
    trial.until("the slow statement runs", lambda: trial.database.running("pg_sleep(seconds)"), running)
    _pace(trial, 0)
    trial.killed(running, signal.SIGKILL)
    trial.lets_go()
    trial.holds(trial.start(**clock.environment(-400 * clock.DAY)).wait(60).code == 0, "stuck lock")
    if trial.tool.ours:
        off = "select count(*) from schematool_ledger where abs(extract(epoch from finished_at - now())) > 3600"
        trial.holds(trial.database.one(off) == 0, "a time in the ledger is not the server's")
    trial.converges()


# --- the server refuses ----------------------------------------------------------------------------------------------


def read_only(trial: Trial) -> None:
    """The database may only be read; later it may be written."""
    trial.write(*ALL)
    trial.database.query(f"alter database {trial.database.name} set default_transaction_read_only = on")
    ended = trial.run()
    trial.failed(ended, "read", codes=(3,))
    trial.database.query(
        f"begin read write; alter database {trial.database.name} reset default_transaction_read_only; commit"
    )
    trial.stands()
    trial.converges()


def missing_privileges(trial: Trial) -> None:
    """The role may not create anything, then not alter what belongs to another; it is granted, and run again."""
    role = f"worker_{trial.database.name}"
    trial.database.query(f"create role {role} login")
    trial.database.query(f"alter database {trial.database.name} owner to schematool")
    trial.after.append(lambda: trial.database.query(f"drop owned by {role}; drop role {role}"))
    as_role = trial.database.url.reveal().replace("postgresql://schematool:", f"postgresql://{role}:", 1)
    altered = Step(
        "0002_more", ("alter table patients add a int",), ("alter table patients drop a",), column("patients", "a")
    )
    trial.tool.url = as_role  # type: ignore[attr-defined]  # every tool has one
    trial.base = ()
    for steps, word, undo in (
        ((PLAIN,), "permission denied", f"grant create on schema public to {role}"),
        ((PLAIN, altered), "must be owner", f"alter table patients owner to {role}"),
    ):
        trial.write(*steps)
        trial.failed(trial.run(), word, codes=(3,))
        trial.keeps()
        trial.holds(not altered.present(trial.database), "changed something")
        trial.database.query(undo)
    # `patients` is no migration's: only the program that replays all of them would mind.
    trial.write(PLAIN)
    trial.converges()


def role_timeouts(trial: Trial) -> None:
    """The role has timeouts that are shorter than a migration."""
    _applied(trial, USERS)
    names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
    version = int(trial.database.one("show server_version_num"))
    names += ["transaction_timeout"] if version >= 170000 else []
    for name in names:
        trial.database.query(f"alter database {trial.database.name} set {name} = '400ms'")
    trial.write(USERS, SLOWLY)
    _pace(trial, 0.8)
    trial.converges()


def search_path_moves(trial: Trial) -> None:
    """A migration changes search_path for the whole database."""
    move = Step(
        "0002_app",
        ("create schema app", f"alter database {trial.database.name} set search_path = app, public"),
        ("select 1", "drop schema app"),
        lambda database: bool(database.one("select count(*) from pg_namespace where nspname = 'app'")),
    )
    _applied(trial, USERS, move)
    trial.write(USERS, move, NOTE)
    trial.converges()
    _ran_once(trial)


def settings_differ(trial: Trial) -> None:
    """The database has other settings: of time zone, dates, strings, NULL and isolation."""
    for setting in (
        "timezone = 'America/New_York'", "datestyle = 'SQL, DMY'", "standard_conforming_strings = off",
        "transform_null_equals = on", "default_transaction_isolation = 'serializable'", "bytea_output = 'escape'",
        "quote_all_identifiers = on",
    ):  # fmt: skip
        trial.database.query(f"alter database {trial.database.name} set {setting}")
    step = Step(
        "0003_texts",
        (
            "create table texts (t text, d date, n int default null, w timestamptz)",
            r"insert into texts values ('C:\new', '2026-02-01', (null = null)::int, '2026-01-01 12:00')",
        ),
        ("select 1", "drop table texts"),
        relation("texts"),
    )
    trial.write(USERS, step)
    trial.converges()
    found = trial.database.query("select t, d::text, n, extract(epoch from w)::bigint from texts")
    trial.holds(found and found[0][0] == r"C:\new", "changes what the SQL means")


# --- what people do --------------------------------------------------------------------------------------------------


def ledger_row_deleted(trial: Trial) -> None:
    """A row of the ledger is deleted by hand: what it spoke of must be neither lost nor run again unasked."""
    _applied(trial, *ALL)
    for table, where in (("schematool_ledger", "id"), ("_yoyo_migration", "migration_id")):
        with suppress(psycopg.errors.UndefinedTable):
            trial.database.query(f"delete from {table} where {where} = '0001_users'")
    with suppress(psycopg.errors.UndefinedTable):
        trial.database.query("delete from alembic_version")
    ended = trial.run()
    trial.failed(ended, "0001_users", codes=(3, 4))
    trial.holds(trial.database.one("select count(*) from users") == 2000, "lost rows")
    trial.keeps()


def ledger_dropped(trial: Trial) -> None:
    """The ledger's tables are dropped."""
    _applied(trial, *ALL)
    for table in ("schematool_ledger", "_yoyo_migration", "_yoyo_log", "alembic_version"):
        trial.database.query(f"drop table if exists {table}")
    ended = trial.run()
    trial.failed(ended, codes=(3, 4))
    trial.holds(trial.database.one("select count(*) from users") == 2000, "lost rows")
    trial.keeps()


def file_edited(trial: Trial) -> None:
    """A file is edited after it was applied."""
    _applied(trial, USERS, NOTE)
    trial.write(USERS, replace(NOTE, up=(*NOTE.up, "alter table users add later text")))
    ended = trial.run()
    if not trial.holds(ended.code != 0, "accepted silently"):
        return
    trial.failed(ended, "edited", codes=(2, 4))
    trial.stands()


def file_inserted_below(trial: Trial) -> None:
    """A branch brings a migration with a lower number than one that is applied."""
    if trial.tool.name == "Alembic":
        trial.found.append("-")  # its revisions have no numbers: a second head is refused
        return
    _applied(trial, USERS, NOTE)
    between = Step("0002_late", ("create table late (id int)",), ("drop table late",), relation("late"))
    trial.write(USERS, between, NOTE)
    ended = trial.run()
    if trial.holds(ended.code != 0, "accepted silently"):
        trial.failed(ended, "0002_late", codes=(4,))
    trial.stands()


def drift_before_apply(trial: Trial) -> None:
    """What a migration is about to make is there already, with rows in it, made by hand."""
    trial.database.query("create table users (id int, mine text)")
    trial.database.query("insert into users values (1, 'mine')")
    trial.write(USERS, NOTE)
    ended = trial.run()
    trial.failed(ended, "already exists", codes=(3,))
    trial.holds(trial.database.one("select count(*) from users") == 1, "dropped what it did not make")
    trial.database.query("alter table users rename to users_by_hand")
    trial.converges()


def fails_outside_of_a_transaction(trial: Trial) -> None:
    """A file outside of a transaction fails because its table is there already; its rollback would drop that."""
    step = Step(
        "0001_patients",
        ("create table patients (id int)",),
        ("drop table patients",),
        lambda _: False,
        transactional=False,
    )
    trial.write(step)
    ended = trial.run()
    trial.failed(ended, "already exists", codes=(3,))
    trial.holds(trial.patients() == 500, "dropped what it did not make")


def data_surprises(trial: Trial) -> None:
    """Rows break the rule that a migration adds; they are corrected, and it is run again."""
    _applied(trial, USERS)
    rules = (
        ("alter table users alter email set not null", "update users set email = null where id = 7"),
        ("alter table users add check (id > 0) not valid", "update users set id = -5 where id = 5"),
        ("alter table users validate constraint users_id_check", "select 1"),
    )
    step = Step(
        "0002_rules",
        tuple(rule for rule, _ in rules),
        ("select 1", "select 1", "select 1"),
        lambda database: bool(
            database.one("select count(*) from pg_constraint where conname = 'users_id_check' and convalidated")
        ),
    )
    for _, spoil in rules:
        trial.database.query(spoil)
    trial.write(USERS, step)
    ended = trial.run()
    trial.failed(ended, "23502", codes=(3,))
    trial.stands()
    trial.database.query("update users set email = 'found' where email is null")
    ended = trial.run()
    trial.failed(ended, "23514", codes=(3,))
    trial.stands()
    trial.database.query("update users set id = 5 where id = -5")
    trial.converges()


def secret_in_errors(trial: Trial) -> None:
    """No server, a wrong port, a URL that cannot be read: the password is in no message."""
    good = trial.tool.url  # type: ignore[attr-defined]  # every tool has one
    user = good.partition("@")[0]
    for url in (
        f"{user}@127.0.0.1:1/{trial.database.name}",
        f"{user}@/no_such_database?host={good.partition('host=')[2]}",
    ):
        trial.tool.url = url  # type: ignore[attr-defined]  # every tool has one
        trial.write(USERS)
        trial.failed(trial.run(), codes=(3,))
    trial.tool.url = good  # type: ignore[attr-defined]  # every tool has one
