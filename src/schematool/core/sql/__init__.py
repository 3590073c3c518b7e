"""SQL as text: how to quote a name, and where one statement ends. Knows the lexer of PostgreSQL, not its grammar."""
