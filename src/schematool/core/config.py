"""The configuration: TOML text and an environment mapping to settings that know where they came from.

Variables (`${NAME}`, `${NAME:-default}`) are filled in only for the environment that a command uses, so that a
laptop without the production URL can still work on its own databases.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from schematool.core.diagnostic import Findings, Span
from schematool.core.models import FILES
from schematool.core.secret import Url
from schematool.core.timeouts import DEFAULTS, LONGEST_TIMEOUT, Timeouts

STORES = ("postgres", "mongo")
EMBEDDED = "embedded default"
TIMEOUTS = tuple(each.name for each in fields(Timeouts))
"""The keys of `[env.NAME.postgres.timeouts]`."""
DEFAULT = "default"
DEFAULT_ENVIRONMENT = "dev"


@dataclass(frozen=True, slots=True)
class Text:
    """A string of the configuration with its place, before its variables are filled in."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Source:
    """Where a URL or a password is fetched when a store is used: `kind` is the key, `words` a path or a command."""

    kind: str
    words: tuple[str, ...]
    span: Span

    @property
    def gives_url(self) -> bool:
        """Whether it is the whole URL, and not only the password."""
        return self.kind.startswith("url_")


@dataclass(frozen=True, slots=True)
class Environment:
    """`[env.NAME]`: where its stores are, and whether it asks to have its name typed."""

    name: str
    urls: Mapping[str, Text] = field(default_factory=dict)
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    protected: bool = False
    span: Span | None = None
    timeouts: Timeouts = DEFAULTS


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says. `places` has the span of every key by its dotted path, for `schematool config`."""

    file: str = ""
    schema: str = "schema"
    migrations: str = "migrations"
    default_env: str = DEFAULT_ENVIRONMENT
    lock_timeout: float = 30.0
    exclude: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    scratch: Mapping[str, Text] = field(default_factory=dict)
    places: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one store is. `url` None and no `sources`: the embedded server, kept under `.schematool/`."""

    store: str
    url: Url | None
    origin: str
    sources: tuple[Source, ...] = ()
    """What is still to be fetched: the URL, or its password."""


@dataclass(frozen=True, slots=True)
class Target:
    """An environment that is ready to be used: the places of its stores, those that it has."""

    name: str
    places: Mapping[str, Place]
    protected: bool = False
    timeouts: Timeouts = DEFAULTS
    """How long a statement may wait and take in its PostgreSQL."""


_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "schema": str,
    "migrations": str,
    "default_env": str,
    "lock_timeout": (int, float),
    "exclude": list,
    "models": dict,
    "env": dict,
    "scratch": dict,
}


def parse(file: str, text: str) -> tuple[Config, Findings]:
    """Read `schematool.toml`, or the `[tool.schematool]` table of a pyproject.toml; all findings together."""
    found = Findings()
    prefix = ("tool", "schematool") if file.endswith("pyproject.toml") else ()
    places = _places(file, text, prefix)
    try:
        table: Any = tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        found.add("ST002", f"not TOML: {_reason(error)}", _error_span(file, text, error))
        return Config(file), found
    for part in prefix:
        table = table.get(part, {})
    if not isinstance(table, dict):
        found.add("ST002", "`tool.schematool` must be a table", places.get(""))
        return Config(file), found
    _check_keys(table, _KEYS, "", places, found)
    default_env = _typed(table, "default_env", str, DEFAULT_ENVIRONMENT)
    return (
        Config(
            file,
            schema=_typed(table, "schema", str, "schema"),
            migrations=_typed(table, "migrations", str, "migrations"),
            default_env=default_env,
            lock_timeout=float(_typed(table, "lock_timeout", (int, float), 30.0)),
            exclude=_strings(table, "exclude", places, found),
            models=_models(_typed(table, "models", dict, {}), places, found),
            environments=_environments(_typed(table, "env", dict, {}), places, found),
            scratch=_scratch(_typed(table, "scratch", dict, {}), places, found),
            places=places,
        ),
        found,
    )


def target(
    config: Config,
    name: str | None,
    variables: Mapping[str, str],
    *,
    flags: Mapping[str, str] | None = None,
) -> tuple[Target, Findings]:
    """Choose an environment and settle where its stores are: flag, `SCHEMATOOL_*`, the table, the embedded default.

    Only the default environment falls back on the embedded servers: `--env prod` must never mean a fresh, empty
    database because a line is missing.
    """
    found = Findings()
    chosen = name or variables.get("SCHEMATOOL_ENV") or config.default_env
    environment = config.environments.get(chosen)
    if environment is None and chosen != config.default_env:
        known = sorted({config.default_env, *config.environments})
        close = get_close_matches(chosen, known, 1)
        found.add(
            "ST005",
            f"no environment `{chosen}`; there are {', '.join(known)}",
            hint=f"did you mean `--env {close[0]}`?" if close else f"add [env.{chosen}.postgres] to {config.file}",
        )
    environment = environment or Environment(chosen)
    places: dict[str, Place] = {}
    for store in STORES:
        place = _place(store, environment, variables, flags or {}, found)
        if place is None and chosen == config.default_env:
            place = Place(store, None, EMBEDDED)
        if place is not None:
            places[store] = place
    return Target(chosen, places, environment.protected, environment.timeouts), found


