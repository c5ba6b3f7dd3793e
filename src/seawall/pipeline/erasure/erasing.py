"""Erase a person from a store and from folders of results: one place after the other, each whole or not at all.

A stop between two places loses nothing: the same command goes on with the same token. The database comes last, in one
transaction, because it knows the person's object ids until then.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.pipeline.erasure.checking import check_erasure
from seawall.pipeline.erasure.files import FileErasure, erase_from_folder, list_files
from seawall.pipeline.erasure.receipt import (
    FOLDER,
    ErasedPlace,
    ErasureReceipt,
    KeptThing,
    begin_receipt,
    make_token,
    save_receipt,
    sum_places,
)
from seawall.pipeline.erasure.states import erase_from_candidate, erase_from_state
from seawall.storage.database.erasing import (
    compact,
    erase_from_audit,
    erase_from_candidates,
    erase_from_database,
    erase_from_states,
)
from seawall.storage.files.events_place import list_cluster_folders
from seawall.storage.joined_names import JoinedNames
from seawall.storage.lake.erasing import erase_from_lake
from seawall.storage.lake.layout import RAW
from seawall.storage.lake.person_names import LakeNames
from seawall.storage.lake.place import LakePlace
from seawall.storage.location import DATABASE, EVENTS, MAKING, MARKER, Store, open_store
from seawall.storage.raw_records import RAW_RECORDS, erase_raw_records
from seawall_base.clock import read_wall_clock
from seawall_base.errors import UsageError
from seawall_base.name_erasure import NameErasure
from seawall_base.times import rfc3339

ACTOR: Final = "seawall erase"
OWN_FILES: Final = (
    EVENTS, MARKER, MAKING, FOLDER, "secret.key", DATABASE, *(f"{DATABASE}-{end}" for end in ("wal", "shm", "writer"))
)  # fmt: skip
_SHORTEST: Final = 3
_AUDIT: Final = KeptThing(
    "entries of the audit trail, journals of containment and registers of notifications",
    "the duty to account for what was done; the name in them is replaced, their hash chains stay verifiable",
)
_IDS: Final = KeptThing(
    "ids of incidents and records, and the digests of chained entries",
    "they are hashes that answers and other systems refer to; they do not state the name",
)
_PACKED: Final = (
    "packed by `seawall spark scan`, so that names cannot be replaced: --delete-unreadable deletes it, and the next scan "
    "on Spark reads all logs again"
)
_COPY: Final = "a copy of the database from before a migration, in which names cannot be replaced: --delete-unreadable deletes it"
_ELSEWHERE: Final = KeptThing(
    "copies elsewhere: backups, sent messages, the log sources, write-ahead logs of a PostgreSQL server",
    "this command cannot reach them; let them expire, or erase there too",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """Whom to erase, and from where. `aliases` are further names: display name, other addresses, object ids.

    With `should_delete`, files that cannot be rewritten and may hold a name are deleted.
    """

    account: str
    aliases: Sequence[str] = ()
    store: Path | None = None
    database: str | None = None
    folders: Sequence[Path] = ()
    receipts: Path | None = None
    reference: str = ""
    is_rehearsal: bool = False
    should_delete: bool = False

    @property
    def receipt_folder(self) -> Path:
        """Return the folder of receipts: that of the store, else of the first folder of results."""
        return self.receipts or (self.store or self.folders[0]) / FOLDER


def erase_person(
    request: ErasureRequest,
    *,
    clock: Callable[[], int] = read_wall_clock,
    step: Callable[[str], None] = lambda _: None,
) -> ErasureReceipt:
    """Erase a person and return the receipt, which is on disk. With `is_rehearsal`, only count.

    `step` is called after each place. Raises UsageError, `DatabaseInUse` while a watch runs, and what files and databases
    raise; after such an error the same request goes on where it stopped.
    """
    _check(request)
    begun_at = rfc3339(clock())
    with ExitStack() as stack:
        store = None
        if request.store is not None:
            store = stack.enter_context(open_store(request.store, request.database))
            if not request.is_rehearsal:
                stack.enter_context(store.database.only_writer())
        if request.is_rehearsal:
            receipt = ErasureReceipt(state="rehearsal", token=make_token(), begun_at=begun_at)
        else:
            receipt = begin_receipt(
                request.receipt_folder, request.account, begun_at=begun_at, reference=request.reference
            )
        erasure = _make_erasure(request, store, receipt.token)
        kept, left = [_AUDIT, _IDS, _ELSEWHERE], list[KeptThing]()
        if store is not None:
            kept += _list_users(store, request.account)
        found: list[ErasedPlace] = []
        for place, unreadable in _erase_places(request, store, erasure, clock):
            found += [place] if place.changed else []
            left += unreadable
            if not request.is_rehearsal:
                receipt = _renew(receipt, erased=sum_places([place] if place.changed else [], receipt.erased))
                save_receipt(request.receipt_folder, receipt)
            step(place.kind)
        if request.is_rehearsal:
            return _renew(receipt, erased=found, kept=kept, left=left, ended_at=rfc3339(clock()))
        check = check_erasure(request.store, store, request.folders, erasure, request.account)
        done = _renew(
            receipt, kept=kept, left=left, check=check, ended_at=rfc3339(clock()),
            state="incomplete" if check.found or left else "done", salt="", digest="",
        )  # fmt: skip
        save_receipt(request.receipt_folder, done)
        return done


def _renew(receipt: ErasureReceipt, **changes: object) -> ErasureReceipt:
    import msgspec

    return msgspec.structs.replace(receipt, **changes)


def _check(request: ErasureRequest) -> None:
    if len(request.account.strip()) < _SHORTEST:
        raise UsageError("the name of the account is too short", fix="give the whole account name or address")
    if request.store is None and not request.folders:
        raise UsageError("there is nothing to erase from", fix="give --store, --results, or both")
    for folder in request.folders:
        if not folder.exists():
            raise UsageError(f"{folder}: there is no such folder", fix="check the path")


def _make_erasure(request: ErasureRequest, store: Store | None, token: str) -> NameErasure:
    """Return the erasure with every name that the store joins with the account, and the names of others."""
    aliases, others = list(request.aliases), frozenset[str]()
    if store is not None:
        others = LakeNames(LakePlace(store.lake.root)).all().persons
        joined = JoinedNames(store.database)
        for tenant in store.lake.tenants():
            names = joined.of(tenant)
            aliases += [uid for uid, name in names.items() if name.casefold() == request.account.casefold()]
    return NameErasure(request.account, token, aliases=aliases, others=others)


def _erase_places(
    request: ErasureRequest, store: Store | None, erasure: NameErasure, clock: Callable[[], int]
) -> Iterator[tuple[ErasedPlace, list[KeptThing]]]:
    """Erase from one place after the other, and yield each with what could not be rewritten."""
    at, dry = clock(), request.is_rehearsal
    if store is not None:
        lake = erase_from_lake(store.lake, erasure, at=at, is_rehearsal=dry)
        damaged = [KeptThing(str(one.path), f"a damaged part: {one.reason}") for one in lake.damaged]
        yield ErasedPlace(str(store.lake.root), "records", lake.rows), damaged
        yield _erase_raw_records(store.lake.root, store.lake.root / RAW, erasure, at, request)
        for path in sorted(store.folder.iterdir()):
            if path.name in OWN_FILES:
                continue
            if path.name.startswith(DATABASE):
                yield _delete_copy(path, request)
            else:
                yield _erase_folder(path, "files of the store", erasure, at, request)
    for folder in request.folders:
        raw = folder / RAW_RECORDS
        if raw.is_file() and not raw.is_symlink():
            yield _erase_raw_records(folder, raw, erasure, at, request)
        kept = list_cluster_folders(folder)
        yield from (_delete_packed(one, erasure, request) for one in kept)
        yield _erase_folder(folder, "results", erasure, at, request, without=kept)
    if store is not None:
        yield from _erase_database(store, erasure, at, request)


def _erase_raw_records(
    place: Path, raw: Path, erasure: NameErasure, at: int, request: ErasureRequest
) -> tuple[ErasedPlace, list[KeptThing]]:
    """Delete the person's records as they came, and replace further spellings of the name in those of others."""
    count = 0
    if not request.is_rehearsal:
        count = erase_raw_records(place, erasure.names)
    if not raw.exists():
        return ErasedPlace(erasure.replace_text(str(raw)), "raw records", count), []
    found = erase_from_folder(raw, erasure, at=at, is_rehearsal=request.is_rehearsal)
    kept = [KeptThing(_say_path(one, erasure), one.why) for one in found if one.outcome == "unreadable"]
    changed = count + sum(one.names for one in found)
    return ErasedPlace(erasure.replace_text(str(raw)), "raw records", changed), kept


