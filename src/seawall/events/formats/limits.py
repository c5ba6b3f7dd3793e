"""Limits that keep hostile or damaged input from taking the machine's memory, disk or time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one input may ask for.

    `record_bytes` bounds one record, `depth` its nesting. `archive_ratio` is the largest output for each
    input byte of a compressed member, looked at after `ratio_grace_bytes` of output; `member_bytes` its
    absolute size. `expanded_bytes` bounds what all members of one file or body give together; they may give
    `archive_ratio` times the size of the file, or `ratio_grace_bytes` where that is more. `archive_members` is the largest
    number of members, `archive_depth` how many archives may lie inside each other. `body_records`
    bounds the records of one body, which are held in memory together. `batch_records` bounds
    one `EventBatch`. `fast_bytes` is the size from which newline-delimited audit logs are read column by
    column, `fast_samples` how often an operation must have been seen in samples to be read so, and
    `fast_records` bounds a batch of these: what is done once for each distinct value wants large batches.
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
    fast_samples: int = 20
    fast_records: int = 50_000


BODY = Limits(
    ratio_grace_bytes=8 << 20, member_bytes=128 << 20, expanded_bytes=128 << 20, archive_members=20_000
)
"""The limits of a body that somebody sends: it is read while he waits, and others wait for the reader."""
