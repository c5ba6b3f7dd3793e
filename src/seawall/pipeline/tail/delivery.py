"""Batches together with what is to be kept when they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall.events.event_table import empty_events
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch

Changes = Mapping[str, Mapping[str, Any] | None]
"""By key the new state of a file as a JSON object, None where it is forgotten."""


@dataclass(frozen=True, slots=True)
class TailDelivery:
    """What was read, and the changes of the checkpoint that say so.

    Both are to be kept in one transaction, deliveries in their order: then nothing is lost or counted twice,
    wherever the process is killed. `bytes_held` is about how much memory it takes. `done` is called once it is kept.
    """

    batches: tuple[EventBatch, ...]
    changes: Changes = field(default_factory=dict)
    done: tuple[Callable[[], None], ...] = ()

    @property
    def records(self) -> int:
        """How many records the batches hold."""
        return sum(batch.records for batch in self.batches)

    @property
    def bytes_held(self) -> int:
        """About how much memory the events take."""
        return sum(batch.events.nbytes for batch in self.batches)


def of_problem(problem: Problem, changes: Changes) -> TailDelivery:
    """A delivery of one problem of a file as a whole."""
    return TailDelivery((EventBatch(empty_events(), (problem,), 0, 0),), changes)
