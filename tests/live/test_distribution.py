"""Tables spread by Citus: migrated, verified, changed and imported on a server that has none.

No Citus server is to be had here. What would be said to one is taken by functions of the names and signatures that its
manual gives, which remember the calls: so the statements are shown to reach it, and not that it agrees.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg

from schematool.core.catalog import Id
from schematool.core.model.postgres import Distribution
from schematool.core.plan.postgres.distribution import gather, spread
from schematool.core.secret import Url
from schematool.engines.contract import Engine
from tests.conftest import Ran

SCHEMA = """
entity: clinics
store: postgres
fields: { id: uuid }
primary_key: [id]
distribute_by: { field: id, shards: 16 }
---
entity: kinds
store: postgres
fields: { id: integer }
primary_key: [id]
distribute_by: everywhere
---
entity: visits
store: postgres
fields:
  id: uuid
  clinic_id: { type: uuid, references: clinics.id }
  kind_id: { type: integer, references: kinds.id }
primary_key: [clinic_id, id]
indexes:
  - { on: [kind_id] }
distribute_by: { field: clinic_id, beside: clinics }
"""
MOVED = SCHEMA.replace("distribute_by: { field: clinic_id, beside: clinics }", "distribute_by: everywhere").replace(
    "distribute_by: { field: id, shards: 16 }", "distribute_by: everywhere"
)
RENAMED = MOVED.replace("clinic_id: {", "practice_id: { was: clinic_id,").replace("[clinic_id,", "[practice_id,")


def test_without_citus_all_else_is_proven(project: Path, run_cli: Callable[..., Ran]) -> None:
    """Spread, moved, its column renamed, imported: no drift at any stage, and the tool says what it could not show."""

    def tool(*arguments: str, expect: int = 0) -> str:
        done = run_cli(*arguments, cwd=project)

        assert done.exit_code == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    yaml = project / "schema" / "s.yaml"
    yaml.write_text(SCHEMA)
    made = tool("generate", "-m", "spread")
    (file,) = (project / "migrations" / "postgres").glob("0001_spread.sql")
    text = file.read_text()

    assert "note[ST604]" in made
    assert text.index("create_distributed_table('public.visits'") < text.index("FOREIGN KEY (clinic_id)")
    assert "no drift" in tool("migrate", "--yes")

    yaml.write_text(MOVED)

    assert "error[ST203]" in tool("generate", expect=4)
    tool("generate", "-m", "moved", "--allow", "table-rewrite")
    yaml.write_text(RENAMED)
    tool("generate", "-m", "renamed")
    tool("migrate", "--yes")
    told = tool("verify")

    assert "no drift" in told
    assert "note[ST604]" in told

    yaml.write_text(SCHEMA)

    assert "no drift" in tool("rollback", "--to", "0001_spread", "--yes")
    assert "distribute_by: { field: clinic_id, beside: clinics }" in tool("import", "--stdout")


STAND_IN = """
    set allow_system_table_mods = on;
    insert into pg_extension
      select 1, 'citus', 10, 11, false, '12.1', null, null;
    create schema citus;
    create table public.calls (number int generated always as identity, call text);
    create table pg_catalog.pg_dist_partition (
      logicalrelid regclass, partmethod "char", partkey text, colocationid int, repmodel "char");
    create table pg_catalog.pg_dist_shard (logicalrelid regclass, shardid bigint);
    create function pg_catalog.column_to_column_name(table_name regclass, column_var_text text) returns text
      language sql as 'select column_var_text';
    create function pg_catalog.create_reference_table(table_name regclass) returns void language sql as
      $$insert into public.calls (call) values ('everywhere ' || table_name);
        insert into pg_dist_partition values (table_name, 'n', null, 1, 't')$$;
    create function pg_catalog.create_distributed_table(
      table_name regclass, distribution_column text, distribution_type text default 'hash',
      colocate_with text default 'default', shard_count int default null) returns void language sql as
      $$insert into public.calls (call) values (concat_ws(' ', table_name, distribution_column, colocate_with,
          shard_count, current_setting('citus.multi_shard_modify_mode')));
        insert into pg_dist_partition select table_name, 'h', distribution_column,
          coalesce((select colocationid from pg_dist_partition where logicalrelid = to_regclass(colocate_with)),
                   table_name::oid::int), 's';
        insert into pg_dist_shard select table_name, n from generate_series(1, coalesce(shard_count, 32)) n$$;
    create function pg_catalog.undistribute_table(table_name regclass) returns void language sql as
      $$insert into public.calls (call) values ('back ' || table_name);
        delete from pg_dist_partition where logicalrelid = table_name$$;
"""


def test_what_is_said_to_citus(postgres_engine: Engine, postgres_url: Url) -> None:
    """With the extension there, its functions are called, and what it says counts more than what was noted."""
    ids = {name: Id("table", ("public", name)) for name in ("kinds", "clinics", "visits")}
    kinds = Distribution(id=Id("distribution", ids["kinds"].path), table=ids["kinds"])
    clinics = Distribution(id=Id("distribution", ids["clinics"].path), table=ids["clinics"], column="id", shards=16)
    visits = Distribution(
        id=Id("distribution", ids["visits"].path), table=ids["visits"], column="id", beside=ids["clinics"]
    )
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(STAND_IN.encode())
        connection.execute("create table kinds (id int); create table clinics (id int); create table visits (id int)")
        postgres_engine.run([spread(kinds), spread(clinics), spread(visits)])
        found = postgres_engine.inspect()

        assert {thing for thing in found.catalog if isinstance(thing, Distribution)} == {kinds, clinics, visits}
        assert not any(key.kind == "extension" for key in found.catalog.objects)
        assert "ST604" not in {one.code for one in found.unmodelled}

        connection.execute("drop table schematool_distribution")
        found = postgres_engine.inspect()

        assert {thing for thing in found.catalog if isinstance(thing, Distribution)} == {kinds, clinics, visits}

        connection.execute("update pg_dist_partition set colocationid = 99 where logicalrelid = 'visits'::regclass")
        found = postgres_engine.inspect()

        assert visits not in set(found.catalog)

        postgres_engine.run([gather(visits)])
        calls = [call for (call,) in connection.execute("select call from calls order by number")]

        assert calls == [
            "everywhere kinds",
            "clinics id none 16 sequential",
            "visits id public.clinics sequential",
            "back visits",
        ]
