"""Chance that is none: numbers that look random and follow from a key alone, on every machine and Python.

Only whole numbers are used, and no mathematical function whose last digit a machine may choose.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from hashlib import blake2b, shake_128
from itertools import accumulate
from math import gcd

MASK = (1 << 64) - 1
ODD = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio: what spreads numbers that lie together."""


def numbers(key: str, block: int, count: int) -> tuple[int, ...]:
    """Return `count` numbers below 2**64 for one block of rows. The first ones do not depend on `count`."""
    return struct.unpack(f"<{count}Q", shake_128(f"{key}\0{block}".encode()).digest(8 * count))


def key(text: str) -> int:
    """Return the number of a name, for `number`."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def number(of: int, row: int) -> int:
    """Return the number of one row below 2**64: what `numbers` cannot give without its whole block (splitmix64)."""
    mixed = (of + (row + 1) * ODD) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return mixed ^ (mixed >> 31)


def again(chance: int) -> int:
    """Make another number of one, for a second decision about the same cell."""
    mixed = ((chance ^ (chance >> 32)) * ODD) & MASK
    return mixed ^ (mixed >> 29)


def below(chance: int, count: int) -> int:
    """Choose one of `count`, each as likely as the other."""
    return (chance * count) >> 64


def skewed(chance: int, count: int) -> int:
    """Choose one of `count`: the first most often, the n-th about 1/n times as often (Zipf's law with exponent 1).

    2 to the power of a number that is uniform below the logarithm of `count`; between powers of two it is a line.
    """
    scaled = chance * (count.bit_length() << 16)
    exponent, rest = divmod(scaled >> 64, 1 << 16)
    chosen = ((1 << exponent) * ((1 << 16) + rest) >> 16) - 1
    return chosen if chosen < count else below(again(chance), count)


def shuffled(row: int, count: int, of: int) -> int:
    """Give each row below `count` a place below `count` of its own, in an order that does not look like one."""
    if count <= 2:
        return row % max(1, count)
    step = (of % count) | 1
    while gcd(step, count) != 1:
        step += 2
    return (row * step + of) % count


def weighted(weights: Sequence[float]) -> Callable[[int], int]:
    """Return the choice among positions by weight."""
    unit = 1 << 20
    ends = list(accumulate(max(0, round(weight * unit)) for weight in weights))
    if not ends or ends[-1] <= 0:
        return lambda _chance: 0
    total = ends[-1]
    return lambda chance: bisect_right(ends, (chance * total) >> 64)
