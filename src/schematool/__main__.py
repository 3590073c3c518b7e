"""`python -m schematool`."""

from schematool.cli.main import run

run()
