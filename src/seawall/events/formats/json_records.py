"""Read records from JSON text: newline-delimited, arrays, wrapped arrays, pretty-printed and concatenated objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from typing import Any

from seawall.events.envelopes import FIELDS as ENVELOPE_FIELDS
from seawall.events.envelopes import MOST_LEVELS, PAGE_STARTS, PAGES, open_pages, page_records
from seawall.events.failures import guard_records, note_failure
from seawall.events.formats.json_splitter import (
    JsonSplitter,
    ObjectFinder,
    ObjectRun,
    OversizedRecord,
    PageStarts,
)
from seawall.events.formats.json_values import NotJson, TooDeep, brackets, members, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.text_lines import CHUNK, Utf8Stream, lines
from seawall.events.masked_excerpts import record_problem
from seawall.events.okta.event_hooks import hook_events
from seawall.events.problem import Problem
from seawall.events.vendor_detection import is_known

Record = tuple[int, dict[str, Any]]
"""Number of a record in its file, counted from 1, and its fields."""

WRAPPERS = ("value", "records", "Records")
PAGE_KIND = "admin#reports#activities"
"""The `kind` of a page of Google's Reports API, whose records are its `items`."""
HEAD = 1 << 18
_WHOLE = 32 << 20
_MOST_PARTS = 4_000_000
"""Most brackets and commas of a document that is parsed as a whole, because each part takes memory."""
_LINES_LOOKED_AT = 50
_MOST_AROUND = 6
"""Most fields of a wrapper object. An object with more is a record itself."""


Quick = Callable[[bytes, Iterator[int], int], Any]
"""Function that reads one record's text, numbers it, and returns its row, or None for the general way. Last argument: depth."""

SplitterMaker = Callable[[int], JsonSplitter]
"""Function that returns a splitter into records of at most so many bytes."""


def json_records(
    stream: Utf8Stream,
    name: str,
    limits: Limits,
    quick: Quick | None = None,
    numbers: Iterator[int] | None = None,
    split: SplitterMaker | None = None,
) -> Iterator[Any]:
    """Yield every record, or its problem, or the result of `quick`. Memory is bounded by `record_bytes` plus a constant.

    `split` makes the splitter of a document that is too large to be parsed.
    """
    numbers = count(1) if numbers is None else numbers
    head = stream.peek(HEAD)
    if is_line_delimited(head, limits.depth):
        for line in lines(stream, limits.record_bytes):
            if line is None:
                yield _too_large(name, next(numbers), limits)
            elif line.strip():
                yield from _of_line(line, name, numbers, limits, quick)
        return
    yield from _document_records(stream, name, numbers, limits, quick, split or split_json)


def _of_line(
    line: bytes, name: str, numbers: Iterator[int], limits: Limits, quick: Quick | None
) -> Iterator[Any]:
    found = None if quick is None else read_quickly(quick, line, numbers, limits)
    if found is None:
        yield from line_records(line, name, numbers, limits)
    else:
        yield found


def read_quickly(quick: Quick, text: bytes, numbers: Iterator[int], limits: Limits) -> Any:
    """Return the result of `quick`, or None if it declines the text or fails."""
    try:
        return quick(text, numbers, limits.depth)
    except Exception as error:  # noqa: BLE001 - the general way reads it, and catches failures
        note_failure(error)
        return None


def is_line_delimited(head: bytes, depth: int = 64) -> bool:
    """Return whether a text with this beginning has one JSON object (or array) on each line.

    An array with each record on its own line is one document, although the last of these lines is an object.
    """
    rows = head.split(b"\n")
    if len(head) >= HEAD:
        rows = rows[:-1]
    checked = 0
    for row in rows:
        if not row.strip():
            continue
        checked += 1
        if checked > _LINES_LOOKED_AT:
            break
        text = row.strip(b" \t\r\n")
        if text[:1] not in (b"{", b"[") or text[-1:] not in (b"}", b"]"):
            continue
        try:
            value = parse(row, depth)
        except (NotJson, TooDeep):
            continue
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            return checked == 1 or len(head) >= HEAD or members(head) is None
    return False


