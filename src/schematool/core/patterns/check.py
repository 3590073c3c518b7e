"""A plan against what its pattern expects: each broken expectation is a finding with the node that breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.patterns.model import Pattern, Plan, PlanNode, Proof, State

FEW = 2000
"""Below so many rows a planner may well read the whole table, which proves nothing: seen on the clinic up to 1,000."""


def prove(pattern: Pattern, plan: Plan, owners: Mapping[str, str]) -> tuple[Proof, tuple[Diagnostic, ...]]:
    """Compare; the findings are of what is broken. `owners`: which entity each index belongs to.

    `unproven` where the plan says nothing: nothing is there, too few rows are there, or no row was found by the query.
    """
    broken = tuple(_broken(pattern, plan, owners))
    reason = _unproven(plan, [node for _, node in broken])
    if reason is not None:
        message = f"`{pattern.name}` is not proven: {reason}"
        finding = Diagnostic("ST624", message, pattern.span, _remedy(plan, reason), Severity.WARNING, pattern.name)
        return Proof(pattern.name, pattern.store, State.UNPROVEN, plan, reason), (finding,)
    if broken:
        notes = tuple("  " * node.depth + node.text for node in plan.nodes)
        findings = tuple(replace(finding, notes=notes) for finding, _ in broken)
        return Proof(pattern.name, pattern.store, State.FAILS, plan), findings
    return Proof(pattern.name, pattern.store, State.HOLDS, plan), ()


def _remedy(plan: Plan, reason: str) -> str | None:
    if "statistics" in reason:
        return None
    if plan.missing and all(size.rows for size in plan.sizes.values()):
        return f"give an example: `parameters: {{ {plan.missing[0]}: {{ type: …, example: … }} }}`"
    return "fill the database with `schematool seed`, or let `schematool verify --patterns --scale 100k` do it all"


def _unproven(plan: Plan, broken: Sequence[PlanNode | None]) -> str | None:
    """Why this plan says nothing, in words that go on "is not proven: …"."""
    empty = [name for name, size in plan.sizes.items() if size.rows == 0 and size.pages == 0]
    if empty:
        return f"{_named(empty)} {'is' if len(empty) == 1 else 'are'} empty, and a plan on empty tables proves nothing"
    blind = [name for name, size in plan.sizes.items() if not size.analyzed]
    if broken and blind:
        return f"{_named(blind)} {'has' if len(blind) == 1 else 'have'} no statistics yet: run ANALYZE"
    small = [node.entity if node and node.entity else "" for node in broken]
    if small and all(name in plan.sizes and plan.sizes[name].pages and plan.sizes[name].rows < FEW for name in small):
        rows = min(plan.sizes[name].rows for name in small)
        return f"{_named(sorted(set(small)))} has only {rows:,} rows, which are cheaper to read whole"
    if plan.missing:
        return f"no value was found for {_named([f':{name}' for name in plan.missing])}"
    if plan.measured and plan.rows_returned == 0:
        return "it found no row for the values that were tried"
    return None


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _broken(pattern: Pattern, plan: Plan, owners: Mapping[str, str]) -> Iterator[tuple[Diagnostic, PlanNode | None]]:
    """Each broken expectation with the node that breaks it; None where no single one does."""
    yield from _indexes(pattern, plan, owners)
    yield from _whole(pattern, plan)
    yield from _order(pattern, plan)
    for word, value, limit in _budgets(pattern, plan):
        if value > limit:
            node = max((node for node in plan.nodes if node.rows), key=lambda node: node.rows or 0, default=None)
            # Of a small table that is read whole, the rows that were thrown away say nothing.
            thrown_away = node if node and node.whole and word == "rows_read_per_row" else None
            at = f"; most by {_node(node)}" if node and word == "rows_read_per_row" else ""
            message = (
                f"`{pattern.name}` {_SAYS[word].format(value=_number(value))}, expected at most {_number(limit)}{at}"
            )
            yield _finding("ST623", message, pattern, word), thrown_away


def _finding(code: str, message: str, pattern: Pattern, word: str) -> Diagnostic:
    return Diagnostic(code, message, pattern.place(f"expect.{word}"), subject=pattern.name)


def _node(node: PlanNode) -> str:
    words = [node.kind, f"of {node.entity}" if node.entity else ""]
    return " ".join(word for word in words if word)


def _indexes(pattern: Pattern, plan: Plan, owners: Mapping[str, str]) -> Iterator[tuple[Diagnostic, PlanNode | None]]:
    for number, name in enumerate(pattern.indexes):
        if name in plan.indexes:
            continue
        node = next((node for node in plan.nodes if node.entity and node.entity == owners.get(name)), None)
        instead = f": {node.text}" if node else f": it uses {_named(plan.indexes) or 'no index'}"
        message = f"`{pattern.name}` does not use the index `{name}`{instead}"
        yield _finding("ST620", message, pattern, f"uses_index.{number}"), node


def _whole(pattern: Pattern, plan: Plan) -> Iterator[tuple[Diagnostic, PlanNode | None]]:
    word = "no_seq_scan" if pattern.store == "postgres" else "no_collection_scan"
    wanted = pattern.expect.get(word)
    for node in plan.nodes:
        if not node.whole or not wanted:
            continue
        if isinstance(wanted, tuple) and node.entity not in wanted:
            continue
        path = f"{word}.{wanted.index(node.entity)}" if isinstance(wanted, tuple) else word
        message = f"`{pattern.name}` reads all of `{node.entity}`: {node.text}"
        yield _finding("ST621", message, pattern, path), node


def _order(pattern: Pattern, plan: Plan) -> Iterator[tuple[Diagnostic, PlanNode | None]]:
    for node in plan.nodes:
        if node.sorts and pattern.expect.get("no_sort"):
            yield _finding("ST622", f"`{pattern.name}` sorts: {node.text}", pattern, "no_sort"), _below(plan, node)
        elif node.spills and pattern.expect.get("no_spill") is not False:
            message = f"`{pattern.name}` goes to disk: {node.text}"
            yield _finding("ST622", message, pattern, "no_spill"), _below(plan, node)


def _below(plan: Plan, node: PlanNode) -> PlanNode | None:
    """The first table that a sort takes its rows from: on a small one the planner rather sorts."""
    after = plan.nodes[plan.nodes.index(node) + 1 :]
    return next((one for one in after if one.entity), None)


_SAYS = {
    "rows_read_per_row": "reads {value} rows for each that it returns",
    "buffers": "touches {value} buffers",
    "cost_below": "is estimated to cost {value}",
    "keys": "examines {value} keys",
    "documents": "examines {value} documents",
}


def _budgets(pattern: Pattern, plan: Plan) -> Iterator[tuple[str, float, float]]:
    """(word, what it takes, the limit) of each expectation in numbers that was measured."""
    per_row = plan.rows_read / plan.rows_returned if plan.rows_read is not None and plan.rows_returned else None
    measured = {
        "rows_read_per_row": per_row,
        "buffers": plan.buffers,
        "cost_below": plan.cost,
        "keys": plan.keys,
        "documents": plan.documents,
    }
    for word, value in measured.items():
        limit = pattern.expect.get(word)
        if value is not None and isinstance(limit, int | float):
            yield word, float(value), float(limit)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
