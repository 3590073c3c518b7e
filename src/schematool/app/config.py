"""`config`: every setting that is in effect, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from schematool.app.report import Report
from schematool.app.workspace import Workspace
from schematool.core.config import DEFAULT, EMBEDDED, STORES, TIMEOUTS, Source
from schematool.core.secret import MASK, mask


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and its origin: a flag, a variable, a line of the configuration, or the default."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReport(Report):
    """The effective configuration of one environment; passwords are masked."""

    command: ClassVar[str] = "config"

    env: str
    root: str
    settings: tuple[Setting, ...] = ()


def run(workspace: Workspace) -> ConfigReport:
    """Collect the settings."""
    config = workspace.config

    def setting(key: str, value: object) -> Setting:
        span = config.places.get(key)
        return Setting(key, str(value), f"{span.file}:{span.line}" if span else DEFAULT)

    settings = [
        setting("schema", config.schema),
        setting("migrations", config.migrations),
        setting("default_env", config.default_env),
        setting("lock_timeout", f"{config.lock_timeout:g} s"),
        setting("exclude", ", ".join(config.exclude) or "nothing"),
    ]
    settings += [setting(f"models.{target}", path) for target, path in config.models.items()]
    name = workspace.target.name
    settings.append(setting(f"env.{name}.protected", "yes" if workspace.target.protected else "no"))
    timeouts = workspace.target.timeouts
    settings += [
        setting(f"env.{name}.postgres.timeouts.{key}", _seconds(key, getattr(timeouts, key))) for key in TIMEOUTS
    ]
    for store in STORES:
        if place := workspace.target.places.get(store):
            if place.url or not place.sources:
                url = str(place.url or ".schematool/" + store)
                settings.append(Setting(f"env.{name}.{store}.url", url, place.origin))
            settings += [_fetched(f"env.{name}.{store}", source) for source in place.sources]
        scratch = workspace.scratch(store)
        settings.append(Setting(f"scratch.{store}_url", str(scratch.url or EMBEDDED), scratch.origin))
    settings += [
        Setting(variable, _shown(variable, value), "environment, read by libpq")
        for variable in _LIBPQ
        if (value := workspace.variables.get(variable))
    ]
    return ConfigReport(env=name, root=str(workspace.root), settings=tuple(settings))


# What fills a gap of a PostgreSQL URL (libpq, "Environment Variables"); of those, what changes where and as whom.
_LIBPQ = (
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGOPTIONS",
)


def _shown(variable: str, value: str) -> str:
    return MASK if variable == "PGPASSWORD" else mask(value)


def _seconds(key: str, value: float) -> str:
    return f"{value:g} s" if value or key == "retry" else "no limit"


def _fetched(path: str, source: Source) -> Setting:
    """Say where a secret comes from; it is not fetched to be shown as asterisks."""
    return Setting(f"{path}.{source.kind}", mask(" ".join(source.words)), f"{source.span.file}:{source.span.line}")
