"""Settings of a running watch, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.pipeline.tail import BatchSizes, TailTiming
from seawall_base.errors import UsageError
from seawall_base.webhook import Webhook


@dataclass(frozen=True, slots=True)
class SilenceSettings:
    """When the silence of a source raises an alarm.

    Never before `least_seconds`. Then it does once the silence has a probability below one in `odds`, given the hours of
    the week in which the source usually sends. At least `least_hours` hours of the source must be known.
    """

    least_seconds: float = 7200.0
    odds: float = 10_000.0
    least_hours: int = 48


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Settings of a running watch.

    `store` is its folder, `database` the path or URL of its database if outside the folder. `folders` are followed.
    `budget` is incidents a day for each organisation, None for the default by size. `least_score` is the least score for
    raising, None for the one that ships. Data older than `retention_days` is deleted, None for never. `console` is the URL
    of the console with a final slash, for links in messages, empty if unknown. `channels` is the file of channels that get
    messages, `respond` the one with the settings of containment. `rules` are folders of Sigma rules besides the built-in ones.
    Without `announces`, raised incidents are left to the next watch to announce.

    The other settings have no option, and change no incident. `sizes` are those of batches, `silences` configure alarms.
    `score_seconds` is the least time between scorings, `backlog_seconds` the longest while much is unread.
    `history_seconds` is the quiet time before the past is ranked. `coverage_seconds` is the longest that the coverage
    sentences of a stored incident may lag behind if nothing else of it changed. Tests and the demonstration set them.
    """

    store: Path
    database: str | None = None
    folders: tuple[Path, ...] = ()
    budget: float | None = None
    least_score: float | None = None
    retention_days: int | None = None
    webhooks: tuple[Webhook, ...] = ()
    console: str = ""
    channels: Path | None = None
    respond: Path | None = None
    mmdb: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    learnt: bool = True
    announces: bool = True
    sizes: BatchSizes = field(default_factory=BatchSizes)
    patience: TailTiming = field(default_factory=TailTiming)
    silences: SilenceSettings = field(default_factory=SilenceSettings)
    score_seconds: float = 0.5
    backlog_seconds: float = 30.0
    history_seconds: float = 10.0
    coverage_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Raise `UsageError` for invalid values."""
        if self.retention_days is not None and self.retention_days < 1:
            raise UsageError(
                "the retention is shorter than one day", fix="give a retention of 1 or more days"
            )
        if self.budget is not None and self.budget < 0:
            raise UsageError(
                "the alert budget is negative", fix="give the number of incidents a day for each organisation"
            )
        if self.least_score is not None and not math.isfinite(self.least_score):
            raise UsageError("the least score is no number", fix="give a score in log-odds, such as -1.5")

    def plain(self) -> dict[str, Any]:
        """Return the settings, secrets included, as values that can be serialised for the child process; never write them
        to a file or log.
        """
        import msgspec

        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return plain


def from_plain(plain: Mapping[str, Any]) -> LiveSettings:
    """Return the settings from which `plain` made the values."""
    import msgspec

    return msgspec.convert(plain, LiveSettings, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise TypeError(f"{kind} is no setting")
