"""47 collections and 290 indexes that nobody here wrote: read, built again; then one option changed at a time.

The models of the npm package `@librechat/data-schemas` are built by Mongoose on a real server. The package is fetched
once into the user's cache; without npm or a registry this module is left out with the reason.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schematool.core.change import Altered, Change
from schematool.core.diff import diff
from schematool.core.model.mongo import Collection, Index
from schematool.core.plan.mongo import build, plan
from schematool.engines.contract import Engine, open_engine
from schematool.engines.mongo.extended import decode
from tests.databases import fresh_mongo
from tests.live.raw import database_of

if TYPE_CHECKING:
    from pymongo.database import Database

    from schematool.core.secret import Url

PACKAGES = (
    "@librechat/data-schemas@0.0.71",
    "mongoose@8.24.10",
    "dotenv@17",
)
"""What the models need to be built; the application's own packages are its peers and come along."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "schematool-tests" / "librechat-0.0.71"
MUTATIONS = 300
Document = dict[str, Any]


@pytest.fixture(scope="module")
def package() -> Path:
    """Fetch the package, once for all sessions."""
    if not (CACHE / "node_modules" / "@librechat" / "data-schemas" / "package.json").exists():
        npm = shutil.which("npm")
        reason = "npm is not there" if npm is None else _installed(npm)
        if reason:
            pytest.skip(f"@librechat/data-schemas: {reason}")
    return CACHE


