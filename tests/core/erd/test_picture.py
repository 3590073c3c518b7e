"""Pictures that can be read: nothing overlaps, no line runs through a box, the same bytes every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise

import pytest
from tests.core.erd.inventing import invented

from schematool.core.erd.diagram import diagram, with_rows
from schematool.core.erd.picture import LABEL, MARKER, Picture, Placed, Stroke, arrange
from schematool.core.erd.sizes import ROW, TITLE
from schematool.core.erd.svg import svg
from schematool.core.erd.words import Grouping, Rows

SIZES = (3, 12, 60, 300)


@lru_cache
def picture(many: int, by: Grouping = Grouping.NONE, rows: Rows = Rows.KEYS) -> Picture:
    """Lay out an invented schema."""
    return arrange(with_rows(diagram(invented(many)), rows), by)


def straight(drawn: Picture) -> Iterator[tuple[int, Stroke]]:
    """Each level or upright piece, with the number of its line."""
    for number, line in enumerate(drawn.lines):
        yield from ((number, stroke) for stroke in line.strokes if stroke.turn is None)


CASES = [*((many, Grouping.NONE) for many in SIZES), (60, Grouping.STORE), (300, Grouping.FOLDER)]


@pytest.mark.parametrize(("many", "by"), CASES)
def test_boxes_stand_apart(many: int, by: Grouping) -> None:
    """No two boxes touch, all are inside of the picture, and each is inside of its group's frame."""
    drawn = picture(many, by)
    areas = [(one.x, one.y, one.x + one.size.width, one.y + one.size.height) for one in drawn.boxes]

    assert len(areas) >= many
    assert all(not _meet(a, b, 12) for a, b in combinations(areas, 2))
    assert all(x >= 0 and y >= 0 and right <= drawn.width and low <= drawn.height for x, y, right, low in areas)
    if by is not Grouping.NONE:
        frames = [(one.x, one.y, one.x + one.width, one.y + one.height) for one in drawn.frames]
        assert all(not _meet(a, b, 0) for a, b in combinations(frames, 2))
        assert all(sum(_inside(area, frame) for frame in frames) == 1 for area in areas)


def _meet(a: tuple[int, ...], b: tuple[int, ...], room: int) -> bool:
    return a[0] < b[2] + room and b[0] < a[2] + room and a[1] < b[3] + room and b[1] < a[3] + room


