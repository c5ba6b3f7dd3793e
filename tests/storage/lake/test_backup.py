"""A backup is restored whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from seawall.storage.errors import BackupInvalid, LakeBroken
from seawall.storage.lake import Lake, back_up, restore
from tests.storage.lake.events import everything, numbered, part_files


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.create(tmp_path / "lake")
    lake.append(numbered(0, 20))
    lake.append(numbered(20, 30, day=1, org_uid="../x"))
    return lake


def test_what_was_backed_up_comes_back(lake: Lake, tmp_path: Path) -> None:
    done = back_up(lake, tmp_path / "backup")
    assert (done.parts, done.size, done.damaged) == (2, lake.size().total, ())
    assert restore(tmp_path / "backup", tmp_path / "again") == done
    with Lake.open(tmp_path / "again") as again:
        assert everything(again) == everything(lake)
        assert everything(again, "../x") == everything(lake, "../x")
        assert again.size().days == lake.size().days
        again.append(numbered(30, 31))


def test_an_empty_lake_can_be_backed_up(tmp_path: Path) -> None:
    back_up(Lake.create(tmp_path / "lake"), tmp_path / "backup")
    assert restore(tmp_path / "backup", tmp_path / "again").parts == 0


def test_damaged_parts_are_said(lake: Lake, tmp_path: Path) -> None:
    victim = part_files(lake)[0]
    victim.write_bytes(victim.read_bytes()[:-9])
    assert [found.path for found in back_up(lake, tmp_path / "backup").damaged] == [victim]
    done = restore(tmp_path / "backup", tmp_path / "again")
    assert [found.path.name for found in done.damaged] == [victim.name]


def test_nothing_is_written_over(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x", "utf-8")
    with pytest.raises(BackupInvalid, match="not empty"):
        back_up(lake, tmp_path / "mine")
    with pytest.raises(BackupInvalid, match="inside"):
        back_up(lake, lake.root / "tenants" / "backup")
    back_up(lake, tmp_path / "backup")
    with pytest.raises(BackupInvalid, match="exists already"):
        restore(tmp_path / "backup", lake.root)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BackupInvalid, match="exists already"):
        restore(tmp_path / "backup", tmp_path / "link")


def changed_bit(backup: Path) -> None:
    part = next(backup.rglob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))


def shortened(backup: Path) -> None:
    part = next(backup.rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])


def missing_part(backup: Path) -> None:
    next(backup.rglob("*.parquet")).unlink()


def part_as_link(backup: Path) -> None:
    part = next(backup.rglob("*.parquet"))
    shutil.move(part, backup.parent / "elsewhere")
    part.symlink_to(backup.parent / "elsewhere")


def added_file(backup: Path) -> None:
    (backup / "tenants" / "more").write_bytes(b"")


def added_folder(backup: Path) -> None:
    (backup / "more").mkdir()


def added_link(backup: Path) -> None:
    (backup / "more").symlink_to("/etc")


def no_manifest(backup: Path) -> None:
    (backup / "manifest.json").unlink()


def manifest_as_link(backup: Path) -> None:
    shutil.move(backup / "manifest.json", backup.parent / "manifest")
    (backup / "manifest.json").symlink_to(backup.parent / "manifest")


def manifest_of_nothing(backup: Path) -> None:
    (backup / "manifest.json").write_text("[" * 100_000, "utf-8")


def manifest(change: Callable[[dict[str, Any]], None], *, sealed: bool = True) -> Callable[[Path], None]:
    """Change a manifest; `sealed`: with the sum that fits it."""

    def harm(backup: Path) -> None:
        path = backup / "manifest.json"
        document = json.loads(path.read_text("utf-8"))
        change(document)
        if sealed:
            text = json.dumps(document["files"], separators=(",", ":"))
            document["sha256"] = sha256(text.encode()).hexdigest()
        path.write_text(json.dumps(document), "utf-8")

    return harm


HARM: dict[str, Callable[[Path], None]] = {
    "changed-bit": changed_bit,
    "shortened": shortened,
    "missing-part": missing_part,
    "part-as-link": part_as_link,
    "added-file": added_file,
    "added-folder": added_folder,
    "added-link": added_link,
    "no-manifest": no_manifest,
    "manifest-as-link": manifest_as_link,
    "manifest-of-nothing": manifest_of_nothing,
    "fewer-files": manifest(lambda m: m["files"].pop(), sealed=False),
    "fewer-files-sealed": manifest(lambda m: m["files"].pop()),
    "climbing-path": manifest(lambda m: m["files"][0].__setitem__(0, "tenants/../../../etc/passwd")),
    "absolute-path": manifest(lambda m: m["files"][0].__setitem__(0, "/etc/passwd")),
    "path-with-line-end": manifest(lambda m: m["files"][0].__setitem__(0, m["files"][0][0] + "\n")),
    "twice": manifest(lambda m: m["files"].append(m["files"][0])),
    "other-size": manifest(lambda m: m["files"][0].__setitem__(1, 7)),
    "other-sum": manifest(lambda m: m["files"][0].__setitem__(2, "0" * 64)),
    "no-list": manifest(lambda m: m.__setitem__("files", {"a": 1})),
    "other-shape": manifest(lambda m: m["files"].append("x")),
    "other-version": manifest(lambda m: m.__setitem__("version", 2)),
    "other-format": manifest(lambda m: m.__setitem__("format", "tar")),
}


@pytest.mark.parametrize("harm", list(HARM))
def test_a_backup_that_is_not_as_it_was_is_refused(lake: Lake, tmp_path: Path, harm: str) -> None:
    backup, place = tmp_path / "backup", tmp_path / "place"
    place.mkdir()
    back_up(lake, backup)
    HARM[harm](backup)
    with pytest.raises(BackupInvalid) as refusal:
        restore(backup, place / "again")
    assert refusal.value.fix
    assert list(place.iterdir()) == []


def test_a_backup_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(BackupInvalid, match="manifest"):
        restore(tmp_path, tmp_path / "again")
    with pytest.raises(LakeBroken):
        Lake.open(tmp_path / "again")
