"""List the messages that the intruder's records name, each once, and the folders taken as a whole.

A Bind record lists messages by folder. The same message may occur in several records, and several times in one.
Messages that a record counts without naming are counted separately.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from seawall.response.scope.indicator_matches import OPEN, SURE
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import RECORDS
from seawall.response.scope_values import Message, SyncedFolder

_decode = msgspec.json.Decoder().decode
_KEPT_AT_ONCE = 50_000
_LONGEST = 1_000
"""Characters of an id or path: RFC 5322 limits a line to 998."""

_LARGEST = 1 << 40
"""Bytes above which a message size is nonsense."""

Named = tuple[str, str, int | None]
"""(message id, folder, size in bytes)."""


@dataclass(frozen=True, slots=True)
class ReadMessages:
    """The read messages: `messages` by mailbox and time up to a limit, exact counts by (tenant, mailbox), and folders.

    `counts` holds (distinct named messages, counted but unnamed messages).
    """

    messages: tuple[Message, ...]
    counts: dict[tuple[str, str], tuple[int, int]]
    folders: dict[tuple[str, str], tuple[SyncedFolder, ...]]
    is_cut: bool


_ACCESS = "e.kind = 'mail_access' AND e.mailbox IS NOT NULL AND e.access IS DISTINCT FROM 'sync'"
_CERTAIN = f"""SELECT e.id AS row, NULL::VARCHAR AS doubt FROM best b JOIN events e USING (id)
    WHERE b.grade = {SURE} AND {_ACCESS} ORDER BY e.id"""
_DOUBTFUL = f"""SELECT e.id AS row, CASE WHEN e.grade = {OPEN} THEN 'open' ELSE 'unlinked' END AS doubt FROM sorted e
    WHERE e.ok AND e.time >= $start AND e.time < $end AND {_ACCESS}
        AND (e.grade = {OPEN} OR e.grade < 0 AND e.is_unlinked) ORDER BY e.id"""


def read_messages(records: SearchRecords, most: int) -> ReadMessages:
    """Return what the intruder's mail access records say was read."""
    _begin(records, records.rows(_CERTAIN))
    found = _list(records, most + 1)
    return ReadMessages(tuple(found[:most]), _counts(records), _folders(records), len(found) > most)


def find_possible_messages(records: SearchRecords, span: tuple[int, int], most: int) -> ReadMessages:
    """Return what may have been read by the intruder, after records were classified.

    Records from places new to the account are left out: a traveller has many. Messages certainly read are left out
    too.
    """
    records.run(
        "CREATE TABLE certain AS SELECT DISTINCT e.tenant, e.mailbox, n.uid FROM named n JOIN events e ON e.id = n.row"
    )
    records.run("DROP TABLE named; DROP TABLE listed; DROP TABLE bound")
    _begin(records, records.rows(_DOUBTFUL, {"start": span[0], "end": span[1]}))
    records.run(
        """DELETE FROM named USING events e, certain c
        WHERE e.id = named.row AND c.tenant = e.tenant AND c.mailbox = e.mailbox AND c.uid = named.uid"""
    )
    found = _list(records, most + 1)
    return ReadMessages(tuple(found[:most]), _counts(records), {}, len(found) > most)


def _begin(records: SearchRecords, rows: list[tuple[Any, ...]]) -> None:
    """Insert the messages that records name. Each row is a record id and the reason that it is uncertain."""
    records.run(
        """CREATE TABLE named (row BIGINT, place INTEGER, uid VARCHAR, folder VARCHAR, size BIGINT);
        CREATE TABLE listed (row BIGINT, names INTEGER); CREATE TABLE bound (row BIGINT, doubt VARCHAR)"""
    )
    columns = list(zip(*rows, strict=True)) or [(), ()]
    records.keep(
        "bound", {"row": pa.array(columns[0], pa.int64()), "doubt": pa.array(columns[1], pa.string())}
    )
    _take_down(records, [row for row, _ in rows])


def _take_down(records: SearchRecords, rows: list[int]) -> None:
    """Insert all messages that the records name, in batches."""
    waiting: list[tuple[int, int, Named]] = []
    listed: list[tuple[int, int]] = []
    for row, text in records.read_unmapped(rows):
        count = 0
        for count, one in enumerate(find_named_messages(text), 1):
            waiting.append((row, count, one))
            if len(waiting) >= _KEPT_AT_ONCE:
                _keep(records, waiting)
                waiting = []
        listed.append((row, count))
    _keep(records, waiting)
    columns = list(zip(*listed, strict=True)) or [(), ()]
    records.keep(
        "listed", {"row": pa.array(columns[0], pa.int64()), "names": pa.array(columns[1], pa.int32())}
    )


