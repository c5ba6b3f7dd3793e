"""The root of the image: it is built, scans and serves as nobody on a read-only root, and stops when it is asked to.

It takes minutes and needs Debian's mirror, so it runs with `make soak` alone. Without mmdebstrap, or without root, it skips.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.image_root import ImageRoot, build_root, find_missing_tool
from tests.gate.gates import free_port, until
from tests.logs import world

pytestmark = pytest.mark.soak

SETTINGS = """
[collect]
folder = "/var/lib/seawall/collected"

[logs]
folders = ["/var/lib/seawall/logs"]

[store]
folder = "/var/lib/seawall/store"

[serve]
listen = "127.0.0.1:{port}"
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = find_missing_tool()
    if missing:
        pytest.skip(f"{missing} is missing: no root of an image can be made here")
    return build_root(tmp_path_factory.mktemp("image"), os.environ)


@pytest.fixture
def image(root: Path, tmp_path: Path) -> ImageRoot:
    state = tmp_path / "state"
    shutil.copytree(world(21)(tmp_path / "world"), state / "logs")
    for path in (state, *state.rglob("*")):
        os.chown(path, 10001, 10001)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o711)
    return ImageRoot(root, state)


def test_nothing_can_be_written_but_the_volume_and_the_user_is_nobody(image: ImageRoot) -> None:
    done = image.run(
        "sh", "-c", "id -u; touch /opt/seawall/x /etc/x; touch /var/lib/seawall/x && echo written"
    )
    assert done.stdout.split() == ["10001", "written"]
    assert done.stderr.count("Read-only file system") == 2


def test_the_installation_is_whole(image: ImageRoot) -> None:
    done = image.run("seawall", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_scan_finds_what_it_finds_outside(image: ImageRoot, tmp_path: Path) -> None:
    done = image.run("seawall", "scan", "/var/lib/seawall/logs", "--out", "/var/lib/seawall/out")
    assert done.returncode == 0, done.stderr
    import seawall

    seawall.scan(image.state / "logs", tmp_path / "out")
    inside, outside = ((folder / "out/incidents.jsonl").read_bytes() for folder in (image.state, tmp_path))
    assert inside == outside
    assert json.loads(inside.splitlines()[0])["raised"]


@pytest.fixture
def service(image: ImageRoot) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    (image.state / "seawall.toml").write_text(SETTINGS.format(port=port))
    os.chown(image.state / "seawall.toml", 10001, 10001)
    command = image.command("seawall", "run", "--config", "/var/lib/seawall/seawall.toml")
    running = subprocess.Popen(command, start_new_session=True)
    yield running, port
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def test_the_service_reads_answers_and_stops(
    image: ImageRoot, service: tuple[subprocess.Popen[bytes], int]
) -> None:
    running, port = service
    url = f"http://127.0.0.1:{port}"

    def ask(path: str) -> int:
        try:
            return httpx.get(url + path, timeout=10).status_code
        except httpx.HTTPError:
            return 0

    until(lambda: ask("/livez") == 200, 120)
    until(lambda: ask("/readyz") == 200, 120)
    assert ask("/") == 200

    def count() -> int:
        answer = httpx.get(url + "/metrics", timeout=10).text
        return sum("seawall_" in line for line in answer.splitlines())

    until(lambda: count() > 0, 60)
    begun = time.monotonic()
    os.killpg(running.pid, signal.SIGTERM)
    running.wait(60)
    assert time.monotonic() - begun < 60
    assert (image.state / "store").is_dir()
    assert ask("/livez") == 0
