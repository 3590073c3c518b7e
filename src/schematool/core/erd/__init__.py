"""Diagrams of the whole schema: what is in them, where it goes, and how it is drawn. Pure, and the same everywhere."""
