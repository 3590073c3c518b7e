"""The book of the schema: every entity with what is known of it, as a static site and as Markdown. Pure."""
