"""The nouns: entities as the YAML has them, and the catalog objects of each store."""
