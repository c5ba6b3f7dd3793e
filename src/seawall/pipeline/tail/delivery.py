"""Batches of events with the checkpoint to store along with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall.events.event_table import empty_events
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch

Changes = Mapping[str, Mapping[str, Any] | None]
"""New state of a file as a JSON object by key, None to delete it."""


@dataclass(frozen=True, slots=True)
class TailDelivery:
    """Batches that were read, and the matching changes of the checkpoint.

    Store both in one transaction, deliveries in order: then no crash loses a record or counts it twice. `done` functions
    are called after that.
    """

    batches: tuple[EventBatch, ...]
    changes: Changes = field(default_factory=dict)
    done: tuple[Callable[[], None], ...] = ()

    @property
    def records(self) -> int:
        """Number of records in the batches."""
        return sum(batch.records for batch in self.batches)

    @property
    def bytes_held(self) -> int:
        """Approximate memory of the events in bytes."""
        return sum(batch.events.nbytes for batch in self.batches)


def of_problem(problem: Problem, changes: Changes) -> TailDelivery:
    """Return a delivery of one problem of a whole file."""
    return TailDelivery((EventBatch(empty_events(), (problem,), 0, 0),), changes)