def line_records(
    line: bytes, name: str, numbers: Iterator[int], limits: Limits
) -> Iterator[Record | Problem]:
    """Yield the record on one line, or several if the line is an array or a wrapped array."""
    yield from guard_records(_line_records(line, name, numbers, limits), name, numbers)


def _line_records(
    line: bytes, name: str, numbers: Iterator[int], limits: Limits
) -> Iterator[Record | Problem]:
    try:
        value = parse(line, limits.depth)
    except TooDeep:
        yield record_problem(name, next(numbers), "too-deep", f"nested deeper than {limits.depth}", text=line)
        return
    except NotJson as error:
        yield record_problem(name, next(numbers), "not-json", str(error), text=line)
        return
    yield from value_records(value, name, numbers, limits.depth)


def value_records(
    value: Any, name: str, numbers: Iterator[int], depth: int, levels: int = MOST_LEVELS
) -> Iterator[Record | Problem]:
    """Yield the records of a parsed value. An empty array gives one problem, so that every line counts.

    `levels` is how many pages and envelopes with pages inside each other are opened.
    """
    if isinstance(value, dict):
        inner = unwrap_records(value)
        if inner is None and levels:
            inner = _find_enclosed(value, depth, levels)
        if inner is None:
            yield next(numbers), value
            return
        value = inner
    if isinstance(value, list) and value:
        for item in value:
            yield from _item_records(item, name, numbers, depth, levels - 1)
        return
    yield record_problem(name, next(numbers), "not-json", "no JSON object", text=str(value)[:400])


def _item_records(
    item: Any, name: str, numbers: Iterator[int], depth: int, levels: int = MOST_LEVELS
) -> Iterator[Record | Problem]:
    if isinstance(item, dict):
        delivered = _deliver(item) if levels > 0 else None
        if delivered is None and levels > 0:
            delivered = _find_enclosed(item, depth, levels)
        if delivered is None:
            yield next(numbers), item
        else:
            yield from value_records(delivered, name, numbers, depth, levels)
    else:
        yield record_problem(name, next(numbers), "not-json", "no JSON object", text=str(item)[:400])


def unwrap_records(value: dict[str, Any]) -> list[Any] | None:
    """Return the records inside `{"value": [...]}` and similar wrappers; None if the object is a record itself."""
    for key in WRAPPERS:
        inner = value.get(key)
        if (
            isinstance(inner, list)
            and len(value) <= _MOST_AROUND
            and (not inner or isinstance(inner[0], dict))
        ):
            return inner
    return _deliver(value)


def _deliver(value: dict[str, Any]) -> list[Any] | None:
    """Return the records of an envelope of a vendor's API, or of a page of a SIEM; None for anything else."""
    found = hook_events(value)
    if found is None:
        found = _items(value)
    return page_records(value) if found is None else found


def _find_enclosed(value: dict[str, Any], depth: int, levels: int) -> list[Any] | None:
    """Return the records of a page in an envelope, if a known log's format recognises the first; None for anything else."""
    if ENVELOPE_FIELDS.isdisjoint(value):
        return None
    for inner in open_pages(value, depth):
        records = inner if isinstance(inner, list) else unwrap_records(inner)
        if records is None and levels > 1 and isinstance(inner, dict):
            records = _find_enclosed(inner, depth, levels - 1)
        if records and isinstance(records[0], dict) and is_known(records[0], depth):
            return records
    return None


def _items(value: dict[str, Any]) -> list[Any] | None:
    """Return the activities of a page of Google's Reports API; None for anything else."""
    if value.get("kind") != PAGE_KIND:
        return None
    inner = value.get("items")
    return inner if isinstance(inner, list) and (not inner or isinstance(inner[0], dict)) else None


def _document_records(
    stream: Utf8Stream,
    name: str,
    numbers: Iterator[int],
    limits: Limits,
    quick: Quick | None,
    split: SplitterMaker,
) -> Iterator[Any]:
    head = stream.peek(_WHOLE + 1)
    if len(head) <= _WHOLE and sum(map(head.count, (b"[", b"{", b","))) < _MOST_PARTS:
        pieces = _cut(head, limits)
        if pieces is not None:
            stream.read_away()
            for text in pieces:
                if quick is not None and (found := read_quickly(quick, text, numbers, limits)) is not None:
                    yield found
                else:
                    yield from guard_records(piece_records(text, name, numbers, limits), name, numbers)
            return
        value = _whole(head, limits)
        if value is not None:
            stream.read_away()
            yield from value_records(value, name, numbers, limits.depth)
            return
    scanner = split(limits.record_bytes)
    while chunk := stream.read(CHUNK):
        for piece in scanner.feed(chunk):
            yield from _piece(piece, name, numbers, limits, quick)
    for piece in scanner.finish():
        yield from _piece(piece, name, numbers, limits, quick)


