"""A live server of another major than the one that recorded: other spellings are no drift, a real drift still is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from tests import databases
from tests.conftest import ROOT, Ran
from tests.live.test_verify import configure

SPELLED = """\
-- what PostgreSQL 15 prints in other words than later ones
CREATE VIEW public.open_tasks AS
  SELECT tasks.id, users.full_name, count(*) AS many
    FROM public.tasks JOIN public.users ON users.id = tasks.assigned_to
   WHERE tasks.status <> 'done' GROUP BY tasks.id, users.full_name;
CREATE VIEW public.newest AS SELECT id, (SELECT max(created_at) FROM public.tasks WHERE assigned_to = u.id) AS at
  FROM public.users AS u;
CREATE MATERIALIZED VIEW public.roles AS SELECT role, count(*) FROM public.users GROUP BY role;
CREATE TABLE public.invoices (
  id integer PRIMARY KEY,
  net numeric NOT NULL CHECK (net BETWEEN 0 AND 1000000),
  rate numeric NOT NULL DEFAULT (0.19)::numeric,
  gross numeric GENERATED ALWAYS AS (net * (1 + rate)) STORED,
  owner uuid REFERENCES public.users,
  state text NOT NULL DEFAULT lower('OPEN') CHECK (state IN ('open', 'paid') OR state LIKE 'x%'),
  during tstzrange,
  CONSTRAINT apart EXCLUDE USING gist (during WITH &&) WHERE (state = 'open')
);
CREATE INDEX invoices_open ON public.invoices (lower(state), (net + rate) DESC) WHERE state = 'open' AND net > 0;
ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.invoices FOR ALL USING
    (owner IN (SELECT id FROM public.users WHERE username = CURRENT_USER))
  WITH CHECK (owner = (SELECT id FROM public.users WHERE username = current_user LIMIT 1));
CREATE RULE keep AS ON DELETE TO public.invoices DO INSTEAD UPDATE public.invoices SET state = 'paid' WHERE id = old.id;
"""
DRIFTS = (
    "CREATE OR REPLACE VIEW public.newest AS SELECT id, "
    "(SELECT min(created_at) FROM public.tasks WHERE assigned_to = u.id) AS at FROM public.users AS u",
    "ALTER TABLE public.invoices DROP CONSTRAINT invoices_net_check, "
    "ADD CONSTRAINT invoices_net_check CHECK (net BETWEEN 0 AND 2000000)",
    "ALTER POLICY own ON public.invoices USING (owner IS NOT NULL)",
)


def test_other_majors_spelling_is_no_drift(
    tmp_path: Path, debian_server: Url, postgres_server: Url, run_cli: Callable[..., Ran]
) -> None:
    """Recorded by the scratch server, live on 15: clean in `verify` and `diff`, and `import` has words for all of it.

    Then each thing done by hand is named, and only that.
    """
    with psycopg.connect(postgres_server.reveal()) as connection:
        if connection.info.server_version // 10000 == 15:
            pytest.skip("both servers are of one major")
    folder = tmp_path / "migrations" / "postgres"
    shutil.copytree(ROOT / "migrations" / "postgres", folder)
    (folder / "0002_spelled.sql").write_text(SPELLED)
    with databases.fresh_postgres(debian_server) as live:
        configure(tmp_path, {"dev": {"postgres": live}}, {"postgres": postgres_server})
        for command in (("lock",), ("migrate", "--yes")):
            ran = run_cli(*command, cwd=tmp_path)
            assert ran.exit_code == 0, ran.stdout + ran.stderr
        clean = run_cli("verify", cwd=tmp_path)
        compared = run_cli("diff", "live", "migrations", "--check", cwd=tmp_path)
        imported = run_cli("import", "--stdout", cwd=tmp_path)
        with psycopg.connect(live.reveal(), autocommit=True) as connection:
            for statement in DRIFTS:
                connection.execute(statement.encode())
        drifted = run_cli("verify", cwd=tmp_path)

    assert (clean.exit_code, clean.stderr) == (0, ""), clean.stdout
    assert compared.exit_code == 0, compared.stdout
    assert imported.exit_code == 0, imported.stderr
    assert "view: newest" in imported.stdout
    assert drifted.exit_code == 1
    named = [" ".join(line.split()[1:5]) for line in drifted.stdout.splitlines()[1:-1]]
    assert named == [
        "invoices ~ constraint invoices_net_check",
        "invoices ~ policy own",
        "newest ~ view newest",
    ], drifted.stdout
