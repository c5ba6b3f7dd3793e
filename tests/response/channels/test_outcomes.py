"""What comes of a message of each channel is what the guide says: all of them, through the outbox, to the local receiver."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from seawall.response.channels.settings import ChannelsFile
from tests.response.channels.outcomes import find_outcomes, write_head, write_row
from tests.response.channels.receivers import NAMES

GUIDE = Path(__file__).parents[3] / "docs/how-to/channels.md"


def test_every_channel_is_tried() -> None:
    assert set(NAMES) == {one.name for one in fields(ChannelsFile)} - {"console"}


def test_the_table_has_these_columns() -> None:
    assert write_head() in GUIDE.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_outcomes_of_a_channel_are_those_of_the_guide(name: str, tmp_path: Path) -> None:
    assert write_row(name, find_outcomes(name, tmp_path)) in GUIDE.read_text("utf-8").splitlines()
