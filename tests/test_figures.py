"""The figures of README and docs: stale when what decides them changed, written from one file, measured on a commit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.figures import digests, measuring, words
from tools.figures.__main__ import KEPT, PAGES, main

ROOT = Path(__file__).parents[1]
LOCK = "duckdb==2.0.1 \\\n    --hash=sha256:00\nnumpy==2.4.6 ; python_version < '3.12' \\\n"
UNCHANGED: dict[str, list[str]] = {part: [] for part in digests.DECIDED_BY}
SCANNED = """
import sys
from pathlib import Path
from seawall.cli.main import main
from seawall.lab.worlds.bench import write_bench_records
write_bench_records(Path(sys.argv[1]) / "records.jsonl", 500, 1)
main(["scan", sys.argv[1] + "/records.jsonl", "--out", sys.argv[1] + "/out", "--quiet"])
modules = [module for name, module in sys.modules.items() if name.startswith("seawall.")]
print("\\n".join(module.__file__ for module in modules if module.__file__))
"""


def kept() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / KEPT).read_text("utf-8"))
    return document


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree with one file for each pattern, README and docs, and figures that were measured on it."""
    for patterns in digests.SOURCES.values():
        for pattern in patterns:
            path = tmp_path / pattern.replace("/**", "").replace("*", "one")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("1")
    names = sorted({name for libraries in digests.LIBRARIES.values() for name in libraries})
    (tmp_path / digests.LOCK).parent.mkdir()
    (tmp_path / digests.LOCK).write_text("".join(f"{name}==1.0 \\\n" for name in names))
    figures = {
        part: {**values, "digests": digests.digests_of(tmp_path, part)} for part, values in kept().items()
    }
    (tmp_path / "docs").mkdir()
    (tmp_path / KEPT).write_text(json.dumps(figures))
    for name in PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    assert main(["write"], tmp_path) == 0  # the pages of the project may say that something changed
    return tmp_path


def test_figures_of_an_unchanged_tree_are_fresh(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"], tree) == 0
    assert "of this state" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "parts", "what"),
    [
        ("src/seawall/detection/ranking/data/one", {"speed", "detection", "left-out"}, "ranker"),
        ("src/seawall/detection/rules/one.yml", {"speed", "detection", "left-out"}, "rules"),
        ("src/seawall/detection/behaviour/one.py", {"speed", "detection", "left-out"}, "engine"),
        ("src/seawall/detection/behaviour/new.py", {"speed", "detection", "left-out"}, "engine"),
        ("src/seawall/report/one.py", {"speed"}, "report"),
        ("src/seawall/lab/evaluate/one.py", {"detection", "left-out"}, "detection measurement"),
        ("bench/batches.py", {"speed"}, "speed measurement"),
    ],
)
def test_what_decides_a_part_makes_it_stale(
    tree: Path, capsys: pytest.CaptureFixture[str], name: str, parts: set[str], what: str
) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("2")
    assert main(["check"], tree) == 1
    lines = capsys.readouterr().out.splitlines()
    pages = {line for line in lines if "does not show the figures" in line}
    assert len(pages) == (2 if "left-out" in parts else 1)
    assert {line.partition(" ")[0] for line in lines if line not in pages} == parts
    assert all(f"changed since: {what}." in line for line in lines if line not in pages)
    assert main(["write"], tree) == 0
    assert f"Since then the {what} changed" in " ".join((tree / "README.md").read_text("utf-8").split())


