"""The book of the schema in a real browser: with and without scripts, narrow and dark, and while the YAML is edited."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from schematool.cli.main import run
from tests.browser.chromium import HOW, REPLACED, Browser, RefusedError, browser, found
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Give a browser; where there is none, CI fails, and others are told how to get one."""
    program = found()
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    with browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the book of the clinic."""
    folder = tmp_path_factory.mktemp("book") / "site"
    with pytest.raises(SystemExit) as end:
        run(["docs", "build", str(folder), "--project", str(ROOT)])
    assert end.value.code == 0
    return folder


@pytest.fixture(autouse=True)
def _as_usual(page: Browser) -> None:
    """Begin each test with a wide, light window, scripts and an empty log."""
    page.size(1300)
    page.scripts(on=True)
    page.dark(on=False)
    page.requests.clear()
    page.complaints.clear()


def test_search_finds_while_one_types(page: Browser, site: Path) -> None:
    """Words of a name or a description, in any order; the first result leads to the page."""
    page.go(f"{site.as_uri()}/search.html?q=patients")
    assert page.ask("document.querySelector('#results a').textContent") == "patients"

    page.ask("document.getElementById('q').focus(); document.getElementById('q').value = ''")
    page.call("Input.insertText", text="note followup")
    page.until(lambda: page.ask("document.querySelectorAll('#results a').length") == 1)
    assert page.ask("document.querySelector('#results a').textContent") == "clinicalNotes.content.plan.followUp"
    assert page.ask("document.getElementById('told').textContent") == "1 result"
    page.ask("document.querySelector('#results a').click()")
    page.until(lambda: str(page.ask("location.pathname")).endswith("/entities/clinicalNotes.html"))
    page.until(
        lambda: page.ask("document.querySelector(':target') && document.querySelector(':target').tagName") == "TR"
    )
    assert page.complaints == []


def test_a_page_that_is_being_replaced_has_no_answer() -> None:
    """Asking a page that leaves meanwhile gives None, so that what waits for the next asks again; nothing else does."""
    reads, answers = os.pipe()
    told: list[dict[str, object]] = [{"result": {"targetId": "t", "sessionId": "s"}}] * 6
    told += [{"error": {"message": message}} for message in (*REPLACED, "out of memory")]
    for number, answer in enumerate(told, 1):
        os.write(answers, json.dumps({"id": number, **answer}).encode() + b"\0")
    with open(os.devnull, "wb") as nowhere:
        page = Browser(nowhere.fileno(), reads)

        assert [page.ask("location.pathname") for _ in REPLACED] == [None] * len(REPLACED)
        with pytest.raises(RefusedError, match="out of memory"):
            page.ask("location.pathname")
    os.close(reads)
    os.close(answers)


def test_everything_is_there_without_scripts(page: Browser, site: Path) -> None:
    """The diagram's links, the tables and the A to Z need no JavaScript."""
    page.scripts(on=False)
    page.go(f"{site.as_uri()}/index.html")

    assert page.ask("document.querySelectorAll('svg a').length") == 13
    assert page.ask("document.querySelectorAll('tbody tr').length") == 13
    page.go(f"{site.as_uri()}/search.html?q=patients")
    assert page.ask("document.querySelectorAll('#results a').length") == 0
    assert page.ask("document.getElementById('all').checkVisibility()")
    assert page.ask("document.querySelectorAll('#all a').length") > 20


def test_no_page_asks_for_anything_from_elsewhere(page: Browser, site: Path) -> None:
    """Every request is for a file of the site, nothing is refused by its policy, and no script throws."""
    pages = sorted(site.rglob("*.html"))
    for path in pages:
        page.go(path.as_uri())

    assert len(pages) > 15
    assert [address for address in page.requests if not address.startswith((site.as_uri(), "data:"))] == []
    assert page.complaints == []


