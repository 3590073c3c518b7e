"""The colours of pictures, for a light and a dark background, by the part that they are for."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#ffffff",
    "frame": "#f4f6f9",
    "frame-edge": "#d5dbe3",
    "frame-title": "#4a5666",
    "box": "#ffffff",
    "box-edge": "#b4bdc9",
    "rule": "#e8ebf0",
    "postgres": "#2b5a8c",
    "mongo": "#23704a",
    "title": "#ffffff",
    "text": "#1d2630",
    "type": "#5a6675",
    "mark": "#8a4b08",
    "line": "#5d6b7c",
    "across": "#b3470a",
}
DARK: Mapping[str, str] = {
    "page": "#10151b",
    "frame": "#161d25",
    "frame-edge": "#2c3642",
    "frame-title": "#a8b4c3",
    "box": "#1a222b",
    "box-edge": "#465262",
    "rule": "#29333f",
    "postgres": "#2a5685",
    "mongo": "#1f6341",
    "title": "#ffffff",
    "text": "#e6ebf1",
    "type": "#a0adbc",
    "mark": "#e9b15e",
    "line": "#8c9bae",
    "across": "#f0935a",
}
