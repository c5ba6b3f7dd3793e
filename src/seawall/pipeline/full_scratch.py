"""Say, when the disk of a scan is full, how much room the scan needs: what it used so far, for the part that it has read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seawall_base.errors import OutputUnwritable
from seawall_base.full_disk import describe_room, describe_size, is_full_disk


@contextmanager
def explain_full_disk(scratch: Path, part_read: Callable[[], float]) -> Iterator[None]:
    """Turn the error of a full disk into `OutputUnwritable`, while the files of the scratch folder still show their sizes.

    `part_read` returns which part of the input was read, 0 to 1.
    """
    try:
        yield
    except Exception as error:
        if not is_full_disk(error):
            raise
        used, part, folder = _add_sizes(scratch), part_read(), scratch.parent
        least = used + shutil.disk_usage(folder).free  # one write may need more than all that was free
        if used and 0 < part < 1 and used / part > least:
            needed = f"about {describe_size(used / part)} ({describe_size(used)} for the {part:.0%} that it has read)"
        else:
            needed = f"more than {describe_size(least)}"
        raise OutputUnwritable(
            f"{folder}: the disk is full: a scan of these logs needs {needed}; {describe_room(folder)}",
            fix="free some space there, or choose a folder on a larger disk with --out",
        ) from error


def _add_sizes(folder: Path) -> int:
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.lstat().st_size
        except OSError:  # removed in the meantime
            continue
    return sizes
