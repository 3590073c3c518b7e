"""The text of proven patterns: a line each, with the plan when more is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from schematool.core.patterns import Plan, Proof, State
from schematool.views.show import Look
from schematool.views.text.words import columns, count, symbol

_MARKS: Mapping[State, str] = {State.HOLDS: "*", State.FAILS: "!", State.UNPROVEN: "~"}


def lines(proofs: Sequence[Proof], unused: Sequence[str], look: Look) -> Iterator[Text]:
    """Tell each pattern and what its plan took, then how many hold."""
    rows = [[symbol(_MARKS[p.state]), p.store, (p.pattern, "bold"), p.state.value, _told(p)] for p in proofs]
    for proof, line in zip(proofs, columns(rows), strict=True):
        yield line
        if look.verbose and proof.plan:
            yield from (Text("      " + "  " * node.depth + node.text) for node in proof.plan.nodes)
    numbers = {state: sum(proof.state is state for proof in proofs) for state in State}
    told = [f"{number} {_WORDS[state]}" for state, number in numbers.items() if number and state is not State.HOLDS]
    holding = f"{numbers[State.HOLDS]} of {count(len(proofs), 'pattern')} {'holds' if len(proofs) == 1 else 'hold'}"
    yield Text(", ".join([holding, *told]))
    if unused:
        yield Text(f"no pattern uses {count(len(unused), 'index')}: {', '.join(unused)}")


_WORDS: Mapping[State, str] = {State.FAILS: "broken", State.UNPROVEN: "not proven"}


def _told(proof: Proof) -> str:
    if proof.plan is None or proof.state is State.UNPROVEN:
        return proof.reason or ""
    return ", ".join(_numbers(proof.plan))


def _numbers(plan: Plan) -> Iterator[str]:
    if plan.indexes:
        yield f"by {', '.join(plan.indexes)}"
    if not plan.measured:
        yield "planned, not run"
        return
    if plan.rows_read is not None and plan.rows_returned is not None:
        yield f"{plan.rows_read:,.0f} read for {count(int(plan.rows_returned), 'row')}"
    if plan.buffers is not None:
        yield count(plan.buffers, "buffer")
    if plan.keys is not None and plan.documents is not None:
        yield f"{count(plan.keys, 'key')}, {count(plan.documents, 'document')}"
