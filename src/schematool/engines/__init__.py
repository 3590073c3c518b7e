"""The only room with drivers. `contract.open_engine` imports one by the scheme of its URL."""
