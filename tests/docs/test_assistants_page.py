"""docs/how-to/assistants.md: the tools are those of the server, and the answers are those that a scripted client gets."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from tools import assistant_questions

from seawall.cli.mcp import mcp
from seawall.mcp.tool_table import TOOLS
from tests.logs import scanned_recorded

PAGE = assistant_questions.PAGE.read_text("utf-8")


def test_every_tool_has_a_row_with_its_role() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| .* \| (viewer|analyst|admin) \|$", PAGE, re.MULTILINE))
    assert rows == {tool.name: tool.role for tool in TOOLS}


def test_the_example_of_a_configuration_is_json_with_real_options() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (server,) = json.loads(example)["mcpServers"].values()
    verb, *options = server["args"]
    assert verb == mcp.__name__
    source = Path(mcp.__code__.co_filename).read_text("utf-8")
    for option in options:
        if option.startswith("--"):
            assert f'"{option}"' in source or option == "--out"


def test_the_scripted_client_gets_the_answers_of_the_page(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Five questions about the recorded tenant; each answer names records, and each record is in the results."""
    out = tmp_path / "out"
    shutil.copytree(scanned_recorded(tmp_path_factory), out)
    audit = tmp_path / "calls.jsonl"
    asked = [str(out), "--audit", str(audit), "--check"]
    assert assistant_questions.main(asked) == 0, "run: python -m tools.assistant_questions RESULTS --write"
    calls = [json.loads(line)["tool"] for line in audit.read_text("utf-8").splitlines()]
    assert set(calls) >= {
        "incidents",
        "incident",
        "story",
        "usual_against_now",
        "search",
        "scope",
        "plan",
        "coverage",
    }
    assert not (out / "assistant-calls.jsonl").exists()


def test_five_questions_are_answered_with_records() -> None:
    parts = re.split(r"^### (?=\d)", PAGE.split("<!-- questions: begin -->")[1], flags=re.MULTILINE)[1:]
    assert len(parts) == len(assistant_questions.QUESTIONS) == 5
    for part in parts:
        assert re.search(r"`[0-9a-f]{8}-[0-9a-f-]{27}`", part)
        assert re.search(r"^    [a-z_]+ \{", part, re.MULTILINE)
        assert "each is an event of the results" in part


def test_record_ids_are_found_wherever_an_answer_names_them() -> None:
    found = {
        "records": {"items": [{"untrusted": "a"}, {"id": {"untrusted": "b"}}]},
        "deep": [{"records": {"items": []}}],
    }
    assert list(assistant_questions.list_records(found)) == ["a", "b"]
    assert list(assistant_questions.list_records({"records": 7})) == []
