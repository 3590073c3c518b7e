"""The program as a user sees it."""
