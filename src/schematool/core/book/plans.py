"""The plans of patterns, from what `schematool verify --patterns --format json` has printed and somebody kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import InputError


@dataclass(frozen=True, slots=True)
class PlanFact:
    """What a server did to answer a pattern. `state`: `holds`, `fails` or `unproven`, then with a `reason`.

    `steps` are indented by their depth. `measures`: (what, how many), of one run.
    """

    state: str
    reason: str
    indexes: tuple[str, ...]
    steps: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]


_MEASURES = ("rows_returned", "rows_read", "keys", "documents", "buffers")


def plans(file: str, text: str) -> Mapping[str, PlanFact]:
    """Read the envelope; by name of the pattern. `InputError` when it is something else."""
    try:
        envelope = json.loads(text)
        found = envelope["data"]["patterns"]
        if envelope["command"] != "verify":
            raise KeyError("verify")
        return {str(proof["pattern"]): _plan(proof) for proof in found}
    except (ValueError, KeyError, TypeError) as error:
        hint = f"write it with `schematool verify --patterns --format json -o {file}`"
        message = f"{file} does not hold the answer of `verify --patterns`"
        raise InputError(Diagnostic("ST009", message, Span(file, 1, 1), hint=hint)) from error


def _plan(proof: Mapping[str, Any]) -> PlanFact:
    plan = proof.get("plan") or {}
    nodes = plan.get("nodes") or ()
    return PlanFact(
        str(proof["state"]),
        str(proof.get("reason") or ""),
        tuple(dict.fromkeys(str(node["index"]) for node in nodes if node.get("index"))),
        tuple(f"{'  ' * int(node.get('depth') or 0)}{node['text']}" for node in nodes),
        tuple(_measures(plan)),
    )


def _measures(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for word in _MEASURES:
        if plan.get(word) is not None:
            yield word.replace("_", " "), f"{float(plan[word]):,.0f}"
