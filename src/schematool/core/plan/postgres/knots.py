"""Views and functions that need each other: CREATE OR REPLACE made them so, and placeholders make them so again.

A placeholder has the columns, or the arguments and the result, and nothing in it. It lets the others be made, and what
is in the way of a DROP is let go of in the same manner. That of a base type, which its functions need, is a shell; when
it is dropped they go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.create import function_text
from schematool.core.plan.postgres.decide import Decision
from schematool.core.plan.postgres.graph import Graph, Node, cycles
from schematool.core.plan.postgres.names import name
from schematool.core.sql.quote import identifier, literal, qualified

_BODY = re.compile(r"^\s*(?:BEGIN\s+ATOMIC|RETURN)\b", re.MULTILINE | re.IGNORECASE)


def untie(decision: Decision, graph: Graph) -> None:
    """Put placeholders into a graph, until nothing that can be replaced waits for itself."""
    for of in [of for of in decision.creates if _calls_itself(decision.new(of))]:
        graph.add(("stub", of))
        graph.first(("stub", of), ("create", of))
    _with_their_functions(decision, graph)
    while knots := [knot for knot in cycles(graph.contracted()) if any(_loosened(decision, graph, knot))]:
        for knot in knots:
            node = min(_loosened(decision, graph, knot), key=lambda node: (node[1].kind != "view", node))
            _loosen(decision, graph, knot, node)


def _with_their_functions(decision: Decision, graph: Graph) -> None:
    """Let DROP TYPE take the functions of a base type along, which take or return it."""
    for of in [of for of in decision.drops if is_base_type(decision.old(of))]:
        for function in decision.before.needs_of.get(of, frozenset()) & decision.before.needed_by.get(of, frozenset()):
            if function in decision.drops:
                graph.merged["drop", function] = ("drop", of)


def _loosened(decision: Decision, graph: Graph, knot: set[Node]) -> Iterator[Node]:
    """The nodes of a knot that a placeholder can stand for, and does not yet."""
    for action, of in knot:
        if action in _FIRST and (_FIRST[action], of) not in graph.before:
            thing = decision.new(of) if action == "create" else decision.old(of)
            if isinstance(thing, pg.View) or has_parsed_body(thing) or (is_base_type(thing) and action == "create"):
                yield action, of


def has_parsed_body(thing: pg.PgObject) -> bool:
    """Whether it is a function whose body is read when it is made, as SQL."""
    return isinstance(thing, pg.Function) and thing.body_atomic and bool(_BODY.search(thing.definition))


def is_base_type(thing: pg.PgObject) -> bool:
    """Whether it is a type that functions read and print, and no shell of one."""
    return isinstance(thing, pg.Defined) and thing.id.kind == "type" and len(thing.create) > 1


def unused(of: Id) -> str:
    """A statement that fails while something of a base type is left, which its DROP … CASCADE would take along.

    The plan has dropped what it knows of. What is out of its scope holds rows that nobody gave up.
    """
    return (
        "DO $$\nBEGIN\n"
        "    IF EXISTS (\n"
        "        SELECT FROM pg_catalog.pg_type AS t\n"
        "          JOIN pg_catalog.pg_depend AS d ON d.refobjid IN (t.oid, t.typarray)\n"
        f"         WHERE t.oid = {literal(name(of))}::regtype\n"
        "           AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'n'\n"
        "           AND d.classid <> 'pg_catalog.pg_proc'::regclass\n"
        "    ) THEN\n"
        f"        RAISE EXCEPTION 'type % is still used', {literal(name(of))};\n"
        "    END IF;\nEND $$"
    )


_FIRST = {"create": "stub", "drop": "unbind"}
"""What is done before an object is made whole, and before it is dropped."""


def _loosen(decision: Decision, graph: Graph, knot: set[Node], node: Node) -> None:
    """Let the rest of the knot wait for the placeholder only."""
    action, of = node
    first = (_FIRST[action], of)
    graph.add(first)
    for other, earlier in graph.before.items():
        if graph.owner(other) in knot and node in earlier and other != node:
            earlier.discard(node)
            earlier.add(first)
    graph.first(first, node)
    for needed in decision.after.needs_of.get(of, frozenset()) if action == "create" else ():
        if graph.owner(("create", needed)) not in knot:
            graph.first(("create", needed), first)


def placeholder(thing: pg.PgObject, *, replace: bool) -> Iterator[str]:
    """Statements that put a placeholder in the place of a view or function."""
    head = "CREATE OR REPLACE " if replace else "CREATE "
    match thing:
        case pg.View():
            columns = ", ".join(f"NULL::{type_} AS {identifier(column)}" for column, type_ in thing.columns)
            yield f"{head}VIEW {name(thing.id)} AS\n SELECT {columns}"
        case pg.Function():
            text = function_text(thing)
            body = _BODY.search(text)
            # An empty body is none that the server could check.
            yield "SET LOCAL check_function_bodies = off"
            yield text[: body.start() if body else None].replace("CREATE OR REPLACE ", head, 1) + "AS ''"
        case pg.Defined():
            yield thing.create[0]
        case _:
            raise AssertionError(f"nothing stands for {thing.id}")


def _calls_itself(thing: pg.PgObject) -> bool:
    body = _BODY.search(thing.definition) if isinstance(thing, pg.Function) and thing.body_atomic else None
    return body is not None and f"{qualified(*thing.id.path[:2])}(" in body.string[body.start() :]


def stands_in(graph: Graph, of: Id) -> bool:
    """Whether a placeholder is there already when an object is made whole."""
    return ("stub", of) in graph.before
