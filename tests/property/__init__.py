"""Invented schemas, filters and files: what must hold for any of them."""