def scratch_place(config: Config, store: str, variables: Mapping[str, str]) -> tuple[Place, Findings]:
    """Settle which server tries things out: `SCHEMATOOL_SCRATCH_*_URL`, `[scratch]`, the embedded default."""
    found = Findings()
    variable = f"SCHEMATOOL_SCRATCH_{store.upper()}_URL"
    if variables.get(variable):
        return Place(store, Url(variables[variable]), variable), found
    if text := config.scratch.get(store):
        value = expand(text, variables, found)
        return Place(store, Url(value), _origin(text.span)), found
    return Place(store, None, EMBEDDED), found


_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


def expand(text: Text, variables: Mapping[str, str], found: Findings) -> str:
    """Fill in `${NAME}` and `${NAME:-default}`; a variable that is not set is a finding. Empty counts as not set."""

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if variables.get(name):
            return variables[name]
        if default is not None:
            return str(default)
        at = text.span.column + 1 + match.start()
        span = Span(text.span.file, text.span.line, at, len(match[0]), text.span.text)
        found.add("ST004", f"the environment variable {name} is not set", span, hint=f"export {name}=…")
        return ""

    return _VARIABLE.sub(value, text.value)


def _place(
    store: str,
    environment: Environment,
    variables: Mapping[str, str],
    flags: Mapping[str, str],
    found: Findings,
) -> Place | None:
    variable = f"SCHEMATOOL_{store.upper()}_URL"
    if flags.get(store):
        return Place(store, Url(flags[store]), f"--{store}-url")
    if variables.get(variable):
        return Place(store, Url(variables[variable]), variable)
    sources = environment.sources.get(store, ())
    if text := environment.urls.get(store):
        return Place(store, Url(expand(text, variables, found)), _origin(text.span), sources)
    if first := next((source for source in sources if source.gives_url), None):
        return Place(store, None, _origin(first.span), sources)
    return None


def _origin(span: Span) -> str:
    return f"{span.file}:{span.line}"


def _environments(table: Mapping[str, Any], places: Mapping[str, Span], found: Findings) -> dict[str, Environment]:
    environments = {}
    for name, body in table.items():
        path = f"env.{name}"
        if not isinstance(body, dict):
            found.add("ST002", f"`{path}` must be a table", places.get(path))
            continue
        _check_keys(body, {"postgres": dict, "mongo": dict, "protected": bool}, path, places, found)
        urls = {}
        sources = {}
        for store in STORES:
            inner = _typed(body, store, dict, {})
            _check_keys(inner, _STORE_KEYS[store], f"{path}.{store}", places, found)
            if url := _text(inner, "url", f"{path}.{store}", places):
                urls[store] = url
            sources[store] = _sources(inner, f"{path}.{store}", places, found)
        protected = _typed(body, "protected", bool, False)
        timeouts = _timeouts(_typed(body, "postgres", dict, {}), f"{path}.postgres.timeouts", places, found)
        environments[name] = Environment(name, urls, sources, protected, places.get(path), timeouts)
    return environments


_URL_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "url": str,
    "url_file": str,
    "url_command": list,
    "password_file": str,
    "password_command": list,
}
_STORE_KEYS = {"postgres": {**_URL_KEYS, "timeouts": dict}, "mongo": _URL_KEYS}


def _timeouts(table: Mapping[str, Any], path: str, places: Mapping[str, Span], found: Findings) -> Timeouts:
    """Read how long statements may wait and take, in seconds; the rest keeps its default."""
    said = _typed(table, "timeouts", dict, {})
    _check_keys(said, dict.fromkeys(TIMEOUTS, (int, float)), path, places, found)
    kept = {key: float(value) for key, value in said.items() if key in TIMEOUTS and type(value) in {int, float}}
    for key, value in kept.items():
        if not (0 <= value <= LONGEST_TIMEOUT and (value or key != "lock")):
            least = "more than 0" if key == "lock" else "0 (no limit) or more"
            found.add(
                "ST002",
                f"`{path}.{key}` must be {least} and at most {LONGEST_TIMEOUT:.0f} seconds",
                places.get(f"{path}.{key}"),
            )
            return DEFAULTS
    return Timeouts(**kept)


