"""MongoDB's `explain` to a plan. Knows no server.

A `find` and what an aggregation pushes down are a tree of stages below `queryPlanner.winningPlan` (below `queryPlan`
there where the slot-based engine runs it), the rest of an aggregation is the list `stages`; a router wraps either by
shard. Source: the server's manual, "Explain Results", 6.0 to 8.0, and what 6.0.5 answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schematool.core.patterns.model import Plan, PlanNode

_SORTS = frozenset({"SORT", "SORT_SIMPLE", "SORT_DEFAULT", "$sort"})
_LISTS = ("inputStages", "shards")


def plan(explained: Mapping[str, Any], collection: str) -> Plan:
    """Read an explanation of a command on `collection`; values of filters and bounds are passed over."""
    nodes: list[PlanNode] = []
    keys = documents = 0
    returned: float | None = None
    measured = False
    for part in _parts(explained):
        if "queryPlanner" in part:
            namespace = str(part["queryPlanner"].get("namespace", "")).partition(".")[2] or collection
            winning = part["queryPlanner"]["winningPlan"]
            nodes += _tree(winning.get("queryPlan", winning), namespace, _spilled(part), 0)
            if statistics := part.get("executionStats"):
                measured = True
                keys += int(statistics["totalKeysExamined"])
                documents += int(statistics["totalDocsExamined"])
                returned = float(statistics["nReturned"])
        else:
            nodes.append(_stage(part))
            keys += int(part.get("totalKeysExamined", 0))
            documents += int(part.get("totalDocsExamined", 0))
            returned = float(part["nReturned"]) if "nReturned" in part else returned
    return Plan(
        tuple(nodes),
        measured,
        rows_returned=returned if measured else None,
        rows_read=float(max(keys, documents)) if measured else None,
        keys=keys if measured else None,
        documents=documents if measured else None,
    )


def _parts(explained: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The pieces that have a plan of their own, in the order in which documents pass them."""
    shards = explained.get("shards")
    if isinstance(shards, Mapping):
        for shard in shards.values():
            yield from _parts(shard)
    elif "stages" in explained:
        for stage in explained["stages"]:
            yield stage.get("$cursor", stage)
    else:
        yield explained


def _tree(stage: Mapping[str, Any], collection: str, spilled: frozenset[str], depth: int) -> Iterator[PlanNode]:
    kind = str(stage.get("stage", "SHARD"))
    foreign = str(stage["foreignCollection"]).partition(".")[2] if "foreignCollection" in stage else None
    entity = foreign or (
        collection
        if kind in {"COLLSCAN", "IXSCAN", "IDHACK", "FETCH", "COUNT_SCAN", "DISTINCT_SCAN", "TEXT_MATCH"}
        else None
    )
    index = (
        str(stage["indexName"]) if "indexName" in stage else "_id_" if kind in {"IDHACK", "CLUSTERED_IXSCAN"} else None
    )
    whole = kind == "COLLSCAN" and "minRecord" not in stage and "maxRecord" not in stage
    whole = whole or (kind == "EQ_LOOKUP" and stage.get("strategy") in {"NestedLoopJoin", "HashJoin"})
    yield PlanNode(
        kind,
        _text(stage, kind, entity, index),
        depth,
        entity,
        index,
        whole=whole,
        sorts=kind in _SORTS,
        spills=kind in spilled,
    )
    for child in _children(stage):
        yield from _tree(child, collection, spilled, depth + 1)


def _children(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "inputStage" in stage:
        yield stage["inputStage"]
    for name in _LISTS:
        for child in stage.get(name, ()):
            winning = child.get("winningPlan", child)
            yield winning.get("queryPlan", winning)


def _text(stage: Mapping[str, Any], kind: str, entity: str | None, index: str | None) -> str:
    words = [kind, f"using {index}" if index else "", f"on {entity}" if entity else ""]
    details = []
    if isinstance(stage.get("keyPattern"), Mapping):
        details.append(", ".join(f"{path}: {kind_}" for path, kind_ in stage["keyPattern"].items()))
    if isinstance(stage.get("sortPattern"), Mapping):
        details.append("by " + ", ".join(stage["sortPattern"]))
    return "; ".join([" ".join(word for word in words if word), *details])


def _stage(stage: Mapping[str, Any]) -> PlanNode:
    """A stage of an aggregation that is run on what the stages before it give."""
    kind = next((key for key in stage if key.startswith("$")), "stage")
    words = stage.get(kind)
    foreign = str(words.get("from")) if kind in {"$lookup", "$graphLookup"} and isinstance(words, Mapping) else None
    used = stage.get("indexesUsed") or ()
    index = str(used[0]) if used else None
    text = " ".join(
        part for part in (kind, f"using {index}" if index else "", f"on {foreign}" if foreign else "") if part
    )
    whole = bool(int(stage.get("collectionScans", 0)))
    return PlanNode(kind, text, 0, foreign, index, whole, kind in _SORTS, bool(stage.get("usedDisk")))


def _spilled(part: Mapping[str, Any]) -> frozenset[str]:
    """The kinds of stages that went to disk."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, Mapping):
            if value.get("usedDisk"):
                found.add({"sort": "SORT", "group": "GROUP"}.get(str(value.get("stage")), str(value.get("stage"))))
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(part.get("executionStats"))
    return frozenset(found)