def _keep(records: SearchRecords, waiting: list[tuple[int, int, Named]]) -> None:
    columns = {
        "row": pa.array([row for row, _, _ in waiting], pa.int64()),
        "place": pa.array([place for _, place, _ in waiting], pa.int32()),
        "uid": pa.array([uid for _, _, (uid, _, _) in waiting], pa.string()),
        "folder": pa.array([folder for _, _, (_, folder, _) in waiting], pa.string()),
        "size": pa.array([size for _, _, (_, _, size) in waiting], pa.int64()),
    }
    records.keep("named", columns)


def find_named_messages(text: str | None) -> Iterator[Named]:
    """Yield the messages named in a record's unmapped fields. Accepts any text without error."""
    try:
        held = _decode(text) if text else None
    except (msgspec.DecodeError, RecursionError):
        return
    if not isinstance(held, dict):
        return
    for folder in _parse_objects(held.get("Folders")):
        path = _text(folder.get("Path")) or ""
        for item in _parse_objects(folder.get("FolderItems")):
            yield from _message(item.get("InternetMessageId"), path, item.get("SizeInBytes"))
    single = held.get("Item")
    if isinstance(single, dict):
        parent = single.get("ParentFolder")
        path = (_text(parent.get("Path")) or "") if isinstance(parent, dict) else ""
        yield from _message(single.get("InternetMessageId"), path, single.get("SizeInBytes"))
    yield from _read_gmail(held.get("parameters"))


def _read_gmail(parameters: Any) -> Iterator[Named]:
    """Yield the message of a Gmail log record."""
    message = parameters.get("message_info") if isinstance(parameters, dict) else None
    if isinstance(message, dict):
        yield from _message(message.get("rfc2822_message_id"), "", message.get("payload_size"))


def _message(uid: Any, folder: str, size: Any) -> Iterator[Named]:
    text = _text(uid)
    if not text:
        return
    if isinstance(size, str) and size.isascii() and size.isdigit() and len(size) < 15:
        size = int(size)
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _LARGEST
    yield text, folder, size if is_size else None


def _parse_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list, which may be given as JSON text."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = _decode(value)
        except (msgspec.DecodeError, RecursionError):
            return
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def _text(value: Any) -> str | None:
    return value.strip()[:_LONGEST] or None if isinstance(value, str) else None


_FIRST = """SELECT e.tenant, e.mailbox, n.uid, arg_min(n.folder, (e.time, e.id, n.place)) AS folder,
    arg_min(e.uid, (e.time, e.id)) AS record, min(e.time) AS time, max(n.size) AS size, min(d.doubt) AS doubt
    FROM named n JOIN events e ON e.id = n.row JOIN bound d ON d.row = n.row GROUP BY e.tenant, e.mailbox, n.uid"""


def _list(records: SearchRecords, most: int) -> list[Message]:
    rows = records.rows(
        f"SELECT tenant, mailbox, uid, folder, record, time, size, doubt FROM ({_FIRST}) "
        "ORDER BY tenant, mailbox, time, uid LIMIT ?",
        [most],
    )
    return [
        Message(mailbox, uid, folder, record or "", time, tenant, size, doubt)
        for tenant, mailbox, uid, folder, record, time, size, doubt in rows
    ]


def _counts(records: SearchRecords) -> dict[tuple[str, str], tuple[int, int]]:
    distinct = records.rows(
        "SELECT e.tenant, e.mailbox, count(DISTINCT n.uid) FROM named n JOIN events e ON e.id = n.row GROUP BY ALL"
    )
    unnamed = records.rows(
        """SELECT e.tenant, e.mailbox, sum(greatest(coalesce(e.items, 1) - coalesce(l.names, 0), 0))
        FROM bound b JOIN events e ON e.id = b.row LEFT JOIN listed l ON l.row = e.id GROUP BY ALL"""
    )
    counts = {(tenant, mailbox): (int(count), 0) for tenant, mailbox, count in distinct}
    for tenant, mailbox, count in unnamed:
        counts[(tenant, mailbox)] = (counts.get((tenant, mailbox), (0, 0))[0], int(count))
    return counts


def _folders(records: SearchRecords) -> dict[tuple[str, str], tuple[SyncedFolder, ...]]:
    rows = records.rows(
        f"""SELECT e.tenant, e.mailbox, coalesce(e.folder, '') AS path, min(e.time), max(e.time),
            list(coalesce(e.uid, '') ORDER BY e.time, e.uid)[1:{RECORDS}]
        FROM best b JOIN events e USING (id)
        WHERE b.grade = {SURE} AND e.kind = 'mail_access' AND e.mailbox IS NOT NULL AND e.access = 'sync'
        GROUP BY e.tenant, e.mailbox, path ORDER BY e.tenant, e.mailbox, path"""
    )
    found: dict[tuple[str, str], list[SyncedFolder]] = {}
    for tenant, mailbox, path, first, last, uids in rows:
        found.setdefault((tenant, mailbox), []).append(SyncedFolder(mailbox, path, tuple(uids), first, last))
    return {key: tuple(folders) for key, folders in found.items()}
