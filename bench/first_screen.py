"""Measure how soon the console's first screen says something: milliseconds to the first words, the first incident and its story.

    python bench/first_screen.py --store DIR [--rounds 7] [--kbits 400]

Chromium opens the queue with an empty cache, first without a limit, then at `--kbits` kbit/s with 100 ms of latency. The medians
and the slowest of the rounds are printed. Needs Playwright and a Chromium on the path.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, sync_playwright
from tests.browsing import CHROMIUM, PATIENCE_MILLISECONDS

LATENCY_MILLISECONDS = 100
MARKS: Mapping[str, str] = {
    "first words": "#first p, header",
    "first incident": "#first li, .row",
    "what happened": ".story li",
    "what to do": ".urgent li, .now li",
}
"""What is waited for, and the selector that finds it."""

_WATCH = """
(marks) => {
  window.seen = {};
  const look = () => {
    for (const [name, selector] of Object.entries(marks))
      if (!(name in window.seen) && document.querySelector(selector)) window.seen[name] = performance.now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


@contextmanager
def serve(store: Path) -> Iterator[str]:
    """Serve a store, and yield the console's address."""
    command = [sys.executable, "-m", "seawall.cli.main", "serve", "--store", str(store), "--no-watch"]
    running = subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{_find_free_port()}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert running.stdout is not None
        for line in running.stdout:
            if found := re.search(r"http://[\d.]+:\d+/", line):
                yield found.group()
                return
        raise RuntimeError("the console did not start")
    finally:
        running.terminate()
        running.wait()


def measure(browser: Browser, address: str, kbits: int) -> dict[str, float]:
    """Return the milliseconds to each mark, with an empty cache. `kbits` is the rate, 0 for no limit."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(f"({_WATCH})({_as_script(MARKS)})")
    if kbits:
        rate = kbits * 1000 / 8
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        limits = {
            "offline": False,
            "latency": LATENCY_MILLISECONDS,
            "downloadThroughput": rate,
            "uploadThroughput": rate,
        }
        session.send("Network.emulateNetworkConditions", limits)
    page.goto(address, wait_until="commit")
    for selector in MARKS.values():
        page.wait_for_selector(selector, state="attached", timeout=PATIENCE_MILLISECONDS)
    page.wait_for_timeout(50)  # the next frame has seen it
    seen: dict[str, float] = page.evaluate("window.seen")
    context.close()
    return seen


def _as_script(marks: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": "{selector}"' for name, selector in marks.items()) + "}"


def main() -> None:
    """Print a table of medians and slowest rounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kbits", type=int, default=400)
    asked = parser.parse_args()
    if CHROMIUM is None or not shutil.which(CHROMIUM):
        raise SystemExit("no Chromium on the path")
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, {asked.rounds} rounds, empty cache"
    )
    with serve(asked.store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for kbits in (0, asked.kbits):
            rounds = [measure(browser, address, kbits) for _ in range(asked.rounds)]
            print(f"{kbits} kbit/s, {LATENCY_MILLISECONDS} ms latency" if kbits else "no limit")
            for name in MARKS:
                values = [one[name] for one in rounds]
                print(
                    f"  {name:<15} median {statistics.median(values):7.0f} ms, slowest {max(values):7.0f} ms"
                )
        browser.close()


if __name__ == "__main__":
    main()
