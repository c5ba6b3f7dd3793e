"""The folder of a lake with records as they came: `raw/tenants/<organisation>/<day>/<file>.parquet`, pruned with its events.

Files are written like parts of the lake, and appending the same records again changes nothing. A backup of the lake leaves
the folder out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from seawall.storage.lake import layout, locks, parts
from seawall.storage.raw_records.raw_file import (
    KeptRecord,
    list_kept_ids,
    read_kept_records,
    write_kept_records,
)
from seawall_base.errors import InputUnreadable


@dataclass(frozen=True, slots=True)
class RawFolder:
    """The records as they came beside the events of a lake, given its root."""

    root: Path

    def append(self, records: Iterable[KeptRecord]) -> int:
        """Add records; they are on disk on return. Return the number of files written. Raises `LakeBroken`."""
        shares: dict[tuple[str, date], list[KeptRecord]] = defaultdict(list)
        for one in records:
            shares[one.origin.tenant, layout.day_of(one.origin.time)].append(one)
        for (tenant, day), share in shares.items():
            ids = "\n".join(sorted(f"{one.origin.record}\0{one.origin.source_file}" for one in share))
            name = sha256(ids.encode("utf-8", "surrogatepass")).hexdigest()[:32] + layout.PART_SUFFIX
            self._write(layout.day_folder(self._place, tenant, day), name, share)
        return len(shares)

    def _write(self, folder: Path, name: str, share: Sequence[KeptRecord]) -> None:
        with locks.hold_lock(self.root, "writing"):
            file = parts.waiting(self.root)
            try:
                write_kept_records(file, share)
                parts.settle(file)
                with locks.hold_lock(self.root, "reading"):
                    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    parts.put(file, folder, name)
            except OSError as error:
                raise layout.unreadable(folder, error) from error
            finally:
                file.unlink(missing_ok=True)

    def find(
        self, tenant: str, wanted: Collection[str], *, day: date | None = None, most: int = 1_000
    ) -> list[KeptRecord]:
        """Return up to `most` records of an organisation by id, of one day or of all, the oldest first, each once.

        Damaged files are left out.
        """
        found: dict[tuple[str, str], KeptRecord] = {}
        with locks.hold_lock(self.root, "reading"):
            for path in self._files(tenant, day):
                with suppress(InputUnreadable):
                    for one in read_kept_records(path, wanted, most=most - len(found)):
                        found.setdefault((one.origin.record, one.origin.source_file), one)
                if len(found) >= most:
                    break
        return sorted(found.values(), key=lambda one: (one.origin.time, one.origin.record))

    def list_ids(self, tenant: str, day: date | None = None) -> frozenset[str]:
        """Return the ids of an organisation's records, of one day or of all. Damaged files are left out."""
        found: set[str] = set()
        with locks.hold_lock(self.root, "reading"):
            for path in self._files(tenant, day):
                with suppress(InputUnreadable):
                    found.update(list_kept_ids(path).to_pylist())
        return frozenset(found)

    def list_files(self) -> list[Path]:
        """Return the files of all organisations and days."""
        return [
            path
            for folder in layout.folders(self._place)
            for _, day in layout.days(folder)
            for path in layout.parts(day)
        ]

    @property
    def _place(self) -> Path:
        return self.root / layout.RAW

    def _files(self, tenant: str, day: date | None) -> Iterator[Path]:
        for one, path in layout.days(self._place / layout.TENANTS / layout.tenant_folder(tenant)):
            if day in (None, one):
                yield from layout.parts(path)
