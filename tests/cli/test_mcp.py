"""`seawall mcp` refuses what it cannot serve before an assistant waits for it, and names the extra that it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.cli.extras import missing_extra
from seawall.mcp import server
from seawall.mcp.calls import CallRunner
from seawall.storage.files.assistant_calls import ASSISTANT_CALLS
from seawall.storage.files.incident_documents import write_incidents
from seawall_base.installing import describe_install
from tests.cli.conftest import Run
from tests.cli.samples import incidents


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[CallRunner]:
    """Replace the protocol, and return what would have answered calls."""
    found: list[CallRunner] = []
    monkeypatch.setattr(server, "serve_standard_streams", found.append)
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    write_incidents(folder / "incidents.jsonl", incidents())
    return folder


def test_standard_output_stays_free_for_the_protocol(run: Run, out: Path, served: list[CallRunner]) -> None:
    got = run("mcp", "--out", str(out))
    assert (got.code, got.out) == (0, "")
    assert got.err.startswith("assistants may read ")
    (runner,) = served
    assert (runner.actor, runner.role) == ("local", "admin")
    assert runner.call("incidents", {}).document is not None
    assert (out / ASSISTANT_CALLS).read_text("utf-8").count("\n") == 1


def test_calls_go_where_the_option_says(
    run: Run, out: Path, tmp_path: Path, served: list[CallRunner]
) -> None:
    assert run("mcp", "--out", str(out), "--audit", str(tmp_path / "calls.jsonl")).code == 0
    assert run("mcp", "--out", str(out), "--audit", "-", "--pseudonyms").code == 0
    for runner in served:
        runner.call("coverage", {})
    assert (tmp_path / "calls.jsonl").read_text("utf-8").count("\n") == 1
    assert not (out / ASSISTANT_CALLS).exists()
    assert served[0].view() is None
    view = served[1].view()
    assert view is not None
    assert view.hide_text("ann@contoso.example").startswith("person ")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [(("--out", "out", "--store", "s"), 2, "exclude each other"), (("--out", "nowhere"), 3, "seawall scan"),
     (("--store", "nowhere"), 1, "nowhere"), (("--out", "out", "--audit", "no/such/folder/calls"), 1, "--audit")],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_at_once(
    run: Run, out: Path, served: list[CallRunner], options: tuple[str, ...], code: int, words: str
) -> None:
    got = run("mcp", *options)
    assert (got.code, got.out) == (code, "")
    assert words in got.err
    assert served == []


@pytest.mark.parametrize(
    ("package", "verb", "extra"),
    [("mcp", "mcp", "mcp"), ("anyio", "mcp", "mcp"), ("sqlalchemy", "mcp", "mcp"), ("mcp_types", "serve", "mcp"),
     ("argon2", "serve", "console"), ("sqlalchemy", "watch", "store")],
)  # fmt: skip
def test_the_extra_that_brings_a_missing_package_is_named(package: str, verb: str, extra: str) -> None:
    error = missing_extra(ModuleNotFoundError(name=f"{package}.inner"), verb)
    assert error is not None
    assert error.extra == extra
    assert error.fix == describe_install(extra)
