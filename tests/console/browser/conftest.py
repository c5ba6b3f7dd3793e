"""The console as people meet it: `seawall serve` over a store filled from the lab, opened in Debian's Chromium."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from tools.build_console import BuildFailed, build, is_built

from tests.browsing import PATIENCE_MILLISECONDS
from tests.console.browser import filled
from tests.once import alone, make_once
from tests.shifted_clock import shift_pages

playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import Browser, Dialog, Page, Request  # noqa: E402

ROOT = Path(__file__).parents[3]
START = date(2026, 3, 2)
Scheme = Literal["light", "dark"]


def fill(place: Path) -> None:
    """Make the filled store that every process of a test run copies."""
    filled.fill(place / "store", filled.world(place / "made", start=START))


@pytest.fixture(scope="session")
def pages_built(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The pages that the server serves are those of the sources."""
    with alone(tmp_path_factory.getbasetemp().parent / "console-pages"):
        if is_built(ROOT):
            return
        try:
            build(ROOT, lambda _: None)
        except BuildFailed as error:
            pytest.skip(f"the console's pages could not be built here: {str(error).splitlines()[0]}")


def copied_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a filled store of the caller's own."""
    made = make_once(tmp_path_factory, "console-store", fill)
    place = tmp_path_factory.mktemp("served") / "store"
    shutil.copytree(made / "store", place)
    place.chmod(0o700)
    return place


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled store of this process alone."""
    return copied_store(tmp_path_factory)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(store: Path, *arguments: str, command: tuple[str, ...] = ()) -> Iterator[str]:
    """`seawall serve` over a store; yields its address. `command` runs another installation's `seawall`."""
    run = command or (sys.executable, "-m", "seawall.cli.main")
    listen = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [*run, "serve", "--store", str(store), "--listen", listen, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"seawall serve did not start: exit code {process.wait(timeout=10)}"
        yield line.strip().rstrip("/")
    finally:
        process.terminate()
        process.wait(timeout=60)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def served(store: Path, pages_built: None) -> Iterator[str]:
    """The address of a running console."""
    with serving(store, "--no-watch") as address:
        yield address


@pytest.fixture(scope="module")
def served_alone(tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[str]:
    """A console for one file of tests: what is answered there is gone from the queue of the others."""
    with serving(copied_store(tmp_path_factory), "--no-watch") as address:
        yield address


@dataclass
class Visit:
    """A page of the console, and what it did that it should not."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def path(self) -> str:
        return self.page.url.removeprefix(self.address)


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[Visiting]:
    """Open a page of the console; at the end it must have been silent, and asked nobody but the server."""
    visits: list[Visit] = []

    def opened(
        path: str = "/",
        *,
        width: int = 1440,
        scheme: Scheme = "light",
        address: str = served,
        allow: str = "",
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        shift_pages(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        made = Visit(page, address)
        visits.append(made)

        def heard(text: str) -> None:
            if not (allow and allow in text):
                made.faults.append(text)

        def dismissed(dialog: Dialog) -> None:
            heard(dialog.message)
            dialog.dismiss()

        def asked(request: Request) -> None:
            if not request.url.startswith((address, "blob:")):
                heard(request.url)

        page.on("console", lambda message: heard(f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: heard(str(error)))
        page.on("dialog", dismissed)
        page.on("request", asked)
        made.go(path)
        return made

    yield opened
    for made in visits:
        made.page.context.close()
    assert [fault for made in visits for fault in made.faults] == []
