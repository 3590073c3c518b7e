"""Faults that a runner must survive: `matrix.py` has the rows, `tools.py` the programs, `page.py` the table."""
