"""Run the demo and keep what it prints as pictures, docs/demo-*.svg. Nothing in them is drawn by hand."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
# Each picture begins with the chapter that starts with these words, and ends before the next picture's.
PICTURES = {"change": "# change the schema", "drift": "# now someone changes"}
WIDTH = 124

# What would differ from run to run, or tell something about the machine.
_CHANGING = (
    (re.compile(r"host=\S*/(\.schematool/\w+)&port=\d+"), r"host=…/\1"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:27017"),
)


def main() -> int:
    """Make the picture; fails when the demo does."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    done = subprocess.run(  # our own demo
        [sys.executable, ROOT / "demo" / "run.py"], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-2000:] + done.stderr)
        return done.returncode
    output = done.stdout
    for pattern, replacement in _CHANGING:
        output = pattern.sub(replacement, output)
    lines = Text.from_ansi(output.strip("\n")).split("\n")
    starts = {name: _line(lines, words) for name, words in PICTURES.items()}
    ends = [*list(starts.values())[1:], len(lines)]
    for (name, start), end in zip(starts.items(), ends, strict=True):
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        console.print(Text("\n").join(lines[start:end]), soft_wrap=False)
        picture = ROOT / "docs" / f"demo-{name}.svg"
        picture.write_text(console.export_svg(title="schematool", unique_id=f"demo-{name}"))
    return 0


def _line(lines: Sequence[Text], words: str) -> int:
    return next(number for number, line in enumerate(lines) if line.plain.startswith(words))


if __name__ == "__main__":
    sys.exit(main())
