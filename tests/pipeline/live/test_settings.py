"""What operators cannot set is stated as it is, and nothing in a store is taken for settings."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from seawall.cli import serve, watch
from seawall.pipeline.live.settings import LiveSettings
from seawall.storage import backup
from seawall.storage.location import open_store

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "watch.md"


def test_the_page_says_what_is_not_to_be_set_as_it_is() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split("## What can be set")[1].split("\n## ")[0].split())
    settings = LiveSettings(Path("store"))
    assert f"{settings.sizes.records:,} records or {settings.sizes.size_bytes >> 20} MiB" in text
    assert settings.sizes.seconds == 1.0
    assert "one second after its first record" in text
    assert settings.score_seconds == 0.5
    assert "half a second after the last one" in text
    assert f"{settings.backlog_seconds:.0f} seconds after it" in text


@pytest.mark.parametrize("verb", [watch.watch, serve.serve])
def test_no_option_sets_it(verb: object) -> None:
    assert callable(verb)
    assert not {"sizes", "silences", "score_seconds", "backlog_seconds"} & set(
        inspect.signature(verb).parameters
    )


def test_a_backup_carries_no_file_that_nobody_reads(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", make=True) as store:
        (store.folder / "settings.toml").write_text("records = 1\n")
        backup.back_up(store, tmp_path / "backup", at=1)
    assert not (tmp_path / "backup" / "settings.toml").exists()
    backup.restore(tmp_path / "backup", tmp_path / "restored")
