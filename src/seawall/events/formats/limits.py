"""Define limits that protect memory, disk and time against hostile or damaged input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limit what one input may demand.

    - `record_bytes`: size of one record; `depth`: its nesting.
    - `archive_ratio`: output bytes per input byte of a compressed member, checked after `ratio_grace_bytes` of output.
    - `member_bytes`: output of one member. `expanded_bytes`: output of all members of one file or body together. The latter
      is also at most `archive_ratio` times the file's size, or `ratio_grace_bytes` if that is more.
    - `archive_members`: number of members. `archive_depth`: archives nested inside each other.
    - `body_records`: records of one body, which are in memory together. `batch_records`: records of one `EventBatch`.
    - `fast_bytes`: bytes of input from which compiled code reads audit records. `fast_records`: records of such a batch; large
      batches save work for distinct values.
    """

    record_bytes: int = 16 << 20
    depth: int = 64
    archive_ratio: int = 400
    ratio_grace_bytes: int = 32 << 20
    member_bytes: int = 32 << 30
    expanded_bytes: int = 128 << 30
    archive_members: int = 1_000_000
    archive_depth: int = 2
    body_records: int = 1_000_000
    batch_records: int = 25_000
    fast_bytes: int = 4 << 20
    fast_records: int = 50_000


BODY = Limits(
    ratio_grace_bytes=8 << 20, member_bytes=128 << 20, expanded_bytes=128 << 20, archive_members=20_000
)
"""Limits of a request body: it is read while its sender and others wait."""