def test_a_diagram_leads_to_the_pages_of_its_entities(page: Browser, site: Path) -> None:
    """A box is a link that can be clicked; the text in it stays inside."""
    page.go(f"{site.as_uri()}/index.html")
    wide = (
        "[...document.querySelectorAll('svg a')].flatMap(a => { const box = a.querySelector('rect').getBBox();"
        " return [...a.querySelectorAll('text')].filter(t => { const b = t.getBBox();"
        " return b.x < box.x || b.x + b.width > box.x + box.width + 0.5 }).map(t => t.textContent) })"
    )
    assert page.ask(wide) == []
    x, y = page.ask(
        "(() => { const a = document.querySelector('svg a[href$=\"users.html\"]'); a.scrollIntoView({block: 'center'});"
        " const r = a.getBoundingClientRect(); return [r.x + 30, r.y + 15] })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.until(lambda: str(page.ask("location.pathname")).endswith("/entities/users.html"))


@pytest.mark.parametrize("width", [320, 768, 1300])
def test_pages_fit_every_window(page: Browser, site: Path, width: int) -> None:
    """Only tables and diagrams scroll sideways, never a page."""
    page.size(width)
    for name in ("index.html", "entities/clinicalNotes.html", "patterns.html", "others.html", "history.html"):
        page.go(f"{site.as_uri()}/{name}")

        assert page.ask("document.documentElement.scrollWidth") <= width, name


CONTRAST = """
(() => {
  const light = text => {
    const parts = text.match(/[\\d.]+/g).slice(0, 3).map(Number).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/rgba\\(.*, 0\\)/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const weak = new Set();
  for (const element of document.querySelectorAll("main *, header *")) {
    if (element.closest("svg")) continue;
    if (![...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) weak.add(element.tagName + "." + element.className);
  }
  return [...weak];
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_light_and_dark(page: Browser, site: Path, dark: bool) -> None:  # a case
    """Every text has a contrast of 4.5 to 1 at least (WCAG 2.2, 1.4.3), and dark is dark."""
    page.dark(on=dark)
    page.go(f"{site.as_uri()}/entities/clinicalNotes.html")

    assert page.ask(CONTRAST) == []
    ground = "rgb(16, 21, 27)" if dark else "rgb(255, 255, 255)"
    assert page.ask("getComputedStyle(document.body).backgroundColor") == ground
    assert page.ask("getComputedStyle(document.querySelector('svg .page')).fill") == ground


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, subprocess.Popen[str]]]:
    """Serve the book of a copy of the clinic: its folder, its address, the process."""
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    (tmp_path / "schematool.toml").write_text("")
    process = subprocess.Popen(
        [sys.executable, "-m", "schematool", "docs", "serve", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    line = process.stderr.readline()
    match = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert match, line
    yield tmp_path, match.group(), process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_the_page_follows_the_yaml(page: Browser, served: tuple[Path, str, subprocess.Popen[str]]) -> None:
    """A change is seen without a reload by hand; a mistake is shown with its line, and the pages stay."""
    root, address, process = served
    file = root / "schema" / "postgres" / "users.yaml"
    before = file.read_text()
    page.go(f"{address}entities/users.html")
    text = "document.body.innerText"

    file.write_text(before.replace("profile_image_url:", "picture_address:"))
    page.until(lambda: "picture_address" in str(page.ask(text)))
    file.write_text(before.replace("type: uuid", "type: uuidd"))
    page.until(lambda: page.ask("document.querySelector('.errors') !== null"))
    # A file that is seen half written makes one more page, which may come between two questions.
    words = ("did you mean `uuid`?", "schema/postgres/users.yaml:5:", "picture_address")
    page.until(lambda: all(word in str(page.ask(text)) for word in words))
    file.write_text(before)
    page.until(
        lambda: page.ask("document.querySelector('.errors') === null") and "profile_image_url" in str(page.ask(text))
    )
    assert page.complaints == []

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    # At least once for each change; a file that was seen half written counts once more.
    made = re.fullmatch(r"stopped; the book was made (\d+) times\n", out)
    assert process.returncode == 0
    assert made
    assert int(made[1]) >= 4


def test_only_this_machine_is_served(served: tuple[Path, str, subprocess.Popen[str]]) -> None:
    """A page from elsewhere whose name was made to point here is refused; nothing but the book is there."""
    _, address, _ = served

    def status(path: str, host: str | None = None) -> int:
        request = urllib.request.Request(f"{address}{path}", headers={"Host": host} if host else {})  # noqa: S310  # ours
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # the same
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status("") == 200
    assert status("", "localhost:1") == 200
    assert status("", "evil.example") == 403
    assert status("../schematool.toml") == 404
    assert status("%2e%2e/schematool.toml") == 404
    assert status("entities/nobody.html") == 404
