"""With `--pseudonyms` no answer holds a name, names find nothing, and a pseudonym finds its person."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from seawall.mcp.call_audit import ErrorStreamAudit
from seawall.mcp.calls import CallRunner
from seawall.mcp.names import ResultsNames
from seawall.mcp.results_source import ResultsSource
from tests.mcp.assistants import ORGANISATION_WIDE, Call, ask_over_streams, text_of
from tests.mcp.planted import NAMES, VICTIM

CALLS: tuple[Call, ...] = (
    *ORGANISATION_WIDE,
    ("search", {"kind": "ip", "value": "185.220.101.5"}),
    ("search", {"kind": "account", "value": VICTIM}),
    ("search", {"kind": "rule", "value": "berger"}),
    ("incidents", {"account": VICTIM}),
    ("incident", {"incident": "berger"}),
)


def test_no_answer_over_the_wire_holds_a_name(planted: Path, tmp_path: Path) -> None:
    results = shutil.copytree(planted, tmp_path / "out")
    options = ["--out", str(results), "--pseudonyms", "--audit", "-"]
    asked = ask_over_streams(options, CALLS, tmp_path / "stderr")
    for call, answer in zip(CALLS, asked.answers, strict=True):
        # the last call's refusal repeats its own argument, which is no name of an answer
        said = text_of(answer).casefold().replace("'berger'", "")
        assert [name for name in NAMES if name in said] == [], call
    found = asked.document(0)["incidents"]["items"][0]["account"]["untrusted"]
    assert re.fullmatch(r"person [0-9A-Z]{4}-[0-9A-Z]{4}", found)
    by_address, by_name, by_rule, of_account = (asked.document(len(ORGANISATION_WIDE) + n) for n in range(4))
    assert by_address["matches"] == 9
    assert (by_name["matches"], by_rule["matches"], of_account["incidents"]["total"]) == (0, 0, 0)
    lines = (tmp_path / "stderr").read_text("utf-8").splitlines()
    recorded = [json.loads(line) for line in lines if line.startswith("{")]
    assert [one["tool"] for one in recorded] == [name for name, _ in CALLS]
    assert sorted(path.name for path in results.iterdir()) == sorted(path.name for path in planted.iterdir())


def test_a_pseudonym_finds_its_person_and_lasts_as_long_as_the_server(
    planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (_make_runner(planted) for _ in range(2))
    code = _show_account(first)
    assert code == _show_account(first)
    assert code != _show_account(second)
    found = first.call("search", {"kind": "account", "value": code}).document
    assert found is not None
    assert found["matches"] == 21 * 4 + 9
    unknown = second.call("search", {"kind": "account", "value": code}).document
    assert unknown is not None
    assert unknown["matches"] == 0
    assert capsys.readouterr().err.count("\n") == 5


def _make_runner(results: Path) -> CallRunner:
    source = ResultsSource(results)
    view = ResultsNames(source).view
    return CallRunner(source=source, audit=ErrorStreamAudit(), actor="local", view=view)


def _show_account(runner: CallRunner) -> str:
    document = runner.call("incidents", {}).document
    assert document is not None
    return str(document["incidents"]["items"][0]["account"]["untrusted"])
