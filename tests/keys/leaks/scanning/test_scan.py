"""Whole searches: folders, large and sparse files, links, files that change, several processes, little memory."""

from __future__ import annotations

import io
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seawall.keys.leaks.findings import SearchTotals
from seawall.keys.leaks.scanning import files, stream_search, walk, workers
from seawall.keys.leaks.scanning.scan import ALONE_UP_TO, LeakSettings, search
from seawall.keys.leaks.scanning.search import Searcher
from tests.keys.leaks import planting

KEY = planting.make("RSA-2048")
PEM = planting.pem(KEY, planting.PKCS8)
THUMBPRINT = planting.thumbprint(KEY)
ROOT = Path(__file__).parents[4]


def places(account: SearchTotals) -> list[tuple[str, int, str, str | None]]:
    return [(found.path, found.offset, found.form, found.key) for found in account.findings]


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "key.pem").write_bytes(PEM)
    (tmp_path / "a.log").write_bytes(b"12345" + PEM)
    (tmp_path / "empty").touch()
    account = search([str(tmp_path)])
    assert places(account) == [
        (f"{tmp_path}/a.log", 5, "pem-pkcs8", THUMBPRINT),
        (f"{tmp_path}/b/key.pem", 0, "pem-pkcs8", THUMBPRINT),
    ]
    assert account.files == 3
    assert account.bytes_scanned == 2 * len(PEM) + 5
    assert account.skipped == []


