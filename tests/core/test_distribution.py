"""Tables spread over the nodes of Citus: what would be refused there is found when loading; the statements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schematool.core.catalog import Catalog, Id
from schematool.core.diagnostic import Findings, Severity
from schematool.core.load import load
from schematool.core.lower.postgres import lower
from schematool.core.model.postgres import Distribution
from schematool.core.plan.postgres.align import align
from schematool.core.plan.postgres.distribution import gather, spread

CLINICS = "entity: clinics\nstore: postgres\nfields: { id: uuid }\nprimary_key: [id]\ndistribute_by: id\n---\n"
VISITS = (
    "entity: visits\nstore: postgres\nfields:\n  id: uuid\n  clinic_id: { type: uuid, references: clinics.id }\n"
    "  kind_id: { type: integer, references: kinds.id }\n"
)
KINDS = "---\nentity: kinds\nstore: postgres\nfields: { id: integer }\nprimary_key: [id]\n"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            CLINICS
            + VISITS
            + "primary_key: [id, clinic_id]\ndistribute_by: { field: clinic_id, beside: clinics }\n"
            + KINDS
            + "distribute_by: everywhere\n",
            [],
        ),
        (
            CLINICS
            + VISITS
            + "primary_key: [id]\nunique: { one: [kind_id] }\ndistribute_by: { field: clinic_id, beside: clinics }\n"
            + KINDS
            + "distribute_by: everywhere\n",
            ["the key (id) of `visits` lacks `clinic_id`", "the key (kind_id) of `visits` lacks `clinic_id`"],
        ),
        (
            CLINICS + VISITS + "primary_key: [id, clinic_id]\ndistribute_by: clinic_id\n" + KINDS,
            ["`visits` refers to `clinics`, whose rows", "`visits` refers to `kinds`, whose rows"],
        ),
        (
            CLINICS
            + VISITS
            + "primary_key: [id, clinic]\ndistribute_by: { field: clinic, beside: kinds }\n"
            + KINDS
            + "distribute_by: everywhere\n",
            ["`visits` has no field `clinic`", "`kinds` is not spread by a field", "`visits` refers to `clinics`"],
        ),
    ],
)
def test_what_citus_would_refuse(text: str, messages: list[str]) -> None:
    """Keys hold the field that spreads the table; foreign keys stay on one node."""
    _, found = load({"s.yaml": text})
    told = [finding.message for finding in found if finding.code == "ST135"]

    assert len(told) == len(messages)
    assert all(any(message in one for one in told) for message in messages)
    assert all(finding.span for finding in found)


TRIGGERED = (
    "entity: t\nstore: postgres\nfields: { a: uuid, at: { type: timestamptz, on_update: now() } }\nprimary_key: [a]\n"
)


@pytest.mark.parametrize(("words", "severity"), [("a", Severity.WARNING), ("everywhere", Severity.ERROR)])
def test_triggers(words: str, severity: Severity) -> None:
    """Citus refuses them on a table that is everywhere, and on others unless it is told not to."""
    _, found = load({"s.yaml": f"{TRIGGERED}distribute_by: {words}\n"})

    assert [(one.code, one.severity) for one in found] == [("ST135", severity)]


def test_citus_itself_is_no_extension_of_a_schema() -> None:
    """It is set up on every node before the first migration, by whoever makes the cluster."""
    _, found = load({"s.yaml": "extension: citus\n"})

    assert [one.code for one in found] == ["ST135"]


def test_the_statements() -> None:
    """There and back, only where the extension is; a name cannot close the quotes around it."""
    table = Id("table", ("public", "a$citus$'b"))
    one = Distribution(id=Id("distribution", table.path), table=table, column="id", shards=32)
    all_nodes = Distribution(id=one.id, table=table)

    assert (
        """create_distributed_table('public."a$citus$''b"', 'id', colocate_with => 'none', shard_count => 32)"""
        in spread(one)
    )
    assert """create_reference_table('public."a$citus$''b"')""" in spread(all_nodes)
    assert """undistribute_table('public."a$citus$''b"')""" in gather(one)
    assert all(text.startswith("DO $citus_$") and text.endswith("$citus_$") for text in (spread(one), gather(one)))


def test_what_lies_together_is_known_by_its_first() -> None:
    """Citus knows a group; which of it was named, and whether shards were asked for, is no difference to it."""
    one = (
        "entity: {}\nstore: postgres\nfields: {{ id: {} }}\nprimary_key: [id]\ndistribute_by: {{ field: id{} }}\n---\n"
    )
    refers = "{ type: uuid, references: a.id }"
    text = one.format("c", refers, ", beside: b") + one.format("b", "uuid", ", beside: a") + one.format("a", "uuid", "")
    model, found = load({"s.yaml": text})
    draft = lower(model, Findings(found)).catalog
    made = {thing.table.name: thing.beside for thing in draft if isinstance(thing, Distribution)}
    first = Id("table", ("public", "a"))

    assert not found
    assert made == {"a": None, "b": first, "c": first}

    declared = Distribution(id=Id("distribution", first.path), table=first, column="id")
    answered = Catalog.of("postgres", (replace(declared, shards=32),))

    assert list(align(Catalog.of("postgres", (declared,)), answered)[1]) == [declared]
