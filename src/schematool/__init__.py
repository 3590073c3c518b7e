"""One YAML schema for PostgreSQL and MongoDB, compiled into migrations and verified against live databases."""

__version__ = "0.1.0"
