"""What comes of a message of each channel: sent, refused, limited, stalled, out of reach, sent again, filtered.

Everything goes through the outbox as in a watch, to the receiver on this machine that stands in for the vendor's.
"""

from __future__ import annotations

import time as wall
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from seawall.pipeline.live.commit import tell
from seawall.pipeline.live.outbox import LONGEST_PAUSE, MessageDeliverer
from seawall.response.channels.channel import Channel
from seawall.storage.database import Database
from tests.pipeline.live.test_outbox import Time
from tests.response.channels.kinds import STORY, incident_document
from tests.response.channels.receivers import NAMES, STALL, Receiver, open_receiver

CONSOLE = "https://s.example/"
STATUSES: Final = ("400", "401", "413")


class Death(BaseException):
    """The end of the program at a bad moment."""


class Trial:
    """One database, one channel and one receiver."""

    def __init__(self, folder: Path, channel: Channel) -> None:
        self.time, self.channel = Time(), channel
        self.database = Database.open(folder / "seawall.db", should_migrate=True)
        self.deliverer = self.restart()

    def restart(self, step: Callable[[str], None] = lambda _: None) -> MessageDeliverer:
        """Begin anew with the database, as after a crash."""
        self.deliverer = MessageDeliverer(
            self.database, [], self.time.clock(), channels=[self.channel], console=CONSOLE, step=step
        )
        return self.deliverer

    def raise_incident(self, number: int, severity: str = "critical") -> None:
        document = incident_document(id=f"i{number}", severity=severity, story=[STORY])
        with self.database.writing() as work:
            tell(work, "incident.raised", f"i{number}", document, self.deliverer.recipients, at=5)

    def deliver_after(self, seconds: float) -> int:
        self.time.now += seconds
        return self.deliverer.deliver()

    def count_left(self) -> tuple[int, int]:
        """Messages that wait, and those that were given up."""
        with self.database.reading() as work:
            counts = work.outbox.waiting()
        return counts.waiting, counts.failed


def _try_sent(receiver: Receiver, folder: Path) -> str:
    trial = Trial(folder, receiver.open_channel(folder))
    trial.raise_incident(1)
    sent = trial.deliverer.deliver()
    _settle(receiver, 1)
    again = trial.deliver_after(LONGEST_PAUSE) + trial.restart().deliver()
    text = receiver.text()
    assert (sent, again, receiver.count(), trial.count_left()) == (1, 0, 1, (0, 0))
    assert f"{CONSOLE}incidents/i1" in text
    assert "consented to Mail Tool" in text
    return "once, with story and link"


def _try_refused(receiver: Receiver, folder: Path, fault: str) -> str:
    if not receiver.has(fault):
        return "–"
    trial = Trial(folder, receiver.open_channel(folder))
    receiver.break_next(fault)
    trial.raise_incident(1)
    assert trial.deliverer.deliver() == 0
    given_up = trial.count_left() == (0, 1)
    receiver.stop()
    receiver.resume()
    trial.raise_incident(2)
    sent = trial.deliver_after(LONGEST_PAUSE)
    assert (sent, trial.count_left()) == ((1, (0, 1)) if given_up else (2, (0, 0)))
    return "given up" if given_up else "tried again"


def _try_limit(receiver: Receiver, folder: Path) -> str:
    if not receiver.has("limit"):
        return "–"
    trial = Trial(folder, receiver.open_channel(folder))
    receiver.break_next("limit")
    trial.raise_incident(1)
    assert trial.deliverer.deliver() == 0
    if trial.deliver_after(16.5):
        return "tried again after 2 s"
    assert trial.deliver_after(1.0) == 1
    _settle(receiver, 1)
    assert receiver.count() == 1
    return "after `Retry-After`"


def _try_stall(receiver: Receiver, folder: Path) -> str:
    trial = Trial(folder, receiver.open_channel(folder, timeout=0.4))
    receiver.break_next("stall")
    trial.raise_incident(1)
    begun = wall.monotonic()
    sent = trial.deliverer.deliver()
    assert wall.monotonic() - begun < STALL
    return "no answer is needed" if sent else "tried again"


def _try_outage(receiver: Receiver, folder: Path) -> str:
    trial = Trial(folder, receiver.open_channel(folder))
    receiver.stop()
    trial.raise_incident(1)
    for _ in range(3):
        assert trial.deliver_after(LONGEST_PAUSE) == 0
    receiver.resume()
    trial.raise_incident(2)
    assert trial.deliver_after(LONGEST_PAUSE) == 2
    _settle(receiver, 2)
    assert (receiver.count(), trial.count_left()) == (2, (0, 0))
    return "all, in order"


def _try_crash(receiver: Receiver, folder: Path) -> str:
    def die(step: str) -> None:
        if step == "sent":
            raise Death

    trial = Trial(folder, receiver.open_channel(folder))
    trial.raise_incident(1)
    try:
        trial.restart(die).deliver()
    except Death:
        pass
    else:
        raise AssertionError("it did not die")
    _settle(receiver, 1)
    assert trial.restart().deliver() == 1
    assert trial.count_left() == (0, 0)
    if not receiver.answers:
        _settle(receiver, 2)
    return "once" if receiver.count() == 1 else "twice"


def _try_filter(receiver: Receiver, folder: Path) -> str:
    trial = Trial(folder, receiver.open_channel(folder, severity="high"))
    for number, severity in enumerate(("low", "medium", "high", "critical")):
        trial.raise_incident(number, severity)
    assert trial.deliverer.deliver() == 2
    _settle(receiver, 2)
    text = receiver.text()
    assert [f"incidents/i{number}" in text for number in range(4)] == [False, False, True, True]
    return "yes"


def _settle(receiver: Receiver, count: int) -> None:
    """Wait until a receiver that answers nothing has read what was sent."""
    end = wall.monotonic() + 30
    while receiver.count() < count and wall.monotonic() < end:
        wall.sleep(0.01)


TRIALS: Final[dict[str, Callable[[Receiver, Path], str]]] = {
    "sent": _try_sent,
    **{status: partial(_try_refused, fault=status) for status in STATUSES},
    "429": _try_limit,
    "no answer": _try_stall,
    "outage and back": _try_outage,
    "crash after sending": _try_crash,
    "filter by severity": _try_filter,
}


def find_outcomes(name: str, folder: Path) -> dict[str, str]:
    """Return what comes of a message of a channel in each trial. Raises AssertionError if it is not as it must be."""
    found = {}
    for trial, run in TRIALS.items():
        place = folder / trial.replace(" ", "-")
        place.mkdir()
        with open_receiver(name) as receiver:
            found[trial] = run(receiver, place)
    return found


def write_row(name: str, outcomes: dict[str, str]) -> str:
    """Return the row of the table in the guide."""
    return f"| {name} | " + " | ".join(outcomes[trial] for trial in TRIALS) + " |"


def write_head() -> str:
    """Return the head of the table in the guide."""
    return "\n".join([f"| channel | {' | '.join(TRIALS)} |", "|---" * (len(TRIALS) + 1) + "|"])


__all__ = ["NAMES", "find_outcomes", "write_head", "write_row"]
