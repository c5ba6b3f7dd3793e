"""What an operator can choose for a running watch, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.pipeline.tail import BatchSizes, TailTiming
from seawall_base.errors import UsageError
from seawall_base.webhook import Webhook


@dataclass(frozen=True, slots=True)
class SilenceSettings:
    """When a source that says nothing is an alarm.

    Never before `least_seconds`; then once the silence would be a chance of less than one in `odds`, given in which hours
    of the week the source usually speaks. `least_hours` are what has to be known of a source first.
    """

    least_seconds: float = 7200.0
    odds: float = 10_000.0
    least_hours: int = 48


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """A running watch.

    `store` is the folder with everything in it, `database` the database's path or URL where it is elsewhere. `folders` are
    followed. `budget` is incidents a day for each organisation, None for the default by its size. What is older than
    `retention_days` is deleted, None for never. `console` is where browsers find the console, with a slash at its end: messages
    to webhooks link to it; empty where it is not known. `rules` are folders of Sigma rules beside the built-in ones.

    No option sets the rest, which changes no incident: `sizes` of batches, `silences`, `score_seconds` (the shortest time from
    one scoring to the next), `backlog_seconds` (the longest while much is still to be read) and `history_seconds` (how long
    nothing more of the past has to come before it is judged). Tests and the demonstration do.
    """

    store: Path
    database: str | None = None
    folders: tuple[Path, ...] = ()
    budget: float | None = None
    retention_days: int | None = None
    webhooks: tuple[Webhook, ...] = ()
    console: str = ""
    mmdb: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    learnt: bool = True
    sizes: BatchSizes = field(default_factory=BatchSizes)
    patience: TailTiming = field(default_factory=TailTiming)
    silences: SilenceSettings = field(default_factory=SilenceSettings)
    score_seconds: float = 0.5
    backlog_seconds: float = 30.0
    history_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.retention_days is not None and self.retention_days < 1:
            raise UsageError("less than one day cannot be kept", fix="a retention of 1 or more days")
        if self.budget is not None and self.budget < 0:
            raise UsageError("a budget is not negative", fix="incidents a day, for each organisation")

    def plain(self) -> dict[str, Any]:
        """The settings as plain data, secrets too: for the process that works with them, never for a file or a log."""
        import msgspec

        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return plain


def from_plain(plain: Mapping[str, Any]) -> LiveSettings:
    """The settings that `plain` gave."""
    import msgspec

    return msgspec.convert(plain, LiveSettings, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise TypeError(f"{kind} is no setting")
