"""A file that is not there: the message says what it is for, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "what", "step"),
    [
        (
            ["signals", "contained", "gone.jsonl"],
            "the settings file is missing",
            "seawall respond signals begin",
        ),
        (["signals", "list"], "the settings file is missing", "--settings"),
        (["watch", "gone.jsonl", "."], "the journal does not exist", "seawall respond apply PLAN --apply"),
        (
            ["attention", "gone.jsonl", "--store", "store", "--by", "Ann Example"],
            "the journal does not exist",
            "seawall respond apply PLAN --apply",
        ),
        (["apply", "gone.json"], "the plan cannot be read", "seawall respond plan --to"),
    ],
)
def test_missing_file_is_named_with_the_next_step(
    arguments: list[str],
    what: str,
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["respond", *arguments]) != 0
    said = capsys.readouterr().err
    assert what in said
    assert step in said


def test_signals_of_a_missing_journal_with_settings_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("signals.toml").write_text(
        '[transmitter]\nissuer = "https://seawall.example.org"\nkey = "signing.pem"\n'
        '[[stream]]\nname = "one"\naudience = "https://receiver.example.org"\n'
        'push = "https://receiver.example.org/events"\n',
        encoding="utf-8",
    )
    assert main(["respond", "signals", "contained", "gone.jsonl"]) != 0
    said = capsys.readouterr().err
    assert "gone.jsonl: the journal does not exist, so the applied actions are unknown" in said
    assert "PLAN.journal.jsonl" in said
