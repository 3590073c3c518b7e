"""Parse, call, view, exit. `main.run` is the entry point."""
