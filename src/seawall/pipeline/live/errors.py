"""Errors of the live pipeline."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class CheckpointInvalid(SeawallError):
    """The checkpoint of a followed file is damaged or of another version, so that reading cannot continue."""

    code = "checkpoint-invalid"


class WatchBusy(SeawallError):
    """The watch has no room for more records, or did not store these in time; the sender may send them again."""

    code = "watch-busy"


class KeyReused(SeawallError):
    """A request repeats the idempotency key of another one with a different body."""

    code = "key-reused"
    exit_code = 2


class WatchFailed(SeawallError):
    """The watch process has ended and is not restarted automatically."""

    code = "watch-failed"