def _installed(npm: str) -> str | None:
    """Install; give the reason when that does not work, and leave nothing half done."""
    part = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    part.mkdir(parents=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", str(part)]
    try:
        ran = subprocess.run([*command, *PACKAGES], capture_output=True, check=False, timeout=120, cwd=part)
    except (OSError, subprocess.TimeoutExpired) as error:
        shutil.rmtree(part)
        return f"npm: {type(error).__name__}"
    if ran.returncode != 0:
        shutil.rmtree(part)
        return f"npm: {ran.stderr.decode(errors='replace').strip()[-300:]}"
    if not CACHE.exists():
        part.rename(CACHE)
    return None


@pytest.fixture(scope="module")
def built(package: Path, mongo_server: Url) -> Iterator[tuple[Url, Engine]]:
    """Let Mongoose build all models on an empty database."""
    with fresh_mongo(mongo_server) as url:
        script = package / "build.cjs"
        script.write_text((Path(__file__).parent / "librechat.cjs").read_text("utf-8"), "utf-8")
        node = shutil.which("node") or "node"
        ran = subprocess.run(
            [node, str(script)],
            env={**os.environ, "URL": url.reveal()},
            capture_output=True,
            check=False,
            cwd=CACHE,  # the package writes its logs where it stands
        )
        assert ran.returncode == 0, ran.stderr.decode()[-2000:]
        engine = open_engine(url)
        yield url, engine
        engine.close()


def test_what_mongoose_built_is_built_again_the_same(built: tuple[Url, Engine]) -> None:
    """All of it is read, nothing is left over, and an empty server makes the same of it: no drift."""
    _, engine = built
    inspection = engine.inspect()
    catalog = inspection.catalog

    assert sum(isinstance(thing, Collection) for thing in catalog) == 47
    assert sum(isinstance(thing, Index) for thing in catalog) >= 240
    assert inspection.unmodelled == ()

    with engine.scratch() as empty:
        assert empty.build(build(catalog)) == ()
        again = empty.inspect()
        assert diff(catalog, again.catalog) == ()
        assert plan(again.catalog, catalog) == ()
        assert again.unmodelled == ()


def test_every_change_of_one_option_is_named_and_no_other(built: tuple[Url, Engine]) -> None:
    """Hundreds of changes by hand, one at a time: the comparison names that object and that attribute alone."""
    url, engine = built
    chance = random.Random(20260)  # noqa: S311  # the same changes every time
    recorded = engine.inspect().catalog
    indexes = [thing for thing in recorded if isinstance(thing, Index)]
    collections = [thing for thing in recorded if isinstance(thing, Collection)]
    names: list[str] = []
    with database_of(url) as database:
        for _ in range(MUTATIONS):
            if chance.random() < 0.75:
                index = chance.choice(indexes)
                name, wanted, undo = _mutate_index(database, index, chance)
            else:
                name, wanted, undo = _mutate_collection(database, chance.choice(collections), chance)
            names.append(name)
            found = [pair for change in diff(recorded, engine.inspect().catalog) for pair in _named(change)]
            assert sorted(found) == sorted(wanted), name
            for command in undo:
                database.command(command)
        assert diff(recorded, engine.inspect().catalog) == ()
    assert len(set(names)) >= 10, sorted(set(names))


def _mutate_index(
    database: Database[Document], index: Index, chance: random.Random
) -> tuple[str, list[tuple[str, str]], list[Document]]:
    """Change one option of an index; give what it was, what must be named, and the commands that undo it."""
    collection, spec = index.id.path[0], decode(json.loads(index.command))
    changes: dict[str, tuple[Document, set[str]]] = {
        "partial filter": ({**spec, "partialFilterExpression": {"zz": {"$gt": chance.random()}}}, {"partial_filter"}),
        "expiry": ({**spec, "expireAfterSeconds": chance.randrange(1, 10**6)}, {"expire_after_seconds"}),
        "collation": ({**spec, "collation": {"locale": "de", "strength": chance.choice([1, 2])}}, {"collation"}),
        "key added": ({**spec, "key": {**spec["key"], f"z{chance.randrange(99)}": chance.choice([1, -1])}}, {"keys"}),
        "key direction": ({**spec, "key": _turned(spec["key"], chance)}, {"keys"}),
        "uniqueness": (_flipped(spec, "unique"), {"unique"}),
        "sparseness": (_flipped(spec, "sparse"), {"sparse"}),
    }
    if "partialFilterExpression" in spec:
        del changes["sparseness"]
    if spec.get("sparse"):
        del changes["partial filter"]
    if len(spec["key"]) > 1:
        del changes["expiry"]
        changes["key order"] = ({**spec, "key": dict(reversed(spec["key"].items()))}, {"keys"})
    if "expireAfterSeconds" in spec:
        del changes["key added"]
    back = [{"dropIndexes": collection, "index": spec["name"]}, {"createIndexes": collection, "indexes": [spec]}]
    name = chance.choice([*sorted(changes), "hidden", "prepared", "dropped", "renamed", "added"])
    match name:
        case "hidden":
            _modify(database, collection, spec["name"], hidden=True)
            return name, [(str(index.id), "hidden")], [
                {"collMod": collection, "index": {"name": spec["name"], "hidden": False}}
            ]  # fmt: skip
        case "prepared" if not index.unique:
            _modify(database, collection, spec["name"], prepareUnique=True)
            return name, [(str(index.id), "prepare_unique")], [
                {"collMod": collection, "index": {"name": spec["name"], "prepareUnique": False}}
            ]  # fmt: skip
        case "dropped" | "prepared":
            database.command("dropIndexes", collection, index=spec["name"])
            return "dropped", [(str(index.id), "Removed")], back[1:]
        case "renamed":
            database.command("dropIndexes", collection, index=spec["name"])
            database.command("createIndexes", collection, indexes=[{**spec, "name": "another"}])
            wanted = [(str(index.id), "Removed"), (f"index {collection}.another", "Added")]
            return name, wanted, [{"dropIndexes": collection, "index": "another"}, back[1]]
        case "added":
            added = {"key": {"zz": 1, "zy": -1}, "name": "extra"}
            database.command("createIndexes", collection, indexes=[added])
            return name, [(f"index {collection}.extra", "Added")], [{"dropIndexes": collection, "index": "extra"}]
        case _:
            pass
    changed, attributes = changes[name]
    database.command("dropIndexes", collection, index=spec["name"])
    database.command("createIndexes", collection, indexes=[changed])
    return name, [(str(index.id), attribute) for attribute in attributes], back


def _mutate_collection(
    database: Database[Document], collection: Collection, chance: random.Random
) -> tuple[str, list[tuple[str, str]], list[Document]]:
    """Change one option of a collection in place."""
    name, key = collection.id.name, str(collection.id)
    validator = {"$jsonSchema": {"required": [f"f{chance.randrange(99)}"]}}
    changes: dict[str, tuple[Document, str, Document]] = {
        "validator": ({"validator": validator}, "validator", {"validator": {}}),
        "level": ({"validationLevel": "moderate"}, "validation_level", {"validationLevel": "strict"}),
        "action": ({"validationAction": "warn"}, "validation_action", {"validationAction": "error"}),
        "images": (
            {"changeStreamPreAndPostImages": {"enabled": True}},
            "pre_and_post_images",
            {"changeStreamPreAndPostImages": {"enabled": False}},
        ),
    }
    what = chance.choice([*sorted(changes), "extra collection"])
    if what == "extra collection":
        database.command("create", "zz_extra", capped=True, size=4096)
        return what, [("collection zz_extra", "Added")], [{"drop": "zz_extra"}]
    change, attribute, back = changes[what]
    database.command({"collMod": name, **change})
    return what, [(key, attribute)], [{"collMod": name, **back}]


def _modify(database: Database[Document], collection: str, index: str, **options: bool) -> None:
    database.command("collMod", collection, index={"name": index, **options})


def _turned(key: Document, chance: random.Random) -> Document:
    path = chance.choice(list(key))
    return {**key, path: -1 if key[path] == 1 else 1}


def _flipped(spec: Document, option: str) -> Document:
    without = {key: value for key, value in spec.items() if key != option}
    return without if spec.get(option) else {**without, option: True}


def _named(change: Change) -> list[tuple[str, str]]:
    if isinstance(change, Altered):
        return [(str(change.id), name) for name, _, _ in change.attributes]
    return [(str(change.id), type(change).__name__)]
