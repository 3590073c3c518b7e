"""Order: which action must come before which, as a graph over objects; sorted the same way on every machine."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from schematool.core.catalog import Id

Node: TypeAlias = tuple[str, Id]
"""An action on an object: one of `drop`, `unbind`, `create`, `stub`, `alter`, `release`, `detach`, `attach`, `own`,
`move` and `finish`."""


@dataclass(slots=True)
class Graph:
    """Actions and what must come first; a node can be merged into another, and taken out again to break a cycle."""

    before: dict[Node, set[Node]] = field(default_factory=dict)
    """For each node, the nodes that must come before it."""
    merged: dict[Node, Node] = field(default_factory=dict)
    """Where a node's work is done by another node's statement."""

    def add(self, node: Node) -> None:
        """Put a node in."""
        self.before.setdefault(node, set())

    def first(self, earlier: Node, later: Node) -> None:
        """Demand an order; ignored where either is no action of this plan."""
        if earlier in self.before and later in self.before and earlier != later:
            self.before[later].add(earlier)

    def owner(self, node: Node) -> Node:
        """The node whose statement does this node's work."""
        while node in self.merged:
            node = self.merged[node]
        return node

    def members(self) -> dict[Node, list[Id]]:
        """What each statement is about beside its own object."""
        found: dict[Node, list[Id]] = {}
        for node in self.merged:
            found.setdefault(self.owner(node), []).append(node[1])
        return found

    def contracted(self) -> dict[Node, set[Node]]:
        """The graph of the nodes that have statements of their own."""
        result: dict[Node, set[Node]] = {self.owner(node): set() for node in self.before}
        for node, earlier in self.before.items():
            own = self.owner(node)
            result[own] |= {self.owner(other) for other in earlier} - {own}
        return result

    def break_cycles(self, loosen: tuple[Callable[[Node], bool], ...]) -> None:
        """Take merged nodes out again while there are cycles: those of the first kind first."""
        for may_leave in loosen:
            knots = cycles(self.contracted())
            if not knots:
                return
            tied = set().union(*knots)
            for node in [n for n, into in self.merged.items() if self.owner(into) in tied and may_leave(n)]:
                del self.merged[node]


def cycles(graph: Mapping[Node, set[Node]]) -> list[set[Node]]:
    """The strongly connected parts with more than one node (Tarjan's algorithm, without recursion)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    on_stack: set[Node] = set()
    stack: list[Node] = []
    found: list[set[Node]] = []
    for root in sorted(graph):
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, children = work[-1]
            for child in children:
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(sorted(graph[child]))))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    part: set[Node] = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        part.add(member)
                        if member == node:
                            break
                    if len(part) > 1:
                        found.append(part)
    return found


def ordered(graph: Mapping[Node, set[Node]], rank: Callable[[Node], tuple[object, ...]]) -> list[Node]:
    """Earlier ones first; ties by `rank`, so that the same input gives the same order everywhere.

    A cycle that is left is cut at its node of lowest rank: the server will say what is wrong with it, and the proof
    will not let it pass.
    """
    waiting = {node: len(earlier) for node, earlier in graph.items()}
    later: dict[Node, list[Node]] = {node: [] for node in graph}
    for node, earlier in graph.items():
        for other in earlier:
            later[other].append(node)
    ready = [(rank(node), node) for node, count in waiting.items() if not count]
    heapq.heapify(ready)
    result: list[Node] = []
    done: set[Node] = set()
    while len(result) < len(graph):
        if not ready:
            stuck = min((rank(node), node) for node in graph if node not in done)
            ready.append(stuck)
        _, node = heapq.heappop(ready)
        if node in done:
            continue
        done.add(node)
        result.append(node)
        for other in later[node]:
            waiting[other] -= 1
            if not waiting[other] and other not in done:
                heapq.heappush(ready, (rank(other), other))
    return result
