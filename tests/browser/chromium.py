"""A real browser, spoken to over a pipe (Chrome DevTools Protocol, `--remote-debugging-pipe`): no driver, no port."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
HOW = "no browser: `apt-get install chromium`, or SCHEMATOOL_TEST_BROWSER=/path/to/chrome"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--remote-debugging-pipe"),
)
PATIENCE = 60.0
REPLACED = (
    "Inspected target navigated or closed",
    "Cannot find default execution context",
    "Cannot find context with specified id",
    "Execution context was destroyed.",
)
"""What a browser answers instead of a value while the page that was asked is being replaced (Chromium 156)."""


class RefusedError(Exception):
    """The browser did not do what it was told; the text is the browser's."""


def found() -> str | None:
    """The browser of this machine, if it has one."""
    return os.environ.get("SCHEMATOOL_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One browser with one page."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._number = 0
        self._session: str | None = None
        self._read = b""
        self.requests: list[str] = []
        """The address of everything that pages have asked for."""
        self.complaints: list[str] = []
        """What the browser logged: refused by policy, not found, thrown by a script."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command and wait for its answer; raise `RefusedError` with what the browser says instead."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(PATIENCE)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RefusedError(answer["error"]["message"])
                return answer["result"]

    def _next(self, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            self._read += os.read(self._answers, 1 << 20)
        text, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        said = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(said["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(said["exceptionDetails"]))
            case _:
                pass
        return message

    def go(self, address: str) -> None:
        """Open a page and wait until it and what it needs is there."""
        self.call("Page.navigate", url=address)
        self.until(lambda: self.ask(f"location.href === {json.dumps(address)} && document.readyState") == "complete")

    def ask(self, expression: str) -> Any:
        """Evaluate in the page; None while a page is being replaced."""
        try:
            result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        except RefusedError as refused:
            if str(refused) in REPLACED:
                return None
            raise
        return result["result"].get("value")

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for something to hold."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    def size(self, width: int, height: int = 900) -> None:
        """Make the window this large."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def scripts(self, *, on: bool) -> None:
        """Switch JavaScript of pages on or off; `ask` works all the same."""
        self.call("Emulation.setScriptExecutionDisabled", value=not on)

    def dark(self, *, on: bool) -> None:
        """Prefer dark colours."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def picture(self, path: Path) -> None:
        """Keep what the window shows."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()
    # The protocol's ends are the descriptors 3 and 4 of the browser; the copies lie well above those.
    reads, writes = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (their_in, their_out))

    def connect() -> None:
        os.dup2(reads, 3)
        os.dup2(writes, 4)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=connect,  # noqa: PLW1509  # no threads here, and no other way to give it these two
        pass_fds=(3, 4),
    )
    for end in (their_in, their_out, reads, writes):
        os.close(end)
    try:
        yield Browser(our_out, our_in)
    finally:
        os.close(our_out)
        os.close(our_in)
        process.terminate()
        process.wait(20)