def _delete_packed(
    folder: Path, erasure: NameErasure, request: ErasureRequest
) -> tuple[ErasedPlace, list[KeptThing]]:
    """Delete a folder of a scan on Spark: files there are packed, and named by content or recorded with their size."""
    shown = erasure.replace_text(str(folder))
    if folder.is_symlink() or not request.should_delete:
        return ErasedPlace(shown, "results of Spark", 0), [KeptThing(shown, _PACKED)]
    count = sum(1 for _ in list_files(folder))
    if not request.is_rehearsal:
        shutil.rmtree(folder)
    return ErasedPlace(shown, "results of Spark", count), []


def _delete_copy(path: Path, request: ErasureRequest) -> tuple[ErasedPlace, list[KeptThing]]:
    """Delete a copy of the database: pages of a file may split a name, so that no search proves that there is none."""
    if path.is_symlink() or not request.should_delete:
        return ErasedPlace(str(path), "copies of the database", 0), [KeptThing(str(path), _COPY)]
    if not request.is_rehearsal:
        path.unlink(missing_ok=True)
    return ErasedPlace(str(path), "copies of the database", 1), []


def _erase_folder(
    path: Path,
    kind: str,
    erasure: NameErasure,
    at: int,
    request: ErasureRequest,
    *,
    without: Sequence[Path] = (),
) -> tuple[ErasedPlace, list[KeptThing]]:
    if path.is_symlink():
        return ErasedPlace(str(path), kind, 0), [KeptThing(str(path), "a link: links are not followed")]
    found = erase_from_folder(
        path,
        erasure,
        at=at,
        is_rehearsal=request.is_rehearsal,
        should_delete=request.should_delete,
        done=frozenset((path / RAW_RECORDS, *without)),
    )
    kept = [KeptThing(_say_path(one, erasure), one.why) for one in found if one.outcome == "unreadable"]
    return ErasedPlace(erasure.replace_text(str(path)), kind, len(found) - len(kept)), kept


