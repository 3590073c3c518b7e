"""Tables spread over the nodes of Citus: what would be refused there is found when loading, and the SQL is guarded."""

from __future__ import annotations

import pytest

from schematool.core.distribution import distribution, statements
from schematool.core.load import load

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


def test_the_statements() -> None:
    """There and back, only where the extension is, and only once."""
    model, _ = load(
        {"s.yaml": CLINICS + "entity: t\nstore: postgres\nfields: { a: uuid }\ndistribute_by: everywhere\n"}
    )
    clinics, t = (distribution(entity) for entity in model.entities)
    assert clinics
    assert t

    assert "PERFORM create_distributed_table('public.clinics', 'id')" in statements(clinics)[0]
    assert "PERFORM create_reference_table('public.t')" in statements(t)[0]
    assert "PERFORM undistribute_table('public.t')" in statements(t)[1]
    assert all("extname = 'citus'" in text for text in statements(t))
