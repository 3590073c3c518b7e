"""Code frames: the mark stays in sight, however long the line."""

from __future__ import annotations

import pytest

from schematool.core.diagnostic import Span
from schematool.views.text.frame import frame

LINE = "a" * 150 + "MARK" + "b" * 150


@pytest.mark.parametrize(("column", "width"), [(1, 4), (151, 4), (301, 4), (1, 304), (100, 200)])
@pytest.mark.parametrize("room", [40, 80, 120])
def test_long_line_is_cut_around_the_mark(column: int, width: int, room: int) -> None:
    """Whatever is marked, both lines fit the terminal and the marks stand under the beginning of what they mark."""
    _, _, line, marks = (str(text) for text in frame(Span("f", 1, column, width, LINE), "", room))
    under = line[marks.index("^") : marks.rindex("^") + 1]
    marked = LINE[column - 1 : column - 1 + width]

    assert len(line) <= room
    assert len(marks) <= room
    assert "…" in line
    assert marked.startswith(under.removesuffix("…"))
    assert len(under) == min(len(marked), len(under))


def test_line_that_fits_is_left_alone() -> None:
    """No ellipsis where there is room."""
    assert [str(text) for text in frame(Span("f", 3, 3, 2, "a bc d"), "", 80)] == [
        " --> f:3:3",
        "  |",
        "3 | a bc d",
        "  |   ^^",
    ]


def test_password_is_masked_before_the_line_is_cut() -> None:
    """A cut through a URL must not take away what makes its password known for one."""
    text = "x" * 100 + ' url = "postgresql://user:hunter2@host/db"' + "y" * 100
    shown = "".join(str(line) for line in frame(Span("f", 1, text.index("hunter2") + 1, 3, text), "", 60))

    assert "hun" not in shown