def _say_path(one: FileErasure, erasure: NameErasure) -> str:
    return erasure.replace_text(str(one.path))


def _erase_database(
    store: Store, erasure: NameErasure, at: int, request: ErasureRequest
) -> Iterator[tuple[ErasedPlace, list[KeptThing]]]:
    """Erase from all tables in one transaction; a stop leaves all of them as they were."""
    database, dry = store.database, request.is_rehearsal
    changed: dict[str, int] = {}
    left: list[KeptThing] = []
    with database.reading() if dry else database.writing() as work:
        changed = erase_from_database(work, erasure, is_rehearsal=dry)
        how = {"is_rehearsal": dry, "should_delete": request.should_delete}
        changed["states"], states = erase_from_states(
            work, lambda content: erase_from_state(content, erasure), **how
        )
        changed["candidates"], candidates = erase_from_candidates(
            work, lambda content: erase_from_candidate(content, erasure), **how
        )
        changed |= {
            "audit": erase_from_audit(
                work, erasure, at=at, actor=ACTOR, token=erasure.token, is_rehearsal=dry
            )
        }
        unreadable = [f"state {name}" for name in states] + [f"candidates {days}" for days in candidates]
        left += [
            KeptThing(erasure.replace_text(name), "cannot be read by this version") for name in unreadable
        ]
    if not dry:
        compact(database, [*changed, "audit"])
    places = [ErasedPlace(database.place, name, count) for name, count in changed.items()]
    for number, place in enumerate(places):
        yield place, left if number == 0 else []


def _list_users(store: Store, account: str) -> list[KeptThing]:
    with store.database.reading() as work:
        if work.users.find(account) is None:
            return []
    return [
        KeptThing(
            "a user of the console with this name", "it signs somebody in; an admin disables or renames it"
        )
    ]
