"""Bring events to the shelf of their organisation, where records state a domain that turned out to be another one's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from seawall.spark.event_parts import choose_shelf, cut_by_shelf, find_organisations, unpack_events
from seawall.spark.reading import make_events_row
from seawall.spark.rows import LakeRow


def move_events(row: LakeRow, homes: Mapping[str, str], shelves: int) -> Iterator[LakeRow]:
    """Yield a row of events, or its parts if its organisations are on several shelves."""
    wanted = {choose_shelf(homes.get(name, name), shelves) for name in row.names}
    if len(wanted) == 1:
        shelf = wanted.pop()
        yield LakeRow(row.kind, shelf, row.day, row.last_day, row.place, row.rows, row.names, row.content)
        return
    events = unpack_events(row.content)
    places, names = find_organisations(events)
    found = [choose_shelf(homes.get(name, name), shelves) for name in names]
    for shelf, held, part in cut_by_shelf(events, np.asarray(places, np.int32), names, found):
        yield make_events_row(shelf, held, part)
