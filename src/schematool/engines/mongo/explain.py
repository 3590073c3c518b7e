"""What the server means to do for a pattern, and what it takes: `explain` of the find or the aggregation.

No document leaves this module: values that a pattern needs are taken from documents, used, and forgotten.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

from bson import Decimal128, Int64, ObjectId
from pymongo.errors import OperationFailure

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError
from schematool.core.model.entity import Plain
from schematool.core.patterns import mongo as reading
from schematool.core.patterns.model import Parameter, Pattern, Plan, Size
from schematool.engines.mongo.extended import decode, encode
from schematool.engines.mongo.failure import statement_failure
from schematool.engines.mongo.server import Server

TIMEOUT_MILLISECONDS = 30_000
"""How long one command of a proof may run; a pattern that takes longer is no pattern."""
SAMPLE = 1000
"""So many documents are looked at for values; the middle one is taken."""
_WRITES = frozenset({"$out", "$merge"})
_ACCESS = frozenset({13, 18, 8000})
_LESS, _GREATER = "$lt", "$gt"


def explain(server: Server, pattern: Pattern, *, measure: bool) -> Plan:
    """Explain a pattern; run it as well where `measure` and a value is known for each parameter."""
    values = {p.name: _example(p) for p in pattern.parameters if p.has_example}
    wanted = [p for p in pattern.parameters if not p.has_example]
    values |= {p.name: v for p in wanted if p.source and (v := _from_field(server, p)) is not None}
    open_ = [p.name for p in wanted if p.name not in values]
    if open_:
        values |= _together(server, pattern, open_, values)
    missing = tuple(p.name for p in pattern.parameters if p.name not in values)
    for parameter in missing:
        values[parameter] = "schematool"
    run = measure and not missing
    command = {
        "explain": {**_command(pattern, values), "maxTimeMS": TIMEOUT_MILLISECONDS},
        "verbosity": "executionStats" if run else "queryPlanner",
    }
    found = reading.plan(_answered(server, pattern, command), str(pattern.request["collection"]))
    names = dict.fromkeys((*pattern.entities, *found.entities))
    sizes = {name: Size(server.collection(name).estimated_document_count()) for name in names}
    return Plan(
        found.nodes,
        found.measured,
        not run,
        missing if measure else (),
        found.rows_returned,
        found.rows_read,
        keys=found.keys,
        documents=found.documents,
        sizes=sizes,
    )


def _answered(server: Server, pattern: Pattern, command: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return server.command(command)
    except OperationFailure as error:
        if error.code in _ACCESS:
            raise
        # `aggregate`: what the server says of this command may have values in it, so those are taken out.
        text = json.dumps(encode(dict(pattern.request)))
        raise statement_failure(error, text=text, span=None, url=server.url, command="aggregate") from None


def _command(pattern: Pattern, values: Mapping[str, Any]) -> dict[str, Any]:
    request = {word: _filled(value, values) for word, value in pattern.request.items()}
    collection = request.pop("collection")
    if "pipeline" in request:
        if any(name in _WRITES for stage in request["pipeline"] for name in stage):
            raise InputError(Diagnostic("ST133", f"`{pattern.name}` writes: a pattern only reads", pattern.span))
        return {"aggregate": collection, "pipeline": request["pipeline"], "cursor": {}}
    return {"find": collection, **request}


def _filled(value: Plain, values: Mapping[str, Any]) -> Any:
    """Put values in the place of `:name`, and read Extended JSON."""
    if isinstance(value, str):
        return values.get(value[1:], value) if value.startswith(":") else value
    if isinstance(value, Mapping):
        literal = decode(dict(value))
        return {key: _filled(inner, values) for key, inner in value.items()} if isinstance(literal, dict) else literal
    return [_filled(inner, values) for inner in value] if isinstance(value, tuple) else value


def _example(parameter: Parameter) -> Any:
    """An example as the BSON type that the parameter says."""
    value, kind = parameter.example, parameter.type.lower()
    if isinstance(value, tuple):
        return list(value)
    match kind:
        case "objectid":
            return ObjectId(str(value))
        case "date" | "timestamp" | "timestamptz":
            moment = datetime.datetime.fromisoformat(str(value))
            return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        case "long":
            return Int64(int(str(value)))
        case "double" | "float":
            return float(str(value))
        case "decimal":
            return Decimal128(str(value))
        case _:
            return value


# --- values ----------------------------------------------------------------------------------------------------------


def _from_field(server: Server, parameter: Parameter) -> Any:
    collection, _, path = str(parameter.source).partition(".")
    return _middle(server, collection, {path: {"$ne": None}}, {parameter.name: path}).get(parameter.name)


def _together(server: Server, pattern: Pattern, open_: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Take the values of several parameters from one document that the rest of the query finds."""
    stages = pattern.request.get("pipeline")
    first = stages[0] if isinstance(stages, tuple) and stages else None
    filter_ = first.get("$match") if isinstance(first, Mapping) else pattern.request.get("filter")
    paths: dict[str, tuple[str, str]] = {}
    rest = _rest(filter_, "", paths) if isinstance(filter_, Mapping) else {}
    collection = str(pattern.request["collection"])
    text = next((name for name, (path, _) in paths.items() if path == "$text"), None)
    wanted = {name: path for name, (path, _) in paths.items() if name in open_ and path != "$text"}
    condition = {**_filled(rest, given), **{path: {"$ne": None} for path in wanted.values()}}
    found = _middle(server, collection, condition, wanted) if wanted else {}
    if text in open_ and (word := _word(server, collection)):
        found[str(text)] = word
    return {name: _shifted(value, paths[name][1]) for name, value in found.items()}