def test_another_version_of_a_library_makes_figures_stale(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tree / digests.LOCK
    lock.write_text(lock.read_text().replace("pyod==1.0", "pyod==1.1"))
    assert main(["check"], tree) == 1
    assert "\ndetection was measured at commit" in f"\n{capsys.readouterr().out}"


@pytest.mark.parametrize(
    "name",
    ["src/seawall/gate/gate.py", "tests/test_one.py", "docs/reference/sources.md", "bench/out/scan.py"],
)
def test_what_decides_nothing_changes_nothing(tree: Path, name: str) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("2")
    assert main(["check"], tree) == 0


def test_prose_and_layout_of_code_change_nothing_and_code_does(tree: Path) -> None:
    module = tree / "src/seawall/detection/one.py"
    module.write_text('"""One."""\n\n\ndef one() -> int:\n    """Return one."""\n    return 1\n')
    before = digests.digests_of(tree, "speed")["engine"]
    module.write_text("# why\ndef one() -> int:\n    return (1)\n")
    assert digests.digests_of(tree, "speed")["engine"] == before
    module.write_text("def one() -> int:\n    return 2\n")
    assert digests.digests_of(tree, "speed")["engine"] != before


def test_a_part_that_was_moved_is_an_error_and_not_a_digest_of_nothing(tree: Path) -> None:
    (tree / "src/seawall/detection/ranking/data/one").unlink()
    with pytest.raises(ValueError, match="was moved"):
        main(["check"], tree)


def test_a_page_that_was_edited_by_hand_is_told_and_written_anew(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tree / "README.md"
    right = page.read_text("utf-8")
    page.write_text(right.replace("**Speed.**", "**Speed!**"), "utf-8")
    assert main(["check"], tree) == 1
    assert "README.md does not show the figures" in capsys.readouterr().out
    assert main(["write"], tree) == 0
    assert page.read_text("utf-8") == right


def test_versions_of_a_lock() -> None:
    before = digests.digest_libraries(LOCK, ("duckdb", "numpy"))
    assert digests.digest_libraries(LOCK.replace("sha256:00", "sha256:11"), ("duckdb", "numpy")) == before
    assert digests.digest_libraries(LOCK.replace("2.4.6", "2.4.7"), ("duckdb", "numpy")) != before
    with pytest.raises(ValueError, match="does not lock pyarrow"):
        digests.digest_libraries(LOCK, ("pyarrow",))


def test_all_that_a_scan_runs_decides_its_figures(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCANNED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    used = {
        Path(line).relative_to(ROOT).as_posix() for line in done.stdout.splitlines() if line.endswith(".py")
    }
    patterns = [pattern for name in digests.DECIDED_BY["speed"] for pattern in digests.SOURCES[name]]
    decide = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
    assert "src/seawall/pipeline/scan.py" in used
    assert {name for name in used - decide if not name.startswith("src/seawall/cli/")} == set()


def test_the_pages_show_what_is_kept() -> None:
    """They also say what changed since: `python -m tools.figures write` writes both."""
    pages = {name: (ROOT / name).read_text("utf-8") for name in PAGES}
    changed = {
        part: digests.stale(kept()[part]["digests"], digests.digests_of(ROOT, part))
        for part in digests.DECIDED_BY
    }
    assert words.pages_with(kept(), pages, changed) == pages


def test_the_words_are_those_of_the_figures() -> None:
    document = kept()
    speed, detection = document["speed"], document["detection"]
    speed |= {"commit": "c0ffee" + "0" * 34, "date": "2027-01-02"}
    own = speed["figures"]["corpora"][0]
    own |= {
        "cpu_ratio": 3.44,
        "record_bytes": 1505,
        "read": {"cpu": 4.52, "wall": 2.2, "peak": 600 << 20},
        "scan": {"cpu": 13.62, "wall": 10.2, "peak": 700 << 20},
    }
    varied = own | {"name": "varied", "maker": "other", "cpu_ratio": 4.96, "read": {"cpu": 4.04}}
    world = own | {"name": "world", "cpu_ratio": 4.0, "records": 1_147_000, "files": 374, "organisations": 4}
    speed["figures"]["corpora"] = [own, varied, world]
    del speed["figures"]["tenfold"]
    detection["commit"] = "decade" + "0" * 34
    detection["figures"] |= {
        "counted": 50,
        "families_at_5": {"campaign": [20, 20], "slow_drip": [1, 30]},
        "delay_seconds": {"loud": 1.2, "all": 600},
        "false_at_5": {"travel": 7},
        "raised_at_5": 40,
        "quiet": {"merger": 1.5, "roll-out": 2.25},
    }
    detection["figures"]["recall"]["Seawall"] = {"1": 0.72, "2": 0.8, "5": 0.83, "10": 0.87}
    readme, details = words.readme(document, UNCHANGED), words.details(document, UNCHANGED)
    flat = " ".join(readme.split())
    assert "Measured on 2 January 2027 at commit `c0ffee0`" in flat
    assert "at commit `decade0`" in flat
    assert "takes 3.4 to 5.0 times the CPU of the read" in flat
    assert "| a file of the lab | 1 million | 4.5 | 13.6 | 3.4 | 98,000 | 700 MiB |" in readme
    assert "| varied values | 1 million | 4.0 | 13.6 | 5.0 | 98,000 | 700 MiB |" in readme
    assert "| many files | 1.15 million | 4.5 | 13.6 | 4.0 | 110,000 | 700 MiB |" in readme
    assert "varied values (of 1,505 bytes a record) by another maker" in flat
    assert "374 files of 4 organisations" in flat
    assert "10 million" not in readme
    assert "within 2 seconds of event time after their first event, of all families within 10 minutes" in flat
    assert "misses these families most: `slow_drip` (1 of 30 found). " in flat
    assert "1.50 to 2.25 incidents a day" in flat
    assert "| **Seawall** | **.72** | **.80** | **.83** | **.87** |" in readme
    assert "| `slow_drip` | 1 of 30 |" in details
    assert "- travel: 7" in details
    assert max(map(len, readme.splitlines())) <= words.WIDTH


@pytest.mark.parametrize(
    ("value", "text"), [(98_039.2, "98,000"), (1_234_567, "1,200,000"), (42.4, "42"), (0.123, "0.12")]
)
def test_two_digits_count(value: float, text: str) -> None:
    assert words.two_digits(value) == text


def test_a_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="figures:start"):
        words.between_markers("nothing", "figures")


def test_figures_belong_to_a_commit(tmp_path: Path) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@x.example"]
    for command in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (tmp_path / "README.md").write_text("figures")
    assert len(measuring.commit_of(tmp_path)) == 40
    (tmp_path / "engine.py").write_text("changed")
    with pytest.raises(measuring.NotMeasured, match=r"commit first.*\n.*engine\.py"):
        measuring.commit_of(tmp_path)


def test_nothing_is_kept_of_a_measurement_that_fails(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (tree / KEPT).read_bytes()
    assert main(["measure", "speed"], tree) == 3
    assert "speed was not measured: git" in capsys.readouterr().err
    assert (tree / KEPT).read_bytes() == before


def test_one_corpus_has_one_ratio() -> None:
    document = kept()
    own = document["speed"]["figures"]["corpora"][0] | {"cpu_ratio": 3.44}
    document["speed"]["figures"] |= {"corpora": [own], "tenfold": own["scan"] | {"records": 10_000_000}}
    readme = words.readme(document, UNCHANGED)
    assert "A scan takes 3.4 times the CPU of the read" in readme
    assert "| a file of the lab | 10 million |  | " in readme


@pytest.mark.soak
def test_a_small_measurement_of_speed(tmp_path: Path) -> None:
    size = measuring.Size(records=2_000, runs=1, is_flat=True, shared=tmp_path)
    figures = measuring._speed(ROOT, size)
    document = kept()
    document["speed"]["figures"] = figures
    own, varied, world = figures["corpora"]
    assert (own["name"], own["records"], own["files"]) == ("own", 2_000, 1)
    assert (varied["name"], varied["records"], varied["files"]) == ("varied", 2_000, 1)
    assert (world["name"], world["organisations"]) == ("world", 4)
    assert world["files"] > 290
    assert {one["maker"] for one in figures["corpora"]} == {"lab"}
    for corpus in figures["corpora"]:
        assert corpus["cpu_ratio"] == pytest.approx(corpus["scan"]["cpu"] / corpus["read"]["cpu"])
    assert figures["tenfold"]["records"] == 20_000
    assert "| varied values | 2,000 | " in words.readme(document, UNCHANGED)


@pytest.mark.soak
def test_a_small_measurement_of_detection() -> None:
    figures = measuring._detection(ROOT, measuring.Size(worlds=1, accounts=60, days=30))
    document = kept()
    document["detection"]["figures"] = figures
    assert set(figures["recall"]) == set(kept()["detection"]["figures"]["recall"])
    assert "1 made-up organisations of 60 accounts and 30 days" in " ".join(
        words.readme(document, UNCHANGED).split()
    )
    assert "at a budget of 2" in words.details(document, UNCHANGED)
