"""What commands write holds whole records: folders are for their owner alone, files too, whatever the umask."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.lab.worlds import WorldSettings
from seawall.pipeline.scan import OUTPUTS, scan
from seawall.storage.files.incident_documents import write_incidents
from seawall_base import private_files
from seawall_base.errors import OutputUnwritable
from tests.cli.conftest import Run
from tests.events.support import mail_read, write_lines

ADDRESS = "198.51.100.250"


@pytest.fixture(params=[0o022, 0o077], ids=["022", "077"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    records = [
        mail_read(n, CreationTime=f"2026-03-{n // 10 + 1:02d}T10:00:{n % 60:02d}", ClientIPAddress=address)
        for n, address in enumerate(["203.0.113.7"] * 150 + [ADDRESS] * 9)
    ]
    write_lines(folder / "audit.jsonl", [*records, {"time": "never"}])
    return folder


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode)
        for path in [folder, *folder.rglob("*")]
    }


def assert_private(folder: Path, *, is_ours: bool = True) -> None:
    found = modes(folder)
    assert len(found) > 1
    folders = {str(path.relative_to(folder.parent)) for path in [folder, *folder.rglob("*")] if path.is_dir()}
    for name, mode in found.items():
        if name not in folders:
            assert mode == 0o600, name
        elif is_ours:
            assert mode == 0o700, name


@pytest.mark.usefixtures("_umask")
@pytest.mark.parametrize(
    "command",
    [
        ["scan", "LOGS", "--out", "OUT"],
        ["scope", "LOGS", "--address", ADDRESS, "--out", "OUT"],
        ["assurance", "LOGS", "--out", "OUT"],
    ],
    ids=lambda command: command[0],
)
def test_a_new_folder_of_results_is_for_its_owner_alone(
    run: Run, tmp_path: Path, logs: Path, command: list[str]
) -> None:
    out = tmp_path / "made" / "deeper" / "out"
    done = run(*({"LOGS": str(logs), "OUT": str(out)}.get(part, part) for part in command), "--quiet")
    assert done.code == 0
    assert_private(tmp_path / "made")


@pytest.mark.usefixtures("_umask")
def test_a_folder_of_somebody_else_keeps_its_mode_and_its_files_are_private(
    run: Run, tmp_path: Path, logs: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o755)
    for name in (
        "summary.json",
        "problems.jsonl",
        "events.parquet",
        "report.html",
        "coverage.json",
        "rules.json",
    ):
        (out / name).write_text("old")
        (out / name).chmod(0o644)
    assert run("scan", str(logs), "--out", str(out), "--quiet").code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o755
    assert_private(out, is_ours=False)


@pytest.mark.usefixtures("_umask")
def test_the_demo_is_private_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = WorldSettings(1, accounts=8, days=5, attacks=1, quiet_days=2, families=("forged_token",))
    monkeypatch.setattr("seawall.lab.worlds.demo.demo_settings", lambda seed: replace(small, seed=seed))
    out = tmp_path / "demo"
    assert run("demo", "--out", str(out), "--quiet").code == 0
    found = modes(out)
    assert found["demo"] == 0o700
    assert {found[f"demo/{name}"] for name in OUTPUTS} == {0o600}


def test_a_group_that_may_read_incidents_still_may_and_others_never(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    for before, after in ((0o644, 0o640), (0o640, 0o640), (0o600, 0o600), (0o606, 0o600)):
        path.touch()
        path.chmod(before)
        write_incidents(path, [])
        assert stat.S_IMODE(path.stat().st_mode) == after


def test_links_and_pipes_in_the_place_of_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OutputUnwritable, match=name):
            private_files.open_for_writing(tmp_path / name)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match="not a folder"):
        private_files.make_folder(tmp_path / "file")


@pytest.mark.parametrize(
    "name", ["problems.jsonl", "summary.json", "events.parquet", "rules.json", "coverage.json"]
)
def test_a_result_that_cannot_be_written_is_said(tmp_path: Path, logs: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputUnwritable, match=name):
        scan(logs, out)


def test_plain_text_keeps_what_utf_8_cannot_hold_out(tmp_path: Path) -> None:
    private_files.write_text(tmp_path / "a", json.dumps("\ud800", ensure_ascii=False))
    assert (tmp_path / "a").read_text() == '"?"'
