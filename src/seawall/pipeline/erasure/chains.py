"""Erase a person's names from hash-chained files: journals of containment, and registers of notifications. Pure.

An entry that held a name keeps the digest by which the next entry names it. A new last entry states the digest of what
it holds now. So the chain is verified as before, and a head that was noted earlier still fits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.containment.journal import ERASED, ORIGINAL, digest_entry, parse_lines
from seawall.response.notification.register import (
    RegisterEntry,
    digest_content,
    encode_entry,
    make_entry,
    parse_register,
)
from seawall_base.hash_chain import START, ChainHead, digest_line
from seawall_base.name_erasure import NameErasure
from seawall_base.times import rfc3339

_OF_REGISTER: Final = ("recipient", "way", "target", "by", "details")
_CHAINED: Final = ("number", "previous", "at", "event", ORIGINAL)


def erase_from_journal(content: bytes, erasure: NameErasure, *, at: int) -> tuple[bytes, int]:
    """Return a journal without names, and how many lines changed. Raises JournalBroken for a file that is none."""
    lines: list[bytes] = []
    digests: dict[str, str] = {}
    head = START
    for line, entry in zip(content.split(b"\n")[:-1], parse_lines(content), strict=True):
        whole = line + b"\n"
        head = digest_entry(entry, whole)
        cleaned = {
            name: value if name in _CHAINED else erasure.replace_values(value)
            for name, value in entry.items()
        }
        if cleaned != entry:
            whole = msgspec.json.encode({**cleaned, ORIGINAL: head}) + b"\n"
            digests[str(len(lines) + 1)] = digest_line(whole)
        lines.append(whole)
    if not digests:
        return content, 0
    voucher: dict[str, Any] = {
        "number": len(lines) + 1,
        "previous": head,
        "at": rfc3339(at),
        "event": ERASED,
        "token": erasure.token,
        "entries": digests,
    }
    return b"".join([*lines, msgspec.json.encode(voucher) + b"\n"]), len(digests)


def erase_from_register(path: Path, content: bytes, erasure: NameErasure, *, at: int) -> tuple[bytes, int]:
    """Return a register without names, and how many entries changed. Raises RegisterBroken for a file that is none."""
    entries = list(parse_register(path, content))
    cleaned = [_clean(one, erasure) for one in entries]
    pairs = zip(cleaned, entries, strict=True)
    digests = {str(one.sequence): digest_content(one) for one, old in pairs if one != old}
    if not digests:
        return content, 0
    head = ChainHead(entries[-1].sequence, entries[-1].digest)
    details = {"token": erasure.token, "entries": digests}
    voucher = make_entry(head, at=at, action="erased", details=details)
    return b"".join(map(encode_entry, [*cleaned, voucher])), len(digests)


def _clean(entry: RegisterEntry, erasure: NameErasure) -> RegisterEntry:
    texts = {name: erasure.replace_values(getattr(entry, name)) for name in _OF_REGISTER}
    return replace(entry, **texts)