def split_json(limit: int, find_run: ObjectFinder | None = None) -> JsonSplitter:
    """Return a splitter of a text into records of at most so many bytes."""
    places = tuple(dict.fromkeys(page.place for page in PAGES))
    return JsonSplitter(limit, WRAPPERS, {"items": PAGE_KIND}, find_run, PageStarts(PAGE_STARTS, places))


def piece_records(
    text: bytes, name: str, numbers: Iterator[int], limits: Limits
) -> Iterator[Record | Problem]:
    """Yield the records of one element of an array."""
    try:
        item = parse(text, limits.depth)
    except (NotJson, TooDeep):
        yield from line_records(text, name, numbers, limits)
    else:
        yield from _item_records(item, name, numbers, limits.depth)


def _cut(head: bytes, limits: Limits) -> list[bytes] | None:
    """Return the texts of the records of a valid array or page, if none can be too deep; None for anything else.

    Records that are parsed one by one leave memory before the next one is parsed.
    """
    if len(head) > limits.record_bytes:
        return None
    pieces = members(head)
    if isinstance(pieces, dict):
        around = max((brackets(piece) for piece in pieces.values() if piece[:1] != b"["), default=0)
        pieces = _cut_wrapped(pieces) if around <= limits.depth else None
    if not pieces or any(brackets(piece) > limits.depth for piece in pieces):
        return None
    return pieces


def cut_first_records(text: bytes, most: int) -> list[bytes]:
    """Return the texts of the first records of a document with this beginning."""
    pieces = members(text)
    if isinstance(pieces, dict):
        wrapped = next(
            (pieces[key] for key in (*WRAPPERS, "items") if pieces.get(key, b"")[:1] == b"["), None
        )
        pieces = [text] if wrapped is None else members(wrapped)
    if isinstance(pieces, list):
        return pieces[:most]
    splitter = split_json(len(text))
    found = chain(splitter.feed(text), splitter.finish())
    return list(islice((piece for piece in found if isinstance(piece, bytes)), most))


def _cut_wrapped(value: dict[str, bytes]) -> list[bytes] | None:
    """Do the same for a wrapper object. With several arrays return None, because the others would have to be checked."""
    arrays = [key for key, text in value.items() if text[:1] == b"["]
    is_page = arrays == ["items"] and value.get("kind") == f'"{PAGE_KIND}"'.encode()
    if len(arrays) != 1 or not (is_page or (arrays[0] in WRAPPERS and len(value) <= _MOST_AROUND)):
        return None
    pieces = members(value[arrays[0]])
    return pieces if isinstance(pieces, list) and pieces and pieces[0][:1] == b"{" else None


def _whole(head: bytes, limits: Limits) -> Any:
    # Allow one level for the array and one for its wrapper.
    try:
        value = parse(head, limits.depth + 2)
    except (NotJson, TooDeep):
        return None
    records = unwrap_records(value) if isinstance(value, dict) else value
    if records is None:
        return value if len(head) <= limits.record_bytes else None
    if not isinstance(records, list) or len(head) > limits.record_bytes:
        return None
    return value


def _piece(
    piece: bytes | ObjectRun | OversizedRecord,
    name: str,
    numbers: Iterator[int],
    limits: Limits,
    quick: Quick | None,
) -> Iterator[Any]:
    if isinstance(piece, OversizedRecord):
        yield _too_large(name, next(numbers), limits)
    elif isinstance(piece, bytes):
        yield from _of_line(piece, name, numbers, limits, quick)
    else:
        for start, end in piece.spans.tolist():
            yield from _of_line(piece.data[start:end], name, numbers, limits, quick)


def _too_large(name: str, line: int, limits: Limits) -> Problem:
    return record_problem(name, line, "too-large", f"one record larger than {limits.record_bytes} bytes")
