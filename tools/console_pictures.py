"""Take pictures of the console: `python tools/console_pictures.py [--out DIR] [--all]`.

`seawall serve` watches the logs of a made-up organisation in a temporary folder; once it has scored them, Chromium takes
screenshots. Without `--all`, only the pictures in the docs are taken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from tests.console.browser import filled
from tests.console.browser.conftest import serving

ROOT = Path(__file__).resolve().parents[1]
DAYS = 35
LARGEST = 400_000
PATIENCE_SECONDS = 300
WIDE, NARROW = (1440, 900), (390, 844)


@dataclass(frozen=True)
class Picture:
    """One picture: `{worst}` in `path` is the incident with the highest score; `keys` are pressed before it is taken."""

    name: str
    path: str
    size: tuple[int, int] = WIDE
    is_dark: bool = False
    keys: tuple[str, ...] = ()


SHOWN = (
    Picture("queue", "/"),
    Picture("incident-dark", "/incidents/{worst}", is_dark=True),
    Picture("queue-narrow", "/", NARROW),
)
PLACES = {
    "queue": "/",
    "incident": "/incidents/{worst}",
    "accounts": "/accounts",
    "account": "/account?tenant={tenant}&account={account}",
    "search": "/search?q=is:open",
    "health": "/health",
    "detector": "/detector",
    "exceptions": "/exceptions",
    "audit": "/audit",
    "settings": "/settings",
}


def every() -> list[Picture]:
    """Return every page, wide and narrow, light and dark."""
    return [
        Picture(
            f"{name}-{'narrow' if size is NARROW else 'wide'}-{'dark' if is_dark else 'light'}",
            path,
            size,
            is_dark,
        )
        for name, path in PLACES.items()
        for size in (WIDE, NARROW)
        for is_dark in (False, True)
    ] + [
        Picture("answer", "/incidents/{worst}", keys=("e", "ArrowDown")),
        Picture("palette", "/", keys=("Control+k",)),
    ]


def main() -> None:
    """Fill a store, serve it, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--all", action="store_true", help="every page, both widths, both themes")
    parser.add_argument(
        "--last", type=date.fromisoformat, default=datetime.now(UTC).date(), help="last day of the logs"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        start = arguments.last - timedelta(days=DAYS)
        logs = filled.world(Path(place) / "world", start=start, accounts=90, days=DAYS)
        with serving(Path(place) / "store", str(logs)) as address:
            wait(address)
            take(address, arguments.out, every() if arguments.all else list(SHOWN))


def wait(address: str) -> None:
    """Wait until all logs are read and scored."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/api/summary") as response:
            summary = json.load(response)
        ingest = summary["ingest"]
        if (
            ingest["state"] == "idle"
            and ingest["events"] > 0
            and ingest["dirty_days"] <= 1
            and summary["open"] > 0
        ):
            return
        time.sleep(1)
    raise SystemExit(f"after {PATIENCE_SECONDS} seconds it still reads or scores: {ingest}")


def take(address: str, out: Path, pictures: list[Picture]) -> None:
    """Take pictures of a running console."""
    names = ("chromium", "chromium-browser", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        worst = browser.new_page().request.get(f"{address}/api/incidents?limit=1").json()["items"][0]
        known = {"worst": worst["id"], "tenant": worst["tenant"], "account": worst["account"]}
        for picture in pictures:
            page = browser.new_context(
                viewport={"width": picture.size[0], "height": picture.size[1]},
                color_scheme="dark" if picture.is_dark else "light",
                reduced_motion="reduce",
            ).new_page()
            page.goto(address + picture.path.format(**known))
            settle(page)
            for key in picture.keys:
                page.keyboard.press(key)
                page.wait_for_timeout(700)
            path = out / f"{picture.name}.png"
            page.screenshot(path=path)
            if path.stat().st_size > LARGEST:
                raise SystemExit(f"{path} has {path.stat().st_size} bytes: more than {LARGEST}")
            page.context.close()
        browser.close()


def settle(page: Page) -> None:
    """Wait until the page's requests have been answered."""
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
