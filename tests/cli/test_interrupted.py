"""An interruption outside of any statement is told like one inside: what to type next, exit code 130."""

from __future__ import annotations

import pytest

from schematool.cli import main


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
