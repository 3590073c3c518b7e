"""`docs serve`: the book in a browser, made anew whenever a file changes. For one's own machine, not for the world."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from schematool.app.docs import TITLE, read_book
from schematool.app.report import Report
from schematool.app.workspace import Workspace
from schematool.core.book.assets import asset
from schematool.core.book.facts import Book
from schematool.core.book.site import site
from schematool.core.diagnostic import Diagnostic
from schematool.core.erd.diagram import Diagram
from schematool.core.errors import SchematoolError, WorldError

EVERY = 0.4  # seconds between two looks at the files
_WAIT = 20.0  # seconds until a silent connection is told that it is still alive
EVENTS, SCRIPT = "/-/events", "/-/reload.js"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeReport(Report):
    """How often the book was made until the server was stopped."""

    command: ClassVar[str] = "docs serve"

    url: str
    builds: int


@dataclass
class _State:
    """What is served now. `number` counts the builds; whoever waits on `changed` learns of the next one."""

    workspace: Workspace
    files: Mapping[str, str] = field(default_factory=dict)
    book: Book | None = None
    number: int = 0
    stopped: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def rebuild(self) -> None:
        """Make the book; where the YAML is wrong, the last good one with what is wrong on every page."""
        notice = ""
        try:
            self.book = read_book(self.workspace)
        except SchematoolError as error:
            notice = _notice(error)
        made = site(self.book or Book(TITLE, Diagram((), ())), notice=notice, script=SCRIPT)
        with self.changed:
            self.files = {**made, SCRIPT.lstrip("/"): asset("reload.js")}
            self.number += 1
            self.changed.notify_all()

    def is_news(self, known: int) -> bool:
        """Say whether there is anything to tell to whoever knows build number `known`."""
        return self.stopped or self.number != known

    def stop(self) -> None:
        """Let go of everyone who waits."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()


def serve(workspace: Workspace, host: str, port: int, started: Callable[[str], None]) -> ServeReport:
    """Serve until interrupted. `started` is told the address; `WorldError` when the port is taken."""
    state = _State(workspace)
    state.rebuild()
    try:
        server = _Server((host, port), _handler(state, host))
    except OSError as error:
        hint = "choose another: `schematool docs serve --port 0` takes a free one"
        raise WorldError(Diagnostic("ST519", f"cannot listen on {host}:{port}: {error.strerror}", hint=hint)) from error
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{server.server_address[1]}/"
    watcher = threading.Thread(target=_watch, args=(state,), daemon=True)
    watcher.start()
    started(url)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        state.stop()
        server.server_close()
    return ServeReport(url=url, builds=state.number)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _watch(state: _State) -> None:
    before = seen(state.workspace)
    while not state.stopped:
        with state.changed:
            state.changed.wait_for(lambda: state.stopped, EVERY)
        now = seen(state.workspace)
        if now != before:
            before = now
            state.rebuild()


def seen(workspace: Workspace) -> Mapping[str, tuple[int, int]]:
    """Every file of the schema and the history, with its size and when it was changed."""
    found: dict[str, tuple[int, int]] = {}
    for folder in (workspace.root / workspace.config.schema, workspace.root / workspace.config.migrations):
        for path in folder.rglob("*") if folder.is_dir() else ():
            try:
                facts = path.stat()
            except OSError:
                continue  # gone between being listed and being looked at
            found[path.as_posix()] = (facts.st_size, facts.st_mtime_ns)
    return found


def _notice(error: SchematoolError) -> str:
    """What is wrong, for the top of a page, with the line of each finding."""
    found = []
    for one in error.diagnostics:
        place = f"{one.span.file}:{one.span.line}:{one.span.column}" if one.span else ""
        frame = f"\n{one.span.text}\n{' ' * (one.span.column - 1)}{'^' * one.span.width}" if one.span else ""
        hint = f"\nhint: {one.hint}" if one.hint else ""
        found.append(f"<pre>{escape(f'{one.code}: {one.message}')}\n{escape(f'{place}{frame}{hint}')}</pre>")
    many = len(error.diagnostics)
    what = f"{many} error{'' if many == 1 else 's'} in the YAML: this is the book as it was before"
    return f'<section class="errors" role="alert"><h2>{what}</h2>{"".join(found)}</section>\n'


def _handler(state: _State, listens: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET from the files in memory, and keeps one connection open to tell of changes."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not _is_own(self.headers.get("Host", ""), listens):
                self.send_error(HTTPStatus.FORBIDDEN, "not a name of this machine")
                return
            path = unquote(urlsplit(self.path).path)
            if path == EVENTS:
                self._events()
                return
            name = path.lstrip("/") or "index.html"
            text = state.files.get(name)
            if text is None:
                self.send_error(HTTPStatus.NOT_FOUND, "no such page")
                return
            body = text.encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", f"{_TYPES.get(PurePosixPath(name).suffix, 'text/plain')}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def _events(self) -> None:
            """Server-sent events (HTML, 9.2): one each time the book was made."""
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            known = state.number
            try:
                self.wfile.write(b": here\n\n")
                while not state.stopped:
                    with state.changed:
                        news = state.changed.wait_for(partial(state.is_news, known), _WAIT)
                    self.wfile.write(f"data: {state.number}\n\n".encode() if news else b": still here\n\n")
                    self.wfile.flush()
                    known = state.number
            except OSError:
                return  # the browser went away

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            """Say nothing: the terminal is for what is wrong with the schema."""

    return Handler


def _is_own(host: str, listens: str) -> bool:
    """Whether a request was meant for this server: a page from elsewhere could have its name point here."""
    name = urlsplit(f"//{host}").hostname or ""
    return name in {"localhost", "127.0.0.1", "::1", listens} or listens in {"0.0.0.0", "::"}  # noqa: S104  # compared, not bound
