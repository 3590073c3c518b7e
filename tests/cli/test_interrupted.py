"""An interruption outside of any statement is told like one inside: what to type next, exit code 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schematool.app.workspace import write_all
from schematool.cli import main
from schematool.engines import signals


def test_an_interruption_tells_what_to_type_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while files are read or a server is waited for is no blank line."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("schematool.cli.inspect.project", interrupted)

    with pytest.raises(SystemExit) as ended:
        main.run(["status"])

    assert ended.value.code == 130
    assert "ST598" in (said := capsys.readouterr().err)
    assert "`schematool status` tells where the databases stand" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_verb_takes_a_signal_as_ctrl_c_and_a_second_one_as_impatience(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is begun is cleaned up, and told, also when the key is pressed twice; afterwards signals are as before."""
    monkeypatch.setattr(signals._heard, "last", float("-inf"))
    before, done = signal.getsignal(number), []

    def busy(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), number)
            done.append("cleaned up")

    monkeypatch.setattr("schematool.cli.inspect.project", busy)

    with pytest.raises(SystemExit) as ended:
        main.run(["status"])

    assert (ended.value.code, done) == (130, ["cleaned up"])
    assert "error[ST598]: interrupted" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_a_signal_of_an_earlier_run_holds_nobody() -> None:
    """What is called again from the same program within two seconds is ended by a signal of its own."""
    for _ in range(2):
        with signals.stoppable(), pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_after_a_while_a_signal_ends_the_cleaning_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is held for longer by what hangs."""
    monkeypatch.setattr(signals, "_HOLD_SECONDS", 0.0)

    with signals.stoppable():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)


def test_files_take_their_places_all_of_them_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between two of them waits for the last: a migration without its line in the lock would need a hand."""
    monkeypatch.setattr(signals._heard, "last", float("-inf"))
    replace = os.replace

    def interrupted(source: str, target: Path) -> None:
        replace(source, target)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "replace", interrupted)
    with signals.stoppable(), pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, {"a.sql": "new", "b.sql": "new", "lock": "new"})

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sql", "b.sql", "lock"]


def test_what_a_kill_has_left_among_the_files_is_taken_away(tmp_path: Path) -> None:
    """A file that was being written when its run was killed; not one that another run is writing now."""
    for name, age in ((".schematool-old.tmp", 7200), (".schematool-new.tmp", 0)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))

    write_all(tmp_path, {"a.sql": "whole"})

    assert sorted(path.name for path in tmp_path.iterdir()) == [".schematool-new.tmp", "a.sql"]


def test_ctrl_c_before_anything_is_loaded_is_no_traceback(tmp_path: Path) -> None:
    """The program takes a tenth of a second to load, and people are quick."""
    program = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'schematool.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
        "from schematool.__main__ import main\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (130, "")
