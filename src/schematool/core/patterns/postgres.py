"""PostgreSQL's EXPLAIN (FORMAT JSON) to a plan. Knows no server.

The keys are those of PostgreSQL's src/backend/commands/explain.c, the same from 14 to 18; since 18 `Actual Rows` has
decimals. `Actual Rows` is the mean of all loops, and so are the rows removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from schematool.core.patterns.model import Plan, PlanNode
from schematool.core.patterns.sql import without_values

_SORTS = frozenset({"Sort", "Incremental Sort"})
_CONDITIONS = ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter")
_WRITES = frozenset({"ModifyTable", "LockRows"})


def writes(explained: Any) -> bool:
    """Whether running this would change or lock rows."""
    return any(node.get("Node Type") in _WRITES for node, _ in _walk(explained[0]["Plan"], 0))


def relations(explained: Any) -> tuple[tuple[str, str], ...]:
    """The (schema, name) of every table and every index of a plan, each once."""
    found: dict[tuple[str, str], None] = {}
    for node, _ in _walk(explained[0]["Plan"], 0):
        for key in ("Relation Name", "Index Name"):
            if key in node:
                found[str(node.get("Schema") or ""), str(node[key])] = None
    return tuple(found)


def sorted_rows(explained: Any) -> float:
    """How many rows are sorted at most in one place; as estimated, where it was not run."""
    rows = [
        _total(node, "Actual Rows") if "Actual Loops" in node else max(1.0, float(node["Plan Rows"]))
        for node, _ in _walk(explained[0]["Plan"], 0)
        if node["Node Type"] in _SORTS
    ]
    return max(rows, default=0)


def plan(explained: Any, called: Callable[[str, str], str], *, ordered: bool = False) -> Plan:
    """Read a plan. `called`: (schema, table or index) to the name that the schema knows it by, as of a partition.

    `ordered`: an index has the order that the plan sorts into, and few rows are sorted.
    """
    root = explained[0]["Plan"]
    nodes = tuple(_node(node, depth, called) for node, depth in _walk(root, 0))
    if ordered:
        nodes = tuple(
            replace(node, sorts=False, text=f"{node.text}; few rows, in the order of an index") if node.sorts else node
            for node in nodes
        )
    measured = "Actual Loops" in root
    read = [node.rows for node in nodes if node.rows is not None]
    return Plan(
        nodes,
        measured,
        rows_returned=_total(root, "Actual Rows") if measured else None,
        rows_read=sum(read) if measured else None,
        buffers=int(root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0)) if measured else None,
        cost=float(root["Total Cost"]),
    )


def _walk(node: Mapping[str, Any], depth: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    yield node, depth
    for child in node.get("Plans", ()):
        yield from _walk(child, depth + 1)


def _node(node: Mapping[str, Any], depth: int, called: Callable[[str, str], str]) -> PlanNode:
    kind, schema = str(node["Node Type"]), str(node.get("Schema") or "")
    entity = called(schema, str(node["Relation Name"])) if "Relation Name" in node else None
    index = called(schema, str(node["Index Name"])) if "Index Name" in node else None
    reads = entity is not None and kind != "ModifyTable"
    return PlanNode(
        kind,
        _text(node, kind, entity, index),
        depth,
        entity,
        index,
        whole=kind in {"Seq Scan", "Sample Scan"},
        sorts=kind in _SORTS,
        spills=_spills(node),
        rows=_read(node) if reads and "Actual Loops" in node else None,
    )


def _text(node: Mapping[str, Any], kind: str, entity: str | None, index: str | None) -> str:
    words = [kind, f"using {index}" if index else "", f"on {entity}" if entity else ""]
    alias = node.get("Alias")
    words.append(str(alias) if entity and alias != node.get("Relation Name") else "")
    conditions = [
        f"{key.removesuffix(' Cond').lower()} {without_values(str(node[key]))}" for key in _CONDITIONS if key in node
    ]
    if kind in _SORTS:
        conditions.append(f"by {', '.join(without_values(str(key)) for key in node.get('Sort Key', ()))}")
    return "; ".join([" ".join(word for word in words if word), *conditions])


def _total(node: Mapping[str, Any], key: str) -> float:
    return float(node.get(key, 0)) * float(node.get("Actual Loops", 1))


def _read(node: Mapping[str, Any]) -> float:
    keys = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(_total(node, key) for key in keys)


def _spills(node: Mapping[str, Any]) -> bool:
    """Sorts and hashes that went to disk, of the leader or a worker."""
    groups = (node.get("Full-sort Groups") or {}, node.get("Pre-sorted Groups") or {})
    return (
        node.get("Sort Space Type") == "Disk"
        or any(worker.get("Sort Space Type") == "Disk" for worker in node.get("Workers", ()))
        or any("Sort Space Disk" in group for group in groups)
        or node.get("Hash Batches", 1) > 1
        or node.get("HashAgg Batches", 0) > 1
    )
