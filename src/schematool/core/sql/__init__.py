"""SQL as text: how to quote a name, where a statement ends. Knows PostgreSQL's lexer, not its grammar."""
