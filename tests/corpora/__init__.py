"""What no one here wrote: real schemas and pairs of them, as data."""