def _sources(table: Mapping[str, Any], path: str, places: Mapping[str, Span], found: Findings) -> tuple[Source, ...]:
    """Read where a URL or a password is fetched; each of the two has one place."""
    made = []
    for key in ("url_file", "url_command", "password_file", "password_command"):
        value = table.get(key)
        words = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
        if not words:
            continue
        span = places.get(f"{path}.{key}", Span("", 1, 1))
        if any(not isinstance(word, str) or not word for word in words):
            found.add("ST002", f"`{key}` must be a list of strings: a program and its arguments", span)
            continue
        made.append(Source(key, words, span))
    for what in ("url", "password"):
        said = [source for source in made if source.kind.startswith(f"{what}_")]
        first = [places.get(f"{path}.url")] if what == "url" and table.get("url") else []
        if len(said) + len(first) > 1:
            found.add("ST002", f"the {what} of this store is said twice", said[-1].span, hint="keep one of them")
    if any(not source.gives_url for source in made) and not table.get("url") and len(made) == 1:
        found.add("ST002", f"`{made[0].kind}` needs a URL that it belongs to", made[0].span, hint="add url = …")
    return tuple(made)


def _models(table: Mapping[str, Any], places: Mapping[str, Span], found: Findings) -> dict[str, str]:
    """Read where `models` writes each target."""
    _check_keys(table, dict.fromkeys(FILES, str), "models", places, found)
    return {target: path for target, path in table.items() if target in FILES and isinstance(path, str)}


def _scratch(table: Mapping[str, Any], places: Mapping[str, Span], found: Findings) -> dict[str, Text]:
    _check_keys(table, {f"{store}_url": str for store in STORES}, "scratch", places, found)
    texts = {store: _text(table, f"{store}_url", "scratch", places) for store in STORES}
    return {store: text for store, text in texts.items() if text}


def _text(table: Mapping[str, Any], key: str, path: str, places: Mapping[str, Span]) -> Text | None:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        return None
    return Text(value, places.get(f"{path}.{key}", Span("", 1, 1)))


def _check_keys(
    table: Mapping[str, Any],
    known: Mapping[str, type | tuple[type, ...]],
    path: str,
    places: Mapping[str, Span],
    found: Findings,
) -> None:
    for key, value in table.items():
        full = f"{path}.{key}" if path else key
        if key not in known:
            close = get_close_matches(key, known, 1)
            hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(sorted(known))}"
            found.add("ST002", f"unknown key `{key}`", places.get(full), hint=hint)
        elif not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
            found.add("ST002", f"`{full}` must be {_words(known[key])}", places.get(full))


def _words(kind: type | tuple[type, ...]) -> str:
    names = {str: "a string", bool: "true or false", list: "a list of strings", dict: "a table"}
    return names[kind] if isinstance(kind, type) else "a number"


def _typed(table: Mapping[str, Any], key: str, kind: type | tuple[type, ...], default: Any) -> Any:
    value = table.get(key, default)
    return value if isinstance(value, kind) else default


def _strings(table: Mapping[str, Any], key: str, places: Mapping[str, Span], found: Findings) -> tuple[str, ...]:
    values = _typed(table, key, list, [])
    if any(not isinstance(value, str) for value in values):
        found.add("ST002", f"`{key}` must be a list of strings", places.get(key))
    return tuple(value for value in values if isinstance(value, str))


_HEADER = re.compile(r"^\s*\[(?P<path>[^\[\]]+)\]\s*(#.*)?$")
_PAIR = re.compile(r"^\s*(?P<key>[A-Za-z0-9_.\-\"' ]+?)\s*=\s*(?P<value>.*?)\s*$")


def _places(file: str, text: str, prefix: tuple[str, ...]) -> dict[str, Span]:
    """Find the place of every key by its dotted path; tomllib does not tell. Good for the plain TOML that people write.

    The span of a `key = value` is the value, quotes included.
    """
    places: dict[str, Span] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if header := _HEADER.match(line):
            table = _dotted(header["path"])
            span = Span(file, number, header.start("path") + 1, len(header["path"]), line)
            for depth in range(1, len(table) + 1):
                _put(places, table[:depth], prefix, span)
        elif not line.lstrip().startswith("#") and (pair := _PAIR.match(line)):
            path = (*table, *_dotted(pair["key"]))
            _put(
                places,
                path,
                prefix,
                Span(file, number, pair.start("value") + 1, len(pair["value"]) or 1, line),
            )
    return places


def _put(places: dict[str, Span], path: tuple[str, ...], prefix: tuple[str, ...], span: Span) -> None:
    if path[: len(prefix)] == prefix:
        places.setdefault(".".join(path[len(prefix) :]), span)


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


_AT = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


def _reason(error: tomllib.TOMLDecodeError) -> str:
    return _AT.sub("", str(error)).strip().lower()


def _error_span(file: str, text: str, error: tomllib.TOMLDecodeError) -> Span:
    lines: Iterable[str] = text.splitlines() or [""]
    match = _AT.search(str(error))
    all_lines = list(lines)
    line = int(match[1]) if match and match[1] else len(all_lines)
    column = int(match[2]) if match and match[2] else 1
    return Span(file, line, column, 1, all_lines[min(line, len(all_lines)) - 1])
