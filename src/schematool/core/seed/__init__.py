"""Data that satisfies a schema, made from numbers alone: the same number gives the same rows on every machine."""
