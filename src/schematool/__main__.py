"""The program: `schematool`, or `python -m schematool`."""

from __future__ import annotations

import os
import signal
from types import FrameType


def _leave(_: int, __: FrameType | None) -> None:
    os._exit(130)


def main() -> None:
    """Run the program and exit; Ctrl-C while it is still being loaded ends it without a word."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from schematool.cli.main import run  # noqa: PLC0415  # takes a tenth of a second

    if heard is signal.default_int_handler:
        signal.signal(signal.SIGINT, heard)
    run()


if __name__ == "__main__":
    main()
