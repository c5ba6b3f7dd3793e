"""Search for indicators while a scan runs, and weigh at its end what shows them."""

from __future__ import annotations

from collections.abc import Sequence

from seawall.detection.feedback.indicator_hits import Candidate, apply_hits
from seawall.detection.ranking.engine import ScoredDay
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.hit_search import HIT_COLUMNS, HitSearch
from seawall.response.exchange.matching import WantedIndicator
from seawall.storage.files.events_file import decode_columns

_ROWS = 200_000
"""Events that are decoded at once."""


class ScannedIndicators:
    """The search of one scan. Every day of the logs is searched, and each value is judged over all of them."""

    def __init__(self, wanted: Sequence[WantedIndicator], key: GroupKey | None) -> None:
        self._search = HitSearch(wanted, key)

    def observe(self, scored: ScoredDay) -> None:
        """Search the events of a scored day."""
        batch = scored.groups.day.batch
        parts = (batch.part(start, start + _ROWS) for start in range(0, len(batch), _ROWS))
        self._search.add_day(decode_columns(part, HIT_COLUMNS) for part in parts)

    def apply(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates with what indicators add, and those of accounts that nothing else tells of."""
        return apply_hits(candidates, self._search.list_hits())