def _rest(filter_: Mapping[str, Plain], path: str, paths: dict[str, tuple[str, str]]) -> dict[str, Plain]:
    """The filter without what speaks of parameters; where each stands goes into `paths` as (field path, operator)."""
    kept: dict[str, Plain] = {}
    for key, value in filter_.items():
        here = path if key.startswith("$") and key != "$text" else f"{path}.{key}".strip(".")
        if isinstance(value, str) and value.startswith(":"):
            paths[value[1:]] = ("$text" if path == "$text" else here, key if key.startswith("$") else "$eq")
        elif isinstance(value, tuple) and key in {"$in", "$all"} and len(value) == 1 and str(value[0]).startswith(":"):
            paths[str(value[0])[1:]] = (here, "$eq")
        elif isinstance(value, Mapping):
            if inner := _rest(value, here, paths):
                kept[key] = inner
        else:
            kept[key] = value
    return {} if "$text" in filter_ and not path else kept


def _middle(server: Server, collection: str, condition: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    """The values at `paths` of the middle one of the first documents."""
    found = list(
        server.collection(collection).find(
            dict(condition), dict.fromkeys([*paths.values(), "_id"], 1), limit=SAMPLE, max_time_ms=TIMEOUT_MILLISECONDS
        )
    )
    if not found:
        return {}
    document = found[len(found) // 2]
    return {name: value for name, path in paths.items() if (value := _at(document, path.split("."))) is not None}


def _at(value: Any, parts: list[str]) -> Any:
    """What stands at a path; of an array the first."""
    if isinstance(value, list):
        return _at(value[0], parts) if value else None
    if not parts:
        return value
    return _at(value.get(parts[0]), parts[1:]) if isinstance(value, Mapping) else None


def _word(server: Server, collection: str) -> str | None:
    """A word that the text index of a collection knows."""
    weights: Mapping[str, Any] = next(
        (i["weights"] for i in server.index_specifications(collection) if "weights" in i), {}
    )
    for path in weights:
        condition = {} if path == "$**" else {path: {"$type": "string"}}
        document = server.collection(collection).find_one(condition, max_time_ms=TIMEOUT_MILLISECONDS)
        text = _at(document, path.split(".")) if document else None
        words = re.findall(r"\w{4,}", text) if isinstance(text, str) else []
        if words:
            return str(max(words, key=len))
    return None


def _shifted(value: Any, operator: str) -> Any:
    """A bound that the document itself is within: `$lt` asks for more than its value, `$gt` for less."""
    sign = {_LESS: 1, _GREATER: -1}.get(operator, 0)
    if not sign:
        return value
    if isinstance(value, datetime.datetime):
        return value + sign * datetime.timedelta(days=1)
    return value + sign if isinstance(value, int | float) else value
