"""`seawall run` and `seawall service`: what is planned, installed and removed, and what is left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from seawall.cli.service import systemd, unit_files
from tests.gate.gates import free_port

from .conftest import Run
from .test_configuration import TENANT, written

ROOT = Path(__file__).parents[2]
PATIENCE = 420.0
COLLECTING = f'[collect.m365]\ntenant = "{TENANT}"\nclient_id = "{TENANT}"\nsecret_file = "secret"\n'


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(systemd, "is_running", lambda: False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_check_names_the_processes_and_runs_nothing(run: Run, tmp_path: Path) -> None:
    got = run("run", "--config", str(written(tmp_path, COLLECTING)), "--check")
    assert (got.code, got.out) == (0, "collect m365\nconsole and watch\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seawall.toml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing is collected"),
        (COLLECTING.replace(TENANT, "acme", 1), "seawall.toml:2: tenant"),
        ('[logs]\nfolders = ["a"]\n[serve]\nlisten = "nowhere"\n', "[serve] listen"),
        ('[logs]\nfolders = ["a"]\n[store]\ndatabase_file = "none"\n', "cannot be read"),
    ],
)
def test_check_finds_what_would_not_run(run: Run, tmp_path: Path, text: str, said: str) -> None:
    got = run("run", "--config", str(written(tmp_path, text)), "--check")
    assert got.code == 2
    assert said in got.err


def test_a_dry_run_shows_the_units_and_writes_none(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, COLLECTING)
    got = run("service", "install", "--dry-run", "--root", str(tmp_path / "root"), "--config", str(file))
    assert got.code == 0
    assert f"run --config {file}\n" in got.out
    assert f"ReadWritePaths=-{tmp_path}\n" in got.out
    assert "systemctl enable --now seawall.service" in got.out
    assert "@" not in got.out.replace("@system-service", "").replace("@privileged", "")
    assert not (tmp_path / "root").exists()


def test_install_and_uninstall_touch_only_what_is_seawall_s(run: Run, tmp_path: Path) -> None:
    root, file = tmp_path / "root", written(tmp_path, COLLECTING)
    options = ("--root", str(root), "--config", str(file))
    assert run("service", "install", *options).code == 0
    unit = root / "etc/systemd/system/seawall.service"
    first = unit.read_text()
    assert run("service", "install", *options).code == 0
    assert unit.read_text() == first
    unit.write_text("[Unit]\nDescription=another\n")
    assert "was not written by Seawall" in run("service", "install", *options).err
    assert "was not written by Seawall" in run("service", "uninstall", "--root", str(root)).err
    assert unit.exists()
    unit.write_text(first)
    assert "removed" in run("service", "uninstall", "--root", str(root)).err
    assert [path for path in root.rglob("*") if path.is_file()] == []
    assert "nothing was installed" in run("service", "uninstall", "--root", str(root)).err
    assert file.exists()


def test_a_link_in_place_of_a_unit_is_not_followed(run: Run, tmp_path: Path) -> None:
    root, target = tmp_path / "root", tmp_path / "target"
    unit = root / "etc/systemd/system/seawall.service"
    unit.parent.mkdir(parents=True)
    target.write_text(unit_files.MARK)
    unit.symlink_to(target)
    assert (
        run("service", "install", "--root", str(root), "--config", str(written(tmp_path, COLLECTING))).code
        == 1
    )
    assert target.read_text() == unit_files.MARK


def test_a_user_s_service_is_in_the_user_s_folder(run: Run, tmp_path: Path) -> None:
    got = run("service", "install", "--user", "--config", str(written(tmp_path, COLLECTING)))
    assert got.code == 0
    unit = tmp_path / "home/.config/systemd/user/seawall.service"
    assert "User=" not in unit.read_text()
    assert "systemctl --user enable --now seawall.service" in got.err
    assert run("service", "uninstall", "--user").code == 0
    assert not unit.exists()


def test_install_needs_settings_before_it_starts_anything(run: Run, tmp_path: Path) -> None:
    got = run("service", "install", "--config", str(tmp_path / "nowhere.toml"))
    assert got.code == 2
    assert "cannot be read" in got.err


@pytest.mark.parametrize("name", ["a b", 'a"b', "a%b", "a$b", "a;b"])
def test_paths_stand_in_units_as_systemd_reads_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "seawall.toml"
    files = unit_files.write_units(tmp_path, Path("/opt/seawall"), path, None, for_user=False)
    (line,) = [
        line for line in files[tmp_path / unit_files.UNIT].splitlines() if line.startswith("ExecStart=")
    ]
    inner = line.partition("--config ")[2]
    assert inner.startswith('"')
    assert inner[1:-1].replace("%%", "%").replace("$$", "$").replace('\\"', '"') == str(path)


def test_a_path_with_a_line_break_becomes_no_directive(run: Run, tmp_path: Path) -> None:
    got = run("service", "install", "--dry-run", "--config", f"{tmp_path}/a\nExecStart=b/seawall.toml")
    assert got.code == 2
    assert "cannot stand in a unit" in got.err


def test_status_without_a_service(run: Run, tmp_path: Path) -> None:
    got = run("service", "status", "--config", str(written(tmp_path, COLLECTING)))
    assert (got.code, got.out) == (1, "the service does not run\n")
    document = json.loads(run("service", "status", "--config", str(tmp_path / "seawall.toml"), "--json").out)
    assert document == {"schema_version": 1, "is_running": False, "processes": []}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_no_fault_in_the_unit(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_files, "program_path", lambda: Path("/bin/true"))
    root = tmp_path / "root"
    assert (
        run("service", "install", "--root", str(root), "--config", str(written(tmp_path, COLLECTING))).code
        == 0
    )
    unit = root / unit_files.UNIT
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-300:]


@pytest.mark.slow
def test_the_service_survives_the_death_of_its_parts_and_they_do_not_survive_its_own(tmp_path: Path) -> None:
    """A watch that is killed starts again; when the service itself is killed, nothing is left running."""
    (tmp_path / "logs").mkdir()
    port = free_port()
    file = written(tmp_path, f'[logs]\nfolders = ["logs"]\n[serve]\nlisten = "127.0.0.1:{port}"\n')

    def is_up() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code == 200
        except httpx.HTTPError:
            return False

    def states() -> list[dict[str, int | None]]:
        found = json.loads((tmp_path / "seawall-store.service.json").read_text())["processes"]
        return list(found)

    with (tmp_path / "said").open("wb") as said:
        service = subprocess.Popen(
            [sys.executable, "-m", "seawall.cli.main", "run", "--config", str(file)], stdout=said, stderr=said
        )
    try:
        wait_until(is_up)
        first = states()[0]["pid"]
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: states()[0]["starts"] == 2)
        wait_until(is_up)
        second = states()[0]["pid"]
        assert second not in {None, first}
        service.kill()
        service.wait()
        wait_until(lambda: not is_up() and not Path(f"/proc/{second}").exists())
    finally:
        service.kill()
        service.wait()


def wait_until(is_so: object) -> None:
    assert callable(is_so)
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.2)
