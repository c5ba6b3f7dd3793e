"""What `seawall doctor --store` checks: each checks one part of a store and never raises."""

from __future__ import annotations

import shutil
from pathlib import Path

from seawall.cli.checks import DoctorCheck, run_guarded
from seawall_base.plurals import plural

_GIB = 2**30


def run_store(folder: Path, database: str | None, head: Path | None) -> tuple[DoctorCheck, ...]:
    """Run every check of a store."""
    checks = [run_guarded("Store", lambda: _store(folder, database))]
    if checks[0].state == "fail":
        return tuple(checks)
    checks += [
        run_guarded("Audit trail", lambda: _audit(folder, database, head)),
        run_guarded("Events", lambda: _events(folder, database)),
        run_guarded("Writer", lambda: _writer(folder, database)),
        run_guarded("Store's disk", lambda: _disk(folder)),
    ]
    return tuple(checks)


def _store(folder: Path, database: str | None) -> DoctorCheck:
    from seawall.storage.database.upgrading import version
    from seawall.storage.location import database_place, open_store

    with open_store(folder, database) as opened:
        place = opened.database.place
    found = version(database_place(folder, database))
    return DoctorCheck("Store", "ok", f"{folder} opens; database {place}, version {found}")


def _audit(folder: Path, database: str | None, head: Path | None) -> DoctorCheck:
    from seawall.cli.store.inspection import read_head
    from seawall.storage.location import open_store

    known = None if head is None else read_head(head)
    with open_store(folder, database) as opened, opened.database.reading() as work:
        verdict = work.audit.verify(known)
    if not verdict.is_whole:
        return DoctorCheck(
            "Audit trail",
            "fail",
            verdict.fault,
            "find out who can write to the database, then restore a backup",
        )
    if not verdict.entries:
        return DoctorCheck("Audit trail", "ok", "empty: it has no head yet")
    detail = f"{plural(verdict.entries, 'entry', 'entries')}, none changed; head: {verdict.head.sequence} {verdict.head.digest}"
    if known is None:
        return DoctorCheck("Audit trail", "ok", f"{detail}; not compared with an earlier head (--head)")
    return DoctorCheck("Audit trail", "ok", f"{detail}; contains the earlier head")


def _events(folder: Path, database: str | None) -> DoctorCheck:
    from seawall.storage.location import open_store

    with open_store(folder, database) as opened:
        held = opened.lake.size()
    rows, parts = sum(day.rows for day in held.days), sum(day.parts for day in held.days)
    if held.damaged:
        words = f"cannot be read: {plural(len(held.damaged), 'part')}, first {held.damaged[0].path}"
        return DoctorCheck("Events", "fail", words, "seawall store check; restore a backup")
    detail = f"{plural(rows, 'event')} in {plural(parts, 'part')}, their footers read; seawall store check reads all of them"
    return DoctorCheck("Events", "ok", detail)


def _writer(folder: Path, database: str | None) -> DoctorCheck:
    from seawall.storage.database import examination
    from seawall.storage.location import database_place

    owner = examination.writer(database_place(folder, database))
    return DoctorCheck("Writer", "ok", "no program writes" if owner is None else f"{owner} writes")


def _disk(folder: Path) -> DoctorCheck:
    usage = shutil.disk_usage(folder)
    detail = f"{usage.free / _GIB:,.1f} GiB free of {usage.total / _GIB:,.1f}"
    if usage.free < _GIB or usage.free < usage.total / 50:
        return DoctorCheck(
            "Store's disk",
            "warn",
            detail,
            "free some space, or shorten the retention: seawall store prune --help",
        )
    return DoctorCheck("Store's disk", "ok", detail)