def test_a_known_key_is_marked(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(PEM + planting.pem(planting.make("P-256"), planting.PKCS8))
    assert THUMBPRINT is not None
    account = search([str(tmp_path)], LeakSettings(sketched=frozenset({THUMBPRINT})))
    assert [found.is_known for found in account.findings] == [True, False]


def test_standard_input_is_searched(tmp_path: Path) -> None:
    account = search(["-"], stdin=io.BytesIO(b"x" * 1_000 + PEM))
    assert places(account) == [("-", 1_000, "pem-pkcs8", THUMBPRINT)]
    assert account.bytes_scanned == 1_000 + len(PEM)


def test_every_key_of_a_large_file_is_found_once_by_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [planting.make(kind, number) for kind in ("P-256", "Ed25519") for number in range(12)]
    dump = tmp_path / "dump"
    dice = random.Random(4)
    contents = [planting.pem(key, planting.PKCS8) for key in keys] + [planting.der(keys[0], planting.PKCS8)]
    block = dice.randbytes(1 << 20)
    borders = [number * workers.STRETCH for number in (1,)] + [
        number * stream_search.WINDOW for number in range(2, 26)
    ]
    expected = {}
    with dump.open("wb") as file:
        for _ in range(ALONE_UP_TO // len(block) + 50):
            file.write(block)
        for border, content in zip(borders, contents, strict=True):
            place = border - dice.randrange(1, len(content))
            file.seek(place)
            file.write(content)
            expected[place] = content
    account = search([str(dump)], LeakSettings(jobs=2))
    assert {found.offset for found in account.findings} == set(expected)
    assert len(account.findings) == len(expected)
    assert account.bytes_scanned == dump.stat().st_size
    assert account.skipped == []


def test_a_huge_sparse_file_takes_neither_time_nor_memory(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(1 << 40)
        file.seek((1 << 40) - 5_000)
        file.write(PEM)
    script = (
        "import sys\n"
        "from seawall.keys.leaks.scanning.scan import LeakSettings, search\n"
        "account = search([sys.argv[1]], LeakSettings(jobs=1))\n"
        "peak = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]\n"
        "print(account.bytes_scanned, account.findings[0].offset, len(account.findings), peak)\n"
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (100, 100))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-c", script, str(sparse)], capture_output=True, check=True, preexec_fn=limit
    )
    scanned, offset, count, peak = (int(word) for word in done.stdout.split())
    assert (scanned, offset, count) == (1 << 40, (1 << 40) - 5_000, 1)
    assert peak < 200_000


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from seawall.keys.leaks.scanning.scan import LeakSettings, search\n"
        "search(sys.argv[1:], LeakSettings(jobs=1))\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
    )
    peaks = []
    block = random.Random(1).randbytes(1 << 20)
    for size in (8, 160):
        path = tmp_path / f"{size}"
        path.write_bytes(block * size)
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 40_000


def test_links_are_not_followed_out_of_what_is_searched(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "key").write_bytes(PEM)
    (inside / "own").write_bytes(PEM)
    (inside / "to-file").symlink_to(outside / "key")
    (inside / "to-folder").symlink_to(outside)
    (inside / "to-own").symlink_to(inside / "own")
    (inside / "to-self").symlink_to(inside)
    (inside / "to-nothing").symlink_to(outside / "nothing")
    account = search([str(inside)])
    assert [found.path for found in account.findings] == [f"{inside}/own"]
    reason = "a link that leads out of what is searched"
    assert [(skip.path, skip.reason) for skip in account.skipped] == [
        (f"{inside}/to-file", reason), (f"{inside}/to-folder", reason)
    ]  # fmt: skip
    assert len(search([str(inside / "to-file")]).findings) == 1


def test_what_is_no_file_is_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    account = search([str(tmp_path), "/dev/null", str(tmp_path / "absent")])
    listener.close()
    assert {(skip.path, skip.reason) for skip in account.skipped} == {
        (f"{tmp_path}/pipe", "a pipe"),
        (f"{tmp_path}/socket", "a socket"),
        ("/dev/null", "a character device"),
        (f"{tmp_path}/absent", "cannot be read: No such file or directory"),
    }
    assert account.bytes_scanned == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(PEM)
    (tmp_path / "key").chmod(0)
    account = search([str(tmp_path)])
    assert [(skip.reason, skip.size) for skip in account.skipped] == [
        ("cannot be read: Permission denied", len(PEM))
    ]


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfekey"
    with open(name, "wb") as file:  # noqa: PTH123
        file.write(PEM)
    account = search([str(tmp_path)])
    assert [found.path for found in account.findings] == [f"{tmp_path}/\\xff\\xfekey"]


def test_a_file_that_shrinks_or_grows_is_told(tmp_path: Path, searcher: Searcher) -> None:
    path = tmp_path / "log"
    path.write_bytes(PEM + bytes(100_000))
    entry = next(iter(walk.walk([str(path)])))
    assert isinstance(entry, walk.FoundFile)
    engine = stream_search.LeakSearchEngine(searcher)
    os.truncate(path, 50_000)
    account = files.search(files.FileRange(entry, 0, entry.size), engine)
    assert [(skip.reason, skip.size) for skip in account.skipped] == [
        ("shrank while it was searched", len(PEM) + 50_000)
    ]
    assert len(account.findings) == 1
    path.write_bytes(bytes(200_000))
    account = files.search(files.FileRange(entry, 0, entry.size), engine)
    assert [skip.reason for skip in account.skipped] == ["grew while it was searched"]
    account = files.search(files.FileRange(entry), engine)
    assert [skip.reason for skip in account.skipped] == ["changed while it was searched"]
    path.unlink()
    account = files.search(files.FileRange(entry), engine)
    assert [(skip.reason, skip.size) for skip in account.skipped] == [
        ("cannot be read: No such file or directory", entry.size)
    ]


def test_a_link_that_takes_a_files_place_is_not_followed(tmp_path: Path, searcher: Searcher) -> None:
    (tmp_path / "other").write_bytes(PEM)
    path = tmp_path / "log"
    path.write_bytes(bytes(2_000))
    entry = next(iter(walk.walk([str(path)])))
    assert isinstance(entry, walk.FoundFile)
    path.unlink()
    path.symlink_to(tmp_path / "other")
    account = files.search(files.FileRange(entry), stream_search.LeakSearchEngine(searcher))
    assert account.findings == []
    assert [skip.reason for skip in account.skipped] == ["cannot be read: Stale file handle"]


def test_a_search_that_breaks_skips_the_file_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(PEM)
    whole = files.search

    def breaks(stretch: files.FileRange, engine: stream_search.LeakSearchEngine) -> SearchTotals:
        if stretch.entry.path.endswith("a"):
            raise RuntimeError("a bug")
        return whole(stretch, engine)

    monkeypatch.setattr(files, "search", breaks)
    account = search([str(tmp_path)], LeakSettings(jobs=1))
    assert [found.path for found in account.findings] == [f"{tmp_path}/b"]
    assert [(skip.path, skip.reason, skip.size) for skip in account.skipped] == [
        (f"{tmp_path}/a", "the search of it failed (RuntimeError)", len(PEM))
    ]


class Dies:
    """A search whose process ends at a certain byte."""

    shortfall: str | None = None

    def search(self, buffer: memoryview, *, start: int, end: int) -> list[object]:
        if buffer[start] == 0xEE:
            os._exit(1)
        return []


def test_a_process_that_dies_skips_its_files_and_the_others_go_on(tmp_path: Path) -> None:
    block = random.Random(2).randbytes(17 << 20)
    for number in range(3):
        (tmp_path / f"{number}").write_bytes((b"\xee" if number == 1 else b"\x00") + PEM + block)
    account = search([str(tmp_path)], LeakSettings(jobs=2, others=(Dies(),)))  # type: ignore[arg-type]
    assert f"{tmp_path}/1" in {skip.path for skip in account.skipped}
    assert {skip.reason for skip in account.skipped} == {"the search of it failed (BrokenProcessPool)"}
    assert account.files == 3
    assert len(account.findings) + len(account.skipped) == 3


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(bytes(1_000))
    told: list[tuple[int, int]] = []
    search([str(tmp_path)], progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5_000, 5_000)


def test_overlapping_paths_give_each_finding_once(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(PEM)
    assert len(search([str(tmp_path), str(tmp_path / "key"), str(tmp_path)]).findings) == 1


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_objects_and_packs_of_git_are_searched(tmp_path: Path) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com")

    def git(*words: str) -> None:
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "key").write_bytes(PEM)
    git("add", ".")
    git("commit", "-qm", "a key")
    (tmp_path / "key").unlink()
    git("commit", "-qam", "no key")
    loose = search([str(tmp_path)])
    assert [(found.form, found.key) for found in loose.findings] == [("zlib:pem-pkcs8", THUMBPRINT)]
    git("gc", "-q")
    packed = search([str(tmp_path)])
    assert [(found.form, found.key) for found in packed.findings] == [("zlib:pem-pkcs8", THUMBPRINT)]
    assert packed.findings[0].path.endswith(".pack")


def test_a_pipe_that_is_named_does_not_make_the_search_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = threading.Event()

    def run() -> None:
        search([str(tmp_path / "pipe")])
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(20)