def _inside(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


@pytest.mark.parametrize(("many", "by"), CASES)
def test_no_line_runs_through_a_box(many: int, by: Grouping) -> None:
    """A line may end at the edge of a box; it never enters one."""
    drawn = picture(many, by)
    columns: dict[int, list[Placed]] = {}
    for placed in drawn.boxes:
        columns.setdefault(placed.x, []).append(placed)
    wide = {x: max(placed.size.width for placed in boxes) for x, boxes in columns.items()}
    through = [
        (drawn.lines[number].said, placed.box.key)
        for number, stroke in straight(drawn)
        for x, boxes in columns.items()
        if min(stroke.start[0], stroke.end[0]) < x + wide[x] and max(stroke.start[0], stroke.end[0]) > x
        for placed in boxes
        if _enters(stroke, placed.x, placed.y, placed.size.width, placed.size.height)
    ]

    assert through == []


def _enters(stroke: Stroke, x: int, y: int, wide: int, high: int) -> bool:
    (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(stroke.start, stroke.end, strict=True))
    return x0 < x + wide and x1 > x and y0 < y + high and y1 > y


@pytest.mark.parametrize(("many", "by"), CASES)
def test_lines_that_mean_different_things_do_not_lie_on_each_other(many: int, by: Grouping) -> None:
    """Two lines cross, they do not share a way: one could not tell where each goes."""
    drawn = picture(many, by)
    shared = []
    for axis in (0, 1):
        pieces = sorted(
            (piece for piece in straight(drawn) if piece[1].start[axis] == piece[1].end[axis]),
            key=lambda piece: piece[1].start[axis],
        )
        for place, (one, first) in enumerate(pieces):
            for other, second in pieces[place + 1 :]:
                if second.start[axis] - first.start[axis] >= 3:
                    break
                if one != other and _overlap(first, second, 1 - axis) > 3:
                    shared.append((drawn.lines[one].said, drawn.lines[other].said))

    assert shared == []


def _overlap(first: Stroke, second: Stroke, along: int) -> float:
    low = max(min(first.start[along], first.end[along]), min(second.start[along], second.end[along]))
    return min(max(first.start[along], first.end[along]), max(second.start[along], second.end[along])) - low


@pytest.mark.parametrize("many", [12, 60])
def test_labels_stand_free(many: int) -> None:
    """What is written on a line touches no box, no other label, and no upright line."""
    drawn = picture(many)
    labels = [(x - LABEL / 2, y - 6, x + LABEL / 2, y + 6) for line in drawn.lines for x, y in line.labels]
    boxes = [(one.x, one.y, one.x + one.size.width, one.y + one.size.height) for one in drawn.boxes]

    def meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

    upright = [stroke for _, stroke in straight(drawn) if stroke.start[0] == stroke.end[0]]
    assert many < 12 or labels
    signs = [
        (one.at[0] - MARKER, one.at[1] - 5, one.at[0], one.at[1] + 5) for line in drawn.lines for one in line.markers
    ]
    assert not any(meet(label, sign) for label in labels for sign in signs)
    assert not any(meet(a, b) for a, b in combinations(labels, 2))
    assert not any(meet(label, box) for label in labels for box in boxes)
    assert not any(
        label[0] < stroke.start[0] < label[2]
        and min(stroke.start[1], stroke.end[1]) < label[3]
        and max(stroke.start[1], stroke.end[1]) > label[1]
        for label in labels
        for stroke in upright
    )


def test_signs_have_room() -> None:
    """The signs at two ends of one channel never meet: each has its own free space before the first track."""
    drawn = picture(60)
    for line in drawn.lines:
        for stroke in line.strokes:
            for marker in line.markers:
                if stroke.start[0] == stroke.end[0]:
                    near = abs(stroke.start[0] - marker.at[0]) < MARKER
                    low, high = sorted((stroke.start[1], stroke.end[1]))
                    assert not (near and low < marker.at[1] < high)


def test_the_same_schema_gives_the_same_bytes() -> None:
    """The picture of 60 entities, as it was drawn on the machine of whoever reviewed it."""
    model = diagram(invented(60))
    text = svg(arrange(model))

    assert text == svg(arrange(model))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "0129d53d7119018b"


def test_a_line_ends_at_a_row() -> None:
    """Never where two rows meet, when it is made straight: nobody could tell which of them is meant."""
    for many, seed in ((4, 4), (12, 1), (12, 3), (20, 4)):
        drawn = arrange(diagram(invented(many, seed)))
        boxes = [(one.x, one.x + one.size.width, one.y + TITLE, one.size.height - TITLE) for one in drawn.boxes]
        for line in drawn.lines:
            for marker in line.markers:
                (x, y) = marker.at
                inside = [y - top for left, right, top, high in boxes if x in {left, right} and 0 < y - top < high]

                assert not any(offset % ROW == 0 for offset in inside)


def test_frames_hold_the_lines_of_their_group() -> None:
    """A frame reaches as low as the lines that go past its boxes, and not into the next."""
    for many, seed in ((40, 4), (60, 3), (80, 1)):
        drawn = arrange(with_rows(diagram(invented(many, seed)), Rows.KEYS), Grouping.FOLDER)
        frames = sorted(drawn.frames, key=lambda frame: frame.y)
        frame_of = {
            one.box.key: number
            for one in drawn.boxes
            for number, frame in enumerate(frames)
            if frame.y <= one.y < frame.y + frame.height
        }

        assert all(one.y + one.height <= other.y for one, other in pairwise(frames))
        for line in drawn.lines:
            within = {frame_of[end] for link in line.links for end in (link.child, link.parent)}
            if len(within) == 1:
                frame = frames[within.pop()]
                lowest = max(max(stroke.start[1], stroke.end[1]) for stroke in line.strokes)

                assert lowest <= frame.y + frame.height


def test_three_hundred_entities_stay_in_proportion() -> None:
    """A picture that is ten times as wide as high cannot be read on any screen."""
    for by in (Grouping.NONE, Grouping.FOLDER):
        drawn = picture(300, by)

        assert 0.4 < drawn.width / drawn.height < 3.0
