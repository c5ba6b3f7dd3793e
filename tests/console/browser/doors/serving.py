"""The real `seawall serve` on a free port, and what a browser needs to be looked at."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, BrowserContext, Dialog, Page

from tests.browsing import PATIENCE_MILLISECONDS
from tests.shifted_clock import shift_pages

ROOT: Final = Path(__file__).parents[4]
AXE: Final = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
BUNDLE: Final = ROOT / "src" / "seawall" / "console" / "bundle" / "index.html"
OF_COLOURS: Final = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}"
"""The rules that axe-core applies of itself of those that it says are about colours."""
SERIOUS: Final = frozenset({"serious", "critical"})


@dataclass(frozen=True, slots=True)
class Served:
    """A running console. Browsers call it localhost: passkeys belong to a name."""

    address: str
    setup_code: str | None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(store: Path, *arguments: str) -> Iterator[Served]:
    """`seawall serve` over a store until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "seawall.cli.main", "serve", "--store", str(store)]
    command += ["--listen", f"127.0.0.1:{port}", "--json", "--quiet", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        try:
            yield Served(f"http://localhost:{port}", _said(process).get("setup_code"))
        finally:
            process.terminate()
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _said(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON document that `serve` writes when it answers."""
    assert process.stdout is not None
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.rstrip() == "}":
                said: dict[str, Any] = json.loads("".join(lines))
                return said
    finally:
        killer.cancel()
    errors = process.stderr.read() if process.stderr is not None else ""
    raise AssertionError(f"seawall serve did not start: {errors}")


class Watched:
    """What a page did that no page should: messages, dialogs, requests to elsewhere."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("console", lambda message: self._message(message.type, message.text))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _message(self, kind: str, text: str) -> None:
        # The browser reports every refusal of the server as an error of its own.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.faults.append(text)


def authenticator(context: BrowserContext, page: Page, transport: str = "internal") -> None:
    """A virtual authenticator that always says yes."""
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": transport,
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def opened(
    browser: Browser, *, width: int = 1440, dark: bool = False
) -> tuple[BrowserContext, Page, Watched]:
    """A fresh browser profile with one page."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    shift_pages(context)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    return context, page, Watched(page)


def axe_faults_of_themes(page: Page, *themes: Literal["light", "dark"]) -> list[str]:
    """What axe-core finds in these themes one after the other: all its rules once, those of colours in each."""
    found = []
    for number, theme in enumerate(themes):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += [f"{theme}: {fault}" for fault in axe_faults(page, of_colours=number > 0)]
    return found


def axe_faults(page: Page, *, of_colours: bool = False) -> list[str]:
    """What axe-core finds serious or critical on the page as it stands, by all its rules or by those of colours."""
    page.wait_for_timeout(80)  # a change of colours takes a frame or two
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = f", runOnly: {OF_COLOURS}" if of_colours else ""
    found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations']{rules}}})")
    return [
        f"{fault['id']}: {node['html'][:160]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"][:3]
    ]
