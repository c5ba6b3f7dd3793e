"""What a user installs: source distribution → wheel → clean environment → `seawall serve` → Chromium."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browser.conftest import serving
from tests.installation import ROOT, built, installed, wheels_of_parts

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUNDLE = "seawall/console/bundle/"
LIBRARIES = ROOT / "console" / "node_modules"


def is_installed() -> bool:
    """Whether the libraries here are those of the lock: others would be replaced by the build."""
    stamp = LIBRARIES / ".installed.sha256"
    lock = (LIBRARIES.parent / "package-lock.json").read_bytes()
    return stamp.is_file() and stamp.read_text("ascii").strip() == hashlib.sha256(lock).hexdigest()


@pytest.mark.parametrize("is_fetched", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_wheel_brings_the_pages(
    browser: Browser, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, is_fetched: bool
) -> None:
    """With the libraries of the pages that are installed here, or fetched anew as a user's build does."""
    sdist = built("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(tmp_path / "source", filter="data")
    assert {
        "hatch_build.py",
        "tools/build_console.py",
        "console/package.json",
        "console/package-lock.json",
        "console/src/main.tsx",
    } <= names
    assert not any("node_modules" in name or f"src/{BUNDLE}" in name for name in names)

    (source,) = (tmp_path / "source").iterdir()
    if not is_fetched and is_installed():
        (source / "console" / "node_modules").symlink_to(LIBRARIES)
    wheel = built("wheel", source, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.removeprefix(BUNDLE) for name in archive.namelist() if name.startswith(BUNDLE)}
    assert "index.html" in inside
    assert any(name.startswith("assets/index-") and name.endswith(".js") for name in inside)
    assert any(name.endswith(".woff2") for name in inside)

    command = installed([*wheels_of_parts(tmp_path_factory), wheel], tmp_path / "clean")
    shutil.rmtree(tmp_path / "source")
    python = command.with_name("python")
    where = subprocess.run(
        [python, "-c", "import seawall; print(seawall.__file__)"], capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(tmp_path / "clean"))
    with serving(tmp_path / "store", command=(str(command),)) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_role("heading", name="No logs yet")).to_be_visible(timeout=20_000)
        page.close()
