"""The documented shape of JSON is the shape of the reports."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from schematool.app.report import Report

PAGE = (Path(__file__).parents[2] / "docs/json.md").read_text("utf-8")
REPORTS = {
    "init": "init.InitReport",
    "generate": "generate.GenerateReport",
    "import": "import_.ImportReport",
    "new": "new.NewReport",
    "lint": "lint.LintReport",
    "lock": "lock.LockReport",
    "diff": "diff.DiffReport",
    "migrate": "migrate.MigrateReport",
    "partitions": "partitions.PartitionsReport",
    "purge": "purge.PurgeReport",
    "verify": "verify.VerifyReport",
    "status": "status.StatusReport",
    "explain": "explain.ExplainReport",
    "erd": "erd.ErdReport",
    "docs build": "docs.DocsReport",
    "docs serve": "serve.ServeReport",
    "docs diff": "docs.ChangesReport",
    "config": "config.ConfigReport",
    "doctor": "doctor.DoctorReport",
}


@pytest.mark.parametrize("verb", sorted(REPORTS))
def test_documented_keys_are_those_of_the_report(verb: str) -> None:
    """docs/json.md names exactly the keys that `data` has, in their order."""
    module, name = REPORTS[verb].split(".")
    report: type[Report] = getattr(import_module(f"schematool.app.{module}"), name)
    own = [f.name for f in fields(report) if f.name not in {f.name for f in fields(Report)}]
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{verb}` |"))
    outside = re.sub(r"\([^()]*\)", "", row.split("|")[2])

    assert re.findall(r"`(\w+)`", outside) == own


def test_rollback_has_the_keys_of_migrate() -> None:
    """The page says that both have the same shape."""
    migrate = import_module("schematool.app.migrate").MigrateReport
    rollback = import_module("schematool.app.rollback").RollbackReport

    assert [f.name for f in fields(migrate)] == [f.name for f in fields(rollback)]
