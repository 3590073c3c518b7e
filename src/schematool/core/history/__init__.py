"""Migration files and their integrity: what was compiled, what was applied, and whether the two still agree."""
