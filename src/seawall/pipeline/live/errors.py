"""Failures of the live pipeline."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class CheckpointInvalid(SeawallError):
    """What was kept of a followed file is damaged or of another version: where to go on reading cannot be told."""

    code = "checkpoint-invalid"


class WatchBusy(SeawallError):
    """The watch has no room for more records just now, or could not keep these in time; they may be sent again."""

    code = "watch-busy"


class KeyReused(SeawallError):
    """A request carries the key of another one, and another body: which of the two is meant cannot be told."""

    code = "key-reused"
    exit_code = 2


class WatchFailed(SeawallError):
    """The process that watches has ended, and does not come back by itself."""

    code = "watch-failed"
