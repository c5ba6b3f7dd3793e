"""The same logs give the same bytes: in folders of other names, in another order, and however threads come to run."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import seawall
from seawall.lab.worlds import make_world
from seawall.lab.worlds.demo import demo_settings
from seawall.pipeline import scan as pipeline
from tests.detection.rules.vendor_records import audit, m365, sign_in

MEASURED = ("seconds", "events_per_second", "peak_memory_bytes")
"""What a summary says of the run itself, and not of the logs."""

NAMES = (
    "a",
    "b",
    "logs",
    "logs of march",
    "zz",
    "x.1",
    "0",
    "Ü",
    "demo1",
    "demo2",
    "long-name-of-a-folder",
    "c-d",
)


def records(start: int, count: int) -> list[dict[str, Any]]:
    """Sign-ins, mail and changes; of a hundred accounts, so that there is something to score."""
    found = []
    for number in range(start, start + count):
        who, minute = f"p{number % 100}@x.example", f"{number % 60:02}"
        found.append(sign_in(0 if number % 7 else 50126, id=f"s{number}", userPrincipalName=who,
                             createdDateTime=f"2026-03-{2 + number % 5:02}T09:{minute}:00Z"))  # fmt: skip
        found.append(m365("MailItemsAccessed", "Exchange", 50, Id=f"m{number}", UserId=who, MailboxOwnerUPN=who,
                          CreationTime=f"2026-03-{2 + number % 5:02}T10:{minute}:00",
                          OperationProperties=[{"Name": "MailAccessType", "Value": "Bind"}]))  # fmt: skip
    found.append(audit("Consent to application", id=f"d{start}"))
    return found


def write(folder: Path, seed: int = 0) -> None:
    """Five files, of which each delivers some records of the others again, at other lines; and lines that are no records."""
    folder.mkdir(parents=True)
    dice = random.Random(seed)
    shares = [records(60 * number, 60) for number in range(5)]
    again = [one for share in shares for one in share[:40]]
    for number, share in enumerate(shares):
        lines = [json.dumps(one) for one in [*share, *again]] + ["{broken", "[]"]
        dice.shuffle(lines)
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def results(out: Path, logs: Path) -> dict[str, Any]:
    """What was written, without the name of the folder that was read, and without how long it took."""
    found: dict[str, Any] = {}
    for path in sorted(out.iterdir()):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            found[path.name] = (
                table.schema.names,
                [
                    {**row, "source_file": str(Path(row["source_file"]).relative_to(logs))}
                    for row in table.to_pylist()
                ],
            )
        elif path.name == "summary.json":
            said = json.loads(path.read_text("utf-8"))
            found[path.name] = {key: value for key, value in said.items() if key not in MEASURED}
        elif path.is_file():
            found[path.name] = path.read_text("utf-8").replace(str(logs), "LOGS")
    return found


def scanned(logs: Path, out: Path, paths: list[Path] | None = None) -> dict[str, Any]:
    seawall.scan(paths or logs, out=out)
    found = results(out, logs)
    assert {
        "events.parquet",
        "incidents.jsonl",
        "problems.jsonl",
        "rules.json",
        "summary.json",
    } <= found.keys()
    return found


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [name for name in one if one[name] != other.get(name)] + [
        name for name in other if name not in one
    ]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("expected")
    write(folder / "logs")
    return scanned(folder / "logs", folder / "out")


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_folder_decides_nothing(tmp_path: Path, expected: dict[str, Any], name: str) -> None:
    """Of copies in several files the one that stayed was chosen by a hash of the whole path."""
    write(tmp_path / name)
    assert differing(expected, scanned(tmp_path / name, tmp_path / "out")) == []


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_files_decides_nothing(tmp_path: Path, expected: dict[str, Any], seed: int) -> None:
    write(tmp_path / "logs")
    paths = sorted((tmp_path / "logs").iterdir())
    random.Random(seed).shuffle(paths)
    assert differing(expected, scanned(tmp_path / "logs", tmp_path / "out", paths)) == []


class Late(ThreadPoolExecutor):
    """Begins each task late: whoever waits for it comes first."""

    def submit(self, task: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        def begin() -> Any:
            time.sleep(0.02)
            return task(*args, **named)

        return super().submit(begin)


class Early(ThreadPoolExecutor):
    """Ends each task before anybody goes on."""

    def submit(self, task: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        found = super().submit(task, *args, **named)
        found.exception()
        return found


@pytest.mark.parametrize("executor", [Late, Early])
def test_threads_decide_nothing(
    tmp_path: Path,
    expected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    executor: type[ThreadPoolExecutor],
) -> None:
    write(tmp_path / "logs")
    seawall.scan(tmp_path / "logs", out=tmp_path / "plain")
    monkeypatch.setattr(pipeline, "ThreadPoolExecutor", executor)
    assert differing(expected, scanned(tmp_path / "logs", tmp_path / "out")) == []
    for path in (tmp_path / "plain").iterdir():
        if path.is_file() and path.name != "summary.json":
            assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


@pytest.mark.soak
def test_a_made_up_organisation_is_scanned_alike_many_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world(demo_settings(1), tmp_path / "first")
    expected = scanned(tmp_path / "first" / "logs", tmp_path / "out")
    for number in range(20):
        monkeypatch.setattr(pipeline, "ThreadPoolExecutor", (ThreadPoolExecutor, Late, Early)[number % 3])
        folder = tmp_path / f"world-{number}" / NAMES[number % len(NAMES)]
        make_world(demo_settings(1), folder)
        assert differing(expected, scanned(folder / "logs", tmp_path / f"out{number}")) == [], folder
