"""The text of `down`, which is that of `up`."""

from schematool.views.text.up import lines

__all__ = ["lines"]
