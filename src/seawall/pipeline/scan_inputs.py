"""Choose what a scan reads: everything that was named, but never the results of an earlier scan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seawall.storage.files.assistant_calls import ASSISTANT_CALLS
from seawall.storage.files.campaign_documents import CAMPAIGNS
from seawall.storage.raw_records import RAW_RECORDS
from seawall_base import private_files
from seawall_base.errors import InputUnreadable, OutputUnwritable

OUTPUTS = (
    "incidents.jsonl",
    "report.html",
    "problems.jsonl",
    "coverage.json",
    "events.parquet",
    "summary.json",
    "rules.json",
    RAW_RECORDS,
)
"""Output files of every scan. `campaigns.jsonl` comes with `--campaigns` alone.

Those of an earlier scan are never read as input, even inside a scanned folder.
"""

SCRATCH = ".seawall-"
"""Prefix of the name of a scan's temporary folder."""


def prepare_folder(inputs: Sequence[Path], out: Path | str | None) -> Path | None:
    """Return the folder for the results, ready to be written, None for none.

    Raises `InputUnreadable` and `OutputUnwritable`.
    """
    missing = [path for path in inputs if not path.exists() and not path.is_symlink()]
    if missing or not inputs:
        raise InputUnreadable(
            f"no such file or folder: {missing[0] if missing else '(none given)'}", fix="check the path"
        )
    if out is None:
        return None
    folder = Path(out)
    try:
        private_files.make_folder(folder)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise OutputUnwritable(
            f"cannot write into {folder}: {error.strerror}", fix="choose another folder with --out"
        ) from error
    return folder


def leave_out_results(inputs: Sequence[Path], folder: Path | None) -> list[Path]:
    """Return the inputs without results of an earlier scan, by listing the folders that contain them."""
    if folder is None:
        return list(inputs)
    place, found = folder.resolve(), list[Path]()
    for path in inputs:
        around = path.resolve()
        if not path.is_dir() or around not in (place, *place.parents):
            found.append(path)
            continue
        inner = [entry for entry in sorted(path.iterdir()) if entry.name != ".git"]
        if around == place:
            found += [
                entry
                for entry in inner
                if entry.name not in (*OUTPUTS, CAMPAIGNS, ASSISTANT_CALLS)
                and not entry.name.startswith(SCRATCH)
            ]
        else:
            found += leave_out_results(inner, folder)
    return found
