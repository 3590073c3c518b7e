"""The house keeps its shape: imports run downhill, twins are twins, drivers and words stay in their rooms."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import schematool

SOURCE = Path(schematool.__file__).parent
ROOMS = ("core", "engines", "app", "views", "cli")

MAY_IMPORT = {
    "core": {"core"},
    "engines": {"core", "engines"},
    "app": {"core", "engines", "app"},
    "views": {"core", "engines", "app", "views"},
    "cli": set(ROOMS),
}
"""Which room may import which. `views` reads the reports of `app` and the events of engines; it runs neither."""

ONLY_IN = {
    "psycopg": "engines",
    "pymongo": "engines",
    "bson": "engines",
    "yoyo": "engines",
    "testcontainers": "engines",
    "rich": "views",
    "typer": "cli",
}
"""Which room a package may be imported in, at any time."""

IMPURE = {"os", "sys", "subprocess", "socket", "time", "random", "secrets", "shutil", "tempfile", "glob", "logging"}
"""What `core` may not import: it knows no system, no clock, no chance."""

TWINS = ("lower", "plan", "render")

# What a line of the shell may not load: each costs a tenth of a second or more.
DRIVERS = ("psycopg", "pymongo", "yoyo", "testcontainers")


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of each module of the package."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a file imports, anywhere in it, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield (node.module or "", node.lineno)
            # `from schematool.engines import postgres` names a module too.
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room(module: str) -> str:
    """Return the room of a module of ours; empty for the package itself and for foreign modules."""
    parts = module.split(".")
    return parts[1] if parts[0] == "schematool" and len(parts) > 1 and parts[1] in ROOMS else ""


def test_imports_run_downhill() -> None:
    """No room imports a room above it."""
    wrong = [
        f"{path.relative_to(SOURCE)}:{line} imports {imported}"
        for name, path in modules()
        for imported, line in imports(path)
        if room(name) and room(imported) and room(imported) not in MAY_IMPORT[room(name)]
    ]

    assert wrong == []


def test_packages_stay_in_their_rooms() -> None:
    """Drivers below `engines/`, Rich in `views/`, Typer in `cli/`."""
    wrong = [
        f"{path.relative_to(SOURCE)}:{line} imports {imported}"
        for name, path in modules()
        for imported, line in imports(path)
        if (wanted := ONLY_IN.get(imported.split(".")[0])) and room(name) != wanted
    ]

    assert sorted(set(wrong)) == []


def test_core_is_pure() -> None:
    """The core computes: it reads no file, asks no clock, rolls no dice."""
    wrong = [
        f"{path.relative_to(SOURCE)}:{line} imports {imported}"
        for name, path in modules()
        for imported, line in imports(path)
        if room(name) == "core" and imported.split(".")[0] in IMPURE
    ]

    assert wrong == []


def test_the_two_stores_do_not_know_each_other() -> None:
    """What `postgres` and `mongo` share moves up; neither imports the other."""

    def store(module: str) -> str:
        words = {word for part in module.split(".") for word in part.split("_")}
        found = words & {"postgres", "mongo"}
        return found.pop() if len(found) == 1 else ""

    wrong = [
        f"{path.relative_to(SOURCE)}:{line} imports {imported}"
        for name, path in modules()
        for imported, line in imports(path)
        if imported.startswith("schematool.") and {store(name), store(imported)} == {"postgres", "mongo"}
    ]

    assert sorted(set(wrong)) == []


@pytest.mark.parametrize("stage", TWINS)
def test_twins_have_the_same_public_names(stage: str) -> None:
    """Whoever knows one store's stage knows the other's."""
    names = {
        store: public(importlib.import_module(f"schematool.core.{stage}.{store}")) for store in ("postgres", "mongo")
    }
    shared = {
        "lower": {"lower"},
        "plan": {"align", "build", "plan", "rename"},
        "render": {"FILE_SUFFIXES", "parse", "render"},
    }

    assert shared[stage] <= names["postgres"]
    assert shared[stage] <= names["mongo"]


def public(module: object) -> set[str]:
    """Return the names of a module that do not begin with an underscore."""
    return {name for name in vars(module) if not name.startswith("_")}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["generate", "--help"], ["explain", "ST201"]])
def test_no_driver_is_loaded_to_say_something(arguments: list[str], tmp_path: Path) -> None:
    """Help and explanations come at once: no driver, no YAML they do not need, no server."""
    program = (
        "import sys\n"
        "from schematool.cli.main import run\n"
        "try:\n    run(sys.argv[1:])\n"
        "except SystemExit as end:\n    code = end.code\n"
        f"loaded = sorted({{name.split('.')[0] for name in sys.modules}} & set({DRIVERS!r}))\n"
        "print('loaded:', loaded, 'code:', code, file=sys.stderr)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert done.stderr.splitlines()[-1] == "loaded: [] code: 0", done.stderr


def test_importing_any_room_but_engines_loads_no_driver() -> None:
    """A module-level import of a driver anywhere above would make every command slow."""
    names = [
        info.name
        for info in pkgutil.walk_packages([str(SOURCE)], "schematool.")
        if room(info.name) in {"core", "app", "views"}
    ]
    program = (
        f"import importlib, sys\nfor name in {names!r}:\n    importlib.import_module(name)\n"
        f"print(sorted({{name.split('.')[0] for name in sys.modules}} & set({DRIVERS!r})))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_module_says_what_it_knows() -> None:
    """The first line of a module is a sentence."""
    silent = [
        str(path.relative_to(SOURCE))
        for _, path in modules()
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        .split("\n")[0]
        .endswith((".", ":"))
    ]

    assert silent == []


def test_every_test_says_what_holds() -> None:
    """A test without a sentence cannot be judged by who reads it."""
    tests = Path(__file__).parent
    silent = [
        f"{path.relative_to(tests)}: {node.name}"
        for path in sorted(tests.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_no_module_is_a_drawer() -> None:
    """`utils`, `helpers` and `manager` are names for what nobody has thought about."""
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

    assert [name for name, path in modules() if path.stem in drawers] == []
