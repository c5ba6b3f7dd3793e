"""Print the table of channels and outcomes for the guide: `python -m tools.channel_table`.

Each message goes through the outbox to the receiver on this machine that stands in for the vendor's. It takes a minute.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.response.channels.outcomes import find_outcomes, write_head, write_row
from tests.response.channels.receivers import NAMES


def print_table() -> None:
    """Try all channels, and print a row for each. Raises AssertionError if one does not do what it must."""
    print(write_head())
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            print(write_row(name, find_outcomes(name, Path(folder))), flush=True)


if __name__ == "__main__":
    print_table()
